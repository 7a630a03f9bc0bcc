"""The frame of a figure whose cells hold numbers: where the cells lie, the names of rows and columns, and the key below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serdsim.experiments.panel import Panel
from serdsim.report import numbers, shapes, svg
from serdsim.report.frame import NARROW, SIZE, WIDE, title_of

Box = tuple[float, float, float, float]  # left, top, width, height
_LINE = 17.0


@dataclass(frozen=True)
class Frame:
    """Where cells lie: the left and upper end of all, the size of one; rows rise from the bottom like an axis."""

    width: float
    left: float
    top: float
    across: float
    high: float
    rows: tuple[float, ...]
    columns: tuple[float, ...]

    @property
    def bottom(self) -> float:
        """The lower end of the lowest row."""
        return self.top + self.high * len(self.rows)

    def box(self, row: int, column: int) -> Box:
        """Where a cell lies."""
        return self.left + self.across * column, self.bottom - self.high * (row + 1), self.across, self.high


def frame_of(panel: Panel, rows: Sequence[float], columns: Sequence[float], *, high: float, widest: float, narrow: bool) -> Frame:
    """The frame for so many rows and columns, each cell at most `widest` wide; below the title of the y axis."""
    width = (NARROW if narrow else WIDE).width
    left = 9 + max(svg.width(numbers.plain(y), SIZE) for y in rows)
    top = 6.0 + _LINE * len(svg.wrap(title_of(panel.y), width - 4, SIZE))
    return Frame(width, left, top, min(widest, (width - left - 2) / len(columns)), high, tuple(rows), tuple(columns))


def names(panel: Panel, frame: Frame) -> tuple[list[str], float]:
    """The titles of both axes and the names of rows and columns; also where the place below them begins."""
    ink, quiet = ("f-ink", shapes.INK), ("f-ink2", shapes.INK2)
    out = [svg.text(0, 12.0 + _LINE * i, words, ink) for i, words in enumerate(svg.wrap(title_of(panel.y), frame.width - 4, SIZE))]
    for i, y in enumerate(frame.rows):
        out.append(svg.text(frame.left - 9, frame.box(i, 0)[1] + frame.high / 2 + 4.6, numbers.plain(y), quiet, "end"))
    ticks = [numbers.plain(x) for x in frame.columns]
    drop = _LINE if max(svg.width(words, SIZE) for words in ticks) > frame.across - 4 else 0.0  # too wide for one line: every second lower
    for j, words in enumerate(ticks):
        out.append(svg.text(frame.left + frame.across * (j + 0.5), frame.bottom + 18 + drop * (j % 2), words, quiet, "middle"))
    below = frame.bottom + 39 + drop
    for words in svg.wrap(title_of(panel.x), frame.width - 8, SIZE):
        half = svg.width(words, SIZE) / 2
        middle = min(max(frame.left + frame.across * len(frame.columns) / 2, half), frame.width - half)
        out.append(svg.text(middle, below, words, ink, "middle"))
        below += _LINE
    return out, below


def path(x: float, y: float, wide: float, high: float) -> str:
    """A rectangle as a closed path."""
    return f"M{svg.num(x)} {svg.num(y)}H{svg.num(x + wide)}V{svg.num(y + high)}H{svg.num(x)}Z"


def key(entries: Sequence[tuple[Callable[[float], str], str]], top: float, width: float) -> tuple[list[str], float]:
    """What swatches mean, in lines from `top` on; also where the drawing ends. A swatch is drawn at the height that it is given."""
    out: list[str] = []
    for swatch, words in entries:
        out.append(swatch(top))
        for line in svg.wrap(words, width - 34, SIZE):
            out.append(svg.text(30, top + 13, line, ("f-ink2", shapes.INK2)))
            top += _LINE
        top += 4
    return out, top + 4
