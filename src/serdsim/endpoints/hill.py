"""Hill curves through a few effects at rising concentrations, for many curves at once; no start values and no chance in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_STEEP = (0.2, 8.0)  # steepness that is looked among
_BEYOND = 100.0  # how far outside the concentrations the half may lie, as a factor
_POINTS = (33, 15)  # of the grid where a fit begins, in the half and in the steepness
_STEPS = 60
_NUDGE = 1e-5  # of a derivative, on the log scale
_DAMPING = (1e-3, 0.2, 5.0)  # at first, after a step that helps, after one that does not


@dataclass(frozen=True)
class Hill:
    """Effects floor + (top - floor) c^h / (half^h + c^h), one entry per curve in each array.

    Attributes
    ----------
    floor, top : ndarray
        Effect without the drug and at endless concentration, shares of 1.
    half : ndarray
        Concentration of half of the rise.
    steep : ndarray
        h, dimensionless.
    """

    floor: np.ndarray
    top: np.ndarray
    half: np.ndarray
    steep: np.ndarray

    def at(self, concentration: np.ndarray | float) -> np.ndarray:
        """Return the effect at a concentration, in the common shape."""
        return np.asarray(self.floor + (self.top - self.floor) * _saturation(np.asarray(concentration, float), self.half, self.steep))

    def needed(self, effect: np.ndarray) -> np.ndarray:
        """Return the concentration that has an effect alone; infinite from the top on, 0 at the floor or below."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = (effect - self.floor) / (self.top - self.floor)
            inside = self.half * np.exp((np.log(share) - np.log1p(-share)) / self.steep)
        found = np.where(effect >= self.top, np.inf, np.where(effect <= self.floor, 0.0, inside))
        return np.asarray(np.where(np.isfinite(self.top), found, np.nan))


def fit_hill(concentrations: np.ndarray, effects: np.ndarray, floor: np.ndarray | float = 0.0) -> Hill:
    """Return the curves of least squares, with the floor given and the top free between 0 and 1.

    For every half and steepness the best top is known in closed form, so that only these two are looked for: the best of a grid, and
    from there by damped steps of Gauss and Newton within fixed bounds. A curve with a value that is not finite gets NaN.

    Parameters
    ----------
    concentrations : ndarray, shape (point,)
        Positive and rising.
    effects : ndarray, shape (point, curve)
        Shares of 1.
    floor : ndarray, shape (curve,), or float
        Effect without the drug.
    """
    effects = np.asarray(effects, float)
    whole = np.isfinite(effects).all(axis=0) & np.isfinite(floor)
    base = np.where(whole, floor, 0.0)
    rise = np.where(whole, effects - base, 0.0)
    bounds = np.log([[concentrations[0] / _BEYOND, concentrations[-1] * _BEYOND], _STEEP])
    centre = _descended(concentrations, rise, base, _begun(concentrations, rise, base, bounds), bounds)
    half, steep = np.exp(centre)
    curves = _saturation(concentrations[:, None], half, steep)
    top = base + _height(curves, rise, base)
    values = (np.where(whole, one, np.nan) for one in (base, top, half, steep))
    return Hill(*values)


def _begun(concentrations: np.ndarray, rise: np.ndarray, base: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Return the best logarithms of half and steepness of a grid over the bounds, shape (2, curve)."""
    sides = [np.linspace(low, high, points) for (low, high), points in zip(bounds, _POINTS, strict=True)]
    tried = np.stack([one.ravel() for one in np.meshgrid(*sides, indexing="ij")])[:, :, None]  # (2, step, 1)
    off = _off(concentrations[:, None, None], rise[:, None, :], base, tried)
    return np.asarray(tried[:, np.argmin(np.sum(off**2, axis=0), axis=0), 0])


def _descended(concentrations: np.ndarray, rise: np.ndarray, base: np.ndarray, at: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Return the logarithms of half and steepness after damped steps that each make the squares no larger, shape (2, curve)."""
    start, helps, fails = _DAMPING
    damping = np.full(rise.shape[1], start)
    levels, low, high = concentrations[:, None], bounds[:, :1], bounds[:, 1:]
    off = _off(levels, rise, base, at)
    for _ in range(_STEPS):
        slopes = [(_off(levels, rise, base, at + nudge) - off) / _NUDGE for nudge in _NUDGE * np.eye(2)[:, :, None]]
        (a, b), (c, d) = [[np.sum(one * other, axis=0) for other in (slopes[0], slopes[1])] for one in slopes]
        down = [np.sum(one * off, axis=0) for one in slopes]
        a, d = a * (1.0 + damping) + 1e-15, d * (1.0 + damping) + 1e-15
        step = np.stack([d * down[0] - b * down[1], a * down[1] - c * down[0]]) / (a * d - b * c)
        tried = np.clip(at - np.clip(step, -1.0, 1.0), low, high)
        then = _off(levels, rise, base, tried)
        better = np.sum(then**2, axis=0) < np.sum(off**2, axis=0)
        at, off = np.where(better, tried, at), np.where(better, then, off)
        damping = np.clip(damping * np.where(better, helps, fails), 1e-12, 1e12)
    return at


def _off(levels: np.ndarray, rise: np.ndarray, base: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return fitted minus seen rises; points are the first axis."""
    curves = _saturation(levels, *np.exp(at))
    return np.asarray(_height(curves, rise, base) * curves - rise)


def _height(curves: np.ndarray, rise: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Return the rise from floor to top of least squares, such that the top lies between 0 and 1; points are the first axis."""
    best = np.sum(curves * rise, axis=0) / np.maximum(np.sum(curves**2, axis=0), 1e-300)
    return np.asarray(np.clip(best, -base, 1.0 - base))


def _saturation(concentration: np.ndarray, half: np.ndarray, steep: np.ndarray) -> np.ndarray:
    """Return c^h / (half^h + c^h), 0 without drug."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(steep * (np.log(half) - np.log(concentration)))))
