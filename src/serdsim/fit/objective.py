"""Problem and parameters -> how well they explain the measurements: log-likelihood, chi-square, residuals, simulated table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from serdsim.errors import InputError, Issue
from serdsim.fit.course import Courses, Settings
from serdsim.fit.formula import number_of
from serdsim.fit.likelihood import number_score, residual, term_score
from serdsim.fit.problem import Problem
from serdsim.fit.system import System, formulas_of, reading_formula, system_of, wanted_times
from serdsim.fit.terms import term_numbers
from serdsim.model.expression import Expression

COLUMNS = ("observable", "experiment", "time", "measurement", "simulation", "noise", "residual", "log_likelihood")
TERM_COLUMNS = ("term", "dataset", "lower", "upper", "simulation", "noise", "residual", "log_likelihood")
Found = Mapping[str, Mapping[float, Mapping[str, float]]]  # values by experiment and time


@dataclass(frozen=True)
class Evaluation:
    """What a problem gives at some parameters.

    Attributes
    ----------
    log_likelihood, chi2 : float
        Not a number where an experiment failed. The likelihood is that of measurements and terms, chi-square that of measurements.
    log_prior : float
        Of the estimated parameters on the linear scale; without a prior of its own a parameter is uniform between its bounds. In
        version 1 of each on the scale of which its prior speaks; without one it adds nothing.
    table : DataFrame
        One row per measurement in the order of the problem: `simulation` on the linear scale of the observable, `noise` the width,
        `residual` measured minus simulated in widths, on the scale of the noise.
    failures : mapping of str to str
        Words by experiment; empty when all went well.
    readings : mapping of str to float
        Simulated value by reading.
    terms : DataFrame
        One row per term in the order of the problem; `residual` is what is missing to the nearest bound, in widths, and zero inside.
    """

    log_likelihood: float
    chi2: float
    log_prior: float
    table: pd.DataFrame
    failures: Mapping[str, str]
    readings: Mapping[str, float]
    terms: pd.DataFrame

    @property
    def log_posterior(self) -> float:
        """Logarithm of likelihood times prior, not normalised, as PEtab has it: a density on the linear scale.

        A search maximises another: there each prior counts as a density on the scale of which it speaks (`prior_slopes.py`).
        """
        return self.log_likelihood + self.log_prior


class Objective:
    """A problem ready to be scored many times; equations and kernels are made once."""

    def __init__(self, problem: Problem, settings: Settings | None = None, workers: int | None = None) -> None:
        self.problem, self.settings, self.workers = problem, settings or Settings(), workers
        self.system: System = system_of(problem)
        self.formulas = [formulas_of(problem, one) for one in problem.measurements]
        self.readings = {id: reading_formula(problem, one) for id, one in problem.readings.items()}
        self.wanted = wanted_times(problem)

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
        table = self._measured(found)
        readings = {id: self._read(id, formula, found) for id, formula in self.readings.items()}
        terms = _terms(problem, {**now, **readings})
        scores = [*table["log_likelihood"], *terms["log_likelihood"]]
        return Evaluation(
            log_likelihood=math.fsum(scores) if not any(math.isnan(one) for one in scores) else math.nan,
            chi2=float((table["residual"] ** 2).sum(skipna=False)),
            log_prior=log_prior(problem, now),
            table=table,
            failures=failures,
            readings=readings,
            terms=terms,
        )

    def _read(self, id: str, formula: Expression, found: Found) -> float:
        one = self.problem.readings[id]
        seen = found[one.experiment].get(one.time)
        return math.nan if seen is None else number_of(formula, seen)

    def _measured(self, found: Found) -> pd.DataFrame:
        rows = []
        for one, (formula, noise_formula) in zip(self.problem.measurements, self.formulas, strict=True):
            seen = found[one.experiment].get(one.time)
            simulated = width = math.nan
            if seen is not None:
                simulated, width = number_of(formula, seen), number_of(noise_formula, seen)
            noise = self.problem.observables[one.observable].noise
            rest = float(residual(simulated, width, noise, one.value))
            score = float(number_score(simulated, width, noise, one.value).value)
            rows.append((one.observable, one.experiment, one.time, one.value, simulated, width, rest, score))
        return pd.DataFrame(rows, columns=list(COLUMNS))


def _terms(problem: Problem, values: Mapping[str, float]) -> pd.DataFrame:
    rows = []
    for id, one in problem.terms.items():
        simulated, width = term_numbers(one, values)
        nearest = min(max(simulated, one.lower), one.upper)
        rest = float(residual(simulated, width, one.noise, nearest))
        rows.append((id, one.dataset, one.lower, one.upper, simulated, width, rest, float(term_score(simulated, width, one).value)))
    return pd.DataFrame(rows, columns=list(TERM_COLUMNS))


def evaluate(problem: Problem, values: Mapping[str, float] | None = None) -> Evaluation:
    """Return the score of a problem at some parameters on the linear scale, at its nominal ones where none are given."""
    return Objective(problem).at(values)


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
