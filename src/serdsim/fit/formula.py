"""Formulas of PEtab: text -> `Expression`, and `Expression` -> number."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from serdsim.codegen.mathematics import NAMESPACE
from serdsim.codegen.python_printer import name, show
from serdsim.errors import InputError, Issue
from serdsim.model.expression import TIME, Apply, Expression, Number, Symbol, symbols

_FUNCTIONS = {
    "Abs": "abs", "And": "and", "Equality": "eq", "GreaterThan": "geq", "LessThan": "leq", "Max": "max", "Min": "min", "Not": "not",
    "Or": "or", "StrictGreaterThan": "gt", "StrictLessThan": "lt", "Unequality": "neq", "Xor": "xor", "ceiling": "ceiling", "exp": "exp",
    "floor": "floor", "log": "ln", "sign": "sign",
    **{("a" if arc else "") + one + h: arc + one + h for arc in ("", "arc") for one in ("sin", "cos", "tan", "sec", "csc", "cot")
       for h in ("", "h")},
}  # fmt: skip


def require_petab() -> None:
    """Do nothing where the library petab is installed.

    Raises
    ------
    InputError
        Where it is not.
    """
    if find_spec("petab") is None:
        raise InputError(Issue("PEtab problems need the library petab", repair='Install it with: pip install "serdsim[est]"'))


@lru_cache(maxsize=4096)
def parse_formula(text: str) -> Expression:
    """Return the expression of a formula as PEtab writes it.

    Raises
    ------
    ValueError
        With words of a line, for a text that is no such formula.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries about each other
        from petab.v1.math import sympify_petab

        try:
            return to_expression(sympify_petab(text))
        except Exception as error:  # the parser raises errors of several libraries
            raise ValueError(" ".join(str(error).split())[:200]) from None


def to_expression(node: Any) -> Expression:
    """Return the expression of a node of sympy.

    Raises
    ------
    ValueError
        For a function that PEtab does not have.
    """
    kind = type(node).__name__
    if node.is_Symbol:
        return TIME if str(node) == "time" else Symbol(str(node))
    if kind in ("BooleanTrue", "BooleanFalse"):
        return Number(float(bool(node)))
    if kind == "ComplexInfinity":
        return Number(math.inf)
    if node.is_number and not node.args:
        return Number(float(node))
    if kind == "Piecewise":
        parts = [part for pair in node.args for part in pair.args]
        if parts[-1] == True:  # noqa: E712 -- a truth of sympy
            parts.pop()
        return Apply("piecewise", tuple(to_expression(part) for part in parts)) if len(parts) > 1 else to_expression(parts[0])
    if kind == "Pow":
        return _power(*(to_expression(part) for part in node.args))
    args = tuple(to_expression(part) for part in node.args)
    if kind in ("Add", "Mul"):
        return Apply("plus" if kind == "Add" else "times", args)
    if kind == "log" and len(args) == 2:
        return Apply("log", (args[1], args[0]))
    if kind not in _FUNCTIONS:
        raise ValueError(f"the function {kind} is not known")
    return Apply(_FUNCTIONS[kind], args)


def _power(base: Expression, exponent: Expression) -> Expression:
    if base == Number(math.e):
        return Apply("exp", (exponent,))
    if exponent == Number(0.5):
        return Apply("root", (Number(2.0), base))
    return Apply("power", (base, exponent))


def number_of(expression: Expression, values: Mapping[str, float]) -> float:
    """Return the value of an expression; not a number where the arithmetic has none."""
    if isinstance(expression, Number):
        return expression.value
    function, names = _function(expression)
    try:
        return float(function(*(values[one] for one in names)))
    except (ZeroDivisionError, OverflowError):
        return math.nan


@lru_cache(maxsize=4096)
def _function(expression: Expression) -> tuple[Callable[..., float], tuple[str, ...]]:
    names = tuple(sorted(symbols(expression)))
    arguments = ", ".join("t" if one == TIME.id else name(one) for one in names)
    found: dict[str, Any] = dict(NAMESPACE)
    exec(compile(f"def f({arguments}):\n    return {show(expression)}\n", "<petab formula>", "exec"), found)
    return found["f"], names
