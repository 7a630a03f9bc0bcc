"""The ground of a drawing: layout, scales, axes with titles, and the region where a test passes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from serdsim.experiments.panel import UNSAID, Axis, Panel
from serdsim.report import numbers, shapes, svg
from serdsim.report.scale import Scale, build
from serdsim.report.series import where

SIZE = 14.0
OVERSHOOT = 0.03  # share of an axis with a range of its own by which a curve may leave it


@dataclass(frozen=True)
class Layout:
    """Sizes of one drawing."""

    width: float
    height: float
    column: float
    x_steps: int
    y_steps: int


WIDE = Layout(760, 470, 190, 6, 5)
NARROW = Layout(400, 400, 112, 4, 5)


@dataclass(frozen=True)
class Frame:
    """The plot area: scales, bounds, and the column where labels stand."""

    x: Scale
    y: Scale
    left: float
    right: float
    top: float
    bottom: float
    column: float
    height: float


def title_of(axis: Axis) -> str:
    """Quantity, unit where one is said, and whether the axis is logarithmic."""
    unit = "" if axis.unit == UNSAID else f", {numbers.show_unit(axis.unit) or 'no unit'}"
    return f"{axis.label}{unit}{', log scale' if axis.log else ''}"


def _values(panel: Panel) -> tuple[list[float | None], list[float | None]]:
    """All x and all y values that the axes must hold."""
    xs: list[float | None] = [v for band in panel.bands for v in band.x]
    ys: list[float | None] = [v for band in panel.bands for part in (band.median, band.lo90, band.hi90) for v in part]
    xs += [v for one in panel.paths for v in one.x] + [0.5, float(_bars(panel)) + 0.5] * bool(panel.bars)
    ys += [v for bars in panel.bars for part in (bars.median, bars.lo90, bars.hi90) for v in part]
    ys += [v for one in panel.paths for line in (one.typical, *one.animals) for v in line]
    ys += [0.0] * bool(panel.bars or panel.paths)
    ys = ys if panel.cut is None else [v if v is None or not math.isfinite(v) else min(v, panel.cut) for v in ys]
    for mark in panel.marks:
        xs.append(mark.x)
        if where(mark) == "x":
            xs += [mark.lo, mark.hi]
        else:
            ys += [mark.y, mark.lo, mark.hi]
    return xs, [*_held(panel, ys), panel.pass_above, panel.pass_below, *panel.y_range]


def _bars(panel: Panel) -> int:
    """How many bars stand side by side, a gap of one between arms."""
    return sum(len(bars.median) for bars in panel.bars) + len(panel.bars) - 1


def _held(panel: Panel, ys: list[float | None]) -> list[float | None]:
    """The values, those that lie only just outside the axis' own range taken to its end: they may pass it by a little."""
    if not panel.y_range:
        return ys
    low, high = min(panel.y_range), max(panel.y_range)
    slack = OVERSHOOT * (high - low)
    return [v if v is None or not low - slack <= v <= high + slack else min(max(v, low), high) for v in ys]


def build_frame(panel: Panel, layout: Layout, label_width: float, extra: float, head: float) -> Frame:
    """Scales and bounds for the labels that this panel has."""
    xs, ys = _values(panel)
    y_lines = svg.wrap(title_of(panel.y), layout.width - 4, SIZE)
    x_lines = svg.wrap(title_of(panel.x), layout.width - 8, SIZE)
    top = 14.0 + 17 * len(y_lines) + head
    height = layout.height + extra
    bottom = height - 30 - 17.0 * len(x_lines)
    y = build(ys, bottom - 6, top, log=panel.y.log, want=layout.y_steps + (3 if panel.y.log else 0), zero=True)
    left = 10 + 9 + max(svg.width(y.label(t), SIZE) for t in y.labelled)
    right = layout.width - label_width - 18
    want = layout.x_steps
    x = build(xs, left + 8, right, log=panel.x.log, want=want, unit=panel.x.unit)
    while want > 1 and sum(svg.width(x.label(t), SIZE) + 12 for t in x.labelled) > right - left:
        want -= 1
        x = build(xs, left + 8, right, log=panel.x.log, want=want, unit=panel.x.unit)
    return Frame(x, y, left, right, top, bottom, right + 18, height)


def axes(panel: Panel, frame: Frame, layout: Layout) -> list[str]:
    """Axis lines that span the ticks, tick labels, and titles: y above its axis, x below."""
    out = y_axis(panel, frame, layout)
    ticks = "".join(f"M{svg.num(frame.x(t))} {svg.num(frame.bottom)}v5" for t in frame.x.ticks)
    line = f"M{svg.num(frame.x.start)} {svg.num(frame.bottom)}H{svg.num(frame.x.end)}{ticks}"
    out.append(shapes.stroke(line, "f-axis", shapes.AXIS, 1))
    for tick in frame.x.labelled:
        out.append(svg.text(frame.x(tick), frame.bottom + 20, frame.x.label(tick), ("f-ink2", shapes.INK2), "middle"))
    return out + x_title(panel, frame, layout, 41)


def y_axis(panel: Panel, frame: Frame, layout: Layout) -> list[str]:
    """The y axis with its ticks, its numbers, and its title above."""
    out = []
    ticks = "".join(f"M{svg.num(frame.left)} {svg.num(frame.y(t))}h-5" for t in frame.y.ticks)
    line = f"M{svg.num(frame.left)} {svg.num(frame.y.start)}V{svg.num(frame.y.end)}{ticks}"
    out.append(shapes.stroke(line, "f-axis", shapes.AXIS, 1))
    for tick in frame.y.labelled:
        out.append(svg.text(frame.left - 9, frame.y(tick) + 4.6, frame.y.label(tick), ("f-ink2", shapes.INK2), "end"))
    for i, words in enumerate(svg.wrap(title_of(panel.y), layout.width - 4, SIZE)):
        out.append(svg.text(0, 12 + 17 * i, words, ("f-ink", shapes.INK)))
    return out


def x_title(panel: Panel, frame: Frame, layout: Layout, below: float) -> list[str]:
    """The title of the x axis, so far below the plot."""
    out = []
    for i, words in enumerate(svg.wrap(title_of(panel.x), layout.width - 8, SIZE)):
        half = svg.width(words, SIZE) / 2
        middle = min(max((frame.x.start + frame.x.end) / 2, half), layout.width - half)
        out.append(svg.text(middle, frame.bottom + below + 17 * i, words, ("f-ink", shapes.INK), "middle"))
    return out


def pass_region(panel: Panel, frame: Frame) -> list[str]:
    """A light ground where the statement's test passes, with a hairline at each bound."""
    below, above = panel.pass_below, panel.pass_above
    y = frame.y
    if not any(y.can_show(v) for v in (below, above)):
        return []
    at = {name: y(v) if v is not None and y.can_show(v) else None for name, v in (("below", below), ("above", above))}
    spans: list[tuple[float, float]] = []
    if at["below"] is not None and at["above"] is not None and above is not None and below is not None and above < below:
        spans.append((at["below"], at["above"]))
    else:
        spans += [(at["below"], y.start)] if at["below"] is not None else []
        spans += [(y.end, at["above"])] if at["above"] is not None else []
    left, right = svg.num(frame.x.start), svg.num(frame.x.end)
    out = [shapes.area(f"M{left} {svg.num(a)}H{right}V{svg.num(b)}H{left}Z", "f-pass", "#d9dfdd", 0.45) for a, b in spans]
    for value in at.values():
        if value is not None:
            out.append(shapes.stroke(f"M{left} {svg.num(value)}H{right}", "f-rule-s", shapes.HAIR, 0.8))
    return out


def levels(panel: Panel, frame: Frame) -> list[str]:
    """A hairline at each named height."""
    left, right = svg.num(frame.x.start), svg.num(frame.x.end)
    shown = [frame.y(level.value) for level in panel.levels if frame.y.can_show(level.value)]
    return [shapes.stroke(f"M{left} {svg.num(y)}H{right}", "f-rule-s", shapes.HAIR, 0.8, "6 3") for y in shown]


def level_names(panel: Panel, frame: Frame) -> list[str]:
    """The name of each named height, above its hairline at the end where curves cover less of it."""
    out = []
    for level in panel.levels:
        if frame.y.can_show(level.value):
            y, wide = frame.y(level.value), svg.width(level.label, SIZE) + 6
            ends = ((frame.x.start, frame.x.start + wide), (frame.x.end - wide, frame.x.end))
            start, end = (_covered(panel, frame, left, right, y) for left, right in ends)
            at, anchor = (ends[0][0] + 2, "start") if start <= end else (ends[1][1] - 2, "end")
            out.append(svg.text(at, y - 5, level.label, ("f-ink2", shapes.INK2), anchor, halo=True))
    return out


def _covered(panel: Panel, frame: Frame, left: float, right: float, y: float) -> int:
    """How often curves and marks lie in the box of a name above `y`, looked at every few units of the drawing."""
    found = 0
    for band in panel.bands:
        shown = [(frame.x(x), frame.y(m)) for x, m in zip(band.x, band.median, strict=True) if frame.x.can_show(x) and frame.y.can_show(m)]
        for (x0, y0), (x1, y1) in pairwise(shown):
            steps = max(1, round((x1 - x0) / 3))
            points = ((x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps) for i in range(steps))
            found += sum(left <= a <= right and y - 20 <= b <= y + 2 for a, b in points)
    marks = [(frame.x(m.x), frame.y(m.y)) for m in panel.marks if m.y is not None and frame.x.can_show(m.x) and frame.y.can_show(m.y)]
    return found + 10 * sum(left - 5 <= a <= right + 5 and y - 24 <= b <= y + 6 for a, b in marks)
