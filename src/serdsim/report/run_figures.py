"""The figures of a run: outputs that belong together over time, doses under the axis, a band where there are several individuals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np

from serdsim.analysis.host_course import by_lesion, drugs_in_places, mass_factor
from serdsim.dosing.dose import Dose
from serdsim.endpoints.course import change
from serdsim.experiments.panel import UNSAID, Axis, Band, Given, Level, Panel
from serdsim.model.outputs import Drawing
from serdsim.results.courses import Courses
from serdsim.results.dataset import unit_of
from serdsim.simulation.columns import label_of
from serdsim.simulation.host_times import ends
from serdsim.simulation.prepared import Prepared

_LOOKS = (("drug", False), ("signal", False), ("rest", False), ("drug", True), ("signal", True), ("rest", True))
_DECADES = 1e-3  # of the highest value of a curve: what lies below it on a logarithmic axis is left out
_DAYS_FROM = 96.0  # [h] longer runs are drawn in days
_ROOM = 1.25  # a named height has room for its name
_MOST_LINES = len(_LOOKS)


@dataclass(frozen=True)
class RunFigure:
    """A figure of a run and the group that it stands in."""

    group: str
    panel: Panel


def run_figures(ready: Prepared, courses: Courses) -> tuple[RunFigure, ...]:
    """Return the figures of everything that the run kept; outputs that no drawing of the library names are grouped by their unit."""
    if not courses.individuals:
        return ()
    names = ready.names
    found = [figure for drawing in names.drawings for figure in _figures(drawing, ready, courses)]
    named = {id for drawing in names.drawings for id in drawing.outputs}
    rest: dict[str, list[str]] = {}
    for id in courses.values:
        if id not in named:
            rest.setdefault(unit_of(ready.question.model, id), []).append(id)
    for number, (unit, ids) in enumerate(rest.items(), start=1):
        for part, first in enumerate(range(0, len(ids), _MOST_LINES), start=1):
            some = tuple(ids[first : first + _MOST_LINES])
            drawing = Drawing(f"other-{number}-{part}", "other outputs", ", ".join(some), "value", unit, some)
            found += _figures(drawing, ready, courses)
    return tuple(found)


def _figures(drawing: Drawing, ready: Prepared, courses: Courses) -> Iterator[RunFigure]:
    """Yield the figure of a drawing, nothing where no drug is given that it is of."""
    given = drugs_in_places(ready)
    ids = [id for id in drawing.outputs if id in courses.values and label_of(ready, id).place in ("", *given)]
    spans = ends(ready.doses, given[drawing.last], float(ready.times[-1])) if drawing.last in given else ()
    if not ids or (drawing.last and not spans):
        return
    start, per = (spans[-1][0], 1.0) if drawing.last else (0.0, 24.0 if ready.times[-1] >= _DAYS_FROM else 1.0)
    lines = [(id, lesion, own) for id in ids for lesion, own in by_lesion(ready, courses, id)]
    bands = []
    for (id, lesion, own), (ink, dash) in zip(lines, cycle(_LOOKS), strict=False):
        label, part = label_of(ready, id), own.over(*spans[-1]) if drawing.last else own
        values = _shown(part.values[id], own.values[id], drawing, mass_factor(ready, label))
        if values is not None:
            band = _band(label.short + lesion, (part.times - start) / per, values, ink, dash)
            bands.append(_above(band) if drawing.log else band)
    bands = [band for band in bands if any(np.isfinite(value) for value in band.median)]
    if not bands:
        return
    x = Axis("time since the last dose" if drawing.last else "time", "h" if per == 1.0 else "d")
    doses = () if drawing.last else tuple(_given(dose, per, float(ready.times[-1])) for dose in ready.doses)
    y = Axis(drawing.axis, UNSAID if drawing.unit == "not given" else drawing.unit, log=drawing.log)
    panel = Panel(drawing.id, drawing.title, x, y, tuple(bands), caption=_caption(ready, courses), draws=courses.individuals, given=doses)
    levels = tuple(Level(value, words) for value, words in drawing.levels)
    held = tuple(_ROOM * value for value, _ in drawing.levels) or ((0.0,) if not drawing.log else ())
    yield RunFigure(drawing.group, replace(panel, levels=levels, y_range=held, description=_description(panel)))


def _shown(values: np.ndarray, whole: np.ndarray, drawing: Drawing, factor: float | None) -> np.ndarray | None:
    """Return what is drawn of an output; None for what has no such unit."""
    if drawing.unit == "ng/mL":
        return None if factor is None else factor * values
    if drawing.shown == "value":
        return values
    off = 100.0 * change(whole)
    return off if drawing.shown == "change from start" else 100.0 + off


def _band(label: str, x: np.ndarray, values: np.ndarray, ink: str, dash: bool) -> Band:
    low, middle, high = (tuple(ends.tolist()) for ends in np.quantile(values, [0.05, 0.5, 0.95], axis=0))
    return Band(label, tuple(x.tolist()), middle, low, high, ink=ink, dash=dash)


def _above(band: Band) -> Band:
    """Return a curve of a logarithmic axis without what lies far below its own highest value."""
    floor = _DECADES * max((value for value in band.hi90 if np.isfinite(value)), default=0.0)
    seen = [value >= floor and value > 0.0 for value in band.median]
    shown = [
        tuple(max(v, floor) if s else float("nan") for v, s in zip(vs, seen, strict=True)) for vs in (band.median, band.lo90, band.hi90)
    ]
    return replace(band, median=shown[0], lo90=shown[1], hi90=shown[2])


def _given(dose: Dose, per: float, end: float) -> Given:
    often = f" every {dose.interval_h:g} h" if dose.interval_h else " once"
    words = f"{dose.drug} {dose.amount:g} {dose.unit}{f' {dose.route}' if dose.route else ''}{often}"
    return Given(words, tuple(time / per for time in dose.times_h if time <= end), (dose.interval_h or 0.0) / per)


def individuals_in_words(ready: Prepared, courses: Courses) -> str:
    """Return what lines and bands are of."""
    draws, beside = ready.job.draws.count, ready.job.draws.beside
    every, here = ready.job.draws.individuals, courses.individuals // (len(ready.job.lesions.each) if ready.job.lesions else 1)
    if every == 1:
        return "One simulated individual with the central values of all parameters."
    what = "individuals of all parameter draws" if draws and beside else "individuals who differ" if beside else "parameter draws"
    some = "" if here == every else f", {here} of them shown"
    return f"Lines: median; bands: central 90 % of {every} {what}{some}."


def _caption(ready: Prepared, courses: Courses) -> str:
    return f"{individuals_in_words(ready, courses)} Simulated, not observed."


def _description(panel: Panel) -> str:
    said = []
    for band in panel.bands:
        shown = [(x, y) for x, y in zip(band.x, band.median, strict=True) if np.isfinite(y)]
        (x0, y0), (x1, y1) = shown[0], shown[-1]
        low, high = min(y for _, y in shown), max(y for _, y in shown)
        said.append(
            f"{band.label}: {y0:.3g} at {x0:.3g} {panel.x.unit}, {y1:.3g} at {x1:.3g} {panel.x.unit}, between {low:.3g} and {high:.3g}"
        )
    unit = "" if panel.y.unit in (UNSAID, "dimensionless") else f" [{panel.y.unit}]"
    return f"{panel.title}, {panel.y.label}{unit} over time. {'; '.join(said)}. {panel.caption}"
