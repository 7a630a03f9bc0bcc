"""What the course of a host shows: exposure in the first and the last dosing interval, lowest markers, change of the tumour, response."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from serdsim.endpoints.course import RESPONSES, change, exposure, lowest, responses
from serdsim.model.outputs import Label, OutputNames, Recist
from serdsim.results.courses import Courses
from serdsim.simulation.host_times import ends
from serdsim.simulation.prepared import Prepared

_HOURS_PER_DAY = 24.0


@dataclass(frozen=True)
class HostReading:
    """One number that was read: its median and central 90 % over individuals, and when it is met.

    Attributes
    ----------
    kind : str
        ``exposure``, ``lowest``, ``change`` or ``response``.
    output, title : str
    measure : str
        What of it; for a response its word.
    interval : str
        Of an exposure: the dosing interval [h] that it is read over.
    unit : str
    value, lo90, hi90 : float
        Of a response the share of patients, without ends.
    day : float
        Median time of what is read, NaN where there is none.
    drug, short : str
        Of an exposure: the drug, and where it was.
    """

    kind: str
    output: str
    title: str
    measure: str
    interval: str
    unit: str
    value: float
    lo90: float
    hi90: float
    day: float = float("nan")
    drug: str = ""
    short: str = ""


def host_readings(ready: Prepared, names: OutputNames, courses: Courses) -> tuple[HostReading, ...]:
    """Return everything that can be read from the outputs of a run of a host; nothing where no individual ended well."""
    if not courses.individuals:
        return ()
    found = [*_exposures(ready, names, courses), *_lowest(names, courses), *_changes(names, courses)]
    recist = names.response
    if recist is not None and ready.question.name in recist.models and recist.diameter in courses.values:
        found += _response(recist, names.labels[recist.diameter], courses)
    return tuple(found)


def readings_table(readings: tuple[HostReading, ...]) -> pd.DataFrame:
    """Return the readings as a table, one row each."""
    return pd.DataFrame([asdict(one) for one in readings], columns=list(HostReading.__dataclass_fields__))


def drugs_in_places(ready: Prepared) -> dict[str, str]:
    """Return the drug that is given into each place of the model."""
    given = set(ready.doses.drugs)
    return {place: drug for place, drug in ready.question.selection.items() if drug in given}


def mass_factor(ready: Prepared, label: Label) -> float | None:
    """Return how many ng/mL a nM is; None for what is not one drug alone."""
    if not label.molar_mass or label.molar_mass not in ready.question.model.parameters:
        return None
    value = ready.question.model.quantity(label.molar_mass).value
    return None if value is None else value / 1000.0


def _exposures(ready: Prepared, names: OutputNames, courses: Courses) -> Iterator[HostReading]:
    given = drugs_in_places(ready)
    for id in names.exposure:
        label = names.labels[id]
        if id not in courses.values or label.place not in given:
            continue
        spans = ends(ready.doses, given[label.place], float(ready.times[-1]))
        for name, (start, end) in zip(("first", "last"), spans, strict=False):
            part = courses.over(start, end)
            if len(part.times) > 2:
                for one in _exposure(id, label, part, mass_factor(ready, label)):
                    yield replace(one, interval=f"{name}, {start:g} to {end:g} h", drug=given[label.place], short=label.short)


def _exposure(id: str, label: Label, part: Courses, factor: float | None) -> Iterator[HostReading]:
    """Yield the exposure of an output over one dosing interval, in nM and where it is one drug alone in ng/mL."""
    found = exposure(part.times, part.values[id])
    yield _over(found.peak_time, "exposure", id, label.title, "time of the highest", "h")
    for unit, area, size in (("nM", "nM*h", 1.0), ("ng/mL", "ng*h/mL", factor)):
        if size is not None:
            yield _over(size * found.highest, "exposure", id, label.title, "highest", unit)
            yield _over(size * found.lowest, "exposure", id, label.title, "lowest after it", unit)
            yield _over(size * found.area, "exposure", id, label.title, "area", area)


def _lowest(names: OutputNames, courses: Courses) -> Iterator[HostReading]:
    for id in names.lowest:
        if id not in courses.values or not np.any(courses.values[id]):
            continue
        label, values = names.labels[id], courses.values[id]
        least, when = lowest(courses.times, values)
        day = float(np.median(when)) / _HOURS_PER_DAY
        for measure, numbers, at in (("start", values[:, 0], 0.0), ("lowest", least, day), ("end", values[:, -1], _last(courses))):
            yield _over(numbers, "lowest", id, label.title, measure, label.unit, at)
        yield _over(100.0 * (1.0 + change(values).min(axis=1)), "lowest", id, label.title, "lowest of the start", "%", day)


def _changes(names: OutputNames, courses: Courses) -> Iterator[HostReading]:
    for id in names.change:
        if id not in courses.values:
            continue
        label, values = names.labels[id], courses.values[id]
        off = 100.0 * change(values)
        best, when = lowest(courses.times, off)
        yield _over(values[:, 0], "change", id, label.title, "start", label.unit, 0.0)
        yield _over(best, "change", id, label.title, "best change", "%", float(np.median(when)) / _HOURS_PER_DAY)
        yield _over(off[:, -1], "change", id, label.title, "change at the end", "%", _last(courses))


def _response(recist: Recist, label: Label, courses: Courses) -> Iterator[HostReading]:
    words = responses(courses.values[recist.diameter], recist.partial, recist.progression, recist.progression_mm)
    ended = np.maximum.accumulate(words == 0, axis=1)  # what comes after progression is no best response
    best = np.where(ended, 0, words).max(axis=1)
    for when, found in (("best", best), ("at the end", words[:, -1])):
        for number, word in enumerate(RESPONSES):
            share = float(np.mean(found == number))
            if share:
                day = _last(courses) if when == "at the end" else float("nan")
                yield HostReading(
                    "response", recist.diameter, label.title, f"{when}: {word}", "", "%", 100.0 * share, *(float("nan"),) * 2, day
                )


def _last(courses: Courses) -> float:
    return float(courses.times[-1]) / _HOURS_PER_DAY


def _over(numbers: np.ndarray, kind: str, output: str, title: str, measure: str, unit: str, day: float = float("nan")) -> HostReading:
    low, middle, high = (float(value) for value in np.quantile(numbers, [0.05, 0.5, 0.95]))
    return HostReading(kind, output, title, measure, "", unit, middle, low, high, day)
