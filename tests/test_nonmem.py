"""Regimens and NONMEM rows say the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serdsim.dosing.nonmem import COLUMNS, from_nonmem, to_nonmem
from serdsim.dosing.regimen import Dose, Regimen, parse_regimen
from serdsim.errors import RegimenError

COMPARTMENTS = {"a po": 1, "a iv": 2, "a iv-inf": 2, "b": 3}
WAYS = {1: "a po", 2: "a iv", 3: "b"}
UNITS = {"a": "mg", "b": "nmol"}
DECIMALS = st.integers(min_value=1, max_value=10**9).map(lambda digits: digits / 1000)


@st.composite
def doses(draw: st.DrawFn) -> Dose:
    drug = draw(st.sampled_from("ab"))
    route = draw(st.sampled_from(["po", "iv", "iv-inf"])) if drug == "a" else draw(st.sampled_from([None, "iv-inf"]))
    count = draw(st.integers(min_value=1, max_value=1000))
    return Dose(
        drug,
        draw(st.floats(min_value=1e-9, max_value=1e9)),
        UNITS[drug],
        route,
        draw(DECIMALS) if route == "iv-inf" else None,
        draw(st.floats(min_value=1e-6, max_value=1e6)) if count > 1 else None,
        count,
        draw(st.floats(min_value=0, max_value=1e6)),
    )


@settings(deadline=None)
@given(st.lists(doses(), max_size=5))
def test_rows_read_back_exactly(some: list[Dose]) -> None:
    regimen = Regimen(tuple(sorted(some, key=lambda dose: dose.start_h)))
    rows = to_nonmem(regimen, COMPARTMENTS)
    assert from_nonmem(rows, WAYS, UNITS) == regimen
    assert from_nonmem([{name: repr(cell) for name, cell in row.items()} for row in rows], WAYS, UNITS) == regimen


def test_what_the_rows_say() -> None:
    regimen = parse_regimen("b 5 nmol iv-inf 30 min from 2 d + a 400 mg po q24h x 28")
    rows = to_nonmem(regimen, COMPARTMENTS, id=7)
    assert [tuple(row) for row in rows] == [COLUMNS, COLUMNS]
    assert [tuple(row.values()) for row in rows] == [(7, 0.0, 400.0, 0.0, 27, 24.0, 1, 1), (7, 48.0, 5.0, 10.0, 0, 0.0, 1, 3)]


@pytest.mark.parametrize(
    ("text", "compartments", "words"),
    [
        ("a 100 nM once", {"a": 1}, "a: 100 nM: a concentration is not an AMT"),
        ("a 0 mg", {"a": 1}, "a dose of 0"),
        ("a 1 mg", {"c": 1}, "no compartment is given"),
        ("a 1 mg + a 1 g", {"a": 1}, "compartment 1 gets a in g and a in mg"),
        ("a 1 mg + b 1 mg", {"a": 1, "b": 1}, "cannot tell apart"),
        ("a 1 mg po + a 1 mg iv", {"a": 1}, "compartment 1 gets iv and po"),
        ("a 1 mg po + a 1 mg", {"a": 1}, "compartment 1 gets no route and po"),
    ],
)
def test_what_rows_cannot_say_is_refused(text: str, compartments: dict[str, int], words: str) -> None:
    with pytest.raises(RegimenError, match=words):
        to_nonmem(parse_regimen(text), compartments)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"SS": 1}, "SS is 1"),
        ({"RATE": -2}, "RATE is -2, a rate or duration that a model computes"),
        ({"ADDL": 3}, "ADDL is 3 but II is 0"),
        ({"ADDL": 1.5, "II": 24}, "ADDL is 1.5"),
        ({"EVID": 4}, "EVID is 4"),
        ({"F": 0.5}, "F is 0.5"),
        ({"ALAG": 2}, "ALAG is 2"),
        ({"AMT": "."}, "AMT is 0 in a dosing row"),
        ({"AMT": "abc"}, "AMT is 'abc'"),
        ({"AMT": "nan"}, "AMT is 'nan'"),
        ({"TIME": "."}, "TIME is missing"),
        ({"CMT": 9}, "CMT is 9, which stands for no drug; expected one of 1"),
    ],
)
def test_traps_are_named_with_their_row(row: dict[str, object], words: str) -> None:
    good = {"ID": 1, "TIME": 0, "AMT": 100, "EVID": 1, "CMT": 1}
    with pytest.raises(RegimenError, match=f"row 2: {words}"):
        from_nonmem([good, good | row], {1: "a po"})


def test_observations_are_passed_over_and_evid_is_inferred() -> None:
    rows = [{"TIME": 0, "AMT": 100, "CMT": 1}, {"TIME": 1, "AMT": ".", "DV": 3.2, "CMT": 2}]
    assert from_nonmem(rows, {1: "a po"}) == parse_regimen("a 100 mg po")


def test_individuals_and_order_of_time() -> None:
    rows = [{"ID": 1, "TIME": 5, "AMT": 1, "CMT": 1}, {"ID": 2, "TIME": 0, "AMT": 2, "CMT": 1}]
    with pytest.raises(RegimenError, match="2 individuals"):
        from_nonmem(rows, {1: "a"})
    assert from_nonmem(rows, {1: "a"}, id=2).doses[0].amount == 2.0
    with pytest.raises(RegimenError, match="before the row above"):
        from_nonmem([row | {"ID": 1} for row in rows], {1: "a"})
    with pytest.raises(RegimenError, match="no unit of AMT"):
        from_nonmem(rows[:1], {1: "a"}, units={})
    with pytest.raises(RegimenError, match="route"):
        from_nonmem(rows[:1], {1: "a oral"})
