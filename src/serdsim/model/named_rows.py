"""The rows of all tables of numbers by the names that models call them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serdsim.model.library_rows import rows_of
from serdsim.model.recipe import read_recipe, shipped_models
from serdsim.tables import Row


@dataclass(frozen=True)
class NamedRow:
    """A row with its table and its name, ``imlunestrant.Kd`` or ``k_mPGR``; `full` names the table too, as ``pk_mouse:imlunestrant.CL``."""

    table: str
    key: str
    name: str
    row: Row

    @property
    def full(self) -> str:
        """The name with the table before it, which no two rows share."""
        return f"{Path(self.table).stem}:{self.name}"


def number_tables(library: Path) -> Mapping[str, str | None]:
    """Return the tables of numbers that the shipped models are filled from, each with the column that its rows belong by."""
    models = sorted(shipped_models(library), key=lambda name: (len(name), name))  # those first that statements are tested on
    entries = (entry for name in models for entry in read_recipe(name, library).tables)
    found = {str(entry["table"]): str(entry["key"]) if "key" in entry else None for entry in entries}
    return dict(sorted(found.items(), key=lambda item: (item[1] is not None, list(found).index(item[0]))))


def named_rows(library: Path) -> tuple[NamedRow, ...]:
    """Return every row of every table of numbers, in the order of tables and rows."""
    return tuple(
        NamedRow(table, row.text(key) if key else "", f"{row.text(key)}.{row.text('id')}" if key else row.text("id"), row)
        for table, key in number_tables(library).items()
        for row in rows_of(library / table, key)
    )
