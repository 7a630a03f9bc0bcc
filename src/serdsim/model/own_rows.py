"""Rows of a library that hold somebody's own values in place of the library's: drawn apart from what they were fitted with."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from serdsim.model.library_rows import content
from serdsim.tables import Column, read_table

FILE = "own_values.tsv"  # a shipped library has none
OPTIONAL = ("lower", "upper", "source", "note")
COLUMNS = (
    Column("id"),
    Column("value", "number"),
    Column("unit", "unit"),
    *(Column(name, "optional_number", required=False) for name in ("lower", "upper")),
    *(Column(name, required=False) for name in ("source", "note")),
)
_STREAM = "own value: "  # the stream of a value that is drawn apart, which is not that of the row before


def apart(name: str) -> tuple[tuple[str, float], ...]:
    """Return the mixture of a row that is drawn by a normal number of its own, while others still mix that of the row before."""
    return ((f"{_STREAM}{name}", 1.0),)


def own_rows(library: Path) -> frozenset[str]:
    """Return the rows of a library that hold somebody's own values, each with its table before its name; none in a shipped one."""
    return _names(library / FILE, content(library / FILE))


@lru_cache(maxsize=8)
def _names(path: Path, held: bytes | None) -> frozenset[str]:
    return frozenset() if held is None else frozenset(row.text("id") for row in read_table(path, COLUMNS))
