"""A NONMEM-style CSV file -> individuals with their records; whatever cannot be read is named with its line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serdsim.dosing.nonmem_text import MISSING, nameless_issue, number_issue, read_columns, read_lines, units_issue, width_issue
from serdsim.dosing.records import DOSE, OBSERVATION, Person, Record
from serdsim.errors import InputError, Issue, TableError

_MOST_ISSUES = 20
_LARGEST = 10**9
_DOSING = ("RATE", "ADDL", "II", "SS")


@dataclass(frozen=True)
class NonmemFile:
    """Individuals in the order of the file, and the columns that were read as inputs of the model or passed over."""

    people: tuple[Person, ...]
    inputs: tuple[str, ...]
    unused: tuple[str, ...]


def read_nonmem(path: Path, inputs: Sequence[str] = ()) -> NonmemFile:
    """Return the individuals of a comma-separated file; lines that start with # and empty lines are passed over.

    Columns, in any order and case: ID and TIME [h], and as needed EVID, AMT, CMT, RATE [amount/h], II [h], ADDL, SS, F
    (bioavailability), ALAG (lag, h), R and D (rate and duration for a RATE of -1 and -2). Cells that are empty or ``.`` are
    missing. Without EVID a row with AMT is a dose, any other an observation; without CMT every dose goes to compartment 1.

    Parameters
    ----------
    path : Path
    inputs : sequence of str
        Ids that may vary in time: a column of that name gives its value over the interval that ends at the row.

    Raises
    ------
    TableError
        With file and line of everything that cannot be read.
    """
    rows = read_lines(path)
    place, used, unused = read_columns(path, rows[0], inputs)
    issues: list[Issue] = []
    records: dict[str, list[Record]] = {}
    doses: dict[tuple[str, ...], int] = {}
    last = ""
    for line, cells in rows[1:]:
        try:
            id, record = _Row(path, line, cells, place, used).read(len(rows[0][1]))
            if id in records and id != last:
                expected, repair = "the rows of an ID in one block", "Sort the rows by ID, or give this block another ID"
                raise TableError(Issue(f"ID {id} comes again after another one", str(path), line, expected=expected, repair=repair))
            last = id
            records.setdefault(id, []).append(record)
            first = doses.setdefault(tuple(cells), line) if record.doses else line
            if first != line:
                problem, expected = f"the row repeats the dose of line {first}", "each dose once"
                repair = "Remove one of the two rows; for two doses at once write one row with twice AMT, and twice RATE of an infusion"
                raise TableError(Issue(problem, str(path), line, expected=expected, repair=repair))
        except InputError as error:
            issues += error.issues
    people: list[Person] = []
    for id, own in records.items():
        try:
            people.append(Person(id, tuple(own)))
        except InputError as error:
            issues += error.issues
    if len(rows) == 1:
        repair = "Write one row per dose and per observation below the header"
        issues.append(Issue("the file has no row", str(path), rows[0][0] + 1, expected="at least one record", repair=repair))
    if issues:
        more = [Issue(f"{len(issues) - _MOST_ISSUES} more rows cannot be read", str(path))] if len(issues) > _MOST_ISSUES else []
        raise TableError([*issues[:_MOST_ISSUES], *more])
    return NonmemFile(tuple(people), used, unused)


@dataclass(frozen=True)
class _Row:
    path: Path
    line: int
    cells: Sequence[str]
    place: Mapping[str, int]
    inputs: Sequence[str]

    def read(self, width: int) -> tuple[str, Record]:
        """Return the name of the individual and the record."""
        if len(self.cells) != width:
            raise TableError(width_issue(self.path, self.line, len(self.cells), width))
        for find in (units_issue, nameless_issue):
            issue = find(self.path, self.line, self.place, self.cells)
            if issue is not None:
                raise TableError(issue)
        id = self.cells[self.place["ID"]]
        if id in MISSING:
            raise self.wrong("ID is missing", "a number or a name", "Write the ID into every row of the individual")
        amount, event = self.number("AMT", 0.0), self.event()
        dose = event in (1, 4)
        if not dose:
            self.refuse_dosing(f"of EVID {event}")
        record = Record(
            time=self.number("TIME"),
            event=event,
            amount=amount,
            compartment=self.compartment() if dose else 1,
            rate=self.number("RATE", 0.0) if dose else 0.0,
            interval=self.number("II", 0.0) if dose else 0.0,
            additional=self.whole("ADDL", 0) if dose else 0,
            steady=self.whole("SS", 0) if dose else 0,
            bioavailability=self.number("F", 1.0) if dose else 1.0,
            lag=self.number("ALAG", 0.0) if dose else 0.0,
            modelled_rate=self.number("R", math.nan) if dose and self.has("R") else None,
            modelled_duration=self.number("D", math.nan) if dose and self.has("D") else None,
            inputs=tuple((name, self.number(name)) for name in self.inputs),
            file=str(self.path),
            line=self.line,
        )
        return id, record

    def wrong(self, problem: str, expected: str, repair: str | None = None) -> TableError:
        return TableError(Issue(problem, str(self.path), self.line, expected=expected, repair=repair))

    def refuse_dosing(self, where: str) -> None:
        """Raise when a row that gives no dose says how one is given: as in NONMEM this is refused, not passed over."""
        said = [f"{column} is {self.cells[self.place[column]]}" for column in _DOSING if self.number(column, 0.0)]
        if said:
            expected = f"{', '.join(_DOSING[:-1])} and {_DOSING[-1]} only in the row of a dose"
            repair = f"Write EVID 1 and AMT if this is a dose, else . for {' and '.join(words.split()[0] for words in said)}"
            raise self.wrong(f"{' and '.join(said)} in a row {where}, which gives no dose", expected, repair)

    def has(self, column: str) -> bool:
        return column in self.place and self.cells[self.place[column]] not in MISSING

    def number(self, column: str, missing: float | None = None) -> float:
        if not self.has(column):
            if missing is None:
                raise self.wrong(f"{column} is missing", "a finite number in every row", f"Fill in the column {column}")
            return missing
        cell = self.cells[self.place[column]]
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise TableError(number_issue(self.path, self.line, column, cell, needed=missing is None))
        return value

    def whole(self, column: str, missing: int) -> int:
        value = self.number(column, float(missing))
        if value != int(value) or abs(value) > _LARGEST:
            raise self.wrong(f"{column} is {value:g}", f"a whole number of at most {_LARGEST}", f"Correct the column {column}")
        return int(value)

    def event(self) -> int:
        if self.has("EVID"):
            return self.whole("EVID", OBSERVATION)
        if self.number("AMT", 0.0):
            return DOSE
        if any(self.number(column, 0.0) for column in _DOSING):
            self.refuse_dosing("without EVID and AMT")
        return OBSERVATION

    def compartment(self) -> int:
        if "CMT" not in self.place:
            return 1
        if not self.has("CMT"):
            repair = "Write the number of the compartment that the dose goes into"
            raise self.wrong("CMT is missing in a dosing row", "a number of a compartment from 1 on", repair)
        number = self.whole("CMT", 0)
        if number < 1:
            expected = "a number of a compartment from 1 on; a compartment cannot be turned off"
            raise self.wrong(f"CMT is {number}", expected, "Write the number of the compartment that the dose goes into")
        return number
