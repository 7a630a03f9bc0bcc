"""Mathematics of a model as frozen expression trees: what a law says, nothing about how it is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from serdsim.units import Unit


@dataclass(frozen=True)
class Number:
    """A literal; `unit` is given only where the file states one."""

    value: float
    unit: Unit | None = None


@dataclass(frozen=True)
class Symbol:
    """A reference to a species, parameter, compartment, reaction or `time`."""

    id: str


@dataclass(frozen=True)
class Apply:
    """An operator or function of SBML applied to arguments."""

    op: str
    args: tuple[Expression, ...]


Expression = Number | Symbol | Apply
TIME = Symbol("time")
AVOGADRO = 6.02214179e23  # the value that SBML Level 3 fixes, not today's

RELATIONS = frozenset({"lt", "leq", "gt", "geq", "eq", "neq"})
LOGIC = frozenset({"and", "or", "not", "xor", "implies"})


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield the expression and all its parts, outermost first."""
    yield expression
    if isinstance(expression, Apply):
        for argument in expression.args:
            yield from walk(argument)


def symbols(expression: Expression) -> frozenset[str]:
    """Return the ids that the expression reads."""
    return frozenset(part.id for part in walk(expression) if isinstance(part, Symbol))


def rebuild(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """Return the expression with `change` applied to every part, innermost first."""
    if isinstance(expression, Apply):
        expression = Apply(expression.op, tuple(rebuild(argument, change) for argument in expression.args))
    return change(expression)


def substitute(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """Return the expression with symbols replaced."""
    return rebuild(expression, lambda part: values.get(part.id, part) if isinstance(part, Symbol) else part)
