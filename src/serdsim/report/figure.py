"""Draw a panel as a standalone SVG: simulated as band and line, observed as marks, controls open and grey."""

from __future__ import annotations

from serdsim.experiments.panel import Band, Mark, Panel
from serdsim.report import labels, numbers, shapes, svg
from serdsim.report.animal_figures import at_risk, draw_animals, drawable, stepped
from serdsim.report.document import document
from serdsim.report.dose_rows import dose_rows
from serdsim.report.frame import NARROW, SIZE, WIDE, Frame, Layout, axes, build_frame, level_names, levels, pass_region
from serdsim.report.grid_figure import draw_grid
from serdsim.report.scale import build as build_scale
from serdsim.report.series import control_points, groups, segments, where
from serdsim.report.surface_figure import draw_surface

GAP_ABOVE = 6.0


def _band(band: Band, frame: Frame) -> list[str]:
    """Band and median; a lone point becomes a bar with a dash at its median."""
    cls_area, cls_line, _, colour = shapes.inks(band.ink)
    dash = "7 4" if band.dash else None
    out: list[str] = []
    for part in segments(band, frame.x, frame.y):
        points = [(frame.x(x), frame.y(m), frame.y(lo), frame.y(hi)) for x, m, lo, hi in part]
        if len(points) == 1:
            x, m, lo, hi = points[0]
            out.append(shapes.area(f"M{svg.num(x - 6)} {svg.num(hi)}h12V{svg.num(lo)}h-12Z", cls_area, colour, 0.18))
            out.append(shapes.stroke(f"M{svg.num(x - 8)} {svg.num(m)}h16", cls_line, colour, 2.4))
            continue
        high = svg.simplify([(x, hi) for x, _, _, hi in points])
        low = svg.simplify([(x, lo) for x, _, lo, _ in points])
        out.append(shapes.area(svg.polyline([*high, *reversed(low)]) + "Z", cls_area, colour, 0.18))
        out.append(shapes.stroke(svg.polyline(svg.simplify([(x, m) for x, m, _, _ in points])), cls_line, colour, 2.4, dash))
    return out


def _control(band: Band, frame: Frame, shape: str) -> list[str]:
    """A control: thin grey line with open marks and whiskers, never a filled band."""
    out: list[str] = []
    for part in segments(band, frame.x, frame.y):
        line = svg.simplify([(frame.x(x), frame.y(m)) for x, m, _, _ in part])
        if len(line) > 1:
            out.append(shapes.stroke(svg.polyline(line), "f-control-s", shapes.CONTROL, 1, opacity=0.7))
    for x, m, lo, hi in control_points(band, frame.x, frame.y):
        at = svg.num(frame.x(x))
        out.append(shapes.stroke(f"M{at} {svg.num(frame.y(lo))}V{svg.num(frame.y(hi))}", "f-control-s", shapes.CONTROL, 1.1))
        out.append(shapes.mark(shape, frame.x(x), frame.y(m), "control"))
    return out


def _mark(mark: Mark, frame: Frame, shape: str) -> list[str]:
    """An observed point with its interval, or a reference value as a dotted line."""
    out: list[str] = []
    place = where(mark)
    kind = "observed" if mark.kind == "observed" else "reference"
    cls, colour = ("f-ink-s", shapes.INK) if kind == "observed" else ("f-ref", shapes.REFERENCE)
    lo, hi = mark.lo, mark.hi
    if place == "x" and frame.x.can_show(mark.x):
        at = svg.num(frame.x(mark.x))
        out.append(shapes.stroke(f"M{at} {svg.num(frame.bottom)}V{svg.num(frame.top - 5)}", "f-ref", shapes.REFERENCE, 1.6, "1.5 3.5"))
        if lo is not None and hi is not None and frame.x.can_show(lo) and frame.x.can_show(hi):
            y = svg.num(frame.top - 5)
            out.append(shapes.stroke(f"M{svg.num(frame.x(lo))} {y}H{svg.num(frame.x(hi))}", "f-ref", shapes.REFERENCE, 1.4))
    elif place == "y" and mark.y is not None and frame.y.can_show(mark.y):
        y = svg.num(frame.y(mark.y))
        out.append(shapes.stroke(f"M{svg.num(frame.x.start)} {y}H{svg.num(frame.x.end)}", "f-ref", shapes.REFERENCE, 1.6, "1.5 3.5"))
        if lo is not None and hi is not None and frame.y.can_show(lo) and frame.y.can_show(hi):
            line = f"M{svg.num(frame.x.end)} {svg.num(frame.y(lo))}V{svg.num(frame.y(hi))}"
            out.append(shapes.stroke(line, "f-ref", shapes.REFERENCE, 1.4))
    elif place == "point" and frame.x.can_show(mark.x) and mark.y is not None and frame.y.can_show(mark.y):
        x, y_at = frame.x(mark.x), frame.y(mark.y)
        ends = [frame.y(v) for v in (lo, hi) if v is not None and frame.y.can_show(v)]
        ends += [frame.y.start] if frame.y.log and lo is not None and lo <= 0 else []
        if ends:
            path = f"M{svg.num(x)} {svg.num(max([*ends, y_at]))}V{svg.num(min([*ends, y_at]))}"
            out.append(shapes.stroke(path, cls, colour, 1.3))
        out.append(shapes.mark(shape, x, y_at, kind))
    return out


def _labels(panel: Panel, frame: Frame, width: float) -> list[labels.Label]:
    """One label for each curve, each group of marks and the pass region, at the height of what it names."""
    found: list[labels.Label] = []

    def add(words: str, y: float, ink: tuple[str, str], shape: str = "", *, bold: bool = False, from_x: float | None = None) -> None:
        lines = svg.wrap(words, width - (15 if shape else 0) - 2, SIZE)
        found.append(labels.Label(lines, y, *ink, shape, bold, from_x))

    amber = ("f-reftext", shapes.REFERENCE)
    several = len([b for b in panel.bands if not b.control]) > 1
    for i, band in enumerate(b for b in panel.bands if b.control):
        parts = segments(band, frame.x, frame.y)
        if parts:
            end = parts[-1][-1]
            shape = shapes.CONTROL_ORDER[i % len(shapes.CONTROL_ORDER)]
            add(band.label, frame.y(end[1]), ("f-ctltext", shapes.CONTROL), shapes.in_label(shape, "control"), from_x=frame.x(end[0]))
    for band in (b for b in panel.bands if not b.control):
        parts = segments(band, frame.x, frame.y)
        if parts:
            end = parts[-1][-1]
            ink = shapes.inks(band.ink)[2:]
            swatch = shapes.line_in_label(band.ink, dash=band.dash) if several else ""
            add(band.label, frame.y(end[1]), ink, swatch, bold=True, from_x=frame.x(end[0]))
    for group in groups(panel.marks):
        last = [m for m in group.marks if where(m) == "point" and frame.x.can_show(m.x) and frame.y.can_show(m.y)]
        level = [m for m in group.marks if where(m) == "y" and frame.y.can_show(m.y)]
        if last:
            end_mark = max(last, key=lambda m: m.x)
            glyph = shapes.in_label(group.shape, "observed" if group.kind == "observed" else "reference")
            ink = ("f-ink", shapes.INK) if group.kind == "observed" else amber
            add(group.words, frame.y(end_mark.y or 0.0), ink, glyph)
        elif level:
            add(group.words, frame.y(level[0].y or 0.0), amber, shapes.line_in_label("signal", dash=False, dots=True))
    for words, value in (("passes above", panel.pass_above), ("passes below", panel.pass_below)):
        if value is not None and frame.y.can_show(value):
            add(f"{words} {numbers.bound(value)}", frame.y(value), ("f-ink2", shapes.INK2))
    return found


def _reference_rows(panel: Panel, frame: Frame, layout: Layout) -> tuple[list[str], int]:
    """Labels of vertical dotted lines: rows above the plot, each beside its line, lower rows for later lines."""
    out: list[str] = []
    row = 0
    for group in groups(panel.marks):
        shown = [m for m in group.marks if where(m) == "x" and frame.x.can_show(m.x)]
        if not shown:
            continue
        lines = svg.wrap(group.words, layout.width - 4, SIZE)
        for words in lines:
            wide = svg.width(words, SIZE)
            x = min(max(frame.x(shown[0].x) - wide / 2, 0), layout.width - wide)
            out.append(svg.text(x, frame.top - 14 - 17 * row, words, ("f-reftext", shapes.REFERENCE)))
            row += 1
    return out, row


def draw(panel: Panel, narrow: bool = False) -> str:
    """The panel as a standalone SVG document.

    Values without a place (NaN, zero on a logarithmic axis) are left out here; the caption and the table name them.

    Parameters
    ----------
    panel : Panel
        What to draw.
    narrow : bool
        The drawing for phones, 400 wide instead of 760.
    """
    layout = NARROW if narrow else WIDE
    if panel.grid is not None:
        return draw_grid(panel, panel.grid, narrow=narrow)
    if panel.surface is not None:
        return draw_surface(panel, panel.surface, narrow=narrow)
    if drawable(panel):
        return draw_animals(panel, narrow=narrow)
    if not _anything(panel):
        words = svg.text(0, 20, "Nothing to draw: no value was computed.", ("f-ink2", shapes.INK2))
        return document(panel, layout.width, 40, "n" if narrow else "w", words)
    panel = stepped(panel) if panel.at_risk else panel
    probe = build_frame(panel, layout, layout.column, 0, 0)
    _, rows = _reference_rows(panel, probe, layout)
    head = 17.0 * rows + (10 if rows else 0)
    found = _labels(panel, probe, layout.column)
    used = max([svg.width(line, SIZE) * 1.02 + (17 if item.shape else 0) for item in found for line in item.lines], default=0.0)
    extra = max(0.0, labels.needed(found) - (probe.bottom - probe.top - head))
    frame = build_frame(panel, layout, min(used, layout.column) + 2, extra, head)
    found = _labels(panel, frame, layout.column)
    body = [*pass_region(panel, frame), *levels(panel, frame), *axes(panel, frame, layout)]
    for i, band in enumerate(b for b in panel.bands if b.control):
        body += _control(band, frame, shapes.CONTROL_ORDER[i % len(shapes.CONTROL_ORDER)])
    for band in (b for b in panel.bands if not b.control):
        body += _band(band, frame)
    for group in groups(panel.marks):
        for mark in group.marks:
            body += _mark(mark, frame, group.shape)
    body += level_names(panel, frame)
    body += _reference_rows(panel, frame, layout)[0]
    body += labels.draw(labels.place(found, frame.top - GAP_ABOVE, frame.bottom), frame.column, SIZE)
    table, below = at_risk(panel, frame, layout)
    doses, more = dose_rows(panel.given, frame, layout)
    return document(panel, layout.width, frame.height + below + more, "n" if narrow else "w", "".join([*body, *table, *doses]))


def _anything(panel: Panel) -> bool:
    """Whether any value of the panel has a place on its axes."""
    x = build_scale([], 0, 1, log=panel.x.log, want=1)
    y = build_scale([], 0, 1, log=panel.y.log, want=1)
    return any(segments(band, x, y) for band in panel.bands) or any(where(mark) != "none" for mark in panel.marks)
