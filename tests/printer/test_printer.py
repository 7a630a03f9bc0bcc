"""Expressions in, code out: the printed code computes what mathematics says, and every float comes back to the bit."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serdsim.codegen.mathematics import NAMESPACE, divide
from serdsim.codegen.python_printer import show
from serdsim.errors import ModelError
from serdsim.model.expression import Apply, Expression, Number, Symbol

X, Y, Z, T = Symbol("x"), Symbol("y"), Symbol("z"), Symbol("time")


def value(expression: Expression, x: float = 0.0, y: float = 0.0, z: float = 0.0, t: float = 0.0) -> float:
    return float(eval(show(expression), dict(NAMESPACE), {"v_x": x, "v_y": y, "v_z": z, "t": t}))


def call(op: str, *args: Expression | float) -> Apply:
    return Apply(op, tuple(Number(a) if isinstance(a, float) else a for a in args))


@given(st.floats())
def test_every_float_comes_back_to_the_bit(number: float) -> None:
    back = value(Number(number))
    assert back.hex() == number.hex() or (math.isnan(back) and math.isnan(number))


def test_signs_and_powers_bind_as_the_tree_says() -> None:
    assert value(call("power", call("minus", X), 2.0), x=3.0) == 9.0
    assert value(call("minus", call("power", X, 2.0)), x=3.0) == -9.0
    assert value(call("power", Number(-2.0), 2.0)) == 4.0
    assert value(call("power", X, call("power", Y, Z)), 2.0, 3.0, 2.0) == 512.0
    assert value(call("power", call("power", X, Y), Z), 2.0, 3.0, 2.0) == 64.0
    assert value(call("minus", X, call("minus", Y, Z)), 1.0, 2.0, 3.0) == 2.0
    assert value(call("divide", X, call("divide", Y, Z)), 12.0, 6.0, 3.0) == 6.0
    assert value(call("divide", X, call("times", Y, Z)), 12.0, 2.0, 3.0) == 2.0
    assert value(call("times", X, call("plus", Y, Z)), 2.0, 3.0, 4.0) == 14.0
    assert value(call("not", call("and", X, Y)), 1.0, 0.0) == 1.0
    assert value(call("lt", call("plus", X, Y), Z), 1.0, 1.0, 3.0) == 1.0


trees = st.recursive(
    st.one_of(st.floats(0.1, 10.0).map(Number), st.sampled_from([X, Y, Z])),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["plus", "times", "minus", "divide"]), st.tuples(inner, inner)).map(lambda p: Apply(*p)),
        inner.map(lambda a: Apply("minus", (a,))),
    ),
    max_leaves=12,
)


@given(trees, st.floats(0.1, 10.0), st.floats(0.1, 10.0), st.floats(0.1, 10.0))
def test_arithmetic_is_that_of_the_tree(tree: Expression, x: float, y: float, z: float) -> None:
    known = {"x": x, "y": y, "z": z}

    def walk(part: Expression) -> float:
        if isinstance(part, Number):
            return part.value
        if isinstance(part, Symbol):
            return known[part.id]
        args = [walk(a) for a in part.args]
        if len(args) == 1:
            return -args[0]
        a, b = args
        return {"plus": a + b, "times": a * b, "minus": a - b, "divide": divide(a, b)}[part.op]

    try:
        found = value(tree, x, y, z)
    except ZeroDivisionError:
        return  # the kernel computes it again with `divide`
    assert found == walk(tree) or (math.isnan(found) and math.isnan(walk(tree)))


FUNCTIONS: dict[str, tuple[Callable[[float], float], tuple[float, ...]]] = {
    "exp": (math.exp, (-3.0, 0.0, 709.7)),
    "ln": (math.log, (1e-300, 0.5, 7.0)),
    "abs": (abs, (-2.0, 3.0)),
    "floor": (math.floor, (-1.5, 2.0, 2.9)),
    "ceiling": (math.ceil, (-1.5, 2.0, 2.1)),
    "factorial": (lambda x: math.factorial(int(x)), (0.0, 5.0, 12.0)),
    "sin": (math.sin, (0.3, 4.0)),
    "cos": (math.cos, (0.3, 4.0)),
    "tan": (math.tan, (0.3, 4.0)),
    "sec": (lambda x: 1 / math.cos(x), (0.3, 4.0)),
    "csc": (lambda x: 1 / math.sin(x), (0.3, 4.0)),
    "cot": (lambda x: 1 / math.tan(x), (0.3, 4.0)),
    "sinh": (math.sinh, (-0.3, 2.0)),
    "cosh": (math.cosh, (-0.3, 2.0)),
    "tanh": (math.tanh, (-0.3, 2.0)),
    "sech": (lambda x: 1 / math.cosh(x), (-0.3, 2.0)),
    "csch": (lambda x: 1 / math.sinh(x), (-0.3, 2.0)),
    "coth": (lambda x: 1 / math.tanh(x), (-0.3, 2.0)),
    "arcsin": (math.asin, (-1.0, 0.4)),
    "arccos": (math.acos, (-1.0, 0.4)),
    "arctan": (math.atan, (-9.0, 0.4)),
    "arcsec": (lambda x: math.acos(1 / x), (-1.0, 2.5)),
    "arccsc": (lambda x: math.asin(1 / x), (-1.0, 2.5)),
    "arccot": (lambda x: math.atan(1 / x), (-3.0, 0.4)),
    "arcsinh": (math.asinh, (-3.0, 0.4)),
    "arccosh": (math.acosh, (1.0, 2.5)),
    "arctanh": (math.atanh, (-0.9, 0.4)),
    "arcsech": (lambda x: math.acosh(1 / x), (0.2, 1.0)),
    "arccsch": (lambda x: math.asinh(1 / x), (-2.0, 0.4)),
    "arccoth": (lambda x: math.atanh(1 / x), (-2.0, 4.0)),
}


@pytest.mark.parametrize("op", FUNCTIONS)
def test_each_function_is_that_of_math(op: str) -> None:
    function, points = FUNCTIONS[op]
    for x in points:
        assert value(call(op, X), x=x) == pytest.approx(function(x), rel=1e-15)


@pytest.mark.parametrize(
    "op,x,expected",
    [
        ("exp", 800.0, math.inf), ("exp", math.nan, math.nan), ("ln", 0.0, -math.inf), ("ln", -1.0, math.nan), ("arcsin", 2.0, math.nan),
        ("arccot", 0.0, math.pi / 2), ("cot", 0.0, math.inf), ("csch", -0.0, -math.inf), ("floor", -math.inf, -math.inf),
        ("ceiling", math.nan, math.nan), ("factorial", 500.0, math.inf), ("factorial", -1.0, math.nan), ("cosh", 1e4, math.inf),
        ("arccsch", 0.0, math.inf), ("sin", math.inf, math.nan),
    ],
)  # fmt: skip
def test_outside_its_domain_a_function_gives_ieee_values(op: str, x: float, expected: float) -> None:
    assert value(call(op, X), x=x) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    "base,exponent,expected",
    [
        (2.0, 0.5, math.sqrt(2)), (0.0, 1.7, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, math.inf), (-2.0, 3.0, -8.0), (-2.0, -2.0, 0.25),
        (-1e-18, 1.7, 0.0), (1e200, 3.0, math.inf), (-1e200, 3.0, -math.inf), (-1e200, 4.0, math.inf), (0.0, math.nan, math.nan),
        (math.nan, 2.5, math.nan), (math.inf, -1.0, 0.0), (2.0, math.inf, math.inf),
    ],
)  # fmt: skip
def test_powers_are_defined_at_and_below_zero(base: float, exponent: float, expected: float) -> None:
    assert value(call("power", X, Y), base, exponent) == pytest.approx(expected, nan_ok=True, rel=1e-15)
    if math.isfinite(base) and (base != 0.0 or exponent != -1.0):  # the kernel catches 1.0 / 0.0
        assert value(call("power", X, exponent), base) == pytest.approx(expected, nan_ok=True, rel=1e-15)


@pytest.mark.parametrize("a", [0.0, -0.0, 1.0, -3.0, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("b", [0.0, -0.0, 2.0, -math.inf, math.nan])
def test_division_is_that_of_ieee(a: float, b: float) -> None:
    import numpy as np

    with np.errstate(all="ignore"):
        expected = float(np.float64(a) / np.float64(b))
    found = divide(a, b)
    assert found.hex() == expected.hex() or (math.isnan(found) and math.isnan(expected))


def test_roots_and_logarithms_know_their_degree() -> None:
    assert value(call("root", 2.0, X), 9.0) == 3.0
    assert value(call("root", 3.0, X), 27.0) == pytest.approx(3.0, rel=1e-15)
    assert math.isnan(value(call("root", 2.0, X), -1.0))
    assert value(call("log", 10.0, X), 1e-300) == -300.0
    assert value(call("log", 2.0, X), 8.0) == pytest.approx(3.0, rel=1e-15)


def test_whole_division_and_remainder_cut_towards_zero() -> None:
    assert [value(call("quotient", X, Y), *p) for p in ((7.0, 2.0), (-7.0, 2.0))] == [3.0, -3.0]
    assert [value(call("rem", X, Y), *p) for p in ((7.0, 2.0), (-7.0, 2.0))] == [1.0, -1.0]
    assert math.isnan(value(call("rem", X, Y), 7.0, 0.0))
    assert math.isnan(value(call("quotient", X, Y), 7.0, 0.0))


def test_extremes_take_any_number_of_arguments() -> None:
    assert value(call("min", X, Y, Z), 3.0, 1.0, 2.0) == 1.0
    assert value(call("max", X, Y, Z), 1.0, 3.0, 2.0) == 3.0


def test_a_piecewise_takes_the_first_true_branch() -> None:
    cut = call("piecewise", 1.0, call("lt", X, 1.0), 2.0, call("lt", X, 2.0), 3.0)
    assert [value(cut, x) for x in (0.5, 1.0, 1.5, 2.0)] == [1.0, 2.0, 2.0, 3.0]
    assert math.isnan(value(call("piecewise", 1.0, call("lt", X, 1.0)), 2.0))
    nested = call("plus", call("piecewise", call("minus", X), call("lt", X, 0.0), X), 1.0)
    assert [value(nested, x) for x in (-2.0, 2.0)] == [3.0, 3.0]
    guarded = call("piecewise", call("divide", 1.0, X), call("neq", X, 0.0), 7.0)
    assert value(guarded, 0.0) == 7.0


@pytest.mark.parametrize("a", [0.0, 1.0])
@pytest.mark.parametrize("b", [0.0, 1.0])
def test_logic_and_comparisons_have_their_truth_tables(a: float, b: float) -> None:
    table = {"and": a and b, "or": a or b, "xor": a != b, "implies": (not a) or b, "lt": a < b, "leq": a <= b}
    table |= {"gt": a > b, "geq": a >= b, "eq": a == b, "neq": a != b}
    for op, expected in table.items():
        assert bool(value(call(op, X, Y), a, b)) == bool(expected), op
    assert bool(value(call("xor", X, Y, Number(1.0)), a, b)) == ((a + b + 1) % 2 == 1)


def test_time_is_time_and_a_quantity_may_be_called_true() -> None:
    assert value(T, t=3.5) == 3.5
    assert show(Symbol("true")) == "v_true"
    assert show(Symbol("lambda")) == "v_lambda"


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(ModelError, match="delay"):
        show(call("delay", X, 1.0))
