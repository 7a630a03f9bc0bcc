"""Individuals of one question, chunk by chunk: drawn, equilibrated, dosed and run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.engine.engines import Engine
from serdsim.engine.plan import Arrays, Plan, Schedule
from serdsim.engine.pools import members
from serdsim.model.plating import Plating
from serdsim.model.tolerance import OF_ENGINE, Tolerance
from serdsim.simulation.balance import Balances
from serdsim.simulation.draws import Draws, Marginal, drawn
from serdsim.simulation.lesions import Lesions
from serdsim.simulation.plating import plated


@dataclass(frozen=True)
class DrawnJob:
    """A job for `engine.pools`: the arrays of a chunk follow from this and the number of the chunk, and from nothing else.

    Attributes
    ----------
    engine : Engine
    equations : Equations
    marginals : tuple of Marginal
        What each of `equations.given` is drawn from.
    draws : Draws
        Of all individuals.
    schedule : Schedule
        Of one individual; all have the same.
    times : ndarray
        When outputs are observed [model time].
    outputs : tuple of str
    pre_run : float
        Time without doses before the start [model time]; 0 for none.
    chunk : int
        Individuals in a chunk.
    plating : Plating, optional
        What is counted anew after the pre-run.
    tolerance : Tolerance
        How exactly the model is run.
    lesions : Lesions, optional
        Of each patient; each is an individual then.
    balances : Balances, optional
        Sums that are checked against the doses.
    finite : bool
        Whether an individual of whom an output is no finite number has failed.
    """

    engine: Engine
    equations: Equations
    marginals: tuple[Marginal, ...]
    draws: Draws
    schedule: Schedule
    times: np.ndarray
    outputs: tuple[str, ...]
    pre_run: float
    chunk: int
    plating: Plating | None = None
    tolerance: Tolerance = OF_ENGINE
    lesions: Lesions | None = None
    balances: Balances | None = None
    finite: bool = False

    @property
    def individuals(self) -> int:
        """Number of individuals of all chunks."""
        return self.draws.individuals * self._parts

    @property
    def _parts(self) -> int:
        return len(self.lesions.each) if self.lesions else 1

    def who(self, rows: range) -> dict[str, np.ndarray]:
        """Return draw, patient (0 is the typical one) and lesion of each individual, as far as there are several in a draw."""
        person, lesion = np.divmod(np.arange(rows.start, rows.stop, dtype=np.int64), self._parts)
        of, member = np.divmod(person, self.draws.group)
        found = {"draw": of, "patient": member} if self.draws.beside or self.lesions else {}
        return {**found, "lesion": lesion} if self.lesions else found

    def compute(self, kernel: Any, number: int) -> Arrays:
        """Return the arrays of one chunk.

        Raises
        ------
        ModelError
            For a balance that is broken.
        """
        rows = members(self, number)
        given = self._given(rows)
        sums = self.balances.ids if self.balances else ()
        plan = self._plan(given, self.times, (*self.outputs, *sums), schedule=repeated(self.schedule, len(rows)))
        if not self.pre_run and self.plating is None:
            return self._checked(self._balanced(kernel, plan, self.engine.run(kernel, plan)))
        before = self.engine.run(kernel, self._plan(given, np.array([self.pre_run]), ()))
        plan = replace(plan, initial=plated(self.plating, self.equations, given, before.final))
        after = self._balanced(kernel, plan, _with_failures(before, self.engine.run(kernel, plan)))
        return self._checked(after)

    def _balanced(self, kernel: Any, plan: Plan, found: Arrays) -> Arrays:
        """Return the arrays without the balances, which are checked in individuals that ended well."""
        if self.balances is None:
            return found
        own = len(self.outputs)
        before = self.engine.run(kernel, replace(plan, times=plan.times[:1], outputs=self.balances.ids, schedule=None))
        ok = (found.status == "ok") & (before.status == "ok")
        self.balances.check(before.values[:, 0, ok], found.values[own:][:, :, ok])
        return replace(found, values=found.values[:own])

    def _checked(self, arrays: Arrays) -> Arrays:
        """Return the arrays without the values of individuals of whom an output is no finite number."""
        if not self.finite or np.isfinite(arrays.values).all():
            return arrays
        lost = ~np.isfinite(arrays.values) & (arrays.status == "ok")
        gone = lost.any(axis=(0, 1))
        message, status, values = list(arrays.message), arrays.status.copy(), arrays.values.copy()
        for number in np.flatnonzero(gone):
            output, when = np.argwhere(lost[:, :, number])[0]
            message[number] = f"{self.outputs[output]} is no finite number at time {self.times[when]:g}"
        values[:, :, gone], status[gone] = np.nan, "not_finite"
        return replace(arrays, values=values, status=status, message=tuple(message))

    def _given(self, rows: range) -> np.ndarray:
        if self.lesions is None:
            return drawn(self.marginals, self.draws, rows)
        person, lesion = np.divmod(np.arange(rows.start, rows.stop), self._parts)
        people = drawn(self.marginals, self.draws, range(person[0], person[-1] + 1))
        return self.lesions.set_in(people[:, person - person[0]], lesion)

    def _plan(self, given: np.ndarray, times: np.ndarray, outputs: tuple[str, ...], schedule: Schedule | None = None) -> Plan:
        return self.engine.at(self.tolerance, Plan(given, times, outputs, schedule=schedule))


def repeated(schedule: Schedule, individuals: int) -> Schedule:
    """Return the schedule of one individual for so many."""
    items = len(schedule.times)
    return replace(
        schedule,
        starts=np.arange(individuals + 1, dtype=np.int64) * items,
        times=np.tile(schedule.times, individuals),
        kinds=np.tile(schedule.kinds, individuals),
        targets=np.tile(schedule.targets, individuals),
        values=np.tile(schedule.values, individuals),
    )


def _with_failures(before: Arrays, after: Arrays) -> Arrays:
    """Return the arrays without the values of individuals that failed in the pre-run."""
    lost = before.status != "ok"
    if not np.any(lost):
        return after
    values, status = after.values.copy(), after.status.copy()
    values[:, :, lost], status[lost] = np.nan, before.status[lost]
    message = tuple(f"pre-run: {old}" if gone else new for gone, old, new in zip(lost, before.message, after.message, strict=True))
    return replace(after, values=values, status=status, message=message)
