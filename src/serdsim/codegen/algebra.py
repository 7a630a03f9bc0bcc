"""Derivatives and small simplifications of expressions. No computer algebra system is needed for rate laws."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from serdsim.errors import ModelError
from serdsim.model.expression import LOGIC, RELATIONS, Apply, Expression, Number, Symbol

ZERO, ONE, TWO = Number(0.0), Number(1.0), Number(2.0)


def add(*terms: Expression) -> Expression:
    """Return the sum without zeros."""
    kept = tuple(term for term in terms if term != ZERO)
    if not kept:
        return ZERO
    return kept[0] if len(kept) == 1 else Apply("plus", kept)


def multiply(*factors: Expression) -> Expression:
    """Return the product without ones; zero when a factor is zero."""
    if ZERO in factors:
        return ZERO
    kept = tuple(factor for factor in factors if factor != ONE)
    numbers = [factor.value for factor in kept if isinstance(factor, Number)]
    others = tuple(factor for factor in kept if not isinstance(factor, Number))
    scale = math.prod(numbers)
    if not others:
        return Number(scale)
    if scale == 1.0:
        return others[0] if len(others) == 1 else Apply("times", others)
    return Apply("times", (Number(scale), *others))


def negate(term: Expression) -> Expression:
    """Return minus the term."""
    return Number(-term.value) if isinstance(term, Number) else Apply("minus", (term,))


def subtract(a: Expression, b: Expression) -> Expression:
    """Return a minus b."""
    if b == ZERO:
        return a
    return negate(b) if a == ZERO else Apply("minus", (a, b))


def divide(a: Expression, b: Expression) -> Expression:
    """Return a over b."""
    return a if a == ZERO or b == ONE else Apply("divide", (a, b))


def power(base: Expression, exponent: Expression) -> Expression:
    """Return base to exponent."""
    if exponent == ONE:
        return base
    return ONE if exponent == ZERO else Apply("power", (base, exponent))


def call(op: str, *args: Expression) -> Expression:
    """Return the function `op` of the arguments."""
    return Apply(op, args)


def _sqrt(term: Expression) -> Expression:
    return call("root", TWO, term)


# d f(x) / dx for functions of one argument, as a function of x
_UNARY: dict[str, Callable[[Expression], Expression]] = {
    "exp": lambda x: call("exp", x),
    "ln": lambda x: divide(ONE, x),
    "abs": lambda x: call("sign", x),
    "sign": lambda _: ZERO,
    "floor": lambda _: ZERO,
    "ceiling": lambda _: ZERO,
    "factorial": lambda _: ZERO,
    "sin": lambda x: call("cos", x),
    "cos": lambda x: negate(call("sin", x)),
    "tan": lambda x: add(ONE, power(call("tan", x), TWO)),
    "sec": lambda x: multiply(call("sec", x), call("tan", x)),
    "csc": lambda x: negate(multiply(call("csc", x), call("cot", x))),
    "cot": lambda x: negate(add(ONE, power(call("cot", x), TWO))),
    "sinh": lambda x: call("cosh", x),
    "cosh": lambda x: call("sinh", x),
    "tanh": lambda x: subtract(ONE, power(call("tanh", x), TWO)),
    "arctan": lambda x: divide(ONE, add(ONE, power(x, TWO))),
    "arcsin": lambda x: divide(ONE, _sqrt(subtract(ONE, power(x, TWO)))),
    "arccos": lambda x: divide(Number(-1.0), _sqrt(subtract(ONE, power(x, TWO)))),
    "arcsinh": lambda x: divide(ONE, _sqrt(add(power(x, TWO), ONE))),
    "arccosh": lambda x: divide(ONE, _sqrt(subtract(power(x, TWO), ONE))),
    "arctanh": lambda x: divide(ONE, subtract(ONE, power(x, TWO))),
    "sech": lambda x: negate(multiply(call("sech", x), call("tanh", x))),
    "csch": lambda x: negate(multiply(call("csch", x), call("coth", x))),
    "coth": lambda x: subtract(ONE, power(call("coth", x), TWO)),
    "arccot": lambda x: divide(Number(-1.0), add(ONE, power(x, TWO))),
    "arccoth": lambda x: divide(ONE, subtract(ONE, power(x, TWO))),
    "arcsec": lambda x: divide(ONE, multiply(call("abs", x), _sqrt(subtract(power(x, TWO), ONE)))),
    "arccsc": lambda x: divide(Number(-1.0), multiply(call("abs", x), _sqrt(subtract(power(x, TWO), ONE)))),
    "arcsech": lambda x: divide(Number(-1.0), multiply(x, _sqrt(subtract(ONE, power(x, TWO))))),
    "arccsch": lambda x: divide(Number(-1.0), multiply(call("abs", x), _sqrt(add(ONE, power(x, TWO))))),
}


def differentiate(expression: Expression, known: Mapping[str, Expression]) -> Expression:
    """Return the derivative, given the derivative of each symbol (a symbol that is not listed is constant).

    Raises
    ------
    ModelError
        For a function that has no rule here.
    """
    if isinstance(expression, Number):
        return ZERO
    if isinstance(expression, Symbol):
        return known.get(expression.id, ZERO)
    op, args = expression.op, expression.args
    if op in RELATIONS or op in LOGIC:
        return ZERO
    if op == "piecewise":
        pieces = tuple(arg if i % 2 and i < len(args) else differentiate(arg, known) for i, arg in enumerate(args))
        return ZERO if all(piece == ZERO for piece in pieces[::2]) else Apply("piecewise", pieces)
    slopes = [differentiate(arg, known) for arg in args]
    if all(slope == ZERO for slope in slopes):
        return ZERO
    return _chain(op, args, slopes)


def _chain(op: str, args: tuple[Expression, ...], slopes: list[Expression]) -> Expression:
    if op == "plus":
        return add(*slopes)
    if op == "minus":
        return negate(slopes[0]) if len(args) == 1 else subtract(slopes[0], slopes[1])
    if op == "times":
        return add(*(multiply(slope, *args[:i], *args[i + 1 :]) for i, slope in enumerate(slopes)))
    if op == "divide":
        first = divide(slopes[0], args[1])
        return first if slopes[1] == ZERO else subtract(first, divide(multiply(args[0], slopes[1]), power(args[1], TWO)))
    if op == "power":
        return _power_slope(args[0], args[1], slopes[0], slopes[1])
    if op == "root":
        return multiply(slopes[1], divide(call("root", *args), multiply(args[0], args[1])))
    if op == "log":
        return multiply(slopes[1], divide(ONE, multiply(args[1], call("ln", args[0]))))
    if op == "rem":
        return subtract(slopes[0], multiply(slopes[1], call("quotient", *args)))
    if op == "quotient":
        return ZERO
    if op in ("min", "max"):
        return _extreme_slope(op, args, slopes)
    if op in _UNARY:
        return multiply(slopes[0], _UNARY[op](args[0]))
    raise ModelError(f"no derivative is known for the function {op}")


def _power_slope(base: Expression, exponent: Expression, d_base: Expression, d_exponent: Expression) -> Expression:
    # h*x^(h-1), never h*x^h/x: the second is 0/0 at x = 0 and stops every step
    lower = Number(exponent.value - 1.0) if isinstance(exponent, Number) else subtract(exponent, ONE)
    result = multiply(d_base, exponent, power(base, lower))
    if d_exponent == ZERO:
        return result
    return add(result, multiply(d_exponent, power(base, exponent), call("ln", base)))


def _extreme_slope(op: str, args: tuple[Expression, ...], slopes: list[Expression]) -> Expression:
    value, slope = args[0], slopes[0]
    for other, d_other in zip(args[1:], slopes[1:], strict=True):
        wins = call("leq" if op == "min" else "geq", value, other)
        value, slope = call(op, value, other), Apply("piecewise", (slope, wins, d_other))
    return slope
