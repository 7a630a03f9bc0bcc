"""The evidence table: summarised facts with their role. The role says what may be fitted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from serdsim.errors import ClaimError, Issue, ReferenceError_
from serdsim.model.recipe import shipped_library
from serdsim.references import Reference
from serdsim.tables import Column, Row, read_table, require_unique

ROLES = ("calibrate", "prior", "validate", "context", "gap")
RELIABILITY = ("primary", "secondary", "derived", "fitted", "recalled")
COLUMNS = (
    *(Column(name) for name in ("id", "topic", "quantity")),
    *(Column(name, "optional_number", required=False) for name in ("value", "low", "high")),
    Column("unit", "unit", required=False),
    *(Column(name, required=False) for name in ("system", "genotype", "drug", "condition")),
    Column("n", "optional_number", required=False),
    Column("source"),
    Column("locator", required=False),
    Column("role", "choice", ROLES),
    Column("reliability", "choice", RELIABILITY),
    Column("note", required=False),
)


@dataclass(frozen=True)
class Fact:
    """One summarised fact. `value`, `low` and `high` are None where the row gives none [unit]."""

    id: str
    quantity: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    system: str
    genotype: str
    drug: str
    condition: str
    n: int | None
    source: str
    role: str
    reliability: str
    note: str

    @property
    def numeric(self) -> bool:
        """True when the row carries a number."""
        return any(number is not None for number in (self.value, self.low, self.high))


def read_facts(library: Path | None = None, references: Mapping[str, Reference] | None = None) -> Mapping[str, Fact]:
    """Return the rows of evidence.tsv by id.

    Raises
    ------
    TableError
        For a malformed table, or an id that is used twice.
    ReferenceError_
        Where `references` are given: for a source that is not among them.
    """
    rows = read_table((library or shipped_library()) / "evidence.tsv", COLUMNS)
    require_unique(rows, "id")
    _check_sources(rows, references)
    facts = {}
    for row in rows:
        n = row.number("n")
        words = {
            name: row.text(name)
            for name in ("id", "quantity", "unit", "system", "genotype", "drug", "condition", "source", "role", "reliability", "note")
        }
        facts[row.text("id")] = Fact(
            value=row.number("value"), low=row.number("low"), high=row.number("high"), n=None if n is None else int(n), **words
        )
    return facts


def _check_sources(rows: Sequence[Row], references: Mapping[str, Reference] | None) -> None:
    if references is None:
        return
    issues = []
    for row in rows:
        key = row.text("source")
        if key not in references:
            near = get_close_matches(key, list(references), 3)
            repair = "Did you mean " + " or ".join(near) + "?" if near else "Add the entry to references.bib"
            problem = f'the source "{key}" is unknown'
            issues.append(Issue(problem, row.file, row.line, row.text("id"), "a key of references.bib", repair))
    if issues:
        raise ReferenceError_(issues)


def require_facts(ids: Iterable[str], facts: Mapping[str, Fact], *, role: str | None = None, file: str | None = None) -> list[Fact]:
    """Return the facts of these ids.

    Raises
    ------
    ClaimError
        For an unknown id, or a row whose role is not `role`: a row that validates may never be fitted.
    """
    issues = []
    for id in ids:
        if id not in facts:
            near = ", ".join(get_close_matches(id, facts, 3))
            expected, repair = near or "an id of evidence.tsv", "Correct the id, or add the row to evidence.tsv"
            issues.append(Issue("no such row in evidence.tsv", file=file, id=id, expected=expected, repair=repair))
        elif role is not None and facts[id].role != role:
            issues.append(
                Issue(
                    f'the row has the role "{facts[id].role}"',
                    file=file,
                    id=id,
                    expected=f'"{role}"',
                    repair="Take the row out of the problem",
                )
            )
    if issues:
        raise ClaimError(issues)
    return [facts[id] for id in ids]
