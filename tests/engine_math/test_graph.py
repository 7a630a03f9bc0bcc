"""The graph: derivatives of every function, equal parts are one node, simplified and compiled values are those of Python."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from graph_cases import EXPRESSIONS, apply, value
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from little_models import kernel, model
from native_cases import error, native, plan_of, reference
from serdsim.codegen.array_printer import array_function
from serdsim.codegen.equations import Equations, derive
from serdsim.codegen.graph import Graph, lower
from serdsim.codegen.graph_rules import _APPLY, _DIRECT
from serdsim.codegen.kernel import build
from serdsim.codegen.system import build_system
from serdsim.engine.native import run_native
from serdsim.engine.plan import Plan
from serdsim.engine.reference import run
from serdsim.model.expression import LOGIC, RELATIONS, Expression, Number, Symbol

X, Y = Symbol("x"), Symbol("y")
INNER = apply("times", X, apply("plus", Y, Number(0.25)))
LARGE = {"arccosh", "arccoth", "arcsec", "arccsc"}  # defined beyond 1
TWO = ("plus", "minus", "times", "divide", "power", "root", "log", "min", "max", "rem", "quotient")
ONE = sorted((set(_DIRECT) | set(_APPLY)) - set(TWO) - RELATIONS - LOGIC - {"piecewise"})


def slopes_and_exact(expression: Expression, x: float, y: float) -> tuple[list[mpmath.mpf], list[mpmath.mpf]]:
    """Return the derivatives by x and y as the graph has them and as a difference quotient in 60 digits gives them."""
    graph = Graph()
    known = {id: graph.input(id) for id in "xy"}
    node = lower(graph, expression, known)
    slopes = graph.slopes([node], [known["x"], known["y"]])[0]
    with mpmath.workdps(60):
        point = (mpmath.mpf(x), mpmath.mpf(y))
        inputs = dict(zip("xy", point, strict=True))
        mine = [value(graph, slopes[i], inputs) if i in slopes else mpmath.mpf(0) for i in (0, 1)]
        exact = [mpmath.diff(lambda a, b: value(graph, node, {"x": a, "y": b}), point, n) for n in ((1, 0), (0, 1))]
    return mine, exact


@pytest.mark.parametrize("op", ONE)
def test_the_derivative_of_a_function_is_its_slope(op: str) -> None:
    points = (
        [(2.1, 1.7), (-3.3, 0.9)] if op in LARGE - {"arccosh"} else [(2.1, 1.7)] if op in LARGE else [(0.3, 0.4), (0.8, 0.7), (0.05, 2.0)]
    )
    if op in ("factorial", "floor", "ceiling", "sign"):
        return check_flat(op)
    for x, y in points:
        mine, exact = slopes_and_exact(apply(op, INNER), x, y)
        assert all(abs(a - b) <= 1e-14 * abs(b) for a, b in zip(mine, exact, strict=True)), (x, y, mine, exact)
        assert all(b != 0 for b in exact)
    return None


def check_flat(op: str) -> None:
    graph = Graph()
    x = graph.input("x")
    node = lower(graph, apply(op, X), {"x": x})
    assert graph.slopes([node], [x]) == [{}]
    assert graph.parts[node].op != "const"


@pytest.mark.parametrize("op", [op for op in (*ONE, *TWO) if op not in LARGE])
def test_the_derivative_of_a_derivative_is_the_second(op: str) -> None:
    graph = Graph()
    known = {id: graph.input(id) for id in "xyab"}
    args = (INNER, apply("plus", X, Y)) if op in TWO else (apply("times", X, Y),)
    node = lower(graph, apply(op, *args), known)
    slopes = [graph.slopes([node], [known["x"], known["y"]])[0].get(i, graph.zero) for i in (0, 1)]
    bends = graph.tangents(slopes, {known["x"]: known["a"], known["y"]: known["b"]})
    point, rates = {"x": mpmath.mpf(0.7), "y": mpmath.mpf(1.3)}, {"a": mpmath.mpf(0.4), "b": mpmath.mpf(-1.1)}
    if op == "arccosh":
        point["x"] = mpmath.mpf(2.0)
    with mpmath.workdps(60):
        for slope, bend in zip(slopes, bends, strict=True):

            def along(s: mpmath.mpf, slope: int = slope) -> mpmath.mpf:
                return value(graph, slope, {"x": point["x"] + s * rates["a"], "y": point["y"] + s * rates["b"]})

            mine, exact = value(graph, bend, point | rates), mpmath.diff(along, 0)
            assert abs(mine - exact) <= 1e-13 * (1 + abs(exact)), (op, mine, exact)


def test_the_second_derivative_of_a_steep_power_at_zero_is_flat() -> None:
    graph = Graph()
    x, n = graph.input("x"), graph.input("n")
    slope = graph.slopes([graph.power(x, n)], [x])[0][0]
    (bend,) = graph.tangents([slope], {x: graph.one})
    found = array_function(graph, [bend], {"x": "y[0]", "n": "y[1]"})
    (values,) = found(None, None, None, np.array([[0.0, 0.0, 0.0, 4.0], [1.5, 2.0, 1.0, 1.5]]), None, None)
    assert values.tolist() == [0.0, 2.0, 0.0, 0.375]


@pytest.mark.parametrize("op", TWO)
@pytest.mark.parametrize("point", [(2.7, 1.3), (0.6, 3.2), (7.9, 0.55)])
def test_the_derivative_of_an_operation_is_its_slope(op: str, point: tuple[float, float]) -> None:
    mine, exact = slopes_and_exact(apply(op, INNER, apply("plus", X, Y)), *point)
    assert all(abs(a - b) <= 1e-14 * abs(b) for a, b in zip(mine, exact, strict=True)), (mine, exact)


@pytest.mark.parametrize("point", [(0.2, 0.5), (0.9, 0.5)])
def test_the_derivative_of_pieces_is_that_of_the_piece(point: tuple[float, float]) -> None:
    pieces = apply("piecewise", apply("times", X, X, Y), apply("lt", X, Y), apply("exp", apply("times", X, Y)))
    mine, exact = slopes_and_exact(pieces, *point)
    assert all(abs(a - b) <= 1e-14 * abs(b) for a, b in zip(mine, exact, strict=True))


@given(EXPRESSIONS)
@settings(max_examples=60, deadline=None)
def test_an_expression_is_one_node_however_often_it_is_written(expression: Expression) -> None:
    graph = Graph()
    known = {id: graph.input(id) for id in "xyzpq"}
    first = lower(graph, expression, known)
    count = len(graph.parts)
    assert lower(graph, expression, known) == first
    assert len(graph.parts) == count
    assert all(arg < node for node, part in enumerate(graph.parts) for arg in part.args)


def test_numbers_are_one_node_each_and_zeros_have_a_sign() -> None:
    graph = Graph()
    assert graph.const(math.nan) == graph.const(float("nan"))
    assert graph.const(0.1 + 0.2) != graph.const(0.3)
    assert graph.const(-0.0) != graph.const(0.0)
    x, y = graph.input("x"), graph.input("y")
    assert graph.add(x, y) == graph.add(y, x)
    assert graph.mul(x, y) == graph.mul(y, x)
    assert graph.sub(x, y) != graph.sub(y, x)
    assert graph.neg(graph.sub(x, y)) == graph.sub(y, x)


BASE = "x = 1; y = 1; z = 1; p = 1; q = 1; x' = -x; y' = -y; z' = -z; r := p + q"
POINTS = np.array(
    [
        [0.3, 1.7, -0.4, 2.0, 0.6],
        [1.0, 1.0, 1.0, 1.0, 1.0],
        [-2.5, 0.01, 3.0, -1.5, 7.0],
        [0.0, -0.8, 12.0, 0.9, -3.0],
        [55.0, 0.2, -7.7, 0.05, 1.1],
    ]
)


def with_rules(expressions: list[Expression]) -> Equations:
    rules = tuple((f"e{i}", expression) for i, expression in enumerate(expressions))
    return replace(kernel(BASE).equations, moving=rules)


def values_of(expressions: list[Expression], shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return what the compiled engine and Python make of expressions at the points, shape (expression, point)."""
    equations = with_rules(expressions)
    order = ["xyzpq".index(id) for id in equations.given]
    outputs = tuple(f"e{i}" for i in range(len(expressions)))
    plan = Plan(POINTS.T[order] * (1.0 + shift), (0.0,), outputs)
    return run_native(equations, plan).values[:, 0], run(build(equations), plan).values[:, 0]


@given(st.lists(EXPRESSIONS, min_size=25, max_size=25))
@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate])
def test_compiled_values_are_those_of_python(expressions: list[Expression]) -> None:
    compiled, python = values_of(expressions)
    shifted = [values_of_python(expressions, shift) for shift in (1e-11, -1e-11)]
    for i, row in enumerate(python):
        for k, right in enumerate(row):
            around = [values[i, k] for values in shifted]
            if not np.all(np.isfinite([right, *around])):
                continue  # what is not finite need not stay so when a product with zero is left out
            slack = 1e-12 * abs(right) + 10.0 * max(abs(other - right) for other in around) + 1e-290
            assert abs(compiled[i, k] - right) <= slack, (expressions[i], POINTS[k], compiled[i, k], right)


def values_of_python(expressions: list[Expression], shift: float) -> np.ndarray:
    equations = with_rules(expressions)
    made = build(equations)
    pick = [made.quantities.index(f"e{i}") for i in range(len(expressions))]
    columns = []
    for point in POINTS.tolist():
        state, inputs = made.start([point["xyzpq".index(id)] * (1.0 + shift) for id in equations.given])
        every = made.everything(0.0, state, made.fixed(inputs))
        columns.append([every[i] for i in pick])
    return np.array(columns).T


BASES = (0.0, 5e-324, 1e-300, 1e-9, 0.5, 1.0, 3.0, 1e9, 1e300, math.inf, -1e-300, -0.5, -2.0, -math.inf)
WHOLE = (-17.0, -16.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0, 16.0, 17.0)
BROKEN = (-1.5, -0.3, 0.3, 0.5, 1.5, 2.7)


def test_powers_have_their_values_at_zero_and_below_it() -> None:
    rules = [apply("power", X, Number(h)) for h in (*WHOLE, *BROKEN)] + [apply("power", X, Symbol("q"))]
    equations = with_rules(rules)
    exponents = (*WHOLE, *BROKEN, -math.inf, math.inf)
    table = [(base, exponent) for base in BASES for exponent in exponents]
    given_values = np.array([[{"x": b, "q": h}.get(id, 1.0) for b, h in table] for id in equations.given])
    plan = Plan(given_values, (0.0,), tuple(f"e{i}" for i in range(len(rules))))
    found, right = run_native(equations, plan).values[:, 0], run(build(equations), plan).values[:, 0]
    assert np.isinf(right).sum() > 100
    with np.errstate(invalid="ignore"):
        good = (found == right) | (np.isnan(found) & np.isnan(right)) | (np.abs(found - right) <= 1e-14 * np.abs(right))
    subnormal = np.abs(right) < 1e-290
    wrong = [(rules[i], table[k], found[i, k], right[i, k]) for i, k in np.argwhere(~good & ~subnormal)]
    assert not wrong


EXPONENTS = (0.3, 0.5, 1.0, 1.7, 2.0)
HILL = "x = 0; K = 2; x' = 0.5 - 0.1*x; h0 = 0.3; h1 = 0.5; h2 = 1; h3 = 1.7; h4 = 2; g = 0.4; g' = 0.1; " + "; ".join(
    f"a{i} = 0; a{i}' = (x/K)^{h}/(1 + (x/K)^{h}) - 0.1*a{i}; b{i} = 0; b{i}' = (x/K)^h{i}/(1 + (x/K)^h{i}) - 0.1*b{i}"
    for i, h in enumerate(EXPONENTS)
)
ROOTS = "; u = 0; u' = 0.1 - sqrt(u); v = 0; v' = 0.1 - v^0.5; w = 0; w' = 0.1 - w^g; s = 1; s' = arcsin(s) - 2*s"


def test_a_hill_term_and_a_root_of_what_is_nothing_at_first_go_on() -> None:
    text = HILL + ROOTS
    outputs = [f"{kind}{i}" for kind in "ab" for i in range(len(EXPONENTS))] + ["u", "v", "w", "s"]
    plan = plan_of(text, (0.0, 1e-4, 1e-2, 0.3, 1.0, 5.0, 30.0), outputs, rtol=1e-9)
    found, right = native(text, plan), reference(text, plan)
    assert found.status[0] == right.status[0] == "ok", (found.message, right.message)
    assert error(found.values, right.values) < 1e-6


def test_a_stable_quadratic_keeps_its_digits() -> None:
    text = "A = 1; S = 1; K = 1; b := A + S + K; C := 2*A*S/(b + sqrt(b^2 - 4*A*S)); x = 1; x' = -C*x"
    rng = np.random.default_rng(4)
    values = {id: 10.0 ** rng.uniform(-9, 5, 200) for id in "ASK"}
    found = native(text, plan_of(text, (0.0,), ("C",), values=values, individuals=200)).values[0, 0]
    with mpmath.workdps(60):
        exact = []
        for a, s, k in zip(*(map(mpmath.mpf, values[id]) for id in "ASK"), strict=True):
            b = a + s + k
            exact.append(float((b - mpmath.sqrt(b * b - 4 * a * s)) / 2))
    assert np.max(np.abs(found / np.array(exact) - 1.0)) < 1e-7  # the root itself loses half the digits where K is small
    assert np.median(np.abs(found / np.array(exact) - 1.0)) < 1e-15


def test_what_rests_on_inputs_alone_is_computed_once() -> None:
    text = "a = 2; b = 3; c = 5; k := a*exp(b)/c; x = 1; x' = -k*x/(a + b) + sqrt(c)*a"
    system = build_system(kernel(text).equations, ("x",))
    parts = [system.graph.parts[node] for node in system.graph.program([*system.rhs, *system.jacobian.values(), *system.outputs])]
    assert {part.name[:2] for part in parts if part.op == "input"} == {"y.", "c."}
    assert {part.op for part in parts} <= {"input", "const", "mul", "add", "sub", "neg"}
    assert 2 <= len(system.block) <= 4


def test_comparisons_are_held_within_a_step() -> None:
    text = "x = 1; k = 3; x' = piecewise(-x, time < k, 1, x > 0.5 && k > 2, 0)"
    system = build_system(derive_of(text), ("x",))
    parts = [system.graph.parts[node] for node in system.graph.program([*system.rhs, *system.jacobian.values()])]
    assert {part.name for part in parts if part.op == "truth"} == {"z.0", "z.1", "z.2"}
    assert not RELATIONS & {part.op for part in parts}
    assert len(system.comparisons) == 3
    assert len(system.switches) == 1
    assert len(system.located) == 1


@pytest.mark.parametrize(
    "test,known",
    [("time < 3", True), ("2*time - k > k/3", True), ("time*x < 3", False), ("time^2 < 9", False), ("x < 3", False)]
    + [(f"{jump} < 0.7", False) for jump in ("time - 2*floor(time/2)", "rem(time, 2)", "abs(time - 3)", "max(time, 2)", "ceil(time)/9")]
    + [("piecewise(time, time < 3, time - 3) < 0.7", False)],
)
def test_only_straight_comparisons_of_time_are_known_beforehand(test: str, known: bool) -> None:
    system = build_system(derive_of(f"x = 1; k = 3; x' = piecewise(-x, {test}, x)"), ("x",))
    assert (0 in system.located) is not known
    assert (len(system.switches) > (1 if "piecewise" in test else 0)) is known


def derive_of(text: str) -> Equations:
    return derive(model(text))
