"""Parameter uncertainty: every number that has a distribution is drawn by the name of its table row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

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
    first : int
        Number of the first draw: any part of many draws is the same alone as among all.
    """

    count: int
    seed: int
    sceptical: bool = False
    first: int = 0

    def __post_init__(self) -> None:
        if self.count < 0:
            raise InputError(Issue(f"{self.count} draws", id="draws", expected="0 or more"))
        if not 0 <= self.seed < 2**64:
            raise InputError(Issue(f"{self.seed} cannot be a seed", id="seed", expected="a whole number from 0 to 2^64 - 1"))

    @property
    def individuals(self) -> int:
        """Number of values per quantity."""
        return max(self.count, 1)


@dataclass(frozen=True)
class Marginal:
    """What one quantity is drawn from: its central value, its distribution with width and bounds, the name of its row, and for
    one that was fitted with others the rows whose normals it mixes, with their weights.
    """

    value: float
    distribution: str = "fixed"
    prior: float = 0.0
    lower: float | None = None
    upper: float | None = None
    row: str = ""
    assumed: bool = False
    mixture: tuple[tuple[str, float], ...] = ()


def marginals_of(model: Model, ids: Sequence[str]) -> tuple[Marginal, ...]:
    """Return what the quantities `ids` are drawn from.

    Raises
    ------
    ModelError
        For a quantity without a value.
    """
    values = {id: _value(model, id) for id in ids}
    issues = [
        Issue("the quantity has no value", id=id, file=model.origin or None, expected="a number")
        for id, value in values.items()
        if value is None
    ]
    if issues:
        raise ModelError(issues)
    return tuple(_marginal(float(values[id] or 0.0), model.evidence.get(id)) for id in ids)


def _marginal(value: float, evidence: Evidence | None) -> Marginal:
    if evidence is None:
        return Marginal(value)
    e = evidence
    return Marginal(value, e.distribution, e.prior or 0.0, e.lower, e.upper, e.row, e.grade == "assumption", e.mixture)


def draw(value: float, evidence: Evidence, draws: Draws) -> np.ndarray:
    """Return values of one quantity [its own unit], shape (draw,)."""
    return np.asarray(drawn((_marginal(value, evidence),), draws)[0])


def given_values(model: Model, ids: tuple[str, ...], draws: Draws) -> np.ndarray:
    """Return the values of `ids`, shape (id, draw)."""
    return drawn(marginals_of(model, ids), draws)


def drawn(marginals: Sequence[Marginal], draws: Draws) -> np.ndarray:
    """Return values of quantities [each in its own unit], shape (quantity, draw); those of one row share its numbers."""
    result = np.repeat(np.array([[m.value] for m in marginals], float).reshape(-1, 1), draws.individuals, axis=1)
    if draws.count == 0:
        return result
    individuals = range(draws.first, draws.first + draws.count)
    names = tuple(dict.fromkeys(name for m in marginals if m.distribution != "fixed" for name, _ in _mixture(m)))
    wide = tuple(dict.fromkeys(m.row for m in marginals if m.distribution != "fixed" and m.assumed)) if draws.sceptical else ()
    z = dict(zip(names, normals(draws.seed, individuals, names), strict=True))
    decades = dict(zip(wide, 2.0 * uniforms(draws.seed, individuals, wide, 1) - 1.0, strict=True))
    for i, m in enumerate(marginals):
        if m.distribution != "fixed":
            mixed = np.zeros(draws.count)
            for name, weight in _mixture(m):  # one after the other: a sum over an axis would group by how many draws there are
                mixed = mixed + weight * z[name]
            result[i] = _spread(m, mixed, decades[m.row] if draws.sceptical and m.assumed else np.zeros(draws.count))
    return result


def _mixture(m: Marginal) -> tuple[tuple[str, float], ...]:
    return m.mixture or ((m.row, 1.0),)


def quantile(marginal: Marginal, share: float) -> float:
    """Return what a share of all draws of a quantity lies below [its own unit]; the value itself where it is fixed."""
    if marginal.distribution == "fixed":
        return marginal.value
    return float(_spread(marginal, np.array([NormalDist().inv_cdf(share)]), np.zeros(1))[0])


def _spread(m: Marginal, z: np.ndarray, decades: np.ndarray) -> np.ndarray:
    if m.distribution == "lognormal":
        result = m.value * 10.0 ** (m.prior * z + decades)
    else:
        odds = np.log(m.value / (1.0 - m.value)) + m.prior * z + np.log(10.0) * decades
        result = 1.0 / (1.0 + np.exp(-odds))
    return np.asarray(np.clip(result, m.lower if m.lower is not None else -np.inf, m.upper if m.upper is not None else np.inf))


def _value(model: Model, id: str) -> float | None:
    if id in model.parameters or id in model.species or id in model.compartments:
        return model.quantity(id).value
    for reaction in model.reactions.values():
        for participant in (*reaction.reactants, *reaction.products):
            if participant.id == id and isinstance(participant.stoichiometry, int | float):
                return float(participant.stoichiometry)
    return None
