"""Numbers with their slopes: what a formula gives, and how fast it moves with the estimated parameters, for many vectors at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from serdsim.codegen.array_printer import array_function
from serdsim.codegen.graph import Graph, lower
from serdsim.model.expression import TIME, Expression, symbols


@dataclass(frozen=True)
class Dual:
    """A number, or an array of them, and its slopes.

    Attributes
    ----------
    value : ndarray, shape (..., vector)
    slope : ndarray or None, shape (parameter, ..., vector)
        None where nothing moves it.
    """

    value: np.ndarray
    slope: np.ndarray | None = None


def product(a: Dual, b: Dual) -> Dual:
    """Return a * b."""
    parts = [x.value * y.slope for x, y in ((a, b), (b, a)) if y.slope is not None]
    return Dual(a.value * b.value, sum(parts[1:], parts[0]) if parts else None)


class Formula:
    """An expression as a function of numbers with slopes."""

    def __init__(self, expression: Expression) -> None:
        self.names = tuple(sorted(symbols(expression) - {TIME.id}))
        graph = Graph()
        known = {id: graph.input(id) for id in (*self.names, TIME.id)}
        root = graph.number(lower(graph, expression, known))
        slopes = graph.slopes([root], [known[id] for id in self.names])[0]
        self.moved = tuple(self.names[k] for k in slopes)
        places = {id: f"v[{k}]" for k, id in enumerate((*self.names, TIME.id))}
        self._compute = array_function(graph, [root, *slopes.values()], places, "v")

    def __call__(self, values: Mapping[str, Dual], time: np.ndarray | float = np.nan) -> Dual:
        """Return the value of the expression; not a number where the arithmetic has none."""
        found, *partials = self._compute([*(values[id].value for id in self.names), np.asarray(time, float)])
        total = None
        for id, partial in zip(self.moved, partials, strict=True):
            slope = values[id].slope
            if slope is not None:
                total = partial * slope if total is None else total + partial * slope
        return Dual(np.asarray(found, float), total)


@lru_cache(maxsize=4096)
def formula(expression: Expression) -> Formula:
    """Return the function of an expression; made once."""
    return Formula(expression)
