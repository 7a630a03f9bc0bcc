"""Rows of the library's tables: what a row must say, checked once for each content of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from serdsim.errors import Issue, ReferenceError_, TableError
from serdsim.references import read_references
from serdsim.tables import Column, Row, read_table

GRADES = ("primary", "secondary", "derived", "fitted", "recalled", "assumption")
DISTRIBUTIONS = ("fixed", "lognormal", "logitnormal")
_WIDE = 9.0  # a variance of the log above it, three e-folds of standard deviation, is a slip of units
COLUMNS = (
    Column("id"),
    Column("value", "number"),
    Column("unit", "unit"),
    Column("distribution", "choice", DISTRIBUTIONS),
    Column("iiv", "optional_number", required=False),
    Column("lower", "optional_number", required=False),
    Column("upper", "optional_number", required=False),
    Column("prior", "optional_number", required=False),
    Column("grade", "choice", GRADES),
    *(Column(name, required=False) for name in ("source", "locator", "species", "assay", "note")),
)


def rows_of(path: Path, key: str | None) -> tuple[Row, ...]:
    """Return the rows of a table of numbers; `key` is its first column where rows belong to a drug, genotype or cell line.

    Raises
    ------
    TableError
        Once, with everything that is wrong: cells, repeated rows, missing sources, values that their distribution excludes.
    """
    return _read(path, key, content(path))


def require_sources(paths: Sequence[tuple[Path, str | None]], bibliography: Path) -> None:
    """Check that every source of the tables is in the bibliography.

    Raises
    ------
    ReferenceError_
        With file and line of each row that names an unknown key.
    """
    _check_sources(tuple((path, key, content(path)) for path, key in paths), bibliography, content(bibliography))


def content(path: Path) -> bytes | None:
    """Return what a file holds, None where it cannot be read: what was read before counts only while this is the same."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def sources_of(row: Row) -> tuple[str, ...]:
    """Return the citation keys of a row."""
    return tuple(key.strip() for key in row.text("source").split(";") if key.strip())


@lru_cache(maxsize=64)
def _read(path: Path, key: str | None, held: bytes | None) -> tuple[Row, ...]:
    rows = tuple(read_table(path, (Column(key), *COLUMNS) if key else COLUMNS))
    issues = [issue for row in rows for issue in _row_issues(row)] + list(_repeated(rows, key))
    if issues:
        raise TableError(issues)
    return rows


@lru_cache(maxsize=16)
def _check_sources(tables: tuple[tuple[Path, str | None, bytes | None], ...], bibliography: Path, held: bytes | None) -> None:
    known = read_references(bibliography)
    issues = []
    for path, key, _ in tables:
        for row in rows_of(path, key):
            for source in sources_of(row):
                if source not in known:
                    near = get_close_matches(source, list(known), 3)
                    repair = "Did you mean " + " or ".join(near) + "?" if near else f"Add the entry to {bibliography.name}"
                    problem = f'the source "{source}" is unknown'
                    issues.append(Issue(problem, row.file, row.line, row.text("id"), f"a key of {bibliography.name}", repair))
    if issues:
        raise ReferenceError_(issues)


def _repeated(rows: tuple[Row, ...], key: str | None) -> Iterator[Issue]:
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        where = (row.text(key) if key else "", row.text("id"))
        if where in seen:
            problem = f"given twice, first in line {seen[where]}"
            expected = "each id once" + (f" for each {key}" if key else "")
            yield Issue(problem, row.file, row.line, row.text("id"), expected, "Keep one of the two rows")
        seen.setdefault(where, row.line)


def _row_issues(row: Row) -> Iterator[Issue]:
    def issue(problem: str, expected: str, repair: str) -> Issue:
        return Issue(problem, row.file, row.line, row.text("id"), expected, repair)

    grade, distribution = row.text("grade"), row.text("distribution")
    value, prior, lower, upper = row.number("value") or 0.0, row.number("prior"), row.number("lower"), row.number("upper")
    if not row.text("source"):
        repair = "Name where the number was read; an assumption of this project is Serdsim2026, a recalled number Recalled2026"
        yield issue(f"grade {grade} without a source", "a key of references.bib", repair)
    if distribution != "fixed" and not (prior and prior > 0):
        yield issue("a distribution without its width", "a positive number in the column prior", "Give the width, or write fixed")
    if value < 0:
        yield issue(f"the value is negative: {value:g}", "zero or more", "Check the sign")
    elif distribution == "lognormal" and value == 0:
        yield issue("a lognormal quantity is 0", "a positive value", "Give a positive value, or write fixed")
    if distribution == "logitnormal" and not 0 < value < 1:
        yield issue(f"a logitnormal quantity is {value:g}", "a value between 0 and 1", "Give it as a share, or write lognormal")
    yield from (issue(*words) for words in _between_issues(row.number("iiv"), value, distribution))
    if (lower is not None and value < lower) or (upper is not None and value > upper):
        bounds = f"{'no bound' if lower is None else f'{lower:g}'} to {'no bound' if upper is None else f'{upper:g}'}"
        yield issue(
            f"the value {value:g} lies outside lower and upper ({bounds})", "a value between them", "Correct the value or the bounds"
        )


def _between_issues(variance: float | None, value: float, distribution: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a variance between individuals; that of a fixed row is one of its log."""
    if variance is None:
        return
    if variance < 0:
        yield f"the variance between individuals is negative: {variance:g}", "zero or more, or an empty cell", "Check the sign"
    elif variance > 0 and value == 0:
        yield "individuals cannot vary around 0", "a value above 0, or an empty cell in the column iiv", "Empty the cell, or give a value"
    elif variance > 0 and distribution != "logitnormal" and variance > _WIDE:
        repair = "Give the variance of the log, CV^2 for a small coefficient of variation, not the coefficient in percent"
        yield f"the variance between individuals is {variance:g}", f"a variance of the log, at most {_WIDE:g}", repair
