"""Draw window trials: a row for each arm, a track for each marker, the simulated change, and the observed one where it was fitted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.analysis.window import Point, WindowSection
from serdsim.experiments.panel import Axis, Panel
from serdsim.report import numbers, shapes, svg
from serdsim.report.document import document
from serdsim.report.frame import SIZE
from serdsim.report.scale import Scale, build

TITLE = "Change of markers within weeks"
_LINE = 17.0
_ROW = 24.0
_EDGE = 9.0  # room for a mark at either end of a track


@dataclass(frozen=True)
class _Layout:
    """Width of the drawing, of the column of names (0: names stand above their rows), the gap between tracks."""

    width: float
    names: float
    gap: float

    @property
    def row(self) -> float:
        return _ROW if self.names else _ROW + _LINE


_WIDE, _NARROW = _Layout(760.0, 212.0, 14.0), _Layout(400.0, 0.0, 10.0)
_STEPS = 3  # of an axis


def window_panel(section: WindowSection) -> Panel:
    """The words of the drawing: id, title, axis and what it shows."""
    seen = [point for point in section.points if point.fact is not None]
    inside = sum(point.change.lo90 <= point.observed <= point.change.hi90 for point in seen)
    arms = list(dict.fromkeys(point.arm.id for point in section.points if not point.arm.seen))
    words = (
        f"{len(section.record.arms)} arms by {len(section.record.markers)} markers: simulated median and central 90 % of the change from "
        f"baseline. {len(seen)} fitted observations stand beside them, {inside} inside the interval; {len(arms)} arms are predictions."
    )
    return Panel("WINDOW", TITLE, Axis("change from baseline", "%"), Axis("", "dimensionless"), (), description=words)


def window_figures(section: WindowSection) -> dict[str, str]:
    """The drawings by the names of their files, wide and narrow."""
    return {"WINDOW": draw_window(section), "WINDOW-narrow": draw_window(section, narrow=True)}


def draw_window(section: WindowSection, id: str = "WINDOW", *, narrow: bool = False) -> str:
    """The figure as a standalone SVG document; `id` tells it from others of its page."""
    layout = _NARROW if narrow else _WIDE
    tracks = _tracks(section, layout)
    body: list[str] = []
    for marker, axis in zip(section.record.markers, tracks, strict=True):
        body.append(svg.text((axis.start + axis.end) / 2, 13, marker.label, ("f-ink", shapes.INK), "middle", bold=True))
    top = 22.0
    first = top
    for kind, words in ((True, "Calibration: fitted to these trials"), (False, "Prediction: no outcome was read")):
        arms = [arm for arm in section.record.arms if bool(arm.seen) == kind]
        if arms:
            body.append(svg.text(0, top + 16, words, ("f-ink2", shapes.INK2), bold=True, halo=True))
            top += _ROW
        for arm in arms:
            body += _arm(arm.label, [p for p in section.points if p.arm.id == arm.id], tracks, top, layout, section.record.far)
            top += layout.row
    body = [*_zeros(tracks, first, top), *body, *_foot(tracks, top)]
    body.append(svg.text((tracks[0].start + tracks[-1].end) / 2, top + 42, "change from baseline, %", ("f-ink", shapes.INK), "middle"))
    key, height = _key(section, top + 56, layout)
    panel = window_panel(section)
    named = Panel(id, panel.title, panel.x, panel.y, (), description=panel.description)
    return document(named, layout.width, height, "n" if narrow else "w", "".join([*body, *key]))


def _tracks(section: WindowSection, layout: _Layout) -> list[Scale]:
    """One axis for each marker, all with the same ends."""
    count = len(section.record.markers)
    wide = (layout.width - layout.names - layout.gap * (count - (0 if layout.names else 1))) / count
    shown = [v for p in section.points for v in (p.change.lo90, p.change.hi90, p.central, p.observed)]
    found = []
    for i in range(count):
        left = layout.names + (layout.gap if layout.names else 0.0) + i * (wide + layout.gap)
        found.append(build([*shown, 0.0], left + _EDGE, left + wide - _EDGE, log=False, want=_STEPS))
    return found


def _zeros(tracks: Sequence[Scale], top: float, bottom: float) -> list[str]:
    lines = [f"M{svg.num(axis(0.0))} {svg.num(top)}V{svg.num(bottom)}" for axis in tracks]
    return [shapes.stroke("".join(lines), "f-rule-s", shapes.HAIR, 0.8)]


def _arm(label: str, points: Sequence[Point], tracks: Sequence[Scale], top: float, layout: _Layout, far: float) -> list[str]:
    out = []
    if layout.names:
        out.append(svg.text(layout.names, top + _ROW / 2 + 4.6, label, ("f-ink", shapes.INK), "end"))
        y = top + _ROW / 2
    else:
        out.append(svg.text(0, top + 14, label, ("f-ink", shapes.INK), halo=True))
        y = top + _LINE + _ROW / 2 - 2
    for point, axis in zip(points, tracks, strict=True):
        out += _point(point, axis, y, far)
    return out


def _point(point: Point, axis: Scale, y: float, far: float) -> list[str]:
    """The interval, the central value as a tick, the median, and over them what was observed."""
    ends = (point.change.lo90, point.change.hi90)
    if not all(axis.can_show(end) for end in (*ends, point.change.median)):
        return [svg.text((axis.start + axis.end) / 2, y + 4.6, "no value", ("f-ink2", shapes.INK2), "middle")]
    cls, colour = _ink(bool(point.arm.seen))
    out = [shapes.stroke(f"M{svg.num(axis(ends[0]))} {svg.num(y)}H{svg.num(axis(ends[1]))}", cls, colour, 2.0)]
    if axis.can_show(point.central):
        out.append(shapes.stroke(f"M{svg.num(axis(point.central))} {svg.num(y - 7)}v14", cls, colour, 1.6))
    out.append(_dot(axis(point.change.median), y, bool(point.arm.seen)))
    if axis.can_show(point.observed):
        out.append(shapes.mark("diamond", axis(point.observed), y, "observed"))
        if missed(point, far):
            out.append(shapes.mark("wedge", axis(point.observed), y - 8, "reference"))
    return out


def missed(point: Point, far: float) -> bool:
    """Whether a fitted row lies beyond `far` widths of what is simulated at the central values, or has no distance."""
    return point.fact is not None and not abs(point.widths) <= far


def _ink(calibrated: bool) -> tuple[str, str]:
    return ("f-control-s", shapes.CONTROL) if calibrated else (shapes.inks("drug")[1], shapes.inks("drug")[3])


def _dot(x: float, y: float, calibrated: bool) -> str:
    if calibrated:
        return shapes.mark("circle", x, y, "control")
    return svg.element("circle", {"class": "f-cell", "fill": shapes.inks("drug")[3], "cx": x, "cy": y, "r": 4.6})


def _foot(tracks: Sequence[Scale], top: float) -> list[str]:
    out = []
    for axis in tracks:
        ticks = "".join(f"M{svg.num(axis(t))} {svg.num(top)}v5" for t in axis.ticks)
        out.append(shapes.stroke(f"M{svg.num(axis.start)} {svg.num(top)}H{svg.num(axis.end)}{ticks}", "f-axis", shapes.AXIS, 1))
        step, wide = 1, max(svg.width(axis.label(t), SIZE) for t in axis.ticks) + 8
        while step < len(axis.ticks) and (axis(axis.ticks[step]) - axis.start) < wide:
            step += 1
        begin = axis.ticks.index(0.0) % step if 0.0 in axis.ticks else 0
        for tick in axis.ticks[begin::step]:
            at = max(axis(tick), svg.width(axis.label(tick), SIZE) / 2)
            out.append(svg.text(at, top + 20, axis.label(tick), ("f-ink2", shapes.INK2), "middle"))
    return out


def _key(section: WindowSection, top: float, layout: _Layout) -> tuple[list[str], float]:
    """What the marks are, for those that are there; also where the drawing ends."""
    kinds = {bool(arm.seen) for arm in section.record.arms}
    seen = [point for point in section.points if math.isfinite(point.observed)]
    said = []
    for kind, words in ((True, "simulated, calibration"), (False, "simulated, prediction")):
        cls, colour = _ink(kind)
        swatch = shapes.stroke("M2 0h26", cls, colour, 2.0) + shapes.stroke("M21 -7v14", cls, colour, 1.6) + _dot(12, 0, kind)
        said.append((kind in kinds, swatch, f"{words}: median and central 90 % of draws; tick: at the central value of every number"))
    said.append((bool(seen), shapes.mark("diamond", 15, 0, "observed"), "observed and fitted"))
    far = numbers.plain(section.record.far)
    words = f"observed, more than {far} widths of the fit from the tick"
    both = shapes.mark("diamond", 15, 2, "observed") + shapes.mark("wedge", 15, -6, "reference")
    said.append((any(missed(point, section.record.far) for point in seen), both, words))
    out: list[str] = []
    for shown, swatch, words in said:
        if not shown:
            continue
        out.append(f'<g transform="translate(0 {svg.num(top + 8)})">{swatch}</g>')
        for line in svg.wrap(words, layout.width - 44, SIZE):
            out.append(svg.text(40, top + 13, line, ("f-ink2", shapes.INK2)))
            top += _LINE
        top += 4
    return out, top + 4
