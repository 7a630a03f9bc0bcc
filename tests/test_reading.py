"""Reading a model: fragments, units, places in the text, refusals in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading_cases import CELL, UNITS, antimony, math_of, sbml
from serdsim.errors import ModelError
from serdsim.model.antimony import antimony_to_sbml, definitions, join_fragments, read_source
from serdsim.model.antimony_lines import statements
from serdsim.model.compatibility import compatibility, require_supported
from serdsim.model.expression import Apply, Number, Symbol
from serdsim.model.sbml import read_antimony, read_fragments, read_model, read_sbml
from serdsim.model.sbml_units import spell_unit
from serdsim.units import KNOWN, Unit, parse_unit


def test_fragments_become_one_model_with_units_and_places(tmp_path: Path) -> None:
    model = read_fragments(antimony(tmp_path, UNITS, CELL), "cell_model")
    assert model.id == "cell_model"
    assert (model.species["A"].value, model.species["A"].unit, model.species["A"].initial_amount) == (3.0, "nM", False)
    assert model.compartments["cell"].unit == "L"
    assert model.parameters["k"].unit == "1/h"
    assert model.species["C"].boundary
    assert dict(model.units) == {"substance": "nmol", "time": "h", "volume": "L", "extent": "nmol"}
    assert model.reactions["J1"].law == Apply("times", (Symbol("k"), Symbol("A"), Symbol("cell")))
    assert [p.stoichiometry for p in model.reactions["J1"].products] == [2.0]
    places = {"J1": 10, "k": 8, "A": 4, "C": 5, "cell": 2, "_J0": 14, "halve": 15, "_E0": 17, "k_top": 18}
    for id, line in places.items():
        for table in (model.parameters, model.species, model.compartments, model.reactions, model.events):
            if id in table:
                assert (table[id].place.file, table[id].place.line) == ("part1.ant", line), id
    assert {(rule.kind, rule.target, rule.place.line) for rule in model.rules} == {("assignment", "x", 11), ("rate", "f", 13)}
    late = model.events["_E0"]
    assert (late.initial_value, late.persistent, late.priority) == (False, False, Number(2.0))


def test_an_id_without_a_pattern_has_no_line(tmp_path: Path) -> None:
    source = join_fragments(antimony(tmp_path, "A -> B; k*A\nk = 1\n"), "m")
    assert "A" not in definitions(source)
    assert read_antimony(source).species["A"].place.line is None


def test_lines_of_the_main_model_only(tmp_path: Path) -> None:
    path = tmp_path / "two.ant"
    path.write_text("model *first()\n k = 1\nend\nmodel second()\n k = 2\nend\n")
    model = read_model(path)
    assert (model.id, model["k"].value, model["k"].place.line) == ("first", 1.0, 2)


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nk = = 3\n", 2), ("x := y\ny := x + 1\n", None), ("a = 1\n\nb = sin(a, a)\n", 3), ("J: A -> B; unknown(A)\n", 1)],
)
def test_parser_errors_name_fragment_and_line(tmp_path: Path, text: str, line: int | None) -> None:
    with pytest.raises(ModelError) as caught:
        read_fragments(antimony(tmp_path, UNITS, text), "m")
    issue = caught.value.issues[0]
    assert issue.file == "part1.ant"
    assert line is None or issue.line == line
    assert issue.repair and "line" not in issue.problem.split(":")[1]


def test_every_bad_fragment_is_reported_at_once(tmp_path: Path) -> None:
    (empty, block) = antimony(tmp_path, "  \n", "a = 1\nmodel m()\nend\n")
    with pytest.raises(ModelError) as caught:
        join_fragments([tmp_path / "none.ant", tmp_path, empty, block], "m")
    assert [issue.problem for issue in caught.value.issues] == [
        "there is no such file",
        "this is a folder",
        "the file is empty",
        "a fragment holds a model block",
    ]
    assert all(issue.expected and issue.repair for issue in caught.value.issues)


def test_a_unit_that_antimony_does_not_define_is_an_error_with_its_line(tmp_path: Path) -> None:
    text = "a = 1\nk = 2\nk has per_week\ncompartment c = 1; c has litre\nspecies S in c\nS has per_day\nx := a*2 per_year\n"
    with pytest.raises(ModelError) as caught:
        read_fragments(antimony(tmp_path, text), "m")
    assert {(issue.problem, issue.id, issue.line) for issue in caught.value.issues} == {
        ('unit "per_week" is not defined', "k", 3),
        ('unit "per_day" is not defined', "S", 6),
        ('unit "per_year" is not defined', None, None),
    }


@pytest.mark.parametrize("text", ["", "   ", "<a", "not xml", "<?xml version='1.0'?><foo/>", sbml("")[:-7], "\0\1\2", "<sbml/>"])
def test_broken_sbml_is_refused_in_words(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError) as caught:
        read_sbml(text, file="broken.xml")
    assert all(issue.file == "broken.xml" and issue.expected and issue.repair for issue in caught.value.issues)
    assert capfd.readouterr() == ("", "")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda b: b.decode("latin-1")))
def test_no_text_breaks_the_readers(text: str) -> None:
    for read in (read_sbml, antimony_to_sbml):
        try:
            read(text)
        except ModelError:
            continue


def test_files_are_told_apart_and_their_absence_is_said(tmp_path: Path) -> None:
    good = tmp_path / "m.ant"
    good.write_text("k = 1\n")
    assert read_model(good)["k"].value == 1.0
    plain = tmp_path / "m.model"
    plain.write_text(antimony_to_sbml(read_source(good)))
    assert read_model(plain)["k"].value == 1.0
    wrong = tmp_path / "x.ant"
    wrong.write_text(plain.read_text())
    for path in (wrong, tmp_path / "none.xml", tmp_path):
        with pytest.raises(ModelError):
            read_model(path)


def test_antimony_and_sbml_give_the_same_model(tmp_path: Path) -> None:
    source = join_fragments(antimony(tmp_path, UNITS, CELL), "m")
    a, b = read_antimony(source), read_sbml(antimony_to_sbml(source))
    for table in ("compartments", "species", "parameters"):
        for id, one in getattr(a, table).items():
            other = getattr(b, table)[id]
            assert (one.value, one.unit, one.constant) == (other.value, other.unit, other.constant)
    assert [(r.kind, r.target, r.expression) for r in a.rules] == [(r.kind, r.target, r.expression) for r in b.rules]
    assert {id: (r.law, r.reactants, r.products) for id, r in a.reactions.items()} == {
        id: (r.law, r.reactants, r.products) for id, r in b.reactions.items()
    }
    assert {id: (e.trigger, e.assignments) for id, e in a.events.items()} == {id: (e.trigger, e.assignments) for id, e in b.events.items()}


@given(st.sampled_from(sorted(KNOWN)), st.sampled_from(sorted(KNOWN)), st.integers(-3, 3), st.floats(1e-20, 1e20))
def test_spelled_units_are_read_back(a: str, b: str, power: int, factor: float) -> None:
    unit = Unit(factor) * KNOWN[a] * KNOWN[b] ** power
    text = spell_unit(unit)
    assert text is not None and parse_unit(text).matches(unit)


def test_statements_hide_comments_and_texts() -> None:
    found = [(s.text, s.line) for s in statements('a = 1; // b = 2\n/* c = 3\n*/ d = 4\ne is "f = 5"; # g = 1\n')]
    assert found == [("a = 1", 1), ("d = 4", 3), ("e is", 4)]


def test_refusals_come_all_at_once() -> None:
    algebraic = math_of("<apply><minus/><ci>a</ci><ci>b</ci></apply>")
    delay = math_of(
        '<apply><csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/delay">delay</csymbol><ci>b</ci><cn>1</cn></apply>'
    )
    text = sbml(
        '<listOfParameters><parameter id="a" constant="false"/><parameter id="b" value="1" constant="false"/>'
        '<parameter id="d" constant="false"/></listOfParameters><listOfRules><algebraicRule>'
        + algebraic
        + '</algebraicRule><assignmentRule variable="d">'
        + delay
        + "</assignmentRule></listOfRules>"
    )
    model = read_sbml(text, file="m.xml")
    with pytest.raises(ModelError) as caught:
        require_supported(model)
    assert len(caught.value.issues) == 2
    report = compatibility(model)
    assert not report.supported and "It cannot be run here" in report.text()


def test_a_supported_model_is_said_to_run(tmp_path: Path) -> None:
    report = compatibility(read_fragments(antimony(tmp_path, UNITS, CELL), "m"))
    assert report.supported
    assert "It can be run." in report.text()
    assert dict(report.counts)["events"] == 2
    require_supported(read_fragments(antimony(tmp_path, UNITS, CELL), "m"))
