"""Parameter uncertainty and variability between individuals: every number that has a distribution, or a variance, is drawn by the
name of its table row, the two apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from serdsim.engine.randomness import normals, uniforms
from serdsim.errors import InputError, Issue, ModelError
from serdsim.model.entities import Evidence, Model

_BETWEEN = "between individuals: "  # the stream of a row's differences, which is not that of its uncertainty
_FEW = 256  # individuals of whom drawn values are kept: a quarter of a megabyte


@dataclass(frozen=True)
class Draws:
    """How parameters are drawn.

    All individuals of a draw share its uncertain parameters. The first of them is the typical one, the others differ from it by the
    variance between individuals.

    Attributes
    ----------
    count : int
        Number of draws; 0 means the nominal values once.
    seed : int
    sceptical : bool
        Rows of grade assumption are widened by a uniform factor of 10^-1 to 10^1 (on the odds for shares).
    first : int
        Number of the first draw: any part of many draws is the same alone as among all.
    beside : int
        Individuals beside the typical one in each draw.
    held, at : str and tuple of float
        A row that is held at so many standard deviations of its prior from its central value: all draws are there once for each of them,
        one after the other, and nothing else of them is another. No row is held where the name is empty.
    """

    count: int
    seed: int
    sceptical: bool = False
    first: int = 0
    beside: int = 0
    held: str = ""
    at: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 0:
            raise InputError(Issue(f"{self.count} draws", id="draws", expected="0 or more"))
        if self.beside < 0:
            raise InputError(Issue(f"{self.beside} individuals beside the typical one", id="patients", expected="0 or more"))
        if not 0 <= self.seed < 2**64:
            raise InputError(Issue(f"{self.seed} cannot be a seed", id="seed", expected="a whole number from 0 to 2^64 - 1"))

    @property
    def individuals(self) -> int:
        """Number of values per quantity."""
        return max(self.count, 1) * self.group * (len(self.at) if self.held else 1)

    @property
    def group(self) -> int:
        """Number of individuals in a draw, the typical one included."""
        return 1 + self.beside


@dataclass(frozen=True)
class Marginal:
    """What one quantity is drawn from: its central value, its distribution with width and bounds, the name of its row, and for
    one that was fitted with others the rows whose normals it mixes, with their weights; the variance between individuals likewise.
    """

    value: float
    distribution: str = "fixed"
    prior: float = 0.0
    lower: float | None = None
    upper: float | None = None
    row: str = ""
    assumed: bool = False
    mixture: tuple[tuple[str, float], ...] = ()
    iiv: float = 0.0
    iiv_mixture: tuple[tuple[str, float], ...] = ()

    @property
    def varies(self) -> bool:
        """Whether individuals differ in it."""
        return self.iiv > 0.0


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
    return Marginal(
        value, e.distribution, e.prior or 0.0, e.lower, e.upper, e.row, e.grade == "assumption", e.mixture, e.iiv or 0.0, e.iiv_mixture
    )


def draw(value: float, evidence: Evidence, draws: Draws) -> np.ndarray:
    """Return values of one quantity [its own unit], shape (draw,)."""
    return np.asarray(drawn((_marginal(value, evidence),), draws)[0])


def given_values(model: Model, ids: tuple[str, ...], draws: Draws) -> np.ndarray:
    """Return the values of `ids`, shape (id, draw)."""
    marginals = marginals_of(model, ids)
    return _kept(marginals, draws).copy() if draws.individuals <= _FEW else drawn(marginals, draws)


@lru_cache(maxsize=256)
def _kept(marginals: tuple[Marginal, ...], draws: Draws) -> np.ndarray:
    """Return the values again where they were drawn before: arms of an experiment, and parts that are switched off, share theirs."""
    return drawn(marginals, draws)


def drawn(marginals: Sequence[Marginal], draws: Draws, rows: range | None = None) -> np.ndarray:
    """Return values of quantities [each in its own unit], shape (quantity, individual); those of one row share its numbers.

    Individuals count draw by draw; `rows` are those that are wanted, all of them where it is left out.
    """
    if draws.held:
        return np.concatenate([_held(marginals, replace(draws, held="", at=()), draws.held, z) for z in draws.at], axis=1)
    rows = range(draws.individuals) if rows is None else rows
    result = np.repeat(np.array([[m.value] for m in marginals], float).reshape(-1, 1), len(rows), axis=1)
    of, member = np.divmod(np.arange(rows.start, rows.stop), draws.group)
    spread, decades = _uncertain(marginals, draws, of) if draws.count else ({}, {})
    apart = _between(marginals, draws, of, member)
    still = np.zeros(len(rows))
    for i, m in enumerate(marginals):
        uncertain, varies = bool(draws.count) and m.distribution != "fixed", m.varies and bool(draws.beside)
        if not uncertain and not varies:
            continue
        mixed, shift = np.zeros(len(rows)), None
        if uncertain:
            for name, weight in _mixture(m):  # one after the other: a sum over an axis would group by how many there are
                mixed = mixed + weight * spread[name]
        if varies:
            shift = np.zeros(len(rows))
            for name, weight in m.iiv_mixture or ((m.row, 1.0),):
                shift = shift + weight * apart[name]
            shift = shift * np.sqrt(m.iiv)
        values = _spread(m, mixed, decades[m.row] if draws.sceptical and m.assumed and uncertain else still, shift)
        result[i] = values if uncertain else np.where(member == 0, m.value, values)
    return result


def _held(marginals: Sequence[Marginal], draws: Draws, row: str, z: float) -> np.ndarray:
    """Return values of quantities with those of one row at `z` standard deviations of its prior; individuals differ from that."""
    held = (replace(m, value=quantile_at(m, z), prior=0.0, assumed=False) if m.row == row else m for m in marginals)
    return drawn(tuple(held), draws)


def _uncertain(marginals: Sequence[Marginal], draws: Draws, of: np.ndarray) -> tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]]:
    """Return the standard normal number of each row, and of each assumption the decades that a sceptic moves it by, per individual."""
    first, last = (int(of[0]), int(of[-1]) + 1) if len(of) else (0, 0)
    wanted = range(draws.first + first, draws.first + last)
    uncertain = [m for m in marginals if m.distribution != "fixed"]
    names = tuple(dict.fromkeys(name for m in uncertain for name, _ in _mixture(m)))
    wide = tuple(dict.fromkeys(m.row for m in uncertain if m.assumed)) if draws.sceptical else ()
    z = normals(draws.seed, wanted, names)
    decades = 2.0 * uniforms(draws.seed, wanted, wide, 1) - 1.0
    if draws.beside:
        z, decades = z[:, of - first], decades[:, of - first]
    return dict(zip(names, z, strict=True)), dict(zip(wide, decades, strict=True))


def _between(marginals: Sequence[Marginal], draws: Draws, of: np.ndarray, member: np.ndarray) -> Mapping[str, np.ndarray]:
    """Return the standard normal number by which each individual differs in each row, 0 for the typical one.

    It depends on seed, draw, number of the individual in its draw and row only.
    """
    if not draws.beside:
        return {}
    names = tuple(dict.fromkeys(name for m in marginals if m.varies for name, _ in m.iiv_mixture or ((m.row, 1.0),)))
    numbers = normals(draws.seed, member, [_BETWEEN + name for name in names], of + draws.first)
    return dict(zip(names, np.where(member == 0, 0.0, numbers), strict=True))


def require_variance(marginals: Sequence[Marginal], draws: Draws, name: str) -> None:
    """Raise an InputError for individuals that would all be alike."""
    if draws.beside and not any(m.varies for m in marginals):
        problem = f"all individuals of the model {name} are alike: none of its rows has a variance between individuals"
        raise InputError(Issue(problem, id="patients", expected="a row with iiv", repair="Leave them out, or fill the column iiv"))


def _mixture(m: Marginal) -> tuple[tuple[str, float], ...]:
    return m.mixture or ((m.row, 1.0),)


def quantile(marginal: Marginal, share: float) -> float:
    """Return what a share of all draws of a quantity lies below [its own unit]; the value itself where it is fixed."""
    return quantile_at(marginal, NormalDist().inv_cdf(share))


def quantile_at(marginal: Marginal, z: float) -> float:
    """Return the value at `z` standard deviations of the prior [its own unit]; the value itself where it is fixed."""
    if marginal.distribution == "fixed":
        return marginal.value
    return float(_spread(marginal, np.array([z]), np.zeros(1), None)[0])


def _spread(m: Marginal, z: np.ndarray, decades: np.ndarray, shift: np.ndarray | None) -> np.ndarray:
    """Return values at `z` standard deviations of the prior; `shift` is the difference of individuals on the log or the log odds."""
    if m.distribution == "logitnormal":
        odds = np.log(m.value / (1.0 - m.value)) + m.prior * z + np.log(10.0) * decades
        result = 1.0 / (1.0 + np.exp(-(odds if shift is None else odds + shift)))
    else:
        result = m.value * 10.0 ** (m.prior * z + decades) if m.distribution == "lognormal" else np.full(z.shape, m.value)
        result = result if shift is None else result * np.exp(shift)
    return np.asarray(np.clip(result, m.lower if m.lower is not None else -np.inf, m.upper if m.upper is not None else np.inf))


def _value(model: Model, id: str) -> float | None:
    if id in model.parameters or id in model.species or id in model.compartments:
        return model.quantity(id).value
    for reaction in model.reactions.values():
        for participant in (*reaction.reactants, *reaction.products):
            if participant.id == id and isinstance(participant.stoichiometry, int | float):
                return float(participant.stoichiometry)
    return None
