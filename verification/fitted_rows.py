"""Rows of the library tables that a fit sets: values, widths, origin and correlations, written back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Protocol

import numpy as np

from serdsim.claims.evidence_rows import read_facts
from serdsim.errors import InputError
from serdsim.model.correlations import COLUMNS as CORRELATION
from serdsim.model.library import COLUMNS
from serdsim.tables import Column, Row, read_table, write_table

KEYS = {
    "parameters.tsv": None,
    "drugs.tsv": "drug",
    "genotypes.tsv": "genotype",
    "cell_lines.tsv": "cell_line",
    "hosts.tsv": "host",
    "tissue.tsv": "drug",
    "pk_human.tsv": "drug",
}
APART = 1e-9  # a correlation below is that of numbers that no measurement joins
FAR = 2.0  # widths of the prior: a value that lies so far from its centre says so
MOVED = 0.3  # widths of the prior: a value that measurements moved further is theirs, whatever its own width


class Informing(Protocol):
    """A comparison: the evidence rows that it reads and the fitted quantities that it informs."""

    @property
    def rows(self) -> tuple[str, ...]: ...

    @property
    def informs(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Fitted:
    """Names, values, widths for the tables, whether the rows told more than the prior, whether a row is a share, how far a
    value lies from the centre of its prior (in widths).

    `correlation` belongs to `together`, the names of the rows that are drawn together.
    """

    names: list[str]
    values: np.ndarray
    deviation: np.ndarray
    informed: np.ndarray
    share: np.ndarray
    moved: np.ndarray
    together: list[str]
    correlation: np.ndarray


def distribution(library: Path, name: str) -> str:
    """Return the distribution of a table row."""
    return find(library, name).text("distribution")


def find(library: Path, name: str) -> Row:
    """Return a table row by ``table:key:id``."""
    table, key, id = name.split(":")
    rows = read_table(library / table, columns_of(table))
    found = [r for r in rows if r.text("id") == id and (not key or r.text(KEYS[table] or "") == key)]
    if not found:
        raise InputError(f"{name} is in no table")
    return found[0]


def columns_of(table: str) -> list[Column]:
    """Return the columns of a library table."""
    key = KEYS[table]
    return [*([Column(key)] if key else []), *COLUMNS]


def write(library: Path, fitted: Fitted, targets: Sequence[Informing], script: str, notes: Mapping[str, str]) -> None:
    """Write the values with their rows and sources into the tables; `notes` by row are added to the words of their origin."""
    facts = read_facts(library)
    for table, key in KEYS.items():
        columns = columns_of(table)
        rows = []
        for row in read_table(library / table, columns):
            record = dict(row.values)
            name = f"{table}:{row.text(key) if key else ''}:{row.text('id')}"
            if name in fitted.names:
                i = fitted.names.index(name)
                read = list(dict.fromkeys(id for t in targets if name in t.informs for id in t.rows))
                sources = dict.fromkeys(facts[id].source for id in read)
                ids = list(dict.fromkeys(id.split(".")[0] if id.startswith("D") else id for id in read))  # a series by its number
                record |= {"value": float(f"{fitted.values[i]:.4g}"), "prior": float(f"{fitted.deviation[i]:.3g}")}
                record |= {
                    "source": "; ".join(sources),
                    "locator": "; ".join(ids),
                    "grade": "fitted" if fitted.informed[i] or abs(fitted.moved[i]) >= MOVED else "assumption",
                }
                told = "" if fitted.informed[i] else _untold(fitted.moved[i], script)
                told += f"; {abs(fitted.moved[i]):.1f} widths from the centre of its prior" if abs(fitted.moved[i]) >= FAR else ""
                record["note"] = "; ".join([f"fitted by verification/{script}{told}", *([notes[name]] if name in notes else [])])
            rows.append(record)
        write_table(library / table, columns, rows)
    write_correlations(library, fitted, script)


def _untold(moved: float, script: str) -> str:
    """Return the words on a row whose width the measurements did not narrow; `moved` is in widths of its prior."""
    if abs(moved) < MOVED:
        return "; the rows told no more than the prior" + (", which is the first prototype's value" if script == "take_fit.py" else "")
    return "; moved with others that the rows tell only together, the width is that of the prior"


def write_correlations(library: Path, fitted: Fitted, script: str) -> None:
    """Write the correlations of the fit, where measurements join two numbers; those of others, such as the class prior's, stay."""
    path = library / "correlations.tsv"
    note = f"local, by verification/{script}"
    kept = [dict(row.values) for row in read_table(path, CORRELATION)] if path.is_file() else []
    names = [row_name(name) for name in fitted.together]
    records = [r for r in kept if not str(r["note"]).startswith(note)]
    for (i, first), (j, second) in combinations(enumerate(names), 2):
        if abs(fitted.correlation[i, j]) < APART:
            continue
        record = {"first": first, "second": second, "value": float(f"{fitted.correlation[i, j]:.4f}")}
        records.append(record | {"unit": "dimensionless", "grade": "fitted", "source": "Serdsim2026", "note": note})
    write_table(path, CORRELATION, records)


def row_name(name: str) -> str:
    """Return the name by which a model knows the row ``table:key:id``."""
    _, key, id = name.split(":")
    return f"{key}.{id}" if key else id
