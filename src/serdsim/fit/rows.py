"""Reading what a PEtab problem is made of: the folder, its tables with their lines, and every issue on the way."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from serdsim.errors import Issue
from serdsim.fit.formula import parse_formula
from serdsim.model.entities import Place
from serdsim.model.expression import Expression, Number

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = ("time", "true", "false", "inf", "nan")


@dataclass(frozen=True)
class Row:
    """One row of a table: cells by column, empty ones left out, and where it stands."""

    cells: Mapping[str, str]
    place: Place

    def text(self, column: str) -> str:
        """Return a cell, empty where there is none."""
        return self.cells.get(column, "")


class Reading:
    """The folder of a problem while it is read; `issues` collects everything that is wrong."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.issues: list[Issue] = []

    def wrong(self, problem: str, place: Place, id: str | None = None, expected: str | None = None, repair: str | None = None) -> None:
        """Keep an issue."""
        self.issues.append(Issue(problem, place.file, place.line, id, expected, repair))

    def tables(self, files: Iterable[str], required: Sequence[str], *, exact: bool = False) -> list[Row]:
        """Return the rows of all files of one kind; `exact` where other columns than those that are required are an issue."""
        return [row for file in files for row in self._table(file, required, exact)]

    def _table(self, file: str, required: Sequence[str], exact: bool) -> list[Row]:
        place = Place(file)
        try:
            text = (self.folder / file).read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            self.wrong("there is no such file", place, repair="Check the name in the YAML file")
            return []
        except (OSError, UnicodeDecodeError):
            self.wrong("the file cannot be read as text", place, expected="a table with tabs in UTF-8")
            return []
        lines = csv.reader(io.StringIO(text.replace("\0", " ")), delimiter="\t")
        try:
            numbered = [(lines.line_num, cells) for cells in lines]
        except csv.Error as error:
            self.wrong(f"the file is no table: {error}", Place(file, lines.line_num), expected="a table with tabs in UTF-8")
            return []
        header = [cell.strip() for cell in (numbered[0][1] if numbered else [])]
        missing = [column for column in required if column not in header]
        for column in missing:
            self.wrong(f'the column "{column}" is missing', Place(file, 1), expected=f"columns {', '.join(required)}, divided by tabs")
        for column in dict.fromkeys(column for column in header if exact and column not in required):
            near = get_close_matches(column, missing, 1)
            repair = f'Perhaps you mean "{near[0]}"' if near else "Remove the column"
            self.wrong(f'the column "{column}" is unknown', Place(file, 1), expected=f"columns {', '.join(required)}", repair=repair)
        for column in {column for column in header if column and header.count(column) > 1}:
            self.wrong(f'the column "{column}" is there twice', Place(file, 1), repair="Keep one of them")
        found = []
        for line, cells in numbered[1:]:
            here = Place(file, line)
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                self.wrong(f"the row has {len(cells)} cells", here, expected=f"{len(header)}, as the header", repair="Check the tabs")
            pairs = zip(header, (cell.strip() for cell in cells), strict=False)
            found.append(Row({column: cell for column, cell in pairs if cell}, here))
        return [] if missing else found

    def number(self, row: Row, column: str, id: str | None = None, *, infinite: bool = False) -> float:
        """Return a cell as a number; an issue and not-a-number where it is none."""
        try:
            value = float(row.text(column))
        except ValueError:
            value = math.nan
        if math.isnan(value) or (math.isinf(value) and not infinite):
            self.wrong(f'"{row.text(column)}" in the column "{column}" is not a number', row.place, id, "a number with a decimal point")
            return math.nan
        return value

    def formula(self, row: Row, column: str, id: str | None = None, text: str | None = None) -> Expression:
        """Return a cell, or a part of it, as an expression; an issue where it is none."""
        words = row.text(column) if text is None else text
        if not words:
            self.wrong(f'the column "{column}" is empty', row.place, id, "a formula")
            return Number(math.nan)
        try:
            return parse_formula(words)
        except ValueError as error:
            self.wrong(f'"{words}" in the column "{column}" is no formula of PEtab: {error}', row.place, id, "PEtab mathematics")
            return Number(math.nan)

    def formulas(self, row: Row, column: str, id: str | None = None) -> tuple[Expression, ...]:
        """Return the parts of a cell that semicolons divide."""
        return tuple(self.formula(row, column, id, part.strip()) for part in row.text(column).split(";")) if row.text(column) else ()

    def choice(self, row: Row, column: str, known: Sequence[str], usual: str, id: str | None = None) -> str:
        """Return a cell that must be one of some words; the usual one where it is empty or unknown."""
        word = row.text(column) or usual
        if word not in known:
            self.wrong(f'"{word}" in the column "{column}" is not supported', row.place, id, "one of " + ", ".join(known))
            return usual
        return word

    def once(self, rows: Sequence[Row], column: str, *, free: bool = False) -> list[Row]:
        """Return the rows whose id is given, first rows of an id only, with an issue for every other; a `free` id is any text."""
        found: dict[str, Row] = {}
        for row in rows:
            id = row.text(column)
            if not id:
                self.wrong(f'the column "{column}" is empty', row.place, repair="Give the row an id")
            elif not free and (not _ID.fullmatch(id) or id.lower() in _RESERVED):
                self.wrong("this is no id", row.place, id, "letters, digits and underscores, no digit first, no word of PEtab's formulas")
            elif id in found:
                self.wrong("the id is there twice", row.place, id, repair=f"See line {found[id].place.line}; remove or rename one")
            else:
                found[id] = row
        return list(found.values())
