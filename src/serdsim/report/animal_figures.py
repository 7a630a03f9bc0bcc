"""Draw figures of animals: a bar for each rank, a line for each animal, and the numbers at risk below a survival curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from serdsim.experiments.panel import Band, Bars, Panel, Paths
from serdsim.report import labels, numbers, shapes, svg
from serdsim.report.document import document
from serdsim.report.frame import NARROW, SIZE, WIDE, Frame, Layout, axes, build_frame, level_names, levels, pass_region, x_title, y_axis

_LINE = 18.0  # between rows of numbers at risk


def draw_animals(panel: Panel, *, narrow: bool) -> str:
    """A figure of bars or of courses as a standalone SVG document; see `figure.draw`."""
    layout = NARROW if narrow else WIDE
    arms: Sequence[Bars | Paths] = panel.bars or panel.paths
    used = max(svg.width(line, SIZE) * 1.02 + 17 for arm in arms for line in _lines(arm.label, layout))
    frame = _frame(panel, layout, min(used, layout.column) + 2, 0.0)
    found = _bar_labels(panel, frame, layout) if panel.bars else _path_labels(panel, frame, layout)
    extra = max(0.0, labels.needed(found) - (frame.bottom - frame.top))
    frame = _frame(panel, layout, min(used, layout.column) + 2, extra)
    found = _bar_labels(panel, frame, layout) if panel.bars else _path_labels(panel, frame, layout)
    body = [*pass_region(panel, frame), *levels(panel, frame)]
    if panel.bars:
        body += [*_bars(panel, frame), *y_axis(panel, frame, layout), *x_title(panel, frame, layout, 24)]
    else:
        body += [*axes(panel, frame, layout), *(part for one in panel.paths for part in _paths(one, panel, frame))]
        zero = svg.num(frame.y(0.0))
        body.append(shapes.stroke(f"M{svg.num(frame.x.start)} {zero}H{svg.num(frame.x.end)}", "f-axis", shapes.AXIS, 0.8))
    body += level_names(panel, frame)
    body += labels.draw(labels.place(found, frame.top - 6, frame.bottom), frame.column, SIZE)
    return document(panel, layout.width, frame.height, "n" if narrow else "w", "".join(body))


def _frame(panel: Panel, layout: Layout, label_width: float, extra: float) -> Frame:
    """Scales and bounds; bars take the whole width, since their axis has no round numbers."""
    frame = build_frame(panel, layout, label_width, extra, 0.0)
    if not panel.bars:
        return frame
    last = float(sum(len(bars.median) + 1 for bars in panel.bars))
    return replace(frame, x=replace(frame.x, lo=0.5, hi=last - 0.5, ticks=(0.5, last - 0.5)))


def drawable(panel: Panel) -> bool:
    """Whether the panel has a bar or a course with a value."""
    values = [v for bars in panel.bars for v in bars.median]
    values += [v for one in panel.paths for line in (one.typical, *one.animals) for v in line]
    return any(math.isfinite(v) for v in values)


def _lines(words: str, layout: Layout) -> tuple[str, ...]:
    return svg.wrap(words, layout.column - 17, SIZE)


def _ink(arm: Bars | Paths | Band) -> tuple[str, str, str, str]:
    """Classes of area, line and text, and the colour."""
    return ("f-ctl", "f-control-s", "f-ctltext", shapes.CONTROL) if arm.control else shapes.inks(arm.ink)


def _swatch(arm: Bars) -> str:
    area, _, _, colour = _fill(arm)
    return f'<g transform="translate({{x}} {{y}})">{shapes.area("M-5 -5h10v10h-10Z", area, colour, 0.75)}</g>'


def _fill(arm: Bars) -> tuple[str, str, str, str]:
    """Classes of fill, line and text, and the colour, of a bar: `f-mediantext` and its like are plain fills."""
    _, line, words, colour = _ink(arm)
    return words, line, words, colour


def _places(panel: Panel) -> list[tuple[Bars, int]]:
    """Each arm with the place of its first bar."""
    out, at = [], 1
    for bars in panel.bars:
        out.append((bars, at))
        at += len(bars.median) + 1
    return out


def _bars(panel: Panel, frame: Frame) -> list[str]:
    """Bars from zero to the median of each rank, with a whisker; what is cut off ends in a point."""
    out: list[str] = []
    step = frame.x(2.0) - frame.x(1.0)
    wide, zero = max(1.2, step * 0.76), frame.y(0.0)
    for bars, first in _places(panel):
        cls, line, _, colour = _fill(bars)
        for i, (middle, low, high) in enumerate(zip(bars.median, bars.lo90, bars.hi90, strict=True)):
            if not all(math.isfinite(v) for v in (middle, low, high)):
                continue
            x, tip = frame.x(float(first + i)), frame.y(_kept(middle, panel))
            left, right = svg.num(x - wide / 2), svg.num(x + wide / 2)
            top = f"L{svg.num(x)} {svg.num(tip - 5)}L{right} {svg.num(tip)}" if _kept(middle, panel) < middle else f"H{right}"
            out.append(shapes.area(f"M{left} {svg.num(zero)}V{svg.num(tip)}{top}V{svg.num(zero)}Z", cls, colour, 0.55))
            ends = [frame.y(_kept(v, panel)) for v in (low, high)]
            if ends[0] > ends[1]:
                out.append(shapes.stroke(f"M{svg.num(x)} {svg.num(ends[0])}V{svg.num(ends[1])}", line, colour, 1.1))
    out.append(shapes.stroke(f"M{svg.num(frame.x.start)} {svg.num(zero)}H{svg.num(frame.x.end)}", "f-axis", shapes.AXIS, 1))
    return out


def _kept(value: float, panel: Panel) -> float:
    return value if panel.cut is None else min(value, panel.cut)


def _bar_labels(panel: Panel, frame: Frame, layout: Layout) -> list[labels.Label]:
    found = []
    for bars, first in _places(panel):
        shown = [_kept(v, panel) for v in bars.median if math.isfinite(v)]
        at = (frame.y(sum(shown) / len(shown)) if shown else frame.top) + 1e-3 * first  # at one height labels keep the order of the arms
        found.append(labels.Label(_lines(bars.label, layout), at, *_fill(bars)[2:], _swatch(bars), bold=not bars.control))
    return found


def _paths(one: Paths, panel: Panel, frame: Frame) -> list[str]:
    """Thin lines of the animals and a thick one of the typical animal, each up to where it is cut off."""
    _, line, _, colour = _ink(one)
    out = []
    for course, width, opacity in (*((course, 1.0, 0.4) for course in one.animals), (one.typical, 2.6, None)):
        for piece in _pieces(list(zip(one.x, course, strict=True)), panel.cut):
            points = svg.simplify([(frame.x(x), frame.y(y)) for x, y in piece])
            dash = "7 4" if one.dash and opacity is None else None
            out.append(shapes.stroke(svg.polyline(points), line, colour, width, dash, opacity=opacity))
    return out


def _pieces(points: list[tuple[float, float]], cut: float | None) -> list[list[tuple[float, float]]]:
    """The unbroken stretches of a course that lie below the cut, each to the very place where it is passed."""
    out: list[list[tuple[float, float]]] = [[]]
    top = math.inf if cut is None else cut
    for (x0, y0), (x1, y1) in pairwise(points):
        if not (math.isfinite(y0) and math.isfinite(y1)) or min(y0, y1) > top:
            out += [[]] if out[-1] else []
            continue
        ends = [(x0, y0), (x1, y1)]
        if max(y0, y1) > top:
            at = (x0 + (top - y0) / (y1 - y0) * (x1 - x0), top)
            ends = [(x0, y0), at] if y1 > y0 else [at, (x1, y1)]
        out[-1] += ends if not out[-1] else ends[1:]
        if y1 > top:
            out.append([])
    return [piece for piece in out if len(piece) > 1]


def _path_labels(panel: Panel, frame: Frame, layout: Layout) -> list[labels.Label]:
    found = []
    for one in panel.paths:
        pieces = _pieces(list(zip(one.x, one.typical, strict=True)), panel.cut)
        x, y = pieces[-1][-1] if pieces else (one.x[0], 0.0)
        swatch = shapes.line_in_label(one.ink, dash=one.dash) if not one.control else _grey()
        at = frame.x(x)
        found.append(labels.Label(_lines(one.label, layout), frame.y(y), *_ink(one)[2:], swatch, not one.control, at))
    return found


def _grey() -> str:
    return '<g transform="translate({x} {y})">' + shapes.stroke("M-5 0H6", "f-control-s", shapes.CONTROL, 2.2) + "</g>"


def stepped(panel: Panel) -> Panel:
    """The panel with curves that stay where they are until the next point; a control is a grey one."""
    return replace(panel, bands=tuple(_stepped(band) for band in panel.bands))


def _stepped(band: Band) -> Band:
    n = len(band.x)
    when = [i for k in range(n) for i in ((k, k) if k else (k,))]
    what = [i for k in range(n) for i in ((k - 1, k) if k else (k,))]
    median, lo90, hi90 = (tuple(part[i] for i in what) for part in (band.median, band.lo90, band.hi90))
    ink = "rest" if band.control else band.ink
    return replace(band, x=tuple(band.x[i] for i in when), median=median, lo90=lo90, hi90=hi90, ink=ink, control=False)


def at_risk(panel: Panel, frame: Frame, layout: Layout) -> tuple[list[str], float]:
    """The numbers at risk below the axis, at its labelled ticks, each row with the name of its arm; and how much room they take."""
    if not panel.at_risk:
        return [], 0.0
    head = svg.wrap(f"{panel.whom} at risk, median of the draws", layout.width - 4, SIZE)
    top = frame.height + 4
    out = [svg.text(0, top + 12 + 17 * i, words, ("f-ink", shapes.INK)) for i, words in enumerate(head)]
    y = top + 17 * len(head) + 16
    for arm in panel.at_risk:
        _, _, cls, colour = ("", "", "f-ctltext", shapes.CONTROL) if arm.control else shapes.inks(arm.ink)
        for tick in frame.x.labelled:
            left = [count for x, count in zip(arm.x, arm.count, strict=True) if x <= tick * (1 + 1e-9)]
            if left and tick <= arm.x[-1] * (1 + 1e-9):
                out.append(svg.text(frame.x(tick), y, numbers.count(left[-1]), (cls, colour), "middle"))
        lines = svg.wrap(arm.label, layout.width - frame.column - 2, SIZE)
        out += [svg.text(frame.column, y + 16 * i, words, (cls, colour)) for i, words in enumerate(lines)]
        y += max(_LINE, 16.0 * len(lines) + 4)
    return out, y - frame.height - 6
