"""numbalsoda: LSODA behind a right-hand side that numba compiles; the whole dosing of an individual is one compiled call."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from benchmarks.problem import Problem, Unavailable
from benchmarks.starts import Starts
from serdsim.codegen.equations import AMOUNT, Equations
from serdsim.codegen.python_printer import name, show

NAME = "numbalsoda"
_MOST_STEPS = 200_000


def variants(problem: Problem) -> tuple[str, ...]:
    """Return the one way there is."""
    return ("",)


class Prepared:
    """A compiled right-hand side; `run` integrates every individual."""

    def __init__(self, problem: Problem, variant: str) -> None:
        starts = Starts(problem)
        equations = starts.equations
        if equations.events:
            raise Unavailable("it has no events")
        kernel = starts.kernel()
        begin = time.process_time()
        self.problem = problem
        self._one, self.pointer = _compiled(equations)
        sized = [(i, scale) for i, scale in enumerate(equations.scales) if scale is not None]
        block = (*equations.constants, *(id for id, _ in equations.fixed))
        if any(scale not in block for _, scale in sized):
            raise Unavailable("it has no sizes that change")
        self.started, self.constants, self.sizes = [], [], []
        for row in starts.given.tolist():
            state, inputs = kernel.start(row)
            c = np.array(kernel.fixed(inputs), float)
            size = np.ones(len(equations.states))
            for i, scale in sized:
                size[i] = c[block.index(scale)]
            self.started.append(np.array(state, float))
            self.constants.append(c)
            self.sizes.append(size)
        self.order = np.array([equations.states.index(id) for id in problem.states])
        amounts = [kind == "amount" for kind in problem.kinds]
        self.own = np.array([1.0 if amount else math.nan for amount in amounts])
        self.target = equations.states.index(problem.doses[0].species) if problem.doses else 0
        self.run(1e-3, 1)
        self.build_s = time.process_time() - begin

    def run(self, rtol: float, individuals: int | None = None) -> np.ndarray:
        """Return the values, shape (individual, time, state); NaN for an individual that failed."""
        problem, count = self.problem, individuals or self.problem.individuals
        values = np.empty((count, len(problem.times), len(problem.states)))
        times = np.array([dose.time for dose in problem.doses])
        sizes = np.array([dose.size for dose in problem.doses])
        weights = problem.weights(rtol)
        for i in range(count):
            size = np.where(np.isnan(self.own), self.sizes[i][self.order], 1.0)
            atol = float(np.min(weights * size))  # it takes one number for all states
            doses = np.stack([times, sizes * self.sizes[i][self.target]], axis=1)
            out, fine = self._one(
                self.pointer, self.started[i], problem.times, doses, self.target, self.constants[i], rtol, atol, _MOST_STEPS
            )
            values[i] = out[:, self.order] / size if fine else np.nan
        return values


def _compiled(equations: Equations) -> tuple[Any, int]:
    import numba
    import numbalsoda

    scope: dict[str, Any] = {key: numba.njit(value, error_model="numpy") for key, value in _FUNCTIONS.items()}
    scope |= {**_UFUNCS, "np": np, "_nan": math.nan, "_inf": math.inf}
    exec(compile(_source(equations), "<benchmark>", "exec"), scope)
    pointer = numba.cfunc(numbalsoda.lsoda_sig, error_model="numpy")(scope["rhs"])
    return numba.njit(_course(numbalsoda.lsoda)), pointer.address


def _course(lsoda: Any) -> Any:
    def course(
        pointer: int,
        start: np.ndarray,
        times: np.ndarray,
        doses: np.ndarray,  # (dose, 2): time and amount
        target: int,
        c: np.ndarray,
        rtol: float,
        atol: float,
        most: int,
    ) -> tuple[np.ndarray, bool]:
        values = np.empty((len(times), len(start)))
        y, first = start.copy(), 0
        for number in range(len(doses) + 1):
            last = np.searchsorted(times, doses[number, 0]) if number < len(doses) else len(times) - 1
            found, fine = lsoda(pointer, y, times[first : last + 1].copy(), c, rtol, atol, most)
            if not fine:
                return values, False
            values[first : last + 1] = found
            if number < len(doses):
                y = found[-1].copy()
                y[target] += doses[number, 1]
                first = last
        return values, True

    return course


def _source(equations: Equations) -> str:
    assigned = {id for id, _ in equations.moving}
    block = (*equations.constants, *(id for id, _ in equations.fixed))
    lines = [f"    {name(id + AMOUNT if id in assigned else id)} = y[{i}]" for i, id in enumerate(equations.states)]
    lines += [f"    {name(id)} = c[{i}]" for i, id in enumerate(block)]
    lines += [f"    {name(id)} = {show(expression)}" for id, expression in equations.moving]
    lines += [f"    dy[{i}] = {show(expression)}" for i, expression in enumerate(equations.derivatives)]
    return "\n".join(["def rhs(t, y, dy, c):", *lines, ""])


def _pow(base: float, exponent: float) -> float:
    return max(base, 0.0) ** exponent if exponent != np.floor(exponent) else base**exponent


def _square(x: float) -> float:
    return x * x


_FUNCTIONS: dict[str, Any] = {"_pow": _pow, "_square": _square}
_UFUNCS = {"_sqrt": np.sqrt, "_exp": np.exp, "_ln": np.log, "_log10": np.log10, "_sign": np.sign, "_floor": np.floor, "_ceil": np.ceil}
_UFUNCS |= {"_sin": np.sin, "_cos": np.cos, "_tan": np.tan, "_sinh": np.sinh, "_cosh": np.cosh, "_tanh": np.tanh}
