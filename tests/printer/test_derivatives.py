"""Every derivative rule meets central differences."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from serdsim.codegen.algebra import ONE, ZERO, differentiate
from serdsim.codegen.mathematics import NAMESPACE
from serdsim.codegen.python_printer import show
from serdsim.errors import ModelError
from serdsim.model.expression import Apply, Expression, Number, Symbol

X = Symbol("x")
# where each function is smooth
DOMAINS = {
    "exp": (-3, 3), "ln": (0.1, 9), "abs": (0.1, 5), "sin": (-3, 3), "cos": (-3, 3), "tan": (-1.2, 1.2), "sec": (-1.2, 1.2),
    "csc": (0.4, 2.6), "cot": (0.4, 2.6), "sinh": (-3, 3), "cosh": (-3, 3), "tanh": (-3, 3), "arctan": (-3, 3), "arcsin": (-0.9, 0.9),
    "arccos": (-0.9, 0.9), "arcsinh": (-3, 3), "arccosh": (1.2, 5), "arctanh": (-0.9, 0.9),
    "sech": (-3, 3), "csch": (0.3, 3), "coth": (0.3, 3), "arccot": (0.3, 3), "arcsec": (1.2, 5), "arccsc": (1.2, 5),
    "arcsech": (0.1, 0.9), "arccsch": (0.3, 3), "arccoth": (1.2, 5),
}  # fmt: skip


def value(expression: Expression, x: float) -> float:
    return float(eval(show(expression), dict(NAMESPACE), {"v_x": x}))


def check(expression: Expression, x: float, hair: float = 1e-5) -> None:
    slope = value(differentiate(expression, {"x": ONE}), x)
    sides = [value(expression, x + hair * s) for s in (-2, -1, 1, 2)]
    difference = (sides[0] - 8 * sides[1] + 8 * sides[2] - sides[3]) / (12 * hair)
    assert slope == pytest.approx(difference, rel=1e-6, abs=1e-6 * (1 + max(map(abs, sides))))


@settings(max_examples=20)
@given(st.floats(0.0, 1.0))
@pytest.mark.parametrize("op", DOMAINS)
def test_a_function_of_one_argument(op: str, share: float) -> None:
    low, high = DOMAINS[op]
    check(Apply(op, (X,)), low + share * (high - low))
    check(Apply(op, (Apply("times", (Number(0.999), X)),)), low + share * (high - low))


smooth = st.recursive(
    st.one_of(st.floats(0.5, 3.0).map(Number), st.just(X)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["plus", "times", "minus", "divide", "power"]), st.tuples(inner, inner)).map(lambda p: Apply(*p)),
        st.tuples(st.sampled_from(["plus", "times"]), st.tuples(inner, inner, inner)).map(lambda p: Apply(*p)),
        st.tuples(st.sampled_from(["exp", "sin", "tanh", "arctan"]), st.tuples(inner)).map(lambda p: Apply(*p)),
        inner.map(lambda a: Apply("root", (Number(3.0), Apply("plus", (Number(2.0), Apply("power", (a, Number(2.0)))))))),
        inner.map(lambda a: Apply("log", (Number(10.0), Apply("plus", (Number(2.0), Apply("power", (a, Number(2.0)))))))),
    ),
    max_leaves=7,
)


@settings(max_examples=200)
@given(smooth, st.floats(0.5, 2.0))
def test_a_composed_expression(expression: Expression, x: float) -> None:
    below, above = value_or_nan(expression, x - 1e-3), value_or_nan(expression, x + 1e-3)
    assume(all(math.isfinite(v) and abs(v) < 1e3 for v in (below, above)) and abs(above - below) < 0.1)
    assume(all(abs(value_or_nan(differentiate(expression, {"x": ONE}), x + d)) < 50 for d in (-1e-3, 0.0, 1e-3)))
    check(expression, x, 1e-4)


def value_or_nan(expression: Expression, x: float) -> float:
    try:
        return value(expression, x)
    except ZeroDivisionError:
        return math.nan


@pytest.mark.parametrize("x", [0.3, 1.5, 2.5])
def test_extremes_and_branches_follow_the_one_that_counts(x: float) -> None:
    square = Apply("power", (X, Number(2.0)))
    check(Apply("min", (square, X, Number(2.0))), x)
    check(Apply("max", (square, X, Number(2.0))), x)
    check(Apply("piecewise", (square, Apply("lt", (X, Number(1.0))), Apply("exp", (X,)))), x)
    check(Apply("rem", (square, Number(0.7))), x)
    check(Apply("rem", (Number(7.0), X)), x)
    check(Apply("quotient", (square, Number(0.7))), x)


def test_a_power_keeps_its_slope_at_nothing() -> None:
    """h x^(h-1), never h x^h / x, which is 0/0 at x = 0."""
    assert value(differentiate(Apply("power", (X, Number(1.7))), {"x": ONE}), 0.0) == 0.0
    assert value(differentiate(Apply("power", (X, Number(1.0))), {"x": ONE}), 0.0) == 1.0


@pytest.mark.parametrize("op", ["floor", "ceiling", "sign", "factorial", "lt", "and"])
def test_what_is_flat_between_jumps_has_no_slope(op: str) -> None:
    args = (X, X) if op in ("lt", "and") else (X,)
    assert differentiate(Apply(op, args), {"x": ONE}) == ZERO


def test_what_does_not_depend_on_the_quantity_has_no_slope_even_without_a_rule() -> None:
    assert differentiate(Apply("delay", (Symbol("y"), Number(1.0))), {"x": ONE}) == ZERO
    with pytest.raises(ModelError, match="no derivative is known for the function delay"):
        differentiate(Apply("delay", (X, Number(1.0))), {"x": ONE})
