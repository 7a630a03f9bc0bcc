"""Powers over vectors: a logarithm in two doubles, a product in two doubles, an exponential."""

from __future__ import annotations

import math

from serdsim.codegen.vector_exponential import LN2_HIGH, LN2_LOW, exponential
from serdsim.codegen.vector_logarithm import reduce_positive
from serdsim.codegen.vector_text import Block, Value

THIRD_HIGH, THIRD_LOW = float.fromhex("0x1.5555555555555p-2"), float.fromhex("0x1.5555555555555p-56")
_SIGN = -(2**63)
_SAFE = 2.0**-1000

SERIES = tuple(
    float.fromhex(text)
    for text in (
        "0x1.999999999999ap-3",
        "0x1.2492492492522p-3",
        "0x1.c71c71c6ea5acp-4",
        "0x1.745d177ad436ap-4",
        "0x1.3b1395b82701ep-4",
        "0x1.1118cd67251c5p-4",
        "0x1.df7ba1f4809c3p-5",
        "0x1.e03a7acf07f85p-5",
    )
)
"""(atanh(s)/s - 1 - s²/3)/s⁴ in s², through Chebyshev nodes of 0 ... 1.001·0.0294."""


def _double_logarithm(block: Block, x: Value) -> tuple[Value, Value]:
    """Return log(x) as a sum of two doubles with about 68 good bits, for positive finite x."""
    k, m = reduce_positive(block, x)
    f, d = m - 1.0, m + 1.0
    inverse = 1.0 / d
    s = f * inverse
    s_low = block.multiply_add(-s, m - (d - 1.0), block.less_product(f, s, d)) * inverse
    w = s * s
    w_low = block.multiply_add(s + s, s_low, block.product_rest(s, s, w))
    rise = w * block.polynomial(w, SERIES)
    t = rise + THIRD_HIGH
    t_low = ((THIRD_HIGH - t) + rise) + THIRD_LOW
    u = w * t
    u_low = block.multiply_add(w_low, t, block.multiply_add(w, t_low, block.product_rest(w, t, u)))
    s2, s2_low = s + s, s_low + s_low
    v = s2 * u
    v_low = block.multiply_add(s2_low, u, block.multiply_add(s2, u_low, block.product_rest(s2, u, v)))
    whole = k * LN2_HIGH
    first = whole + s2
    second = first + v
    low = ((whole - first) + s2) + ((first - second) + v)
    return second, (low + v_low) + block.multiply_add(k, LN2_LOW, s2_low)


def power(block: Block, x: Value, y: Value) -> Value:
    """Return x to y; a negative base of an exponent that is not whole counts as zero.

    Parameters
    ----------
    block : Block
        Where the instructions go.
    x, y : Value
        Base and exponent.

    Returns
    -------
    Value
        Zero to a negative exponent is +infinity whatever the sign of the zero, as in the scalar twin.
    """
    halved = y * 0.5
    whole = block.compare("oeq", y.trunc(), y)
    odd = block.logic("and", whole, block.compare("une", halved.trunc(), halved))
    unreal = block.logic("and", block.compare("olt", x, 0.0), block.invert(whole))
    size = block.select(unreal, 0.0, abs(x))
    high, low = _double_logarithm(block, size)
    at_zero = block.compare("oeq", size, 0.0)
    high = block.select(block.compare("olt", size, math.inf), high, size)
    high = block.select(at_zero, -math.inf, high)
    product = y * high
    value = exponential(block, product, block.multiply_add(y, low, block.product_rest(y, high, product)))
    one = block.logic("or", block.compare("oeq", y, 0.0), block.compare("oeq", size, 1.0))
    value = block.select(one, 1.0, value)
    pole = block.logic("and", at_zero, block.compare("olt", y, 0.0))
    signed = block.logic("and", odd, block.invert(pole))
    sign = block.select_integer(signed, block.integer("and", x.bits(), _SIGN), "zeroinitializer")
    return block.from_bits(block.integer("or", value.bits(), sign))


def power_slope(block: Block, x: Value, h: Value, p: Value) -> tuple[Value, str]:
    """Return the derivative h·p/x of p = x^h by x, and the lanes in which it may be used.

    For h = 0 it is 0. Where the base counts as zero it is h·0^(h-1): 0 for h > 1, 1 for h = 1, else infinite with the sign
    of h. The remaining lanes (p near under- or overflow, infinite x, NaN) need a power of their own.

    Parameters
    ----------
    block : Block
        Where the instructions go.
    x, h, p : Value
        Base, exponent, and the power itself.
    """
    product = h * p
    size = abs(product)
    quick = block.logic("and", block.compare("oge", size, _SAFE), block.compare("ole", size, 1.0 / _SAFE))
    unreal = block.logic("and", block.compare("olt", x, 0.0), block.compare("une", h.trunc(), h))
    fixed = block.logic("or", block.compare("oeq", x, 0.0), block.compare("oeq", h, 0.0))
    fixed = block.logic("or", fixed, unreal)
    slope = block.select(block.compare("oeq", h, 0.0), 0.0, h * math.inf)
    slope = block.select(block.compare("oeq", h, 1.0), 1.0, slope)
    slope = block.select(block.compare("ogt", h, 1.0), 0.0, slope)
    return block.select(fixed, slope, product / x), block.logic("or", quick, fixed)
