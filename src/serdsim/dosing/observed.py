"""Concentrations after one dose: a NONMEM-style CSV file -> the curve of each individual."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serdsim.dosing.nonmem_text import MISSING, Cells, read_lines
from serdsim.errors import Issue, TableError

COLUMNS = ("ID", "TIME", "DV", "AMT", "EVID", "MDV", "DVID", "ADDL", "II", "RATE", "SS")
_NEEDED = ("ID", "TIME", "DV", "AMT")
_BELOW = ("BLQ", "BQL", "LLOQ", "<LLOQ", "<LOQ", "ND")
_MOST_ISSUES, _MOST_NAMED = 20, 3


@dataclass(frozen=True)
class Observed:
    """The concentrations of one individual by time since its one dose; NaN for what was below the limit of quantification."""

    id: str
    dose: float
    times: tuple[float, ...]
    concentrations: tuple[float, ...]


def read_observed(path: Path, analyte: str | None = None) -> tuple[Observed, ...]:
    """Return the curve of each individual of a comma-separated file, in its order.

    Columns, in any order and case: ID, TIME, DV (concentration) and AMT; as needed EVID, MDV and DVID. Without EVID a row with AMT is the
    dose. A DV that is empty, ``.`` or one of BLQ, BQL, ND was below the limit of quantification, unless MDV is 1: then there was no
    observation. Observations before the dose are passed over, except at its very time.

    Parameters
    ----------
    path : Path
    analyte : str, optional
        Which value of DVID is read; must be named where a file holds several.

    Raises
    ------
    TableError
        With file and line of everything that cannot be read, and for individuals without a dose or with several.
    """
    rows = read_lines(path)
    place = _columns(path, rows[0])
    issues: list[Issue] = []
    doses: dict[str, list[tuple[float, float]]] = {}
    points: dict[str, list[tuple[float, float, int]]] = {}
    _check_analytes(path, rows, place, analyte)
    for line, cells in rows[1:]:
        try:
            _take(_Cells(path, line, cells, place), analyte, doses, points)
        except TableError as error:
            issues += error.issues
    issues += _wrong_doses(path, {id: len(doses.get(id, [])) for id in points})
    if not points and not issues:
        issues.append(Issue("the file has no observation", str(path), expected="rows with TIME and DV"))
    if issues:
        more = [Issue(f"{len(issues) - _MOST_ISSUES} more rows cannot be read", str(path))] if len(issues) > _MOST_ISSUES else []
        raise TableError([*issues[:_MOST_ISSUES], *more])
    return tuple(_curve(path, id, doses[id][0], found) for id, found in points.items())


def _columns(path: Path, head: Cells) -> Mapping[str, int]:
    line, names = head
    place = {name.upper(): number for number, name in enumerate(names)}
    lacking = [name for name in _NEEDED if name not in place]
    if lacking:
        repair = f"Call the columns {', '.join(_NEEDED)}; the file has {', '.join(names)}"
        raise TableError(Issue(f"the column {lacking[0]} is missing", str(path), line, expected=", ".join(_NEEDED), repair=repair))
    return place


class _Cells:
    """The cells of one row by the names of their columns."""

    def __init__(self, path: Path, line: int, cells: Sequence[str], place: Mapping[str, int]) -> None:
        if len(cells) != len(place):
            expected, repair = f"{len(place)} cells, as in the header", "Count the commas of this row"
            raise TableError(Issue(f"{len(cells)} cells", str(path), line, expected=expected, repair=repair))
        self.path, self.line, self.cells, self.place = path, line, cells, place

    def text(self, name: str) -> str:
        return self.cells[self.place[name]] if name in self.place else ""

    def number(self, name: str, missing: float) -> float:
        text = self.text(name)
        if text in MISSING:
            return missing
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.wrong(name, f'"{text}" is no finite number', "digits with a decimal point, or . where missing")
        return value

    def wrong(self, name: str, problem: str, expected: str) -> TableError:
        return TableError(Issue(problem, str(self.path), self.line, name, expected, "Correct the cell"))


def _take(
    row: _Cells, analyte: str | None, doses: dict[str, list[tuple[float, float]]], points: dict[str, list[tuple[float, float, int]]]
) -> None:
    id, time, amount = row.text("ID"), row.number("TIME", math.nan), row.number("AMT", 0.0)
    if not math.isfinite(time):
        raise row.wrong("TIME", "the time is missing", "a number")
    event = row.number("EVID", 1.0 if amount else 0.0)
    if event in (1.0, 4.0):
        if row.number("ADDL", 0.0) > 0 or row.number("SS", 0.0) > 0:
            raise row.wrong("ADDL" if row.number("ADDL", 0.0) > 0 else "SS", "the analysis is of one dose", "a dose without ADDL and SS")
        if amount <= 0:
            raise row.wrong("AMT", f"the dose is {amount:g}", "an amount above 0")
        doses.setdefault(id, []).append((time, amount))
        return
    if event != 0.0 or row.number("MDV", 0.0) != 0.0 or (analyte is not None and row.text("DVID") != analyte):
        return
    below = row.text("DV").upper() in _BELOW
    value = math.nan if below else row.number("DV", math.nan)
    if value < 0:
        raise row.wrong("DV", f"the concentration is {value:g}", "0 or more")
    points.setdefault(id, []).append((time, value, row.line))


def _check_analytes(path: Path, rows: Sequence[Cells], place: Mapping[str, int], analyte: str | None) -> None:
    if "DVID" not in place:
        if analyte is not None:
            raise TableError(Issue("the file has no column DVID", str(path), rows[0][0], expected="no --dvid"))
        return
    found = [cells[place["DVID"]] for _, cells in rows[1:] if len(cells) == len(place) and _is_observation(cells, place)]
    known = list(dict.fromkeys(found))
    if analyte not in known and (analyte is not None or len(known) > 1):
        problem = f"DVID holds {', '.join(known)}" if analyte is None else f'no observation has the DVID "{analyte}"'
        repair = "Name the one to analyse with --dvid"
        raise TableError(Issue(problem, str(path), rows[0][0], "DVID", "one of " + ", ".join(known), repair))


def _is_observation(cells: Sequence[str], place: Mapping[str, int]) -> bool:
    event = cells[place["EVID"]] if "EVID" in place else "0" if cells[place["AMT"]] in (*MISSING, "0", "0.0") else "1"
    return event in (*MISSING, "0")


def _wrong_doses(path: Path, counts: Mapping[str, int]) -> list[Issue]:
    wrong = [f"ID {id} has {count or 'no'} dose{'s' if count > 1 else ''}" for id, count in counts.items() if count != 1]
    if not wrong:
        return []
    more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
    repair = "Give each ID one row with AMT; of several doses, cut out one with the observations that follow it"
    return [Issue(f"{', '.join(wrong[:_MOST_NAMED])}{more}", str(path), expected="one dose for each ID", repair=repair)]


def _curve(path: Path, id: str, dose: tuple[float, float], points: Sequence[tuple[float, float, int]]) -> Observed:
    start, amount = dose
    after = [(time - start, value, line) for time, value, line in points if time >= start]
    for (earlier, _, _), (later, _, line) in itertools.pairwise(after):
        if later <= earlier:
            repair = "Sort the rows of each ID by TIME, with one concentration for each time"
            raise TableError(Issue("TIME does not rise", str(path), line, f"ID {id}", "rising times", repair))
    if not after:
        raise TableError(Issue(f"ID {id} has no observation after its dose", str(path), expected="rows with DV after the dose"))
    return Observed(id, amount, tuple(time for time, _, _ in after), tuple(value for _, value, _ in after))
