"""Problem and vectors on the estimation scale -> negative log posterior, gradient and Gauss-Newton curvature of each.

Forward sensitivities through compiled code where the model allows it; `differences.py` serves the others and is the slow twin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.fit.course import Settings
from serdsim.fit.dual import Dual, Formula, formula
from serdsim.fit.held import Lines, Simulated, points, with_terms
from serdsim.fit.places import Seen
from serdsim.fit.point import Point
from serdsim.fit.problem import Problem
from serdsim.fit.sensitive import Flow
from serdsim.fit.space import Space, space_of
from serdsim.fit.stages import Tree, plant
from serdsim.fit.system import System, formulas_of, reading_formula, system_of
from serdsim.model.expression import TIME, Expression, symbols

SETTINGS = Settings(rtol=1e-6, atol=1e-10)
_SIDE_BY_SIDE = 32  # vectors whose slopes are in memory at a time
_Line = tuple[str, float, Expression]


@dataclass(frozen=True)
class _Group:
    """Lines of one stage that share a formula: the rows of the stage in which they stand, and which lines they are."""

    stage: int
    formula: Formula
    rows: np.ndarray
    times: np.ndarray
    lines: np.ndarray


class Gradients:
    """A problem ready to be scored with gradients, many vectors at once.

    Parameters
    ----------
    settings : Settings, optional
        Tolerances of the integration.
    workers : int, optional
        Threads; as many as processors where none are given. No result depends on it.

    Raises
    ------
    ModelError
        For models and courses that sensitivities do not follow.
    """

    def __init__(self, problem: Problem, settings: Settings | None = None, workers: int | None = None) -> None:
        self.problem, self.space = problem, space_of(problem)
        self.system: System = system_of(problem)
        pairs = [formulas_of(problem, one) for one in problem.measurements]
        self._numbers: list[_Line] = [(one.experiment, one.time, pair[0]) for one, pair in zip(problem.measurements, pairs, strict=True)]
        self._widths: list[_Line] = [(one.experiment, one.time, pair[1]) for one, pair in zip(problem.measurements, pairs, strict=True)]
        self._readings: list[_Line] = [(one.experiment, one.time, reading_formula(problem, one)) for one in problem.readings.values()]
        tree = plant(self.system, _wanted([*self._numbers, *self._widths, *self._readings]))
        self.flow = Flow(self.system, tree, settings or SETTINGS, workers)
        self._groups = [_grouped(tree, lines) for lines in (self._numbers, self._widths, self._readings)]

    @property
    def seconds(self) -> float:
        """Time spent in the compiled code so far."""
        return self.flow.directed.seconds

    def __call__(self, vectors: np.ndarray) -> list[Point]:
        """Return one point for each vector, shape (vector, parameter)."""
        parts = [vectors[first : first + _SIDE_BY_SIDE] for first in range(0, len(vectors), _SIDE_BY_SIDE)]
        return [point for part in parts for point in points(self.problem, self.space, part, self.simulated(part))]

    def simulated(self, vectors: np.ndarray) -> Simulated:
        """Return what measurements and terms are compared with, with slopes by the vectors, shape (vector, parameter)."""
        values = parameters(self.problem, self.space, vectors)
        seen = self.flow.run(values)
        counts = (len(self._numbers), len(self._widths), len(self._readings))
        numbers, widths, read = (Lines.blank(count, self.space, len(vectors)) for count in counts)
        with np.errstate(all="ignore"):
            for lines, groups in zip((numbers, widths, read), self._groups, strict=True):
                for group in groups:
                    _fill(lines, group, seen[group.stage])
        readings = {id: Dual(read.value[row], read.slope[:, row]) for row, id in enumerate(self.problem.readings)}
        return with_terms(self.problem, self.space, Simulated(numbers, widths), readings, values)


def parameters(problem: Problem, space: Space, vectors: np.ndarray) -> dict[str, Dual]:
    """Return all parameters of a problem on the linear scale, with their slopes by the vectors, shape (vector, parameter)."""
    count = len(vectors)
    found = {id: Dual(np.full(count, one.nominal)) for id, one in problem.parameters.items()}
    for j, (name, logarithmic) in enumerate(zip(space.names, space.logarithmic, strict=True)):
        value = np.exp(vectors[:, j]) if logarithmic else vectors[:, j].astype(float)
        slope = np.zeros((len(space.names), count))
        slope[j] = value if logarithmic else 1.0
        found[name] = Dual(value, slope)
    return found


def _wanted(lines: Sequence[_Line]) -> dict[str, dict[float, frozenset[str]]]:
    wanted: dict[str, dict[float, frozenset[str]]] = {}
    for experiment, time, expression in lines:
        of = wanted.setdefault(experiment, {})
        of[time] = of.get(time, frozenset()) | (symbols(expression) - {TIME.id})
    return wanted


def _grouped(tree: Tree, lines: Sequence[_Line]) -> list[_Group]:
    found: dict[tuple[int, Expression], list[int]] = {}
    for line, (experiment, time, expression) in enumerate(lines):
        found.setdefault((tree.at(experiment, time), expression), []).append(line)
    groups = []
    for (stage, expression), members in found.items():
        times = np.array([lines[line][1] for line in members])
        rows = np.searchsorted(tree.stages[stage].rows, times)
        groups.append(_Group(stage, formula(expression), rows, times, np.array(members)))
    return groups


def _fill(lines: Lines, group: _Group, seen: Seen) -> None:
    known = {
        id: Dual(dual.value[group.rows], None if dual.slope is None else dual.slope[:, group.rows])
        for id, dual in seen.outputs.items()
        if id in group.formula.names
    }
    lines.put(group.lines, group.formula(known, group.times[:, None]))
