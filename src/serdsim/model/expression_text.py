"""Expressions as a person writes them, for messages and pages."""

from __future__ import annotations

from serdsim.model.expression import Apply, Expression, Number, Symbol

_SIGNS = {"plus": " + ", "times": "*", "divide": "/", "power": "^", "and": " && ", "or": " || ",
          "lt": " < ", "leq": " <= ", "gt": " > ", "geq": " >= ", "eq": " == ", "neq": " != "}  # fmt: skip
_ORDER = (("or",), ("and",), ("lt", "leq", "gt", "geq", "eq", "neq"), ("plus", "minus"), ("times", "divide"), (), ("power",))
_STRENGTH = {op: strength for strength, ops in enumerate(_ORDER, 1) for op in ops}


def text_of(expression: Expression, longest: int | None = None) -> str:
    """Return the expression in Antimony's notation, cut to at most `longest` signs."""
    text = _write(expression, 0)
    return text if longest is None or len(text) <= longest else text[: longest - 3] + "..."


def _write(expression: Expression, outer: int) -> str:
    if isinstance(expression, Symbol):
        return expression.id
    if isinstance(expression, Number):
        text = f"{expression.value:.12g}"
        return f"{text} {expression.unit}" if expression.unit is not None else text
    inner = _STRENGTH.get(expression.op, 8)
    text = _operator(expression, inner)
    return f"({text})" if inner <= outer and inner < 8 else text


def _operator(expression: Apply, inner: int) -> str:
    op, args = expression.op, expression.args
    if op == "minus":
        if len(args) == 1:
            return f"-{_write(args[0], 5)}"
        return f"{_write(args[0], inner - 1)} - {_write(args[1], inner)}"
    if op == "divide":
        return f"{_write(args[0], inner - 1)}/{_write(args[1], inner)}"
    if op in _SIGNS and args:
        first = inner if op == "power" else inner - 1
        return _SIGNS[op].join([_write(args[0], first), *(_write(argument, inner) for argument in args[1:])])
    if op == "root" and args[0] == Number(2.0):
        return f"sqrt({_write(args[1], 0)})"
    return f"{op}({', '.join(_write(argument, 0) for argument in args)})"
