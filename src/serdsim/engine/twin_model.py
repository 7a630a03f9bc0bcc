"""A system and a method as functions of NumPy arrays, one column per lane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.codegen.array_printer import array_function
from serdsim.codegen.graph import Node
from serdsim.codegen.method import Method
from serdsim.codegen.system import System


class Functions:
    """What the system computes; `y`, `c`, `z` and `t` have one column per lane."""

    def __init__(self, system: System) -> None:
        equations, self.system = system.equations, system
        self._inputs = {"t": "t"}
        for block, ids in (("g", equations.given), ("p", equations.constants)):
            self._inputs |= {f"{block}.{id}": f"{block}[{i}]" for i, id in enumerate(ids)}
        for block, count in (("c", len(system.block)), ("y", len(system.rhs)), ("z", len(system.comparisons))):
            self._inputs |= {f"{block}.{i}": f"{block}[{i}]" for i in range(count)}
        self.start = self._of_block("g", [*system.start_state, *system.start_inputs])
        self.block = self._of_block("p", system.block)
        self.switches = self._of_block("c", system.switches)
        self.rhs, self.observe, self.sizes = (self._live(roots) for roots in (system.rhs, system.outputs, system.sizes))
        self.compare = self._live(system.comparisons)
        self._drift = self._live(list(system.drift.values()))
        self._slopes = self._live(list(system.jacobian.values()))

    def _of_block(self, name: str, roots: Sequence[Node]) -> _OfBlock:
        return _OfBlock(array_function(self.system.graph, roots, self._inputs), name)

    def _live(self, roots: Sequence[Node]) -> _Live:
        return _Live(array_function(self.system.graph, roots, self._inputs))

    def drift(self, y: np.ndarray, c: np.ndarray, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return the partial derivatives of the rates by time."""
        found = np.zeros_like(y)
        found[list(self.system.drift)] = self._drift(y, c, z, t)
        return found

    def jacobian(self, y: np.ndarray, c: np.ndarray, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return the Jacobian of each lane, shape (lane, row, column)."""
        found = np.zeros((len(t), len(y), len(y)))
        for (row, column), values in zip(self.system.jacobian, self._slopes(y, c, z, t), strict=True):
            found[:, row, column] = values
        return found


class _Live:
    def __init__(self, function: Callable[..., list[np.ndarray]]) -> None:
        self.function = function

    def __call__(self, y: np.ndarray, c: np.ndarray, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        return _rows(self.function(None, None, c, y, z != 0.0, t), len(t))


class _OfBlock:
    def __init__(self, function: Callable[..., list[np.ndarray]], name: str) -> None:
        self.function, self.name = function, name

    def __call__(self, values: np.ndarray) -> np.ndarray:
        blocks = [values if name == self.name else None for name in "gpc"]
        return _rows(self.function(*blocks, None, None, None), values.shape[1])


def _rows(found: Sequence[np.ndarray], lanes: int) -> np.ndarray:
    return np.array([np.broadcast_to(np.asarray(row, float), (lanes,)) for row in found]).reshape(len(found), lanes)


@dataclass(frozen=True)
class Held:
    """What a step begins with: state, block, comparisons, and what counts as little in each state."""

    y: np.ndarray
    c: np.ndarray
    z: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True)
class Attempt:
    """Stages and end of one step of all lanes; columns are lanes.

    Attributes
    ----------
    t, taken : ndarray, shape (lane,)
        Begin and length.
    y, end, error : ndarray, shape (state, lane)
    dense : ndarray, shape (coefficient, state, lane)
    stages : ndarray, shape (stage, state, lane)
    w : ndarray or None, shape (lane, state, state)
        The matrix of the stages, None for an explicit method.
    """

    t: np.ndarray
    taken: np.ndarray
    y: np.ndarray
    end: np.ndarray
    error: np.ndarray
    dense: np.ndarray
    stages: np.ndarray
    w: np.ndarray | None

    def at(self, x: np.ndarray) -> np.ndarray:
        """Return the state at the part `x` of the step."""
        inner = np.zeros_like(self.y)
        for k in self.dense[::-1]:
            inner = k + x * inner
        return np.asarray((1.0 - x) * self.y + x * (self.end + (1.0 - x) * inner))


def attempt(functions: Functions, method: Method, held: Held, t: np.ndarray, h: np.ndarray) -> Attempt:
    """Return one step of length `h` from time t."""
    y, c, z = held.y, held.c, held.z
    stages: list[np.ndarray] = []
    w = None
    if method.implicit:
        w = np.eye(len(y)) / (method.gamma * h)[:, None, None] - functions.jacobian(y, c, z, t)
        drift = functions.drift(y, c, z, t)
    for i in range(method.stages):
        rate = functions.rhs(y + _sum(method.a[i], stages, y), c, z, t + method.alpha[i] * h)
        if w is not None:
            stages.append(_solve(w, rate + _sum(method.c[i], stages, y) / h + h * method.d[i] * drift, held.scale))
        else:
            stages.append(h * rate)
    dense = np.array([_sum(row, stages, y) for row in method.dense])
    return Attempt(t, h, y, y + _sum(method.m, stages, y), _sum(method.e, stages, y), dense, np.array(stages), w)


def _sum(weights: Sequence[float], stages: Sequence[np.ndarray], y: np.ndarray) -> np.ndarray:
    total = np.zeros_like(y)
    for weight, stage in zip(weights, stages, strict=True):
        if weight != 0.0:
            total = total + weight * stage
    return total


def _solve(w: np.ndarray, right: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Solve lane by lane; a singular lane gives NaN, which refuses its step.

    Each state is counted in its own `scale`, so that pivots and rounding do not depend on units: otherwise the rounding of a
    large state drowns the error of a small one, and with it the next step size.
    """
    found = np.full_like(right, np.nan)
    for lane, matrix in enumerate(w):
        unit = np.where(scale[:, lane] > 0.0, scale[:, lane], 1.0)
        try:
            found[:, lane] = unit * np.linalg.solve(matrix * unit / unit[:, None], right[:, lane] / unit)
        except np.linalg.LinAlgError:
            continue
    return found
