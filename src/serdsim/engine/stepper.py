"""Steps of one individual between two stops. Steps depend on the equations and the tolerances, never on the outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass

import numpy as np
from sksundae.cvode import CVODE

from serdsim.codegen.algebra import ZERO
from serdsim.codegen.kernel import Kernel, Values

_SMALLEST_STEP = 1e-14
_PIECES = 200
_LARGEST = 1e150  # the square of more is no finite number, and so is the norm of a step


@dataclass(frozen=True)
class Limits:
    """Relative tolerance, absolute tolerance of every state, and the most evaluations between two stops."""

    rtol: float
    atol: np.ndarray
    evaluations: int


class Stopped(Exception):
    """An individual cannot go on; `status` is one of `plan.STATUSES`, `reached` the last time and state where known."""

    def __init__(self, status: str, text: str, reached: tuple[float, list[float]] | None = None) -> None:
        super().__init__(text)
        self.status, self.reached = status, reached


class Still:
    """A state that only stops and events change: time passes in equal pieces, so that comparisons are looked at."""

    evaluations = 0

    def __init__(self, t: float, y: list[float], target: float) -> None:
        self.t, self.y, self.target = t, y, target
        self.piece = (target - t) / _PIECES

    def step(self, _: float) -> tuple[float, list[float]]:
        """Return time and state after the next piece."""
        ahead = self.t + self.piece
        self.t = ahead if self.target - ahead > 0.5 * self.piece else self.target
        return self.t, self.y

    def at(self, _: float) -> list[float]:
        """Return the state within the last piece."""
        return self.y


class Moving:
    """CVODE (backward differences, dense Newton) from a start to a target time that it meets exactly."""

    def __init__(self, kernel: Kernel, c: Values, t: float, y: list[float], target: float, limits: Limits) -> None:
        rows = np.array([row for row, _, _ in kernel.equations.jacobian], dtype=int)
        columns = np.array([column for _, column, _ in kernel.equations.jacobian], dtype=int)

        def rhs(t: float, y: np.ndarray, yp: np.ndarray) -> None:
            yp[:] = kernel.rhs(t, y.tolist(), c)

        def jacobian(t: float, y: np.ndarray, _: np.ndarray, matrix: np.ndarray) -> None:
            slopes = np.array(kernel.jacobian(t, y.tolist(), c), float)
            # a root is infinitely steep at zero; CVODE would divide by that and take any state for a solution
            matrix[rows, columns] = np.where(np.isfinite(slopes), slopes, 0.0)

        self.solver = CVODE(
            rhs,
            jacfn=jacobian,
            rtol=limits.rtol,
            atol=limits.atol,
            first_step=first_step(t, y, kernel.rhs(t, y, c), limits),
            min_step=4.0 * math.ulp(max(abs(t), abs(target))),  # below it time stands still, and SUNDIALS says so
            max_step=math.inf,
            max_num_steps=limits.evaluations,
        )
        self.solver.init_step(t, np.array(y))
        self.kernel, self.c = kernel, c
        self.t, self.target, self.limits = t, target, limits
        self.method = "onestep" if kernel.equations.comparisons else "normal"
        self.looked_back = False
        self.evaluations = 0

    def step(self, until: float) -> tuple[float, list[float]]:
        """Return time and state after the next step; at `until`, on the same steps, where no comparison is to be watched.

        Raises
        ------
        Stopped
            When there is no such step, or the state is not finite.
        """
        if self.looked_back:
            self.solver.step(self.t, "normal", None)  # else CVODE hands out the end of its last step once more
            self.looked_back = False
        with redirect_stdout(None):  # sksundae prints what it also returns
            result = self.solver.step(self.target if self.method == "onestep" else until, self.method, self.target)
        y: list[float] = result.y.tolist()
        self.evaluations = int(result.nfev)
        reached = float(result.t), y
        if self.evaluations > self.limits.evaluations:
            raise Stopped("step_limit", f"more than {self.limits.evaluations} evaluations", reached)
        if not result.success or result.t <= self.t or not math.isfinite(sum(y)):
            held = all(abs(v) < _LARGEST for v in (*y, *self.kernel.rhs(result.t, y, self.c)))
            raise Stopped("step_underflow" if held else "not_finite", "no step is small enough" if held else "the state runs away", reached)
        self.t = float(result.t)
        return reached

    def at(self, t: float) -> list[float]:
        """Return the state within the last step, from the polynomial of the method."""
        self.looked_back = True
        y: list[float] = self.solver.step(t, "normal", None).y.tolist()
        return y


def stepper(kernel: Kernel, c: Values, t: float, y: list[float], target: float, limits: Limits) -> Still | Moving:
    """Return what moves this model."""
    if all(derivative == ZERO for derivative in kernel.equations.derivatives):
        return Still(t, y, target)
    return Moving(kernel, c, t, y, target, limits)


def first_step(t: float, y: Sequence[float], slope: Sequence[float], limits: Limits) -> float:
    """Return a first step from the local rates; it does not depend on the output times.

    Raises
    ------
    Stopped
        When a derivative is not finite.
    """
    if not all(map(math.isfinite, slope)):
        raise Stopped("not_finite", "a rate is not finite")
    weight = limits.rtol * np.abs(y) + limits.atol
    size, speed = float(np.max(np.abs(y) / weight)), float(np.max(np.abs(slope) / weight))
    guess = 0.01 * size / speed if size > 1e-5 and speed > 1e-5 else 1e-6
    bound = 0.1 / math.sqrt(speed) if speed > 0 else guess
    return max(min(guess, bound), _SMALLEST_STEP * max(1.0, abs(t)))
