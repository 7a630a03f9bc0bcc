"""Own vector functions: errors against mpmath, special values against the scalar twins, lanes that know nothing of each other."""

import math
from collections.abc import Callable
from itertools import product

import mpmath
import numpy as np
import pytest
from vector_cases import (
    ARGUMENTS,
    NAMES,
    RARE,
    SPECIAL,
    Array,
    evaluate,
    exponents,
    points_over_minus_one,
    positive_points,
    power_points,
    ulps,
)

from serdsim.codegen import vector_exponential, vector_logarithm, vector_power
from serdsim.codegen.mathematics import NAMESPACE
from serdsim.codegen.vector_math import declarations, vector_functions

MOST_ULPS = 1.25
POINTS = 1500
CASES: dict[str, tuple[Callable[[np.random.Generator, int], Array], Callable[..., mpmath.mpf]]] = {
    "v_exp": (exponents, mpmath.exp),
    "v_expm1": (exponents, mpmath.expm1),
    "v_log": (positive_points, mpmath.log),
    "v_log10": (positive_points, mpmath.log10),
    "v_log1p": (points_over_minus_one, mpmath.log1p),
}


def same(got: Array, want: Array, tolerance: float) -> Array:
    """Return where values agree: as NaN, as infinity or zero of one sign, or within a relative tolerance."""
    with np.errstate(invalid="ignore"):
        close = np.abs(got - want) <= tolerance * np.abs(want) + 5e-324
    finite = np.isfinite(want) & (want != 0.0)
    exact = (got == want) & (np.signbit(got) == np.signbit(want))
    return np.where(np.isnan(want), np.isnan(got), np.where(finite, close, exact))


def twin(name: str, *arguments: Array) -> Array:
    function = NAMESPACE[name]
    return np.array([function(*point) for point in zip(*(a.tolist() for a in arguments), strict=True)], dtype=float)


@pytest.mark.parametrize("fma", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_functions_err_by_little(name: str, fma: bool) -> None:
    points, exact = CASES[name]
    x = points(np.random.default_rng(11), POINTS)
    errors = ulps(evaluate(name, x, fma=fma), exact, x)
    assert errors.size > 5000
    assert errors.max() < MOST_ULPS, f"at {x[errors.argmax()]!r}"


@pytest.mark.parametrize("fma", [True, False])
def test_powers_err_by_little(fma: bool) -> None:
    x, y = power_points(np.random.default_rng(12), POINTS // 3)
    errors = ulps(evaluate("v_pow", x, y, fma=fma), mpmath.power, x, y)
    assert errors.size > 8000
    assert errors.max() < MOST_ULPS, f"at {x[errors.argmax()]!r}, {y[errors.argmax()]!r}"


def test_errors_are_measured_in_last_places() -> None:
    x = np.array([1.0, 1.0, 800.0])
    got = np.array([math.e, math.e + 2.0 * math.ulp(math.e), 1e308])
    assert ulps(got, mpmath.exp, x) == pytest.approx([0.3255, 1.6745, np.inf], abs=1e-4)


@pytest.mark.parametrize("fma", [True, False])
def test_exact_powers_are_exact(fma: bool) -> None:
    x = positive_points(np.random.default_rng(13), 20000)
    assert np.array_equal(evaluate("v_pow", x, 1.0, fma=fma), x)
    whole = np.arange(1.0, 2000.0)
    assert np.array_equal(evaluate("v_pow", whole, 4.0, fma=fma), whole**4)
    two = np.arange(-1074, 1024)
    assert np.array_equal(evaluate("v_pow", 2.0, two.astype(float), fma=fma), np.ldexp(np.ones(two.size), two))
    assert np.array_equal(evaluate("v_log10", 10.0 ** np.arange(23), fma=fma), np.arange(23.0))


@pytest.mark.parametrize("fma", [True, False])
@pytest.mark.parametrize(("name", "scalar"), [("v_exp", "_exp"), ("v_log", "_ln"), ("v_log10", "_log10")])
def test_special_values_are_those_of_the_twin(name: str, scalar: str, fma: bool) -> None:
    x = np.append(SPECIAL, [-745.13, -745.14, 709.78, 709.79])
    assert x[~same(evaluate(name, x, fma=fma), twin(scalar, x), 3e-16)].tolist() == []


@pytest.mark.parametrize("fma", [True, False])
def test_special_values_of_expm1_and_log1p(fma: bool) -> None:
    with np.errstate(all="ignore"):
        for name, wanted in (("v_expm1", np.expm1(SPECIAL)), ("v_log1p", np.log1p(SPECIAL))):
            assert SPECIAL[~same(evaluate(name, SPECIAL, fma=fma), wanted, 3e-16)].tolist() == [], name


@pytest.mark.parametrize("fma", [True, False])
def test_special_powers_are_those_of_the_twin(fma: bool) -> None:
    pairs = np.array(list(product(SPECIAL, np.append(SPECIAL, [-0.25, 7.0, -7.0, 1e-3]))))
    x, y = pairs[:, 0].copy(), pairs[:, 1].copy()
    agreed = same(evaluate("v_pow", x, y, fma=fma), twin("_pow", x, y), 3e-16)
    assert agreed.size > 1000
    assert pairs[~agreed].tolist() == []


@pytest.mark.parametrize("fma", [True, False])
def test_slope_is_that_of_the_power(fma: bool) -> None:
    rng = np.random.default_rng(14)
    x, h = 10.0 ** rng.uniform(-120, 100, 4000), rng.uniform(-3.0, 6.0, 4000)
    p = evaluate("v_pow", x, h, fma=fma)
    got = evaluate("v_powd", x, h, p, fma=fma)
    normal = np.abs((h - 1.0) * np.log10(x)) < 300.0
    errors = ulps(got[normal], lambda x, h: h * mpmath.power(x, h - 1), x[normal], h[normal])
    plain = np.isfinite(p[normal]) & (p[normal] > 1e-300)
    assert plain.sum() > 1000
    assert errors[plain].max() < 3.5
    assert (p[normal] == 0.0).sum() > 20
    assert np.isinf(p[normal]).sum() > 20
    assert errors[~plain].max() < 1000.0


def test_slope_of_negative_base_and_whole_exponent_keeps_its_sign() -> None:
    x = np.array([-3.0, -3.0, -0.5, -1e-200])
    h = np.array([2.0, 3.0, -1.0, 2.0])
    assert evaluate("v_powd", x, h, evaluate("v_pow", x, h)).tolist() == pytest.approx([-6.0, 27.0, -4.0, -2e-200], rel=1e-15)


@pytest.mark.parametrize("base", [0.0, -0.0, -1e-30, -2.0])
def test_slope_where_the_base_counts_as_zero(base: float) -> None:
    h = np.array([2.5, 1.5, 0.5, -0.5, -1.5])
    assert evaluate("v_powd", base, h, evaluate("v_pow", base, h)).tolist() == [0.0, 0.0, np.inf, -np.inf, -np.inf]


@pytest.mark.parametrize("base", [0.0, -0.0, -2.0, 3.0, 1e300, 5e-324])
def test_slope_of_line_and_constant(base: float) -> None:
    h = np.array([1.0, 0.0])
    assert evaluate("v_powd", base, h, evaluate("v_pow", base, h)).tolist() == [1.0, 0.0]


def test_slope_at_infinity_and_nan() -> None:
    x = np.array([np.inf, np.inf, np.inf, np.inf, np.nan, 2.0, 0.0])
    h = np.array([2.0, 1.0, 0.5, -1.0, 2.0, np.nan, np.nan])
    got = evaluate("v_powd", x, h, evaluate("v_pow", x, h))
    assert same(got, np.array([np.inf, 1.0, 0.0, -0.0, np.nan, np.nan, np.nan]), 0.0).all()


@pytest.mark.parametrize("name", RARE)
def test_rare_functions_are_those_of_the_twin(name: str) -> None:
    signs = SPECIAL[np.abs(SPECIAL) < 700.0] if name == "v_sinh" else SPECIAL
    x = np.concatenate([signs, np.random.default_rng(15).uniform(-20.0, 20.0, 200), np.linspace(-1.0, 1.0, 41)])
    got, wanted = evaluate(name, x), twin(name.replace("v_", "_"), x)
    assert x[~same(got, wanted, 1e-12 if name == "v_factorial" else 1e-14)].tolist() == []


def test_overflow_keeps_its_sign() -> None:
    assert evaluate("v_sinh", np.array([-800.0, -np.inf])).tolist() == [-np.inf, -np.inf]
    assert evaluate("v_quotient", np.array([-1e300]), 1e-300).tolist() == [-np.inf]


@pytest.mark.parametrize("name", ["v_fmod", "v_quotient"])
def test_remainder_and_quotient_are_those_of_the_twin(name: str) -> None:
    pairs = np.array(list(product(SPECIAL, SPECIAL)))
    with np.errstate(all="ignore"):
        overflow = (name == "v_quotient") & np.isneginf(pairs[:, 0] / pairs[:, 1])
    a, b = pairs[~overflow].T.copy()
    agreed = same(evaluate(name, a, b), twin(name.replace("v_", "_"), a, b), 0.0)
    assert agreed.size > 800
    assert np.column_stack([a, b])[~agreed].tolist() == []


def bits(values: Array) -> list[int]:
    """Return the bits of values, all NaN as one."""
    return np.where(np.isnan(values), np.nan, values).view(np.uint64).tolist()


@pytest.mark.parametrize("fma", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_a_lane_knows_only_itself(name: str, fma: bool) -> None:
    rng = np.random.default_rng(16)
    pool = np.concatenate([SPECIAL, rng.uniform(-3.0, 3.0, 300), positive_points(rng, 60)])
    arguments = [rng.choice(pool, 4000) for _ in ARGUMENTS.get(name, "x")]
    wanted = evaluate(name, *arguments, fma=fma)
    order = rng.permutation(4000)
    assert bits(evaluate(name, *(a[order] for a in arguments), fma=fma)) == bits(wanted[order])
    for lanes in (1, 2, 4):
        assert bits(evaluate(name, *arguments, lanes=lanes, fma=fma)) == bits(wanted), lanes


def test_without_fma_no_fused_instruction_is_written() -> None:
    assert "llvm.fma" in vector_functions(4, fma=True)
    assert "llvm.fma" not in vector_functions(4, fma=False)


def test_no_fast_math_flag_is_written() -> None:
    words = set(vector_functions(8, fma=True).split())
    assert "fadd" in words
    assert words & {"fast", "nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc"} == set()


def test_other_widths_are_refused() -> None:
    for function in (lambda: declarations(3), lambda: vector_functions(16, fma=True)):
        with pytest.raises(ValueError, match="1, 2, 4, 8 lanes, not"):
            function()


def _through_nodes(function: Callable[[mpmath.mpf], mpmath.mpf], low: mpmath.mpf, high: mpmath.mpf, count: int) -> list[float]:
    """Return the coefficients of the polynomial through a function at Chebyshev nodes."""
    angles = [mpmath.pi * (2 * i + 1) / (2 * count) for i in range(count)]
    nodes = [(low + high) / 2 + (high - low) / 2 * mpmath.cos(angle) for angle in angles]
    rows = mpmath.matrix([[node**j for j in range(count)] for node in nodes])
    return [float(c) for c in mpmath.lu_solve(rows, mpmath.matrix([function(node) for node in nodes]))]


def test_coefficients_are_what_they_say() -> None:
    with mpmath.workdps(60):
        half = mpmath.log(2) / 2 * mpmath.mpf("1.001")
        widest = ((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)) ** 2 * mpmath.mpf("1.001")
        atanh = lambda w: mpmath.atanh(mpmath.sqrt(w)) / mpmath.sqrt(w)  # noqa: E731
        exponential = _through_nodes(lambda r: (mpmath.expm1(r) - r) / r**2 if abs(r) > 1e-20 else mpmath.mpf(0.5), -half, half, 11)
        logarithm = _through_nodes(lambda w: (2 * atanh(w) - 2) / w, mpmath.mpf(0), widest, 7)
        series = _through_nodes(lambda w: (atanh(w) - 1 - w / 3) / w**2, mpmath.mpf(0), widest, 8)
    assert exponential == list(vector_exponential.EXPONENTIAL)
    assert logarithm == list(vector_logarithm.LOGARITHM)
    assert series == list(vector_power.SERIES)


def test_constants_in_two_parts_are_what_they_say() -> None:
    with mpmath.workprec(200):
        parts = [
            (mpmath.log(2), vector_exponential.LN2_HIGH, vector_exponential.LN2_LOW, 40),
            (mpmath.log10(2), vector_logarithm.LOG10_2_HIGH, vector_logarithm.LOG10_2_LOW, 40),
            (1 / mpmath.log(10), vector_logarithm.LOG10_E_HIGH, vector_logarithm.LOG10_E_LOW, 28),
            (mpmath.mpf(1) / 3, vector_power.THIRD_HIGH, vector_power.THIRD_LOW, 54),
        ]
        for exact, high, low, places in parts:
            assert high == float(mpmath.nint(mpmath.ldexp(exact, places))) / 2.0**places
            assert low == float(exact - high)
