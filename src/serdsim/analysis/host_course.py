"""What the course of a host shows: exposure in the first and the last dosing interval, lowest markers, change of the tumour, response."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from serdsim.endpoints.course import change, exposure, lowest
from serdsim.endpoints.tumour import TITLES, best_response, recist
from serdsim.model.outputs import Arrest, Label, Recist
from serdsim.results.courses import Courses
from serdsim.simulation.columns import label_of
from serdsim.simulation.host_times import LEAST, ends, seen_closely
from serdsim.simulation.prepared import Prepared

SUM = "sum_of_diameters"  # of all lesions of a patient
_HOURS_PER_DAY = 24


@dataclass(frozen=True)
class HostReading:
    """One number that was read: its median and central 90 % over individuals, and when it is met.

    Attributes
    ----------
    kind : str
        ``exposure``, ``lowest``, ``change``, ``arrest`` or ``response``.
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


def host_readings(ready: Prepared, courses: Courses) -> tuple[HostReading, ...]:
    """Return everything that can be read from the outputs of a run of a host; nothing where no individual ended well."""
    if not courses.individuals:
        return ()
    names = ready.names
    found = [*_exposures(ready, courses), *_lowest(ready, courses), *_changes(ready, courses)]
    if names.arrest is not None:
        found += [one for title, part in by_lesion(ready, courses, names.arrest.of) for one in _arrest(names.arrest, title, part)]
    recist = names.response
    if recist is not None and ready.question.name in recist.models:
        id = SUM if SUM in courses.values else recist.diameter
        found += _response(recist, id, names.labels[id], next(iter(courses.apart(id).values()))) if id in courses.values else ()
    return tuple(found)


def by_lesion(ready: Prepared, courses: Courses, id: str) -> Iterator[tuple[str, Courses]]:
    """Yield the courses with the name of their lesion in brackets where lesions differ in an output, those of all where they do not.

    Nothing of an output that the run did not keep.
    """
    if id not in courses.values or (ready.job.lesions and label_of(ready, id).alone):
        return
    for number, part in courses.apart(id).items():
        lesions = ready.job.lesions
        yield (f" ({lesions.each[number].name})" if lesions and number is not None else ""), part


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
    return None if value is None else value / 1000


def unseen_exposures(ready: Prepared, courses: Courses) -> str:
    """Return in words which exposures are left out because their dosing interval is not observed closely; empty if none is."""
    given, left = drugs_in_places(ready), dict[str, None]()
    for place in {ready.names.labels[id].place for id in ready.names.exposure if id in courses.values} & given.keys():
        for name, span in zip(("first", "last"), ends(ready.doses, given[place], float(ready.times[-1])), strict=False):
            if not seen_closely(courses.over(*span).times, span):
                left[f"{given[place]} ({name} interval)"] = None
    if not left:
        return ""
    return f"Exposures of {', '.join(sorted(left))} are left out: fewer than {LEAST} observations, or none at both ends. Leave --every out."


def _exposures(ready: Prepared, courses: Courses) -> Iterator[HostReading]:
    given = drugs_in_places(ready)
    for id in ready.names.exposure:
        label = ready.names.labels[id]
        if id not in courses.values or label.place not in given:
            continue
        spans = ends(ready.doses, given[label.place], float(ready.times[-1]))
        for (name, (start, end)), (lesion, own) in product(zip(("first", "last"), spans, strict=False), by_lesion(ready, courses, id)):
            part = own.over(start, end)
            if seen_closely(part.times, (start, end)):
                for one in _exposure(id, label.title + lesion, part, mass_factor(ready, label)):
                    yield replace(one, interval=f"{name}, {start:g} to {end:g} h", drug=given[label.place], short=label.short + lesion)


def _exposure(id: str, title: str, part: Courses, factor: float | None) -> Iterator[HostReading]:
    """Yield the exposure of an output over one dosing interval, in nM and where it is one drug alone in ng/mL."""
    found = exposure(part.times, part.values[id])
    yield _over(found.peak_time, "exposure", id, title, "time of the highest", "h")
    for unit, area, size in (("nM", "nM*h", 1.0), ("ng/mL", "ng*h/mL", factor)):
        if size is not None:
            yield _over(size * found.highest, "exposure", id, title, "highest", unit)
            yield _over(size * found.lowest, "exposure", id, title, "lowest after it", unit)
            yield _over(size * found.area, "exposure", id, title, "area", area)


def _lowest(ready: Prepared, courses: Courses) -> Iterator[HostReading]:
    for id in ready.names.lowest:
        if id not in courses.values or not np.any(courses.values[id]):
            continue
        for lesion, part in by_lesion(ready, courses, id):
            label, values = ready.names.labels[id], part.values[id]
            least, when = lowest(part.times, values)
            title, day = label.title + lesion, float(np.median(when)) / _HOURS_PER_DAY
            for measure, numbers, at in (("start", values[:, 0], 0.0), ("lowest", least, day), ("end", values[:, -1], _last(part))):
                yield _over(numbers, "lowest", id, title, measure, label.unit, at)
            yield _over(100.0 * (1.0 + change(values).min(axis=1)), "lowest", id, title, "lowest of the start", "%", day)


def _changes(ready: Prepared, courses: Courses) -> Iterator[HostReading]:
    for id in ready.names.change:
        for lesion, part in by_lesion(ready, courses, id) if id in courses.values else ():
            label, values = ready.names.labels[id], part.values[id]
            off, title = 100.0 * change(values), label.title + lesion
            best, when = lowest(part.times, off)
            yield _over(values[:, 0], "change", id, title, "start", label.unit, 0.0)
            yield _over(best, "change", id, title, "best change", "%", float(np.median(when)) / _HOURS_PER_DAY)
            yield _over(off[:, -1], "change", id, title, "change at the end", "%", _last(part))


def _arrest(arrest: Arrest, lesion: str, courses: Courses) -> Iterator[HostReading]:
    """Yield the share of patients in arrest, of those who had cells in cycle at the start."""
    if arrest.of in courses.values and np.any(courses.values[arrest.of][:, 0] > 0.0):
        values = courses.values[arrest.of]
        low = values[values[:, 0] > 0.0] <= arrest.at_most
        for when, found in (("at any time", low.any(axis=1)), ("at the end", low[:, -1])):
            share = 100.0 * float(np.mean(found))
            yield HostReading("arrest", arrest.of, arrest.title + lesion, when, "", "%", share, *(float("nan"),) * 2, _last(courses))


def _response(rule: Recist, id: str, label: Label, courses: Courses) -> Iterator[HostReading]:
    values = courses.values[id][courses.values[id][:, 0] > 0.0]  # where nothing is nothing responds
    if not len(values):
        return
    calls = recist(values.T, rule)
    for when, found in (("best", best_response(calls)), ("at the end", calls[-1])):
        for number, word in enumerate(TITLES):
            share = float(np.mean(found == number))
            if share:
                day = _last(courses) if when == "at the end" else float("nan")
                yield HostReading(
                    "response", rule.diameter, label.title, f"{when}: {word}", "", "%", 100.0 * share, *(float("nan"),) * 2, day
                )


def _last(courses: Courses) -> float:
    return float(courses.times[-1]) / _HOURS_PER_DAY


def _over(numbers: np.ndarray, kind: str, output: str, title: str, measure: str, unit: str, day: float = float("nan")) -> HostReading:
    low, middle, high = (float(value) for value in np.quantile(numbers, [0.05, 0.5, 0.95]))
    return HostReading(kind, output, title, measure, "", unit, middle, low, high, day)
