"""The resolved plan of an answer: everything that its numbers and verdicts depend on, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from serdsim.analysis.ablation import Ablation
from serdsim.claims.claim import Claim, with_links
from serdsim.claims.evidence_rows import Fact
from serdsim.errors import ClaimError, Issue
from serdsim.model.recipe import read_recipe

_WORDS = ("title", "file")  # what a reader sees and no number depends on


def resolved_plan(
    claims: tuple[Claim, ...], facts: Mapping[str, Fact], ablations: tuple[Ablation, ...], draws: int, library: Path
) -> dict[str, object]:
    """Return the plan that the run id is made of.

    Raises
    ------
    ClaimError
        For no draws.
    """
    if draws < 1:
        raise ClaimError(Issue(f"{draws} draws", expected="at least one draw"))
    tested = [claim for claim in with_links(claims) if claim.experiment is not None]
    return {
        "statements": [claim.statement.id for claim in claims],
        "draws": draws,
        "tests": {claim.statement.id: [_bare(asdict(part)) for part in claim.every_part] for claim in tested},
        "derived": {claim.statement.id: [list(claim.derived_from), claim.statement.named_ablation] for claim in claims if claim.links},
        "sisters": {claim.statement.id: [[one.id, one.drug, *one.evidence] for one in claim.sisters] for claim in tested if claim.sisters},
        "judged": {claim.statement.id: _judgement(claim, facts) for claim in tested},
        "recipes": {name: _recipe(name, library) for name in sorted({e.model for claim in tested for e in claim.experiments})},
        "experiments": {experiment.id: _bare(asdict(experiment)) for claim in tested for experiment in claim.experiments},
        "ablations": [_ablation(one) for one in ablations] if tested else [],
    }


def _ablation(one: Ablation) -> list[object]:
    return [one.id, dict(one.change.settings), one.change.subject_only, one.place, sorted(one.restates)]


def _recipe(name: str, library: Path) -> dict[str, object]:
    """Return what a recipe says beside the model: where doses go, which drug takes which place, what is counted anew."""
    recipe = read_recipe(name, library)
    plating = None if recipe.plating is None else asdict(recipe.plating)
    said: dict[str, object] = {"doses": dict(recipe.doses), "slots": dict(recipe.slots), "medium": recipe.medium, "plating": plating}
    return said | ({"ways": {drug: ways.record() for drug, ways in recipe.ways.items()}} if recipe.ways else {})


def _bare(value: Any) -> Any:
    """Return the value without words, all the way down."""
    if isinstance(value, Mapping):
        return {key: _bare(inner) for key, inner in value.items() if key not in _WORDS}
    return [_bare(inner) for inner in value] if isinstance(value, list | tuple) else value


def _judgement(claim: Claim, facts: Mapping[str, Fact]) -> dict[str, object]:
    """Return what data role and verdict depend on beside the simulation."""
    rows = [[id, facts[id].role, facts[id].reliability, facts[id].numeric] for id in claim.statement.evidence]
    words = {"driving": list(claim.statement.driving), "named_ablation": claim.statement.named_ablation}
    return {"evidence": rows, "primary": list(claim.primary), "combine": claim.combine, **words}
