"""Our reference engine, CVODE through scikit-sundae, one individual at a time: for references, not for speed."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.plans import plan_of, sizes_of, values_of
from benchmarks.problem import Problem
from benchmarks.starts import Starts
from serdsim.engine.reference import run

NAME = "reference engine"


def variants(problem: Problem) -> tuple[str, ...]:
    """Return the one way there is."""
    return ("",)


class Prepared:
    """A generated kernel; `run` integrates every individual."""

    def __init__(self, problem: Problem, variant: str) -> None:
        begin = time.process_time()
        self.problem, self.starts = problem, Starts(problem)
        self.kernel = self.starts.kernel()
        self.build_s = time.process_time() - begin

    def run(self, rtol: float) -> np.ndarray:
        """Return the values, shape (individual, time, state); NaN for an individual that failed."""
        return values_of(run(self.kernel, plan_of(self.problem, self.starts, rtol)), sizes_of(self.problem, self.starts))
