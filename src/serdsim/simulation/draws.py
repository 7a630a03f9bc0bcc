"""Parameter uncertainty: every number that has a distribution is drawn by the name of its table row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from serdsim.engine.randomness import normals, uniforms
from serdsim.errors import InputError, Issue, ModelError
from serdsim.model.entities import Evidence, Model


@dataclass(frozen=True)
class Draws:
    """How parameters are drawn.

    Attributes
    ----------
    count : int
        Number of draws; 0 means the nominal values once.
    seed : int
    sceptical : bool
        Rows of grade assumption are widened by a uniform factor of 10^-1 to 10^1 (on the odds for shares).
    """

    count: int
    seed: int
    sceptical: bool = False

    def __post_init__(self) -> None:
        if self.count < 0:
            raise InputError(Issue(f"{self.count} draws", id="draws", expected="0 or more"))
        if not 0 <= self.seed < 2**64:
            raise InputError(Issue(f"{self.seed} cannot be a seed", id="seed", expected="a whole number from 0 to 2^64 - 1"))

    @property
    def individuals(self) -> int:
        """Number of values per quantity."""
        return max(self.count, 1)


def draw(value: float, evidence: Evidence, draws: Draws) -> np.ndarray:
    """Return values of one quantity [its own unit], shape (draw,)."""
    if draws.count == 0 or evidence.distribution == "fixed":
        return np.full(draws.individuals, value)
    wide = draws.sceptical and evidence.grade == "assumption"
    return _drawn(value, evidence.distribution, evidence.prior or 0.0, evidence.lower, evidence.upper, evidence.row, draws, wide)


@lru_cache(maxsize=4096)
def _drawn(
    value: float, distribution: str, prior: float, lower: float | None, upper: float | None, name: str, draws: Draws, wide: bool
) -> np.ndarray:
    z = normals(draws.seed, draws.count, name)
    decades = 2.0 * uniforms(draws.seed, draws.count, name, 1) - 1.0 if wide else np.zeros(draws.count)
    if distribution == "lognormal":
        result = value * 10.0 ** (prior * z + decades)
    else:
        odds = np.log(value / (1.0 - value)) + prior * z + np.log(10.0) * decades
        result = 1.0 / (1.0 + np.exp(-odds))
    result = np.clip(result, lower if lower is not None else -np.inf, upper if upper is not None else np.inf)
    result.setflags(write=False)
    return np.asarray(result)


def given_values(model: Model, ids: tuple[str, ...], draws: Draws) -> np.ndarray:
    """Return the values of `ids`, shape (id, draw)."""
    issues = [
        Issue("the quantity has no value", id=id, file=model.origin or None, expected="a number") for id in ids if _value(model, id) is None
    ]
    if issues:
        raise ModelError(issues)
    rows = []
    for id in ids:
        value = float(_value(model, id) or 0.0)
        evidence = model.evidence.get(id)
        rows.append(draw(value, evidence, draws) if evidence else np.full(draws.individuals, value))
    return np.array(rows)


def _value(model: Model, id: str) -> float | None:
    if id in model.parameters or id in model.species or id in model.compartments:
        return model.quantity(id).value
    for reaction in model.reactions.values():
        for participant in (*reaction.reactants, *reaction.products):
            if participant.id == id and isinstance(participant.stoichiometry, int | float):
                return float(participant.stoichiometry)
    return None
