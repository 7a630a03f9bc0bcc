"""Result tables as CSV and Parquet: the same table gives the same bytes, floats read back exactly."""

from __future__ import annotations

from pathlib import Path

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
    plain.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    _write_parquet(plain, folder / f"{name}.parquet")


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    columns = ", ".join(f"CAST({_quoted(name)} AS {_sql_type(table[name])}) AS {_quoted(name)}" for name in table.columns)
    target = str(path).replace("'", "''")
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"
    with duckdb.connect(":memory:", config={"threads": 1, "preserve_insertion_order": True}) as connection:
        connection.register("result", table)
        connection.execute(f"COPY (SELECT {columns} FROM result) TO '{target}' ({options})")


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


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
