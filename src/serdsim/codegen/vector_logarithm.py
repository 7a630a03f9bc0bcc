"""Logarithms over vectors: x = 2^k·m with m in [sqrt(1/2), sqrt(2)), then a series in s = (m - 1)/(m + 1)."""

from __future__ import annotations

import math

from serdsim.codegen.vector_exponential import LN2_HIGH, LN2_LOW, TINY
from serdsim.codegen.vector_text import Block, Value, bits_of

SMALLEST_NORMAL = 2.0**-1022
LOG10_2_HIGH, LOG10_2_LOW = float.fromhex("0x1.34413509f8000p-2"), float.fromhex("-0x1.80433b83b532ap-44")
LOG10_E_HIGH, LOG10_E_LOW = float.fromhex("0x1.bcb7b14000000p-2"), float.fromhex("0x1.26e50e32a6ab7p-30")
_ROOT_HALF_BITS = bits_of(math.sqrt(0.5))
_MANTISSA = 2**52 - 1
_WHOLE = 2.0**52
_HIGH_HALF = -(2**32)

LOGARITHM = tuple(
    float.fromhex(text)
    for text in (
        "0x1.5555555555558p-1",
        "0x1.9999999995273p-2",
        "0x1.2492492dfd86cp-2",
        "0x1.c71c62d5e53e0p-3",
        "0x1.7462b91b8df65p-3",
        "0x1.39fdcceb4bb45p-3",
        "0x1.2b5f68a50d903p-3",
    )
)
"""(2·atanh(s)/s - 2)/s² in s², through Chebyshev nodes of 0 ... 1.001·0.0294."""


def reduce_positive(block: Block, x: Value, *, subnormal: bool = True) -> tuple[Value, Value]:
    """Return k and m of x = 2^k·m, m in [sqrt(1/2), sqrt(2)).

    Parameters
    ----------
    block : Block
        Where the instructions go.
    x : Value
        A positive finite number; what others give means nothing.
    subnormal : bool
        Whether x may be subnormal.
    """
    bias: Value | float = _WHOLE + 1023.0
    if subnormal:
        small = block.compare("olt", x, SMALLEST_NORMAL)
        x = block.select(small, x * (1.0 / TINY), x)
        bias = block.select(small, _WHOLE + 1023.0 + 54.0, _WHOLE + 1023.0)
    shifted = block.integer("add", x.bits(), bits_of(1.0) - _ROOT_HALF_BITS)
    k = block.from_bits(block.integer("or", block.integer("lshr", shifted, 52), bits_of(_WHOLE))) - bias
    m = block.from_bits(block.integer("add", block.integer("and", shifted, _MANTISSA), _ROOT_HALF_BITS))
    return k, m


def _series(block: Block, f: Value) -> tuple[Value, Value]:
    """Return f²/2 and the rest of log(1 + f) = f - f²/2 + rest."""
    s = f / (f + 2.0)
    w = s * s
    half_square = (f * 0.5) * f
    return half_square, s * block.multiply_add(w, block.polynomial(w, LOGARITHM), half_square)


def _finish(block: Block, x: Value, value: Value, pole: float) -> Value:
    """Return the value inside the domain; -inf at the pole, NaN below, infinity and NaN as they are."""
    value = block.select(block.compare("olt", x, math.inf), value, x)
    outside = block.select(block.compare("oeq", x, pole), -math.inf, math.nan)
    return block.select(block.compare("ole", x, pole), outside, value)


def logarithm(block: Block, x: Value) -> Value:
    """Return the natural logarithm; -inf at 0, NaN below."""
    k, m = reduce_positive(block, x)
    f = m - 1.0
    half_square, rest = _series(block, f)
    low = block.multiply_add(k, LN2_LOW, rest)
    return _finish(block, x, block.multiply_add(k, LN2_HIGH, f - (half_square - low)), 0.0)


def logarithm_of_one_plus(block: Block, x: Value) -> Value:
    """Return log(1 + x) without cancellation near zero; -inf at -1, NaN below."""
    u = x + 1.0
    back = u - 1.0
    lost = (1.0 - (u - back)) + (x - back)
    k, m = reduce_positive(block, u, subnormal=False)
    f = m - 1.0
    half_square, rest = _series(block, f)
    low = block.multiply_add(k, LN2_LOW, lost / u) + rest
    value = block.multiply_add(k, LN2_HIGH, f - (half_square - low))
    value = _finish(block, x, value, -1.0)
    return block.select(block.compare("olt", abs(x), TINY), x, value)


def logarithm_to_ten(block: Block, x: Value) -> Value:
    """Return the decimal logarithm; -inf at 0, NaN below."""
    k, m = reduce_positive(block, x)
    f = m - 1.0
    half_square, rest = _series(block, f)
    high = block.from_bits(block.integer("and", (f - half_square).bits(), _HIGH_HALF))
    low = ((f - high) - half_square) + rest
    head = high * LOG10_E_HIGH
    whole = k * LOG10_2_HIGH
    tail = block.multiply_add(low + high, LOG10_E_LOW, k * LOG10_2_LOW)
    tail = block.multiply_add(low, LOG10_E_HIGH, tail)
    total = whole + head
    tail = tail + ((whole - total) + head)
    return _finish(block, x, total + tail, 0.0)
