"""Ablations: one part of the mechanism switched off, the same draws, and which claims break."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from serdsim.claims.read import Claim
from serdsim.claims.records import AblationOutcome
from serdsim.claims.testing import test_claim
from serdsim.engine.ensemble import Progress
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.arms import Change
from serdsim.experiments.runner import run_experiment
from serdsim.simulation.draws import Draws


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
    path = library / "ablations.yaml"
    try:
        records = yaml.safe_load(path.read_text(encoding="utf-8"))
        return tuple(
            Ablation(
                str(r["id"]),
                str(r["title"]),
                str(r["what"]),
                Change(str(r["id"]), _settings(r["set"]), bool(r.get("subject_only", True)), path.name),
                dict(r["restates"]),
            )
            for r in records
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as problem:
        raise ClaimError(
            Issue(f"the ablations cannot be read: {problem}", file=path.name, expected="id, title, what, set, restates")
        ) from None


def _settings(record: Mapping[str, object]) -> dict[str, str | float]:
    settings: dict[str, str | float] = {}
    for name, value in record.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f'"{name}" is set to "{value}"')
        if not isinstance(value, str) and not 0 <= value < float("inf"):
            raise ValueError(f'"{name}" is set to "{value}", which is not zero or more')
        settings[str(name)] = value if isinstance(value, str) else float(value)
    return settings


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
    """Return P(pass) of a claim with each part switched off, over the same draws."""
    assert claim.experiment is not None
    outcomes = []
    for ablation in ablations:
        readings = run_experiment(
            claim.experiment,
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
