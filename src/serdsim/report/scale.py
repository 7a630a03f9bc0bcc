"""Axis scales: linear and logarithmic, with round ticks that bound the axis line."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from serdsim.report.numbers import plain, power_of_ten

MAX_PLAIN_DECADE = 4
CALENDAR = {"h": (6, 12, 24, 48, 72, 168, 336, 672), "day": (7, 14, 28, 56), "d": (7, 14, 28, 56)}


@dataclass(frozen=True)
class Scale:
    """Maps data to drawing units; the axis line runs from the first tick to the last."""

    lo: float
    hi: float
    start: float
    end: float
    log: bool
    ticks: tuple[float, ...]
    step: int = 1

    @property
    def labelled(self) -> tuple[float, ...]:
        """The ticks that carry a number."""
        return self.ticks[:: self.step]

    def can_show(self, value: float | None) -> bool:
        """Whether the value has a place on this axis."""
        return value is not None and math.isfinite(value) and not (self.log and value <= 0)

    def __call__(self, value: float) -> float:
        """The place of a value that `can_show` accepts."""
        if self.log:
            share = (math.log10(value) - math.log10(self.lo)) / (math.log10(self.hi) - math.log10(self.lo))
        else:
            share = (value - self.lo) / (self.hi - self.lo)
        return self.start + share * (self.end - self.start)

    def label(self, tick: float) -> str:
        """The text of a tick."""
        if self.log:
            exponent = math.log10(tick)
            if abs(exponent - round(exponent)) < 1e-9 and not -3 <= round(exponent) <= MAX_PLAIN_DECADE:
                return power_of_ten(round(exponent))
        return plain(tick)


def _linear_ticks(lo: float, hi: float, want: int, unit: str) -> tuple[float, ...]:
    """Ticks that enclose lo and hi: at 1, 2, 2.5 or 5 times a power of ten; hours and days at their own round steps."""
    if hi <= lo:
        pad = abs(lo) * 0.5 or 1.0
        lo, hi = (0.0 if lo == 0 else lo - pad), hi + pad
    raw = (hi - lo) / max(1, want)
    base = 10.0 ** math.floor(math.log10(raw))
    natural = [s for s in CALENDAR.get(unit, ()) if s >= raw * 0.8 and hi - lo >= s]
    step = next((m * base for m in (1, 2, 2.5, 5) if m * base >= raw * (1 - 1e-9)), 10 * base)
    if natural and natural[0] <= raw * 2:
        step = natural[0]
    first, last = math.floor(lo / step + 1e-9), math.ceil(hi / step - 1e-9)
    return tuple(round(i * step, 12) + 0.0 for i in range(first, last + 1))


def _log_ticks(lo: float, hi: float) -> tuple[float, ...]:
    """Ticks at powers of ten that enclose lo and hi; also at 3, or at 2 and 5, where the range is short."""
    if hi <= lo:
        lo, hi = lo / 2, hi * 2
    low, high = math.log10(lo), math.log10(hi)
    if high - low < 2.4:
        between = (1, 2, 5) if high - low < 1.2 else (1, 3)
        steps = [float(f"{m}e{e}") for e in range(math.floor(low) - 1, math.ceil(high) + 2) for m in between]
        first = max(i for i, s in enumerate(steps) if s <= lo * (1 + 1e-9))
        last = min(i for i, s in enumerate(steps) if s >= hi * (1 - 1e-9))
        return tuple(steps[first : max(last, first + 1) + 1])
    return tuple(float(f"1e{e}") for e in range(math.floor(low + 1e-9), math.ceil(high - 1e-9) + 1))


def build(values: Iterable[float | None], start: float, end: float, *, log: bool, want: int, zero: bool = False, unit: str = "") -> Scale:
    """A scale that holds every showable value.

    Parameters
    ----------
    values : iterable of float or None
        All values of the axis; None, NaN and, on a log axis, values at or below zero are left out.
    start, end : float
        Drawing units of the low and the high end.
    log : bool
        Logarithmic scale.
    want : int
        About how many steps between ticks.
    zero : bool
        Begin a linear axis of non-negative values at zero.
    unit : str
        Unit of the axis; hours and days have round steps of their own.
    """
    shown = [v for v in values if v is not None and math.isfinite(v) and (v > 0 or not log)]
    lo, hi = (min(shown), max(shown)) if shown else ((0.1, 10.0) if log else (0.0, 1.0))
    if zero and not log and lo > 0:
        lo = 0.0
    ticks = _log_ticks(lo, hi) if log else _linear_ticks(lo, hi, want, unit)
    step = max(1, math.ceil((len(ticks) - 1) / max(1, want))) if log else 1
    return Scale(ticks[0], ticks[-1], start, end, log, ticks, step)
