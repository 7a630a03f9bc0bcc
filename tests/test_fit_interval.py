"""Intervals about an optimum."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from search_cases import box
from serdsim.fit.interval import Z, local_intervals
from serdsim.fit.point import Point
from serdsim.fit.space import Space

TIMES = np.linspace(-1.0, 2.0, 12)
DESIGN = np.stack([np.ones(12), TIMES], 1) / 0.3


def test_a_line_has_the_intervals_of_least_squares() -> None:
    space = box(2, -10.0, 10.0)
    found = local_intervals(space, np.array([1.0, 2.0]), Point(0.0, np.zeros(2), DESIGN.T @ DESIGN))
    slope = 0.3 / math.sqrt(float(np.sum((TIMES - TIMES.mean()) ** 2)))
    level = 0.3 * math.sqrt(1.0 / 12.0 + TIMES.mean() ** 2 / float(np.sum((TIMES - TIMES.mean()) ** 2)))
    assert [one.deviation for one in found.intervals] == pytest.approx([level, slope])
    assert (found.intervals[1].lower, found.intervals[1].upper) == pytest.approx((2.0 - Z * slope, 2.0 + Z * slope))
    assert found.covariance == pytest.approx(np.linalg.inv(DESIGN.T @ DESIGN))
    assert found.unknown == () and found.free == ("p0", "p1") and not any(one.cut for one in found.intervals)


def test_an_interval_of_a_logarithm_is_mapped_back_and_cut() -> None:
    space = Space(("k", "m"), (True, True), (0.01, 0.5), (100.0, 100.0), (None, None))
    found = local_intervals(space, np.log([2.0, 0.6]), Point(0.0, np.zeros(2), np.diag([25.0, 4.0])))
    first, second = found.intervals
    assert (first.value, first.lower, first.upper) == pytest.approx((2.0, 2.0 * math.exp(-0.2 * Z), 2.0 * math.exp(0.2 * Z)))
    assert not first.cut
    assert (second.lower, second.upper, second.cut) == (0.5, pytest.approx(0.6 * math.exp(0.5 * Z)), True)


PLACES = [(0.0, 2.0, True), (1e-6, 2.0, True), (0.0, -2.0, False), (1e-3, 1e-4, False), (0.5, 2.0, False)]


@pytest.mark.parametrize(("x", "slope", "held"), PLACES)
def test_a_parameter_at_its_bound_has_no_interval(x: float, slope: float, held: bool) -> None:
    curvature = np.array([[4.0, 1.0], [1.0, 9.0]])
    for vector, gradient, name in ((x, slope, "lower"), (1.0 - x, -slope, "upper")):
        found = local_intervals(box(2, 0.0, 1.0), np.array([vector, 0.5]), Point(0.0, np.array([gradient, 0.0]), curvature))
        assert found.intervals[0].at_bound == (name if held else "")
        assert math.isnan(found.intervals[0].lower) is held
        other = found.intervals[1].deviation ** 2  # a parameter that is held lends the other none of its uncertainty
        assert other == pytest.approx(1.0 / 9.0 if held else np.linalg.inv(curvature)[1, 1])
        assert found.free == (("p1",) if held else ("p0", "p1"))


def test_a_sum_alone_that_is_known_leaves_a_direction_unknown() -> None:
    curvature = np.zeros((3, 3))
    curvature[:2, :2] = 1e4
    curvature[2, 2] = 1e4
    found = local_intervals(box(3, -1.0, 1.0), np.zeros(3), Point(0.0, np.zeros(3), curvature))
    (direction,) = found.unknown
    assert direction.width == math.inf
    parts = dict(direction.parts)
    assert set(parts) == {"p0", "p1"} and parts["p0"] * parts["p1"] == pytest.approx(-0.5) and direction.parts[0][1] > 0.0
    assert re.fullmatch(r"not identified: \+0.71 p[01], -0.71 p[01] \(no curvature\)", direction.text())
    assert [one.deviation for one in found.intervals] == pytest.approx([math.inf, math.inf, 0.01])
    assert (found.intervals[0].lower, found.intervals[0].upper, found.intervals[0].cut) == (-1.0, 1.0, True)


def test_a_weak_direction_is_told_with_its_width() -> None:
    found = local_intervals(box(2, 0.0, 2.0), np.ones(2), Point(0.0, np.zeros(2), np.diag([1e4, 0.25])))
    (direction,) = found.unknown
    assert direction.width == pytest.approx(2.0 * Z * 2.0 / 2.0) and direction.parts == (("p1", 1.0),)
    assert found.intervals[1].deviation == pytest.approx(2.0)


def test_what_bends_down_is_not_known() -> None:
    found = local_intervals(box(2, 0.0, 2.0), np.ones(2), Point(0.0, np.zeros(2), np.diag([1e4, -50.0])))
    assert found.unknown[0].width == math.inf and found.intervals[1].deviation == math.inf
    assert found.intervals[0].deviation == pytest.approx(0.01)


def test_all_at_their_bounds() -> None:
    found = local_intervals(box(2, 0.0, 2.0), np.zeros(2), Point(0.0, np.ones(2), np.eye(2)))
    assert found.free == () and found.covariance.shape == (0, 0) and found.unknown == ()
    assert [one.at_bound for one in found.intervals] == ["lower", "lower"]


def test_a_parameter_that_is_known_far_better_does_not_drown_another() -> None:
    found = local_intervals(box(2, -1.0, 1.0), np.zeros(2), Point(0.0, np.zeros(2), np.diag([1e20, 1e2])))
    assert found.unknown == () and [one.deviation for one in found.intervals] == pytest.approx([1e-10, 0.1])
    curvature = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1e18]])
    found = local_intervals(box(3, -5.0, 5.0), np.zeros(3), Point(0.0, np.zeros(3), curvature))
    (direction,) = found.unknown
    assert direction.width == math.inf and dict(direction.parts) == pytest.approx({"p0": 0.5**0.5, "p1": -(0.5**0.5)})
    assert [one.deviation for one in found.intervals] == pytest.approx([math.inf, math.inf, 1e-9])


def test_directions_are_those_of_the_curvature_between_the_bounds() -> None:
    low, high = (-1.0, -100.0, -0.01), (1.0, 100.0, 0.01)
    root = np.array([[1.0, 0.02, 30.0], [2.0, -0.03, 60.0]])  # two lines, three parameters: one direction is nothing
    space = Space(("a", "b", "c"), (False,) * 3, low, high, (None,) * 3)
    found = local_intervals(space, np.zeros(3), Point(0.0, np.zeros(3), root.T @ root))
    width = np.array([2.0, 200.0, 0.02])
    sizes, directions = np.linalg.eigh(root.T @ root * np.outer(width, width))
    assert [one.width for one in found.unknown] == [
        math.inf,
        *(pytest.approx(2.0 * Z / math.sqrt(size)) for size in sizes[1:] if size < 4 * Z**2),
    ]
    for one, direction in zip(found.unknown, directions.T, strict=False):
        for name, part in one.parts:
            assert abs(part) == pytest.approx(abs(direction["abc".index(name)]), rel=1e-6)
    assert [math.isinf(one.deviation) for one in found.intervals] == [True, False, True]  # a and c are told only together
