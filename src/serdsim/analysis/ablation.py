"""Ablations: one part of the mechanism switched off, the same draws, and which claims break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serdsim.claims.read import Claim
from serdsim.claims.records import AblationOutcome
from serdsim.claims.testing import test_claim
from serdsim.engine.ensemble import Progress
from serdsim.errors import ClaimError
from serdsim.experiments.arms import Change, equations_of
from serdsim.experiments.runner import run_experiment
from serdsim.simulation.draws import Draws
from serdsim.yaml_file import Field, read_yaml, said

_FIELDS = ("id", "title", "what", "set", "restates")


@dataclass(frozen=True)
class Ablation:
    """A change of the model with the statements that it only restates, and why."""

    id: str
    title: str
    what: str
    change: Change
    restates: Mapping[str, str]


def read_ablations(library: Path) -> tuple[Ablation, ...]:
    """Return the ablations of the library.

    Raises
    ------
    ClaimError
        For a missing or malformed file.
    """
    expected = "a list of ablations, each with " + ", ".join(_FIELDS)
    records = read_yaml(library / "ablations.yaml", "ablations.yaml", ClaimError, expected)
    if not isinstance(records.value, list):
        raise records.wrong(f"this is {said(records.value)}", expected, "Write a dash before each ablation, or [] for none")
    found = tuple(_ablation(record) for record in records.each())
    for i, ablation in enumerate(found):
        if ablation.id in [other.id for other in found[:i]]:
            raise records.each()[i].wrong("an ablation is given twice", "each id once", "Rename one of the two")
    return found


def _ablation(record: Field) -> Ablation:
    record.require(*_FIELDS, example={"set": "{k_deg_nuc_drug: k_deg_nuc_apo}", "restates": "{}"})
    id, only = record["id"].text(), record.get("subject_only")
    change = Change(id, _settings(record["set"]), True if only is None else only.truth(), record.source.shown)
    restates = {statement: why.text() for statement, why in record["restates"].items()}
    return Ablation(id, record["title"].text(), record["what"].text(), change, restates)


def concerns(ablation: Ablation, known: Sequence[str]) -> bool:
    """Return whether a model with these quantities has all that an ablation names."""
    return all(id in known for id in quantities(ablation))


def _settings(settings: Field) -> dict[str, str | float]:
    if not settings.value:
        raise settings.wrong(
            "nothing is switched off", "quantities with what they are set to", "Write {quantity: another quantity or a number}"
        )
    return {name: entry.text() if isinstance(entry.value, str) else entry.number(low=0.0) for name, entry in settings.items()}


def quantities(ablation: Ablation) -> tuple[str, ...]:
    """Return the quantities of a model that an ablation names."""
    settings = ablation.change.settings.items()
    return tuple(
        id for target, source in settings for id in (target, *([source.split(":")[-1].strip()] if isinstance(source, str) else []))
    )


def ablate(
    claim: Claim,
    ablations: tuple[Ablation, ...],
    p_on: float,
    draws: Draws,
    *,
    library: Path,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[AblationOutcome, ...]:
    """Return P(pass) of a claim with each part switched off that its model has, over the same draws."""
    assert claim.tested is not None
    known = equations_of(claim.tested.model, library).given
    outcomes = []
    for ablation in (one for one in ablations if concerns(one, known)):
        readings = run_experiment(
            claim.tested,
            draws,
            library=library,
            change=ablation.change,
            only=claim.arms(),
            workers=workers,
            progress=progress,
        )
        p_off = test_claim(claim, readings, controls=False).p_pass
        because = ablation.restates.get(claim.statement.id, ablation.what)
        tautological = claim.statement.id in ablation.restates
        outcomes.append(AblationOutcome(ablation.id, ablation.title, p_on, p_off, p_on > 0.5 >= p_off, tautological, because))
    return tuple(outcomes)
