"""Elementary functions over vectors of doubles, as LLVM IR text that any kernel can be joined with.

The functions of hot code (``v_exp``, ``v_log``, ``v_pow``, ``v_expm1``, ``v_log1p``, ``v_log10``, ``v_powd``) are straight
lines of our own: no tables, no gathers, no fast-math flags; every lane is a pure function of its own inputs. The rare ones
call the C library lane by lane.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from serdsim.codegen.vector_exponential import exponential, exponential_less_one
from serdsim.codegen.vector_logarithm import logarithm, logarithm_of_one_plus, logarithm_to_ten
from serdsim.codegen.vector_power import power, power_slope
from serdsim.codegen.vector_text import Block, Value

LANES = (1, 2, 4, 8)
LIBRARY = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "tgamma", "fmod")
"""Symbols of the C library that the wrappers call."""

_OWN: dict[str, Callable[[Block, Value], Value]] = {
    "v_exp": exponential,
    "v_log": logarithm,
    "v_expm1": exponential_less_one,
    "v_log1p": logarithm_of_one_plus,
    "v_log10": logarithm_to_ten,
}
_ATTRIBUTES = "nounwind willreturn memory(none)"


def declarations(lanes: int) -> tuple[str, ...]:
    """Return the declarations that the text of `vector_functions` needs, one a line.

    Parameters
    ----------
    lanes : int
        Doubles per vector: 1, 2, 4 or 8.
    """
    vector = _block(lanes, fma=True).vector
    suffix = f"v{lanes}f64"
    library = tuple(f"declare double @{name}(double{', double' if name == 'fmod' else ''}) {_ATTRIBUTES}" for name in LIBRARY)
    return (
        f"declare {vector} @llvm.fma.{suffix}({vector}, {vector}, {vector})",
        f"declare {vector} @llvm.fabs.{suffix}({vector})",
        f"declare {vector} @llvm.trunc.{suffix}({vector})",
        *library,
    )


def vector_functions(lanes: int, *, fma: bool) -> str:
    """Return IR that defines the elementary functions for vectors of doubles.

    All take and return ``<lanes x double>``. ``v_exp v_log v_expm1 v_log1p v_log10 v_pow(x, y)`` err by less than 1.25 units
    in the last place. ``v_powd(x, h, p)`` is the derivative of p = x^h by x: h·p/x where h·p is far from under- and overflow,
    the defined value at a base that counts as zero, and h·x^(h-1) by a second power, behind a branch, in the lanes left over.
    ``v_sin v_cos v_tan v_sinh v_cosh v_tanh v_asin v_acos v_atan v_asinh v_acosh v_atanh v_fmod(a, b) v_factorial`` call the
    C library lane by lane; ``v_quotient(a, b)`` is the whole part of a/b. Poles of ``v_atanh``, ``v_factorial`` and
    ``v_quotient`` give NaN, as in the scalar twins.

    Parameters
    ----------
    lanes : int
        Doubles per vector: 1, 2, 4 or 8.
    fma : bool
        Whether to multiply and add with one rounding; it must be what the machine can, and it changes last bits.

    Returns
    -------
    str
        Internal functions; those of our own are inlined, which halved the time of a call among thirty live vectors and costs
        some 10 ms of compilation for each use of v_pow, less for the others. Unused ones are for the optimiser to drop. Put
        `declarations` beside them once per module.
    """
    texts = [_unary(name, formula, lanes, fma=fma) for name, formula in _OWN.items()]
    texts += [_power(lanes, fma=fma), _power_slope(lanes, fma=fma), _quotient(lanes, fma=fma)]
    for name in LIBRARY:
        texts.append(_library_call(name, lanes, fma=fma))
    return "\n".join(texts)


def _block(lanes: int, *, fma: bool) -> Block:
    if lanes not in LANES:
        raise ValueError(f"vectors have {', '.join(map(str, LANES))} lanes, not {lanes}")
    return Block(lanes, fma=fma)


def _define(block: Block, name: str, arguments: str, ends: list[str], inline: str = "alwaysinline") -> str:
    listed = ", ".join(f"{block.vector} %{argument}" for argument in arguments)
    head = f"define internal {block.vector} @{name}({listed}) {inline} {_ATTRIBUTES} {{"
    return "\n".join([head, *block.lines, *ends, "}", ""])


def _return(value: Value) -> list[str]:
    return [f"  ret {value.block.vector} {value.text}"]


def _unary(name: str, formula: Callable[[Block, Value], Value], lanes: int, *, fma: bool) -> str:
    block = _block(lanes, fma=fma)
    return _define(block, name, "x", _return(formula(block, block.argument("x"))))


def _power(lanes: int, *, fma: bool) -> str:
    block = _block(lanes, fma=fma)
    return _define(block, "v_pow", "xy", _return(power(block, block.argument("x"), block.argument("y"))))


def _power_slope(lanes: int, *, fma: bool) -> str:
    """Return v_powd and, apart from hot code, the second power for the lanes that h·p/x cannot serve."""
    block = _block(lanes, fma=fma)
    x, h, p = (block.argument(name) for name in "xhp")
    quick, settled = power_slope(block, x, h, p)
    flags = block.op(f"bitcast {block.mask} {settled} to i{lanes}")
    all_settled = block.op(f"icmp eq i{lanes} {flags}, -1")
    block.lines += [f"  br i1 {all_settled}, label %done, label %rest", "rest:"]
    slow = block.select(settled, quick, block.call("v_powd_rest", x, h))
    block.lines += [f"  ret {block.vector} {slow.text}", "done:"]
    rest = _block(lanes, fma=fma)
    h = rest.argument("h")
    slope = h * rest.call("v_pow", rest.argument("x"), h - 1.0)
    apart = _define(rest, "v_powd_rest", "xh", _return(slope), inline="cold noinline")
    return apart + "\n" + _define(block, "v_powd", "xhp", _return(quick))


def _quotient(lanes: int, *, fma: bool) -> str:
    block = _block(lanes, fma=fma)
    a, b = block.argument("a"), block.argument("b")
    whole = (a / b).trunc() + 0.0
    return _define(block, "v_quotient", "ab", _return(block.select(block.compare("oeq", b, 0.0), math.nan, whole)))


def _library_call(symbol: str, lanes: int, *, fma: bool) -> str:
    """Return a wrapper that calls a symbol lane by lane; the factorial is the gamma function one further."""
    block = _block(lanes, fma=fma)
    names = "ab" if symbol == "fmod" else "x"
    arguments = [block.argument(name) for name in names]
    if symbol == "tgamma":
        arguments = [arguments[0] + 1.0]
    result = "poison"
    for lane in range(lanes):
        scalars = [block.op(f"extractelement {block.vector} {argument.text}, i32 {lane}") for argument in arguments]
        called = block.op(f"call double @{symbol}({', '.join(f'double {scalar}' for scalar in scalars)})")
        result = block.op(f"insertelement {block.vector} {result}, double {called}, i32 {lane}")
    value = Value(result, block)
    if symbol == "tgamma":
        value = block.select(block.compare("oeq", arguments[0], 0.0), math.nan, value)
    if symbol == "atanh":
        value = block.select(block.compare("oeq", abs(arguments[0]), 1.0), math.nan, value)
    return _define(block, "v_factorial" if symbol == "tgamma" else f"v_{symbol}", names, _return(value), inline="noinline")
