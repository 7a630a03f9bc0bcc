"""The words and the table that follow a grid: what a cell says, which are framed, every value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.experiments.panel import Axis, Cell, Grid, Panel
from serdsim.report import numbers


@dataclass(frozen=True)
class TableRow:
    """One row of the table of values of a figure."""

    series: str
    x: str
    y: str
    interval: str
    kind: str
    n: str
    note: str


def margin(grid: Grid) -> str:
    """The margin in words."""
    return f"{numbers.bound(grid.lower)} to {numbers.bound(grid.upper)}"


def reached(grid: Grid, cell: Cell) -> bool:
    """Whether the cell is framed: as many draws as the level asks lie inside the margin."""
    return math.isfinite(cell.p) and cell.p >= grid.level


def is_assay(grid: Grid, x: float, y: float) -> bool:
    """Whether the cell is the condition of the assay."""
    return grid.assay is not None and math.isclose(grid.assay[0], x) and math.isclose(grid.assay[1], y)


def caption(panel: Panel, grid: Grid) -> list[str]:
    """Sentences under a grid, the first naming system and conditions."""
    draws = f"{numbers.count(panel.draws)} parameter draws" if panel.draws else "the parameter draws"
    out = [
        panel.caption or "Conditions are not stated for this figure.",
        "No public observation of this was read.",
        f"Number and shade: P(equivalent), the share of {draws} whose ratio of {grid.what} lies inside {margin(grid)}; "
        "a draw without a ratio does not; scatter between wells and error of measurement are not included.",
    ]
    framed = sum(reached(grid, cell) for row in grid.cells for cell in row)
    out.append(f"Heavy frame: P(equivalent) at least {grid.level:.2f}, in {framed} of {len(grid.rows) * len(grid.columns)} cells.")
    if grid.assay is not None:
        out.append(f"Corner mark: {grid.assay_label}.")
    missing = sum(not math.isfinite(cell.p) for row in grid.cells for cell in row)
    if missing:
        out.append(f"Dash: not computed, {missing} cell{'s' if missing > 1 else ''}.")
    return out


def rows(panel: Panel, grid: Grid) -> list[TableRow]:
    """The values behind a grid, row by row from the lowest."""
    out = []
    for y, line in zip(grid.rows, grid.cells, strict=True):
        for x, cell in zip(grid.columns, line, strict=True):
            notes = [grid.assay_label] if is_assay(grid, x, y) else []
            notes += [f"at least {grid.level:.2f}"] if reached(grid, cell) else []
            ratio = "" if math.isnan(cell.median) else numbers.with_interval(cell.median, cell.lo90, cell.hi90)
            out.append(TableRow(numbers.plain(y), numbers.plain(x), numbers.probability(cell.p), ratio, "simulated", "", "; ".join(notes)))
    return out


def heads(panel: Panel, grid: Grid) -> Sequence[str]:
    """Column heads of the table of a grid."""

    def axis(shown: Axis) -> str:
        return f"{shown.label}, {numbers.show_unit(shown.unit) or 'no unit'}"

    ratio = f"ratio of {grid.what}, median (central 90 %)"
    return (axis(panel.y), axis(panel.x), f"P(equivalent), inside {margin(grid)}", ratio, "kind", "n", "note")
