"""The lines and columns of a NONMEM-style file, and in plain words what is wrong with them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from serdsim.errors import Issue, TableError, UnitError
from serdsim.units import parse_unit

WORDS = ("ID", "TIME", "EVID", "AMT", "CMT", "RATE", "II", "ADDL", "SS", "F", "ALAG", "R", "D")
MISSING = ("", ".")
_NEEDED = ("ID", "TIME")
_TRAPS = re.compile(r"(?:F|ALAG|LAG|R|D|S)\d+|LAG|TLAG|DUR|TINF|BIOAV|CONT|CALL|PCMT")
_DATES = re.compile(r"DATE|DAT\d|DATETIME|CLOCK")
_OTHER_NAMES = {"SUBJ": "ID", "SUBJECT": "ID", "SUBJID": "ID", "USUBJID": "ID", "PATIENT": "ID", "TAFD": "TIME", "HOURS": "TIME"}
_DOSES = ("DOSE", "AMOUNT")
_WITH_UNIT = re.compile(r"(TIME|AMT|RATE|II|ALAG)[\s_]*(?:\[(.+)\]|\((.+)\)|(?<=_)([a-zA-Z]+))", re.IGNORECASE)
_AMOUNT = "in the unit of the model's amounts"
UNITS = {"TIME": "in h", "II": "in h", "ALAG": "in h", "D": "in h", "AMT": _AMOUNT, "RATE": f"{_AMOUNT} per h", "R": f"{_AMOUNT} per h"}
_TEXT_FILE = "a comma-separated text file in UTF-8"
_HEADER = "a line of column names such as ID,TIME,AMT"
Cells = tuple[int, list[str]]


def read_lines(path: Path) -> list[Cells]:
    """Return number and cells of each line; lines that start with # and empty ones are passed over.

    Raises
    ------
    TableError
        When the file is missing, empty, not text, or separated by other signs than commas.
    """
    rows = list(_rows(path, _text(path)))
    if not rows:
        repair = "Write the names of the columns, then one row per dose and per observation"
        raise TableError(Issue("the file is empty", str(path), 1, expected=_HEADER, repair=repair))
    line, head = rows[0]
    for sign, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(head) == 1 and sign in head[0]:
            repair = "Export the table again with commas between the columns and points in the numbers"
            raise TableError(Issue(f"the columns are separated by {name}", str(path), line, expected=_TEXT_FILE, repair=repair))
    return rows


def _text(path: Path) -> str:
    repair = "Export the table as CSV with the encoding UTF-8"
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror or error}"
        raise TableError(Issue(problem, str(path), expected=_TEXT_FILE, repair="Check the path and the name of the file")) from error
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise TableError(Issue("the file is UTF-16 text", str(path), 1, expected=_TEXT_FILE, repair=repair))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problem = f"the file is not text: byte 0x{data[error.start]:02x} is not UTF-8"
        raise TableError(Issue(problem, str(path), line, expected=_TEXT_FILE, repair=repair)) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise TableError(Issue("the file is not text: it holds a zero byte", str(path), line, expected=_TEXT_FILE, repair=repair))
    return text


def _rows(path: Path, text: str) -> Iterator[Cells]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            expected, repair = 'each opened quote closed, and a quote inside a cell written as ""', "Repair the row that begins here"
            raise TableError(Issue(f"the row cannot be read: {error}", str(path), line, expected=expected, repair=repair)) from None
        if any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith("#"):
            yield reader.line_num, [cell.strip() for cell in cells]


def read_columns(path: Path, head: Cells, inputs: Sequence[str]) -> tuple[Mapping[str, int], tuple[str, ...], tuple[str, ...]]:
    """Return where each column stands, which are inputs of the model, and which are passed over.

    Raises
    ------
    TableError
        For a line that is no header, and for columns that are missing, come twice or would be misread.
    """
    line, names = head
    if all(_is_number(name) or name in MISSING for name in names):
        problem = f'the first line holds values, not the names of columns: "{",".join(names)}"'
        raise TableError(Issue(problem, str(path), line, expected=_HEADER, repair="Write the names of the columns above the first record"))
    known = [name.upper() if name.upper() in WORDS else name for name in names]
    issues = [
        Issue(f'the column "{name}" comes twice', str(path), line, expected="each column once", repair="Keep one of them")
        for name in dict.fromkeys(known)
        if name and known.count(name) > 1
    ]
    used = tuple(name for name in known if name in inputs and name not in WORDS)
    unused = tuple(name for name in known if name and name not in (*WORDS, *used))
    odd = {name: issue for name in unused if (issue := _odd_column(path, line, name, known))}
    issues += odd.values()
    for word in _NEEDED:
        if word not in known and not any(name.upper().startswith(word) for name in odd):
            issues.append(_missing_column(path, line, word, unused))
    dose = next((name for name in unused if name.upper() in _DOSES or get_close_matches("AMT", [name.upper()], 1)), None)
    if dose is not None and "AMT" not in known:
        repair = f'Perhaps "{dose}" should be called AMT; else write EVID 0 into every row and call it otherwise'
        issues.append(Issue(f'the column AMT is missing, and "{dose}" looks like it', str(path), line, expected=_HEADER, repair=repair))
    if issues:
        raise TableError(issues)
    return {name: number for number, name in enumerate(known) if name}, used, unused


def _missing_column(path: Path, line: int, word: str, unused: Sequence[str]) -> Issue:
    near = [name for name in unused if _OTHER_NAMES.get(name.upper()) == word] or get_close_matches(word, unused, 1)
    repair = f'Perhaps "{near[0]}" should be called {word}' if near else f'Add the column "{word}"'
    return Issue(f"the column {word} is missing", str(path), line, expected=_HEADER, repair=repair)


def _odd_column(path: Path, line: int, name: str, known: Sequence[str]) -> Issue | None:
    """Return what is wrong with a column that is not one of ours and would be missed: its name carries a unit, a day, a lag."""
    match = _WITH_UNIT.fullmatch(name)
    word = match[1].upper() if match else ""
    unit = next((text for text in match.groups()[1:] if text), "") if match else ""
    if match and word not in known and _is_unit(unit):
        wanted = UNITS[word]
        repair = f"Call it {word}" if unit == wanted.removeprefix("in ") else f"Give the values {wanted} and call the column {word}"
        return Issue(f'the column "{name}" carries a unit', str(path), line, expected=f"a column {word}, {wanted}", repair=repair)
    if _DATES.fullmatch(name.upper()):
        problem = f'the column "{name}" holds days or times of day, which are not understood'
        repair = f'Write the hours since the first record into TIME and remove the column "{name}"'
        return Issue(problem, str(path), line, expected="TIME in h", repair=repair)
    if _TRAPS.fullmatch(name.upper()):
        problem = f'the column "{name}" would change the doses, but is not one that is understood'
        expected = "F, ALAG, R and D for the dose of that row, and TIME in h"
        return Issue(
            problem, str(path), line, expected=expected, repair="Write its values into one of these columns, in the rows of the doses"
        )
    return None


def number_issue(path: Path, line: int, column: str, cell: str, needed: bool) -> Issue:
    """Return what to say about a cell that is not a finite number; `needed` where it may not be missing."""
    expected = "a finite number" + (f" {UNITS[column]}" if column in UNITS else "") + ("" if needed else ", or . where missing")
    return Issue(f'{column} is "{cell}"', str(path), line, expected=expected, repair=_number_repair(column, cell, needed))


def _number_repair(column: str, cell: str, needed: bool) -> str:
    if re.fullmatch(r"[+-]?\d+,\d+", cell):
        return f"Write {cell.replace(',', '.')}, with a decimal point"
    if column in ("TIME", "ALAG", "II", "D") and re.fullmatch(r"\d+:\d+(:\d+)?", cell):
        return "Write hours since the first record, not the time of day"
    match = re.fullmatch(r"([+-]?[\d.]+)\s*(\S.*)", cell)
    if match and _is_number(match[1]) and _is_unit(match[2]):
        return "Write the number alone, " + UNITS.get(column, "in the unit that the model gives it")
    if cell.lower().lstrip("+-") in ("nan", "na", "inf", "infinity") and not needed:
        return "Write . where the value is missing"
    return "Write a number, or remove the row" if needed else "Write a number, or . where it is missing"


def units_issue(path: Path, line: int, place: Mapping[str, int], cells: Sequence[str]) -> Issue | None:
    """Return what to say about a row that holds units below the header, None where it does not."""
    held = [cell for cell in cells if cell not in (*MISSING, "-")]
    named = [cells[place[word]] for word in UNITS if word in place]
    if any(_is_number(cell) for cell in held) or not any(_is_unit(cell) for cell in named):
        return None
    told = ", ".join(f"{word} {UNITS[word]}" for word in ("TIME", "AMT") if word in place)
    return Issue(f"the row holds units: {', '.join(held)}", str(path), line, expected=f"records, with {told}", repair="Remove the row")


def nameless_issue(path: Path, line: int, place: Mapping[str, int], cells: Sequence[str]) -> Issue | None:
    """Return what to say about a cell below an empty column name, None where all of them are empty."""
    named = set(place.values())
    lost = next((number for number, cell in enumerate(cells) if cell and number not in named), None)
    if lost is None:
        return None
    repair = "Name the column in the first line, or remove the cell"
    return Issue(
        f'"{cells[lost]}" stands in column {lost + 1}, which has no name', str(path), line, expected="a named column", repair=repair
    )


def width_issue(path: Path, line: int, found: int, width: int) -> Issue:
    """Return what to say about a row with too few or too many cells."""
    many = "Write a point for each decimal comma, and quote a cell that holds a comma"
    repair = many if found > width else "Write . for each value that is missing"
    return Issue(f"the row has {found} cells", str(path), line, expected=f"{width}, one per column", repair=repair)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_unit(text: str) -> bool:
    if _is_number(text):
        return False
    try:
        parse_unit(text)
    except UnitError:
        return False
    return True
