"""Scores of numbers, intervals and bounds: against fifty digits, and their slopes against differences."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy import special, stats

from serdsim.fit.likelihood import Score, interval_score, number_score, residual, term_score
from serdsim.fit.problem import Noise, Term
from serdsim.model.expression import Number

LIN, LOG = Noise(Number(1.0)), Noise(Number(1.0), "normal", "log")
NOISES = [Noise(Number(1.0), law, scale) for law in ("normal", "laplace") for scale in ("lin", "log", "log10")]
BOUNDS = [
    (-1.0, 1.0), (-0.3, 2.0), (-5.0, -4.0), (3.0, 3.5), (30.0, 30.5), (-41.0, -38.0), (-200.0, -199.0), (700.0, 701.0), (-1e5, -9e4),
    (-math.inf, 0.4), (-math.inf, -8.0), (-math.inf, -60.0), (-math.inf, -3e4), (-math.inf, 9.0), (1.5, math.inf), (38.0, math.inf),
    (-12.0, math.inf), (0.0, 1e-6), (5.0, 5.0 + 1e-5), (-80.0, -80.0 + 1e-9), (2.0, 2.0 + 2e-3), (-0.001, 0.0015), (-0.02, 0.03),
    (-9.0, 9.0), (0.0, math.inf), (-40.0, 1.0), (-3e3, -3e3 + 1e-4), (0.0, 40.0),
]  # fmt: skip


def term(lower: float, upper: float, noise: Noise = LIN) -> Term:
    return Term("t", Number(0.0), lower, upper, noise, "")


def exact(lower: float, upper: float, x: float, s: float) -> tuple[float, float, float, float]:
    """Return the four of a term with normal noise, in arithmetic of 80 digits."""
    with mpmath.workdps(80):
        a, b = ((mpmath.mpf(end) - mpmath.mpf(x)) / mpmath.mpf(s) for end in (lower, upper))
        if a > 0:
            mass = mpmath.erfc(a / mpmath.sqrt(2)) / 2 - (0 if math.isinf(upper) else mpmath.erfc(b / mpmath.sqrt(2)) / 2)
        else:
            mass = (1 if math.isinf(upper) else mpmath.erfc(-b / mpmath.sqrt(2)) / 2) - (
                0 if math.isinf(lower) else mpmath.erfc(-a / mpmath.sqrt(2)) / 2
            )
        at_a, at_b = (mpmath.mpf(0) if mpmath.isinf(end) else mpmath.npdf(end) / mass for end in (a, b))
        pull_a, pull_b = (mpmath.mpf(0) if mpmath.isinf(end) else end * at for end, at in ((a, at_a), (b, at_b)))
        bend = pull_b - pull_a + (at_a - at_b) ** 2
        found = (mpmath.log(mass), (at_a - at_b) / s, (pull_a - pull_b) / s, bend / mpmath.mpf(s) ** 2)
        return tuple(float(one) for one in found)  # type: ignore[return-value]


@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
@pytest.mark.parametrize(("x", "s"), [(0.0, 1.0), (0.25, 2.0)])
def test_an_interval_has_the_probability_of_eighty_digits(lower: float, upper: float, x: float, s: float) -> None:
    found, expected = interval_score(x, s, LIN, lower, upper), exact(lower, upper, x, s)
    value, by_simulated, by_width, information = (float(one) for one in found)
    assert value == pytest.approx(expected[0], rel=1e-12, abs=1e-15)
    assert by_simulated == pytest.approx(expected[1], rel=1e-9, abs=1e-9)
    assert by_width == pytest.approx(expected[2], rel=1e-9, abs=1e-9)
    assert information == pytest.approx(expected[3], rel=1e-6, abs=1e-6)
    assert 0.0 <= information <= 1.0 / s**2


def test_a_bound_is_what_scipy_says_and_bounds_mirror() -> None:
    z = np.linspace(-50.0, 8.0, 400)
    below = interval_score(-z, 1.0, LIN, -math.inf, 0.0)
    above = interval_score(z, 1.0, LIN, 0.0, math.inf)
    assert below.value == pytest.approx(special.log_ndtr(z), rel=1e-12)
    assert np.array_equal(below.value, above.value)
    assert np.array_equal(below.by_simulated, -above.by_simulated)
    assert np.array_equal(below.information, above.information)


@pytest.mark.parametrize("noise", NOISES, ids=lambda one: f"{one.distribution}-{one.scale}")
def test_a_number_has_its_density(noise: Noise) -> None:
    x, s, m = np.array([0.3, 2.0, 7.0]), np.array([0.2, 0.5, 1.5]), np.array([0.4, 1.5, 7.5])
    law = stats.norm if noise.distribution == "normal" else stats.laplace
    turn, slope = {"lin": (np.array, 1.0), "log": (np.log, 1.0 / m), "log10": (np.log10, 1.0 / m / math.log(10.0))}[noise.scale]
    assert number_score(x, s, noise, m).value == pytest.approx(law.logpdf(turn(m), turn(x), s) + np.log(slope), rel=1e-13)
    assert residual(x, s, noise, m) == pytest.approx((turn(m) - turn(x)) / s, rel=1e-13)
    weight = {"lin": 1.0, "log": 1.0 / x, "log10": 1.0 / x / math.log(10.0)}[noise.scale]
    assert number_score(x, s, noise, m).information == pytest.approx((weight / s) ** 2, rel=1e-13)


def scored(kind: str, noise: Noise, x: float, s: float) -> Score:
    bounds = {"number": (1.3, 1.3), "interval": (0.4, 1.3), "below": (-math.inf, 0.7), "above": (2.5, math.inf), "thin": (1.3, 1.3001)}
    return term_score(x, s, term(*bounds[kind], noise))


@pytest.mark.parametrize("kind", ["number", "interval", "below", "above", "thin"])
@pytest.mark.parametrize("noise", [LIN, LOG], ids=["lin", "log"])
@pytest.mark.parametrize(("x", "s"), [(1.0, 0.3), (0.2, 0.5), (3.0, 0.1)])
def test_slopes_are_those_of_differences(kind: str, noise: Noise, x: float, s: float) -> None:
    here, h = scored(kind, noise, x, s), 1e-5
    by_x = (scored(kind, noise, x + h * x, s).value - scored(kind, noise, x - h * x, s).value) / (2.0 * h * x)
    by_s = (scored(kind, noise, x, s + h * s).value - scored(kind, noise, x, s - h * s).value) / (2.0 * h * s)
    assert float(here.by_simulated) == pytest.approx(float(by_x), rel=1e-6, abs=1e-6)
    assert float(here.by_width) == pytest.approx(float(by_s), rel=1e-6, abs=1e-6)
    assert float(here.information) >= 0.0


@pytest.mark.parametrize("noise", NOISES, ids=lambda one: f"{one.distribution}-{one.scale}")
def test_slopes_of_a_density_are_those_of_differences(noise: Noise) -> None:
    x, s, m, h = np.array([0.3, 2.0, 7.0]), np.array([0.2, 0.5, 1.5]), np.array([0.4, 1.5, 7.5]), 1e-6
    here = number_score(x, s, noise, m)
    by_x = (number_score(x + h, s, noise, m).value - number_score(x - h, s, noise, m).value) / (2.0 * h)
    by_s = (number_score(x, s + h, noise, m).value - number_score(x, s - h, noise, m).value) / (2.0 * h)
    assert here.by_simulated == pytest.approx(by_x, rel=1e-6)
    assert here.by_width == pytest.approx(by_s, rel=1e-6, abs=1e-8)


def test_minus_the_bend_is_the_information_on_the_scale_of_the_noise() -> None:
    x, h = np.linspace(-3.0, 4.0, 30), 1e-4
    for bounds in ((-0.5, 0.8), (-math.inf, 0.2), (0.1, math.inf)):
        up, here, down = (interval_score(x + step, 0.7, LIN, *bounds).value for step in (h, 0.0, -h))
        assert interval_score(x, 0.7, LIN, *bounds).information == pytest.approx(-(up - 2.0 * here + down) / h**2, rel=1e-4, abs=1e-6)


def test_what_has_no_probability_is_not_a_number() -> None:
    x, s = np.array([math.nan, 1.0, 1.0, 1.0, -1.0]), np.array([1.0, 0.0, -1.0, math.nan, 1.0])
    for one in (*interval_score(x, s, LOG, 0.5, 2.0), *number_score(x, s, LOG, 1.0)):
        assert np.isnan(one).all()
    assert np.isnan(number_score(1.0, 1.0, LOG, -1.0).value)
    assert number_score([1.0, 2.0], 1.0, LIN, [[1.0], [2.0], [3.0]]).value.shape == (3, 2)
