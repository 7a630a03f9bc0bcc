"""How numbers are written: at most two significant figures in the interval, the value to the same place."""

from __future__ import annotations

import math

THIN = "\u202f"
MINUS = "\u2212"
MISSING = "not computed"
_SUPERSCRIPT = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def finite(value: float | None) -> bool:
    """Whether the value is a number that can be shown."""
    return value is not None and math.isfinite(value)


def power_of_ten(exponent: int) -> str:
    """Ten to a power with superscript figures."""
    return "10" + str(exponent).translate(_SUPERSCRIPT)


def at_place(value: float, exponent: int) -> str:
    """The value rounded to 10**exponent, with minus sign and thin spaces between thousands."""
    rounded = round(value, -exponent) + 0.0
    text = f"{abs(rounded):,.{max(0, -exponent)}f}".replace(",", THIN)
    return MINUS + text if rounded < 0 else text


def significant(value: float | None, figures: int = 2) -> str:
    """The value with so many significant figures; powers of ten below 0.0001 and from ten million on."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 7:
        return at_place(value, exponent - figures + 1)
    mantissa = value / 10.0**exponent
    return f"{at_place(mantissa, 1 - figures)}{THIN}×{THIN}{power_of_ten(exponent)}"


def plain(value: float | None) -> str:
    """A set value (a dose, a time, a bound) as it was set: up to four figures, no trailing zeros."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if not -4 <= exponent < 7:
        return significant(value, 3)
    digits = f"{float(f'{abs(value):.4g}'):,.10f}".rstrip("0").rstrip(".").replace(",", THIN)
    return MINUS + digits if value < 0 else digits


def grid(value: float | None) -> str:
    """A point of a simulated grid: as it was set where four figures say it, else three figures."""
    if value is None or not math.isfinite(value) or value == 0 or abs(float(f"{value:.4g}") / value - 1) < 1e-9:
        return plain(value)
    return significant(value, 3)


def bound(value: float | None) -> str:
    """A bound of a test: thirds as fractions, else as it was set."""
    if value is not None and math.isfinite(value) and value > 0 and abs(value * 3 - 1) < 1e-3:
        return "1/3"
    return plain(value)


def _common_place(value: float, lo: float, hi: float) -> int | None:
    """The place of two significant figures, finer where the interval would vanish; None where none serves all."""
    width = hi - lo
    biggest = max(abs(value), abs(lo), abs(hi))
    if width <= 0 or biggest == 0 or width < 1e-6 * biggest:
        return None
    place = math.floor(math.log10(biggest)) - 1
    while width < 3 * 10.0**place:
        place -= 1
    smallest = min(abs(v) for v in (value, lo, hi) if v != 0)
    return None if place < -5 or smallest < 10.0**place * 0.95 else place


def interval(value: float | None, lo: float | None, hi: float | None) -> tuple[str, str]:
    """Value and `low to high` to the same place.

    Where one end is so much smaller than the other that a common place would print it as zero, each number keeps
    two significant figures of its own.
    """
    if not finite(value):
        return MISSING, ""
    assert value is not None
    if lo is None or hi is None or not (math.isfinite(lo) and math.isfinite(hi)):
        return significant(value), ""
    place = _common_place(value, lo, hi)
    texts = [significant(v) if place is None else at_place(v, place) for v in (value, lo, hi)]
    return texts[0], f"{texts[1]} to {texts[2]}"


def with_interval(value: float | None, lo: float | None, hi: float | None, unit: str = "") -> str:
    """`value (low to high) unit`, as every number with an interval is written."""
    never = "no value" if unit in ("dimensionless", "%") else "not reached"  # a share or a growth rate is not a thing to reach
    if value in (math.inf, -math.inf):
        return never if value == math.inf else "no value"
    if value is not None and lo is not None and hi is not None and math.inf in (-lo, hi):
        low, high = "no value" if lo == -math.inf else significant(lo), never if hi == math.inf else significant(hi)
        text = f"{significant(value)} ({low} to {high})"
        return f"{text}\u00a0{show_unit(unit)}" if show_unit(unit) else text
    middle, ends = interval(value, lo, hi)
    text = f"{middle} ({ends})" if ends else middle
    return f"{text}\u00a0{show_unit(unit)}" if show_unit(unit) and middle != MISSING else text


def probability(p: float | None) -> str:
    """Two decimals; below 0.01 and above 0.99 only the bound, because the draws are finite."""
    if p is None or not math.isfinite(p):
        return MISSING
    if p < 0.01:
        return "<0.01"
    return ">0.99" if p > 0.99 else f"{p:.2f}"


def count(n: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{n:,}".replace(",", THIN)


def show_unit(unit: str) -> str:
    """The unit as shown; nothing where the quantity has none."""
    return "" if unit.strip() in ("", "1", "dimensionless") else unit.strip()
