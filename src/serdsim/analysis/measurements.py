"""What one would measure to know a number of the model: `measurements.tsv`, the assay of each row in the words of the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from math import log
from pathlib import Path

from serdsim.errors import Issue, TableError
from serdsim.model.library_rows import GRADES, content
from serdsim.model.named_rows import NamedRow
from serdsim.tables import Column, Row, read_table

FILE = "measurements.tsv"
_PLACES = ("assay", "line", "estradiol", "dose", "time")  # in the order of the words
COLUMNS = (
    Column("rows"),
    Column("table", required=False),
    Column("quantity"),
    Column("assay"),
    *(Column(name, required=False) for name in _PLACES[1:]),
    Column("n", "number"),
    Column("error", "number"),
    Column("grade", "choice", GRADES),
    Column("source"),
    Column("note", required=False),
)


@dataclass(frozen=True)
class Measurement:
    """One measurement: what, how, and how far its result lies from the truth.

    `error` is the standard deviation of the log10 of the result, all `n` repeats together.
    """

    quantity: str
    places: tuple[str, ...]
    n: int
    error: float
    grade: str
    source: str

    @property
    def words(self) -> str:
        """The measurement as a reader would plan it."""
        return f"{self.quantity} ({', '.join((*self.places, f'n = {self.n}'))})"

    def width(self, value: float, distribution: str) -> float:
        """Return the width of a row of which `value` was measured so: decades, or for a share log odds.

        The relative error of a share is that of the smaller of itself and what is left of the whole.
        """
        if distribution != "logitnormal":
            return self.error
        return self.error * log(10.0) / max(value, 1.0 - value)


def read_measurements(library: Path) -> tuple[Row, ...]:
    """Return the rows of the table; a library without the table has none.

    Raises
    ------
    TableError
        For a cell that cannot be read, repeats or an error that are not above 0, a place that is unknown.
    """
    return _read(library / FILE, content(library / FILE))


def measurement_of(row: NamedRow, library: Path) -> Measurement | None:
    """Return how a row would be measured: by the first line of the table whose pattern fits its name."""
    for line in read_measurements(library):
        if line.text("table") in ("", row.table) and fnmatchcase(row.name, line.text("rows")):
            return _measurement(line, {"key": row.key, "id": row.row.text("id")})
    return None


def _measurement(line: Row, words: Mapping[str, str]) -> Measurement:
    places = [(name, line.text(name).format(**words)) for name in _PLACES]
    said = tuple(_said(name, text) for name, text in places if text)
    error, n = line.number("error") or 0.0, int(line.number("n") or 1)
    return Measurement(line.text("quantity").format(**words), said, n, error, line.text("grade"), line.text("source"))


def _said(place: str, text: str) -> str:
    if text == "none":
        return {"estradiol": "no oestradiol", "dose": "no drug"}.get(place, text)
    return f"oestradiol {text}" if place == "estradiol" else text


@lru_cache(maxsize=8)
def _read(path: Path, held: bytes | None) -> tuple[Row, ...]:
    if held is None:
        return ()
    rows = tuple(read_table(path, COLUMNS))
    issues = [issue for row in rows for issue in _issues(row)]
    if issues:
        raise TableError(issues)
    return rows


def _issues(row: Row) -> list[Issue]:
    found = []
    for name in ("n", "error"):
        if not (row.number(name) or 0.0) > 0:
            found.append(Issue(f"{name} is {row.number(name):g}", row.file, row.line, row.text("rows"), "a number above 0", "Correct it"))
    try:
        _measurement(row, {"key": "", "id": ""})
    except (KeyError, IndexError, ValueError):
        expected, repair = "{key} or {id} in braces, nothing else", "Take the other braces out"
        found.append(Issue("a place in braces is unknown", row.file, row.line, row.text("rows"), expected, repair))
    return found
