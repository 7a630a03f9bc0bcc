"""The words and the table that follow a surface of two drugs: what a cell says, what patients reach, every value."""

from __future__ import annotations

import math
from collections.abc import Sequence

from serdsim.experiments.panel import Axis, Cell, Panel, Surface, Usual
from serdsim.report import numbers
from serdsim.report.grid_words import TableRow

EFFECTS = {
    "affected": "share affected: 1 less what is left of the vehicle",
    "growth_stopped": "share of growth stopped: 1 less the GR value",
}


def points(value: float) -> str:
    """A share in points of a hundred, with its sign."""
    rounded = round(100.0 * value) + 0.0
    return "0" if rounded == 0 else f"+{rounded:.0f}" if rounded > 0 else f"{numbers.MINUS}{-rounded:.0f}"


def sure(cell: Cell) -> bool:
    """Whether the central 90 % of an excess leaves out zero."""
    return math.isfinite(cell.p) and (cell.lo90 > 0 or cell.hi90 < 0)


def caption(panel: Panel, surface: Surface) -> list[str]:
    """Sentences under a surface, the first naming system and conditions."""
    draws = f"{numbers.count(panel.draws)} parameter draws" if panel.draws else "the parameter draws"
    out = [
        panel.caption or "Conditions are not stated for this figure.",
        "No public observation of this was read: everything is predicted from what each drug does alone.",
        f"Effect is the {EFFECTS.get(surface.effect, surface.effect)}. Lowest row and first column: each drug alone, in percent.",
        f"Elsewhere: points of a hundred above (+) or below ({numbers.MINUS}) the null model {surface.model}, median of {draws}; scatter "
        "between wells and error of measurement are not included.",
    ]
    inside = [cell for row in surface.cells for cell in row if math.isfinite(cell.p)]
    out.append(f"Heavy frame: the central 90 % leaves out zero, in {sum(map(sure, inside))} of {len(inside)} cells.")
    if len(surface.usual) == 2:
        out.append(f"Dashed box: what patients reach, central 90 % of draws. {' '.join(map(_usual, surface.usual))}")
    return out


def _usual(one: Usual) -> str:
    low, mean, high = (numbers.significant(value) for value in (one.low, one.mean, one.high))
    return f"{one.regimen}: as much free drug as {low} to {high} nM in this medium, on average {mean}."


def rows(panel: Panel, surface: Surface) -> list[TableRow]:
    """The values behind a surface, row by row from the lowest."""
    out = []
    for y, line in zip(surface.rows, surface.cells, strict=True):
        for x, cell in zip(surface.columns, line, strict=True):
            alone = not math.isfinite(cell.p)
            value = "" if math.isnan(cell.median) else f"{100 * cell.median:.0f} %" if alone else points(cell.median)
            ends = "" if math.isnan(cell.median) else f"{points(cell.lo90)} to {points(cell.hi90)}"
            note = "effect alone" if alone else "leaves out zero" if sure(cell) else ""
            out.append(TableRow(numbers.plain(y), numbers.plain(x), value, ends, "simulated", "", note))
    return out


def heads(panel: Panel, surface: Surface) -> Sequence[str]:
    """Column heads of the table of a surface."""

    def axis(shown: Axis) -> str:
        return f"{shown.label}, {numbers.show_unit(shown.unit) or 'no unit'}"

    return (axis(panel.y), axis(panel.x), f"effect alone, or points above {surface.model}", "central 90 %", "kind", "n", "note")
