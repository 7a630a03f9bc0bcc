"""Verdict and data role follow the rules of the contracts, and can come out every way."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serdsim.claims.evidence_rows import Fact, read_facts, require_facts
from serdsim.claims.judge import Case, data_role, reference_is_numeric, rows_in_use, surely, verdict
from serdsim.claims.records import DATA_ROLES, VERDICTS
from serdsim.errors import ClaimError
from serdsim.model.entities import Evidence

GOOD = Case(p_pass=0.95, p_sceptical=0.8, p_ablation=0.2, reference_numeric=True, data_role="held-out", p_control=0.99, draws=10**9)
TABLE = {
    "all four conditions": ({}, "supported"),
    "on every border": ({"p_pass": 0.9001, "p_sceptical": 0.5, "p_ablation": 0.5, "p_control": 0.9}, "supported"),
    "no number was tested against": ({"reference_numeric": False}, "consistent (assumption-driven)"),
    "the ablation does not break it": ({"p_ablation": 0.51}, "consistent (assumption-driven)"),
    "its only ablation is a tautology": ({"p_ablation": None}, "consistent (assumption-driven)"),
    "it falls under the sceptical prior": ({"p_sceptical": 0.49}, "consistent (assumption-driven)"),
    "its input was assumed": ({"data_role": "assumed input"}, "consistent (assumption-driven)"),
    "its outcome is fixed by structure": ({"data_role": "structural"}, "consistent (assumption-driven)"),
    "it passes too rarely": ({"p_pass": 0.89}, "inconclusive"),
    "it passes in half": ({"p_pass": 0.5}, "inconclusive"),
    "a control fails": ({"p_control": 0.89}, "inconclusive"),
    "a control fails and so does the statement": ({"p_control": 0.5, "p_pass": 0.0, "p_sceptical": 0.0}, "inconclusive"),
    "it hardly ever passes": ({"p_pass": 0.0999, "p_sceptical": 0.3}, "not supported"),
    "it never passes, without a number": ({"p_pass": 0.0, "p_sceptical": 0.0, "reference_numeric": False}, "not supported"),
    "a number says otherwise": ({"p_pass": 0.05, "p_sceptical": 0.1}, "contradicted"),
    "so few draws cannot tell that it passes": ({"p_pass": 0.93, "draws": 60}, "inconclusive"),
    "so few draws cannot tell that it fails": ({"p_pass": 0.06, "p_sceptical": 0.0, "draws": 64}, "inconclusive"),
    "few draws can tell where it is plain": ({"p_pass": 0.03, "p_sceptical": 0.3, "draws": 64}, "not supported"),
    "few draws can tell that it passes": ({"p_pass": 0.97, "draws": 64}, "supported"),
    "no draw ended": ({"p_pass": math.nan}, "inconclusive"),
    "no control ended": ({"p_control": math.nan}, "inconclusive"),
    "no sceptical draw ended": ({"p_sceptical": math.nan}, "consistent (assumption-driven)"),
    "no draw of the ablation ended": ({"p_ablation": math.nan}, "consistent (assumption-driven)"),
}
shares = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0, math.nan]))
cases = st.builds(Case, shares, shares, st.one_of(st.none(), shares), st.booleans(), st.sampled_from(DATA_ROLES), shares)


@pytest.mark.parametrize("name", TABLE)
def test_the_verdict_follows_the_rules(name):
    change, expected = TABLE[name]
    word, reasons = verdict(replace(GOOD, **change))
    assert word == expected
    assert bool(reasons) == (word != "supported")


def test_bounds_of_a_share_by_hand():
    """Wilson with z = 1.2816: of 64 draws 3 pass."""
    low, high = surely(3 / 64, 64)
    z = 1.2815515655446004
    middle, half = (3 / 64 + z * z / 128) / (1 + z * z / 64), z / (1 + z * z / 64) * math.sqrt(3 / 64 * 61 / 64 / 64 + z * z / (4 * 64**2))
    assert (low, high) == (pytest.approx(middle - half), pytest.approx(middle + half))
    assert low < 3 / 64 < high < 0.1


def test_every_verdict_can_be_reached():
    reached = {expected for _, expected in TABLE.values()} | {"not testable on public data"}  # the last one is a state, never computed
    assert reached == set(VERDICTS)


@given(cases)
def test_supported_needs_all_conditions(case):
    all_four = (
        not math.isnan(case.p_pass)
        and surely(case.p_pass, case.draws)[0] >= 0.9
        and case.reference_numeric
        and (case.p_ablation is not None and case.p_ablation <= 0.5)
    )
    all_four = all_four and case.p_sceptical >= 0.5 and case.p_control >= 0.9
    word = verdict(case)[0]
    assert (word == "supported") == (all_four and case.data_role not in ("structural", "assumed input"))
    assert word in VERDICTS


@given(cases)
def test_structural_and_assumed_never_exceed_consistent(case):
    for role in ("structural", "assumed input"):
        assert verdict(replace(case, data_role=role))[0] != "supported"


@given(cases)
def test_a_failing_control_never_lets_a_verdict_stand(case):
    for p in (0.0, 0.5, 0.899, math.nan):
        assert verdict(replace(case, p_control=p))[0] == "inconclusive"


@given(cases, st.floats(0.0, 1.0))
def test_passing_more_often_never_hurts(case, more):
    rank = {"contradicted": 0, "not supported": 0, "inconclusive": 1, "consistent (assumption-driven)": 2, "supported": 3}
    if not math.isnan(case.p_pass) and not case.p_control < 0.9 and more >= case.p_pass:
        assert rank[verdict(replace(case, p_pass=more))[0]] >= rank[verdict(case)[0]]


def fact(id: str, role: str, value: float | None = 1.0, reliability: str = "primary") -> Fact:
    return Fact(id, "q", value, None, None, "nM" if value else "", "", "", "", "", None, "x", role, reliability, "")


FACTS = {f.id: f for f in (fact("P001", "validate"), fact("P002.a", "calibrate"), fact("P003", "validate", None), fact("P004", "context"))}
ASSUMED, FITTED = Evidence("assumption", ()), Evidence("fitted", ("x",), rows=("P002.b",))
ROLES = {
    "a row of the same evidence was fitted": ((["P001", "P002.a"], [FITTED], [ASSUMED], 1.0, 1.0), "calibrated-on"),
    "fitting comes before assumption": ((["P002.a"], [FITTED, ASSUMED], [ASSUMED], 0.5, 0.5), "calibrated-on"),
    "all that drives it is assumed": ((["P001"], [ASSUMED], [ASSUMED, ASSUMED], 1.0, 1.0), "assumed input"),
    "one fitted number drives it, and it holds always": ((["P001"], [FITTED], [ASSUMED, FITTED], 1.0, 1.0), "structural"),
    "it holds nearly always": ((["P001"], [FITTED], [FITTED], 1.0, 0.99), "held-out"),
    "it holds nearly always without being widened": ((["P001"], [FITTED], [FITTED], 0.99, 1.0), "held-out"),
    "the row carries no number": ((["P003"], [FITTED], [FITTED], 0.9, 0.9), "prediction only"),
    "the row is not kept for validation": ((["P004"], [FITTED], [FITTED], 0.9, 0.9), "prediction only"),
    "nothing was measured": (([], [FITTED], [FITTED], 0.9, 0.9), "prediction only"),
}


@pytest.mark.parametrize("name", ROLES)
def test_the_data_role_follows_from_what_was_read(name):
    (judged, entries, driving, p, sceptical), expected = ROLES[name]
    assert data_role(judged, FACTS, rows_in_use(entries), driving, p, sceptical) == expected


def test_every_data_role_can_be_reached():
    assert {expected for _, expected in ROLES.values()} == set(DATA_ROLES)


@pytest.mark.parametrize("reliability", ["primary", "secondary", "derived", "fitted", "recalled"])
@pytest.mark.parametrize("value", [1.0, None])
def test_a_reference_counts_when_it_is_a_number_that_was_read(reliability, value):
    known = {"P009": fact("P009", "validate", value, reliability)}
    assert reference_is_numeric(["P009"], known) == (value is not None and reliability in ("primary", "secondary"))


def test_a_row_kept_for_validation_cannot_be_loaded_into_a_fit():
    facts = read_facts()
    validate = [id for id, found in facts.items() if found.role == "validate"]
    assert validate
    for id in validate:
        with pytest.raises(ClaimError, match=f'{id}: the row has the role "validate"; expected "calibrate"'):
            require_facts([id], facts, role="calibrate", file="sources.tsv")


def test_an_unknown_row_is_named_with_its_neighbours():
    with pytest.raises(ClaimError, match=r"MOA-01.yaml  P059x: no such row in evidence.tsv; expected P059"):
        require_facts(["P059x"], read_facts(), file="MOA-01.yaml")
