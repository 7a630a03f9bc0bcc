"""Draw two drugs together as a standalone SVG: each cell a number of its own ink, and dashed over them the box of what patients reach."""

from __future__ import annotations

import math
from itertools import pairwise

from serdsim.experiments.panel import Cell, Panel, Surface
from serdsim.report import numbers, shapes, svg
from serdsim.report.document import document
from serdsim.report.frame import NARROW, SIZE, WIDE, title_of
from serdsim.report.surface_words import points, sure

_LINE = 17.0
_FULL = 0.4  # share of 1 at which a shade is as dark as it gets
_DARKEST = 0.5  # opacity there: the number stays readable on it
_WIDEST = 98.0
_INSET = 2.4
Box = tuple[float, float, float, float]  # left, top, width, height
_ALONE = 0.3  # opacity of a single agent that leaves nothing


def draw_surface(panel: Panel, surface: Surface, *, narrow: bool) -> str:
    """The surface as a standalone SVG document, 760 wide, or 400 for phones; rows rise from the bottom like an axis."""
    width = (NARROW if narrow else WIDE).width
    high = 40.0 if narrow else 44.0
    names = [numbers.plain(y) for y in surface.rows]
    left = 9 + max(svg.width(name, SIZE) for name in names)
    across = min(_WIDEST, (width - left - 2) / len(surface.columns))
    body: list[str] = []
    top = 6.0
    for words in svg.wrap(title_of(panel.y), width - 4, SIZE):
        body.append(svg.text(0, top + 6, words, ("f-ink", shapes.INK)))
        top += _LINE
    bottom = top + high * len(surface.rows)
    for i, line in enumerate(surface.cells):
        y = bottom - high * (i + 1)
        body.append(svg.text(left - 9, y + high / 2 + 4.6, names[i], ("f-ink2", shapes.INK2), "end"))
        for j, cell in enumerate(line):
            body += _cell(cell, (left + across * j, y, across, high))
    box = _box_of(surface, (left, top, across, high))
    body += _dashed(box)
    for i, line in enumerate(surface.cells):
        for j, cell in enumerate(line):
            body += _number(cell, left + across * (j + 0.5), bottom - high * (i + 0.5), box)
    for j, x in enumerate(surface.columns):
        body.append(svg.text(left + across * (j + 0.5), bottom + 18, numbers.plain(x), ("f-ink2", shapes.INK2), "middle"))
    below = bottom + 39
    for words in svg.wrap(title_of(panel.x), width - 8, SIZE):
        half = svg.width(words, SIZE) / 2
        middle = min(max(left + across * len(surface.columns) / 2, half), width - half)
        body.append(svg.text(middle, below, words, ("f-ink", shapes.INK), "middle"))
        below += _LINE
    key, height = _key(surface, below + 6, width)
    return document(panel, width, height, "n" if narrow else "w", "".join([*body, *key]))


def _cell(cell: Cell, box: Box) -> list[str]:
    """One cell: a shade of blue above the null, of amber below it, of grey for a single agent; and its frame."""
    x, y, wide, high = box
    alone = not math.isfinite(cell.p)
    out = []
    if math.isfinite(cell.median) and cell.median != 0:
        ink, print_ink = ("f-rest", shapes.CONTROL) if alone else _ink(cell.median)
        dark = _ALONE * min(abs(cell.median), 1.0) if alone else _DARKEST * min(abs(cell.median) / _FULL, 1.0)
        out.append(shapes.area(_path(x, y, wide, high), ink, print_ink, dark))
    out.append(shapes.stroke(_path(x, y, wide, high), "f-rule-s", shapes.HAIR, 0.8))
    if sure(cell):
        inside = (x + _INSET, y + _INSET, wide - 2 * _INSET, high - 2 * _INSET)
        out.append(shapes.stroke(_path(*inside), "f-ink-s", shapes.INK, 2.2))
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
    ground = [shapes.area(_path(x - half, y - SIZE * 0.6, 2 * half, SIZE * 1.2), "f-paper", shapes.PAPER, 1.0)] if struck else []
    return [*ground, svg.text(x, y + 4.8, words, ink, "middle", bold=sure(cell))]


def _box_of(surface: Surface, place: Box) -> Box | None:
    """Where the box of what patients reach lies; None where it is not known of both drugs or lies beyond the cells."""
    if len(surface.usual) != 2:
        return None
    left, top, across, high = place
    drug, partner = surface.usual
    x = [_along(surface.columns, value) for value in (drug.low, drug.high)]
    y = [_along(surface.rows, value) for value in (partner.low, partner.high)]
    if x[1] - x[0] < 1e-6 or y[1] - y[0] < 1e-6:
        return None
    bottom = top + high * len(surface.rows)
    return left + across * x[0], bottom - high * y[1], across * (x[1] - x[0]), high * (y[1] - y[0])


def _dashed(box: Box | None) -> list[str]:
    if box is None:
        return []
    return [shapes.stroke(_path(*box), "f-paper-s", shapes.PAPER, 4.6), shapes.stroke(_path(*box), "f-ink-s", shapes.INK, 2.0, "7 4")]


def _along(levels: tuple[float, ...], value: float) -> float:
    """Where a concentration lies among levels side by side, in cells: logarithmic between their middles, half a cell beyond them."""
    known = [(math.log(level), number + 0.5) for number, level in enumerate(levels) if level > 0]
    at = math.log(value)
    for (low, first), (up, second) in pairwise(known):
        if at <= up or (up, second) == known[-1]:
            found = first + (at - low) / (up - low) * (second - first)
            return min(max(found, known[0][1] - 0.5), known[-1][1] + 0.5)
    return known[0][1]


def _path(x: float, y: float, wide: float, high: float) -> str:
    return f"M{svg.num(x)} {svg.num(y)}H{svg.num(x + wide)}V{svg.num(y + high)}H{svg.num(x)}Z"


def _key(surface: Surface, top: float, width: float) -> tuple[list[str], float]:
    """What shades, frame and box are, in lines under the axis; also where the drawing ends."""
    out: list[str] = []

    def add(swatch: str, words: str) -> None:
        nonlocal top
        out.append(swatch)
        for line in svg.wrap(words, width - 34, SIZE):
            out.append(svg.text(30, top + 13, line, ("f-ink2", shapes.INK2)))
            top += _LINE
        top += 4

    full = f"full shade at {100 * _FULL:.0f} points"
    add(shapes.area(_path(1, top, 20, 16), *_ink(1.0), _DARKEST), f"above {surface.model}; {full}")
    add(shapes.area(_path(1, top, 20, 16), *_ink(-1.0), _DARKEST), f"below {surface.model}")
    add(shapes.area(_path(1, top, 20, 16), "f-rest", shapes.CONTROL, _ALONE), "one drug alone, percent affected")
    add(shapes.stroke(_path(1, top, 20, 16), "f-ink-s", shapes.INK, 2.2), "central 90 % leaves out zero")
    if len(surface.usual) == 2:
        add(shapes.stroke(_path(1, top, 20, 16), "f-ink-s", shapes.INK, 2.0, "7 4"), "reached in patients, free drug")
    return out, top + 4
