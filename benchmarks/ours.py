"""Our engine: one call for the whole ensemble, in one thread."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from benchmarks.plans import plan_of, sizes_of, values_of
from benchmarks.problem import Problem
from benchmarks.starts import Starts
from serdsim.engine.compiled import compiled
from serdsim.engine.native import run_native

NAME = "serdsim"


def variants(problem: Problem) -> tuple[str, ...]:
    """Return the one way there is."""
    return ("",)


class Prepared:
    """A built kernel; `run` integrates every individual."""

    def __init__(self, problem: Problem, variant: str) -> None:
        self.problem, self.starts = problem, Starts(problem)
        begin = time.process_time()
        compiled(self.starts.equations, problem.states, "rodas5p")
        self.plan = plan_of(problem, self.starts, 1e-6)
        self.sizes = sizes_of(problem, self.starts)
        self.build_s = time.process_time() - begin

    def run(self, rtol: float) -> np.ndarray:
        """Return the values, shape (individual, time, state); NaN for an individual that failed."""
        plan = replace(self.plan, rtol=rtol, atol=float(self.problem.weights(rtol).min()))
        return values_of(run_native(self.starts.equations, plan), self.sizes)
