"""Gradients by our engine in one thread: all vectors in one call, or each in a call of its own."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from benchmarks.gradient_problem import SIGMA, FitProblem, observed
from benchmarks.starts import Starts
from serdsim.engine.native_sensitivity import run_native_sensitivities
from serdsim.engine.plan import Plan

NAME = "serdsim"
TOGETHER, ALONE = "all vectors in one call", "one vector per call"


VARIANTS = (TOGETHER, ALONE)


class Prepared:
    """Built code; `run` gives the gradient of every vector."""

    def __init__(self, problem: FitProblem, variant: str = "") -> None:
        self.problem, self.starts = problem, Starts(problem)
        begin = time.process_time()
        plan = observed(problem, self.starts, 1e-3)
        self.plans = {TOGETHER: [plan], ALONE: [plan.chunk(slice(i, i + 1)) for i in range(problem.individuals)]}
        run_native_sensitivities(self.starts.equations, plan.chunk(slice(0, 1)), problem.parameters)
        self.build_s = time.process_time() - begin

    def run(self, setting: tuple[str, float]) -> np.ndarray:
        """Return the gradients at a variant and tolerance, shape (individual, parameter); NaN for an individual that failed."""
        variant, rtol = setting
        atol = float(self.problem.weights(rtol).min())
        rows = np.concatenate([self._by_values(replace(plan, rtol=rtol, atol=atol)) for plan in self.plans[variant]])
        return np.asarray(rows * self.problem.draws)

    def _by_values(self, plan: Plan) -> np.ndarray:
        found = run_native_sensitivities(self.starts.equations, plan, self.problem.parameters)
        values = found.arrays.values
        weights = self.problem.residuals(values) / (SIGMA * values)
        return np.einsum("oti,otpi->ip", weights, found.slopes)
