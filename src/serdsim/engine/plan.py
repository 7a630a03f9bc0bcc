"""The Plan: arrays in. The only contract between what is asked and the code that computes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.errors import InputError

STATUSES = ("ok", "step_limit", "step_underflow", "not_finite")
KINDS = ("add", "set", "reset", "see")


@dataclass(frozen=True)
class Schedule:
    """What happens to each individual from outside, in the order in which it happens.

    The items of individual i are `starts[i]` to `starts[i + 1]`, sorted by time; items of the same instant come in the
    order given.

    Attributes
    ----------
    names : tuple of str
        Ids of what is changed.
    starts : ndarray of int, shape (individual + 1,)
    times : ndarray, shape (item,)
        [model time]
    kinds : ndarray of int, shape (item,)
        Position in `KINDS`: `add` adds an amount to a species, `set` gives a species its concentration and anything else
        its value, `reset` brings back the state of the start, `see` writes the output row `targets` as it is now.
    targets : ndarray of int, shape (item,)
        Position in `names`, for `see` a row of `Plan.times`.
    values : ndarray, shape (item,)
    """

    names: tuple[str, ...]
    starts: np.ndarray
    times: np.ndarray
    kinds: np.ndarray
    targets: np.ndarray
    values: np.ndarray

    @classmethod
    def shared(cls, times: Sequence[float], kinds: Sequence[str], targets: Sequence[str], values: np.ndarray) -> Schedule:
        """Return the schedule of individuals with common times.

        Parameters
        ----------
        times, kinds, targets : sequence, length stop
            Stops in the order of time; kinds "add" or "set".
        values : ndarray, shape (stop, individual)
            NaN leaves that individual alone.

        Raises
        ------
        InputError
            When the stops are not in the order of time.
        """
        if list(times) != sorted(times):
            raise InputError("stops must come in the order of time")
        names = tuple(dict.fromkeys(targets))
        table = np.asarray(values, float)
        person, stop = np.nonzero(~np.isnan(table.T))
        return cls(
            names=names,
            starts=np.concatenate([[0], np.cumsum(np.bincount(person, minlength=table.shape[1]))]).astype(np.int64),
            times=np.asarray(times, float)[stop],
            kinds=np.array([KINDS.index(kind) for kind in kinds], np.int8)[stop],
            targets=np.array([names.index(target) for target in targets], np.int32)[stop],
            values=table[stop, person],
        )

    @classmethod
    def none(cls, individuals: int) -> Schedule:
        """Return the schedule in which nothing happens."""
        return cls.shared((), (), (), np.empty((0, individuals)))

    def of(self, individual: int) -> list[tuple[float, str, int, float]]:
        """Return time, kind, target and value of each item of one individual."""
        rows = slice(int(self.starts[individual]), int(self.starts[individual + 1]))
        kinds = [KINDS[kind] for kind in self.kinds[rows]]
        return list(zip(self.times[rows].tolist(), kinds, self.targets[rows].tolist(), self.values[rows].tolist(), strict=True))

    def chunk(self, rows: slice) -> Schedule:
        """Return the schedule of some individuals."""
        first, last, _ = rows.indices(len(self.starts) - 1)
        starts = self.starts[first : max(last, first) + 1]
        items = slice(int(starts[0]), int(starts[-1]))
        return Schedule(self.names, starts - starts[0], self.times[items], self.kinds[items], self.targets[items], self.values[items])

    def only(self, who: np.ndarray) -> Schedule:
        """Return the schedule of the individuals with these numbers."""
        spans = [np.arange(self.starts[one], self.starts[one + 1]) for one in who.tolist()]
        items = np.concatenate([np.empty(0, np.int64), *spans])
        starts = np.concatenate([[0], np.cumsum([len(span) for span in spans])]).astype(np.int64)
        return Schedule(self.names, starts, self.times[items], self.kinds[items], self.targets[items], self.values[items])


@dataclass(frozen=True)
class Plan:
    """What to integrate.

    Attributes
    ----------
    given : ndarray, shape (given, individual)
        Values of `equations.given` [each in its own unit].
    times : ndarray, shape (time,) or (time, individual)
        When the outputs are observed [model time], never falling; +inf fills up after the last of an individual. They
        never change a step. An output of the instant of a stop is seen after it.
    outputs : tuple of str
        Ids of states, inputs, assignments, reactions (their rate) or `net_flux_<boundary species>`.
    initial : ndarray or None, shape (state, individual)
        Start state (amounts); None starts from `given`.
    schedule : Schedule
    placed : ndarray of bool, shape of `times`, or None
        Outputs that an item `see` of the schedule writes, between the others of that instant.
    start_time : float
    rtol, atol : float
        Relative and absolute tolerance; `atol` counts in concentration, or in the own unit of other states.
    max_evaluations : int
        Evaluations of the derivatives (for the compiled engine: attempted steps) per individual and between two stops,
        events or changing comparisons.
    """

    given: np.ndarray
    times: np.ndarray
    outputs: tuple[str, ...]
    initial: np.ndarray | None = None
    schedule: Schedule | None = None
    placed: np.ndarray | None = None
    start_time: float = 0.0
    rtol: float = 1e-8
    atol: float = 1e-12
    max_evaluations: int = 40_000

    def __post_init__(self) -> None:
        times = np.asarray(self.times, float)
        object.__setattr__(self, "times", times)
        first = times[:1]
        if not times.size or not np.all(np.isfinite(first)) or np.any(first < self.start_time) or not np.all(times[1:] >= times[:-1]):
            raise InputError("output times must be finite, rising and not before the start")
        if self.schedule is None:
            object.__setattr__(self, "schedule", Schedule.none(self.individuals))
        _check_schedule(self.stops, self.start_time)

    @property
    def individuals(self) -> int:
        """Number of individuals."""
        return int(self.given.shape[1])

    @property
    def stops(self) -> Schedule:
        """The schedule, empty where none was given."""
        assert self.schedule is not None
        return self.schedule

    def times_of(self, individual: int) -> np.ndarray:
        """Return the output times of one individual, +inf at the end where it has fewer than others."""
        return self.times if self.times.ndim == 1 else self.times[:, individual]

    def chunk(self, rows: slice) -> Plan:
        """Return the plan of some individuals."""
        return replace(
            self,
            given=self.given[:, rows],
            initial=None if self.initial is None else self.initial[:, rows],
            schedule=self.stops.chunk(rows),
            times=self.times if self.times.ndim == 1 else self.times[:, rows],
            placed=self.placed if self.placed is None or self.placed.ndim == 1 else self.placed[:, rows],
        )

    def only(self, who: np.ndarray) -> Plan:
        """Return the plan of the individuals with these numbers."""
        return replace(
            self,
            given=self.given[:, who],
            initial=None if self.initial is None else self.initial[:, who],
            schedule=self.stops.only(who),
            times=self.times if self.times.ndim == 1 else self.times[:, who],
            placed=self.placed if self.placed is None or self.placed.ndim == 1 else self.placed[:, who],
        )


def _check_schedule(schedule: Schedule, start: float) -> None:
    if not len(schedule.times):
        return
    if not np.all(np.isfinite(schedule.times)) or np.any(schedule.times < start):
        raise InputError("a stop lies before the start of the simulation")
    falls = np.diff(schedule.times) < 0
    falls[schedule.starts[1:-1][(schedule.starts[1:-1] > 0) & (schedule.starts[1:-1] < len(schedule.times))] - 1] = False
    if np.any(falls):
        raise InputError("stops must come in the order of time")


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
    steps, refused : ndarray of int or None, shape (individual,)
        Steps accepted and refused, where the engine counts them.
    """

    values: np.ndarray
    status: np.ndarray
    message: tuple[str, ...]
    final: np.ndarray
    evaluations: np.ndarray
    steps: np.ndarray | None = None
    refused: np.ndarray | None = None


def same_instant(time: float) -> float:
    """Return how far another time may lie from `time` and still mean the same instant: rounding of 3 x 0.1 against 0.3."""
    return 1e-12 * max(1.0, abs(time))


def join(parts: list[Arrays]) -> Arrays:
    """Return chunks side by side, in their order."""
    return Arrays(
        values=np.concatenate([part.values for part in parts], axis=2),
        status=np.concatenate([part.status for part in parts]),
        message=tuple(text for part in parts for text in part.message),
        final=np.concatenate([part.final for part in parts], axis=1),
        evaluations=np.concatenate([part.evaluations for part in parts]),
        steps=_joined([part.steps for part in parts]),
        refused=_joined([part.refused for part in parts]),
    )


def _joined(parts: list[np.ndarray | None]) -> np.ndarray | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def check_targets(equations: Equations, schedule: Schedule) -> None:
    """Raise an InputError for a change of something that the model does not have."""
    if not len(schedule.times):
        return
    for target, kind in {(int(t), int(k)) for t, k in zip(schedule.targets, schedule.kinds, strict=True)}:
        name = schedule.names[target] if KINDS[kind] in ("add", "set") else None
        if name is not None and name not in equations.states and not (KINDS[kind] == "set" and name in equations.constants):
            raise InputError(
                f'the schedule cannot {KINDS[kind]} "{name}": it is not a species, a changing quantity or an input of the model'
            )


def check_outputs(equations: Equations, outputs: Sequence[str]) -> None:
    """Raise an InputError for outputs that the equations do not have."""
    known = {*equations.states, *equations.constants, *(id for id, _ in (*equations.fixed, *equations.moving, *equations.boundary_flux))}
    missing = [id for id in outputs if id not in known]
    if missing:
        raise InputError(f"unknown output {', '.join(missing)}")


def check_plan(equations: Equations, plan: Plan) -> None:
    """Raise an InputError for targets of the schedule or numbers of individuals that do not fit the equations."""
    check_targets(equations, plan.stops)
    shapes = ((plan.given, len(equations.given)), (plan.initial, len(equations.states)))
    if any(array is not None and array.shape != (count, plan.individuals) for array, count in shapes):
        raise InputError("the numbers of the individuals do not have the shape of the model")
