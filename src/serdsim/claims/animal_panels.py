"""Figures of animals and patients: best change of each, courses, what is left after the last dose, survival."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from serdsim.claims.course_fields import CourseFields, read_course
from serdsim.claims.course_kinds import best_change, course, time_to
from serdsim.claims.evidence_rows import Fact
from serdsim.claims.marks import marks_of
from serdsim.claims.measures import Measure, row
from serdsim.endpoints.passage import survival
from serdsim.errors import InputError, Issue
from serdsim.experiments.panel import UNSAID, AtRisk, Axis, Band, Bars, Level, Panel, Paths
from serdsim.experiments.protocol import Experiment, observed, quantity
from serdsim.experiments.runner import Readings
from serdsim.units import convert

_EVERY = ("id", "title", "kind", "output", "until", "y", "bands", "caption", "description")
_FIELDS = {
    "waterfall_change": (),
    "spider": ("x",),
    "after_last_dose": ("x", "after"),
    "survival": ("x",),
}
ANIMAL_KINDS = tuple(_FIELDS)
_WHOM = ("animals", "patients")
_MOMENTS = 120  # steps of a survival curve
_REPAIR = "Correct the figure, or what it draws in the same file"


def arm_text(spec: Mapping[str, Any]) -> str:
    """Return how a measure names the arm of a curve."""
    return f"{spec['series']} @ {spec.get('dose', spec.get('concentration', ''))}"


def animal_issues(entry: Mapping[str, Any], experiment: Experiment) -> list[Issue]:
    """Return what is wrong with a figure of animals before anything runs: fields, output, times, arms, levels."""
    id, file, kind = str(entry.get("id", "figures")), experiment.file, str(entry["kind"])
    needed = (*_EVERY, *_FIELDS[kind])
    lacks = [name for name in needed if name not in entry]
    if lacks:
        repair = f'Add "{lacks[0]}: ..." to the figure'
        return [Issue("the figure lacks " + ", ".join(lacks), file=file, id=id, expected=", ".join(needed), repair=repair)]
    wrong: list[tuple[str, str]] = []
    if entry["output"] not in experiment.outputs:
        wrong.append((f'the experiment does not observe "{entry["output"]}"', ", ".join(experiment.outputs)))
    times = {name: quantity(entry[name], "h", file, id) for name in ("after", "until") if name in entry}
    for time in times.values():
        if observed(experiment.times(), time) is None:
            wrong.append((f"the experiment does not observe {time:g} h", f"0 to {experiment.hours:g} h in steps of {experiment.every:g} h"))
    if times["until"] <= times.get("after", 0.0):
        wrong.append((f"the figure ends at {times['until']:g} h, where it begins", "until after the start"))
    if kind != "after_last_dose" and not experiment.animals:
        wrong.append(("the experiment has no animals beside the typical one", f"animals: 20 in {file}"))
    if entry.get("whom", "animals") not in _WHOM:
        wrong.append((f'whom is "{entry["whom"]}"', " or ".join(_WHOM)))
    if not entry["bands"]:
        wrong.append(("the figure has no curve", "at least one entry of bands"))
    for band in entry["bands"]:
        wrong += _arm_issues(band, arm_text(band), experiment, file, id)
        wrong += _arm_issues(band, str(band["to"]), experiment, file, id) if "to" in band else []
        series = experiment.series.get(str(band["series"]))
        if kind == "after_last_dose" and "to" not in band and series is not None and series.concentrations[0] > 0:
            wrong.append((f'the series "{series.id}" has no vehicle', "0 as its first dose, or to: series @ dose"))
    if kind == "survival":
        read_course("share_alive", _passing(entry), file, id)
    try:
        _per_hour(entry)
    except InputError as error:
        wrong.append((f"the unit of x: {error.issues[0].problem}", "a unit of time, such as h or d"))
    return [Issue(problem, file=file, id=id, expected=expected, repair=_REPAIR) for problem, expected in wrong]


def _arm_issues(band: Mapping[str, Any], text: str, experiment: Experiment, file: str, id: str) -> list[tuple[str, str]]:
    words = [word.strip() for word in text.split("@")]
    if words[0] not in experiment.series:
        return [(f'no series "{words[0]}"', "one of " + ", ".join(experiment.series))]
    if len(words) < 2 or not words[1]:
        return [(f'the curve "{band["label"]}" has no dose', "such as dose: 10 mg/kg")]
    row(experiment.series[words[0]], words[1], file, id)
    return []


def _passing(entry: Mapping[str, Any]) -> dict[str, object]:
    named = {name: entry[name] for name in ("rises_above", "falls_below", "relative_to") if name in entry}
    return {"kind": "share_alive", "output": entry["output"], "time": entry["until"], "of": "", **named}


def animal_panel(entry: Mapping[str, Any], readings: Readings, facts: Mapping[str, Fact], draws: int, file: str) -> Panel:
    """Return the figure of animals that an experiment file asks for."""
    kinds = {"waterfall_change": _waterfall, "spider": _spider, "after_last_dose": _after, "survival": _survival}
    drawn: dict[str, Any] = kinds[str(entry["kind"])](entry, readings, file)
    levels = tuple(Level(float(level["value"]), str(level["label"])) for level in entry.get("levels", []))
    whom = str(entry.get("whom", "animals"))
    ranked = f"{whom} of each arm, from the largest value to the smallest ({readings.animals} in an arm)"
    x = entry.get("x") or {"label": ranked, "unit": UNSAID}
    return Panel(
        id=str(entry["id"]),
        title=str(entry["title"]),
        x=Axis(str(x["label"]), str(x["unit"])),
        y=Axis(str(entry["y"]["label"]), str(entry["y"]["unit"])),
        caption=str(entry["caption"]),
        description=str(entry["description"]),
        draws=draws,
        whom=whom,
        marks=marks_of(entry, facts, file) if entry.get("x") else (),
        pass_below=entry.get("pass_below"),
        pass_above=entry.get("pass_above"),
        levels=levels,
        cut=float(entry["y"]["most"]) if "most" in entry["y"] else None,
        **{"y_range": tuple(level.value for level in levels), **drawn},
    )


def _measure(kind: str, entry: Mapping[str, Any], file: str, fields: CourseFields, arms: Mapping[str, str]) -> Measure:
    return Measure(kind, str(entry["output"]), quantity(entry["until"], "h", file, str(entry["id"])), arms, file, course=fields)


def _look(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"label": str(spec["label"]), "ink": str(spec.get("ink", "drug")), "control": bool(spec.get("control", False))}


def _per_hour(entry: Mapping[str, Any]) -> float:
    """Return how many of the unit of x make an hour; 1 for a figure without an axis of time."""
    return convert(1.0, "h", str(entry["x"]["unit"])) if "x" in entry else 1.0


def _ends(values: np.ndarray) -> dict[str, Any]:
    """Return median and central 90 % over draws of values of shape (point, draw), draws that did not end well left out."""
    whole = values[:, np.isfinite(values).all(axis=0)]
    lo, middle, hi = np.quantile(whole, [0.05, 0.5, 0.95], axis=1) if whole.size else np.full((3, len(values)), np.nan)
    return {"median": tuple(middle.tolist()), "lo90": tuple(lo.tolist()), "hi90": tuple(hi.tolist())}


def _waterfall(entry: Mapping[str, Any], readings: Readings, file: str) -> dict[str, Any]:
    after = quantity(entry["after"], "h", file, str(entry["id"])) if "after" in entry else 0.0
    bars = []
    for spec in entry["bands"]:
        measure = _measure("best_change", entry, file, CourseFields(after, of_whom="median"), {"of": arm_text(spec)})
        ranked = np.sort(100.0 * best_change(measure, readings), axis=1)[:, ::-1]  # a missing one is sorted to the front and found there
        bars.append(Bars(**_ends(ranked.T), **_look(spec)))
    return {"bands": (), "bars": tuple(bars), "animals": readings.animals}


def _spider(entry: Mapping[str, Any], readings: Readings, file: str) -> dict[str, Any]:
    """Return the courses of the draw whose typical animal ends in the middle, in the first arm."""
    paths, shown = [], None
    for spec in entry["bands"]:
        arms = {"of": arm_text(spec)}
        times, typical, start = course("of", _measure("change", entry, file, CourseFields(), arms), readings)
        _, animals, starts = course("of", _measure("change", entry, file, CourseFields(of_whom="median"), arms), readings)
        change, changes = (100.0 * (values / first - 1.0) for values, first in ((typical, start), (animals, starts)))
        shown = _middle(change[-1]) if shown is None else shown
        own = changes[:, shown].T.tolist()
        x = tuple((times * _per_hour(entry)).tolist())
        paths.append(Paths(x=x, typical=tuple(change[:, shown].tolist()), animals=tuple(map(tuple, own)), **_look(spec)))
    return {"bands": (), "paths": tuple(paths), "animals": readings.animals}


def _middle(values: np.ndarray) -> int:
    order = [i for i in np.argsort(values).tolist() if np.isfinite(values[i])]
    return order[(len(order) - 1) // 2] if order else 0


def _after(entry: Mapping[str, Any], readings: Readings, file: str) -> dict[str, Any]:
    after = quantity(entry["after"], "h", file, str(entry["id"]))
    bands = []
    for spec in entry["bands"]:
        series = readings.series[str(spec["series"])].series
        arms = {"of": arm_text(spec), "to": str(spec.get("to", f"{series.id} @ {series.concentrations[0]!r} {series.unit}"))}
        measure = _measure("suppressed_for", entry, file, CourseFields(after), arms)
        (times, values, _), (_, reference, _) = course("of", measure, readings), course("to", measure, readings)
        shown = times >= after - 1e-9 * max(1.0, after)
        x = tuple(((times[shown] - after) * _per_hour(entry)).tolist())
        bands.append(Band(x=x, **_ends(100.0 * values[shown] / reference[shown]), **_look(spec), dash=bool(spec.get("dash", False))))
    return {"bands": tuple(bands)}


def _survival(entry: Mapping[str, Any], readings: Readings, file: str) -> dict[str, Any]:
    fields = read_course("share_alive", _passing(entry), file, str(entry["id"])) or CourseFields()
    bands, risk = [], []
    for spec in entry["bands"]:
        measure = _measure("share_alive", entry, file, fields, {"of": arm_text(spec)})
        moments = np.linspace(0.0, measure.time, _MOMENTS + 1)
        left = survival(time_to(measure, readings), moments)
        x = tuple((moments * _per_hour(entry)).tolist())
        bands.append(Band(x=x, **_ends(100.0 * left), **_look(spec), dash=bool(spec.get("dash", False))))
        whole = left[:, np.isfinite(left).all(axis=0)]
        counts = np.quantile(readings.animals * whole, 0.5, axis=1, method="inverted_cdf") if whole.size else np.zeros(len(x))
        risk.append(AtRisk(x=x, count=tuple(np.rint(counts).astype(int).tolist()), **_look(spec)))
    return {"bands": tuple(bands), "at_risk": tuple(risk), "animals": readings.animals, "y_range": (0.0, 100.0)}
