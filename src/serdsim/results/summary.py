"""What a table of trajectories shows at a glance, read from the file, one column at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serdsim.results.table_files import pinned_writer, quoted, text


def summarise(table: Path, units: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return per output the first and last value (median over individuals), minimum and maximum (over all).

    Values that are missing or not finite do not count; NaN where there is none.

    Parameters
    ----------
    table : Path
        Parquet with the columns individual, time and the outputs.
    units : mapping of str to str
        Unit of each output.
    """
    items = []
    with pinned_writer() as reader:
        source = f"read_parquet({text(table)})"
        ends = reader.execute(f"SELECT min(time), max(time) FROM {source}").fetchall()[0]
        for name, unit in units.items():
            column = quoted(name)
            there = f"FROM {source} WHERE isfinite({column})"
            lowest, highest = reader.execute(f"SELECT min({column}), max({column}) {there}").fetchall()[0]
            at_ends = reader.execute(f"SELECT time, {column} AS value {there} AND time IN (?, ?)", list(ends)).fetchnumpy()
            first, last = (_median(at_ends["value"][at_ends["time"] == end]) for end in ends)
            items.append({"observable": name, "unit": unit, "first": first, "last": last, "min": _or_nan(lowest), "max": _or_nan(highest)})
    return items


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
