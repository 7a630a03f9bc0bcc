"""A result table from pieces, in fixed memory: the bytes are those of the same table written at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from serdsim.results.table_files import ROW_GROUP, copy_to, pinned_writer, text, write_csv, write_parquet

MOST_CSV_ROWS = 1_000_000  # what a spreadsheet opens; a longer table is there as Parquet only
Columns = Mapping[str, np.ndarray]


def write_stream(pieces: Iterable[Columns], rows: int, folder: Path, name: str) -> None:
    """Write ``<name>.parquet`` into `folder`, and ``<name>.csv`` up to `MOST_CSV_ROWS` rows.

    The rows are cut into blocks of one row group each. The blocks are written first and then read as one table, so that
    the writer meets the same full vectors, and hence makes the same bytes, as with the whole table in memory.

    Parameters
    ----------
    pieces : iterable of mapping of str to ndarray
        The same columns each time, of float64, int64 or (object) text, without missing text.
    rows : int
        How many rows all pieces have together.
    folder : Path
        Blocks lie there for a while, too.
    name : str
        Of the table.
    """
    target = folder / f"{name}.parquet"
    files: list[Path] = []
    with ExitStack() as stack:
        writer = stack.enter_context(pinned_writer())
        short = rows <= MOST_CSV_ROWS
        sheet = stack.enter_context((folder / f"{name}.csv").open("w", encoding="utf-8", newline="")) if short else None
        for number, block in enumerate(_blocks(pieces)):
            if sheet is not None:
                write_csv(block, sheet, header=number == 0)
            if rows <= ROW_GROUP:
                write_parquet(writer, block, target)
            else:
                files.append(folder / f"{name}.{number:08d}.block")
                write_parquet(writer, block, files[-1], "uncompressed")
        if files:
            copy_to(writer, f"SELECT * FROM read_parquet([{', '.join(map(text, files))}])", target)
    for file in files:
        file.unlink()


def _blocks(pieces: Iterable[Columns]) -> Iterator[pd.DataFrame]:
    """Yield the rows of all pieces in tables of one row group; the last may be shorter."""
    held: list[Columns] = []
    count = 0
    for piece in pieces:
        length = len(next(iter(piece.values())))
        start = 0
        while length - start >= ROW_GROUP - count:
            end = start + ROW_GROUP - count
            yield _table([*held, _rows(piece, start, end)])
            held, count, start = [], 0, end
        if start < length:
            held.append(_rows(piece, start, length))
            count += length - start
    if held:
        yield _table(held)


def _rows(piece: Columns, start: int, end: int) -> Columns:
    return {name: column[start:end] for name, column in piece.items()}


def _table(pieces: list[Columns]) -> pd.DataFrame:
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    return pd.DataFrame({name: pd.Series(column, dtype=column.dtype) for name, column in columns.items()})
