"""The class check: the same experiment with a sister drug in the place of the subject, and what is known of the sister."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from serdsim.claims.evidence_rows import Fact, require_facts
from serdsim.claims.measures import Part, read_part
from serdsim.claims.records import SisterOutcome
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.protocol import Experiment

_FIELDS = ("id", "drug", "must_show", "evidence")
_DOWN = {"supported": "consistent (assumption-driven)", "consistent (assumption-driven)": "inconclusive"}


@dataclass(frozen=True)
class Sister:
    """What must be seen of a sister drug, and the evidence rows that say so; where it cannot be run, why.

    With `own_arms` the experiment has arms of the sister itself, at its own dose and route, and nothing takes the place of the subject.
    """

    id: str
    drug: str
    must_show: str
    evidence: tuple[str, ...]
    part: Part | None
    cannot: str = ""
    own_arms: bool = False


def read_sister(entry: object, experiments: Mapping[str, Experiment], file: str, facts: Mapping[str, Fact]) -> Sister:
    """Return the sister that a claim file writes.

    Raises
    ------
    ClaimError
        For a missing field, no evidence row or one that does not exist or validates the subject, the subject itself, or a measure that
        cannot be read.
    """
    if not isinstance(entry, dict) or any(not entry.get(name) for name in _FIELDS) or not isinstance(entry["evidence"], list):
        id = str(entry.get("id", "sisters")) if isinstance(entry, dict) else "sisters"
        expected, repair = "id, drug, must_show, evidence and a measure", "Write its fields below one dash; evidence is a list of rows"
        raise ClaimError(Issue("a sister lacks a field", file=file, id=id, expected=expected, repair=repair))
    id, drug, rows = str(entry["id"]), str(entry["drug"]), tuple(map(str, entry["evidence"]))
    require_facts(rows, facts, file=file)
    named = str(entry.get("in", next(iter(experiments))))
    if named not in experiments or drug == experiments[named].subject:
        problem = (
            f'it reads "{named}", which is not an experiment of the claim' if named not in experiments else f"{drug} is the subject itself"
        )
        expected = "one of " + ", ".join(experiments) if named not in experiments else "another drug of the class"
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair="Correct the field"))
    cannot = str(entry.get("cannot", ""))
    part = None if cannot else read_part(entry, experiments[named], file)
    own = entry.get("own_arms", False)
    if not isinstance(own, bool) or (own and drug not in {one.drug for one in experiments[named].series.values()}):
        expected, repair = f"true where a series of {named} gives {drug}, else no such line", "Correct own_arms, or take it out"
        raise ClaimError(Issue(f"own_arms is {own}", file=file, id=id, expected=expected, repair=repair))
    return Sister(id, drug, str(entry["must_show"]), rows, part, cannot, own)


def in_place(experiment: Experiment, drug: str) -> Experiment:
    """Return the experiment with a sister in the place of the subject, alone and beside other drugs; doses, media and times stay."""
    subject, series = experiment.subject, {}
    for id, one in experiment.series.items():
        beside = {drug if name == subject else name: level for name, level in one.beside.items()}
        own = drug if one.drug == subject else one.drug
        series[id] = replace(one, drug=own, beside=beside, regimen=one.regimen.replace(subject, drug))
    return replace(experiment, series=series, subject=drug)


def run_name(drug: str) -> str:
    """Return what a run with a sister in the subject's place is called."""
    return f"{drug} in its place"


def class_check(outcomes: Sequence[SisterOutcome]) -> str:
    """Return in words what the class check found."""
    if not outcomes:
        return "No row of the evidence says what a sister drug does in this experiment, so that the class cannot check it."
    run = [one for one in outcomes if one.p is not None]
    bad = [one for one in run if not one.held]
    left = list(dict.fromkeys(one.drug for one in outcomes if one.p is None))
    also = f" What is known of {', '.join(left)} cannot be run here." if left else ""
    if not run:
        return also.strip()
    if bad:
        failed = "; ".join(f"{one.drug}, {one.must_show} ({100 * (one.p or 0.0):.0f} % of the draws)" for one in bad)
        return f"With a sister in its place the experiment fails on {len(bad)} of {len(run)} known results: {failed}.{also}"
    drugs = ", ".join(dict.fromkeys(one.drug for one in run))
    return f"With a sister in its place the experiment shows all {len(run)} results that are known ({drugs}).{also}"


def after_class_check(word: str, outcomes: Sequence[SisterOutcome]) -> tuple[str, tuple[str, ...]]:
    """Return the verdict, one step lower where the experiment fails on a sister, and why."""
    failed = [one for one in outcomes if one.p is not None and not one.held]
    if not failed or word not in _DOWN:
        return word, ()
    named = "; ".join(f"{one.drug}: {one.must_show}" for one in failed)
    return _DOWN[word], (f"one step down from {word}, since the same experiment fails on a sister ({named})",)
