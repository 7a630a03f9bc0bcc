"""Starts: drawn from the priors by seed, number and name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest

from fit_cases import EXAMPLE, needs_petab
from search_cases import box
from serdsim.errors import InputError
from serdsim.fit import read_problem
from serdsim.fit.prior import KINDS, Prior
from serdsim.fit.problem import Problem, Quantity
from serdsim.fit.space import Space, space_of
from serdsim.fit.starts import draw_starts
from serdsim.model.entities import Model


def one(prior: Prior | None, lower: float, upper: float, *, log: bool) -> Space:
    return Space(("k",), (log,), (lower,), (upper,), (prior,))


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_quantile_is_that_of_the_density(kind: str, share: float) -> None:
    prior = Prior(kind, (0.6, 3.0) if kind.endswith("uniform") else (1.3, 0.7)[: KINDS[kind]])
    at = prior.quantile(share, 0.5, 4.0)
    below = quad(lambda value: math.exp(prior.log_density(value, 0.5, 4.0)), 0.5, at, points=[0.6] if at > 0.6 else None)[0]
    assert below == pytest.approx(share, abs=2e-6)


@pytest.mark.parametrize(("scale", "unit"), [("log10", math.log(10.0)), ("log", 1.0)])
def test_a_prior_may_speak_of_the_scale_of_the_parameter(scale: str, unit: float) -> None:
    prior = Prior("normal", (-1.0, 0.5), scale, cut=False)
    assert math.log(prior.quantile(0.5, 1e-9, 1e9)) / unit == pytest.approx(-1.0)
    assert math.log(prior.quantile(0.975, 1e-9, 1e9)) / unit == pytest.approx(-1.0 + 0.5 * 1.959964)


@pytest.mark.parametrize(("lower", "upper"), [(9.0, 10.0), (-10.0, -9.0), (40.0, 41.0)])
def test_bounds_far_in_a_tail_are_kept_to(lower: float, upper: float) -> None:
    starts = draw_starts(one(Prior("normal", (0.0, 1.0)), lower, upper, log=False), 3, 50)
    assert np.all((starts > lower) & (starts < upper))
    assert len(np.unique(starts)) > 40 or lower == 40.0


def test_starts_are_the_priors() -> None:
    space = Space(
        ("a", "b", "c"), (True, False, True), (1e-3, -1.0, 0.0), (1e3, 5.0, math.inf), (None, None, Prior("log-normal", (2.0, 0.3)))
    )
    starts = draw_starts(space, 11, 2000)
    assert kstest(starts[:, 0], "uniform", (math.log(1e-3), math.log(1e6))).pvalue > 1e-3
    assert kstest(starts[:, 1], "uniform", (-1.0, 6.0)).pvalue > 1e-3
    assert kstest(starts[:, 2], "norm", (2.0, 0.3)).pvalue > 1e-3
    assert np.abs(np.corrcoef(starts.T) - np.eye(3)).max() < 0.1


def test_start_k_depends_on_seed_number_and_names_alone() -> None:
    space = box(3, -1.0, 1.0)
    many = draw_starts(space, 5, 40)
    assert draw_starts(space, 5, 7).tolist() == many[:7].tolist()
    assert not np.any(draw_starts(space, 6, 40) == many)
    other = Space(("p2", "new"), (False, False), (-1.0, -1.0), (1.0, 1.0), (None, None))
    assert draw_starts(other, 5, 40)[:, 0].tolist() == many[:, 2].tolist()


def test_starts_lie_inside_their_bounds() -> None:
    narrow = one(Prior("normal", (0.0, 1.0)), 100.0, 101.0, log=False)  # nothing of the prior lies there
    assert np.all((draw_starts(narrow, 0, 20) > 100.0) & (draw_starts(narrow, 0, 20) < 101.0))


def test_a_start_without_prior_and_bound_is_refused() -> None:
    with pytest.raises(InputError, match="k: a start cannot be drawn without a prior; expected a prior, or two finite bounds"):
        draw_starts(one(None, 0.0, math.inf, log=False), 0, 1)


@needs_petab
def test_the_space_of_a_problem() -> None:
    space = space_of(read_problem(EXAMPLE / "problem.yaml"))
    assert space.names == ("elimination", "scaling", "width") and space.logarithmic == (True, True, True)
    assert space.low == pytest.approx(np.log([0.001, 0.1, 0.01]))
    ends = space.values(space.low), space.values(space.high)
    assert ends[0] == pytest.approx({"elimination": 0.001, "scaling": 0.1, "width": 0.01})
    assert ends[1] == pytest.approx({"elimination": 10.0, "scaling": 10.0, "width": 1.0})
    for one_end in ends:  # a logarithm and its way back may round to beyond a bound
        assert all(low <= value <= high for low, value, high in zip(space.lower, one_end.values(), space.upper, strict=True))
    assert space.values(space.vector({"elimination": 0.2, "scaling": 3.0, "width": 0.1})) == pytest.approx(
        {"elimination": 0.2, "scaling": 3.0, "width": 0.1}
    )


def estimated(prior: Prior | None, lower: float | None, upper: float | None) -> Problem:
    return Problem("it", 2, Model("it"), parameters={"k": Quantity("k", 1.5, True, lower, upper, prior=prior)})


SUPPORTS = [
    (Prior("uniform", (1.0, 2.0)), 0.01, 10.0, (1.0, 2.0)),
    (Prior("uniform", (-1.0, 2.0)), -5.0, 1.0, (-1.0, 1.0)),
    (Prior("log-uniform", (0.1, 2.0)), 0.0, 10.0, (0.1, 2.0)),
    (Prior("log-uniform", (0.1, 2.0)), None, None, (0.1, 2.0)),
    (Prior("exponential", (1.0,)), -3.0, 10.0, (0.0, 10.0)),
    (Prior("gamma", (1.0, 2.0)), None, None, (0.0, math.inf)),
    (Prior("log-normal", (1.0, 2.0)), -3.0, 10.0, (0.0, 10.0)),
    (Prior("uniform", (-1.0, 1.0), "log10", cut=False), 0.01, 5.0, (0.1, 5.0)),
    (Prior("normal", (1.0, 2.0)), -3.0, 10.0, (-3.0, 10.0)),
    (None, -3.0, 10.0, (-3.0, 10.0)),
]


@pytest.mark.parametrize(("prior", "lower", "upper", "ends"), SUPPORTS)
def test_a_search_stays_where_the_prior_has_a_density(
    prior: Prior | None, lower: float | None, upper: float | None, ends: tuple[float, float]
) -> None:
    space = space_of(estimated(prior, lower, upper))
    assert (space.lower[0], space.upper[0]) == pytest.approx(ends)
    low, high = -math.inf if lower is None else lower, math.inf if upper is None else upper
    before = Space(space.names, space.logarithmic, (low,), (high,), space.priors)
    assert space.logarithmic[0] == (low > 0.0 or (prior is not None and (prior.kind.startswith("log-") or prior.scale != "lin")))
    assert draw_starts(space, 4, 30) == pytest.approx(draw_starts(before, 4, 30), rel=1e-12)
    for value in [one for one in ends if math.isfinite(one)] if prior else []:
        beyond = value + (1e-6 if value == ends[1] else -1e-6)
        assert prior.log_density(beyond, low, high) == -math.inf or value in (low, high)


def test_a_prior_and_bounds_that_share_no_value_are_refused() -> None:
    with pytest.raises(InputError, match="k: no value that the prior allows lies between the bounds 3 and 4"):
        space_of(estimated(Prior("uniform", (1.0, 2.0)), 3.0, 4.0))
    with pytest.raises(InputError, match="k: no value lies between the bounds 4 and 3"):
        space_of(estimated(None, 4.0, 3.0))
