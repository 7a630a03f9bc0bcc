"""Expression -> Python source. Names are prefixed, so that no model id can collide with the language."""

from __future__ import annotations

import math
from collections.abc import Callable

from serdsim.errors import ModelError
from serdsim.model.expression import TIME, Expression, Number, Symbol

_CALLS = {
    "exp": "_exp", "ln": "_ln", "abs": "abs", "sign": "_sign", "floor": "_floor", "ceiling": "_ceil", "factorial": "_factorial",
    "sin": "_sin", "cos": "_cos", "tan": "_tan", "sec": "_sec", "csc": "_csc", "cot": "_cot", "sinh": "_sinh", "cosh": "_cosh",
    "tanh": "_tanh", "sech": "_sech", "csch": "_csch", "coth": "_coth", "arcsin": "_asin", "arccos": "_acos", "arctan": "_atan",
    "arcsec": "_asec", "arccsc": "_acsc", "arccot": "_acot", "arcsinh": "_asinh", "arccosh": "_acosh", "arctanh": "_atanh",
    "arcsech": "_asech", "arccsch": "_acsch", "arccoth": "_acoth", "min": "min", "max": "max", "rem": "_fmod", "quotient": "_quotient",
}  # fmt: skip


def name(id: str) -> str:
    """Return the Python name of a model id."""
    return "v_" + id


def show(expression: Expression) -> str:
    """Return Python source that computes the expression; floats round-trip exactly.

    Raises
    ------
    ModelError
        For a function that the reference engine does not know.
    """
    if isinstance(expression, Number):
        return _literal(expression.value)
    if isinstance(expression, Symbol):
        return "t" if expression == TIME else name(expression.id)
    printer = _PRINTERS.get(expression.op)
    if printer is not None:
        return printer(expression.args)
    if expression.op in _CALLS:
        return f"{_CALLS[expression.op]}({', '.join(show(argument) for argument in expression.args)})"
    raise ModelError(f"the function {expression.op} is not supported by the engine")


def _literal(value: float) -> str:
    if math.isfinite(value):
        return f"({value!r})"
    return "_nan" if math.isnan(value) else "_inf" if value > 0 else "(-_inf)"


def _join(sign: str) -> Callable[[tuple[Expression, ...]], str]:
    return lambda args: "(" + sign.join(show(argument) for argument in args) + ")"


def _minus(args: tuple[Expression, ...]) -> str:
    return f"(-{show(args[0])})" if len(args) == 1 else f"({show(args[0])} - {show(args[1])})"


def _power(args: tuple[Expression, ...]) -> str:
    base, exponent = args
    if isinstance(exponent, Number) and exponent.value == 2.0:
        return f"({show(base)} * {show(base)})" if isinstance(base, Symbol) else f"_square({show(base)})"
    if isinstance(exponent, Number) and exponent.value == -1.0:
        return f"(1.0 / {show(base)})"
    return f"_pow({show(base)}, {show(exponent)})"


def _root(args: tuple[Expression, ...]) -> str:
    degree, radicand = args
    if degree == Number(2.0):
        return f"_sqrt({show(radicand)})"
    return f"_pow({show(radicand)}, 1.0 / {show(degree)})"


def _log(args: tuple[Expression, ...]) -> str:
    base, value = args
    return f"_log10({show(value)})" if base == Number(10.0) else f"(_ln({show(value)}) / _ln({show(base)}))"


def _piecewise(args: tuple[Expression, ...]) -> str:
    text = show(args[-1]) if len(args) % 2 else "_nan"
    for i in range(len(args) // 2 - 1, -1, -1):
        text = f"({show(args[2 * i])} if {show(args[2 * i + 1])} else {text})"
    return text


def _xor(args: tuple[Expression, ...]) -> str:
    return "((" + " + ".join(f"bool({show(argument)})" for argument in args) + ") % 2 == 1)"


_PRINTERS: dict[str, Callable[[tuple[Expression, ...]], str]] = {
    "plus": _join(" + "),
    "times": _join(" * "),
    "lt": _join(" < "),
    "leq": _join(" <= "),
    "gt": _join(" > "),
    "geq": _join(" >= "),
    "eq": _join(" == "),
    "neq": _join(" != "),
    "divide": lambda args: f"({show(args[0])} / {show(args[1])})",
    "minus": _minus,
    "power": _power,
    "root": _root,
    "log": _log,
    "piecewise": _piecewise,
    "and": _join(" and "),
    "or": _join(" or "),
    "not": lambda args: f"(not {show(args[0])})",
    "xor": _xor,
    "implies": lambda args: f"((not {show(args[0])}) or {show(args[1])})",
}
