"""Intervals about an optimum from its curvature, and the directions along which nothing is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serdsim.fit.point import Point
from serdsim.fit.space import Space

Z = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution
NEAR = 1e-3  # share of the width between the bounds within which a parameter may lie at one of them
SHARE = 0.1  # a direction is named by parameters that carry at least this share of it


@dataclass(frozen=True)
class Interval:
    """One parameter at the optimum.

    Attributes
    ----------
    name : str
    value, lower, upper : float
        On the linear scale: the central 95 % of a normal on the estimation scale, cut at the bounds. `lower` and `upper` are not a
        number for a parameter at a bound.
    deviation : float
        Standard deviation on the estimation scale; infinite where nothing is known, not a number at a bound.
    at_bound : str
        `lower` or `upper` where the parameter lies at that bound and would go on beyond it, else empty.
    cut : bool
        Whether a bound cut the interval.
    """

    name: str
    value: float
    lower: float
    upper: float
    deviation: float
    at_bound: str = ""
    cut: bool = False


@dataclass(frozen=True)
class Direction:
    """A direction on the estimation scale along which the interval is wider than the bounds are apart.

    Attributes
    ----------
    width : float
        Of the 95 % interval, in widths of the bounds; infinite where the curvature is nothing or bends down.
    parts : tuple of (str, float)
        The parameters that carry it, the strongest first, each with its part of a unit vector.
    """

    width: float
    parts: tuple[tuple[str, float], ...]

    def text(self) -> str:
        """Return the direction in words."""
        names = ", ".join(f"{part:+.2f} {name}" for name, part in self.parts)
        width = f"95 % interval {self.width:.3g} times as wide as the bounds" if math.isfinite(self.width) else "no curvature"
        return f"not identified: {names} ({width})"


@dataclass(frozen=True)
class Local:
    """What the curvature at an optimum says.

    Attributes
    ----------
    intervals : tuple of Interval
        For every parameter.
    unknown : tuple of Direction
        Directions that are not identified, the least known first.
    free : tuple of str
        The parameters of `covariance`: those that are not at a bound.
    covariance : ndarray
        On the estimation scale, shape (free, free); infinite variances stand where a direction without curvature enters.
    """

    intervals: tuple[Interval, ...]
    unknown: tuple[Direction, ...]
    free: tuple[str, ...]
    covariance: np.ndarray


def local_intervals(space: Space, vector: np.ndarray, point: Point) -> Local:
    """Return 95 % intervals about an optimum, from the inverse of the curvature of the parameters that are not at a bound.

    Parameters
    ----------
    space : Space
        The parameters and their bounds.
    vector : ndarray
        The optimum on the estimation scale.
    point : Point
        What the objective gives there.
    """
    low, high = space.low, space.high
    held = [
        _at_bound(float(x), a, b, g, h) for x, a, b, g, h in zip(vector, low, high, point.gradient, np.diag(point.curvature), strict=True)
    ]
    free = [i for i, bound in enumerate(held) if not bound]
    names = tuple(space.names[i] for i in free)
    width = high[free] - low[free]
    width = np.where(np.isfinite(width), width, 1.0)
    covariance, unknown = _inverse(point.curvature[np.ix_(free, free)], width, names)
    deviations = dict(zip(free, np.sqrt(np.diag(covariance)), strict=True))
    values = space.values(vector)
    intervals = []
    for i, name in enumerate(space.names):
        if held[i]:
            intervals.append(Interval(name, values[name], math.nan, math.nan, math.nan, held[i]))
            continue
        ends = (vector[i] - Z * deviations[i], vector[i] + Z * deviations[i])
        lower, upper = (space.values([*vector[:i], min(max(end, low[i]), high[i]), *vector[i + 1 :]])[name] for end in ends)
        cut = bool(ends[0] < low[i] or ends[1] > high[i])
        intervals.append(Interval(name, values[name], lower, upper, float(deviations[i]), cut=cut))
    return Local(tuple(intervals), unknown, names, covariance)


def _at_bound(x: float, low: float, high: float, slope: float, bend: float) -> str:
    """Return the bound at which a parameter lies: near it, and a step of Newton's would take it beyond."""
    for name, gap, push in (("lower", x - low, slope), ("upper", high - x, -slope)):
        near = gap <= NEAR * (high - low) if math.isfinite(high - low) else gap <= NEAR
        if near and push > 0.0 and push >= bend * gap:
            return name
    return ""


def _inverse(curvature: np.ndarray, width: np.ndarray, names: tuple[str, ...]) -> tuple[np.ndarray, tuple[Direction, ...]]:
    """Return the covariance, and the directions whose interval is wider than the bounds, in which all widths are one.

    What is nothing is judged where every parameter has a curvature of one, so that no unit of another one drowns it.
    """
    if not names:
        return np.zeros((0, 0)), ()
    root = np.sqrt(np.abs(np.diag(curvature)))
    root[root == 0.0] = 1.0
    sizes, directions = np.linalg.eigh(0.5 * (curvature + curvature.T) / root / root[:, None])
    nothing = sizes <= len(names) * np.finfo(float).eps * max(float(sizes[-1]), 0.0)
    known = directions[:, ~nothing] / root[:, None]
    covariance = (known / sizes[~nothing]) @ known.T
    lost = (directions[:, nothing] ** 2).sum(axis=1) > np.finfo(float).eps
    lines = np.where(lost[:, None], directions[:, nothing], 0.0) / (root * width)[:, None]
    blank = np.linalg.qr(lines / np.linalg.norm(lines, axis=0))[0]
    rest = np.eye(len(names)) - blank @ blank.T
    variances, weak = np.linalg.eigh(rest @ (covariance / width / width[:, None]) @ rest)
    unknown = [_direction(math.inf, one, names) for one in blank.T]
    for variance, one in zip(variances[::-1], weak.T[::-1], strict=True):
        wide = 2.0 * Z * math.sqrt(max(float(variance), 0.0))
        if wide > 1.0:
            unknown.append(_direction(wide, one, names))
    covariance[np.ix_(lost, lost)] = np.where(np.eye(int(lost.sum()), dtype=bool), math.inf, math.nan)
    return covariance, tuple(unknown)


def _direction(wide: float, direction: np.ndarray, names: tuple[str, ...]) -> Direction:
    order = np.argsort(-np.abs(direction), kind="stable")
    sign = math.copysign(1.0, direction[order[0]])
    return Direction(wide, tuple((names[i], float(sign * direction[i])) for i in order if direction[i] ** 2 >= SHARE**2))
