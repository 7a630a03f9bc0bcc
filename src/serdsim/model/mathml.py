"""SBML mathematics (libSBML's `ASTNode`) -> `Expression`.

Operators carry their MathML names. What a reader of expressions may rely on:

========================================  =================================================================
``plus times and or xor min max``         two or more arguments (fewer are folded here)
``minus``                                 one or two
``divide power implies quotient rem``     two
``lt leq gt geq eq neq``                  two (chains become ``and``)
``root`` (degree, x), ``log`` (base, x)   two
``piecewise``                             value, condition, value, condition, ..., and at most one last otherwise
``delay`` (x, duration), ``rateOf`` (x)   kept as written
``not abs exp ln floor ceiling ...``      one
========================================  =================================================================

True is the number 1, false the number 0; pi, e, infinity, not-a-number and Avogadro's constant are numbers.
Function definitions are inlined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import libsbml

from serdsim.errors import Issue, ModelError
from serdsim.model.expression import AVOGADRO, TIME, Apply, Expression, Number, Symbol, substitute
from serdsim.units import Unit

_NAMES = {
    "AST_PLUS": "plus",
    "AST_MINUS": "minus",
    "AST_TIMES": "times",
    "AST_DIVIDE": "divide",
    "AST_POWER": "power",
    "AST_FUNCTION_POWER": "power",
    "AST_FUNCTION_DELAY": "delay",
    "AST_FUNCTION_RATE_OF": "rateOf",
    **{f"AST_LOGICAL_{name.upper()}": name for name in ("and", "or", "xor", "not", "implies")},
    **{f"AST_RELATIONAL_{name.upper()}": name for name in ("eq", "neq", "lt", "leq", "gt", "geq")},
    **{
        f"AST_FUNCTION_{name.upper()}": name
        for name in (
            *("abs", "ceiling", "exp", "factorial", "floor", "ln", "log", "max", "min", "piecewise", "quotient", "rem", "root"),
            *(arc + base + h for arc in ("", "arc") for base in ("sin", "cos", "tan", "sec", "csc", "cot") for h in ("", "h")),
        )
    },
}
_OPERATORS = {getattr(libsbml, constant): name for constant, name in _NAMES.items()}
_CONSTANTS = {
    libsbml.AST_CONSTANT_E: math.e,
    libsbml.AST_CONSTANT_PI: math.pi,
    libsbml.AST_CONSTANT_TRUE: 1.0,
    libsbml.AST_CONSTANT_FALSE: 0.0,
    libsbml.AST_NAME_AVOGADRO: AVOGADRO,
}
_EMPTY = {"plus": 0.0, "times": 1.0, "and": 1.0, "or": 0.0, "xor": 0.0, "piecewise": math.nan}
_FOLDED = frozenset({"plus", "times", "and", "or", "xor", "min", "max", "piecewise"})
_ASSOCIATIVE = frozenset({"plus", "times", "and", "or"})
_CHAINED = frozenset({"eq", "lt", "leq", "gt", "geq"})
_TWO = frozenset({"divide", "power", "implies", "quotient", "rem", "neq", "delay"})
_MANY = _FOLDED | _CHAINED | {"minus", "root", "log"}


@dataclass(frozen=True)
class Function:
    """A function definition: its arguments and the node of its body (None where the file gives none)."""

    arguments: tuple[str, ...]
    body: Any


@dataclass(frozen=True)
class Scope:
    """What names mean where a formula stands.

    Parameters
    ----------
    functions : mapping of str to Function
        Function definitions of the model.
    units : callable
        Unit of a unit id of the file, or None.
    names : mapping of str to str
        Other names of local parameters.
    calls : tuple of str
        Functions being inlined, outermost first.
    where : Issue
        Place and id of the formula, for errors.
    """

    functions: Mapping[str, Function] = field(default_factory=dict)
    units: Callable[[str], Unit | None] = lambda _: None
    names: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[str, ...] = ()
    where: Issue | None = None


def _refuse(scope: Scope, problem: str, expected: str | None = None, repair: str | None = None) -> ModelError:
    where = scope.where or Issue("")
    return ModelError(Issue(problem, file=where.file, line=where.line, id=where.id, expected=expected, repair=repair))


def to_expression(node: Any, scope: Scope) -> Expression:
    """Return the expression of a libSBML node.

    Raises
    ------
    ModelError
        For a function that SBML core does not have, a wrong number of arguments or a recursive function definition.
    """
    kind = node.getType()
    if kind in _CONSTANTS:
        return Number(_CONSTANTS[kind])
    if kind == libsbml.AST_NAME_TIME:
        return TIME
    if kind == libsbml.AST_NAME:
        return Symbol(scope.names.get(node.getName(), node.getName()))
    if node.isNumber():
        return _number(node, scope)
    args = tuple(to_expression(node.getChild(i), scope) for i in range(node.getNumChildren()))
    if kind == libsbml.AST_FUNCTION:
        return _call(node.getName(), args, scope)
    if kind not in _OPERATORS:
        name = node.getName() or node.getOperatorName() or "unknown"
        raise _refuse(scope, f'the function "{name}" is not known', "a function of SBML core")
    return _apply(_OPERATORS[kind], args, scope)


def _number(node: Any, scope: Scope) -> Number:
    kind = node.getType()
    unit = scope.units(node.getUnits()) if node.isSetUnits() else None
    if kind == libsbml.AST_INTEGER:
        return Number(float(node.getInteger()), unit)
    if kind == libsbml.AST_RATIONAL:
        bottom = node.getDenominator()
        return Number(node.getNumerator() / bottom if bottom else math.nan, unit)
    if kind == libsbml.AST_REAL_E:
        return Number(float(f"{node.getMantissa()!r}e{node.getExponent()}"), unit)
    return Number(float(node.getReal()), unit)


def _apply(op: str, args: tuple[Expression, ...], scope: Scope) -> Expression:
    if op == "log" and len(args) == 1:
        args = (Number(10.0), *args)
    if op == "root" and len(args) == 1:
        args = (Number(2.0), *args)
    if op in _FOLDED and len(args) < 2:
        return _fold(op, args, scope)
    if op in _CHAINED and len(args) > 2:
        return Apply("and", tuple(Apply(op, pair) for pair in pairwise(args)))
    if op in _ASSOCIATIVE and isinstance(args[0], Apply) and args[0].op == op:
        return Apply(op, (*args[0].args, *args[1:]))  # (a + b) + c is a + b + c to the last bit
    wrong = (
        (op in _TWO or op in _CHAINED or op in ("root", "log")) and len(args) != 2,
        op == "minus" and len(args) not in (1, 2),
        op not in _TWO and op not in _MANY and len(args) != 1,
    )
    if any(wrong):
        raise _refuse(scope, f'"{op}" has {len(args)} arguments', "the number of arguments that SBML gives")
    return Apply(op, args)


def _fold(op: str, args: tuple[Expression, ...], scope: Scope) -> Expression:
    if args:
        return args[0]
    if op not in _EMPTY:
        raise _refuse(scope, f'"{op}" has no arguments', "at least one argument")
    return Number(_EMPTY[op])


def _call(name: str, args: tuple[Expression, ...], scope: Scope) -> Expression:
    function = scope.functions.get(name)
    if function is None:
        raise _refuse(scope, f'the function "{name}" is not defined', "a function definition of the model")
    if name in scope.calls:
        raise _refuse(scope, f'the function "{name}" calls itself', "functions without recursion", "Write the formula out")
    if function.body is None:
        raise _refuse(scope, f'the function "{name}" has no formula', "a lambda with a body")
    if len(function.arguments) != len(args):
        raise _refuse(scope, f'the function "{name}" got {len(args)} arguments', f"{len(function.arguments)} arguments")
    # arguments are renamed with a sign that no id can have, so that none is taken for a quantity of the model
    marked = {argument: f"\0{argument}" for argument in function.arguments}
    inner = Scope(scope.functions, scope.units, marked, (*scope.calls, name), scope.where)
    body = to_expression(function.body, inner)
    return substitute(body, {marked[argument]: value for argument, value in zip(function.arguments, args, strict=True)})


def read_functions(model: Any) -> dict[str, Function]:
    """Return the function definitions of a libSBML model, keyed by id."""
    found: dict[str, Function] = {}
    for definition in model.getListOfFunctionDefinitions():
        arguments = tuple(definition.getArgument(i).getName() for i in range(definition.getNumArguments()))
        found[definition.getId()] = Function(arguments, definition.getBody())
    return found
