"""A copy of the library in which one thing is changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from serdsim.model.recipe import shipped_library


def copied(folder: Path) -> Path:
    """Return a copy of the shipped library."""
    return Path(shutil.copytree(shipped_library(), folder / "library"))


def edit(library: Path, file: str, old: str, new: str) -> int:
    """Replace the one place of `old` in a file; return its line."""
    path = library / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (file, old, text.count(old))
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def set_cell(library: Path, table: str, row: tuple[str, ...], column: str, value: str) -> int:
    """Write a cell of the row that starts with the words `row`; return its line."""
    path = library / table
    lines = path.read_text(encoding="utf-8").splitlines()
    head = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    place = lines[head].split("\t").index(column)
    (found,) = [i for i, line in enumerate(lines) if i > head and tuple(line.split("\t")[: len(row)]) == row]
    cells = lines[found].split("\t")
    cells[place] = value
    lines[found] = "\t".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return found + 1
