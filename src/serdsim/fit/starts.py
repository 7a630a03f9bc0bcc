"""Where descents begin: vectors drawn from the priors, each by seed, number and the names of the parameters alone."""

from __future__ import annotations

import math
import sys

import numpy as np

from serdsim.engine.randomness import uniforms
from serdsim.errors import InputError, Issue
from serdsim.fit.space import Space

EDGE = 1e-6  # share of the width that a start keeps from its bounds: fides moves inside them


def draw_starts(space: Space, seed: int, count: int) -> np.ndarray:
    """Return start vectors on the estimation scale, shape (start, parameter).

    A parameter is drawn from its prior cut at the bounds; without a prior it is uniform between them on the estimation scale.
    Start k is the same for any `count`.

    Raises
    ------
    InputError
        For a parameter without a prior that lacks a bound.
    """
    low, high = space.low, space.high
    lost = [
        name
        for name, prior, a, b in zip(space.names, space.priors, low, high, strict=True)
        if prior is None and not (math.isfinite(a) and math.isfinite(b))
    ]
    if lost:
        raise InputError(
            [Issue("a start cannot be drawn without a prior", id=name, expected="a prior, or two finite bounds") for name in lost]
        )
    shares = uniforms(seed, range(count), [f"start {name}" for name in space.names])
    starts = np.empty((count, len(space.names)))
    for i, prior in enumerate(space.priors):
        if prior is None:
            starts[:, i] = low[i] + shares[i] * (high[i] - low[i])
            continue
        for k in range(count):
            value = prior.quantile(float(shares[i, k]), space.lower[i], space.upper[i])
            starts[k, i] = math.log(max(value, sys.float_info.min)) if space.logarithmic[i] else value
    return inside(starts, low, high)


def inside(vectors: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return vectors moved just inside the bounds where they lie at or beyond one."""
    width = high - low
    edge = np.where(np.isfinite(width), EDGE * np.where(np.isfinite(width), width, 1.0), EDGE)
    return np.asarray(np.clip(vectors, low + edge, high - edge))
