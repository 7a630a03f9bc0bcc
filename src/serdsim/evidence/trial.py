"""What the draws say about one claim: with all parts on, under the sceptical prior, with each part switched off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from serdsim.analysis.ablation import Ablation, ablation_outcome, switched_off
from serdsim.claims.chained import chained
from serdsim.claims.claim import Claim
from serdsim.claims.deciding_records import Deciding
from serdsim.claims.evidence_rows import Fact
from serdsim.claims.fits import FitRows, rows_behind
from serdsim.claims.judge import data_role, reference_is_numeric, weakest_role
from serdsim.claims.records import AblationOutcome, SisterOutcome
from serdsim.claims.sisters import run_name
from serdsim.claims.testing import Tested, test_claim, test_sister
from serdsim.evidence.runs import SCEPTICAL, Runs
from serdsim.experiments.runner import Readings
from serdsim.simulation.draws import Draws


@dataclass(frozen=True)
class Trial:
    """What the draws say about a claim.

    `off` is what they say with a part switched off, by ablation; `readings` are those of its experiments, and `behind` the others that it
    rests on: those under the sceptical prior, and of a derived claim all of its links.
    """

    tested: Tested
    sceptical: Tested
    off: Mapping[str, Tested]
    ablations: tuple[AblationOutcome, ...]
    data_role: str
    reference_numeric: bool
    readings: tuple[Readings, ...] = ()
    behind: tuple[Readings, ...] = ()
    sisters: tuple[SisterOutcome, ...] = ()


@dataclass(frozen=True)
class Setting:
    """What all statements of an answer share; `trials` are kept by statement, since derived ones read those of their links, and
    what would decide them likewise.
    """

    facts: Mapping[str, Fact]
    fits: tuple[FitRows, ...]
    ablations: tuple[Ablation, ...]
    library: Path
    run: str
    runs: Runs
    trials: dict[str, Trial] = field(default_factory=dict)
    decided: dict[str, Deciding] = field(default_factory=dict)

    @property
    def draws(self) -> Draws:
        """The draws of the main runs."""
        return self.runs.draws


def try_claim(claim: Claim, setting: Setting) -> Trial:
    """Return what the draws say about a tested claim."""
    if claim.statement.id not in setting.trials:
        setting.trials[claim.statement.id] = _derived(claim, setting) if claim.links else _own(claim, setting)
    return setting.trials[claim.statement.id]


def _own(claim: Claim, s: Setting) -> Trial:
    readings = tuple(s.runs.of(one.id) for one in claim.measured)
    tested = test_claim(claim, *readings)
    wide = tuple(s.runs.of(one.id, SCEPTICAL) for one in claim.tested)
    sceptical = test_claim(claim, *wide, controls=False)
    off, own = switched_off(claim, s.ablations, s.library, s.runs.of), claim.statement.id
    ablated = tuple(ablation_outcome(one, own, tested, off[one.id]) for one in s.ablations if one.id in off)
    role = _role(claim, s, readings, tested.p_pass, sceptical.p_pass)
    numeric = reference_is_numeric(claim.statement.evidence, s.facts)
    return Trial(tested, sceptical, off, ablated, role, numeric, readings, wide, _sisters(claim, s))


def _sisters(claim: Claim, s: Setting) -> tuple[SisterOutcome, ...]:
    swapped = {sister.id: s.runs.of(one.id, run_name(sister.drug)) for one, sister in claim.swapped}
    swapped |= {one.id: s.runs.of(one.part.reads) for one in claim.sisters if one.part is not None and one.own_arms}
    return tuple(test_sister(claim, sister, swapped.get(sister.id)) for sister in claim.sisters)


def _role(claim: Claim, s: Setting, readings: Sequence[Readings], p_pass: float, p_sceptical: float) -> str:
    numbers = [entry for read in readings for model in read.models.values() for entry in model.evidence.values()]
    driving = [entry for entry in numbers if entry.row.split(".")[0] in claim.statement.driving and entry.distribution != "fixed"]
    return data_role(claim.statement.evidence, s.facts, rows_behind(numbers, s.fits), driving, p_pass, p_sceptical)


def _derived(claim: Claim, s: Setting) -> Trial:
    """Return what the draws say about all links of a claim together: in each draw all of them, under each prior and ablation."""
    links = [(link, try_claim(link, s)) for link in claim.links if link.experiment is not None]
    tested = chained([(link, trial.tested) for link, trial in links])
    off, ablated = {}, []
    for one in (one for one in s.ablations if any(one.id in trial.off for _, trial in links)):
        off[one.id] = chained([(link, trial.off.get(one.id, trial.tested)) for link, trial in links])
        restated = [link.statement.id in one.restates for link, _ in links]
        kept = chained(
            [
                (link, trial.tested if again else trial.off.get(one.id, trial.tested))
                for (link, trial), again in zip(links, restated, strict=True)
            ]
        )
        ablated.append(ablation_outcome(one, claim.statement.id, tested, off[one.id], kept.p_pass))
    sceptical = chained([(link, trial.sceptical) for link, trial in links])
    role, numeric = weakest_role(trial.data_role for _, trial in links), all(trial.reference_numeric for _, trial in links)
    behind = tuple(read for _, trial in links for read in (*trial.readings, *trial.behind))
    return Trial(tested, sceptical, off, tuple(ablated), role, numeric, behind=behind)
