"""A library with somebody's own values in place of some rows: a copy for as long as it is needed, which nothing else sees."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from serdsim.analysis.own_values import OwnValue
from serdsim.model.library_rows import COLUMNS as NUMBER_COLUMNS
from serdsim.model.named_rows import number_tables
from serdsim.model.own_rows import COLUMNS, FILE
from serdsim.references import read_references
from serdsim.tables import Column, read_table, write_table

_KEY = "OwnValue"
_UNSAID = "a value given without a source"


@contextmanager
def own_library(library: Path, values: Sequence[OwnValue]) -> Iterator[Path]:
    """Give a folder that holds the library with these values in it, until the block ends.

    Rows keep their names; a source that the bibliography does not have becomes an entry of it.
    """
    with tempfile.TemporaryDirectory(prefix="serdsim-own-") as folder:
        root = Path(folder) / "library"
        shutil.copytree(library, root)
        keys = _add_sources(root / "references.bib", values)
        for table, key in number_tables(library).items():
            own = {value.row.row.line: value for value in values if value.row.table == table}
            if own:
                _rewrite(root / table, key, own, keys)
        write_table(root / FILE, COLUMNS, [_line(value) for value in values])
        yield root


def _rewrite(path: Path, key: str | None, own: Mapping[int, OwnValue], keys: Mapping[str, str]) -> None:
    """Write a table anew with the values in the place of its own."""
    columns = (Column(key), *NUMBER_COLUMNS) if key else NUMBER_COLUMNS
    rows = [{**row.values, **(_cells(own[row.line], keys) if row.line in own else {})} for row in read_table(path, columns)]
    write_table(path, columns, rows)


def _cells(value: OwnValue, keys: Mapping[str, str]) -> dict[str, object]:
    note = " ".join(f"own value{', ' if value.note else ''}{value.note}; width from {value.width_from}".split())
    said: dict[str, object] = {"value": value.value, "distribution": value.distribution, "prior": value.width, "grade": value.grade}
    return said | {"source": keys[value.source or _UNSAID], "locator": "", "species": "", "assay": "", "note": note}


def _add_sources(path: Path, values: Sequence[OwnValue]) -> Mapping[str, str]:
    """Write an entry for each source that the bibliography does not have; return the key of each source."""
    known = read_references(path)
    keys: dict[str, str] = {}
    entries: list[str] = []
    for source in dict.fromkeys(value.source or _UNSAID for value in values):
        keys[source] = source if source in known else f"{_KEY}{len(entries) + 1}"
        if source not in known:
            title = re.sub(r"[^\w\s.,;:()/+-]", " ", source).strip() or _UNSAID
            year = datetime.now(UTC).year
            words = ("author = {{own value}}", f"title = {{{title}}}", f"year = {{{year}}}", "note = {no DOI}")
            entries.append("".join([f"@misc{{{keys[source]},\n", *(f"  {word},\n" for word in words), "}\n"]))
    path.write_text("\n".join([path.read_text(encoding="utf-8"), *entries]), encoding="utf-8")
    return keys


def _line(value: OwnValue) -> dict[str, object]:
    said = {"id": value.row.full, "value": value.value, "unit": value.row.row.text("unit"), "lower": None, "upper": None}
    return said | {"source": value.source, "note": " ".join(value.note.split())}
