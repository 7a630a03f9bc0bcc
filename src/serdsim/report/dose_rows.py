"""Draw doses under a time axis: one row for each drug, a stroke for each dose, a bar where strokes would run together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from serdsim.experiments.panel import Given
from serdsim.report import shapes, svg
from serdsim.report.frame import SIZE, Frame, Layout

_LINE = 17.0
_STROKE = 9.0
_NEAR = 2.6  # strokes nearer than this run together


def dose_rows(given: Sequence[Given], frame: Frame, layout: Layout) -> tuple[list[str], float]:
    """Return the rows and how much height they take below the drawing.

    Parameters
    ----------
    given : sequence of Given
        In the unit of the x axis.
    """
    out: list[str] = []
    top = frame.height + 4.0
    for row in given:
        for words in svg.wrap(row.label, layout.width - 8, SIZE):
            out.append(svg.text(frame.x.start, top + 12, words, ("f-ink2", shapes.INK2)))
            top += _LINE
        out += _strokes(row, frame, top + 3)
        top += _STROKE + 10
    return out, top - frame.height if given else 0.0


def _strokes(row: Given, frame: Frame, y: float) -> list[str]:
    places = [frame.x(at) for at in row.at if frame.x.lo <= at <= frame.x.hi]
    if not places:
        return []
    near = [after - before for before, after in pairwise(places)]
    if near and min(near) < _NEAR:
        end = min(frame.x(min(row.at[-1] + row.apart, frame.x.hi)), frame.x.end)
        path = f"M{svg.num(places[0])} {svg.num(y)}H{svg.num(end)}v{svg.num(_STROKE)}H{svg.num(places[0])}Z"
        return [shapes.area(path, "f-rest", shapes.CONTROL, 0.55)]
    return [shapes.stroke("".join(f"M{svg.num(x)} {svg.num(y)}v{svg.num(_STROKE)}" for x in places), "f-control-s", shapes.CONTROL, 1.4)]
