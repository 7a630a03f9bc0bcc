"""Observed and reference marks of a figure, from rows of the evidence table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from serdsim.claims.evidence_rows import Fact, require_facts
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.panel import Mark
from serdsim.experiments.protocol import quantity
from serdsim.units import convert


def rows_of_mark(mark: Mapping[str, Any]) -> list[str]:
    """Return the evidence rows of a mark: its own, and that of its concentration where that is no quantity."""
    at = str(mark.get("concentration", ""))
    return [str(mark["row"]), *([at] if at and " " not in at else [])]


def marks_of(entry: Mapping[str, Any], facts: Mapping[str, Fact], file: str) -> tuple[Mark, ...]:
    """Return the marks of a figure.

    Raises
    ------
    ClaimError
        For an unknown row, or one that has no number to draw.
    """
    drawn = []
    for spec in entry.get("marks", []):
        kind = _point if "time" in spec else _dose_point if "concentration" in spec else _mark
        drawn.append(kind(spec, facts, str(entry["x"]["unit"]), file))
    return tuple(drawn)


def _point(spec: Mapping[str, Any], facts: Mapping[str, Fact], unit: str, file: str) -> Mark:
    """Return an observed point at its time; a fall is shown as what is left, in the unit of the row."""
    (fact,) = require_facts([str(spec["row"])], facts, file=file)
    if fact.value is None:
        raise ClaimError(Issue("the row has no single value to draw", file=file, id=fact.id, expected="a row with a value"))
    left = spec.get("shown_as") == "what is left"
    if left:
        ends = [None if end is None else 100.0 - end for end in (fact.high, fact.low)]
        fact = replace(fact, value=100.0 - fact.value, low=ends[0], high=ends[1])
    return Mark(
        label=str(spec["label"]),
        x=quantity(spec["time"], unit, file, fact.id),
        y=fact.value,
        **_range(fact),
        n=fact.n,
        source=fact.source,
        row=fact.id,
        role=fact.role,
    )


def _range(fact: Fact) -> dict[str, Any]:
    """Return the ends of what was seen around a single value, and their name."""
    ends = fact.low is not None and fact.high is not None
    words = "range" if ends else "no interval reported"
    return {"lo": fact.low if ends else None, "hi": fact.high if ends else None, "interval": f"{words}, {fact.reliability}"}


def _dose_point(spec: Mapping[str, Any], facts: Mapping[str, Fact], unit: str, file: str) -> Mark:
    """Return an observed value at its concentration, which is a quantity or the value of another row."""
    (fact,) = require_facts([str(spec["row"])], facts, file=file)
    at = str(spec["concentration"])
    x: float | None = quantity(at, unit, file, fact.id) if " " in at else None
    if x is None:
        (where,) = require_facts([at], facts, file=file)
        x = None if where.value is None else convert(where.value, where.unit, unit)
    if x is None or fact.value is None:
        id = at if x is None else fact.id
        raise ClaimError(Issue("the row has no single value to draw", file=file, id=id, expected="a row with a value"))
    return Mark(
        label=str(spec["label"]),
        x=x,
        y=fact.value,
        **_range(fact),
        n=fact.n,
        source=fact.source,
        row=fact.id,
        role=fact.role,
    )


def _mark(spec: Mapping[str, Any], facts: Mapping[str, Fact], unit: str, file: str) -> Mark:
    (fact,) = require_facts([str(spec["row"])], facts, file=file)
    value, low, high = (None if v is None else convert(v, fact.unit, unit) for v in (fact.value, fact.low, fact.high))
    if value is None:
        value = float(np.sqrt(low * high)) if low and high else (high if high is not None else low)
    words = "range" if low is not None and high is not None else ("upper bound" if high is not None else "single value")
    return Mark(
        label=str(spec["label"]),
        x=float(value if value is not None else np.nan),
        y=None,
        lo=low,
        hi=high,
        interval=f"{words}, {fact.reliability}",
        n=fact.n,
        source=fact.source,
        row=fact.id,
        role=fact.role,
        kind="reference",
    )
