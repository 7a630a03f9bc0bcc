"""The optimisers, each as one function: fides (trust region with our curvature) and L-BFGS-B of SciPy."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

import numpy as np

from serdsim.errors import InputError, Issue
from serdsim.fit.point import Point

_QUIET = 100  # a level of logging above all that fides says
_LATELY = 4  # trial points: where they have a value and none by turns, steps are short without need
_LINE_SEARCH = 40  # evaluations of one line search at most


@dataclass(frozen=True)
class Settings:
    """How each start descends.

    Attributes
    ----------
    optimiser : str
        `fides` or `L-BFGS-B`.
    iterations : int
        At most so many per start.
    value_tolerance : float
        Converged where an iteration changes the value by less than this times the value's size (1 at least).
    gradient_tolerance : float
        Converged where the gradient's norm is below this.
    subspace : str
        Where fides looks for its step: `full`, or the plane `2D` for hundreds of parameters.
    """

    optimiser: str = "fides"
    iterations: int = 300
    value_tolerance: float = 1e-9
    gradient_tolerance: float = 1e-5
    subspace: str = "full"

    def __post_init__(self) -> None:
        issues = []
        if self.optimiser not in MINIMISERS:
            issues.append(Issue("no such optimiser", id=self.optimiser, expected=" or ".join(MINIMISERS)))
        if self.subspace not in ("full", "2D"):
            issues.append(Issue("no such subspace", id=self.subspace, expected="full or 2D"))
        if self.iterations < 1:
            issues.append(Issue(f"{self.iterations} iterations", expected="at least 1"))
        if not (self.value_tolerance >= 0.0 and self.gradient_tolerance >= 0.0):
            issues.append(Issue("a tolerance is no number or below zero"))
        if issues:
            raise InputError(issues)


def require_optimiser(name: str) -> None:
    """Do nothing where the library of an optimiser is installed.

    Raises
    ------
    InputError
        Where it is not.
    """
    if name == "fides" and find_spec("fides") is None:
        repair = 'Install it with: pip install "serdsim[est]"; or choose the optimiser L-BFGS-B, which needs nothing more.'
        raise InputError(Issue("the optimiser fides is not installed", repair=repair))


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep linear algebra to one thread, so that rounding does not depend on how many cores there are.

    It is faster too: the matrices are small, and threads that wait for each other on a busy machine take fifty times as long. Where
    the library threadpoolctl is not installed, nothing is kept.
    """
    import scipy.linalg
    import scipy.optimize  # noqa: F401  what is loaded later is not held

    if find_spec("threadpoolctl") is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


@dataclass(frozen=True)
class Ended:
    """How an optimiser ended: `converged`, `stopped` or `failed`, and why in words."""

    outcome: str
    why: str
    iterations: int


Road = Callable[[np.ndarray], Point]
Bounds = tuple[np.ndarray, np.ndarray]
_CONVERGED_BY_VALUE = "the value no longer changes"
_CONVERGED_BY_GRADIENT = "the gradient vanishes"
_HELD_UP = "the way down leads to where there is no value"
_USED_UP = "all iterations were used"


def _fides(road: Road, start: np.ndarray, bounds: Bounds, settings: Settings) -> Ended:
    """Descend by the trust region of fides."""
    from fides import ExitFlag, Optimizer

    lately: deque[bool] = deque(maxlen=_LATELY)  # whether a trial point had no value

    def at(vector: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        point = road(vector)
        lately.append(not math.isfinite(point.value))
        worse = point.value - optimiser.fval > settings.value_tolerance * (1.0 + abs(optimiser.fval))
        # fides would take the small gradient of a plateau that it refuses to enter for convergence; infinite is refused alike
        if worse:
            return math.inf, np.full(len(vector), math.nan), np.array(point.curvature)
        return point.value, np.array(point.gradient), np.array(point.curvature)

    optimiser: Any = Optimizer(
        at,
        ub=bounds[1],
        lb=bounds[0],
        verbose=_QUIET,
        options={
            "maxiter": settings.iterations,
            "fatol": settings.value_tolerance,
            "frtol": settings.value_tolerance,
            "gatol": settings.gradient_tolerance,
            "subspace_solver": settings.subspace,
        },
    )
    try:
        optimiser.minimize(start)
    finally:
        if optimiser.logger is not None:
            optimiser.logger.handlers.clear()
    said = {
        ExitFlag.FTOL: ("stopped", _HELD_UP) if any(lately) else ("converged", _CONVERGED_BY_VALUE),
        ExitFlag.XTOL: ("converged", "the vector no longer changes"),
        ExitFlag.GTOL: ("converged", _CONVERGED_BY_GRADIENT),
        ExitFlag.MAXITER: ("stopped", _USED_UP),
        ExitFlag.DELTA_TOO_SMALL: ("stopped", "no step lowers the value, however short"),
    }
    return Ended(*said.get(optimiser.exitflag, ("stopped", f"fides says {optimiser.exitflag.name}")), optimiser.iteration)


class _Mirror:
    """The objective for a line search: where a point failed, the last iterate's slope turned round makes it step back."""

    def __init__(self, road: Road) -> None:
        self.road = road
        self.seen: dict[bytes, Point] = {}
        self.vector: np.ndarray | None = None
        self.point: Point | None = None
        self.met = self.held = False  # a point that failed since the last iterate, or between the last two

    def __call__(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        point = self.road(vector)
        if math.isfinite(point.value):
            self.seen[vector.tobytes()] = point
            if self.point is None:
                self.accept(vector)
            return float(point.value), np.array(point.gradient)
        self.met = True
        assert self.point is not None and self.vector is not None  # a start without a value ends the descent
        rise = abs(float(self.point.gradient @ (vector - self.vector)))
        return self.point.value + rise, -self.point.gradient

    def accept(self, vector: np.ndarray) -> None:
        """Take an iterate as the place that the next line search leaves."""
        self.vector, self.point = np.array(vector), self.seen.get(vector.tobytes(), self.point)
        self.seen, self.held, self.met = {}, self.met, False


def _lbfgsb(road: Road, start: np.ndarray, bounds: Bounds, settings: Settings) -> Ended:
    """Descend by L-BFGS-B."""
    from scipy.optimize import minimize

    mirror = _Mirror(road)

    def callback(intermediate_result: Any) -> None:  # SciPy tells callbacks apart by this name
        mirror.accept(np.asarray(intermediate_result.x))

    found = minimize(
        mirror,
        start,
        method="L-BFGS-B",
        jac=True,
        bounds=list(zip(*bounds, strict=True)),
        callback=callback,
        options={
            "maxiter": settings.iterations,
            "maxfun": settings.iterations * _LINE_SEARCH,
            "maxls": _LINE_SEARCH,
            "ftol": settings.value_tolerance,
            "gtol": settings.gradient_tolerance,
        },
    )
    if found.status == 0:
        if "GRADIENT" in str(found.message).upper():
            return Ended("converged", _CONVERGED_BY_GRADIENT, int(found.nit))
        if mirror.held:  # short steps, since longer ones led to where there is no value
            return Ended("stopped", _HELD_UP, int(found.nit))
        return Ended("converged", _CONVERGED_BY_VALUE, int(found.nit))
    words = _USED_UP if found.status == 1 else f"L-BFGS-B says {found.message}"
    return Ended("stopped", words, int(found.nit))


Minimiser = Callable[[Road, np.ndarray, Bounds, Settings], Ended]
MINIMISERS: Mapping[str, Minimiser] = MappingProxyType({"fides": _fides, "L-BFGS-B": _lbfgsb})
