"""Figures of an experiment as data: curves over draws, with observed and reference marks from the evidence table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serdsim.claims.evidence_rows import Fact, require_facts
from serdsim.claims.grids import grid_issues, grid_panel
from serdsim.claims.kinds import gr_curve
from serdsim.claims.measures import Measure, arm, locate
from serdsim.endpoints.growth_rate import HALF
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.panel import Axis, Band, Level, Mark, Panel
from serdsim.experiments.protocol import Experiment, located, observed, quantity, read_record
from serdsim.experiments.runner import Readings
from serdsim.units import convert

_FIGURE = ("id", "title", "kind", "output", "relative_to", "x", "y", "bands", "caption", "description")
_KINDS = (("dose", "vehicle"), ("dose", "window"), ("gr", "vehicle"), ("time", "start"))
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
        issues = [issue for entry in figures for issue in _figure_issues(entry, experiment)]
        if issues:
            raise ClaimError(issues)
        require_facts([id for entry in figures for mark in entry.get("marks", []) for id in _rows_of(mark)], facts, file=path.name)
        for entry in figures:
            try:
                _marks(entry, facts, path.name)
            except KeyError as problem:
                raise ClaimError(Issue(f"a mark lacks {problem}", file=path.name, id=str(entry["id"]), expected="row and label")) from None


def _rows_of(mark: Mapping[str, Any]) -> list[str]:
    """Return the evidence rows of a mark: its own, and that of its concentration where that is no quantity."""
    at = str(mark.get("concentration", ""))
    return [str(mark["row"]), *([at] if at and " " not in at else [])]


def _figure_issues(entry: Mapping[str, Any], experiment: Experiment) -> list[Issue]:
    if entry.get("kind") == "grid":
        return grid_issues(entry, experiment)
    id, file = str(entry.get("id", "figures")), experiment.file
    lacks = [name for name in _FIGURE if name not in entry]
    if lacks:
        return [Issue("the figure lacks " + ", ".join(lacks), file=file, id=id, expected=", ".join(_FIGURE))]
    wrong: list[tuple[str, str]] = []
    if (entry["kind"], entry["relative_to"]) not in _KINDS:
        wrong.append(
            (
                f"{entry['kind']} relative to {entry['relative_to']}",
                "dose relative to vehicle or window, gr relative to vehicle, time relative to start, or grid",
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
    return [Issue(problem, file=file, id=id, expected=expected) for problem, expected in wrong]


def read_panels(path: Path, readings: Readings, facts: Mapping[str, Fact], draws: int) -> tuple[Panel, ...]:
    """Return the figures that an experiment file asks for.

    Raises
    ------
    ClaimError
        For a missing field, an unknown series or evidence row.
    """
    panels = []
    for entry in read_record(path).get("figures", []):
        try:
            panels.append(_panel(entry, readings, facts, draws, path.name))
        except KeyError as problem:
            raise ClaimError(
                Issue(f"the figure lacks {problem} or names what the experiment does not have", file=path.name, id=str(entry.get("id")))
            ) from None
    return tuple(panels)


def _panel(entry: Mapping[str, Any], readings: Readings, facts: Mapping[str, Fact], draws: int, file: str) -> Panel:
    if entry["kind"] == "grid":
        return grid_panel(entry, readings, draws, file)
    band_of, gr = {"dose": _dose_band, "gr": _gr_band, "time": _time_band}[entry["kind"]], entry["kind"] == "gr"
    measure = Measure("", entry["output"], quantity(entry.get("time", "0 h"), "h", file, entry["id"]), {}, file)
    return Panel(
        id=str(entry["id"]),
        title=str(entry["title"]),
        x=Axis(str(entry["x"]["label"]), str(entry["x"]["unit"]), log=entry["kind"] != "time"),
        y=Axis(str(entry["y"]["label"]), str(entry["y"]["unit"])),
        bands=tuple(band_of(spec, entry, measure, readings) for spec in entry["bands"]),
        marks=_marks(entry, facts, file),
        caption=str(entry["caption"]) + (_not_grown(entry, measure, readings) if gr else ""),
        description=str(entry["description"]),
        draws=draws,
        pass_below=entry.get("pass_below"),
        pass_above=entry.get("pass_above"),
        y_range=_GR_RANGE if gr else (),
        levels=_GR_LEVELS if gr else (),
    )


def _marks(entry: Mapping[str, Any], facts: Mapping[str, Fact], file: str) -> tuple[Mark, ...]:
    drawn = []
    for spec in entry.get("marks", []):
        kind = _point if "time" in spec else _dose_point if "concentration" in spec else _mark
        drawn.append(kind(spec, facts, str(entry["x"]["unit"]), file))
    return tuple(drawn)


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
    reading, row, _ = locate(f"{spec['series']} @ {spec['concentration']}", measure, readings)
    values = reading.values[str(spec.get("output", measure.output))][row]
    kept = reading.times <= quantity(entry["until"], "h", measure.file, str(entry["id"]))
    scale = 1.0 if entry["y"]["unit"] == "fold of 0 h" else 100.0
    return _band(spec, reading.times[kept], (scale * values / values[0])[kept])


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


def _point(spec: Mapping[str, Any], facts: Mapping[str, Fact], unit: str, file: str) -> Mark:
    """Return an observed point at its time; a fall is shown as what is left, in the unit of the row."""
    (fact,) = require_facts([str(spec["row"])], facts, file=file)
    if fact.value is None:
        raise ClaimError(Issue("the row has no single value to draw", file=file, id=fact.id, expected="a row with a value"))
    return Mark(
        label=str(spec["label"]),
        x=quantity(spec["time"], unit, file, fact.id),
        y=100.0 - fact.value if spec.get("shown_as") == "what is left" else fact.value,
        lo=None,
        hi=None,
        interval=f"no interval reported, {fact.reliability}",
        n=fact.n,
        source=fact.source,
        row=fact.id,
        role=fact.role,
    )


def _dose_point(spec: Mapping[str, Any], facts: Mapping[str, Fact], unit: str, file: str) -> Mark:
    """Return an observed value at its concentration, which is a quantity or the value of another row."""
    (fact,) = require_facts([str(spec["row"])], facts, file=file)
    at = str(spec["concentration"])
    x: float | None = quantity(at, unit, file, fact.id) if " " in at else None
    if x is None:
        (where,) = require_facts([at], facts, file=file)
        x = None if where.value is None else convert(where.value, where.unit, unit)
    if x is None or fact.value is None:
        id = at if x is None else fact.id
        raise ClaimError(Issue("the row has no single value to draw", file=file, id=id, expected="a row with a value"))
    ends = fact.low is not None and fact.high is not None
    return Mark(
        label=str(spec["label"]),
        x=x,
        y=fact.value,
        lo=fact.low if ends else None,
        hi=fact.high if ends else None,
        interval=f"{'range' if ends else 'no interval reported'}, {fact.reliability}",
        n=fact.n,
        source=fact.source,
        row=fact.id,
        role=fact.role,
    )


def _mark(spec: Mapping[str, Any], facts: Mapping[str, Fact], unit: str, file: str) -> Mark:
    (fact,) = require_facts([str(spec["row"])], facts, file=file)
    value, low, high = (None if v is None else convert(v, fact.unit, unit) for v in (fact.value, fact.low, fact.high))
    if value is None:
        value = float(np.sqrt(low * high)) if low and high else (high if high is not None else low)
    words = "range" if low is not None and high is not None else ("upper bound" if high is not None else "single value")
    return Mark(
        label=str(spec["label"]),
        x=float(value if value is not None else np.nan),
        y=None,
        lo=low,
        hi=high,
        interval=f"{words}, {fact.reliability}",
        n=fact.n,
        source=fact.source,
        row=fact.id,
        role=fact.role,
        kind="reference",
    )
