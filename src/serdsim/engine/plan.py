"""The Plan: arrays in. The only contract between what is asked and the code that computes it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from serdsim.errors import InputError

STATUSES = ("ok", "step_limit", "step_underflow", "not_finite")
NUMERICS = "reference-1"


@dataclass(frozen=True)
class Schedule:
    """Stops common to all individuals: at `times[i]` [h] the value of `targets[i]` is set or an amount is added.

    Attributes
    ----------
    times : tuple of float, shape (stop,)
    kinds : tuple of {"set", "add"}, shape (stop,)
        `set` gives a species its concentration, anything else its value; `add` adds an amount to a species.
    targets : tuple of str, shape (stop,)
    values : ndarray, shape (stop, individual)
        NaN leaves that individual alone.
    """

    times: tuple[float, ...] = ()
    kinds: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    values: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    def chunk(self, rows: slice) -> Schedule:
        """Return the schedule of some individuals."""
        return replace(self, values=self.values[:, rows])


@dataclass(frozen=True)
class Plan:
    """What to integrate.

    Attributes
    ----------
    given : ndarray, shape (given, individual)
        Values of `equations.given` [each in its own unit].
    initial : ndarray or None, shape (state, individual)
        Start state (amounts); None starts from `given`.
    times : tuple of float, shape (time,)
        When the outputs are observed [model time]; they never change a step.
    outputs : tuple of str
        Ids of states, inputs, assignments, reactions (their rate) or `net_flux_<boundary species>`.
    start_time : float
    rtol, atol : float
        Relative and absolute tolerance; `atol` counts in concentration, or in the own unit of other states.
    max_evaluations : int
        Evaluations of the derivatives per individual and between two stops, events or changing comparisons.
    """

    given: np.ndarray
    times: tuple[float, ...]
    outputs: tuple[str, ...]
    initial: np.ndarray | None = None
    schedule: Schedule = Schedule()
    start_time: float = 0.0
    rtol: float = 1e-8
    atol: float = 1e-12
    max_evaluations: int = 40_000

    def __post_init__(self) -> None:
        if not self.schedule.times:
            object.__setattr__(self, "schedule", Schedule(values=np.empty((0, self.given.shape[1]))))
        times = self.times
        if not times or not all(np.isfinite(times)) or any(b <= a for a, b in pairwise(times)) or times[0] < self.start_time:
            raise InputError("output times must be finite, rising and not before the start")
        if self.schedule.times and (min(self.schedule.times) < self.start_time or not np.all(np.isfinite(self.schedule.times))):
            raise InputError("a stop lies before the start of the simulation")
        if list(self.schedule.times) != sorted(self.schedule.times):
            raise InputError("stops must come in the order of time")
        stops = _merged((self.start_time, *self.schedule.times))
        object.__setattr__(self, "schedule", replace(self.schedule, times=stops[1:]))
        object.__setattr__(self, "times", tuple(_nearest(time, stops) for time in times))

    @property
    def individuals(self) -> int:
        """Number of individuals."""
        return int(self.given.shape[1])

    def chunk(self, rows: slice) -> Plan:
        """Return the plan of some individuals."""
        initial = None if self.initial is None else self.initial[:, rows]
        return replace(self, given=self.given[:, rows], initial=initial, schedule=self.schedule.chunk(rows))


@dataclass(frozen=True)
class Arrays:
    """What comes out.

    Attributes
    ----------
    values : ndarray, shape (output, time, individual)
        NaN for an individual that failed.
    status : ndarray of str, shape (individual,)
        One of `STATUSES`.
    message : tuple of str
        For a failed individual: time and state where it ended.
    final : ndarray, shape (state, individual)
        State at the last output time.
    evaluations : ndarray of int, shape (individual,)
        Evaluations of the derivatives.
    """

    values: np.ndarray
    status: np.ndarray
    message: tuple[str, ...]
    final: np.ndarray
    evaluations: np.ndarray


def same_instant(time: float) -> float:
    """Return how far another time may lie from `time` and still mean the same instant: rounding of 3 x 0.1 against 0.3."""
    return 1e-12 * max(1.0, abs(time))


def _merged(times: tuple[float, ...]) -> tuple[float, ...]:
    """Return rising times in which the same instant is the same number."""
    found: list[float] = []
    for time in times:
        found.append(found[-1] if found and time - found[-1] <= same_instant(time) else time)
    return tuple(found)


def _nearest(time: float, stops: tuple[float, ...]) -> float:
    """Return the stop of that instant, else the time itself: an output at a stop is seen after it, whatever the rounding."""
    i = bisect_left(stops, time)
    near = [stop for stop in stops[max(i - 1, 0) : i + 1] if abs(stop - time) <= same_instant(time)]
    return near[0] if near else time


def join(parts: list[Arrays]) -> Arrays:
    """Return chunks side by side, in their order."""
    return Arrays(
        values=np.concatenate([part.values for part in parts], axis=2),
        status=np.concatenate([part.status for part in parts]),
        message=tuple(text for part in parts for text in part.message),
        final=np.concatenate([part.final for part in parts], axis=1),
        evaluations=np.concatenate([part.evaluations for part in parts]),
    )
