"""Figures of an experiment as data: curves over draws, with observed and reference marks from the evidence table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serdsim.claims.animal_panels import ANIMAL_KINDS, animal_issues, animal_panel, arm_text
from serdsim.claims.evidence_rows import Fact, require_facts
from serdsim.claims.figure_shapes import check_shapes
from serdsim.claims.grids import REPAIR, grid_issues, grid_panel
from serdsim.claims.kinds import gr_curve
from serdsim.claims.marks import marks_of, rows_of_mark
from serdsim.claims.measures import Measure, arm, locate
from serdsim.claims.surfaces import surface_issues, surface_panel
from serdsim.endpoints.growth_rate import HALF
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.panel import Axis, Band, Level, Panel
from serdsim.experiments.protocol import Experiment, located, observed, quantity, read_record, shown_name
from serdsim.experiments.runner import Readings
from serdsim.units import convert

_FIGURE = ("id", "title", "kind", "output", "relative_to", "x", "y", "bands", "caption", "description")
_KINDS = (("dose", "vehicle"), ("dose", "window"), ("gr", "vehicle"), ("time", "start"), ("time", "none"))
_GR_RANGE = (-1.0, 1.0)  # from no cell left to growth as in the vehicle
_GR_LEVELS = (Level(HALF, "GR50"), Level(0.0, "no net growth"))


def check_panels(path: Path, experiment: Experiment, facts: Mapping[str, Fact]) -> None:
    """Check, before anything runs, that the figures name what the experiment has.

    Raises
    ------
    ClaimError
        For a missing field, or an unknown series, output, time or evidence row, or a row that cannot be drawn.
    """
    with located(path):
        figures = read_record(path).get("figures") or []
        check_shapes(path)
        issues = [issue for entry in figures for issue in _figure_issues(entry, experiment)]
        if issues:
            raise ClaimError(issues)
        require_facts(
            [id for entry in figures for mark in entry.get("marks", []) for id in rows_of_mark(mark)], facts, file=shown_name(path)
        )
        for entry in figures:
            try:
                marks_of(entry, facts, shown_name(path))
            except KeyError as problem:
                raise ClaimError(
                    Issue(f"a mark lacks {problem}", file=shown_name(path), id=str(entry["id"]), expected="row and label")
                ) from None


def _figure_issues(entry: Mapping[str, Any], experiment: Experiment) -> list[Issue]:
    if entry.get("kind") in ANIMAL_KINDS:
        return animal_issues(entry, experiment)
    if entry.get("kind") == "grid":
        return grid_issues(entry, experiment)
    if entry.get("kind") == "surface":
        return surface_issues(entry, experiment)
    id, file = str(entry.get("id", "figures")), experiment.file
    lacks = [name for name in _FIGURE if name not in entry]
    if lacks:
        repair = f'Add "{lacks[0]}: ..." to the figure'
        return [Issue("the figure lacks " + ", ".join(lacks), file=file, id=id, expected=", ".join(_FIGURE), repair=repair)]
    wrong: list[tuple[str, str]] = []
    if (entry["kind"], entry["relative_to"]) not in _KINDS:
        wrong.append(
            (
                f"{entry['kind']} relative to {entry['relative_to']}",
                "dose relative to vehicle or window, gr relative to vehicle, time relative to start or none, grid, surface, or "
                + ", ".join(ANIMAL_KINDS),
            )
        )
    for output in dict.fromkeys([entry["output"], *(band["output"] for band in entry["bands"] if "output" in band)]):
        if output not in experiment.outputs:
            wrong.append((f'the experiment does not observe "{output}"', ", ".join(experiment.outputs)))
    time = quantity(entry.get("time", entry.get("until", "")), "h", file, id)
    if observed(experiment.times(), time) is None:
        wrong.append((f"the experiment does not observe {time:g} h", f"0 to {experiment.hours:g} h in steps of {experiment.every:g} h"))
    shown = [str(band["series"]) for band in entry["bands"]]
    for name in dict.fromkeys([*shown, *(text.split("@")[0].strip() for text in entry.get("window", {}).values())]):
        if name not in experiment.series:
            wrong.append((f'no series "{name}"', "one of " + ", ".join(experiment.series)))
        elif entry["kind"] in ("dose", "gr") and name in shown and experiment.series[name].concentrations[0] > 0:
            wrong.append((f'the series "{name}" has no vehicle', "0 nM as its first concentration"))
    return [Issue(problem, file=file, id=id, expected=expected, repair=REPAIR) for problem, expected in wrong]


def read_panels(path: Path, readings: Readings, facts: Mapping[str, Fact], draws: int, statement: str = "") -> tuple[Panel, ...]:
    """Return the figures that an experiment file asks for; one that names statements is drawn beside those alone.

    Raises
    ------
    ClaimError
        For a missing field, an unknown series or evidence row.
    """
    panels = []
    for entry in read_record(path).get("figures", []):
        if statement and statement not in entry.get("statements", [statement]):
            continue
        try:
            panels.append(_panel(entry, readings, facts, draws, path))
        except KeyError as problem:
            raise ClaimError(
                Issue(
                    f"the figure lacks {problem} or names what the experiment does not have", file=shown_name(path), id=str(entry.get("id"))
                )
            ) from None
    return tuple(panels)


def _panel(entry: Mapping[str, Any], readings: Readings, facts: Mapping[str, Fact], draws: int, path: Path) -> Panel:
    file = shown_name(path)
    if entry["kind"] in ANIMAL_KINDS:
        return animal_panel(entry, readings, facts, draws, file)
    if entry["kind"] == "grid":
        return grid_panel(entry, readings, draws, file)
    if entry["kind"] == "surface":
        return surface_panel(entry, readings, draws, path, file)
    band_of, gr = {"dose": _dose_band, "gr": _gr_band, "time": _time_band}[entry["kind"]], entry["kind"] == "gr"
    measure = Measure("", entry["output"], quantity(entry.get("time", "0 h"), "h", file, entry["id"]), {}, file)
    return Panel(
        id=str(entry["id"]),
        title=str(entry["title"]),
        x=Axis(str(entry["x"]["label"]), str(entry["x"]["unit"]), log=entry["kind"] != "time"),
        y=Axis(str(entry["y"]["label"]), str(entry["y"]["unit"]), log=bool(entry["y"].get("log", False))),
        bands=tuple(band_of(spec, entry, measure, readings) for spec in entry["bands"]),
        marks=marks_of(entry, facts, file),
        caption=str(entry["caption"]) + (_not_grown(entry, measure, readings) if gr else ""),
        description=str(entry["description"]),
        draws=draws,
        pass_below=entry.get("pass_below"),
        pass_above=entry.get("pass_above"),
        y_range=_GR_RANGE if gr else (),
        levels=_GR_LEVELS if gr else (),
    )


def _dose_band(spec: Mapping[str, Any], entry: Mapping[str, Any], measure: Measure, readings: Readings) -> Band:
    reading = readings.series[spec["series"]]
    values = reading.at(measure.output, measure.time)
    if entry["relative_to"] == "window":
        low, high = (arm(entry["window"][side], measure, readings) for side in ("low", "high"))
        shown = 100.0 * (values - low) / (high - low)
    else:
        shown = 100.0 * values / values[0]
    return _band(spec, np.array(reading.series.concentrations)[1:], shown[1:])


def _gr_band(spec: Mapping[str, Any], entry: Mapping[str, Any], measure: Measure, readings: Readings) -> Band:
    return _band(spec, *gr_curve(str(spec["series"]), measure, readings))


def _not_grown(entry: Mapping[str, Any], measure: Measure, readings: Readings) -> str:
    """Return a sentence on the draws that a band leaves out because their vehicle did not grow; empty without any."""
    words = []
    for spec in entry["bands"]:
        values = readings.series[str(spec["series"])].at(measure.output, measure.time)
        ended = np.isfinite(values).all(axis=0)
        lost = int(np.sum(ended & np.isnan(gr_curve(str(spec["series"]), measure, readings)[1]).any(axis=0)))
        words += [f"{spec['label']}, {lost} of {int(np.sum(ended))}"] if lost else []
    return f" Draws whose vehicle did not grow have no GR value and are left out: {'; '.join(words)}." if words else ""


def _time_band(spec: Mapping[str, Any], entry: Mapping[str, Any], measure: Measure, readings: Readings) -> Band:
    reading, row, _ = locate(arm_text(spec), measure, readings)
    values = reading.values[str(spec.get("output", measure.output))][row]
    kept = reading.times <= quantity(spec.get("until", entry["until"]), "h", measure.file, str(entry["id"]))
    scale = 100.0 if str(entry["y"]["unit"]).startswith("%") else 1.0
    start = values[0] if entry["relative_to"] == "start" else 1.0
    per_hour = convert(1.0, "h", str(entry["x"]["unit"]))
    return _band(spec, reading.times[kept] * per_hour, (scale * values / start)[kept])


def _band(spec: Mapping[str, Any], x: np.ndarray, values: np.ndarray) -> Band:
    whole = values[:, np.isfinite(values).all(axis=0)]  # draws that ended well, as for P(pass)
    lo, middle, hi = np.quantile(whole, [0.05, 0.5, 0.95], axis=1) if whole.size else np.full((3, len(values)), np.nan)
    return Band(
        label=str(spec["label"]),
        x=tuple(x.tolist()),
        median=tuple(middle.tolist()),
        lo90=tuple(lo.tolist()),
        hi90=tuple(hi.tolist()),
        ink=str(spec.get("ink", "drug")),
        control=bool(spec.get("control", False)),
        dash=bool(spec.get("dash", False)),
    )
