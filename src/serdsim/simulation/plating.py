"""After the pre-run cells are counted and plated: their number is that of the experiment, their phases are those of the pre-run."""

from __future__ import annotations

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.model.plating import Plating


def plated(plating: Plating | None, equations: Equations, given: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Return the states after plating, shape (state, individual).

    Parameters
    ----------
    plating : Plating or None
        None leaves the states as they are.
    equations : Equations
    given : ndarray, shape (given, individual)
    state : ndarray, shape (state, individual)
        At the end of the pre-run.
    """
    if plating is None:
        return state
    result = np.array(state)
    count = given[equations.given.index(plating.count)]
    for group, share in zip(plating.groups or (plating.cells,), _shares(plating, equations, given), strict=True):
        cells = [equations.states.index(id) for id in group]
        with np.errstate(invalid="ignore", divide="ignore"):  # an individual that failed in the pre-run stays NaN
            result[cells] *= count * share / result[cells].sum(axis=0)
    result[[equations.states.index(id) for id in plating.cleared]] = 0.0
    return result


def _shares(plating: Plating, equations: Equations, given: np.ndarray) -> list[np.ndarray | float]:
    if not plating.groups:
        return [1.0]
    found: list[np.ndarray | float] = []
    left: np.ndarray | float = 1.0
    for id in plating.shares:
        share = 1.0 if id == "rest" else given[equations.given.index(id)]
        found.append(left * share)
        left = left * (1.0 - share)
    return found
