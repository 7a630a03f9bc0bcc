"""The answer to one statement: its experiment, its controls, the sceptical prior, the ablations, the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from serdsim.analysis.ablation import Ablation, ablate
from serdsim.claims.claim import Claim
from serdsim.claims.definitions import survival_words
from serdsim.claims.evidence_rows import Fact
from serdsim.claims.fits import FitRows, rows_behind
from serdsim.claims.judge import Case, data_role, reference_is_numeric, verdict
from serdsim.claims.no_flip import no_flip
from serdsim.claims.panels import read_panels
from serdsim.claims.records import AblationOutcome, Outcome
from serdsim.claims.testing import Tested, test_claim
from serdsim.evidence.runs import SCEPTICAL, Runs
from serdsim.experiments.runner import Readings
from serdsim.simulation.draws import Draws

_DECIDES = 0.3  # share of the draws that one part must cost to be named


@dataclass(frozen=True)
class Setting:
    """What all statements of an answer share."""

    facts: Mapping[str, Fact]
    fits: tuple[FitRows, ...]
    ablations: tuple[Ablation, ...]
    library: Path
    run: str
    runs: Runs

    @property
    def draws(self) -> Draws:
        """The draws of the main runs."""
        return self.runs.draws


def answer_statement(claim: Claim, setting: Setting) -> tuple[Outcome, list[Readings]]:
    """Return the outcome of a statement and the readings behind it."""
    if claim.experiment is None:
        return Outcome(claim.statement, claim.statement.state, run=setting.run, verdict=None), []
    s = setting
    readings = [s.runs.of(one.id) for one in claim.measured]
    tested = test_claim(claim, *readings)
    wide = [s.runs.of(one.id, SCEPTICAL) for one in claim.tested]
    p_sceptical = test_claim(claim, *wide, controls=False).p_pass
    ablated = ablate(claim, s.ablations, tested.p_pass, s.library, s.runs.of)
    outcome = _judged(claim, s, readings, tested, p_sceptical)
    word, reasons = verdict(_case(claim, setting, outcome, tested, ablated))
    reasons = (*reasons, *_also(word, outcome, tested))
    shown = readings if claim.shown is None else [*readings, s.runs.of(claim.shown.id)]
    own = claim.statement.id
    panels = tuple(p for read in shown for p in read_panels(s.library / read.experiment.file, read, s.facts, s.draws.count, own))
    done = replace(outcome, verdict=word, reasons=reasons, ablations=ablated, no_flip=no_flip(tested.p_pass, ablated))
    done = replace(done, panels=panels, draws=s.draws.count, run=s.run)
    return done, [*shown, *wide]


def _also(word: str, outcome: Outcome, tested: Tested) -> tuple[str, ...]:
    """Return what a reader must know of a verdict that is not a yes: which part decides it, and that it rests on assumptions."""
    if word not in ("not supported", "inconclusive", "contradicted"):
        return ()
    said = []
    if tested.p_without - tested.p_pass >= _DECIDES:
        said.append(f"decided by one part, {tested.decided_by}: without it {100 * tested.p_without:.0f} % of the draws pass")
    if word == "not supported" and outcome.data_role == "assumed input":
        said.append("the numbers of the drug are assumptions, so this speaks of the model as much as of the drug")
    return tuple(said)


def _case(claim: Claim, setting: Setting, outcome: Outcome, tested: Tested, ablated: tuple[AblationOutcome, ...]) -> Case:
    worst = min(tested.controls, key=lambda control: control.p)
    return Case(
        p_pass=tested.p_pass,
        p_sceptical=outcome.p_sceptical or 0.0,
        p_ablation=next((a.p_off for a in ablated if a.id == claim.statement.named_ablation and not a.tautological), None),
        reference_numeric=reference_is_numeric(claim.statement.evidence, setting.facts),
        data_role=outcome.data_role or "",
        p_control=worst.p,
        draws=setting.draws.count - tested.failed,
        control=worst.must_show,
    )


def _judged(claim: Claim, setting: Setting, readings: Sequence[Readings], tested: Tested, p_sceptical: float) -> Outcome:
    numbers = [entry for read in readings for model in read.models.values() for entry in model.evidence.values()]
    used = rows_behind(numbers, setting.fits)
    driving = [entry for entry in numbers if entry.row.split(".")[0] in claim.statement.driving and entry.distribution != "fixed"]
    return Outcome(
        statement=claim.statement,
        state="tested",
        data_role=data_role(claim.statement.evidence, setting.facts, used, driving, tested.p_pass, p_sceptical),
        value=tested.value,
        lo90=tested.lo90,
        hi90=tested.hi90,
        p_pass=tested.p_pass,
        p_sceptical=p_sceptical,
        failed=tested.failed,
        parts=tested.parts,
        controls=tested.controls,
        hypotheses=tested.hypotheses,
        definitions=tested.definitions,
        survives=survival_words(tested.definitions),
    )
