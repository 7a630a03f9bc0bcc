"""The state at which a constant infusion is balanced: no period, so the derivatives themselves are solved for zero."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from serdsim.codegen.kernel import Kernel

_ROUNDS = 400
_ACCEPTED = 1e-10


def constant_infusion(kernel: Kernel, constants: Sequence[float], begin: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the balanced state that the model comes to from its start, and words where it comes to none.

    Implicit steps of growing length follow the course from the start; the last ones are Newton's method.

    Parameters
    ----------
    kernel : Kernel
    constants : sequence of float
        The constant block of the kernel, the infusion included.
    begin : ndarray, shape (state,)
    sums : ndarray, shape (sum, state)
        What the equations conserve.
    """
    with np.errstate(all="ignore"):
        x, step = begin.copy(), _first(kernel, constants, begin)
        for _ in range(_ROUNDS):
            flow, slope = _local(kernel, constants, x)
            move = _newton(slope, flow, sums) if math.isinf(step) else _implicit(slope, flow, step)
            ahead = x + move
            good = bool(np.all(np.isfinite(ahead))) and np.all(np.isfinite(kernel.rhs(0.0, ahead.tolist(), constants)))
            if not good or np.any(ahead < np.minimum(x, -1e-9 * np.max(np.abs(x)))):
                step = 0.1 * (step if math.isfinite(step) else 1e12 / _size(slope))
                continue
            small = bool(np.all(np.abs(move) <= 1e-12 * np.abs(ahead) + 1e-300))
            x = ahead
            if math.isinf(step) and small:
                break
            step = 4.0 * step if step * _size(slope) < 1e12 and math.isfinite(step) else math.inf
        return x, _verdict(kernel, constants, x, sums)


def _first(kernel: Kernel, constants: Sequence[float], x: np.ndarray) -> float:
    return 0.1 / _size(_local(kernel, constants, x)[1])


def _size(slope: np.ndarray) -> float:
    return float(np.max(np.abs(np.diag(slope)), initial=0.0)) or 1.0


def _local(kernel: Kernel, constants: Sequence[float], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    slope = np.zeros((len(x), len(x)))
    for (row, column, _), value in zip(kernel.equations.jacobian, kernel.jacobian(0.0, x.tolist(), constants), strict=True):
        slope[row, column] = value
    return np.array(kernel.rhs(0.0, x.tolist(), constants), float), slope


def _implicit(slope: np.ndarray, flow: np.ndarray, step: float) -> np.ndarray:
    try:
        return np.asarray(np.linalg.solve(np.eye(len(flow)) / step - slope, flow))
    except np.linalg.LinAlgError:
        return np.full(len(flow), np.nan)


def _newton(slope: np.ndarray, flow: np.ndarray, sums: np.ndarray) -> np.ndarray:
    size = np.maximum(np.max(np.abs(slope), axis=1, initial=0.0), 1e-300)
    matrix = np.vstack([-slope / size[:, None], sums])
    if not np.all(np.isfinite(matrix)):
        return np.full(len(flow), np.nan)
    return np.asarray(np.linalg.lstsq(matrix, np.concatenate([flow / size, np.zeros(len(sums))]), rcond=1e-14)[0])


def _verdict(kernel: Kernel, constants: Sequence[float], x: np.ndarray, sums: np.ndarray) -> str:
    flow, slope = _local(kernel, constants, x)
    turnover = np.abs(slope) @ np.abs(x)
    missed = np.abs(flow) - _ACCEPTED * turnover
    if not np.all(np.isfinite(slope)) or not np.all(missed <= 0.0):
        return f"no steady state: {kernel.equations.states[int(np.argmax(missed))]} keeps changing under the constant infusion"
    speeds = np.sort(np.linalg.eigvals(slope).real)[::-1][len(sums) :]
    if speeds.size and speeds[0] >= -1e-14 * _size(slope):
        return "no steady state: the balanced state under the constant infusion is not one to which the model comes back"
    return ""
