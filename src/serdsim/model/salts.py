"""Salts of drugs: what is weighed as a salt is given as the free base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from serdsim.errors import Issue, TableError
from serdsim.model.library_rows import GRADES, content
from serdsim.tables import Column, read_table, require_unique

COLUMNS = (
    Column("salt"),
    Column("drug"),
    Column("molar_mass", "number"),
    Column("base_molar_mass", "number"),
    Column("grade", "choice", GRADES),
    Column("source"),
    *(Column(name, required=False) for name in ("locator", "note")),
)


@dataclass(frozen=True)
class Salt:
    """A salt of a drug; `base_share` is the mass of free base in a mass of salt."""

    name: str
    drug: str
    base_share: float


def read_salts(library: Path) -> Mapping[str, Salt]:
    """Return the salts of salts.tsv by name; none for a library without that file.

    Raises
    ------
    TableError
        For a malformed table, a salt that is given twice, and a molar mass that is not above 0.
    """
    return _read(library / "salts.tsv", content(library / "salts.tsv"))


@lru_cache(maxsize=8)
def _read(path: Path, held: bytes | None) -> Mapping[str, Salt]:
    if held is None:
        return {}
    rows = read_table(path, COLUMNS)
    require_unique(rows, "salt")
    found, issues = {}, []
    for row in rows:
        salt, base = row.number("molar_mass") or 0.0, row.number("base_molar_mass") or 0.0
        if not 0.0 < base <= salt:
            problem, expected = f"a base of {base:g} in a salt of {salt:g} g/mol", "0 < base_molar_mass <= molar_mass"
            issues.append(Issue(problem, row.file, row.line, row.text("salt"), expected, "Correct the molar masses"))
        else:
            found[row.text("salt")] = Salt(row.text("salt"), row.text("drug"), base / salt)
    if issues:
        raise TableError(issues)
    return found
