"""Times of half-change and their order, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serdsim.endpoints.order import half_change, order_of, share_in_order

TIMES = np.array([0.0, 2.0, 4.0, 8.0])


def test_half_of_the_way_is_met_on_the_line_between_observations() -> None:
    rise, fall, late = [1.0, 2.0, 4.0, 5.0], [8.0, 8.0, 2.0, 0.0], [1.0, 1.0, 1.0, 3.0]
    # halves: 3 between 2 h and 4 h; 4 at two thirds of 2 h to 4 h; 2 in the middle of 4 h to 8 h
    assert half_change(TIMES, np.array([rise, fall, late]).T, 0.05) == pytest.approx([3.0, 2.0 + 2.0 * 2 / 3, 6.0])


def test_the_first_passage_counts() -> None:
    assert half_change(TIMES, np.array([[0.0, 4.0, 0.0, 2.0]]).T, 0.05) == pytest.approx([0.5])


@pytest.mark.parametrize(("end", "moves"), [(1.049, False), (1.06, True), (0.951, False), (0.94, True), (1.0, False)])
def test_an_output_that_ends_near_its_start_never_moved(end: float, moves: bool) -> None:
    found = half_change(TIMES, np.array([[1.0, 1.0, 1.0, end]]).T, 0.05)
    assert np.isfinite(found[0]) == moves and found[0] > 0


def test_nothing_at_all_never_moves_and_a_failed_draw_has_no_time() -> None:
    found = half_change(TIMES, np.array([[0.0] * 4, [0.0, 0.0, np.nan, 1.0], [0.0, 0.0, 0.0, 1.0]]).T, 0.0)
    assert found[0] == np.inf and np.isnan(found[1]) and found[2] == pytest.approx(6.0)


@given(st.floats(0.05, 2.0), st.floats(0.1, 100.0))
def test_an_exponential_approach_is_half_done_after_its_half_time(rate: float, level: float) -> None:
    times = np.linspace(0.0, 40.0 / rate, 4001)
    found = half_change(times, (level * (1.0 - np.exp(-rate * times)))[:, None], 0.05)
    assert found[0] == pytest.approx(np.log(2.0) / rate, rel=1e-3)


def test_the_order_is_that_of_each_draw() -> None:
    changes = np.array([[1.0, 5.0, 2.0, np.inf, 1.0], [2.0, 3.0, 2.0, np.inf, np.nan], [3.0, 4.0, 7.0, 1.0, 2.0]])
    places = order_of(changes)
    assert places[:, :4].tolist() == [[1, 3, 1, 2], [2, 1, 1, 2], [3, 2, 3, 1]]
    assert np.isnan(places[:, 4]).all()


def test_the_share_in_order_needs_every_output_to_move_and_later_than_the_last() -> None:
    changes = np.array([[1.0, 5.0, 2.0, 1.0, 1.0], [2.0, 3.0, 2.0, np.inf, np.nan], [3.0, 4.0, 7.0, np.inf, 2.0]])
    assert share_in_order(changes) == 0.2
    assert np.isnan(share_in_order(np.zeros((2, 0))))
