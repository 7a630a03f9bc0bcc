"""The pages beside the main one: each has statements with controls, a figure and limits; a fault that is planted shows in its test."""

from __future__ import annotations

from functools import cache

import pytest

from serdsim.analysis.ablation import concerns, read_ablations
from serdsim.claims.claim import Claim
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import MAIN
from serdsim.claims.testing import test_claim as tested
from serdsim.evidence.questions import claims_of, read_question, written
from serdsim.experiments.arms import Change, equations_of
from serdsim.experiments.record import read_record
from serdsim.experiments.runner import run_experiment
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from serdsim.simulation.draws import Draws

LIBRARY = shipped_library()
RELATED = [id for id in written(LIBRARY) if id != MAIN]


@cache
def claims(question: str) -> dict[str, Claim]:
    references = read_references(LIBRARY / "references.bib")
    found = claims_of(read_question(LIBRARY, question), LIBRARY, read_facts(LIBRARY, references), references)
    return {claim.statement.id: claim for claim in found}


def share(question: str, id: str, fault: dict[str, str | float] | None = None) -> float:
    """Return P(pass) of a statement with a fault planted in its models."""
    claim = claims(question)[id]
    change = Change("fault", fault, subject_only=False) if fault else None
    readings = [run_experiment(one, Draws(50, 1), only=claim.arms(one), change=change) for one in claim.tested]
    return tested(claim, *readings, controls=False).p_pass


@pytest.mark.parametrize("question", RELATED)
def test_each_page_has_statements_with_controls_a_figure_and_limits(question: str) -> None:
    testable = [claim for claim in claims(question).values() if claim.measured]
    assert len(testable) >= 3
    for claim in testable:
        assert claim.controls and claim.statement.limits
        assert claim.statement.named_ablation in (None, *switched_off(claim))
        assert claim.statement.page == read_question(LIBRARY, question).title
    assert any(figures(claim) for claim in testable)


def switched_off(claim: Claim) -> list[str]:
    """Return the ablations that concern all models of a statement."""
    given = [equations_of(experiment.model, LIBRARY).given for experiment in claim.tested]
    return [one.id for one in read_ablations(LIBRARY) if all(concerns(one, known) for known in given)]


def figures(claim: Claim) -> list[object]:
    """Return the figures that are drawn beside a statement."""
    found = []
    for experiment in claim.experiments:
        record = read_record(LIBRARY / experiment.file)
        found += [one for one in record.get("figures", []) if claim.statement.id in one.get("statements", [claim.statement.id])]
    return found


@pytest.mark.parametrize(
    ("question", "id", "fault"),
    [
        ("dose", "DOS-01", {"CL_dose_exponent_drug": 0.5}),  # a clearance that follows the dose
        ("food-and-cyp3a", "FOO-01", {"food_F_drug": 1.0}),
        ("food-and-cyp3a", "FOO-02", {"inducer_ratio_drug": 1.0}),
        ("food-and-cyp3a", "FOO-05", {"inhibitor_ratio_partner": 1.0}),
        ("resistance", "RES-06", {"rb_function": 1.0}),  # lines that lost RB1 have it
        ("by-mutation", "MUT-02", {"pose_M": "pose_W", "s_apo_M": "s_apo_W"}),  # mutants that are wild type
    ],
)
def test_a_planted_fault_shows_in_the_statement_that_is_about_it(question: str, id: str, fault: dict[str, str | float]) -> None:
    assert share(question, id) - share(question, id, fault) > 0.5
