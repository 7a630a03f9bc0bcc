"""The fits behind a library: which rows of its tables each fills, and which evidence rows it was fitted to as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serdsim.claims.evidence_rows import Fact, require_facts
from serdsim.claims.judge import rows_in_use, stems
from serdsim.model.entities import Evidence
from serdsim.tables import Column, read_table

_ROWS = [Column("parameterId"), Column("table"), Column("key", required=False), Column("id"), Column("transform")]
_SOURCES = [Column("datasetId"), Column("evidence", required=False), Column("title")]


@dataclass(frozen=True)
class FitRows:
    """One problem below ``problems/``.

    Attributes
    ----------
    filled : frozenset of str
        The rows that it fills, called as models call them: by id, or by drug, genotype or line and id.
    evidence : frozenset of str
        The rows of the evidence table that it reads.
    """

    filled: frozenset[str]
    evidence: frozenset[str]


def read_fits(library: Path, facts: Mapping[str, Fact]) -> tuple[FitRows, ...]:
    """Return the fits of a library.

    Raises
    ------
    ClaimError
        For a row that is not in the evidence table or has another role than `calibrate`.
    """
    found = []
    for folder in sorted((library / "problems").glob("*/")):
        sources, rows = folder / "sources.tsv", folder / "rows.tsv"
        if not (sources.is_file() and rows.is_file()):
            continue
        ids = [id for row in read_table(sources, _SOURCES) for id in row.text("evidence").split(";") if id]
        require_facts(ids, facts, role="calibrate", file=f"problems/{folder.name}/sources.tsv")
        names = [f"{row.text('key')}.{row.text('id')}" if row.text("key") else row.text("id") for row in read_table(rows, _ROWS)]
        found.append(FitRows(frozenset(names), frozenset(ids)))
    return tuple(found)


def rows_behind(evidence: Iterable[Evidence], fits: Sequence[FitRows]) -> frozenset[str]:
    """Return the evidence rows behind numbers: what they name, and all that a fit read which fills one of them."""
    entries = list(evidence)
    read = {entry.row for entry in entries}
    return rows_in_use(entries) | stems(id for fit in fits if fit.filled & read for id in fit.evidence)
