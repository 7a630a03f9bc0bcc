"""The unit of an expression, found by a walk over its tree.

A bare literal is dimensionless, also in sums: `1 - f` needs a dimensionless `f`. Only a literal that is exactly zero
takes the unit of its neighbours, and only in a comparison, in a branch of a piecewise and in `min` and `max`; it gets no
pass in a sum. A whole literal exponent fits every unit, any other exponent needs a dimensionless base. A root with a
whole literal degree is allowed where all exponents stay whole, as in `sqrt(x^2)`. `floor`, `ceiling` and `factorial`
need a dimensionless argument, since their value would change with the unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serdsim.model.expression import LOGIC, RELATIONS, Apply, Expression, Number, Symbol
from serdsim.model.expression_text import text_of
from serdsim.units import DIMENSIONLESS, Unit


@dataclass(frozen=True)
class Truth:
    """What a comparison gives instead of a unit."""

    def __str__(self) -> str:
        return "true or false"


TRUTH = Truth()
Kind = Unit | Truth | None  # None: not known, because something below it was already reported


@dataclass(frozen=True)
class Mismatch:
    """One place in an expression where units do not fit; `ratio` is found over needed where both are units."""

    problem: str
    ratio: Unit | None = None


Found = tuple[Kind, tuple[Mismatch, ...]]


def infer(expression: Expression, known: Mapping[str, Unit | None], time: Unit | None) -> Found:
    """Return the unit of an expression and what does not fit inside it.

    Parameters
    ----------
    expression : Expression
        The formula.
    known : mapping of str to (Unit or None)
        What each id means in mathematics; None where its unit is missing, which is reported elsewhere.
    time : Unit or None
        Unit of time, for `rateOf` and `delay`.
    """
    if isinstance(expression, Number):
        return (expression.unit if expression.unit is not None else DIMENSIONLESS), ()
    if isinstance(expression, Symbol):
        return known.get(expression.id), ()
    found = [infer(argument, known, time) for argument in expression.args]
    kind, wrong = _apply(expression, tuple(kind for kind, _ in found), time)
    return kind, (*(mismatch for _, inner in found for mismatch in inner), *wrong)


def _apply(expression: Apply, kinds: tuple[Kind, ...], time: Unit | None) -> Found:
    op = expression.op
    if op in RELATIONS:
        return TRUTH, _equal(expression, expression.args, kinds, zero=True)[1]
    if op in LOGIC:
        return TRUTH, _truths(expression, expression.args, kinds)
    if op == "piecewise":
        return _piecewise(expression, kinds)
    if op in ("plus", "minus", "min", "max", "rem", "quotient"):
        kind, wrong = _equal(expression, expression.args, kinds, zero=op in ("min", "max"))
        return (DIMENSIONLESS if op == "quotient" else kind), wrong
    if op in ("times", "divide"):
        return _product(expression, kinds)
    if op in ("power", "root"):
        return _power(expression, kinds)
    if op == "abs":
        return kinds[0], ()
    if op == "delay":
        return kinds[0], _needs(expression, expression.args[1], kinds[1], time)
    if op == "rateOf":
        return (kinds[0] / time if isinstance(kinds[0], Unit) and time is not None else None), ()
    return DIMENSIONLESS, tuple(
        mismatch
        for argument, kind in zip(expression.args, kinds, strict=True)
        for mismatch in _needs(expression, argument, kind, DIMENSIONLESS)
    )


def _is_zero(expression: Expression) -> bool:
    return isinstance(expression, Number) and expression.value == 0.0 and expression.unit is None


def _is_truth(expression: Expression, kind: Kind) -> bool:
    return isinstance(kind, Truth) or (isinstance(expression, Number) and expression.value in (0.0, 1.0) and expression.unit is None)


def _equal(whole: Apply, parts: tuple[Expression, ...], kinds: tuple[Kind, ...], *, zero: bool) -> Found:
    """Return the common unit of the parts; the first part that has one sets it."""
    first: tuple[Expression, Kind] | None = None
    for part, kind in zip(parts, kinds, strict=True):
        if kind is None or (zero and _is_zero(part)):
            continue
        if first is None:
            first = part, kind
            continue
        other, common = first
        if isinstance(kind, Unit) and isinstance(common, Unit):
            if not kind.matches(common):
                problem = f'{text_of(other, 40)} has unit "{common}" but {text_of(part, 40)} has unit "{kind}" in {text_of(whole, 60)}'
                return None, (Mismatch(problem, kind / common),)
        elif kind != common and not (_is_truth(part, kind) and _is_truth(other, common)):
            problem = f"{text_of(other, 40)} is {_word(common)} but {text_of(part, 40)} is {_word(kind)} in {text_of(whole, 60)}"
            return None, (Mismatch(problem),)
    if first is None:
        return (DIMENSIONLESS if kinds and all(kind is not None for kind in kinds) else None), ()
    return first[1], ()


def _word(kind: Kind) -> str:
    return f'a number with unit "{kind}"' if isinstance(kind, Unit) else str(kind)


def _truths(whole: Apply, parts: tuple[Expression, ...], kinds: tuple[Kind, ...]) -> tuple[Mismatch, ...]:
    return tuple(
        Mismatch(f'{text_of(part, 40)} is a number with unit "{kind}" where {text_of(whole, 60)} needs true or false')
        for part, kind in zip(parts, kinds, strict=True)
        if kind is not None and not _is_truth(part, kind)
    )


def _piecewise(whole: Apply, kinds: tuple[Kind, ...]) -> Found:
    branches = range(0, len(whole.args), 2)
    conditions = range(1, len(whole.args), 2)
    kind, wrong = _equal(whole, tuple(whole.args[i] for i in branches), tuple(kinds[i] for i in branches), zero=True)
    return kind, wrong + _truths(whole, tuple(whole.args[i] for i in conditions), tuple(kinds[i] for i in conditions))


def _product(whole: Apply, kinds: tuple[Kind, ...]) -> Found:
    result: Unit | None = None
    for position, kind in enumerate(kinds):
        if isinstance(kind, Truth):
            return None, (Mismatch(f"{text_of(whole.args[position], 40)} is true or false where {text_of(whole, 60)} needs a number"),)
        if kind is None:
            return None, ()
        result = kind if result is None else (result / kind if whole.op == "divide" else result * kind)
    return result, ()


def _literal(expression: Expression) -> float | None:
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Apply) and expression.op == "minus" and len(expression.args) == 1:
        inner = _literal(expression.args[0])
        return None if inner is None else -inner
    return None


def _power(whole: Apply, kinds: tuple[Kind, ...]) -> Found:
    root = whole.op == "root"
    base, exponent = (whole.args[1], whole.args[0]) if root else whole.args
    base_kind, exponent_kind = (kinds[1], kinds[0]) if root else kinds
    wrong = _needs(whole, exponent, exponent_kind, DIMENSIONLESS)
    if not isinstance(base_kind, Unit):
        return None, (*wrong, *_needs(whole, base, base_kind, DIMENSIONLESS))
    if wrong or base_kind.dimensionless:
        return (None if wrong else base_kind), wrong
    literal = _literal(exponent)
    if literal is not None and literal.is_integer() and literal != 0.0:
        if not root:
            return base_kind ** int(literal), ()
        if all((power / int(literal)).denominator == 1 for power in base_kind.powers):
            return Unit(base_kind.factor ** (1.0 / literal), tuple(power / int(literal) for power in base_kind.powers)), ()
    what = f'{text_of(base, 40)} has unit "{base_kind}" under the exponent {text_of(exponent, 30)} in {text_of(whole, 60)}'
    return None, (Mismatch(f"{what}: only a ratio such as (x/K)^h can be raised to it", base_kind),)


def _needs(whole: Apply, part: Expression, kind: Kind, needed: Unit | None) -> tuple[Mismatch, ...]:
    if kind is None or needed is None:
        return ()
    if isinstance(kind, Truth):
        return (Mismatch(f"{text_of(part, 40)} is true or false where {text_of(whole, 60)} needs a number"),)
    if kind.matches(needed):
        return ()
    return (Mismatch(f'{text_of(part, 40)} has unit "{kind}" where {text_of(whole, 60)} needs "{needed}"', kind / needed),)
