"""The estimated parameters of a problem on the scale on which they are estimated: names, bounds, and the way back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.errors import InputError, Issue
from serdsim.fit.prior import Prior
from serdsim.fit.problem import Problem, Quantity


@dataclass(frozen=True)
class Space:
    """Estimated parameters in the order of the problem.

    Attributes
    ----------
    names : tuple of str
    logarithmic : tuple of bool
        Whether the natural logarithm of the parameter is estimated.
    lower, upper : tuple of float
        Bounds on the linear scale, within the support of the prior; infinite where there is none.
    priors : tuple of Prior or None
    """

    names: tuple[str, ...]
    logarithmic: tuple[bool, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    priors: tuple[Prior | None, ...]

    @property
    def low(self) -> np.ndarray:
        """Lower bounds on the estimation scale."""
        return self.vector(dict(zip(self.names, self.lower, strict=True)))

    @property
    def high(self) -> np.ndarray:
        """Upper bounds on the estimation scale."""
        return self.vector(dict(zip(self.names, self.upper, strict=True)))

    def vector(self, values: Mapping[str, float]) -> np.ndarray:
        """Return values of the linear scale as a vector on the estimation scale."""
        return np.array([_logarithm(values[name]) if log else values[name] for name, log in zip(self.names, self.logarithmic, strict=True)])

    def values(self, vector: Sequence[float] | np.ndarray) -> dict[str, float]:
        """Return a vector on the estimation scale as values on the linear scale, none of them beyond its bounds by rounding."""
        rows = zip(self.names, self.logarithmic, vector, self.lower, self.upper, strict=True)
        return {name: min(max(_exponential(float(at)) if log else float(at), lower), upper) for name, log, at, lower, upper in rows}


def space_of(problem: Problem) -> Space:
    """Return the estimated parameters of a problem.

    The natural logarithm is estimated where the lower bound is positive or the prior speaks of the logarithm. No bound lies beyond the
    support of the prior: a flat density would not keep a search inside.

    Raises
    ------
    InputError
        When nothing is estimated, or bounds and prior leave no room or hold no value that has a logarithm.
    """
    chosen = [one for one in problem.parameters.values() if one.estimate]
    if not chosen:
        raise InputError(Issue("the problem estimates no parameter", id=problem.name, expected="estimate = true in the parameter table"))
    lower, upper = zip(*(_ends(one) for one in chosen), strict=True)
    found = [_logarithmic(one) for one in chosen]
    issues = [
        Issue(_narrow(one, low, high), one.place.file, one.place.line, one.id)
        for one, log, low, high in zip(chosen, found, lower, upper, strict=True)
        if not max(low, 0.0 if log else low) < high
    ]
    if issues:
        raise InputError(issues)
    return Space(tuple(one.id for one in chosen), tuple(found), lower, upper, tuple(one.prior for one in chosen))


def _ends(one: Quantity) -> tuple[float, float]:
    """Return the bounds on the linear scale, within the support of the prior."""
    lower, upper = -math.inf if one.lower is None else one.lower, math.inf if one.upper is None else one.upper
    if one.prior is None:
        return lower, upper
    ends = one.prior.support
    return max(lower, ends[0]), min(upper, ends[1])


def _narrow(one: Quantity, low: float, high: float) -> str:
    own = (-math.inf if one.lower is None else one.lower, math.inf if one.upper is None else one.upper)
    allowed = "" if own == (low, high) else " that the prior allows"
    return f"no value{allowed} lies between the bounds {own[0]:g} and {own[1]:g}"


def _logarithmic(one: Quantity) -> bool:
    if one.lower is not None and one.lower > 0.0:
        return True
    return one.prior is not None and (one.prior.kind.startswith("log-") or one.prior.scale != "lin")


def _logarithm(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf


def _exponential(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
