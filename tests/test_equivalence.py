"""Equivalence by hand: shares of draws, the smallest margin, two one-sided tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serdsim.endpoints.equivalence import share_inside, smallest_margin, two_one_sided
from serdsim.errors import InputError

TEN = np.array([0.2, 0.4, 0.5, 0.8, 1.0, 1.1, 1.5, 2.0, 2.4, 6.0])


def test_the_share_counts_the_draws_inside_ends_included() -> None:
    assert share_inside(TEN, 0.5, 2.0) == 0.6
    assert share_inside(TEN, 0.2, 6.0) == 1.0


def test_a_ratio_that_does_not_exist_is_not_equivalent() -> None:
    assert share_inside(np.array([1.0, np.nan, np.inf, -np.inf]), 0.5, 2.0) == 0.25
    assert np.isnan(share_inside(np.array([]), 0.5, 2.0))


def test_the_smallest_margin_is_that_of_the_last_draw_that_is_needed() -> None:
    # away from 1, as factors: 5, 2.5, 2, 1.25, 1, 1.1, 1.5, 2, 2.4, 6
    assert smallest_margin(TEN, 0.9) == 5.0
    assert smallest_margin(TEN, 0.8) == 2.5
    assert smallest_margin(TEN, 0.81) == 5.0
    assert smallest_margin(TEN, 1.0) == 6.0


def test_a_margin_is_infinite_when_too_few_draws_have_a_ratio() -> None:
    broken = TEN.copy()
    broken[[0, 4]] = np.nan, 0.0
    assert smallest_margin(broken, 0.8) == 6.0
    assert smallest_margin(broken, 0.9) == np.inf
    assert np.isnan(smallest_margin(np.array([])))


@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=40), st.floats(0.05, 1.0))
def test_the_smallest_margin_is_met_and_nothing_smaller_is(ratios: list[float], level: float) -> None:
    values = np.array(ratios)
    margin = smallest_margin(values, level)

    def share(m: float) -> float:
        return float(np.mean(np.maximum(values, 1.0 / values) <= m))

    assert margin >= 1.0 and share(margin) >= level - 1e-9
    assert margin == 1.0 or share(margin * (1 - 1e-12)) < level


@pytest.mark.parametrize(
    ("low", "high", "inside"), [(0.81, 1.24, True), (0.79, 1.1, False), (0.9, 1.26, False), (0.8, 1.2, False), (0.9, 1.25, False)]
)
def test_two_one_sided_tests_hold_when_the_interval_lies_inside(low: float, high: float, inside: bool) -> None:
    assert two_one_sided(low, high, 0.8, 1.25) == inside


def test_an_interval_of_95_percent_is_brought_to_90_on_the_logarithm() -> None:
    """Around 1 with a standard error of 0.1 on the logarithm: 1.96 of them at 95 %, 1.645 at 90 %."""
    low, high = np.exp(-0.1 * 1.959964), np.exp(0.1 * 1.959964)
    narrow = float(np.exp(0.1 * 1.644854))
    assert two_one_sided(low, high, 1 / (narrow * 1.0001), narrow * 1.0001, confidence=0.95)
    assert not two_one_sided(low, high, 1 / (narrow * 0.9999), narrow * 1.5, confidence=0.95)
    assert not two_one_sided(low, high, 1 / (narrow * 1.0001), narrow * 1.0001)


@pytest.mark.parametrize("margin", [(0.0, 2.0), (2.0, 0.5), (-1.0, 2.0), (0.5, np.inf)])
def test_a_margin_that_cannot_be_is_refused(margin: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="0 < lower < upper"):
        share_inside(TEN, *margin)
    with pytest.raises(InputError, match="0 < lower < upper"):
        two_one_sided(0.9, 1.1, *margin)


@pytest.mark.parametrize(("low", "high", "confidence"), [(1.1, 0.9, 0.9), (0.0, 1.0, 0.9), (0.9, 1.1, 1.0), (0.9, 1.1, 0.0)])
def test_an_interval_that_cannot_be_is_refused(low: float, high: float, confidence: float) -> None:
    with pytest.raises(InputError, match="0 < low <= high"):
        two_one_sided(low, high, 0.5, 2.0, confidence=confidence)
