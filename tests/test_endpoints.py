"""Endpoints of dose series against curves whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serdsim.endpoints.dose_response import crossing, dc50, half_life

DOSES = np.array([0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])


def hill(ec50: float, bottom: float) -> np.ndarray:
    return (80.0 * (1.0 - (1.0 - bottom) * DOSES / (DOSES + ec50)))[:, None]


@given(st.floats(0.15, 25.0), st.floats(0.1, 10.0))
def test_a_line_in_log_dose_is_crossed_where_algebra_says(at: float, slope: float) -> None:
    y = (0.4 + slope * np.log(DOSES[1:] / at))[:, None]
    assert crossing(DOSES[1:], y, 0.4)[0] == pytest.approx(at, rel=1e-9)
    assert crossing(DOSES[1:], -y, -0.4)[0] == pytest.approx(at, rel=1e-9)


def test_dc50_is_absolute_and_lies_between_the_doses_around_it() -> None:
    # 1 - 0.8 d/(d + 1) = 0.5 at d = 5/3
    found = dc50(DOSES, hill(1.0, 0.2))[0]
    assert 1.0 < found < 3.0
    share = (0.6 - 0.5) / (0.6 - 0.4)
    assert found == pytest.approx(np.exp(share * np.log(3.0)))


def test_dc50_is_not_a_number_where_half_is_not_reached() -> None:
    assert np.isnan(dc50(DOSES, hill(1.0, 0.6))[0])


def test_each_draw_has_its_own_answer_and_a_failed_one_has_none() -> None:
    values = np.concatenate([hill(1.0, 0.2), hill(1.0, 0.6), hill(3.0, 0.0)], axis=1)
    values[3, 0] = np.nan
    found = dc50(DOSES, values)
    assert list(np.isnan(found)) == [True, True, False]
    assert found[2] == pytest.approx(3.0)


@pytest.mark.parametrize("half", [0.7, 3.0, 11.3])
def test_half_life_of_an_exponential_is_exact(half: float) -> None:
    times = np.linspace(0.0, 24.0, 13)
    assert half_life(times, (9.0 * 0.5 ** (times / half))[:, None])[0] == pytest.approx(half, rel=1e-12)


def test_half_life_is_infinite_where_half_stays() -> None:
    times = np.linspace(0.0, 24.0, 13)
    assert half_life(times, (1.0 + 0.5**times)[:, None])[0] == np.inf
    assert np.isnan(half_life(times, np.full((13, 1), np.nan))[0])


def test_a_dose_response_that_starts_below_half_has_the_lowest_dose_as_an_upper_bound() -> None:
    """A drug that is more potent than the lowest dose must not read as one that never reaches half."""
    doses = np.array([0.0, 1.0, 10.0])
    values = np.array([[1.0, 1.0], [0.2, 0.9], [0.1, 0.8]])
    found = dc50(doses, values)
    assert found[0] == 1.0
    assert np.isnan(found[1])
