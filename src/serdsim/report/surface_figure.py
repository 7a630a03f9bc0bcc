"""Draw two drugs together as a standalone SVG: each cell a number of its own ink, and dashed over them the box of what patients reach."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from serdsim.experiments.panel import Cell, Panel, Surface
from serdsim.report import shapes, svg
from serdsim.report.document import document
from serdsim.report.frame import SIZE
from serdsim.report.matrix_frame import Box, Frame, frame_of, key, names, path
from serdsim.report.surface_words import points, sure

_FULL = 0.4  # share of 1 at which a shade is as dark as it gets
_DARKEST = 0.5  # opacity there: the number stays readable on it
_WIDEST = 98.0
_INSET = 2.4
_ALONE = 0.3  # opacity of a single agent that leaves nothing


def draw_surface(panel: Panel, surface: Surface, *, narrow: bool) -> str:
    """The surface as a standalone SVG document, 760 wide, or 400 for phones; rows rise from the bottom like an axis."""
    frame = frame_of(panel, surface.rows, surface.columns, high=40.0 if narrow else 44.0, widest=_WIDEST, narrow=narrow)
    body, below = names(panel, frame)
    places = [(cell, frame.box(i, j)) for i, line in enumerate(surface.cells) for j, cell in enumerate(line)]
    for cell, place in places:
        body += _cell(cell, place)
    box = _box_of(surface, frame)
    body += _dashed(box)
    for cell, (x, y, wide, high) in places:
        body += _number(cell, x + wide / 2, y + high / 2, box)
    said, height = key(_entries(surface), below + 6, frame.width)
    return document(panel, frame.width, height, "n" if narrow else "w", "".join([*body, *said]))


def _cell(cell: Cell, box: Box) -> list[str]:
    """One cell: a shade of blue above the null, of amber below it, of grey for a single agent; and its frame."""
    x, y, wide, high = box
    alone = not math.isfinite(cell.p)
    out = []
    if math.isfinite(cell.median) and cell.median != 0:
        ink, print_ink = ("f-rest", shapes.CONTROL) if alone else _ink(cell.median)
        dark = _ALONE * min(abs(cell.median), 1.0) if alone else _DARKEST * min(abs(cell.median) / _FULL, 1.0)
        out.append(shapes.area(path(x, y, wide, high), ink, print_ink, dark))
    out.append(shapes.stroke(path(x, y, wide, high), "f-rule-s", shapes.HAIR, 0.8))
    if sure(cell):
        inside = (x + _INSET, y + _INSET, wide - 2 * _INSET, high - 2 * _INSET)
        out.append(shapes.stroke(path(*inside), "f-ink-s", shapes.INK, 2.2))
    return out


def _ink(value: float) -> tuple[str, str]:
    return ("f-cell", shapes.inks("drug")[3]) if value > 0 else ("f-signal", shapes.inks("signal")[3])


def _number(cell: Cell, x: float, y: float, box: Box | None) -> list[str]:
    """The number of a cell, on paper of its own where the box would strike it through."""
    alone = not math.isfinite(cell.p)
    words = "\u2013" if not math.isfinite(cell.median) else f"{100 * cell.median:.0f} %" if alone else points(cell.median)
    half = svg.width(words, SIZE) / 2 + 4
    struck = box is not None and (
        (any(abs(edge - y) < SIZE * 0.7 for edge in (box[1], box[1] + box[3])) and box[0] - half < x < box[0] + box[2] + half)
        or (any(abs(edge - x) < half for edge in (box[0], box[0] + box[2])) and box[1] - SIZE < y < box[1] + box[3] + SIZE)
    )
    ink = ("f-ink2" if alone else "f-ink", shapes.INK)
    ground = [shapes.area(path(x - half, y - SIZE * 0.6, 2 * half, SIZE * 1.2), "f-paper", shapes.PAPER, 1.0)] if struck else []
    return [*ground, svg.text(x, y + 4.8, words, ink, "middle", bold=sure(cell))]


def _box_of(surface: Surface, frame: Frame) -> Box | None:
    """Where the box of what patients reach lies; None where it is not known of both drugs or lies beyond the cells."""
    if len(surface.usual) != 2:
        return None
    drug, partner = surface.usual
    x = [_along(surface.columns, value) for value in (drug.low, drug.high)]
    y = [_along(surface.rows, value) for value in (partner.low, partner.high)]
    if x[1] - x[0] < 1e-6 or y[1] - y[0] < 1e-6:
        return None
    return frame.left + frame.across * x[0], frame.bottom - frame.high * y[1], frame.across * (x[1] - x[0]), frame.high * (y[1] - y[0])


def _dashed(box: Box | None) -> list[str]:
    if box is None:
        return []
    return [shapes.stroke(path(*box), "f-paper-s", shapes.PAPER, 4.6), shapes.stroke(path(*box), "f-ink-s", shapes.INK, 2.0, "7 4")]


def _along(levels: tuple[float, ...], value: float) -> float:
    """Where a concentration lies among levels side by side, in cells: logarithmic between their middles, half a cell beyond them."""
    known = [(math.log(level), number + 0.5) for number, level in enumerate(levels) if level > 0]
    at = math.log(value)
    for (low, first), (up, second) in pairwise(known):
        if at <= up or (up, second) == known[-1]:
            found = first + (at - low) / (up - low) * (second - first)
            return min(max(found, known[0][1] - 0.5), known[-1][1] + 0.5)
    return known[0][1]


def _entries(surface: Surface) -> list[tuple[Callable[[float], str], str]]:
    """What shades, frame and box are."""
    full = f"full shade at {100 * _FULL:.0f} points"
    out: list[tuple[Callable[[float], str], str]] = [
        (lambda top: shapes.area(path(1, top, 20, 16), *_ink(1.0), _DARKEST), f"above {surface.model}; {full}"),
        (lambda top: shapes.area(path(1, top, 20, 16), *_ink(-1.0), _DARKEST), f"below {surface.model}"),
        (lambda top: shapes.area(path(1, top, 20, 16), "f-rest", shapes.CONTROL, _ALONE), "one drug alone, percent affected"),
        (lambda top: shapes.stroke(path(1, top, 20, 16), "f-ink-s", shapes.INK, 2.2), "central 90 % leaves out zero"),
    ]
    if len(surface.usual) == 2:
        out.append((lambda top: shapes.stroke(path(1, top, 20, 16), "f-ink-s", shapes.INK, 2.0, "7 4"), "reached in patients, free drug"))
    return out
