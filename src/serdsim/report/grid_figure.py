"""Draw a grid as a standalone SVG: each cell a shade of one ink and its number, framed where enough draws are equivalent."""

from __future__ import annotations

import math
from collections.abc import Callable

from serdsim.experiments.panel import Cell, Grid, Panel
from serdsim.report import numbers, shapes, svg
from serdsim.report.document import document
from serdsim.report.frame import SIZE
from serdsim.report.grid_words import is_assay, margin, reached
from serdsim.report.matrix_frame import frame_of, key, names, path

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
    frame = frame_of(panel, grid.rows, grid.columns, high=40.0 if narrow else 46.0, widest=_WIDEST, narrow=narrow)
    body, below = names(panel, frame)
    for i, line in enumerate(grid.cells):
        for j, cell in enumerate(line):
            body += _cell(grid, cell, frame.box(i, j), marked=is_assay(grid, grid.columns[j], grid.rows[i]))
    said, height = key(_entries(grid), below + 6, frame.width)
    return document(panel, frame.width, height, "n" if narrow else "w", "".join([*body, *said]))


def _cell(grid: Grid, cell: Cell, box: tuple[float, float, float, float], *, marked: bool) -> list[str]:
    """One cell: shade, hairline or heavy frame, number, and the mark of the assay's condition."""
    x, y, wide, high = box
    out = []
    if math.isfinite(cell.p) and cell.p > 0:
        out.append(shapes.area(path(x, y, wide, high), "f-cell", shapes.inks("drug")[3], _DARKEST * cell.p))
    out.append(shapes.stroke(path(x, y, wide, high), "f-rule-s", shapes.HAIR, 0.8))
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


def _frame(x: float, y: float, wide: float, high: float) -> str:
    return shapes.stroke(path(x + _INSET, y + _INSET, wide - 2 * _INSET, high - 2 * _INSET), "f-ink-s", shapes.INK, 2.6)


def _corner(x: float, y: float) -> str:
    """A filled corner."""
    at = f"M{svg.num(x + 1)} {svg.num(y + 1)}h13l-13 13Z"
    return svg.element("path", {"class": "f-ink", "d": at, "fill": shapes.INK})


def _entries(grid: Grid) -> list[tuple[Callable[[float], str], str]]:
    """What shade, frame and corner are."""
    out: list[tuple[Callable[[float], str], str]] = [
        (
            lambda top: shapes.area(path(1, top, 20, 16), "f-cell", shapes.inks("drug")[3], _DARKEST),
            f"share of draws with a ratio of {grid.what} inside {margin(grid)}; full shade is 1",
        ),
        (lambda top: _frame(-1, top - 2, 24, 20), f"at least {grid.level:.2f}"),
    ]
    return [*out, (lambda top: _corner(3, top), grid.assay_label)] if grid.assay is not None else out
