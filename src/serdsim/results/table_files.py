"""Result tables as CSV and Parquet: the same table gives the same bytes, floats read back exactly."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import duckdb
import numpy as np
import pandas as pd
from pandas.api import types

from serdsim.errors import InputError, Issue

ROW_GROUP = 122_880


def write_table(table: pd.DataFrame, folder: Path, name: str) -> None:
    """Write ``<name>.csv`` and ``<name>.parquet`` into `folder`, rows as they come.

    CSV is UTF-8, floats in the shortest form that reads back exactly, missing cells empty. Parquet is written by one pinned
    writer: one thread, fixed row groups, no timestamp. A missing number is an empty cell there, too.

    Raises
    ------
    InputError
        For a table without columns, or with columns of the same name.
    """
    plain = plain_table(table, name)
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
        write_csv(plain, stream)
    _write_parquet(plain, folder / f"{name}.parquet")


def write_csv(table: pd.DataFrame, stream: TextIO, header: bool = True) -> None:
    """Write the rows of a plain table."""
    table.to_csv(stream, index=False, lineterminator="\n", header=header)


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    with pinned_writer() as connection:
        write_parquet(connection, table, path)


def pinned_writer() -> duckdb.DuckDBPyConnection:
    """Return the one writer of Parquet: one thread, rows in the order given."""
    return duckdb.connect(":memory:", config={"threads": 1, "preserve_insertion_order": True})


def write_parquet(connection: duckdb.DuckDBPyConnection, table: pd.DataFrame, path: Path, compression: str = "zstd") -> None:
    """Write a plain table."""
    columns = ", ".join(f"CAST({quoted(name)} AS {_sql_type(table[name])}) AS {quoted(name)}" for name in table.columns)
    connection.register("result", table)
    copy_to(connection, f"SELECT {columns} FROM result", path, compression)
    connection.unregister("result")


def copy_to(connection: duckdb.DuckDBPyConnection, query: str, path: Path, compression: str = "zstd") -> None:
    """Write the rows of a query as Parquet with fixed row groups and no timestamp."""
    options = f"FORMAT parquet, COMPRESSION {compression}, ROW_GROUP_SIZE {ROW_GROUP}"
    connection.execute(f"COPY ({query}) TO {text(path)} ({options})")


def text(value: object) -> str:
    """Return `value` as text of SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def plain_table(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return `table` with a named index as columns, and cells of float64, int64, bool or text only.

    Raises
    ------
    InputError
        For a table without columns, or with columns of the same name.
    """
    if any(level is not None for level in table.index.names):
        table = table.reset_index()
    names = [str(column) for column in table.columns]
    if not names:
        raise InputError(Issue("the table has no columns", id=name))
    # Parquet readers fold the case of column names
    if len({column.casefold() for column in names}) < len(names):
        raise InputError(Issue("two columns have the same name", id=name, expected="names that differ in more than case"))
    return pd.DataFrame({column: _plain_column(table.iloc[:, place]) for place, column in enumerate(names)}).reset_index(drop=True)


def _plain_column(column: pd.Series) -> pd.Series:
    full = bool(column.notna().all())
    if types.is_bool_dtype(column.dtype) and full:
        return column.astype(bool)
    if types.is_integer_dtype(column.dtype) and full:
        return column.astype(np.int64)
    if _is_numeric(column):
        return pd.Series(column.astype(object).to_numpy(dtype=np.float64, na_value=np.nan), index=column.index)
    cells = [str(cell) if there else None for cell, there in zip(column, column.notna(), strict=True)]
    return pd.Series(cells, index=column.index, dtype=object)


def _is_numeric(column: pd.Series) -> bool:
    if types.is_numeric_dtype(column.dtype):
        return not types.is_complex_dtype(column.dtype) and not types.is_bool_dtype(column.dtype)
    known = column.dropna()
    return len(known) > 0 and all(_is_number(cell) for cell in known)


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool)


def _sql_type(column: pd.Series) -> str:
    return {"b": "BOOLEAN", "i": "BIGINT", "f": "DOUBLE"}.get(column.dtype.kind, "VARCHAR")


def quoted(name: str) -> str:
    """Return a name of SQL."""
    return '"' + name.replace('"', '""') + '"'
