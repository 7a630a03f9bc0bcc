"""Functions that generated Python code calls; outside their domain they give NaN, never an exception."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


def divide(a: float, b: float) -> float:
    """Return a over b as IEEE 754 has it: infinite, or not a number, where b is zero."""
    if b != 0.0:
        return a / b
    return math.nan if a == 0.0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _guard(function: Callable[..., float]) -> Callable[..., float]:
    def guarded(*args: float) -> float:
        try:
            return float(function(*args))
        except OverflowError:
            return math.inf
        except (ValueError, ZeroDivisionError):
            return math.nan

    return guarded


def _odd(function: Callable[[float], float]) -> Callable[[float], float]:
    guarded = _guard(function)
    return lambda x: math.copysign(guarded(abs(x)), x)


def _quotient(a: float, b: float) -> float:
    whole = a / b
    return float(math.trunc(whole)) if math.isfinite(whole) else whole


def _pow(base: float, exponent: float) -> float:
    # a concentration a rounding error below zero counts as zero; a whole exponent keeps its sign
    if base < 0.0 and math.isfinite(exponent) and exponent != int(exponent):
        base = 0.0
    try:
        return base**exponent  # type: ignore[no-any-return]
    except OverflowError:
        return -math.inf if base < 0.0 and exponent % 2.0 == 1.0 else math.inf
    except ZeroDivisionError:
        return math.inf


def _sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0.0 else math.nan


def _ln(x: float) -> float:
    if x > 0.0:
        return math.log(x)
    return -math.inf if x == 0.0 else math.nan


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _square(x: float) -> float:
    return x * x


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: float(function(x)) if math.isfinite(x) else x


NAMESPACE: dict[str, Any] = {
    "_divide": divide,
    "_pow": _pow,
    "_sqrt": _sqrt,
    "_ln": _ln,
    "_exp": _exp,
    "_square": _square,
    "_sign": _sign,
    "_nan": math.nan,
    "_inf": math.inf,
    "_log10": lambda x: math.log10(x) if x > 0.0 else _ln(x),
    "_floor": _whole(math.floor),
    "_ceil": _whole(math.ceil),
    "_factorial": _guard(lambda x: math.gamma(x + 1.0)),
    "_fmod": _guard(math.fmod),
    "_quotient": _guard(_quotient),
}
for _name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh", "atanh"):
    NAMESPACE["_" + _name] = (_odd if _name == "sinh" else _guard)(getattr(math, _name))
for _name, _inner, _inverse in (
    ("sec", math.cos, math.acos),
    ("csc", math.sin, math.asin),
    ("cot", math.tan, math.atan),
    ("sech", math.cosh, math.acosh),
    ("csch", math.sinh, math.asinh),
    ("coth", math.tanh, math.atanh),
):
    NAMESPACE["_" + _name] = _guard(lambda x, f=_inner: divide(1.0, f(x)))
    NAMESPACE["_a" + _name] = _guard(lambda x, f=_inverse: f(divide(1.0, x)))
