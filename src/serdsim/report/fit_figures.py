"""The figures of a fit: for each data set its time courses, and its numbers, intervals and bounds beside what is simulated."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serdsim.experiments.panel import UNSAID, Axis, Band, Mark, Panel
from serdsim.fit.course import Settings
from serdsim.fit.curves import Curve, curves
from serdsim.fit.data_sets import FAR, DataSet, Seen, courses, singles
from serdsim.fit.objective import Objective
from serdsim.report.beside_figure import beside_panel, draw_beside
from serdsim.report.figure import draw

MEASURED, MISFIT, SIMULATED = "measured", f"measured, beyond {FAR:g} widths", "simulated"


@dataclass(frozen=True)
class Drawn:
    """A figure: its drawing, 400 wide, and what tells it from others of its data set, empty where it stands alone."""

    id: str
    apart: str
    svg: str


def fit_figures(
    objective: Objective, values: Mapping[str, float], sets: Sequence[DataSet], settings: Settings | None = None
) -> dict[str, tuple[Drawn, ...]]:
    """Return the figures of each data set by its id; every point of it is in exactly one of them.

    Parameters
    ----------
    objective : Objective
        The problem, ready to be simulated.
    values : mapping of str to float
        Parameters on the linear scale.
    sets : sequence of DataSet
        What `data_sets` gives.
    settings : Settings, optional
        Tolerances of the curves; those of the objective where none are given.
    """
    problem = objective.problem
    groups = [(data, group) for data in sets for group in courses(data, problem)]
    drawn = curves(objective, values, [group for _, group in groups], settings or objective.settings)
    unit = problem.model.units.get("time", UNSAID)
    found: dict[str, list[Drawn]] = {data.id: [] for data in sets}
    names = _names([data.id for data in sets])
    for (data, group), curve in zip(groups, drawn, strict=True):
        apart = f"{group[0].id} in {group[0].experiment}" if len(courses(data, problem)) > 1 and group[0].experiment else ""
        title = f"{data.title}: {apart}" if apart else data.title
        id = f"{names[data.id]}-{len(found[data.id]) + 1}"
        found[data.id].append(Drawn(id, apart, draw(course_panel(id, title, group, curve, unit), narrow=True)))
    for data in sets:
        alone = singles(data, problem)
        for kind in (False, True):
            rows = [row for row in alone if (row.scale != "lin") == kind]
            if rows:
                id = f"{names[data.id]}-{len(found[data.id]) + 1}"
                found[data.id].append(Drawn(id, "", draw_beside(beside_panel(id, data.title, rows), rows)))
    return {id: tuple(figures) for id, figures in found.items()}


def course_panel(id: str, title: str, group: Sequence[Seen], curve: Curve, unit: str) -> Panel:
    """A time course: the curve, each measured point with one width of noise, and misfits with a mark of their own."""
    shown = [value for value in (*curve.values, *(one.lower for one in group)) if math.isfinite(value)]
    log = all(one.scale != "lin" for one in group) and all(value > 0.0 for value in shown)
    marks = []
    for one in group:
        low, high = one.noisy(one.lower)
        label, kind = (MISFIT, "misfit") if one.far else (MEASURED, "observed")
        marks.append(Mark(label, one.time, one.lower, low, high, "one width of noise", None, "", str(one.row), "", kind))
    off = sum(one.far for one in group)
    words = f"{len(group)} measured points with one width of noise either side, and the simulated course; {off} beyond {FAR:g} widths."
    band = Band(SIMULATED, curve.times, curve.values, curve.values, curve.values)
    return Panel(id, title, Axis("time", unit), Axis(group[0].id, UNSAID, log=log), (band,), tuple(marks), description=words)


def _names(ids: Sequence[str]) -> dict[str, str]:
    """Return for each data set a name that files and fragments can have, no two the same."""
    names: dict[str, str] = {}
    for id in ids:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", id).strip("-.")[:80] or "data"
        number, name = 1, plain
        while name in names.values():
            number += 1
            name = f"{plain}.{number}"
        names[id] = name
    return names
