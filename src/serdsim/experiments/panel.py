"""What a figure shows, as data: simulated bands, observed and reference marks. Drawing is the report's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """One axis: quantity, unit and scale."""

    label: str
    unit: str
    log: bool = False


@dataclass(frozen=True)
class Band:
    """A simulated curve: median and central 90 % over parameter draws, at the points `x`.

    `ink` is `drug`, `signal` (oestrogen) or `rest` (neither); `control` marks a curve that the statement needs
    as a control (drawn open and grey). All tuples have the length of `x`.
    """

    label: str
    x: tuple[float, ...]
    median: tuple[float, ...]
    lo90: tuple[float, ...]
    hi90: tuple[float, ...]
    ink: str = "drug"
    control: bool = False
    dash: bool = False


@dataclass(frozen=True)
class Mark:
    """An observed or reference point; `lo` and `hi` bound the interval that `interval` names.

    `source` is a key of references.bib and `row` the id in the evidence table; `n` is None where not reported.
    """

    label: str
    x: float
    y: float | None
    lo: float | None
    hi: float | None
    interval: str
    n: int | None
    source: str
    row: str
    role: str
    kind: str = "observed"


@dataclass(frozen=True)
class Panel:
    """One figure with its conditions and words; `rows` are the values behind the curves."""

    id: str
    title: str
    x: Axis
    y: Axis
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...] = ()
    caption: str = ""
    description: str = ""
    draws: int = 0
    pass_above: float | None = None
    pass_below: float | None = None
