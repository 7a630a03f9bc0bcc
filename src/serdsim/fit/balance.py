"""Whether a state has come to rest: how far Newton's method would still move it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serdsim.codegen.kernel import Kernel

_MOVE = 1e-7  # of a state: how far it may still be from rest
_FLOOR = 1e-9  # of the largest state: what is smaller counts as this


def balanced(kernel: Kernel, time: float, state: np.ndarray, constants: Sequence[float], atol: float) -> bool:
    """Return whether nothing changes any more.

    A state may be far from rest and yet change slowly, so the distance is asked for and not the speed: it is what the Jacobian
    says, and what it says nothing about must not change at all within the time that has passed.
    """
    flow, slope = _local(kernel, time, state, constants)
    if not (np.all(np.isfinite(flow)) and np.all(np.isfinite(slope))):
        return False
    if not flow.size:
        return True
    noise = 1e-14 * (np.abs(slope) @ np.abs(state))
    flow = np.where(np.abs(flow) <= noise, 0.0, flow)
    scale = np.maximum(np.max(np.abs(slope), axis=1), 1e-300)
    move = np.linalg.lstsq(slope / scale[:, None], -flow / scale, rcond=1e-13)[0]
    rest = flow + slope @ move
    room = _MOVE * np.maximum(np.abs(state), _FLOOR * np.max(np.abs(state))) + 10.0 * atol
    return bool(np.all(np.abs(move) <= room) and np.all(np.maximum(np.abs(rest) - noise, 0.0) * max(time, 1.0) <= room))


def _local(kernel: Kernel, time: float, state: np.ndarray, constants: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    y = state.tolist()
    slope = np.zeros((len(y), len(y)))
    for (row, column, _), value in zip(kernel.equations.jacobian, kernel.jacobian(time, y, constants), strict=True):
        slope[row, column] = value
    return np.array(kernel.rhs(time, y, constants), float), slope
