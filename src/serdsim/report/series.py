"""What of a panel can be drawn: unbroken stretches of curves, groups of marks, and what had to be left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.experiments.panel import Band, Mark, Panel
from serdsim.report.scale import Scale

Point = tuple[float, float, float, float]
_CONTROL_MARKS = 6
SHAPES = ("circle", "square", "triangle", "diamond", "wedge")


@dataclass(frozen=True)
class Group:
    """Marks that share label, kind, source and n: one shape and one label."""

    words: str
    kind: str
    shape: str
    marks: tuple[Mark, ...]


def where(mark: Mark) -> str:
    """What the mark is: a point, a line at an `x`, a line at a `y`, or nothing that can be drawn."""
    has_x = mark.x is not None and math.isfinite(mark.x)
    has_y = mark.y is not None and math.isfinite(mark.y)
    if has_x and has_y:
        return "point"
    if has_x:
        return "x"
    return "y" if has_y else "none"


def segments(band: Band, x: Scale, y: Scale) -> list[list[Point]]:
    """Unbroken stretches of a curve; a value without a place on its axis ends a stretch.

    On a logarithmic axis a low end of zero or less is drawn to the edge of the axis.
    """
    parts: list[list[Point]] = [[]]
    for at, median, low, hi in zip(band.x, band.median, band.lo90, band.hi90, strict=True):
        lo = y.lo if y.log and low <= 0 else low
        if x.can_show(at) and y.can_show(median) and y.can_show(lo) and y.can_show(hi):
            parts[-1].append((at, median, lo, hi))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]


def control_points(band: Band, x: Scale, y: Scale) -> list[Point]:
    """About six points of a control, evenly spread along the axis, that carry its open marks."""
    points = [point for part in segments(band, x, y) for point in part]
    if len(points) <= _CONTROL_MARKS:
        return points
    span = (x(points[0][0]), x(points[-1][0]))
    chosen: list[Point] = []
    for i in range(_CONTROL_MARKS):
        aim = span[0] + (span[1] - span[0]) * i / (_CONTROL_MARKS - 1)
        nearest = min(points, key=lambda point: abs(x(point[0]) - aim))
        if nearest not in chosen:
            chosen.append(nearest)
    return chosen


def groups(marks: Sequence[Mark]) -> list[Group]:
    """The marks by label, kind, source and role, in the order in which they first appear; n is the range of all of them."""
    found: dict[tuple[str, str, str, str], list[Mark]] = {}
    for mark in marks:
        found.setdefault((mark.label, mark.kind, mark.source, mark.role), []).append(mark)
    out: list[Group] = []
    used = {"observed": 0, "reference": 0}
    for (label, kind, _, _), members in found.items():
        family = "observed" if kind == "observed" else "reference"
        shape = SHAPES[used[family] % len(SHAPES)]
        used[family] += 1
        n = counted(members)
        words = label if not n or "n =" in label else f"{label}, {n}"
        out.append(Group(words, family, shape, tuple(members)))
    return out


def counted(marks: Sequence[Mark]) -> str:
    """How many were behind each mark, as ``n = 3`` or ``n = 1 to 4``; empty where it was not reported."""
    known = sorted({mark.n for mark in marks if mark.n is not None})
    if not known:
        return ""
    return f"n\u00a0=\u00a0{known[0]}" + (f"\u00a0to\u00a0{known[-1]}" if len(known) > 1 else "")


def left_out(panel: Panel) -> list[str]:
    """Sentences that name what the drawing had to leave out."""
    missing = low = 0
    to_edge = False
    for band in panel.bands:
        for at, median, lo, hi in zip(band.x, band.median, band.lo90, band.hi90, strict=True):
            lost = not all(math.isfinite(v) for v in (at, median, lo, hi))
            outside = (panel.x.log and at <= 0) or (panel.y.log and min(median, hi) <= 0)
            missing += lost
            low += bool(not lost and outside)
            to_edge |= bool(not lost and not outside and panel.y.log and lo <= 0)
    for mark in panel.marks:
        place = where(mark)
        missing += place == "none"
        outside = (place != "y" and panel.x.log and mark.x <= 0) or (place != "x" and panel.y.log and mark.y is not None and mark.y <= 0)
        low += place != "none" and bool(outside)
        to_edge |= bool(place == "point" and panel.y.log and mark.lo is not None and mark.lo <= 0)
    out = []
    if missing:
        out.append(f"Not drawn, because not computed: {missing} point{'s' if missing > 1 else ''}.")
    if low:
        points = f"{low} point{'s' if low > 1 else ''} (see the table)"
        out.append(f"Not drawn, because zero or less has no place on a logarithmic axis: {points}.")
    if to_edge:
        out.append("Low ends at zero or less are drawn to the edge of the logarithmic axis.")
    return out
