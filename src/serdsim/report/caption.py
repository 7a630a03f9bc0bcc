"""The words and the table that follow a figure: conditions, what marks and bands are, controls, what is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from serdsim.experiments.panel import Band, Mark, Panel
from serdsim.report import animal_words, grid_words, numbers, surface_words
from serdsim.report.grid_words import TableRow
from serdsim.report.series import Group, counted, groups, left_out, where

__all__ = ["TableRow", "caption", "heads", "panel_table", "thinned"]

MOST_ROWS = 13
ROLE_WORDS = {
    "validate": "kept out of every fit",
    "calibrate": "open to fits",
    "prior": "a weak prior at most, not used in a fit",
    "context": "for context only",
    "gap": "marks a gap",
}


def _reference(key: str, refs: Mapping[str, int]) -> str:
    return f"reference {refs[key]}" if key in refs else key


def _of_group(group: Group, refs: Mapping[str, int]) -> str:
    """What a group of marks is: n, kind of interval, source, role."""
    first = group.marks[0]
    n = counted(group.marks).replace("\u00a0", " ") or "n not reported"
    kinds = sorted({m.interval for m in group.marks if m.lo is not None and m.hi is not None and m.interval})
    interval = f"bars: {' or '.join(kinds)}" if kinds else "no interval reported"
    what = {"point": "", "x": "dotted line, ", "y": "dotted line, "}.get(where(first), "")
    source = _reference(first.source, refs) if first.source else ""
    details = [part for part in (f"{what}{n}", interval, source, ROLE_WORDS.get(first.role, first.role)) if part]
    return f"{first.label} ({'; '.join(details)})"


def caption(panel: Panel, refs: Mapping[str, int] | None = None) -> list[str]:
    """Sentences under the figure, the first naming system and conditions."""
    if panel.grid is not None:
        return grid_words.caption(panel, panel.grid)
    if panel.surface is not None:
        return surface_words.caption(panel, panel.surface)
    refs = refs or {}
    out = [panel.caption or "Conditions are not stated for this figure."]
    found = groups(panel.marks)
    observed = [_of_group(g, refs) for g in found if g.kind == "observed"]
    if observed:
        out.append("Filled marks, observed: " + "; ".join(observed) + ".")
    others = [_of_group(g, refs) for g in found if g.kind != "observed"]
    if others:
        out.append("Reference values, open or dotted: " + "; ".join(others) + ".")
    if not panel.marks:
        out.append("No public observation of this was read.")
    if panel.animals:
        out += animal_words.sentences(panel)
    elif any(not band.control for band in panel.bands):
        draws = f"of {numbers.count(panel.draws)} parameter draws" if panel.draws else "of the parameter draws"
        out.append(
            f"Line and band: simulated median and central 90 % {draws}; "
            "scatter between wells, animals or people and error of measurement are not included."
        )
    controls = [band.label for band in panel.bands if band.control and not panel.at_risk]
    if controls:
        out.append(f"Open grey marks, simulated controls with central 90 %: {'; '.join(controls)}.")
    if panel.levels:
        out.append("Dashed hairlines: " + "; ".join(f"{panel.y.label} at {numbers.plain(v.value)}, {v.label}" for v in panel.levels) + ".")
    bounds = [(w, v) for w, v in (("above", panel.pass_above), ("below", panel.pass_below)) if v is not None]
    if bounds:
        out.append("Grey ground: the test passes " + " and ".join(f"{w} {numbers.bound(v)}" for w, v in bounds) + ".")
    return out + left_out(panel)


def _thinned(count: int) -> list[int]:
    """Indices of at most MOST_ROWS points, first and last among them."""
    if count <= MOST_ROWS:
        return list(range(count))
    return sorted({round(i * (count - 1) / (MOST_ROWS - 1)) for i in range(MOST_ROWS)})


def _note(x: float | None, y: float | None, panel: Panel) -> str:
    """Why a value is not in the drawing, if it is not."""
    for value, log in ((x, panel.x.log), (y, panel.y.log)):
        if value is not None and not math.isfinite(value):
            return "not drawn"
        if log and value is not None and value <= 0:
            return "not drawn on a log axis"
    return ""


def _band_rows(band: Band, panel: Panel) -> list[TableRow]:
    """Rows of a simulated curve."""
    kind = "control" if band.control else "simulated"
    rows = []
    for i in _thinned(len(band.x)):
        middle, ends = numbers.interval(band.median[i], band.lo90[i], band.hi90[i])
        rows.append(TableRow(band.label, numbers.grid(band.x[i]), middle, ends, kind, "", _note(band.x[i], band.median[i], panel)))
    return rows


def _mark_row(mark: Mark, panel: Panel, refs: Mapping[str, int]) -> TableRow:
    """Row of an observed or reference value."""
    n = "" if mark.n is None else str(mark.n)
    kind = ", ".join(part for part in (mark.kind, mark.interval if mark.lo is not None else "") if part)
    source = ", ".join(part for part in (_reference(mark.source, refs) if mark.source else "", mark.row) if part)
    note = "; ".join(part for part in (source, _note(None if where(mark) == "y" else mark.x, mark.y, panel)) if part)
    if where(mark) == "x":
        _, ends = numbers.interval(mark.x, mark.lo, mark.hi)
        x = f"{numbers.plain(mark.x)} ({ends})" if ends else numbers.plain(mark.x)
        return TableRow(mark.label, x, "", "", kind, n, note)
    middle, ends = numbers.interval(mark.y, mark.lo, mark.hi)
    shown = "" if not math.isfinite(mark.x) else numbers.plain(mark.x)
    return TableRow(mark.label, shown, middle, ends, kind, n, note)


def panel_table(panel: Panel, refs: Mapping[str, int] | None = None) -> list[TableRow]:
    """The values behind a figure: every mark, and of each curve at most thirteen points, ends included."""
    if panel.grid is not None:
        return grid_words.rows(panel, panel.grid)
    if panel.surface is not None:
        return surface_words.rows(panel, panel.surface)
    rows = [_mark_row(mark, panel, refs or {}) for mark in panel.marks] + animal_words.rows(panel)
    for band in panel.bands:
        rows += _band_rows(band, panel)
    return rows + animal_words.risk_rows(panel)


def thinned(panel: Panel) -> bool:
    """Whether the table leaves out points of a curve."""
    return any(len(x) > MOST_ROWS for x in (*(band.x for band in panel.bands), *(one.x for one in panel.paths)))


def heads(panel: Panel) -> Sequence[str]:
    """Column heads of the table."""
    if panel.grid is not None:
        return grid_words.heads(panel, panel.grid)
    if panel.surface is not None:
        return surface_words.heads(panel, panel.surface)

    def axis(label: str, unit: str) -> str:
        return f"{label}, {numbers.show_unit(unit) or 'no unit'}"

    return ("series", axis(panel.x.label, panel.x.unit), axis(panel.y.label, panel.y.unit), "interval", "kind", "n", "source and note")
