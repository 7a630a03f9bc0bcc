"""What sensitivities are to: single values that individuals bring, several that move together, slopes of the initial state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.codegen.columns import Move
from serdsim.codegen.equations import Equations
from serdsim.engine.plan import Plan
from serdsim.errors import InputError, Issue


@dataclass(frozen=True)
class Direction:
    """A parameter beyond the model: several values that individuals bring move with it.

    Attributes
    ----------
    ids : tuple of str
        Ids of `equations.given`, each once; none where only the initial state moves. Compiled code is built for ids.
    rates : ndarray, shape (id, individual)
        How fast each moves.
    """

    ids: tuple[str, ...]
    rates: np.ndarray


Column = str | Direction


@dataclass(frozen=True)
class Seeds:
    """Checked columns of a run.

    Attributes
    ----------
    moves : tuple of str or tuple of str
        For each column its one value, or the values of its direction.
    rates : ndarray, shape (id, individual)
        Of all directions, one below the other.
    initial : ndarray or None, shape (state, column, individual)
    """

    moves: tuple[Move, ...]
    rates: np.ndarray
    initial: np.ndarray | None

    def of_given(self, equations: Equations, individual: int) -> np.ndarray:
        """Return how fast the values of an individual move, shape (given, column)."""
        found = np.zeros((len(equations.given), len(self.moves)))
        rates = iter(self.rates[:, individual].tolist())
        for column, move in enumerate(self.moves):
            for id in (move,) if isinstance(move, str) else move:
                found[equations.given.index(id), column] = 1.0 if isinstance(move, str) else next(rates)
        return found


def read_seeds(equations: Equations, plan: Plan, parameters: Sequence[Column], initial_slopes: np.ndarray | None) -> Seeds:
    """Return the columns of a run.

    Raises
    ------
    InputError
        For a value that individuals do not bring, for rates or slopes of another shape or not finite, and for slopes of an
        initial state that the plan does not give.
    """
    moves = tuple(column if isinstance(column, str) else tuple(column.ids) for column in parameters)
    known = set(equations.given)
    missing = dict.fromkeys(id for move in moves for id in ((move,) if isinstance(move, str) else move) if id not in known)
    if missing:
        raise InputError(
            Issue(f"there is no sensitivity to {', '.join(missing)}", expected="parameters or start values that individuals bring")
        )
    rates = [_rates(column, plan.individuals) for column in parameters if not isinstance(column, str)]
    initial = None if initial_slopes is None else _initial(equations, plan, len(moves), initial_slopes)
    return Seeds(moves, np.concatenate([np.empty((0, plan.individuals)), *rates]), initial)


def _rates(direction: Direction, individuals: int) -> np.ndarray:
    twice = [id for id in dict.fromkeys(direction.ids) if direction.ids.count(id) > 1]
    if twice:
        raise InputError(Issue(f"a direction names {', '.join(twice)} twice", expected="each value once, with the sum of its rates"))
    return _numbers("the rates of a direction", direction.rates, (len(direction.ids), individuals), "one for each value and individual")


def _initial(equations: Equations, plan: Plan, columns: int, slopes: np.ndarray) -> np.ndarray:
    if plan.initial is None:
        raise InputError(
            Issue(
                "slopes of the initial state need a plan that gives the initial state",
                expected="`initial` in the plan, or no slopes: a state that starts from given values has the slopes of these",
            )
        )
    shape = (len(equations.states), columns, plan.individuals)
    return _numbers("the slopes of the initial state", slopes, shape, "one for each state, column and individual")


def _numbers(what: str, values: np.ndarray, shape: tuple[int, ...], words: str) -> np.ndarray:
    found = np.asarray(values, float)
    if found.shape != shape:
        raise InputError(Issue(f"{what} have the shape {found.shape}", expected=f"{shape}: {words}"))
    if not np.all(np.isfinite(found)):
        raise InputError(Issue(f"{what} are not all finite", expected="finite numbers"))
    return found
