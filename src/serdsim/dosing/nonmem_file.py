"""A NONMEM-style CSV file -> individuals with their records; whatever cannot be read is named with its line."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from serdsim.dosing.records import DOSE, OBSERVATION, Person, Record
from serdsim.errors import InputError, Issue, TableError

WORDS = ("ID", "TIME", "EVID", "AMT", "CMT", "RATE", "II", "ADDL", "SS", "F", "ALAG", "R", "D")
_NEEDED = ("ID", "TIME")
_TRAPS = re.compile(r"(?:F|ALAG|LAG|R|D|S)\d+|LAG|TLAG|DUR|TINF|BIOAV|DATE|DAT\d|CONT|CALL|PCMT")
_MISSING = ("", ".")
_MOST_ISSUES = 20


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
    rows = list(_rows(path))
    if not rows:
        raise TableError(Issue("the file is empty", str(path), 1, expected="a line of column names such as ID,TIME,AMT"))
    place, used, unused = _columns(path, rows[0], inputs)
    issues: list[Issue] = []
    records: dict[str, list[Record]] = {}
    last = ""
    for line, cells in rows[1:]:
        try:
            id, record = _Row(path, line, cells, place, used).read(len(rows[0][1]))
            if id in records and id != last:
                raise TableError(
                    Issue(f"ID {id} comes again after another one", str(path), line, expected="the rows of an ID in one block")
                )
            last = id
            records.setdefault(id, []).append(record)
        except InputError as error:
            issues += error.issues
    people: list[Person] = []
    for id, own in records.items():
        try:
            people.append(Person(id, tuple(own)))
        except InputError as error:
            issues += error.issues
    if len(rows) == 1:
        issues.append(Issue("the file has no row", str(path), rows[0][0] + 1, expected="at least one record"))
    if issues:
        more = [Issue(f"{len(issues) - _MOST_ISSUES} more rows cannot be read", str(path))] if len(issues) > _MOST_ISSUES else []
        raise TableError([*issues[:_MOST_ISSUES], *more])
    return NonmemFile(tuple(people), used, unused)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for cells in reader:
                if cells and any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith("#"):
                    yield reader.line_num, [cell.strip() for cell in cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TableError(Issue(f"the file cannot be read: {problem}", str(path), expected="a comma-separated text file")) from error


def _columns(path: Path, head: tuple[int, list[str]], inputs: Sequence[str]) -> tuple[Mapping[str, int], tuple[str, ...], tuple[str, ...]]:
    """Return where each column stands, which are inputs, and which are passed over."""
    line, names = head
    known = [name.upper() if name.upper() in WORDS else name for name in names]
    issues = [
        Issue(f'the column "{name}" comes twice', str(path), line, expected="each column once")
        for name in {*known}
        if known.count(name) > 1
    ]
    for word in _NEEDED:
        if word not in known:
            near = get_close_matches(word, names, 1)
            repair = f'Perhaps "{near[0]}" should be called {word}' if near else None
            issues.append(Issue(f"the column {word} is missing", str(path), line, expected=f"columns of {', '.join(WORDS)}", repair=repair))
    used = tuple(name for name in known if name in inputs and name not in WORDS)
    unused = tuple(name for name in known if name not in (*WORDS, *used))
    for name in unused:
        if _TRAPS.fullmatch(name.upper()):
            words = f'the column "{name}" would change the doses, but is not one that is understood'
            issues.append(Issue(words, str(path), line, expected="F, ALAG, R and D for the dose of that row, and TIME in h"))
    if issues:
        raise TableError(issues)
    return {name: number for number, name in enumerate(known)}, used, unused


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
            raise self.wrong(f"the row has {len(self.cells)} cells", f"{width}, one per column")
        id = self.cells[self.place["ID"]]
        if id in _MISSING:
            raise self.wrong("ID is missing", "a number or a name")
        amount, event = self.number("AMT", 0.0), self.event()
        dose = event in (1, 4)
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

    def wrong(self, problem: str, expected: str) -> TableError:
        return TableError(Issue(problem, str(self.path), self.line, expected=expected))

    def has(self, column: str) -> bool:
        return column in self.place and self.cells[self.place[column]] not in _MISSING

    def number(self, column: str, missing: float | None = None) -> float:
        if not self.has(column):
            if missing is None:
                raise self.wrong(f"{column} is missing", "a finite number")
            return missing
        cell = self.cells[self.place[column]]
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.wrong(f'{column} is "{cell}"', "a finite number, or . where missing")
        return value

    def whole(self, column: str, missing: int) -> int:
        value = self.number(column, float(missing))
        if value != int(value):
            raise self.wrong(f"{column} is {value:g}", "a whole number")
        return int(value)

    def event(self) -> int:
        if self.has("EVID"):
            return self.whole("EVID", OBSERVATION)
        if self.number("AMT", 0.0):
            return DOSE
        if self.number("RATE", 0.0) or self.number("SS", 0.0):
            raise self.wrong("RATE or SS stands in a row without EVID and without AMT", "EVID, which says whether this is a dose")
        return OBSERVATION

    def compartment(self) -> int:
        if "CMT" not in self.place:
            return 1
        if not self.has("CMT"):
            raise self.wrong("CMT is missing in a dosing row", "a number of a compartment from 1 on")
        number = self.whole("CMT", 0)
        if number < 1:
            raise self.wrong(f"CMT is {number}", "a number of a compartment from 1 on; a compartment cannot be turned off")
        return number
