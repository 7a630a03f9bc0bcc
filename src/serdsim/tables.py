"""Typed rows <-> TSV and CSV, with the line of every row and the name of every column kept for errors."""

from __future__ import annotations

import csv
import io
import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from serdsim.errors import Issue, TableError, UnitError
from serdsim.units import parse_unit

Kind = Literal["text", "number", "optional_number", "choice", "unit"]
_DELIMITERS = {".tsv": "\t", ".csv": ","}


@dataclass(frozen=True)
class Column:
    """What one column of a table holds.

    Parameters
    ----------
    name : str
        The word in the header.
    kind : {"text", "number", "optional_number", "choice", "unit"}
        How a cell is read: `number` and `optional_number` give float (the latter None when empty), the others str.
    choices : tuple of str
        The allowed words of a `choice` column.
    required : bool
        Whether a cell may not be empty. An empty `number` becomes None where it may be.
    """

    name: str
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True)
class Row:
    """One row of a table: its values by column name, and where it stands."""

    values: Mapping[str, object]
    line: int
    file: str

    def __getitem__(self, name: str) -> object:
        return self.values[name]

    def text(self, name: str) -> str:
        """Return the cell `name` as text."""
        return str(self.values[name])

    def number(self, name: str) -> float | None:
        """Return the cell `name` as a number, None where it is empty."""
        value = self.values[name]
        return value if isinstance(value, float) else None


def read_table(path: Path, columns: Sequence[Column]) -> list[Row]:
    """Return the rows of the table at `path`, typed as `columns` say.

    Lines that start with ``#`` and blank lines are skipped; line numbers stay those of the file.

    Raises
    ------
    TableError
        Once, with everything that is wrong with the file: each issue names file, line, column, what was expected and how to repair it.
    """
    text = _read_text(path)
    records = list(_records(path, text))
    if not records:
        expected = "a header with the columns " + ", ".join(column.name for column in columns)
        raise TableError(Issue("the table is empty", str(path), expected=expected, repair="Write the header into the first line"))
    (header_line, header), *body = records
    issues = _header_issues(str(path), header_line, header, columns)
    if issues:
        raise TableError(issues)
    by_name = {column.name: column for column in columns}
    rows: list[Row] = []
    for line, cells in body:
        if len(cells) != len(header):
            issues.append(_width_issue(str(path), line, cells, header))
            continue
        values, row_issues = _typed(str(path), line, header, cells, by_name)
        issues += row_issues
        rows.append(Row(MappingProxyType(values), line, str(path)))
    if issues:
        raise TableError(issues)
    return rows


def _read_text(path: Path) -> str:
    file = str(path)
    if path.suffix not in _DELIMITERS:
        problem = f'the ending "{path.suffix}" is not that of a table'
        raise TableError(Issue(problem, file, expected=".tsv or .csv", repair="Rename the file"))
    if path.is_dir():
        raise TableError(Issue("this is a directory", file, expected="a table file", repair="Give the path of a file inside it"))
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise TableError(Issue("the file is missing", file, expected="a table file", repair="Check the spelling of the path")) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
        repair = "Save the file again with the encoding UTF-8"
        raise TableError(Issue(problem, file, line, expected="text in UTF-8", repair=repair)) from None
    except OSError as error:
        raise TableError(Issue(f"the file cannot be read ({error.strerror})", file, expected="a readable file")) from None


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of each record; a quoted cell may span lines, and a # inside one is data."""
    starting = True

    def lines() -> Iterator[str]:
        nonlocal starting
        for line in io.StringIO(text, newline=""):
            first, starting = starting, False
            yield "\n" if first and line.startswith("#") else line

    reader = csv.reader(lines(), delimiter=_DELIMITERS[path.suffix], strict=True)
    while True:
        line, starting = reader.line_num + 1, True
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            expected = 'each opened quote closed, and a quote inside a quoted cell written as ""'
            repair = "Repair the quotes of the cell that begins here"
            problem = f"the quotes are not well formed ({error})"
            raise TableError(Issue(problem, str(path), line, expected=expected, repair=repair)) from None
        if any(cells):
            yield line, cells


def _header_issues(file: str, line: int, header: Sequence[str], columns: Sequence[Column]) -> list[Issue]:
    names = [column.name for column in columns]
    expected = "the columns " + ", ".join(names)
    own = "tabs" if file.endswith(".tsv") else "commas"
    for sign, name in (("\t", "tabs"), (",", "commas"), (";", "semicolons")):
        if len(header) == 1 and sign in header[0]:
            return [Issue(f"the columns are separated by {name}", file, line, expected=own, repair=f"Write {own} between the cells")]
    issues = [
        Issue(f'column "{name}" appears {header.count(name)} times', file, line, expected="each column once", repair="Keep one of them")
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    for name in dict.fromkeys(header):
        if name not in names:
            repair = _near(name, [n for n in names if n not in header]) or "Remove the column"
            issues.append(Issue(f'column "{name}" is unknown', file, line, expected=expected, repair=repair))
    for name in names:
        if name not in header:
            repair = _near(name, [n for n in header if n not in names], "The header has") or f'Add the column "{name}"'
            issues.append(Issue(f'column "{name}" is missing', file, line, expected=expected, repair=repair))
    return issues


def _width_issue(file: str, line: int, cells: Sequence[str], header: Sequence[str]) -> Issue:
    sign = "tabs" if file.endswith(".tsv") else "commas"
    return Issue(
        f"{len(cells)} cells",
        file,
        line,
        cells[0] or None,
        expected=f"{len(header)} cells, as in the header",
        repair=f"Count the {sign} of this row; quote a cell that holds one",
    )


def _typed(
    file: str, line: int, header: Sequence[str], cells: Sequence[str], by_name: Mapping[str, Column]
) -> tuple[dict[str, object], list[Issue]]:
    values: dict[str, object] = {}
    issues: list[Issue] = []
    for name, cell in zip(header, cells, strict=True):
        where = (file, line, name if name == header[0] or not cells[0] else f"{cells[0]}, {name}")
        values[name], issue = _cell(by_name[name], cell, where)
        if issue:
            issues.append(issue)
    return values, issues


def _cell(column: Column, cell: str, where: tuple[str, int, str]) -> tuple[object, Issue | None]:
    numeric = column.kind in {"number", "optional_number"}
    if not cell:
        if column.required and column.kind != "optional_number":
            what = "a number" if numeric else "one of " + ", ".join(column.choices) if column.choices else f"a {column.kind}"
            what += " such as nM, 1/h or dimensionless" if column.kind == "unit" else ""
            return None, Issue("the cell is empty", *where, expected=what, repair=f'Fill in the column "{column.name}"')
        return (None if numeric else ""), None
    if numeric:
        return _number(column, cell, where)
    if column.kind == "choice" and cell not in column.choices:
        repair = _near(cell, column.choices) or "Write one of these words"
        return None, Issue(f'"{cell}" is not allowed here', *where, expected="one of " + ", ".join(column.choices), repair=repair)
    if column.kind == "unit":
        try:
            parse_unit(cell)
        except UnitError as error:
            first = error.issues[0]
            return None, Issue(first.problem, *where, expected=first.expected, repair=first.repair)
    return cell, None


def _number(column: Column, cell: str, where: tuple[str, int, str]) -> tuple[float | None, Issue | None]:
    try:
        value = float(cell) if "_" not in cell else None
    except ValueError:
        value = None
    if value is None:
        repair = "Write a point for the decimal comma" if "," in cell else "Write digits only, and move anything else into a text column"
        match = re.fullmatch(r"([-+]?[\d.]+(?:[eE][-+]?\d+)?) ?(\D.*)", cell)
        with suppress(UnitError):
            repair = f"Write {match[1]} here and {match[2]} into the column of the unit" if match and parse_unit(match[2]) else repair
        return None, Issue(f'"{cell}" is not a number', *where, expected="a number such as 0.26 or 1.3e6", repair=repair)
    if not math.isfinite(value):
        optional = column.kind == "optional_number" or not column.required
        repair = "Leave the cell empty if the value is missing" if optional else "Write the number, or remove the row if it is not known"
        return None, Issue(f'"{cell}" is not finite', *where, expected="a finite number", repair=repair)
    return value, None


def _near(name: str, known: Sequence[str], lead: str = "Did you mean") -> str | None:
    close = get_close_matches(name, known, n=1)
    return f'{lead} "{close[0]}"' + ("?" if lead == "Did you mean" else "; rename it") if close else None


def require_unique(rows: Sequence[Row], *names: str) -> None:
    """Check that no two rows hold the same values in the columns `names`.

    Raises
    ------
    TableError
        With one issue for each repeated key, which names the line of its first use.
    """
    first: dict[tuple[object, ...], int] = {}
    issues: list[Issue] = []
    for row in rows:
        key = tuple(row[name] for name in names)
        line = first.setdefault(key, row.line)
        if line != row.line:
            shown, label = ", ".join(str(part) for part in key), ", ".join(names)
            repair = "Remove one of the rows, or give it another key"
            issues.append(Issue(f"already used in line {line}", row.file, row.line, shown, expected=f"each {label} once", repair=repair))
    if issues:
        raise TableError(issues)


def format_number(value: float) -> str:
    """Return the shortest text that reads back as exactly `value`; whole numbers below 1e15 are written without ``.0``."""
    number = float(value)
    if not math.isfinite(number):
        raise TableError(Issue(f"{number} cannot be written", expected="a finite number", repair="Leave a missing value as None"))
    if number.is_integer() and abs(number) < 1e15 and not (number == 0 and math.copysign(1, number) < 0):
        return str(int(number))
    return repr(number)


def write_table(path: Path, columns: Sequence[Column], rows: Sequence[Row | Mapping[str, object]]) -> None:
    """Write `rows` to `path` in their order: same rows, same bytes; the old file stays whole until the new one is complete."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=_DELIMITERS[path.suffix], lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for row in rows:
        cells = [_spell(row[column.name]) for column in columns]
        if cells[0].startswith("#"):
            raise TableError(Issue(f'"{cells[0]}" would read as a comment', str(path), expected="a first cell that does not start with #"))
        writer.writerow(cells)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(buffer.getvalue())
        Path(name).chmod(0o644)
        os.replace(name, path)  # noqa: PTH105  (the atomic step)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _spell(value: object) -> str:
    if value is None:
        return ""
    return format_number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
