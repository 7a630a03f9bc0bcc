"""Direct labels in the column to the right of the plot: placed by height, never on top of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.report import svg

LINE = 16.0
GAP = 5.0


@dataclass(frozen=True)
class Label:
    """A label at the height of what it names: lines of text, an optional shape before them, where it points."""

    lines: tuple[str, ...]
    y: float
    cls: str
    fill: str
    shape: str = ""
    bold: bool = False
    from_x: float | None = None

    @property
    def height(self) -> float:
        """Height of all lines."""
        return len(self.lines) * LINE


def needed(labels: Sequence[Label]) -> float:
    """Height that the labels take when stacked."""
    return sum(label.height + GAP for label in labels)


def place(labels: Sequence[Label], top: float, bottom: float) -> list[tuple[Label, float]]:
    """Each label with the height of its middle, as near to what it names as the others allow.

    Neighbours that would touch are merged into blocks that share the displacement; blocks stay between `top` and
    `bottom`, which must leave at least `needed(labels)`.
    """
    blocks: list[tuple[float, list[Label]]] = []
    for label in sorted(labels, key=lambda item: (item.y, item.lines)):
        blocks.append((_clamp(label.y, label.height + GAP, top, bottom), [label]))
        while len(blocks) > 1 and _low(blocks[-2]) > _high(blocks[-1]) - 1e-9:
            _, below = blocks.pop()
            _, above = blocks.pop()
            members = above + below
            blocks.append((_clamp(_wanted(members), needed(members), top, bottom), members))
    placed: list[tuple[Label, float]] = []
    for middle, members in blocks:
        at = middle - needed(members) / 2
        for label in members:
            placed.append((label, at + (label.height + GAP) / 2))
            at += label.height + GAP
    return placed


def _low(block: tuple[float, list[Label]]) -> float:
    return block[0] + needed(block[1]) / 2


def _high(block: tuple[float, list[Label]]) -> float:
    return block[0] - needed(block[1]) / 2


def _clamp(middle: float, height: float, top: float, bottom: float) -> float:
    return max(top + height / 2, min(bottom - height / 2, middle))


def _wanted(members: Sequence[Label]) -> float:
    """The middle of a block that displaces its members least on average."""
    at, total = 0.0, 0.0
    for label in members:
        total += label.y - (at + (label.height + GAP) / 2)
        at += label.height + GAP
    return total / len(members) + at / 2


def draw(placed: Sequence[tuple[Label, float]], x: float, size: float) -> list[str]:
    """The labels with hairlines to what they name where they had to move away from it."""
    out: list[str] = []
    for label, middle in placed:
        indent = 0.0
        if label.from_x is not None and (abs(middle - label.y) > 3 or x - label.from_x > 30):
            bend = max(label.from_x, x - 16)
            path = svg.polyline([(label.from_x + 2, label.y), (bend + 2, label.y), (x - 3, middle)])
            out.append(svg.element("path", {"class": "f-rule-s", "d": path, "fill": "none", "stroke": "#868f8b", "stroke-width": 0.7}))
        if label.shape:
            out.append(label.shape.replace("{x}", svg.num(x + 5)).replace("{y}", svg.num(middle - label.height / 2 + LINE / 2)))
            indent = 15.0
        for i, words in enumerate(label.lines):
            baseline = middle - label.height / 2 + LINE * (i + 0.78)
            out.append(svg.text(x + indent, baseline, words, (label.cls, label.fill), size=size, bold=label.bold))
    return out
