"""Functions that generated Python code calls; outside their domain they give NaN, never an exception."""

from __future__ import annotations

import math
from collections.abc import Callable


def _guard(function: Callable[..., float]) -> Callable[..., float]:
    def guarded(*args: float) -> float:
        try:
            return function(*args)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf
        except ZeroDivisionError:
            return math.nan

    return guarded


def _pow(base: float, exponent: float) -> float:
    # a concentration a rounding error below zero counts as zero; a whole exponent keeps its sign
    if base > 0.0:
        try:
            return float(base**exponent)
        except OverflowError:
            return math.inf
    whole = exponent == int(exponent) if math.isfinite(exponent) else False
    if base == 0.0 or (base < 0.0 and not whole):
        if exponent == 0.0:
            return 1.0
        return math.inf if exponent < 0.0 and base == 0.0 else 0.0
    return float(base ** int(exponent)) if whole else math.nan


def _sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0.0 else math.nan


def _ln(x: float) -> float:
    if x > 0.0:
        return math.log(x)
    return -math.inf if x == 0.0 else math.nan


def _exp(x: float) -> float:
    return math.exp(x) if x < 709.0 else math.inf


def _square(x: float) -> float:
    return x * x


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0))


NAMESPACE: dict[str, object] = {
    "_pow": _pow,
    "_sqrt": _sqrt,
    "_ln": _ln,
    "_exp": _exp,
    "_square": _square,
    "_sign": _sign,
    "_nan": math.nan,
    "_inf": math.inf,
    "_log10": lambda x: _ln(x) / math.log(10.0) if x <= 0 else math.log10(x),
    "_floor": lambda x: float(math.floor(x)),
    "_ceil": lambda x: float(math.ceil(x)),
    "_factorial": _guard(lambda x: math.gamma(x + 1.0)),
    "_fmod": _guard(math.fmod),
    "_quotient": _guard(lambda a, b: float(math.trunc(a / b))),
}
for _name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh", "atanh"):
    NAMESPACE["_" + _name] = _guard(getattr(math, _name))
for _name, _inner in (
    ("sec", math.cos),
    ("csc", math.sin),
    ("cot", math.tan),
    ("sech", math.cosh),
    ("csch", math.sinh),
    ("coth", math.tanh),
):
    NAMESPACE["_" + _name] = _guard(lambda x, f=_inner: 1.0 / f(x))
    NAMESPACE["_a" + _name] = _guard(lambda x, f=getattr(math, "a" + _inner.__name__): f(1.0 / x))
