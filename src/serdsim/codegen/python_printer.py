"""Expression -> Python source. Names are prefixed, so that no model id can collide with the language."""

from __future__ import annotations

from collections.abc import Callable

from serdsim.errors import ModelError
from serdsim.model.expression import Expression, Number, Symbol

_CALLS = {
    "exp": "_exp", "ln": "_ln", "abs": "abs", "sign": "_sign", "floor": "_floor", "ceiling": "_ceil", "factorial": "_factorial",
    "sin": "_sin", "cos": "_cos", "tan": "_tan", "sec": "_sec", "csc": "_csc", "cot": "_cot", "sinh": "_sinh", "cosh": "_cosh",
    "tanh": "_tanh", "sech": "_sech", "csch": "_csch", "coth": "_coth", "arcsin": "_asin", "arccos": "_acos", "arctan": "_atan",
    "arcsec": "_asec", "arccsc": "_acsc", "arccot": "_acot", "arcsinh": "_asinh", "arccosh": "_acosh", "arctanh": "_atanh",
    "arcsech": "_asech", "arccsch": "_acsch", "arccoth": "_acoth", "min": "min", "max": "max", "rem": "_fmod", "quotient": "_quotient",
}  # fmt: skip
_RELATIONS = {"lt": "<", "leq": "<=", "gt": ">", "geq": ">=", "eq": "==", "neq": "!="}


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
        return (
            f"({expression.value!r})"
            if expression.value == expression.value and abs(expression.value) != float("inf")
            else _odd(expression.value)
        )
    if isinstance(expression, Symbol):
        return {"time": "t", "true": "True", "false": "False"}.get(expression.id, name(expression.id))
    printer = _PRINTERS.get(expression.op)
    if printer is not None:
        return printer(expression.args)
    args = [show(argument) for argument in expression.args]
    if expression.op in _RELATIONS and len(args) >= 2:
        sign = _RELATIONS[expression.op]
        return "(" + " and ".join(f"{a} {sign} {b}" for a, b in zip(args, args[1:], strict=False)) + ")"
    if expression.op in _CALLS:
        return f"{_CALLS[expression.op]}({', '.join(args)})"
    raise ModelError(f"the function {expression.op} is not supported by the engine")


def _odd(value: float) -> str:
    return "_nan" if value != value else ("_inf" if value > 0 else "(-_inf)")


def _join(sign: str, empty: str) -> Callable[[tuple[Expression, ...]], str]:
    return lambda args: "(" + sign.join(show(argument) for argument in args) + ")" if args else empty


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
    degree, radicand = args if len(args) == 2 else (Number(2.0), args[0])
    if degree == Number(2.0):
        return f"_sqrt({show(radicand)})"
    return f"_pow({show(radicand)}, 1.0 / {show(degree)})"


def _log(args: tuple[Expression, ...]) -> str:
    base, value = args if len(args) == 2 else (Number(10.0), args[0])
    return f"_log10({show(value)})" if base == Number(10.0) else f"(_ln({show(value)}) / _ln({show(base)}))"


def _piecewise(args: tuple[Expression, ...]) -> str:
    text = show(args[-1]) if len(args) % 2 else "_nan"
    for i in range(len(args) // 2 - 1, -1, -1):
        text = f"({show(args[2 * i])} if {show(args[2 * i + 1])} else {text})"
    return text


def _xor(args: tuple[Expression, ...]) -> str:
    return (
        "(" + " != ".join(f"bool({show(argument)})" for argument in args[:2]) + ")"
        if len(args) == 2
        else (f"(sum(bool(a) for a in ({', '.join(show(a) for a in args)}{',' if args else ''})) % 2 == 1)")
    )


_PRINTERS: dict[str, Callable[[tuple[Expression, ...]], str]] = {
    "plus": _join(" + ", "(0.0)"),
    "times": _join(" * ", "(1.0)"),
    "divide": lambda args: f"({show(args[0])} / {show(args[1])})",
    "minus": _minus,
    "power": _power,
    "root": _root,
    "log": _log,
    "piecewise": _piecewise,
    "and": _join(" and ", "True"),
    "or": _join(" or ", "False"),
    "not": lambda args: f"(not {show(args[0])})",
    "xor": _xor,
    "implies": lambda args: f"((not {show(args[0])}) or {show(args[1])})",
}
