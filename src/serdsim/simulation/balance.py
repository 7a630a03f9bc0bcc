"""The books on doses: what is in all places and what is gone must be what was there and what was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.codegen.infusion import infusion_into
from serdsim.engine.plan import Schedule, same_instant
from serdsim.errors import Issue, ModelError
from serdsim.model.expression import symbols

LIMIT = 1e-6  # relative
_NOTHING = 1e-9  # [nmol] far below any dose: where there is less, the absolute tolerance of the engine decides


@dataclass(frozen=True)
class Balances:
    """Sums that nothing but a dose may change, and what doses bring to each until each output, shape (balance, time)."""

    model: str
    ids: tuple[str, ...]
    given: np.ndarray

    def check(self, start: np.ndarray, values: np.ndarray) -> None:
        """Raise a ModelError that names a balance which is broken.

        Parameters
        ----------
        start : ndarray, shape (balance, individual)
            Before anything was given.
        values : ndarray, shape (balance, time, individual)
        """
        expected = start[:, None, :] + self.given[:, :, None]
        off = np.abs(values - expected) / np.maximum(np.abs(expected), _NOTHING)
        worst = np.max(np.where(np.isfinite(off), off, 0.0), axis=(1, 2), initial=0.0)
        repair = "Mend the reactions: whatever leaves a place must enter another"
        issues = [
            Issue(f"the balance is off by {size:.1e} of what was given", self.model, None, id, f"at most {LIMIT:g}", repair)
            for id, size in zip(self.ids, worst, strict=True)
            if size > LIMIT
        ]
        if issues:
            raise ModelError(issues)


def balances_of(model: str, ids: Sequence[str], equations: Equations, schedule: Schedule, times: np.ndarray) -> Balances | None:
    """Return the balances of individuals who all have the schedule of the first; None without any."""
    if not ids:
        return None
    return Balances(model, tuple(ids), np.array([_given(schedule, counted(equations, id), times) for id in ids]))


def _given(schedule: Schedule, species: frozenset[str], times: np.ndarray) -> np.ndarray:
    """Return what a schedule has brought to any of the species until each time."""
    total = np.zeros(len(times))
    rates = dict.fromkeys((infusion_into(one) for one in species), 0.0)
    for time, kind, target, value in schedule.of(0):
        name = schedule.names[target]
        if kind == "add" and name in species:
            total[times >= time - same_instant(time)] += value
        elif kind == "set" and name in rates:
            total += (value - rates[name]) * np.maximum(times - time, 0.0)
            rates[name] = value
    return total


def counted(equations: Equations, balance: str) -> frozenset[str]:
    """Return all that a balance is computed from, directly or through other assignments."""
    rules = dict((*equations.fixed, *equations.moving))
    found: set[str] = set()
    ahead = [balance]
    while ahead:
        id = ahead.pop()
        if id not in found:
            found.add(id)
            ahead += symbols(rules[id]) if id in rules else ()
    return frozenset(found)
