"""Grids of a figure file: in which of two sets of conditions two series count as equivalent."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from serdsim.claims.judge import HIGH
from serdsim.claims.kinds import KINDS
from serdsim.claims.measures import Measure
from serdsim.endpoints.equivalence import share_inside
from serdsim.errors import Issue
from serdsim.experiments.panel import Axis, Cell, Grid, Panel
from serdsim.experiments.protocol import Experiment, observed, quantity
from serdsim.experiments.runner import Readings

_FIELDS = ("id", "title", "kind", "output", "time", "metric", "of", "to", "x", "y", "inside", "caption", "description")
_METRICS = {"ic50_ratio": "IC50", "ec50_ratio": "EC50", "gr50_ratio": "GR50", "dc50_ratio": "DC50"}
REPAIR = "Correct the figure, or what it draws in the same file"
_MOST = 8  # columns whose numbers can still be read on a phone


def series_name(template: str, x: float, y: float) -> str:
    """Return the id of a series: `{x}` and `{y}` replaced by the values as shortly as they can be written (0.01, 1, 30)."""
    return template.replace("{x}", f"{x:g}").replace("{y}", f"{y:g}")


def grid_issues(entry: Mapping[str, Any], experiment: Experiment) -> list[Issue]:
    """Return what is wrong with a grid before anything runs: fields, values, metric, margin, series, time."""
    id, file = str(entry.get("id", "figures")), experiment.file
    lacks = [name for name in _FIELDS if name not in entry]
    if lacks:
        repair = f'Add "{lacks[0]}: ..." to the figure'
        return [Issue("the figure lacks " + ", ".join(lacks), file=file, id=id, expected=", ".join(_FIELDS), repair=repair)]
    try:
        columns, rows = _values(entry["x"]), _values(entry["y"])
        lower, upper = (float(entry["inside"][end]) for end in ("lower", "upper"))
        assay = _assay(entry)
        labelled = all(str(entry[axis][word]) for axis in ("x", "y") for word in ("label", "unit"))
    except (KeyError, TypeError, ValueError) as problem:
        expected = "x and y with label, unit and values, inside with lower and upper, assay with x, y and label"
        return [Issue(f"the grid cannot be read: {problem}", file=file, id=id, expected=expected, repair="Complete the grid")]
    wrong: list[tuple[str, str]] = [] if labelled else [("an axis has no label or unit", "label and unit of x and of y")]
    if not 0 < lower < upper < float("inf"):
        wrong.append((f"inside {lower:g} to {upper:g}", "0 < lower < upper"))
    if entry["metric"] not in _METRICS:
        wrong.append((f'the metric "{entry["metric"]}" is not known', ", ".join(_METRICS)))
    wrong += [problem for axis, values in (("x", columns), ("y", rows)) for problem in _axis_issues(axis, values)]
    if assay is not None and (assay[0] not in columns or assay[1] not in rows):
        wrong.append((f"the assay at x = {assay[0]:g}, y = {assay[1]:g} is not a cell", "one of the values of x and one of y"))
    if entry["output"] not in experiment.outputs:
        wrong.append((f'the experiment does not observe "{entry["output"]}"', ", ".join(experiment.outputs)))
    time = quantity(entry["time"], "h", file, id)
    if observed(experiment.times(), time) is None:
        wrong.append((f"the experiment does not observe {time:g} h", f"0 to {experiment.hours:g} h in steps of {experiment.every:g} h"))
    wrong += _series_issues(entry, columns, rows, experiment)
    return [Issue(problem, file=file, id=id, expected=expected, repair=REPAIR) for problem, expected in wrong]


def _axis_issues(axis: str, values: tuple[float, ...]) -> list[tuple[str, str]]:
    if not values or len(values) > _MOST or any(b <= a for a, b in pairwise(values)) or not np.isfinite(values).all():
        return [(f"the values of {axis} do not rise, or are none or too many", f"1 to {_MOST} numbers, from the smallest to the largest")]
    return []


def _series_issues(
    entry: Mapping[str, Any], columns: tuple[float, ...], rows: tuple[float, ...], experiment: Experiment
) -> list[tuple[str, str]]:
    names = dict.fromkeys(series_name(str(entry[side]), x, y) for side in ("of", "to") for y in rows for x in columns)
    unknown = [name for name in names if name not in experiment.series]
    if unknown:
        return [("no series " + ", ".join(f'"{name}"' for name in unknown), "a series for each cell; {x} and {y} stand for its values")]
    bare = [name for name in names if experiment.series[name].concentrations[0] > 0 or len(experiment.series[name].concentrations) < 3]
    if bare:
        return [(f'the series "{bare[0]}" has no vehicle or is too short', "0 nM as its first concentration and two more")]
    return []


def grid_panel(entry: Mapping[str, Any], readings: Readings, draws: int, file: str) -> Panel:
    """Return the grid that a figure of an experiment file asks for.

    Raises
    ------
    ClaimError
        For an output or a time that was not observed.
    """
    columns, rows = _values(entry["x"]), _values(entry["y"])
    time = quantity(entry["time"], "h", file, str(entry["id"]))
    lower, upper = float(entry["inside"]["lower"]), float(entry["inside"]["upper"])

    def cell(x: float, y: float) -> Cell:
        arms = {side: series_name(str(entry[side]), x, y) for side in ("of", "to")}
        return _cell(Measure(str(entry["metric"]), str(entry["output"]), time, arms, file), readings, lower, upper)

    return Panel(
        id=str(entry["id"]),
        title=str(entry["title"]),
        x=Axis(str(entry["x"]["label"]), str(entry["x"]["unit"])),
        y=Axis(str(entry["y"]["label"]), str(entry["y"]["unit"])),
        bands=(),
        caption=str(entry["caption"]),
        description=str(entry["description"]),
        draws=draws,
        grid=Grid(
            columns=columns,
            rows=rows,
            cells=tuple(tuple(cell(x, y) for x in columns) for y in rows),
            what=_METRICS[entry["metric"]],
            lower=lower,
            upper=upper,
            level=HIGH,
            assay=_assay(entry),
            assay_label=str(entry.get("assay", {}).get("label", "")),
        ),
    )


def _cell(measure: Measure, readings: Readings, lower: float, upper: float) -> Cell:
    both = [readings.series[id].at(measure.output, measure.time) for id in measure.arms.values()]
    ok = np.all([np.isfinite(values).all(axis=0) for values in both], axis=0)  # draws that ended well, as for P(pass)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = KINDS[measure.kind](measure, readings)[ok]
    if not ratios.size:
        return Cell(*(float("nan"),) * 4)
    reached = np.where(np.isnan(ratios), np.inf, ratios)  # as for P(pass): what was not reached is infinitely large
    lo, middle, hi = np.quantile(reached, [0.05, 0.5, 0.95], method="inverted_cdf")
    return Cell(share_inside(ratios, lower, upper), float(middle), float(lo), float(hi))


def _values(axis: Mapping[str, Any]) -> tuple[float, ...]:
    return tuple(float(value) for value in axis["values"])


def _assay(entry: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the column's and the row's value of the assay's own condition; None where the file names none."""
    if entry.get("assay") is None:
        return None
    if not str(entry["assay"]["label"]):
        raise ValueError("the assay has no label")
    return float(entry["assay"]["x"]), float(entry["assay"]["y"])
