"""Priors with slopes, many vectors at once. Each counts as a density on its own scale: `log-` priors of the logarithm.

So the most probable value of a log-normal parameter is its median, and does not move when another unit of the prior's width
is chosen; the density of PEtab, on the linear scale, differs by the logarithm of the parameter.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import xlogy

from serdsim.fit.prior import Prior
from serdsim.fit.space import Space


class Weight(NamedTuple):
    """Logarithm of the density, its slope by the vector, and how it bends (never negative); shape (parameter, vector)."""

    value: np.ndarray
    slope: np.ndarray
    bend: np.ndarray


def prior_weight(space: Space, vectors: np.ndarray) -> Weight:
    """Return what the priors say of vectors, shape (vector, parameter), on the estimation scale."""
    found = [_one(*parts) for parts in zip(space.priors, space.logarithmic, vectors.T, strict=True)]
    return Weight(*(np.array(part) for part in zip(*found, strict=True)))


def _one(prior: Prior | None, logarithmic: bool, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if prior is None:
        return np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    p = np.exp(x) if logarithmic else x
    speaks = "log" if prior.kind.startswith("log-") else prior.scale
    unit = math.log(10.0) if speaks == "log10" else 1.0
    with np.errstate(all="ignore"):
        u = p if speaks == "lin" else np.log(p) / unit
        by = (p if speaks == "lin" else np.full_like(x, 1.0 / unit)) if logarithmic else (1.0 if speaks == "lin" else 1.0 / (p * unit))
        value, slope, bend = _law(prior.kind.removeprefix("log-"), prior.numbers, u)
    return value, slope * by, np.maximum(bend, 0.0) * by**2


def _law(name: str, numbers: tuple[float, ...], u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the logarithm of a density but for a constant, its slope, and minus its second derivative."""
    if name == "uniform":
        return np.zeros_like(u), np.zeros_like(u), np.zeros_like(u)
    if name in ("normal", "laplace", "cauchy"):
        middle, width = numbers
        z = (u - middle) / width
        if name == "normal":
            return -0.5 * z**2, -z / width, np.full_like(u, width**-2.0)
        if name == "laplace":
            return -np.abs(z), -np.sign(z) / width, np.full_like(u, width**-2.0)
        return -np.log1p(z**2), -2.0 * z / (1.0 + z**2) / width, 2.0 * (1.0 - z**2) / (1.0 + z**2) ** 2 / width**2
    if name == "rayleigh":
        return np.log(u) - 0.5 * (u / numbers[0]) ** 2, 1.0 / u - u / numbers[0] ** 2, u**-2.0 + numbers[0] ** -2.0
    shape, scale = {"exponential": (1.0, numbers[0]), "chisquare": (0.5 * numbers[0], 2.0)}.get(name, (numbers[0], numbers[-1]))
    more = shape - 1.0  # where it is nothing, the density has a slope at zero too
    slope, bend = (more / u, more / u**2) if more else (np.zeros_like(u), np.zeros_like(u))
    return np.where(u < 0.0, np.nan, xlogy(more, u)) - u / scale, slope - 1.0 / scale, bend
