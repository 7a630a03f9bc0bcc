"""`Expression` -> a formula as PEtab writes it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from serdsim.errors import InputError, Issue
from serdsim.fit.formula import parse_formula
from serdsim.model.expression import TIME, Apply, Expression, Number, Symbol, walk
from serdsim.tables import format_number

_LOGIC, _RELATION, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(7)  # how tightly a text holds together
_SIGNS = {"eq": "==", "neq": "!=", "lt": "<", "leq": "<=", "gt": ">", "geq": ">=", "and": "&&", "or": "||"}
_NAMED = {"abs", "exp", "ln", "log2", "log10", "sign"} | {
    arc + one + h for arc in ("", "arc") for one in ("sin", "cos", "tan", "sec", "csc", "cot") for h in ("", "h")
}
_LOGARITHMS = {Apply("power", (Apply("ln", (Number(base),)), Number(-1.0))): name for base, name in ((10.0, "log10"), (2.0, "log2"))}


def formula_text(expression: Expression) -> str:
    """Return a formula that reads back as the expression, or, where PEtab has no such formula, as one of the same value.

    Raises
    ------
    InputError
        For a function that PEtab does not have, and for what is not a number.
    """
    short, long = _text(expression, brief=True)[0], _text(expression, brief=False)[0]
    return long if parse_formula(short) != expression and parse_formula(long) == expression else short


def as_read(expression: Expression) -> Expression:
    """Return the expression as it is when it has been written and read; one that holds what is not a number stays."""
    if any(isinstance(part, Number) and math.isnan(part.value) for part in walk(expression)):
        return expression
    return parse_formula(formula_text(expression))


def number_text(value: float) -> str:
    """Return a number as tables of PEtab have it: the shortest text that reads back as the same."""
    return format_number(value) if math.isfinite(value) else str(float(value))


def _text(expression: Expression, brief: bool) -> tuple[str, int]:
    if isinstance(expression, Number):
        if math.isnan(expression.value):
            raise InputError(Issue("a formula holds what is not a number", expected="numbers that PEtab can write"))
        return number_text(expression.value), _ATOM if expression.value >= 0.0 else _SIGN
    if isinstance(expression, Symbol):
        return expression.id if expression != TIME else "time", _ATOM
    op, args = expression.op, expression.args
    if op in _SIGNS:
        level = _LOGIC if op in ("and", "or") else _RELATION
        return f" {_SIGNS[op]} ".join(_held(one, level + 1, brief) for one in args), level
    if op in _NAMED or (op in ("min", "max") and len(args) == 2) or (op == "piecewise" and len(args) % 2):
        return f"{op}({', '.join(_text(one, brief)[0] for one in args)})", _ATOM
    if op in ("min", "max"):
        return _text(Apply(op, (args[0], Apply(op, args[1:]))), brief)
    return _arithmetic(op, args, brief)


def _arithmetic(op: str, args: Sequence[Expression], brief: bool) -> tuple[str, int]:
    if op == "plus":
        return _sum(args, brief), _SUM
    if op == "times":
        return _product(args, brief)
    if op == "minus":
        return (f"{_held(args[0], _SUM, brief)} - {_held(args[1], _PRODUCT, brief)}", _SUM) if len(args) == 2 else _minus(args[0], brief)
    if op == "divide":
        return f"{_held(args[0], _PRODUCT, brief)}/{_held(args[1], _POWER, brief)}", _PRODUCT
    if op == "power":
        return f"{_held(args[0], _ATOM, brief)}^{_held(args[1], _ATOM, brief)}", _POWER
    if op == "root":
        if args[0] == Number(2.0):
            return f"sqrt({_text(args[1], brief)[0]})", _ATOM
        return _text(Apply("power", (args[1], Apply("divide", (Number(1.0), args[0])))), brief)
    if op == "log":
        return f"log({_text(args[1], brief)[0]}, {_text(args[0], brief)[0]})", _ATOM
    if op == "not":
        return f"!{_held(args[0], _ATOM, brief)}", _SIGN
    raise InputError(Issue(f"the function {op} cannot be written as PEtab", expected="functions of PEtab's formulas"))


def _held(expression: Expression, level: int, brief: bool) -> str:
    """Return the text of a part, in brackets where it would fall apart."""
    text, own = _text(expression, brief)
    return text if own >= level else f"({text})"


def _minus(expression: Expression, brief: bool) -> tuple[str, int]:
    return f"-{_held(expression, _POWER, brief)}", _SIGN


def _sum(args: Sequence[Expression], brief: bool) -> str:
    text = _held(args[0], _SUM, brief)
    for one in args[1:]:
        part = _held(one, _PRODUCT, brief)
        text += f" - {part[1:]}" if brief and part.startswith("-") else f" + {part}"
    return text


def _product(args: Sequence[Expression], brief: bool) -> tuple[str, int]:
    if not brief:
        return "*".join(_held(one, _POWER, brief) for one in args), _PRODUCT
    if args[0] == Number(-1.0) and len(args) > 1:
        rest, level = _product(args[1:], brief)
        return f"-{rest}" if level >= _PRODUCT and not rest.startswith("-") else f"-({rest})", _PRODUCT
    args = _logarithms(args)
    if len(args) == 1:
        return _text(args[0], brief)
    below = [one for one in args if isinstance(one, Apply) and _divides(one)]
    above = [one for one in args if one not in below]
    text = "*".join(_held(one, _POWER if i else _PRODUCT, brief) for i, one in enumerate(above)) or "1"
    for one in below:
        base, exponent = one.args
        text += f"/{_held(base if exponent == Number(-1.0) else Apply('power', (base, _opposite(exponent))), _POWER, brief)}"
    return text, _PRODUCT


def _divides(one: Apply) -> bool:
    return one.op == "power" and isinstance(one.args[1], Number) and one.args[1].value < 0.0


def _opposite(exponent: Expression) -> Number:
    assert isinstance(exponent, Number)
    return Number(-exponent.value)


def _logarithms(args: Sequence[Expression]) -> Sequence[Expression]:
    """Return the factors with ln(x) / ln(10) as one, which is how logarithms of base 10 and 2 are read."""
    for inverse, name in _LOGARITHMS.items():
        logs = [one for one in args if isinstance(one, Apply) and one.op == "ln" and not isinstance(one.args[0], Number)]
        if inverse in args and len(logs) == 1:
            whole = Apply(name, logs[0].args)
            return _logarithms([whole if one == logs[0] else one for one in args if one != inverse])
    return args
