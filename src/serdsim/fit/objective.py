"""Problem and parameters -> how well they explain the measurements: log-likelihood, chi-square, residuals, simulated table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from serdsim.errors import InputError, Issue
from serdsim.fit.course import Courses, Settings
from serdsim.fit.formula import number_of
from serdsim.fit.problem import Noise, Problem
from serdsim.fit.system import System, formulas_of, system_of

COLUMNS = ("observable", "experiment", "time", "measurement", "simulation", "noise", "residual", "log_likelihood")


@dataclass(frozen=True)
class Evaluation:
    """What a problem gives at some parameters.

    Attributes
    ----------
    log_likelihood, chi2 : float
        Not a number where an experiment failed.
    log_prior : float
        Of the estimated parameters on the linear scale; without a prior of its own a parameter is uniform between its bounds. In
        version 1 of each on the scale of which its prior speaks; without one it adds nothing.
    table : DataFrame
        One row per measurement in the order of the problem: `simulation` on the linear scale of the observable, `noise` the width,
        `residual` measured minus simulated in widths, on the scale of the noise.
    failures : mapping of str to str
        Words by experiment; empty when all went well.
    """

    log_likelihood: float
    chi2: float
    log_prior: float
    table: pd.DataFrame
    failures: Mapping[str, str]

    @property
    def log_posterior(self) -> float:
        """Logarithm of likelihood times prior, not normalised."""
        return self.log_likelihood + self.log_prior


class Objective:
    """A problem ready to be scored many times; equations and kernels are made once."""

    def __init__(self, problem: Problem, settings: Settings | None = None, workers: int | None = None) -> None:
        self.problem, self.settings, self.workers = problem, settings or Settings(), workers
        self.system: System = system_of(problem)
        self.formulas = [formulas_of(problem, one) for one in problem.measurements]
        self.wanted: dict[str, list[float]] = {}
        for one in problem.measurements:
            self.wanted.setdefault(one.experiment, []).append(one.time)

    def at(self, values: Mapping[str, float] | None = None) -> Evaluation:
        """Return the score at some parameters on the linear scale; those that are not named keep their nominal values.

        Raises
        ------
        InputError
            For a parameter that the problem does not have.
        """
        problem = self.problem
        lost = [id for id in values or {} if id not in problem.parameters]
        if lost:
            raise InputError([Issue("the problem has no such parameter", id=id) for id in lost])
        now = {**problem.nominal, **(values or {})}
        found, failures = Courses(self.system, now, self.settings, self.workers).run(self.wanted)
        rows = []
        for one, (formula, noise_formula) in zip(problem.measurements, self.formulas, strict=True):
            seen = found[one.experiment].get(one.time)
            simulated = width = math.nan
            if seen is not None:
                simulated, width = number_of(formula, seen), number_of(noise_formula, seen)
            residual, score = deviation(problem.observables[one.observable].noise, one.value, simulated, width)
            rows.append((one.observable, one.experiment, one.time, one.value, simulated, width, residual, score))
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        return Evaluation(
            log_likelihood=math.fsum(table["log_likelihood"]) if not table["log_likelihood"].isna().any() else math.nan,
            chi2=float((table["residual"] ** 2).sum(skipna=False)),
            log_prior=log_prior(problem, now),
            table=table,
            failures=failures,
        )


def evaluate(problem: Problem, values: Mapping[str, float] | None = None) -> Evaluation:
    """Return the score of a problem at some parameters on the linear scale, at its nominal ones where none are given."""
    return Objective(problem).at(values)


def deviation(noise: Noise, measured: float, simulated: float, width: float) -> tuple[float, float]:
    """Return measured minus simulated in widths, and the log-likelihood of the measurement."""
    if not width > 0.0 or math.isnan(simulated):
        return math.nan, math.nan
    stretch = 0.0  # logarithm of how much the scale of the noise stretches the measurement
    if noise.scale != "lin":
        if not (simulated > 0.0 and measured > 0.0):
            return math.nan, math.nan
        unit = math.log(10.0) if noise.scale == "log10" else 1.0
        stretch = math.log(measured * unit)
        measured, simulated = math.log(measured) / unit, math.log(simulated) / unit
    residual = (measured - simulated) / width
    if noise.distribution == "laplace":
        return residual, -math.log(2.0 * width) - abs(residual) - stretch
    return residual, -0.5 * math.log(2.0 * math.pi) - math.log(width) - 0.5 * residual**2 - stretch


def log_prior(problem: Problem, values: Mapping[str, float]) -> float:
    """Return the logarithm of the prior of the estimated parameters; without a prior a parameter of version 1 adds nothing."""
    total = 0.0
    for id, one in problem.parameters.items():
        if not one.estimate:
            continue
        lower, upper = -math.inf if one.lower is None else one.lower, math.inf if one.upper is None else one.upper
        if one.prior is not None:
            total += one.prior.log_density(values[id], lower, upper)
        elif not lower <= values[id] <= upper:
            total = -math.inf
        elif problem.version != 1:
            total -= math.log(upper - lower)
    return total
