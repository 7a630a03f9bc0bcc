"""Draw simulated over published exposure: one line for each, the stated error as a bar, in the columns that fit the width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.analysis.exposure import Compared
from serdsim.experiments.panel import Axis, Panel
from serdsim.report import shapes, svg
from serdsim.report.document import document

LOW, HIGH = 0.4, 2.5  # ends of the axis; what lies beyond is drawn at the end, as an arrow
TICKS = (0.5, 1.0, 2.0)
RECALLED = ("recalled", "assumption")
_SIZE, _ROW, _HEAD, _TOP, _EDGE = 13.0, 21.0, 30.0, 26.0, 4.0


@dataclass(frozen=True)
class Block:
    """The exposures of one drug in one host."""

    title: str
    rows: tuple[Compared, ...]

    @property
    def height(self) -> float:
        """Heading and lines."""
        return _HEAD + _ROW * len(self.rows)


@dataclass(frozen=True)
class _Column:
    left: float
    names: float
    width: float

    def at(self, ratio: float) -> float:
        share = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
        return self.left + self.names + share * self.width


WIDE = (_Column(_EDGE, 236, 122), _Column(394, 236, 122))
NARROW = (_Column(_EDGE, 236, 148),)


def draw_exposures(blocks: Sequence[Block], *, narrow: bool = False) -> str:
    """The comparison as a standalone SVG document, 760 wide, or 400 for phones."""
    columns = NARROW if narrow else WIDE
    parts, heights = [], []
    for column, own in zip(columns, _spread(blocks, len(columns)), strict=True):
        drawn, height = _column(column, own)
        parts += drawn
        heights.append(height)
    return document(_panel(blocks), 400 if narrow else 760, max(heights) + 8, "n" if narrow else "w", "".join(parts))


def _spread(blocks: Sequence[Block], count: int) -> list[list[Block]]:
    """Return the blocks in columns, in their order, each column filled up to an even share of the whole height."""
    whole = sum(block.height for block in blocks)
    columns: list[list[Block]] = [[] for _ in range(count)]
    done = 0.0
    for block in blocks:
        columns[min(int((done + block.height / 2) / whole * count), count - 1)].append(block)
        done += block.height
    return columns


def _column(column: _Column, blocks: Sequence[Block]) -> tuple[list[str], float]:
    parts = [svg.text(column.at(tick), 16, f"{tick:g}", ("f-ink2", shapes.INK2), "middle", size=_SIZE) for tick in TICKS]
    y = _TOP
    for block in blocks:
        parts.append(svg.text(column.left, y + 17, block.title, ("f-ink", shapes.INK), size=_SIZE + 1, bold=True))
        y += _HEAD
        for one in block.rows:
            parts += _line(column, y, one)
            y += _ROW
    for tick in TICKS:
        cls, colour = ("f-axis", shapes.AXIS) if tick == 1.0 else ("f-rule-s", shapes.HAIR)
        path = f"M{svg.num(column.at(tick))} {svg.num(_TOP - 4)}V{svg.num(y)}"
        parts.insert(0, shapes.stroke(path, cls, colour, 1.0, None if tick == 1.0 else "1.5 3"))
    return parts, y


def _line(column: _Column, y: float, one: Compared) -> list[str]:
    middle, factor = y + _ROW / 2 - 1, 1.0 + one.exposure.error
    name = svg.wrap(one.exposure.title, column.names - 12, _SIZE)[0]
    bar = f"M{svg.num(column.at(1.0 / factor))} {svg.num(middle - 5)}H{svg.num(column.at(factor))}v10H{svg.num(column.at(1.0 / factor))}Z"
    return [
        svg.text(column.left, middle + 4.5, name, ("f-ink", shapes.INK), size=_SIZE),
        shapes.area(bar, "f-restt", "#d9dfdd", 1),
        _mark(column.at(one.ratio), middle, one),
    ]


def _mark(x: float, y: float, one: Compared) -> str:
    """A filled circle; an open one where the published number is from memory; an amber diamond outside the stated error."""
    if not one.within:
        return shapes.mark("diamond", x, y, "reference")
    if one.exposure.grade in RECALLED:
        return shapes.mark("circle", x, y, "control")
    return svg.element("circle", {"class": "f-cell", "fill": shapes.inks("drug")[3], "cx": x, "cy": y, "r": 4.3})


def _panel(blocks: Sequence[Block]) -> Panel:
    every = [one for block in blocks for one in block.rows]
    inside = sum(one.within for one in every)
    return Panel(
        id="exposures",
        title="Simulated over published exposure",
        x=Axis("simulated over published", "dimensionless", log=True),
        y=Axis("exposure", "dimensionless"),
        bands=(),
        marks=(),
        caption="",
        description=(
            f"{len(every)} exposures of {len({one.exposure.drug for one in every})} drugs as the ratio of simulated to published, on a "
            f"logarithmic axis from {LOW:g} to {HIGH:g}; {inside} lie within the bar that shows the error which their row states."
        ),
    )
