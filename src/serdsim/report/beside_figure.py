"""Draw numbers, intervals and bounds beside what is simulated for them: one row each, on one axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

from serdsim.experiments.panel import UNSAID, Axis, Panel
from serdsim.fit.data_sets import FAR, Seen
from serdsim.report import shapes, svg
from serdsim.report.document import document
from serdsim.report.fit_words import signed
from serdsim.report.frame import NARROW, SIZE, title_of
from serdsim.report.scale import Scale, build

_LINE = 17.0
_TRACK = 24.0  # height of what is drawn under the name of a row
_EDGE = 10.0
_STEPS = 4


def beside_panel(id: str, title: str, rows: Sequence[Seen]) -> Panel:
    """The words of the drawing: id, title, axis and what it shows."""
    off = sum(row.far for row in rows)
    words = f"{len(rows)} observed number{'s' if len(rows) > 1 else ''} or intervals beside what is simulated; {off} beyond {FAR:g} widths."
    return Panel(id, title, Axis("value", UNSAID, log=logarithmic(rows)), Axis("", UNSAID), (), description=words)


def logarithmic(rows: Sequence[Seen]) -> bool:
    """Whether the axis is logarithmic: where the noise of every row is, and all that is drawn is above zero."""
    return all(row.scale != "lin" for row in rows) and all(value > 0.0 for row in rows for value in _drawn(row))


def draw_beside(panel: Panel, rows: Sequence[Seen]) -> str:
    """The rows as a standalone SVG document, 400 wide.

    Parameters
    ----------
    panel : Panel
        What `beside_panel` gives.
    rows : sequence of Seen
        At least one.
    """
    width = NARROW.width
    axis = _axis(panel, rows, width)
    body: list[str] = []
    top = 4.0
    for row in rows:
        for words in svg.wrap(_name(row), width - 4, SIZE):
            body.append(svg.text(2, top + 12, words, ("f-ink", shapes.INK)))
            top += _LINE
        body += _row(row, axis, top + _TRACK / 2 + 2)
        top += _TRACK + 8
    body += _foot(axis, top)
    body.append(svg.text(width / 2, top + 40, title_of(panel.x), ("f-ink", shapes.INK), "middle"))
    key, height = _key(rows, top + 54, width)
    return document(panel, width, height, "n", "".join([*body, *key]))


def _name(row: Seen) -> str:
    if not math.isfinite(row.simulated):
        return f"{row.name}: no value"
    return f"{row.name}: {signed(row.residual, 1)} widths" if row.far else row.name


def _drawn(row: Seen) -> list[float]:
    """All values that the axis must hold."""
    ends = [value for end in (row.lower, row.upper) if math.isfinite(end) for value in (end, *row.noisy(end))]
    return [value for value in (*ends, row.simulated) if math.isfinite(value)]


def _axis(panel: Panel, rows: Sequence[Seen], width: float) -> Scale:
    values = [value for row in rows for value in _drawn(row)]
    want = _STEPS
    found = build(values, _EDGE, width - _EDGE, log=panel.x.log, want=want)
    while want > 1 and sum(svg.width(found.label(t), SIZE) + 12 for t in found.labelled) > width - 2 * _EDGE:
        want -= 1
        found = build(values, _EDGE, width - _EDGE, log=panel.x.log, want=want)
    return found


def _row(row: Seen, axis: Scale, y: float) -> list[str]:
    """What was observed, and what is simulated over it."""
    out = _number(row, axis, y) if row.number else _interval(row, axis, y)
    if not axis.can_show(row.simulated):
        return out
    x = svg.num(axis(row.simulated))
    cls, colour = ("f-ref", shapes.REFERENCE) if row.far else (shapes.inks("drug")[1], shapes.inks("drug")[3])
    out.append(shapes.stroke(f"M{x} {svg.num(y - 8)}V{svg.num(y + 8)}", cls, colour, 3.0))
    if row.far:
        out.append(shapes.mark("wedge", axis(row.simulated), y - 6, "reference"))
    return out


def _number(row: Seen, axis: Scale, y: float) -> list[str]:
    low, high = (axis(end) if axis.can_show(end) else axis.start for end in row.noisy(row.lower))
    out = [shapes.stroke(f"M{svg.num(low)} {svg.num(y)}H{svg.num(high)}", "f-ink-s", shapes.INK, 1.3)]
    if axis.can_show(row.lower):
        out.append(shapes.mark("circle", axis(row.lower), y, "observed"))
    return out


def _interval(row: Seen, axis: Scale, y: float) -> list[str]:
    """A bar to its ends, or to the edge where there is no bound; thin lines go one width of noise beyond them."""
    low, high = (axis(end) if axis.can_show(end) else edge for end, edge in ((row.lower, axis.start), (row.upper, axis.end)))
    out = [shapes.area(f"M{svg.num(low)} {svg.num(y - 5)}H{svg.num(high)}V{svg.num(y + 5)}H{svg.num(low)}Z", "f-restt", "#d9dfdd", 1)]
    for end, at, side in ((row.lower, low, 0), (row.upper, high, 1)):
        if axis.can_show(end):
            beyond = row.noisy(end)[side]
            to = axis(beyond) if axis.can_show(beyond) else (axis.start, axis.end)[side]
            path = f"M{svg.num(at)} {svg.num(y - 5)}v10M{svg.num(at)} {svg.num(y)}H{svg.num(to)}"
            out.append(shapes.stroke(path, "f-ink-s", shapes.INK, 1.3))
    return out


def _foot(axis: Scale, top: float) -> list[str]:
    ticks = "".join(f"M{svg.num(axis(t))} {svg.num(top)}v5" for t in axis.ticks)
    out = [shapes.stroke(f"M{svg.num(axis.start)} {svg.num(top)}H{svg.num(axis.end)}{ticks}", "f-axis", shapes.AXIS, 1)]
    for number, tick in enumerate(axis.labelled):
        half = svg.width(axis.label(tick), SIZE) / 2
        x = min(max(axis(tick), half), axis.end + _EDGE - half) if number in (0, len(axis.labelled) - 1) else axis(tick)
        out.append(svg.text(x, top + 20, axis.label(tick), ("f-ink2", shapes.INK2), "middle"))
    return out


def _key(rows: Sequence[Seen], top: float, width: float) -> tuple[list[str], float]:
    """What the marks are, for those that are there; also where the drawing ends."""
    ink, blue, amber = ("f-ink-s", shapes.INK), (shapes.inks("drug")[1], shapes.inks("drug")[3]), ("f-ref", shapes.REFERENCE)
    dot = shapes.stroke("M2 0h26", *ink, 1.3) + shapes.mark("circle", 15, 0, "observed")
    bar = shapes.area("M2 -5h26v10h-26Z", "f-restt", "#d9dfdd", 1) + shapes.stroke("M28 -5v10M28 0h5", *ink, 1.3)
    off = shapes.stroke("M15 -5v13", *amber, 3.0) + shapes.mark("wedge", 15, -5, "reference")
    said = [
        (any(row.number for row in rows), dot, "observed, one width of noise either side"),
        (any(not row.number for row in rows), bar, "observed interval or bound, one width of noise beyond"),
        (any(not row.far for row in rows), shapes.stroke("M15 -8v16", *blue, 3.0), "simulated"),
        (any(row.far for row in rows), off, f"simulated, beyond {FAR:g} widths"),
    ]
    out: list[str] = []
    for shown, swatch, words in said:
        if not shown:
            continue
        out.append(f'<g transform="translate(0 {svg.num(top + 8)})">{swatch}</g>')
        for line in svg.wrap(words, width - 44, SIZE):
            out.append(svg.text(40, top + 13, line, ("f-ink2", shapes.INK2)))
            top += _LINE
        top += 3
    return out, top + 4
