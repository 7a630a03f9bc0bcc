"""What an SBML document may say: functions, local parameters, stoichiometry, older levels."""

from __future__ import annotations

import pytest

from reading_cases import math_of, sbml
from serdsim.errors import ModelError
from serdsim.model.compatibility import compatibility
from serdsim.model.expression import Apply, Symbol
from serdsim.model.expression_text import text_of
from serdsim.model.sbml import read_sbml


def test_undefined_ids_carry_their_line() -> None:
    text = sbml('\n<listOfRules>\n<rateRule variable="nothing">' + math_of("<cn>1</cn>") + "</rateRule>\n</listOfRules>\n")
    with pytest.raises(ModelError) as caught:
        read_sbml(text, file="bad.xml")
    assert (caught.value.issues[0].file, caught.value.issues[0].line) == ("bad.xml", 3)


def test_level_1_fast_and_packages_are_refused() -> None:
    level_1 = '<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model name="m"/></sbml>'
    fast = sbml('<listOfReactions><reaction id="J" reversible="false" fast="true"/></listOfReactions>', 3, 1)
    comp = (
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1" '
        'xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1" comp:required="true"><model id="m"/></sbml>'
    )
    for text, words in ((level_1, "Level 1"), (fast, '"fast"'), (comp, '"comp"')):
        with pytest.raises(ModelError, match=words):
            read_sbml(text)
    assert read_sbml(comp, flatten=True).id == "m"


FUNCTIONS = """<listOfFunctionDefinitions>
<functionDefinition id="twice">%s</functionDefinition><functionDefinition id="four">%s</functionDefinition></listOfFunctionDefinitions>
<listOfParameters><parameter id="x" value="1" constant="true"/><parameter id="y" constant="false"/></listOfParameters>
<listOfRules><assignmentRule variable="y">%s</assignmentRule></listOfRules>"""


def functions(inner: str) -> str:
    twice = math_of("<lambda><bvar><ci>x</ci></bvar><apply><times/><cn>2</cn><ci>x</ci></apply></lambda>")
    four = math_of(f"<lambda><bvar><ci>z</ci></bvar><apply><ci>twice</ci><apply><ci>{inner}</ci><ci>z</ci></apply></apply></lambda>")
    return sbml(FUNCTIONS % (twice, four, math_of("<apply><ci>four</ci><apply><plus/><ci>x</ci><cn>1</cn></apply></apply>")))


def test_functions_are_inlined_without_capture() -> None:
    rule = read_sbml(functions("twice")).rules[0]
    assert text_of(rule.expression) == "2*(2*(x + 1))"


def test_recursive_functions_are_refused() -> None:
    with pytest.raises(ModelError):
        read_sbml(functions("four"))


def test_local_parameters_are_scoped_and_shadow() -> None:
    text = sbml(
        '<listOfParameters><parameter id="k" value="1" constant="true"/><parameter id="J__k" value="9" constant="true"/></listOfParameters>'
        '<listOfReactions><reaction id="J" reversible="false"><kineticLaw>'
        + math_of("<apply><times/><ci>k</ci><ci>J__k</ci></apply>")
        + '<listOfLocalParameters><localParameter id="k" value="5"/></listOfLocalParameters></kineticLaw></reaction></listOfReactions>'
    )
    model = read_sbml(text)
    assert model.reactions["J"].law == Apply("times", (Symbol("J__k_"), Symbol("J__k")))
    assert (model["k"].value, model["J__k"].value, model["J__k_"].value) == (1.0, 9.0, 5.0)


def test_level_2_has_its_own_units_and_stoichiometry_maths() -> None:
    text = sbml(
        '<listOfCompartments><compartment id="c" size="1"/></listOfCompartments>'
        '<listOfSpecies><species id="S" compartment="c" initialConcentration="1"/></listOfSpecies>'
        '<listOfParameters><parameter id="n" value="2"/></listOfParameters>'
        '<listOfReactions><reaction id="J"><listOfReactants><speciesReference species="S"><stoichiometryMath>'
        + math_of("<ci>n</ci>")
        + "</stoichiometryMath></speciesReference></listOfReactants><kineticLaw>"
        + math_of("<cn>1</cn>")
        + "</kineticLaw></reaction></listOfReactions>",
        level=2,
        version=4,
    )
    model = read_sbml(text)
    assert model.reactions["J"].reactants[0].stoichiometry == Symbol("n")
    assert (model.species["S"].unit, model.compartments["c"].unit, model.units["time"]) == ("mol/L", "L", "s")


def test_stoichiometries_that_are_computed_are_symbols() -> None:
    text = sbml(
        '<listOfCompartments><compartment id="c" size="1" constant="true"/></listOfCompartments>'
        '<listOfSpecies><species id="S" compartment="c" initialAmount="1" hasOnlySubstanceUnits="true" boundaryCondition="false" '
        'constant="false" conversionFactor="cf"/></listOfSpecies><listOfParameters><parameter id="cf" value="2" constant="true"/>'
        '</listOfParameters><listOfInitialAssignments><initialAssignment symbol="ref">'
        + math_of("<cn>3</cn>")
        + '</initialAssignment></listOfInitialAssignments><listOfReactions><reaction id="J" reversible="false"><listOfReactants>'
        '<speciesReference id="ref" species="S" constant="true"/></listOfReactants></reaction></listOfReactions>'
    )
    model = read_sbml(text)
    assert model.reactions["J"].reactants[0].stoichiometry == Symbol("ref")
    assert (model.species["S"].conversion_factor, model.species["S"].only_amount) == ("cf", True)
    assert "no rate law" in compatibility(model).text()
