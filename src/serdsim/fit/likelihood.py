"""How probable a number, an interval or a bound is beside what was simulated, with the slopes that a fit climbs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from serdsim.fit.problem import Noise, Term

_LOG_ROOT_TWO_PI = 0.5 * math.log(2.0 * math.pi)
_NARROW = 1e-3  # of an interval in widths, times how steep the density is: below it a series is exact to rounding
_FAR = 1e4  # [widths]: beyond it the information lost through censoring is 1 / distance^2 to rounding


class Score(NamedTuple):
    """Log-likelihood and what it says about the simulated value and the width; all are not a number where it has no value.

    Attributes
    ----------
    value : ndarray
        Log-likelihood.
    by_simulated, by_width : ndarray
        Its derivatives with respect to the simulated value, on the linear scale, and to the width of the noise.
    information : ndarray
        Gauss-Newton weight of the simulated value, never negative: minus the second derivative on the scale of the noise, carried to
        the linear scale by the square of the slope between them. For Laplace noise, which has no curvature, that of the normal
        distribution of the same width.
    """

    value: np.ndarray
    by_simulated: np.ndarray
    by_width: np.ndarray
    information: np.ndarray


def term_score(simulated: ArrayLike, width: ArrayLike, term: Term) -> Score:
    """Return the score of a term at simulated values of its formula and widths of its noise, which broadcast."""
    if term.lower == term.upper:
        return number_score(simulated, width, term.noise, term.lower)
    return interval_score(simulated, width, term.noise, term.lower, term.upper)


def residual(simulated: ArrayLike, width: ArrayLike, noise: Noise, measured: ArrayLike) -> np.ndarray:
    """Return measured minus simulated in widths, on the scale of the noise."""
    with np.errstate(all="ignore"):
        x, s, m = np.broadcast_arrays(*(np.asarray(one, float) for one in (simulated, width, measured)))
        return np.where(_usable(x, s, noise) & ((noise.scale == "lin") | (m > 0.0)), (_turned(m, noise) - _turned(x, noise)) / s, np.nan)


def number_score(simulated: ArrayLike, width: ArrayLike, noise: Noise, measured: ArrayLike) -> Score:
    """Return the score of measured numbers: their density, for a logarithmic scale that of the number itself."""
    with np.errstate(all="ignore"):
        x, s, m = np.broadcast_arrays(*(np.asarray(one, float) for one in (simulated, width, measured)))
        z, slope, unit = residual(x, s, noise, m), _slope(x, noise), _unit(noise)
        stretch = 0.0 if noise.scale == "lin" else np.log(m * unit)
        if noise.distribution == "laplace":
            value, push, pull = -np.log(2.0 * s) - np.abs(z), np.sign(z), np.abs(z)
        else:
            value, push, pull = -_LOG_ROOT_TWO_PI - np.log(s) - 0.5 * z**2, z, z**2
        found = (value - stretch, push / s * slope, (pull - 1.0) / s, (slope / s) ** 2)
        return Score(*(np.where(np.isnan(z), np.nan, one) for one in found))


def interval_score(simulated: ArrayLike, width: ArrayLike, noise: Noise, lower: ArrayLike, upper: ArrayLike) -> Score:
    """Return the score of intervals: the probability that a noisy number lies inside; a bound that is not given is infinite.

    The noise is normal on its scale.
    """
    with np.errstate(all="ignore"):
        x, s, low, high = np.broadcast_arrays(*(np.asarray(one, float) for one in (simulated, width, lower, upper)))
        y, slope = _turned(x, noise), _slope(x, noise)
        low, high = (one if noise.scale == "lin" else _turned(np.maximum(one, 0.0), noise) for one in (low, high))
        value, push, pull, bend = _between((low - y) / s, (high - y) / s, (high - low) / s)
        found = (value, push / s * slope, pull / s, bend * (slope / s) ** 2)
        return Score(*(np.where(_usable(x, s, noise), one, np.nan) for one in found))


def _usable(x: np.ndarray, s: np.ndarray, noise: Noise) -> np.ndarray:
    usable: np.ndarray = (s > 0.0) & ~np.isnan(x) & ((noise.scale == "lin") | (x > 0.0))
    return usable


def _unit(noise: Noise) -> float:
    return math.log(10.0) if noise.scale == "log10" else 1.0


def _turned(x: np.ndarray, noise: Noise) -> np.ndarray:
    return x if noise.scale == "lin" else np.log(x) / _unit(noise)


def _slope(x: np.ndarray, noise: Noise) -> np.ndarray:
    return np.ones_like(x) if noise.scale == "lin" else 1.0 / (x * _unit(noise))


_Four = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _between(a: np.ndarray, b: np.ndarray, h: np.ndarray) -> _Four:
    """Return log(Phi(b) - Phi(a)), its slopes as a shift and as a stretch of the noise grow, and minus its bend; h is b - a.

    Where the interval lies to one side of zero it is mirrored to the left, and everything is divided by the density at the end that
    is nearer to zero, so that nothing vanishes however far out it lies.
    """
    mirrored = a + b > 0.0
    a, b = np.where(mirrored, -b, a), np.where(mirrored, -a, b)
    middle = 0.5 * (a + b)
    cases = [h * np.maximum(1.0, np.abs(middle)) < _NARROW, b <= 0.0]
    parts = zip(_narrow(middle, h), _aside(a, b, h), _around(a, b), strict=True)
    value, push, pull, bend = (np.select(cases, [narrow, aside], around) for narrow, aside, around in parts)
    return value, np.where(mirrored, -push, push), pull, np.clip(bend, 0.0, 1.0)


def _narrow(middle: np.ndarray, h: np.ndarray) -> _Four:
    """Return the four for a narrow interval: the density in its middle times its length, with the next term of the series."""
    third = h**2 / 24.0
    bulge = 1.0 + (middle**2 - 1.0) * third
    value = -0.5 * middle**2 - _LOG_ROOT_TWO_PI + np.log(h) + np.log(bulge)
    by_middle = -middle + 2.0 * middle * third / bulge
    stretch = -middle * by_middle - 1.0 - 2.0 * (middle**2 - 1.0) * third / bulge
    return value, -by_middle, stretch, 1.0 - 2.0 * third / bulge + (2.0 * middle * third / bulge) ** 2


def _aside(a: np.ndarray, b: np.ndarray, h: np.ndarray) -> _Four:
    """Return the four for an interval left of zero, with everything in units of the density at b."""
    fall = np.expm1(0.5 * h * (a + b))  # density at a over that at b, less one
    mass = _mills(b) - (1.0 + fall) * _mills(a)
    at_b = 1.0 / mass
    ends = np.where(np.isfinite(a), a * fall - h, -b)  # what a pulls less what b pulls
    value = -0.5 * b**2 - _LOG_ROOT_TWO_PI + np.log(mass)
    bend = np.where(-b > _FAR, 1.0 - 1.0 / b**2, at_b * (at_b * fall**2 - ends))
    return value, fall * at_b, ends * at_b, bend


def _mills(z: np.ndarray) -> np.ndarray:
    """Return Phi(z) over the density at z, for z that is not above zero."""
    ratio: np.ndarray = math.sqrt(0.5 * math.pi) * special.erfcx(-z / math.sqrt(2.0))
    return ratio


def _around(a: np.ndarray, b: np.ndarray) -> _Four:
    """Return the four for an interval that holds zero."""
    mass = 0.5 * (special.erf(b / math.sqrt(2.0)) + special.erf(-a / math.sqrt(2.0)))
    value = np.where(mass > 0.5, np.log1p(-(special.ndtr(a) + special.ndtr(-b))), np.log(mass))
    at_a, at_b = (np.exp(-0.5 * end**2 - _LOG_ROOT_TWO_PI) / mass for end in (a, b))
    pull_a, pull_b = (np.where(np.isfinite(end), end * at, 0.0) for end, at in ((a, at_a), (b, at_b)))
    return value, at_a - at_b, pull_a - pull_b, pull_b - pull_a + (at_a - at_b) ** 2
