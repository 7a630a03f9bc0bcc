"""Exponential functions over vectors: argument halved down to ±ln(2)/2, polynomial, two exact scalings."""

from __future__ import annotations

import math

from serdsim.codegen.vector_text import Block, Value

LOG2_E = float.fromhex("0x1.71547652b82fep+0")
LN2_HIGH = float.fromhex("0x1.62e42fefa4000p-1")
"""ln 2 to 40 bits: its product with an exponent is exact."""
LN2_LOW = float.fromhex("-0x1.8432a1b0e2634p-43")
ROUNDER = 1.5 * 2.0**52 + 2046.0
"""Added to a small number it rounds it to a whole number k and leaves k + 2046 in the low bits."""
BEYOND = 750.0
"""Above it the exponential is infinite, below its negative zero."""
TINY = 2.0**-54

EXPONENTIAL = tuple(
    float.fromhex(text)
    for text in (
        "0x1.0000000000000p-1",
        "0x1.5555555555557p-3",
        "0x1.5555555555556p-5",
        "0x1.11111111100bep-7",
        "0x1.6c16c16c162c3p-10",
        "0x1.a01a01abf85abp-13",
        "0x1.a01a01a6e1e2ap-16",
        "0x1.71de01fdbf9cap-19",
        "0x1.27e4db46cddd1p-22",
        "0x1.af4e554377204p-26",
        "0x1.1f7340dbc337ep-29",
    )
)
"""(exp(r) - 1 - r)/r² through Chebyshev nodes of ±0.5005·ln 2."""


def _reduce(block: Block, x: Value) -> tuple[Value, Value, str]:
    """Return k and x - k·ln2_high, exact, and the bits that hold k + 2046."""
    rounded = block.multiply_add(x, LOG2_E, ROUNDER)
    k = rounded - ROUNDER
    return k, block.multiply_add(k, -LN2_HIGH, x), rounded.bits()


def _scale(block: Block, value: Value, biased: str) -> Value:
    """Return value·2^k in two steps, of which only the last can round."""
    first = block.integer("lshr", biased, 1)
    second = block.integer("sub", biased, first)
    value = value * block.from_bits(block.integer("shl", first, 52))
    return value * block.from_bits(block.integer("shl", second, 52))


def exponential(block: Block, x: Value, low: Value | None = None) -> Value:
    """Return exp(x), or exp(x + low) for a small correction.

    Parameters
    ----------
    block : Block
        Where the instructions go.
    x : Value
        Exponent; NaN stays NaN.
    low : Value, optional
        What x lacks; it may be NaN where x lies beyond ±750.

    Returns
    -------
    Value
        Between 0 and infinity.
    """
    k, start, biased = _reduce(block, x)
    rest = k * -LN2_LOW if low is None else block.multiply_add(k, -LN2_LOW, low)
    r = start + rest
    lost = (start - r) + rest
    rise = block.multiply_add(r * r, block.polynomial(r, EXPONENTIAL), lost)
    head = 1.0 - (-r)
    value = _scale(block, head + (((1.0 - head) + r) + rise), biased)
    value = block.select(block.compare("ogt", x, BEYOND), math.inf, value)
    return block.select(block.compare("olt", x, -BEYOND), 0.0, value)


def exponential_less_one(block: Block, x: Value) -> Value:
    """Return exp(x) - 1 without cancellation near zero.

    Parameters
    ----------
    block : Block
        Where the instructions go.
    x : Value
        Exponent; NaN stays NaN.

    Returns
    -------
    Value
        Between -1 and infinity.
    """
    floor = -50.0
    bounded = block.select(block.compare("olt", x, floor), floor, x)
    k, start, biased = _reduce(block, bounded)
    rest = k * -LN2_LOW
    r = start + rest
    lost = (start - r) + rest
    lost = block.multiply_add(lost, r, lost)
    rise = block.multiply_add(r * r, block.polynomial(r, EXPONENTIAL), lost)
    inverse = block.from_bits(block.integer("shl", block.integer("sub", "splat (i64 3069)", biased), 52))
    whole = 1.0 - block.select(block.compare("ogt", x, -floor), 0.0, inverse)
    head = whole + r
    value = _scale(block, head + (((whole - head) + r) + rise), biased)
    value = block.select(block.compare("ogt", x, BEYOND), math.inf, value)
    return block.select(block.compare("olt", abs(x), TINY), x, value)
