"""Objectives whose optima are known, and spaces to search them in."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der, rosen_hess

from serdsim.fit.point import Many, Point
from serdsim.fit.space import Space

needs_fides = pytest.mark.skipif(find_spec("fides") is None, reason="the library fides is not installed")
OPTIMISERS = [pytest.param("fides", marks=needs_fides), "L-BFGS-B"]


def box(count: int, lower: float, upper: float) -> Space:
    """Parameters on the linear scale without priors."""
    return Space(tuple(f"p{i}" for i in range(count)), (False,) * count, (lower,) * count, (upper,) * count, (None,) * count)


def batch(one: Callable[[np.ndarray], Point]) -> Many:
    return lambda vectors: [one(vector) for vector in vectors]


def rosenbrock(x: np.ndarray) -> Point:
    return Point(float(rosen(x)), np.asarray(rosen_der(x)), np.asarray(rosen_hess(x)))


def waves(x: np.ndarray) -> Point:
    """A bowl with waves, minima near every whole number; the lowest, zero, at zero."""
    turn = 2.0 * math.pi
    value = float(np.sum(x**2 + 2.0 * (1.0 - np.cos(turn * x))))
    return Point(value, 2.0 * x + 2.0 * turn * np.sin(turn * x), np.eye(len(x)) * (2.0 + 2.0 * turn**2))


def bowl(x: np.ndarray) -> Point:
    """Lowest, zero, at 0.9 in every direction."""
    return Point(0.5 * float(np.sum((x - 0.9) ** 2)), x - 0.9, np.eye(len(x)))


def with_hole(x: np.ndarray) -> Point:
    """A cone with a round tip at 0.9, which steps overshoot, without numbers where the first parameter is above 1."""
    if x[0] > 1.0:
        return Point(math.nan, np.full(len(x), math.nan), np.full((len(x), len(x)), math.nan))
    far = np.sqrt(1.0 + (x - 0.9) ** 2)
    return Point(float(np.sum(far - 1.0)), (x - 0.9) / far, np.diag(far**-3.0))


def threads() -> list[str]:
    """Threads of starts that are still there."""
    return [one.name for one in threading.enumerate() if one.name.startswith("start ")]
