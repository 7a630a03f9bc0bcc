from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serdsim.errors import Issue
from serdsim.model.antimony import antimony_to_sbml, join_fragments
from serdsim.model.entities import Evidence, Model
from serdsim.model.expression import Apply, Expression, Number, Symbol
from serdsim.model.sbml import read_fragments
from serdsim.model.unit_check import check_units, libsbml_opinion
from serdsim.model.unit_inference import infer
from serdsim.units import DIMENSIONLESS, KNOWN, Unit, parse_unit

CELL = """unit substance = 1e-9 mole; unit extent = 1e-9 mole; unit time_unit = 3600 second; unit volume = litre
unit nM = 1e-9 mole/litre; unit per_h = 1/(3600 second); unit per_min = 1/(60 second); unit nmol = 1e-9 mole
unit nM_per_h = 1e-9 mole/(litre*3600 second); unit nM2 = (1e-9 mole)^2/litre^2
compartment cell = 1; cell has volume
species A in cell, B in cell; A = 3; B = 1; A has nM; B has nM
k = 2; k has per_h; K = 5; K has nM; h = 1.4; h has dimensionless; f = 0.2; f has dimensionless
v = 3; v has nM_per_h; top = 2; top has nM; wait = 1; wait has time_unit
J1: A -> B; k*A*cell*(1 - f)
J2: B -> ; v*(B/K)^h/(1 + (B/K)^h)*cell
total := A + B; total has nM
occupied := 0.5*(total + K - sqrt((total + K)^2 - 4*A*B)); occupied has nM
slow = 0; slow has dimensionless; slow' = k*(1 - slow)
share := max(0, piecewise(A/total, total > 0, 0)); share has dimensionless
change: at wait after A > top: A = A/2, slow = 0
"""


def model_of(folder: Path, text: str) -> Model:
    path = folder / "cell.ant"
    path.write_text(text)
    return read_fragments([path], "m")


def issues_of(folder: Path, old: str = "", new: str = "") -> list[Issue]:
    assert old in CELL
    return check_units(model_of(folder, CELL.replace(old, new)))


def test_a_sound_model_passes(tmp_path: Path) -> None:
    assert issues_of(tmp_path) == []


PLANTED = {
    "one minus a number with a unit": ("(1 - f)", "(1 - K)", "J1"),
    "a literal in place of a volume": ("k*A*cell", "k*A*1e-12", "J1"),
    "a literal added": ("k*A*cell*(1 - f)", "k*A*cell + 1", "J1"),
    "a zero added": ("k*A*cell*(1 - f)", "k*A*cell + 0", "J1"),
    "a Hill term without its constant": ("v*(B/K)^h", "v*B^h", "J2"),
    "a fractional literal exponent": ("v*(B/K)^h", "v*B^1.4", "J2"),
    "a Hill exponent with a unit": ("h has dimensionless", "h has nM", "J2"),
    "an assignment rule": ("total := A + B", "total := A*B", "total"),
    "a rate rule": ("slow' = k*(1 - slow)", "slow' = 1 - slow", "slow"),
    "a square root of a plain sum": ("(total + K)^2 - 4*A*B)", "total + K)", "occupied"),
    "an event assignment": ("A = A/2", "A = A*K", "change"),
    "an event assignment of a literal": ("A = A/2", "A = 2", "change"),
    "an event trigger that is a number": ("A > top", "A", "change"),
    "an event trigger with a literal": ("A > top", "A > 2", "change"),
    "an event delay": ("wait after", "K after", "change"),
    "an exponential": ("share := max(0,", "share := exp(A) + max(0,", "share"),
    "piecewise branches": ("total > 0, 0)", "total > 0, K)", "share"),
    "a comparison": ("total > 0, 0)", "total > k, 0)", "share"),
    "a number where a condition stands": ("total > 0, 0)", "total, 0)", "share"),
    "a parameter without a unit": ("h has dimensionless;", "", "h"),
    "a rule target without a unit": ("; total has nM", "", "total"),
    "a species without a unit": ("unit substance = 1e-9 mole;", "", "A"),
    "a time without a unit": ("unit time_unit = 3600 second;", "unit tu = 3600 second;", None),
    "a species of another amount": ("unit extent = 1e-9 mole", "unit extent = 1e-6 mole", "A"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_errors_are_caught_and_located(tmp_path: Path, name: str) -> None:
    old, new, id = PLANTED[name]
    assert old in CELL
    text = CELL.replace(old, new)
    if "tu =" in new:
        text = text.replace("wait has time_unit", "wait has tu")
    if "substance" in old:
        text = text.replace("A has nM; B has nM", "")
    found = check_units(model_of(tmp_path, text))
    assert found
    if id is not None:
        named = [issue for issue in found if issue.id == id]
        assert named, [str(issue) for issue in found]
        assert all(issue.file == "cell.ant" and issue.line and issue.repair for issue in named)


def test_minutes_are_not_hours_and_the_parameter_is_named_with_its_table(tmp_path: Path) -> None:
    model = model_of(
        tmp_path,
        CELL.replace("k has per_h", "k has per_min").replace("slow' = k*(1 - slow)", "slow' = (1 - slow)*kf; kf = 1; kf has per_h"),
    )
    (issue,) = check_units(model)
    assert str(issue) == (
        'cell.ant:6  k: unit "1/min", but reaction J1 (cell.ant:8) needs "1/h".\nConvert the value or write the unit as "1/h"'
    )
    cited = replace(model, evidence={"k": Evidence("primary", ("x",), table="parameters.tsv", line=41)})
    assert str(check_units(cited)[0]).startswith("parameters.tsv:41  k: unit")


def test_a_law_of_the_wrong_kind_blames_no_parameter(tmp_path: Path) -> None:
    (issue,) = issues_of(tmp_path, "k*A*cell*(1 - f)", "k*A*(1 - f)")
    assert (issue.id, issue.line, issue.expected) == ("J1", 8, '"nmol/h"')
    assert '"nM/h"' in issue.problem


def test_libsbml_is_a_second_opinion(tmp_path: Path) -> None:
    path = tmp_path / "cell.ant"
    path.write_text(CELL.replace("total := A + B", "total := A + k"))
    assert any("10501" in issue.problem for issue in libsbml_opinion(antimony_to_sbml(join_fragments([path], "m"))))


x, n = Symbol("x"), Symbol("n")
units = st.sampled_from(sorted(set(KNOWN) - {"%"})).map(parse_unit)


@given(units, st.integers(-4, 4).filter(bool))
def test_whole_powers_fit_every_unit(unit: Unit, power: int) -> None:
    for exponent in (Number(float(power)), Apply("minus", (Number(float(-power)),))):
        kind, wrong = infer(Apply("power", (x, exponent)), {"x": unit}, None)
        assert not wrong and isinstance(kind, Unit) and kind.matches(unit**power)


@given(units, st.sampled_from([Number(0.5), Number(1.4), n]))
def test_other_powers_need_a_ratio(unit: Unit, exponent: Expression) -> None:
    _, wrong = infer(Apply("power", (x, exponent)), {"x": unit, "n": DIMENSIONLESS}, None)
    assert bool(wrong) != unit.dimensionless
    ratio = Apply("power", (Apply("divide", (x, x)), exponent))
    assert infer(ratio, {"x": unit, "n": DIMENSIONLESS}, None) == (DIMENSIONLESS, ())


@given(units, units, st.sampled_from(["plus", "minus", "min", "max", "rem"]))
def test_sums_need_equal_units(a: Unit, b: Unit, op: str) -> None:
    kind, wrong = infer(Apply(op, (x, n)), {"x": a, "n": b}, None)
    assert (not wrong) == a.matches(b)
    assert wrong or kind == a


@given(units, st.floats(1e-6, 1e6))
def test_a_factor_scales_no_verdict(unit: Unit, factor: float) -> None:
    # the verdict does not depend on the system of units, as long as all quantities change together
    for op in ("plus", "divide", "lt", "power"):
        formula = Apply(op, (x, Number(2.0) if op == "power" else n))
        first = infer(formula, {"x": unit, "n": unit}, None)[1]
        scaled = Unit(factor) * unit
        assert first == infer(formula, {"x": scaled, "n": scaled}, None)[1] == ()


@given(units)
def test_zero_passes_in_comparisons_but_not_in_sums(unit: Unit) -> None:
    zero = Number(0.0)
    for op in ("gt", "eq", "min", "max"):
        assert infer(Apply(op, (x, zero)), {"x": unit}, None)[1] == ()
    assert bool(infer(Apply("plus", (x, zero)), {"x": unit}, None)[1]) != unit.dimensionless
