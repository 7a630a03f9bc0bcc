"""What is predicted for held-out experiments: scenarios and observables as tables, their numbers from readings, null models beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan
from pathlib import Path

import numpy as np

from serdsim.analysis.null_model import in_turn, level_in_turn, no_interaction, repeated
from serdsim.analysis.predictive import predictive_interval
from serdsim.errors import Issue, TableError
from serdsim.experiments.protocol import Experiment, observed, quantity
from serdsim.experiments.runner import Reading, Readings
from serdsim.tables import Column, Row, read_table
from serdsim.units import convert

NULLS = ("no_interaction", "in_turn", "as_the_first_month", "as_measured")
HOWS = ("count", "fold", "expansion", "level")
SCENARIOS = (
    *(Column(name) for name in ("scenario", "experiment", "comparator")),
    Column("null", "choice", NULLS),
    Column("parts", required=False),
    Column("hours"),
    Column("seen_h", "number"),
    Column("says"),
)
OBSERVABLES = (
    Column("observable"),
    Column("unit", "unit"),
    *(Column(name) for name in ("experiments", "output")),
    Column("how", "choice", HOWS),
    Column("sd", "number"),
    Column("sd_per_week", "optional_number"),
    Column("sd_row", required=False),
    Column("says"),
)


@dataclass(frozen=True)
class Scenario:
    """A held-out experiment: the series of the id `scenario`, its untreated `comparator`, its null model with the parts of it.

    `times` are what is predicted [h]; up to `seen` it is a single treatment that fits have read.
    """

    scenario: str
    experiment: str
    comparator: str
    null: str
    parts: tuple[str, ...]
    times: tuple[float, ...]
    seen: float
    says: str


@dataclass(frozen=True)
class Observable:
    """What is predicted of an output of the model, and the noise of measuring it: `sd` + `sd_per_week` since the last plating.

    `measured` is what the null model `as_measured` takes: what was left of it under the comparator; not a number where none is named.
    """

    observable: str
    unit: str
    output: str
    how: str
    sd: float
    sd_per_week: float
    says: str
    measured: float = nan

    def noise(self, time: float, platings: Sequence[float]) -> float:
        """Return the standard deviation of a measurement's natural logarithm at a time [h]."""
        bounds = [0.0, *(plating for plating in platings if plating < time), time]
        spans = [self.sd + self.sd_per_week * convert(end - start, "h", "week") for start, end in pairwise(bounds)]
        return float(np.sqrt(np.sum(np.square(spans)))) if self.how == "expansion" else spans[-1]


@dataclass(frozen=True)
class Prediction:
    """One number that is predicted, with its central 90 % of measurements, its null model, and what each part alone would give."""

    scenario: str
    comparator: str
    time: float
    observable: str
    unit: str
    median: float
    lo90: float
    hi90: float
    null: float
    null_model: str
    alone: tuple[tuple[str, float], ...]
    held_out: bool


def read_scenarios(folder: Path, experiments: dict[str, Experiment]) -> tuple[Scenario, ...]:
    """Return the scenarios of a folder.

    Raises
    ------
    TableError
        For an experiment or a series that is not there.
    """
    rows = read_table(folder / "scenarios.tsv", SCENARIOS)
    issues = [issue for row in rows for issue in _issues(row, experiments)]
    if issues:
        raise TableError(issues)
    return tuple(_scenario(row, experiments[row.text("experiment")]) for row in rows)


def _issues(row: Row, experiments: dict[str, Experiment]) -> list[Issue]:
    experiment = experiments.get(row.text("experiment"))
    if experiment is None:
        known = ", ".join(experiments)
        return [Issue("there is no such experiment", row.file, row.line, row.text("experiment"), f"one of {known}")]
    wanted = [row.text("scenario"), *_words(row, "parts"), *([] if row.text("comparator") == "start" else [row.text("comparator")])]
    known = ", ".join(experiment.series)
    return [Issue("there is no such series", row.file, row.line, id, f"one of {known}") for id in wanted if id not in experiment.series]


def _scenario(row: Row, experiment: Experiment) -> Scenario:
    text, id = row.text("hours"), row.text("scenario")
    if text.startswith("every "):
        step = quantity(text.removeprefix("every "), "h", row.file, id)
        times = tuple(float(time) for time in np.arange(step, experiment.hours + 0.5 * step, step))
    else:
        times = tuple(quantity(word, "h", row.file, id) for word in _words(row, "hours"))
    unseen = [time for time in times if observed(experiment.times(), time) is None]
    if unseen:
        raise TableError(Issue(f"{unseen[0]:g} h is not observed", row.file, row.line, id, f"multiples of {experiment.every:g} h"))
    words = {name: row.text(name) for name in ("scenario", "experiment", "comparator", "null", "says")}
    return Scenario(**words, parts=_words(row, "parts"), times=times, seen=row.number("seen_h") or 0.0)


def _words(row: Row, name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in row.text(name).split(";") if word.strip())


def read_observables(
    folder: Path, noises: Mapping[str, float], left: Mapping[str, float] | None = None
) -> dict[str, tuple[Observable, ...]]:
    """Return the observables by experiment.

    Parameters
    ----------
    noises : mapping
        Numbers that a row may name for its noise.
    left : mapping, optional
        What was left under a comparator, by the evidence rows that the null model may take.

    Raises
    ------
    TableError
        For a number or an evidence row that is not there.
    """
    found: dict[str, list[Observable]] = {}
    measured = _measured(folder / "nulls.tsv", left or {})
    for row in read_table(folder / "observables.tsv", OBSERVABLES):
        named = row.text("sd_row")
        if named and named not in noises:
            raise TableError(Issue("there is no such number", row.file, row.line, named, "one of " + ", ".join(noises)))
        sd = (row.number("sd") or 0.0) + (noises[named] if named else 0.0)
        words = {name: row.text(name) for name in ("observable", "unit", "output", "how", "says")}
        for experiment in _words(row, "experiments"):
            one = Observable(**words, sd=sd, sd_per_week=row.number("sd_per_week") or 0.0, measured=measured.get(words["observable"], nan))
            found.setdefault(experiment, []).append(one)
    return {id: tuple(observables) for id, observables in found.items()}


def _measured(path: Path, left: Mapping[str, float]) -> dict[str, float]:
    """Return what was left of each observable under the comparator; a folder without the file has no such null model."""
    found = {}
    for row in read_table(path, (Column("observable"), Column("null_row"))) if path.is_file() else ():
        if row.text("null_row") not in left:
            problem, expected = "the null model may not take this row", "one of " + ", ".join(left)
            raise TableError(Issue(problem, row.file, row.line, row.text("null_row"), expected))
        found[row.text("observable")] = left[row.text("null_row")]
    return found


def predictions(scenario: Scenario, readings: Readings, observables: Sequence[Observable]) -> tuple[Prediction, ...]:
    """Return all numbers that are predicted for a scenario, observable by observable."""
    return tuple(one for observable in observables for one in _of_observable(scenario, readings, observable))


def _of_observable(scenario: Scenario, readings: Readings, observable: Observable) -> list[Prediction]:
    platings, own = readings.experiment.replate, readings.series[scenario.scenario]
    tracks = {id: _track(readings.series[id], observable) for id in (scenario.scenario, *scenario.parts)}
    null = _null(scenario, readings, observable, tracks)

    def at(track: np.ndarray, time: float) -> np.ndarray:
        return _at(track, own, time, observable, platings)

    result = []
    for time in scenario.times:
        ends = predictive_interval(at(tracks[scenario.scenario], time), observable.noise(time, platings))
        median, low, high = (_short(value) for value in ends)
        one = Prediction(
            scenario=scenario.scenario,
            comparator=scenario.comparator,
            time=time,
            observable=observable.observable,
            unit=observable.unit,
            median=median,
            lo90=low,
            hi90=high,
            null=_short(float(np.median(at(null, time)))),
            null_model=scenario.null,
            alone=tuple((id, _short(float(np.median(at(tracks[id], time))))) for id in scenario.parts),
            held_out=time > scenario.seen,
        )
        result.append(one)
    return result


def course(scenario: Scenario, readings: Readings, observable: Observable) -> tuple[np.ndarray, np.ndarray]:
    """Return all observed times after the start [h] and median, lo90 and hi90 there, shape (3, time)."""
    own, platings = readings.series[scenario.scenario], readings.experiment.replate
    track, times = _track(own, observable), own.times[1:]
    found = [predictive_interval(_at(track, own, time, observable, platings), observable.noise(time, platings)) for time in times]
    return times, np.array(found).T


def _short(value: float) -> float:
    """Return a number as it is written: six digits, which keep the order of median and ends."""
    return float(f"{value:.6g}")


def _track(reading: Reading, observable: Observable) -> np.ndarray:
    """Return folds of 0 h over time, shape (time, draw); cells as if none had been taken away."""
    values = reading.values[observable.output] if observable.how == "level" else reading.expanded(observable.output)
    return np.asarray(values[0] / values[0, 0])


def _null(scenario: Scenario, readings: Readings, observable: Observable, tracks: dict[str, np.ndarray]) -> np.ndarray:
    """Return what the null model of a scenario says, as a track."""
    times, parts = readings.experiment.times(), [tracks[id] for id in scenario.parts]
    if scenario.null == "as_measured":
        return np.full_like(tracks[scenario.scenario], observable.measured)
    if scenario.null == "no_interaction":
        return no_interaction(parts, _track(readings.series[scenario.comparator], observable))
    if scenario.null == "in_turn":
        turns = [pour.time for pour in readings.experiment.series[scenario.scenario].medium]
        return (level_in_turn if observable.how == "level" else in_turn)(parts, times, turns)
    return repeated(tracks[scenario.scenario], times, readings.experiment.replate, grows=observable.how != "level")


def _at(track: np.ndarray, own: Reading, time: float, observable: Observable, platings: Sequence[float]) -> np.ndarray:
    """Return what is observed of a track at one time, in its unit, shape (draw,): draws that ended well."""
    row = observed(own.times, time)
    last = observed(own.times, max((plating for plating in platings if plating < time), default=0.0))
    values = track[row] / (track[last] if observable.how in ("count", "fold") else 1.0)
    values = values * (own.values[observable.output][0, 0] if observable.how == "count" else 1.0)
    return np.asarray(values[np.isfinite(values)])
