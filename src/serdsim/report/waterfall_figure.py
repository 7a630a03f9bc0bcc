"""Draw a search from many starts: how far above the lowest value each came, from the lowest to the highest."""

from __future__ import annotations

import math

from serdsim.experiments.panel import Axis, Level, Mark, Panel
from serdsim.fit.descent import Descent
from serdsim.fit.found import WITHIN, Multistart
from serdsim.report import labels, numbers, shapes, svg
from serdsim.report.document import document
from serdsim.report.frame import NARROW, SIZE, WIDE, axes, build_frame, level_names, levels

FLOOR = 1e-3  # a start that came nearer to the lowest value than this is drawn here
_NEAR, _FAR, _UNFINISHED = "near", "far", "unfinished"


def draw_waterfall(found: Multistart, title: str = "Starts", *, narrow: bool = False) -> str:
    """The search as a standalone SVG document.

    Parameters
    ----------
    found : Multistart
        At least one of its starts has a value.
    title : str
        Title of the drawing.
    narrow : bool
        The drawing for phones, 400 wide instead of 760.
    """
    layout = NARROW if narrow else WIDE
    panel = waterfall_panel(found, title)
    points = [(rank, mark.y, kind) for rank, (mark, kind) in enumerate(zip(panel.marks, _kinds(found), strict=True), 1) if mark.y]
    words = _words(found)
    used = max(svg.width(line, SIZE) * 1.02 + 17 for text, _ in words for line in svg.wrap(text, layout.column - 17, SIZE))
    frame = build_frame(panel, layout, min(used, layout.column) + 2, 0.0, 0.0)
    body = [*levels(panel, frame), *axes(panel, frame, layout)]
    for rank, height, kind in reversed(points):
        body.append(_mark(frame.x(rank), frame.y(height), kind))
    body += level_names(panel, frame)
    column = []
    for text, kind in words:
        heights = [frame.y(height) for _, height, one in points if one == kind]
        y = sum(heights) / len(heights) if heights else frame.top
        ink = {_NEAR: shapes.inks("drug")[2:], _FAR: ("f-ctltext", shapes.CONTROL), _UNFINISHED: ("f-ctltext", shapes.CONTROL)}.get(
            kind, ("f-ink2", shapes.INK2)
        )
        glyph = f'<g transform="translate({{x}} {{y}})">{_mark(0, 0, kind)}</g>' if heights else ""
        column.append(labels.Label(svg.wrap(text, layout.column - 17, SIZE), y, *ink, glyph, bold=kind == _NEAR))
    body += labels.draw(labels.place(column, frame.top - 6, frame.bottom), frame.column, SIZE)
    return document(panel, layout.width, frame.height, "n" if narrow else "w", "".join(body))


def waterfall_panel(found: Multistart, title: str = "Starts") -> Panel:
    """The points of the drawing as data: each start that has a value as a mark at its rank, at `FLOOR` where it is nearer."""
    best = found.best.value
    marks = tuple(
        Mark(one.why, float(rank), max(one.value - best, FLOOR), None, None, "", None, "", str(one.index), "")
        for rank, one in enumerate(_with_value(found), 1)
    )
    near = len(found.within())
    return Panel(
        id="waterfall",
        title=title,
        x=Axis(f"starts, from the lowest value up ({len(found.descents)} in all)", "dimensionless"),
        y=Axis(f"negative log posterior above the lowest ({numbers.plain(FLOOR)}: that or less)", "dimensionless", log=True),
        bands=(),
        marks=marks,
        caption=found.text(),
        description=(
            f"{len(marks)} of {len(found.descents)} starts by how far their value lies above the lowest, {numbers.plain(best)}; "
            f"{near} lie within {WITHIN}. Starts nearer than {numbers.plain(FLOOR)} are drawn there."
        ),
        y_range=(FLOOR, 10.0),
        levels=(Level(WITHIN, f"{WITHIN}"),),
    )


def _with_value(found: Multistart) -> list[Descent]:
    return [one for one in found.ranked if math.isfinite(one.value)]


def _kinds(found: Multistart) -> list[str]:
    """How each start that has a value is drawn."""
    best = found.best.value
    return [_NEAR if one.value - best <= WITHIN else _FAR if one.outcome == "converged" else _UNFINISHED for one in _with_value(found)]


def _words(found: Multistart) -> list[tuple[str, str]]:
    """The labels: how many starts each kind of mark stands for."""
    kinds = _kinds(found)
    lost = len(found.descents) - len(kinds)
    said = {_NEAR: f"within {WITHIN} of the lowest", _FAR: "converged elsewhere", _UNFINISHED: "stopped before they converged"}
    out = [(f"{kinds.count(kind)} {words}", kind) for kind, words in said.items() if kind in kinds]
    if lost:
        out.append((f"{lost} without a value, not drawn", ""))
    return out


def _mark(x: float, y: float, kind: str) -> str:
    """A filled circle near the lowest value, an open one elsewhere, an open triangle where a start did not converge."""
    if kind == _NEAR:
        return svg.element("circle", {"class": "f-cell", "fill": shapes.inks("drug")[3], "cx": x, "cy": y, "r": 4.3})
    return shapes.mark("circle" if kind == _FAR else "triangle", x, y, "control")
