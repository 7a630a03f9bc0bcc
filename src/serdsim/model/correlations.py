"""Numbers that were fitted together are drawn together: correlations of a fit -> the mixture of normals behind each row."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import numpy as np

from serdsim.errors import Issue, TableError
from serdsim.model.library_rows import GRADES, content
from serdsim.references import read_references
from serdsim.tables import Column, Row, read_table

COLUMNS = (
    Column("first"),
    Column("second"),
    Column("value", "number"),
    Column("unit", "unit"),
    Column("grade", "choice", GRADES),
    *(Column(name) for name in ("source", "note")),
)
Mixture = tuple[tuple[str, float], ...]


def mixtures_of(path: Path) -> Mapping[str, Mixture]:
    """Return for each row of a fit the weights of the standard normals, one per row, that its own normal is the sum of.

    Parameters
    ----------
    path : Path
        Table of correlations on the scale of the draws (log10, odds for shares), each pair once; a pair that is not there is
        not correlated. A row mixes the normals of rows that come before it in the table, and rows that never stand second come
        before all others. A library without the table has none.

    Raises
    ------
    TableError
        For a value outside -1 to 1, a pair that is given twice, or numbers that no set of quantities can have together.
    """
    return _mixtures(path, content(path))


@lru_cache(maxsize=8)
def _mixtures(path: Path, held: bytes | None) -> Mapping[str, Mixture]:
    if held is None:
        return {}
    rows = read_table(path, COLUMNS)
    issues = [issue for row in rows for issue in _issues(row)] + _repeated(rows)
    if issues:
        raise TableError(issues)
    names = _in_order(rows)
    matrix = np.eye(len(names))
    for row in rows:
        i, j = names.index(row.text("first")), names.index(row.text("second"))
        matrix[i, j] = matrix[j, i] = row.number("value") or 0.0
    try:
        weights = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        problem = "the correlations contradict each other: no set of quantities can have them together"
        raise TableError(
            Issue(
                problem,
                str(path),
                expected="a positive definite matrix",
                repair="Write them again by the fit, or as their source gives them",
            )
        ) from None
    return {name: tuple((names[j], float(w)) for j, w in enumerate(weights[i]) if w) for i, name in enumerate(names)}


def _in_order(rows: list[Row]) -> list[str]:
    """Return the names in the order in which they are drawn: those that never stand second first, so that no other moves them."""
    names = dict.fromkeys(row.text(side) for row in rows for side in ("first", "second"))
    second = {row.text("second") for row in rows}
    return sorted(names, key=lambda name: name in second)


def joined(path: Path) -> Mapping[str, int]:
    """Return for each row of the table how many rows are drawn together with it, itself included, directly or through others."""
    groups: dict[str, set[str]] = {}
    for name, mixture in mixtures_of(path).items():
        group = set().union(*(groups.get(other, {other}) for other, _ in mixture), {name})
        groups |= dict.fromkeys(group, group)
    return {name: len(group) for name, group in groups.items()}


def require_rows(path: Path, known: frozenset[str], bibliography: Path, what: str = "row") -> None:
    """Check that the table names rows and sources that there are; `what` says in a message which rows those are.

    Raises
    ------
    TableError
        With file and line of each name that no row or bibliography entry has: a pair that is misspelt would not be drawn together.
    """
    _require_rows(path, content(path), known, bibliography, content(bibliography), what)


@lru_cache(maxsize=8)
def _require_rows(path: Path, held: bytes | None, known: frozenset[str], bibliography: Path, entries: bytes | None, what: str) -> None:
    if held is None:
        return
    rows, sources = read_table(path, COLUMNS), read_references(bibliography)
    strange = [(row, row.text(side)) for row in rows for side in ("first", "second") if row.text(side) not in known]
    issues = []
    if strange:
        row, name = strange[0]
        near, others = get_close_matches(name, sorted(known), 1), len({other for _, other in strange}) - 1
        repair = f"Did you mean {near[0]}?" if near else "Take out the pairs of rows that the library no longer has"
        problem = f"no {what} has this name" + (f", nor {others} other names of the table" if others else "")
        issues.append(Issue(problem, row.file, row.line, name, "such as K_drive or palbociclib.K_CDK46", repair))
    for row in rows:
        if row.text("source") not in sources:
            problem = f'the source "{row.text("source")}" is unknown'
            near = get_close_matches(row.text("source"), sources, 1)
            repair = f"Did you mean {near[0]}?" if near else f"Add the entry to {bibliography.name}"
            issues.append(Issue(problem, row.file, row.line, expected=f"a key of {bibliography.name}", repair=repair))
    if issues:
        raise TableError(issues)


def _issues(row: Row) -> list[Issue]:
    value = row.number("value") or 0.0
    if row.text("first") == row.text("second"):
        return [Issue("a row is correlated with itself", row.file, row.line, row.text("first"), "two rows", "Remove the line")]
    if not -1.0 < value < 1.0:
        expected, repair = "a number between -1 and 1", "Correct the number, or write the table again by the fit"
        return [Issue(f"the correlation is {value:g}", row.file, row.line, row.text("first"), expected, repair)]
    return []


def _repeated(rows: list[Row]) -> list[Issue]:
    seen: dict[frozenset[str], int] = {}
    issues = []
    for row in rows:
        pair = frozenset((row.text("first"), row.text("second")))
        if pair in seen:
            problem = f"the pair is given twice, first in line {seen[pair]}"
            issues.append(Issue(problem, row.file, row.line, row.text("first"), "each pair once", "Keep one of the two rows"))
        seen.setdefault(pair, row.line)
    return issues
