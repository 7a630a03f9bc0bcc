"""Draw a grid as a standalone SVG: each cell a shade of one ink and its number, framed where enough draws are equivalent."""

from __future__ import annotations

import math

from serdsim.experiments.panel import Cell, Grid, Panel
from serdsim.report import numbers, shapes, svg
from serdsim.report.document import document
from serdsim.report.frame import NARROW, SIZE, WIDE, title_of
from serdsim.report.grid_words import is_assay, margin, reached

_LINE = 17.0
_DARKEST = 0.5  # opacity at P = 1: the number stays readable on it
_WIDEST = 108.0
_INSET = 2.4


def draw_grid(panel: Panel, grid: Grid, *, narrow: bool) -> str:
    """The grid as a standalone SVG document; rows rise from the bottom like an axis.

    Parameters
    ----------
    panel : Panel
        Axes, title and words.
    grid : Grid
        The cells.
    narrow : bool
        The drawing for phones, 400 wide instead of 760.
    """
    width = (NARROW if narrow else WIDE).width
    high = 40.0 if narrow else 46.0
    names = [numbers.plain(y) for y in grid.rows]
    left = 9 + max(svg.width(name, SIZE) for name in names)
    across = min(_WIDEST, (width - left - 2) / len(grid.columns))
    body: list[str] = []
    top = 6.0
    for words in svg.wrap(title_of(panel.y), width - 4, SIZE):
        body.append(svg.text(0, top + 6, words, ("f-ink", shapes.INK)))
        top += _LINE
    bottom = top + high * len(grid.rows)
    for i, line in enumerate(grid.cells):
        y = bottom - high * (i + 1)
        body.append(svg.text(left - 9, y + high / 2 + 4.6, names[i], ("f-ink2", shapes.INK2), "end"))
        for j, cell in enumerate(line):
            marked = is_assay(grid, grid.columns[j], grid.rows[i])
            body += _cell(grid, cell, (left + across * j, y, across, high), marked=marked)
    ticks = [numbers.plain(x) for x in grid.columns]
    drop = _LINE if max(svg.width(words, SIZE) for words in ticks) > across - 4 else 0.0  # too wide for one line: every second lower
    for j, words in enumerate(ticks):
        body.append(svg.text(left + across * (j + 0.5), bottom + 18 + drop * (j % 2), words, ("f-ink2", shapes.INK2), "middle"))
    below = bottom + 39 + drop
    for words in svg.wrap(title_of(panel.x), width - 8, SIZE):
        half = svg.width(words, SIZE) / 2
        middle = min(max(left + across * len(grid.columns) / 2, half), width - half)
        body.append(svg.text(middle, below, words, ("f-ink", shapes.INK), "middle"))
        below += _LINE
    key, height = _key(grid, below + 6, width)
    return document(panel, width, height, "n" if narrow else "w", "".join([*body, *key]))


def _cell(grid: Grid, cell: Cell, box: tuple[float, float, float, float], *, marked: bool) -> list[str]:
    """One cell: shade, hairline or heavy frame, number, and the mark of the assay's condition."""
    x, y, wide, high = box
    out = []
    if math.isfinite(cell.p) and cell.p > 0:
        out.append(shapes.area(_box(x, y, wide, high), "f-cell", shapes.inks("drug")[3], _DARKEST * cell.p))
    out.append(shapes.stroke(_box(x, y, wide, high), "f-rule-s", shapes.HAIR, 0.8))
    framed = reached(grid, cell)
    if framed:
        out.append(_frame(x, y, wide, high))
    if marked:
        inside = _INSET + 0.6 if framed else 0.0
        out.append(_corner(x + inside, y + inside))
    words = numbers.probability(cell.p) if math.isfinite(cell.p) else "\u2013"
    size = SIZE if svg.width(words, SIZE) <= wide - 8 else 12.5
    out.append(svg.text(x + wide / 2, y + high / 2 + 4.8, words, ("f-ink", shapes.INK), "middle", size=size, bold=framed))
    return out


def _box(x: float, y: float, wide: float, high: float) -> str:
    return f"M{svg.num(x)} {svg.num(y)}H{svg.num(x + wide)}V{svg.num(y + high)}H{svg.num(x)}Z"


def _frame(x: float, y: float, wide: float, high: float) -> str:
    return shapes.stroke(_box(x + _INSET, y + _INSET, wide - 2 * _INSET, high - 2 * _INSET), "f-ink-s", shapes.INK, 2.6)


def _corner(x: float, y: float) -> str:
    """A filled corner."""
    at = f"M{svg.num(x + 1)} {svg.num(y + 1)}h13l-13 13Z"
    return svg.element("path", {"class": "f-ink", "d": at, "fill": shapes.INK})


def _key(grid: Grid, top: float, width: float) -> tuple[list[str], float]:
    """What frame, corner and number are, in lines under the axis; also where the drawing ends."""
    out: list[str] = []

    def add(swatch: str, words: str) -> None:
        nonlocal top
        out.append(swatch)
        for line in svg.wrap(words, width - 34, SIZE):
            out.append(svg.text(30, top + 13, line, ("f-ink2", shapes.INK2)))
            top += _LINE
        top += 4

    shade = shapes.area(_box(1, top, 20, 16), "f-cell", shapes.inks("drug")[3], _DARKEST)
    add(shade, f"share of draws with a ratio of {grid.what} inside {margin(grid)}; full shade is 1")
    add(_frame(-1, top - 2, 24, 20), f"at least {grid.level:.2f}")
    if grid.assay is not None:
        add(_corner(3, top), grid.assay_label)
    return out, top + 4
