"""Simulated courses at times close together, for the eye: the same formulas and the same solver as the scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.fit.course import Courses, Settings
from serdsim.fit.data_sets import Seen
from serdsim.fit.formula import number_of
from serdsim.fit.objective import Objective
from serdsim.fit.problem import STEADY, Problem

POINTS = 160
_AHEAD = 0.04  # share of the time shown that a curve goes on behind its last point


@dataclass(frozen=True)
class Curve:
    """A simulated course; values where the simulation failed are not a number."""

    times: tuple[float, ...]
    values: tuple[float, ...]


def curves(objective: Objective, values: Mapping[str, float], groups: Sequence[Sequence[Seen]], settings: Settings) -> list[Curve]:
    """Return a curve through each group of points of one time course, at some values of the parameters."""
    problem = objective.problem
    spans = [_times(problem, group) for group in groups]
    wanted: dict[str, list[float]] = {}
    for group, times in zip(groups, spans, strict=True):
        wanted.setdefault(problem.measurements[group[0].row].experiment, []).extend(times)
    now = {**problem.nominal, **values}
    found, _ = Courses(objective.system, now, settings, objective.workers).run(wanted)
    drawn = []
    for group, times in zip(groups, spans, strict=True):
        row = group[0].row
        formula, seen = objective.formulas[row][0], found[problem.measurements[row].experiment]
        drawn.append(Curve(tuple(times), tuple(number_of(formula, seen[time]) if time in seen else math.nan for time in times)))
    return drawn


def _times(problem: Problem, group: Sequence[Seen]) -> list[float]:
    """Return times from the start of what is observed, or from 0 h after a pre-run, a little past the last point."""
    experiment = problem.experiments[problem.measurements[group[0].row].experiment]
    seen = [one.time for one in group]
    first = max(experiment.start, min(0.0, *seen))
    last = max(seen) + _AHEAD * (max(seen) - first)
    changes = [period.time for period in experiment.periods if period.time != STEADY and first < period.time < last]
    return sorted({*np.linspace(first, last, POINTS).tolist(), *seen, *changes})
