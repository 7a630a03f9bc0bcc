"""What an optimiser gets back for one vector of parameters on the estimation scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Point:
    """Value, gradient and curvature at one vector.

    Attributes
    ----------
    value : float
        Negative logarithm of the posterior; nan or infinite where the simulation failed.
    gradient : ndarray
        Shape (parameter,).
    curvature : ndarray
        Shape (parameter, parameter): Gauss-Newton or Fisher approximation, with the prior's part.
    """

    value: float
    gradient: np.ndarray
    curvature: np.ndarray


Many = Callable[[np.ndarray], list[Point]]  # vectors, shape (vector, parameter) -> one Point each
