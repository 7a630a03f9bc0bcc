"""The tangent of one step of the NumPy twin: the same stages, the same matrix, differentiated by many parameters at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.codegen.array_printer import array_function
from serdsim.codegen.graph import Node
from serdsim.codegen.method import Method
from serdsim.codegen.sparse_lu import Factorisation, factorise, lu_numpy, solve_numpy
from serdsim.codegen.tangent import Tangent
from serdsim.engine.tape import Step
from serdsim.engine.twin_model import Functions

Live = Callable[..., np.ndarray]
_ARGUMENTS = "g, p, c, y, z, t, u, dg, dp, dc, dy, dt"


class Slopes:
    """What the tangent computes for one individual: values have one column, rates of change one column per parameter."""

    def __init__(self, tangent: Tangent) -> None:
        system = tangent.system
        equations, self.tangent = system.equations, tangent
        self._inputs = {"t": "t", "dt": "dt"}
        for block, ids in (("g", equations.given), ("p", equations.constants)):
            self._inputs |= {f"{d}{block}.{id}": f"{d}{block}[{i}]" for i, id in enumerate(ids) for d in ("", "d")}
        for block, count in (("c", len(system.block)), ("y", len(system.rhs))):
            self._inputs |= {f"{d}{block}.{i}": f"{d}{block}[{i}]" for i in range(count) for d in ("", "d")}
        self._inputs |= {f"z.{i}": f"z[{i}]" for i in range(len(system.comparisons))}
        self._inputs |= {f"u.{i}": f"u[{i}]" for i in range(len(system.rhs))}
        self.start, self.block, self.switches = (
            self._of_block(name, roots) for name, roots in (("g", tangent.start), ("p", tangent.block), ("c", tangent.switches))
        )
        self.rhs, self.outputs, self.sizes = (self._live(roots) for roots in (tangent.rhs, tangent.outputs, tangent.sizes))
        self._drift, self._turned = self._live(list(tangent.drift.values())), self._live(tangent.turned)
        self.factorisation = factorise(len(system.rhs), system.jacobian)
        self.gaps = {k: self._live([node]) for k, node in tangent.gaps.items()}

    def _function(self, roots: Sequence[Node]) -> Callable[..., list[np.ndarray]]:
        return array_function(self.tangent.system.graph, roots, self._inputs, _ARGUMENTS)

    def _of_block(self, name: str, roots: Sequence[Node]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        function = self._function(roots)

        def call(values: np.ndarray, rates: np.ndarray) -> np.ndarray:
            first = [values if block == name else None for block in "gpc"]
            second = [rates if block == name else None for block in "gpc"]
            return _rows(function(*first, None, None, None, None, *second, None, None), rates.shape[1])

        return call

    def _live(self, roots: Sequence[Node]) -> Live:
        function = self._function(roots)

        def call(
            y: np.ndarray, c: np.ndarray, z: np.ndarray, t: np.ndarray, dy: np.ndarray, dc: np.ndarray, dt: np.ndarray,
            u: np.ndarray | None = None,
        ) -> np.ndarray:  # fmt: skip
            return _rows(function(None, None, c, y, z != 0.0, t, u, None, None, dc, dy, dt), len(dt))

        return call

    def turned(self, u: np.ndarray, *live: np.ndarray) -> np.ndarray:
        """Return the change of the Jacobian times u."""
        return np.asarray(self._turned(*live, u=u))

    def drift(self, *live: np.ndarray) -> np.ndarray:
        """Return the change of the partial derivatives of the rates by time."""
        found = np.zeros((len(self.tangent.rhs), len(live[-1])))
        found[list(self.tangent.drift)] = self._drift(*live)
        return found


def _rows(found: Sequence[np.ndarray], columns: int) -> np.ndarray:
    return np.array([np.broadcast_to(np.asarray(row, float), (columns,)) for row in found]).reshape(len(found), columns)


@dataclass(frozen=True)
class Moved:
    """A step and its derivatives; what begins with `d` has one column per parameter.

    Attributes
    ----------
    dy, dt : ndarray
        Of state and time at the begin.
    change : ndarray
        Of the length.
    end, dense : ndarray, shape (state, 1), (coefficient, state, 1)
    end_rate, dense_rate : ndarray, shape (state, parameter), (coefficient, state, parameter)
    """

    step: Step
    dy: np.ndarray
    dt: np.ndarray
    change: np.ndarray
    end: np.ndarray
    dense: np.ndarray
    end_rate: np.ndarray
    dense_rate: np.ndarray

    def at(self, x: float) -> np.ndarray:
        """Return the state at the part `x` of the step."""
        return _between(x, self.step.y[:, None], self.end, self.dense)

    def speed(self, x: float) -> np.ndarray:
        """Return the derivative of the state by the part of the step."""
        k0, k1, k2 = self.dense
        inner, bend = k0 + x * (k1 + x * k2), k1 + 2.0 * x * k2
        return np.asarray(self.end - self.step.y[:, None] + (1.0 - 2.0 * x) * inner + x * (1.0 - x) * bend)

    def at_rate(self, x: float, part_rate: np.ndarray) -> np.ndarray:
        """Return the derivatives of the state at the part `x`, which itself changes as fast as `part_rate`."""
        return np.asarray(_between(x, self.dy, self.end_rate, self.dense_rate) + self.speed(x) * part_rate)

    def time_rate(self, x: float, part_rate: np.ndarray) -> np.ndarray:
        """Return the derivatives of the time at the part `x`."""
        return self.dt + x * self.change + self.step.taken * part_rate

    def part_rate(self, slopes: Slopes, comparison: int, x: float, c: np.ndarray, z: np.ndarray, dc: np.ndarray) -> np.ndarray:
        """Return how fast the part moves at which a comparison changes: its two sides stay equal there."""
        still = np.zeros_like(self.dt)
        here = (self.at(x), c, z, np.array([self.step.t + x * self.step.taken]))
        moved = slopes.gaps[comparison](*here, self.at_rate(x, still), dc, self.time_rate(x, still))[0]
        along = slopes.gaps[comparison](*here, self.speed(x), np.zeros((len(dc), 1)), np.full(1, self.step.taken))[0]
        return np.asarray(-moved / along)


def _between(x: float, y: np.ndarray, end: np.ndarray, dense: np.ndarray) -> np.ndarray:
    inner = np.zeros_like(y)
    for k in dense[::-1]:
        inner = k + x * inner
    return np.asarray((1.0 - x) * y + x * (end + (1.0 - x) * inner))


def follow(
    functions: Functions, slopes: Slopes, method: Method, step: Step, held: tuple[np.ndarray, ...], rates: tuple[np.ndarray, ...]
) -> Moved:
    """Return a step with its derivatives.

    Of ``W u = f + sum c u/h + h d f_t`` the tangent is ``W du = df + sum c du/h + h d df_t - dW u`` and what the length adds,
    with ``dW = -dh/(gamma h^2) - dJ``.

    Parameters
    ----------
    held : c, z
        As values, with one column.
    rates : dy, dc, dt, change
        Of state, block and time at the begin, and of the length.
    """
    (c, z), (dy, dc, dt, change) = held, rates
    h, y, u = step.taken, step.y[:, None], step.stages[:, :, None]
    solve = _solver(slopes.factorisation, step.w)
    begin = (y, c, z, np.array([step.t]), dy, dc, dt)
    drift = functions.drift(*begin[:4]) if method.implicit else np.zeros_like(y)
    drift_rate = slopes.drift(*begin) if method.implicit else np.zeros_like(dy)
    du: list[np.ndarray] = []
    for i in range(method.stages):
        at = (y + _sum(method.a[i], u[:i], y), c, z, np.array([step.t + method.alpha[i] * h]))
        right = slopes.rhs(*at, dy + _sum(method.a[i], du, dy), dc, dt + method.alpha[i] * change)
        if not method.implicit:
            du.append(h * right + functions.rhs(*at) * change)
            continue
        right = right + _sum(method.c[i], du, dy) / h - _sum(method.c[i], u[:i], y) * change / h**2
        right = right + method.d[i] * (h * drift_rate + change * drift)
        du.append(solve(right + u[i] * change / (method.gamma * h**2) + slopes.turned(u[i], *begin)))
    dense, dense_rate = (np.array([_sum(row, s, like) for row in method.dense]) for s, like in ((u, y), (du, dy)))
    end, end_rate = y + _sum(method.m, u, y), dy + _sum(method.m, du, dy)
    return Moved(step, dy, dt, change, end, dense, end_rate, dense_rate)


def _sum(weights: Sequence[float], stages: Sequence[np.ndarray] | np.ndarray, like: np.ndarray) -> np.ndarray:
    total = np.zeros_like(like)
    for weight, stage in zip(weights, stages, strict=True):
        if weight != 0.0:
            total = total + weight * stage
    return total


def _solver(f: Factorisation, w: np.ndarray | None) -> Callable[[np.ndarray], np.ndarray]:
    """Return what solves with the matrix of the stages, factored once as the compiled engine does it."""
    if w is None:
        return lambda right: right
    factors = np.zeros((f.size, 1))
    for (row, column), slot in f.slots.items():
        factors[slot] = w[row, column]
    lu_numpy(f, factors)

    def solve(right: np.ndarray) -> np.ndarray:
        found = right.copy()
        solve_numpy(f, factors, found)
        return found

    return solve
