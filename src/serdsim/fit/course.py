"""Experiments -> values of the outputs: all of them are individuals of one plan, as far as their starts allow.

What a condition sets at a later time from the state of that time is found by a run up to it; the last run has all changes in
its schedule, so that triggers of events remember what was before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from serdsim.codegen.kernel import build
from serdsim.engine.ensemble import run_ensemble
from serdsim.engine.plan import KINDS, Arrays, Plan, Schedule
from serdsim.fit.balance import balanced
from serdsim.fit.formula import number_of
from serdsim.fit.problem import STEADY, Experiment, Period
from serdsim.fit.system import System, needs_state

Values = dict[str, float]
_HORIZONS = tuple(10.0**power for power in range(2, 17, 2))  # [model time]


@dataclass
class Track:
    """One experiment on its way; `failure` is empty as long as it goes well."""

    experiment: Experiment
    start: float
    given: np.ndarray
    state: np.ndarray
    inputs: list[float]
    items: list[tuple[float, str, float]] = field(default_factory=list)
    truths: tuple[bool, ...] = ()
    failure: str = ""


@dataclass(frozen=True)
class Settings:
    """Tolerances of the integration."""

    rtol: float = 1e-8
    atol: float = 1e-12


class Courses:
    """All experiments of a problem at some values of its parameters."""

    def __init__(self, system: System, values: Mapping[str, float], settings: Settings, workers: int | None) -> None:
        self.system, self.values, self.settings, self.workers = system, values, settings, workers

    def run(self, wanted: Mapping[str, Sequence[float]]) -> tuple[dict[str, dict[float, Values]], dict[str, str]]:
        """Return by experiment and time the values of the outputs, and by experiment the words of a failure."""
        experiments = [self.system.problem.experiments[id] for id in wanted]
        tracks = [self._begun(one) for one in experiments]
        self._equilibrate([track for track in tracks if track.experiment.periods[0].time == STEADY])
        later = [track.experiment.periods[1:] for track in tracks]
        for number in range(max((len(periods) for periods in later), default=0)):
            self._change([(track, of[number]) for track, of in zip(tracks, later, strict=True) if len(of) > number and not track.failure])
        found: dict[str, dict[float, Values]] = {track.experiment.id: {} for track in tracks}
        finite = {id: sorted({time for time in times if np.isfinite(time)}) for id, times in wanted.items()}
        self._observe([track for track in tracks if finite[track.experiment.id]], finite, found)
        endless = [track for track in tracks if any(np.isinf(time) for time in wanted[track.experiment.id])]
        for track, end in self._settled([track for track in endless if not track.failure]):
            found[track.experiment.id][np.inf] = self._outputs(track, np.inf, end)
        return found, {track.experiment.id: track.failure for track in tracks if track.failure}

    def _begun(self, experiment: Experiment) -> Track:
        changes = self.system.problem.changes(experiment.periods[0])
        given, state, inputs = self.system.begin(self.values, changes, experiment.start)
        truths = tuple(event.initial_value for event in self.system.equations.events)
        return Track(experiment, experiment.start, given, state, inputs, truths=truths)

    def _equilibrate(self, tracks: Sequence[Track]) -> None:
        """Bring tracks to the steady state of their first period; in version 1 the second begins with parameters of its own."""
        system = self.system
        for track, end in self._settled(tracks):
            truths = system.kernel.truths(track.start, end.tolist(), system.kernel.fixed(track.inputs))
            track.truths, track.state = tuple(bool(truth) for truth in truths), end
            if system.problem.version == 1:
                changes = [change for change in system.problem.changes(track.experiment.periods[1]) if system.early(change)]
                track.given, _, track.inputs = system.begin(self.values, changes, track.start)

    def _change(self, pairs: Sequence[tuple[Track, Period]]) -> None:
        """Put what a period sets into the schedules."""
        far = [(track, p) for track, p in pairs if p.time > track.start and needs_state(self.system, p)]
        ends = {id(track): track.state for track, _ in pairs}
        for start in sorted({track.start for track, _ in far}):
            group = [(track, p) for track, p in far if track.start == start]
            for track, column, arrays in self._runs([t for t, _ in group], [[p.time] for _, p in group]):
                ends[id(track)] = arrays.final[:, column]
        for track, period in pairs:
            if not track.failure:
                self._apply(track, period, ends[id(track)])

    def _apply(self, track: Track, period: Period, state: np.ndarray) -> None:
        """Put the changes of a period behind the items of a track; they all read the values just before."""
        system, kernel = self.system, self.system.kernel
        changes = [change for change in system.problem.changes(period) if not system.early(change)]
        everything = kernel.everything(period.time, state.tolist(), kernel.fixed(track.inputs))
        values = {"time": period.time, **dict(zip(kernel.quantities, everything, strict=True))}
        new = {change.target: number_of(change.value, values) for change in changes}
        sizes = {id for id in new if id in system.model.compartments}
        kept = {id: values[id] for id, one in system.model.species.items() if one.compartment in sizes and not one.only_amount}
        assigned = {id for id, _ in (*system.equations.fixed, *system.equations.moving)} - set(system.equations.states)
        new |= {id: value for id, value in kept.items() if id not in new and id not in assigned}
        for id in sorted(new, key=lambda id: id not in sizes):
            track.items.append((period.time, id, new[id]))
            if id in system.equations.constants:
                track.inputs[system.equations.constants.index(id)] = new[id]

    def _observe(self, tracks: Sequence[Track], times: Mapping[str, list[float]], found: dict[str, dict[float, Values]]) -> None:
        good = [track for track in tracks if not track.failure]
        for track, column, arrays in self._runs(good, [times[track.experiment.id] for track in good]):
            for row, time in enumerate(times[track.experiment.id]):
                numbers = arrays.values[:, row, column].tolist()
                found[track.experiment.id][time] = {"time": time, **dict(zip(self.system.outputs, numbers, strict=True))}

    def _settled(self, tracks: Sequence[Track]) -> list[tuple[Track, np.ndarray]]:
        """Return the tracks that come to a steady state, with it; the others get their failure."""
        done: list[tuple[Track, np.ndarray]] = []
        left = list(tracks)
        for horizon in _HORIZONS:
            for track, column, arrays in self._runs(left, [[self._last(one) + horizon] for one in left]):
                state, constants = arrays.final[:, column], self.system.kernel.fixed(track.inputs)
                if balanced(self.system.kernel, self._last(track) + horizon, state, constants, self.settings.atol):
                    done.append((track, state))
            finished = {id(track) for track, _ in done}
            left = [track for track in left if id(track) not in finished and not track.failure]
        for track in left:
            track.failure = "something keeps changing"
        for track in tracks:
            track.failure = track.failure and f"no steady state: {track.failure}"
        return done

    def _last(self, track: Track) -> float:
        return max([track.start, *(time for time, _, _ in track.items)])

    def _outputs(self, track: Track, time: float, state: np.ndarray) -> Values:
        kernel = self.system.kernel
        everything = kernel.everything(self._last(track) + _HORIZONS[-1], state.tolist(), kernel.fixed(track.inputs))
        values = dict(zip(kernel.quantities, everything, strict=True))
        return {"time": time, **{id: values[id] for id in self.system.outputs}}

    def _runs(self, tracks: Sequence[Track], times: Sequence[Sequence[float]]) -> list[tuple[Track, int, Arrays]]:
        """Integrate tracks up to their last time; return the good ones with their place in the arrays."""
        groups: dict[tuple[float, tuple[bool, ...]], list[int]] = {}
        for number, track in enumerate(tracks):
            groups.setdefault((track.start, track.truths), []).append(number)
        good = []
        for (_, truths), numbers in groups.items():
            members = [tracks[number] for number in numbers]
            arrays = self._arrays(members, [times[number] for number in numbers], truths)
            for column, track in enumerate(members):
                if arrays.status[column] == "ok":
                    good.append((track, column, arrays))
                else:
                    track.failure = arrays.message[column] or str(arrays.status[column])
        return good

    def _arrays(self, tracks: Sequence[Track], times: Sequence[Sequence[float]], truths: tuple[bool, ...]) -> Arrays:
        equations = self.system.equations
        if truths != tuple(event.initial_value for event in equations.events):
            events = tuple(replace(event, initial_value=truth) for event, truth in zip(equations.events, truths, strict=True))
            equations = build(replace(equations, events=events)).equations
        rows = max(len(of) for of in times)
        table = np.array([[*of, *[np.inf] * (rows - len(of))] for of in times]).T
        plan = Plan(
            given=np.array([track.given for track in tracks]).T,
            times=table,
            outputs=self.system.outputs,
            initial=np.array([track.state for track in tracks]).T,
            schedule=_schedule(tracks, table),
            start_time=tracks[0].start,
            rtol=self.settings.rtol,
            atol=self.settings.atol,
        )
        return run_ensemble(equations, plan, workers=self.workers, engine=self.system.engine)


def _schedule(tracks: Sequence[Track], times: np.ndarray) -> Schedule:
    lasts = np.max(np.where(np.isfinite(times), times, -np.inf), axis=0)
    return schedule_of([[item for item in track.items if item[0] <= last] for track, last in zip(tracks, lasts.tolist(), strict=True)])


def schedule_of(items: Sequence[Sequence[tuple[float, str, float]]]) -> Schedule:
    """Return the schedule that sets (time, id, value), for each individual its own."""
    flat = [item for of in items for item in of]
    names = tuple(dict.fromkeys(id for _, id, _ in flat))
    places = {name: number for number, name in enumerate(names)}
    return Schedule(
        names=names,
        starts=np.concatenate([[0], np.cumsum([len(of) for of in items])]).astype(np.int64),
        times=np.array([time for time, _, _ in flat], float),
        kinds=np.full(len(flat), KINDS.index("set"), np.int8),
        targets=np.array([places[id] for _, id, _ in flat], np.int32),
        values=np.array([value for _, _, value in flat], float),
    )
