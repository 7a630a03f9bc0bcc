"""Somebody's own values in place of rows of the library: a table read, checked against the rows, given a width and a grade."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import log, log10
from pathlib import Path
from statistics import NormalDist

from serdsim.analysis.measurements import measurement_of
from serdsim.errors import Issue, TableError
from serdsim.model.correlations import joined
from serdsim.model.named_rows import NamedRow, named_rows
from serdsim.model.own_rows import COLUMNS, OPTIONAL
from serdsim.model.recipe import TOGETHER
from serdsim.tables import Row, format_number, read_table
from serdsim.units import parse_unit

INTERVAL, ASSAY, SHIPPED, NONE = "the interval of the file", "the usual error of the assay", "the library", "none: a fixed number"
_USUAL = (1e-30, 10.0**30)  # numbers that a row can have in its unit; beyond them a slip
_LOPSIDED = 2.0  # how much longer one side of an interval may be than the other before it is said
_SPAN = 2.0 * NormalDist().inv_cdf(0.95)  # of a central 90 %, in standard deviations


@dataclass(frozen=True)
class OwnValue:
    """A row of the library with the value that takes its place, in the unit of the row.

    Attributes
    ----------
    row : NamedRow
        The row of the library.
    value, distribution, width : float, str, float or None
        What the row is drawn from now; `width_from` says in words where the width comes from.
    grade : str
        `primary` where a source is named, else `assumption`.
    source, note : str
        As in the file.
    given : str
        Value and unit as they stand in the file.
    together : int
        How many other rows the number was fitted and drawn together with; it is drawn apart from them now.
    line : int
        Where it stands in the file.
    """

    row: NamedRow
    value: float
    distribution: str
    width: float | None
    width_from: str
    grade: str
    source: str
    note: str
    given: str
    together: int
    line: int

    @property
    def rests_on(self) -> Mapping[str, object]:
        """What a run id covers of it."""
        numbers = {"value": self.value, "distribution": self.distribution, "width": self.width}
        return {"row": self.row.full, **numbers, "grade": self.grade, "source": self.source, "note": self.note}


def read_own_values(path: Path, library: Path) -> tuple[OwnValue, ...]:
    """Return the values of a file, each with the row that it replaces.

    Parameters
    ----------
    path : Path
        A table (.csv or .tsv) with the columns id, value, unit, and where they are wanted lower, upper (the central 90 %),
        source, note. An id is the name of a row as the page of all numbers shows it, ``imlunestrant.Kd``; where tables share the
        name the table stands before it, ``pk_mouse:imlunestrant.CL``.
    library : Path
        The library whose rows are replaced.

    Raises
    ------
    TableError
        Once, with everything that is wrong in the file.
    """
    rows = _rows(path)
    if not rows:
        expected = "at least one row below the header"
        raise TableError(Issue("no value is given", str(path), expected=expected, repair="Add a row such as imlunestrant.Kd,0.2,nM"))
    known = _names(library)
    issues: list[Issue] = []
    found: list[OwnValue] = []
    groups = joined(library / TOGETHER[0])
    first: dict[str, int] = {}
    for row in rows:
        named = _named(row, known)
        if isinstance(named, Issue):
            issues.append(named)
            continue
        if (before := first.setdefault(named.full, row.line)) != row.line:
            problem = f"given twice, first in line {before}"
            issues.append(Issue(problem, row.file, row.line, row.text("id"), "each id once", "Keep one of the two rows"))
        wrong = _issues(row, named)
        issues += wrong
        if not wrong:
            found.append(_own(row, named, library, max(groups.get(named.name, 1) - 1, 0)))
    if issues:
        raise TableError(issues)
    return tuple(found)


def _rows(path: Path) -> list[Row]:
    """Return the typed rows; columns that need not be there are asked for only where the header names them, or nearly."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = (line for line in file if line.strip() and not line.startswith("#"))
            header = next(csv.reader(lines, delimiter="\t" if path.suffix == ".tsv" else ","), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        header = []  # said by the reader of tables, with its place
    strange = [name.strip() for name in header if name.strip() not in [column.name for column in COLUMNS]]
    wanted = [c for c in COLUMNS if c.name not in OPTIONAL or c.name in map(str.strip, header) or get_close_matches(c.name, strange, 1)]
    try:
        rows = read_table(path, wanted)
    except TableError as error:
        raise TableError([_about_commas(issue) for issue in error.issues]) from None
    blank = {column.name: None if column.kind == "optional_number" else "" for column in COLUMNS}
    return [Row({**blank, **row.values}, row.line, row.file) for row in rows]


def _about_commas(issue: Issue) -> Issue:
    """Return the issue; for a row with too many cells it names what most often makes them in a table of numbers."""
    if not issue.problem.endswith(" cells"):
        return issue
    repair = f"Write a point for a decimal comma; else: {issue.repair}"
    return Issue(issue.problem, issue.file, issue.line, issue.id, issue.expected, repair)


def _names(library: Path) -> dict[str, tuple[NamedRow, ...]]:
    """Return the rows by what they may be called: with their table, and without it those that share the name."""
    found: dict[str, tuple[NamedRow, ...]] = {}
    for row in named_rows(library):
        for name in (row.name, row.full):
            found[name] = (*found.get(name, ()), row)
    return found


def _named(row: Row, known: Mapping[str, Sequence[NamedRow]]) -> NamedRow | Issue:
    id = row.text("id")
    rows = known.get(id, ())
    if len(rows) == 1:
        return rows[0]
    where = (row.file, row.line, id)
    if rows:
        expected = " or ".join(one.full for one in rows)
        return Issue(f"{len(rows)} tables have a row of this name", *where, expected=expected, repair="Write the table before the name")
    spelled = {name.lower(): name for name in known}
    near = [spelled[name] for name in get_close_matches(id.lower(), spelled, 3)]
    repair = "Did you mean " + " or ".join(near) + "?" if near else "Look the name up in parameters.html, beside the page"
    return Issue("no number of the library is called so", *where, expected="the name of a row such as imlunestrant.Kd", repair=repair)


def _issues(row: Row, named: NamedRow) -> list[Issue]:
    """Return what is wrong with the value, the unit and the interval of a row."""
    where = (row.file, row.line, row.text("id"))
    unit, needed = parse_unit(row.text("unit")), parse_unit(named.row.text("unit"))
    if not unit.same_dimension(needed):
        expected = f"{named.row.text('unit')}, or a unit that can be converted to it"
        return [Issue(f'the unit is "{row.text("unit")}"', *where, expected=expected, repair="Give the number in such a unit")]
    low, high = row.number("lower"), row.number("upper")
    if (low is None) != (high is None):
        return [Issue("one end of the interval is missing", *where, expected="lower and upper, or neither", repair="Fill in the other end")]
    ends = [("value", row.number("value")), *([("lower", low), ("upper", high)] if low is not None else [])]
    found = [issue for name, number in ends for issue in _outside(name, _converted(number, row, named) or 0.0, row, named, low is not None)]
    if not found and low is not None and high is not None and not low < (row.number("value") or 0.0) < high:
        problem = f"the value {row.number('value'):g} does not lie between {low:g} and {high:g}"
        found.append(Issue(problem, *where, expected="lower < value < upper", repair="Check the order and the units of the three"))
    return found


def _outside(name: str, number: float, row: Row, named: NamedRow, drawn: bool) -> Iterator[Issue]:
    """Yield what keeps a number from being one of the row: its sign, zero, a share outside 0 to 1, the bounds of the row."""
    unit, distribution = named.row.text("unit"), named.row.text("distribution")
    shown = f"{name} is {number:g} {unit}"
    low, high = named.row.number("lower"), named.row.number("upper")
    if number < 0:
        yield Issue(f"{shown}, a negative number", row.file, row.line, row.text("id"), "zero or more", "Check the sign")
    elif distribution == "logitnormal" and not 0 < number < 1:
        repair = "Give the share, or write % as its unit"
        yield Issue(shown, row.file, row.line, row.text("id"), "a share between 0 and 1", repair)
    elif number == 0 and (distribution != "fixed" or drawn):
        repair = "Give the smallest number that the assay tells from 0"
        yield Issue(shown, row.file, row.line, row.text("id"), "a number above 0", repair)
    elif number and not _USUAL[0] <= number <= _USUAL[1]:
        yield Issue(shown, row.file, row.line, row.text("id"), f"0, or a number from {_USUAL[0]:g} to {_USUAL[1]:g}", "Check the exponent")
    elif (low is not None and number < low) or (high is not None and number > high):
        bounds = f"{'no bound' if low is None else f'{low:g}'} to {'no bound' if high is None else f'{high:g}'} {unit}"
        yield Issue(f"{shown}, outside the bounds of the row", row.file, row.line, row.text("id"), bounds, "Check the unit")


def _converted(number: float | None, row: Row, named: NamedRow) -> float | None:
    """Return a number of the file in the unit of the library's row."""
    if number is None:
        return None
    unit, needed = parse_unit(row.text("unit")), parse_unit(named.row.text("unit"))
    return number if unit.matches(needed) else number * unit.factor / needed.factor


def _own(row: Row, named: NamedRow, library: Path, together: int) -> OwnValue:
    value, low, high = (_converted(row.number(name), row, named) for name in ("value", "lower", "upper"))
    assert value is not None
    distribution, width, told = named.row.text("distribution"), named.row.number("prior"), SHIPPED
    if low is not None and high is not None:
        distribution = "lognormal" if distribution == "fixed" else distribution
        width, told = _width(low, high, distribution), INTERVAL + _lopsided(low, value, high, distribution)
    elif distribution == "fixed":
        told = NONE
    elif (assay := measurement_of(named, library)) is not None:
        width, told = assay.width(value, distribution), ASSAY
    grade = "primary" if row.text("source") else "assumption"
    given = f"{format_number(row.number('value') or 0.0)} {row.text('unit')}"
    words = (row.text("source"), row.text("note"))
    return OwnValue(named, value, distribution, width, told, grade, *words, given, together, row.line)


def _width(low: float, high: float, distribution: str) -> float:
    """Return the width of a row whose central 90 % was given: decades, or log odds for a share."""
    return (_place(high, distribution) - _place(low, distribution)) / _SPAN


def _place(value: float, distribution: str) -> float:
    """Return where a number lies on the scale of the draws: log odds for a share, else decades."""
    return log(value / (1.0 - value)) if distribution == "logitnormal" else log10(value)


def _lopsided(low: float, value: float, high: float, distribution: str) -> str:
    """Return in words that an interval reaches farther on one side than draws can, which lie evenly around the value; else nothing."""
    left, middle, right = (_place(one, distribution) for one in (low, value, high))
    sides = sorted((middle - left, right - middle))
    return ", which is uneven around the value: it is drawn as wide, but evenly" if sides[1] > _LOPSIDED * sides[0] else ""
