"""The slow twin of `gradient.py`: slopes from central differences of plain courses. It serves every model that can be simulated."""

from __future__ import annotations

import numpy as np

from serdsim.fit.course import Settings
from serdsim.fit.held import Lines, Simulated, points
from serdsim.fit.objective import Objective
from serdsim.fit.point import Point
from serdsim.fit.problem import Problem
from serdsim.fit.space import space_of

_STEP = 1e-4  # of a logarithm; of the size of a parameter that is not logarithmic
_SMALL = 1e-3  # the size of a parameter near zero, or this share of its room where that is below one
_TINY = 1e-9  # a parameter below this share of its room has no size of its own, and takes the small share of it


class Differences:
    """A problem ready to be scored with gradients by differences; each vector costs two plain scores per parameter."""

    def __init__(self, problem: Problem, settings: Settings | None = None, workers: int | None = None) -> None:
        self.problem, self.space = problem, space_of(problem)
        self._objective = Objective(problem, settings, workers)
        self.seconds = 0.0  # spent in compiled code apart from all else: not known here

    def __call__(self, vectors: np.ndarray) -> list[Point]:
        """Return one point for each vector, shape (vector, parameter)."""
        return [points(self.problem, self.space, one[None], self.simulated(one[None]))[0] for one in vectors]

    def simulated(self, vectors: np.ndarray) -> Simulated:
        """Return what measurements and terms are compared with, with slopes by the vectors, shape (vector, parameter)."""
        lines = len(self.problem.measurements) + len(self.problem.terms)
        numbers, widths = (Lines.blank(lines, self.space, len(vectors)) for _ in range(2))
        for v, vector in enumerate(vectors):
            numbers.value[:, v], widths.value[:, v] = self._plain(vector)
            for j in range(vectors.shape[1]):
                step = _STEP * self._size(j, float(vector[j]))
                low, high = min(self.space.low[j], vector[j]), max(self.space.high[j], vector[j])
                ends = [float(np.clip(vector[j] + sign * step, low, high)) for sign in (-1.0, 1.0)]
                (number, width), (more, wide) = (self._plain(np.concatenate([vector[:j], [end], vector[j + 1 :]])) for end in ends)
                numbers.slope[j, :, v] = (more - number) / (ends[1] - ends[0])
                widths.slope[j, :, v] = (wide - width) / (ends[1] - ends[0])
        return Simulated(numbers, widths)

    def _size(self, j: int, x: float) -> float:
        if self.space.logarithmic[j]:
            return 1.0
        room = float(self.space.high[j] - self.space.low[j])
        if not np.isfinite(room):
            return max(abs(x), _SMALL)
        return _SMALL * room if abs(x) < _TINY * room else max(abs(x), _SMALL * min(room, 1.0))

    def _plain(self, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = self._objective.at(self.space.values(vector))
        numbers, widths = ([*found.table[name], *found.terms[name]] for name in ("simulation", "noise"))
        return np.array(numbers, float), np.array(widths, float)
