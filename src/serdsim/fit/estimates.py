"""Parameters at the optimum beside their priors: how far each moved, what lies at a bound, what moves together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.fit.interval import Interval, Local
from serdsim.fit.problem import Filled, Problem
from serdsim.fit.space import Space

TOGETHER = 0.9  # correlation from which a pair is named
_ENDS = (0.025, 0.975)
_ONE = (0.15865525393145707, 0.8413447460685429)  # shares of a normal one standard deviation below and above


@dataclass(frozen=True)
class Estimate:
    """A parameter with its interval and its prior.

    Attributes
    ----------
    interval : Interval
        Value and 95 % local interval.
    lower, upper : float
        Bounds; infinite where there is none.
    prior : str
        The name of the prior; empty for none, which is flat between the bounds.
    median, low, high : float
        Of the prior cut at the bounds, with its central 95 %; not numbers without a prior.
    moved : float
        From the prior's median to the value, in the prior's standard deviation, on the scale of estimation. Not a number without a prior.
    logarithmic : bool
        Whether its logarithm is estimated.
    row : Filled, optional
        The row of the library that it fills.
    """

    interval: Interval
    lower: float
    upper: float
    prior: str
    median: float
    low: float
    high: float
    moved: float
    logarithmic: bool
    row: Filled | None = None

    @property
    def name(self) -> str:
        """Its id in the problem."""
        return self.interval.name

    @property
    def note(self) -> str:
        """What must be said beside its interval."""
        if self.interval.at_bound:
            return f"at its {self.interval.at_bound} bound"
        return "interval cut at a bound" if self.interval.cut else ""


def estimates(problem: Problem, space: Space, local: Local) -> tuple[Estimate, ...]:
    """Return every estimated parameter in the order of the problem."""
    return tuple(_estimate(problem, space, number, one) for number, one in enumerate(local.intervals))


def _estimate(problem: Problem, space: Space, number: int, one: Interval) -> Estimate:
    lower, upper, prior, log = space.lower[number], space.upper[number], space.priors[number], space.logarithmic[number]
    row = problem.rows.get(one.name)
    if prior is None:
        return Estimate(one, lower, upper, "", math.nan, math.nan, math.nan, math.nan, log, row)
    median, low, high, below, above = (prior.quantile(share, lower, upper) for share in (0.5, *_ENDS, *_ONE))
    width = (_scaled(above, log) - _scaled(below, log)) / 2.0
    moved = (_scaled(one.value, log) - _scaled(median, log)) / width if width > 0.0 else math.nan
    return Estimate(one, lower, upper, prior.kind, median, low, high, moved, log, row)


def _scaled(value: float, log: bool) -> float:
    if not log:
        return value
    return math.log(value) if value > 0.0 else -math.inf


def together(local: Local, least: float = TOGETHER) -> Sequence[tuple[str, str, float]]:
    """Return the pairs of parameters whose correlation is at least so strong, the strongest first."""
    pairs = []
    for i, one in enumerate(local.free):
        for j in range(i):
            size = math.sqrt(local.covariance[i, i]) * math.sqrt(local.covariance[j, j])
            r = float(local.covariance[i, j]) / size if size > 0.0 else math.nan
            if math.isfinite(r) and abs(r) >= least:
                pairs.append((local.free[j], one, r))
    return sorted(pairs, key=lambda pair: -abs(pair[2]))
