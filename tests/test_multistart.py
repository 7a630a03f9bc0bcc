"""Searches from many starts, on objectives whose optima are known."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from search_cases import OPTIMISERS, batch, bowl, box, needs_fides, rosenbrock, threads, waves, with_hole
from serdsim.errors import InputError
from serdsim.fit import minimise
from serdsim.fit.found import Multistart, read_multistart
from serdsim.fit.minimise import Ended, Settings
from serdsim.fit.multistart import Progress, multistart
from serdsim.fit.point import Point


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_the_valley_is_followed_to_its_end(optimiser: str, count: int) -> None:
    found = multistart(batch(rosenbrock), box(count, -2.0, 2.0), count=12, settings=Settings(optimiser))
    assert found.best.end == pytest.approx(np.ones(count), abs=1e-3)
    assert {one.outcome for one in found.descents} == {"converged"}
    near = found.within(1e-6)
    assert len(near) >= 5 and all(one.gradient_norm < 1e-2 for one in near)
    assert all(one.value <= one.value_at_start and one.iterations <= one.evaluations for one in found.descents)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_many_valleys_are_told_apart(optimiser: str) -> None:
    found = multistart(batch(waves), box(1, -4.2, 4.2), count=60, settings=Settings(optimiser))
    assert found.best.value == pytest.approx(0.0, abs=1e-9)
    levels = sorted({round(one.value, 4) for one in found.descents})
    assert levels[:2] == pytest.approx([0.0, 0.975], abs=1e-3) and len(levels) > 3
    values = [one.value for one in found.ranked]
    assert values == sorted(values)
    assert [one.value <= found.best.value + 1.92 for one in found.ranked].count(True) == len(found.within())
    assert found.share_within() == len(found.within()) / 60
    assert 0 < len(found.within(0.5)) < len(found.within()) < 60


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_where_there_is_no_value_the_descent_turns_back(optimiser: str) -> None:
    met: list[bool] = []

    def many(vectors: np.ndarray) -> list[Point]:
        points = [with_hole(vector) for vector in vectors]
        met.extend(math.isnan(one.value) for one in points)
        return points

    found = multistart(many, box(2, -50.0, 6.0), count=20, settings=Settings(optimiser))
    lost = [one for one in found.descents if one.start[0] > 1.0]
    assert 0 < len(lost) < 10 and sum(met) > len(lost)
    assert {(one.outcome, one.why, one.value, one.end) for one in lost} == {
        ("failed", "the start itself has no finite value, gradient or curvature", math.inf, one.start) for one in lost
    }
    there = [one for one in found.descents if one.end == pytest.approx((0.9, 0.9), abs=1e-3)]
    assert len(there) >= 20 - len(lost) - 1 and {one.outcome for one in there} == {"converged"}
    held = [(one.outcome, one.why) for one in found.descents if one not in there and one not in lost]
    assert set(held) <= {("stopped", "the way down leads to where there is no value")}


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_way_down_into_nothing_is_no_optimum(optimiser: str) -> None:
    def slope(x: np.ndarray) -> Point:
        return Point(-float(x[0]) if x[0] < 1.0 else math.nan, np.array([-1.0]), np.array([[0.01]]))

    found = multistart(batch(slope), box(1, -5.0, 2.0), count=12, settings=Settings(optimiser))
    walked = [one for one in found.descents if one.value < math.inf]
    assert len(walked) > 5 and all(one.end[0] == pytest.approx(1.0, abs=1e-3) for one in walked)
    assert {(one.outcome, one.why) for one in walked} == {("stopped", "the way down leads to where there is no value")}
    assert all(one.gradient_norm == pytest.approx(1.0) for one in walked)


@needs_fides
def test_a_plateau_beyond_a_wall_is_no_optimum() -> None:
    def wall(x: np.ndarray) -> Point:
        """Falls to 2, and stands at 5 beyond 2.5."""
        if x[0] > 2.5:
            return Point(5.0, np.zeros(1), np.zeros((1, 1)))
        return Point(float((x[0] - 2.0) ** 2) * 0.01, 0.02 * (x - 2.0), np.array([[1e-4]]))

    found = multistart(batch(wall), box(1, -20.0, 30.0), count=20)
    left = [one for one in found.descents if one.start[0] < 2.5]
    assert len(left) > 5 and all(one.end[0] == pytest.approx(2.0, abs=0.01) for one in left)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_an_error_ends_the_start_that_met_it(optimiser: str) -> None:
    def many(vectors: np.ndarray) -> list[Point]:
        if np.any(vectors[:, 0] < -2.7):
            raise ArithmeticError("no such\nthing")
        return [rosenbrock(vector) for vector in vectors]

    space, settings = box(2, -3.0, 3.0), Settings(optimiser)
    found, calm = (multistart(one, space, count=30, settings=settings) for one in (many, batch(rosenbrock)))
    broken = [one.index for one in found.descents if one.outcome == "failed"]
    assert 0 < len(broken) < 25
    assert {found.descents[k].why for k in broken} == {"ArithmeticError: no such thing"}
    assert all(found.descents[k] == calm.descents[k] for k in range(30) if k not in broken)


def test_an_error_inside_an_optimiser_ends_its_start_and_keeps_its_lowest_point(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(road: minimise.Road, start: np.ndarray, bounds: minimise.Bounds, settings: Settings) -> Ended:
        road(start * 0.5)
        road(start * 2.0)
        raise RuntimeError

    monkeypatch.setattr("serdsim.fit.descent.MINIMISERS", {"L-BFGS-B": breaks})
    found = multistart(batch(lambda x: Point(float(x @ x), 2.0 * x, np.eye(2))), box(2, 1.0, 2.0), count=3, settings=Settings("L-BFGS-B"))
    for one in found.descents:
        assert (one.outcome, one.why, one.evaluations) == ("failed", "RuntimeError", 2)
        assert one.end == tuple(0.5 * x for x in one.start)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_results_do_not_depend_on_how_many_run_at_once(optimiser: str) -> None:
    sizes: list[int] = []

    def many(vectors: np.ndarray) -> list[Point]:
        sizes.append(len(vectors))
        return [waves(vector) for vector in vectors]

    found = []
    for width in (1, 7, 50):
        sizes.clear()
        found.append(multistart(many, box(3, -4.0, 4.0), count=30, settings=Settings(optimiser), side_by_side=width))
        assert max(sizes) == sizes[0] == min(width, 30)
        assert sum(sizes) == sum(one.evaluations for one in found[-1].descents)
        full = [size for size in sizes if size == sizes[0]]
        assert sizes[: len(full)] == full  # the next start begins before the batch goes off
    assert found[0] == found[1] == found[2]
    assert found[0] != multistart(many, box(3, -4.0, 4.0), count=30, settings=Settings(optimiser), seed=1)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_bounds_hold(optimiser: str) -> None:
    asked: list[np.ndarray] = []

    def many(vectors: np.ndarray) -> list[Point]:
        asked.extend(vectors)
        return [bowl(vector) for vector in vectors]

    found = multistart(many, box(2, 1.0, 3.0), count=5, settings=Settings(optimiser))
    assert np.all(np.array(asked) >= 1.0) and np.all(np.array(asked) <= 3.0)
    assert all(one.end == pytest.approx((1.0, 1.0), abs=1e-4) and one.gradient_norm < 1e-3 for one in found.descents)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_iterations_have_an_end(optimiser: str) -> None:
    found = multistart(batch(rosenbrock), box(5, -2.0, 2.0), count=4, settings=Settings(optimiser, iterations=3))
    assert {(one.outcome, one.why, one.iterations) for one in found.descents} == {("stopped", "all iterations were used", 3)}
    assert all(one.value < one.value_at_start for one in found.descents)


def test_progress_is_told() -> None:
    said: list[Progress] = []
    found = multistart(batch(waves), box(2, -4.0, 4.0), count=9, settings=Settings("L-BFGS-B"), side_by_side=4, progress=said.append)
    assert [one.done for one in said] == sorted(one.done for one in said)
    assert (said[0].live, said[0].asked, said[0].evaluations) == (4, 9, 4)
    total = sum(one.evaluations for one in found.descents)
    assert said[-1] == Progress(9, 9, 0, found.best.value, total)
    assert all(later.best <= sooner.best for sooner, later in pairwise(said))


@needs_fides
def test_fides_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        multistart(batch(with_hole), box(2, -50.0, 6.0), count=6, settings=Settings(iterations=3))
    assert [str(one.message) for one in heard] == []
    assert capfd.readouterr() == ("", "")


def test_without_fides_its_want_is_said_and_the_other_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minimise, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'fides is not installed\.\n.*pip install "serdsim\[est\]".*L-BFGS-B'):
        multistart(batch(bowl), box(1, -1.0, 1.0), count=1)
    assert multistart(batch(bowl), box(1, -1.0, 1.0), count=1, settings=Settings("L-BFGS-B")).best.end == pytest.approx((0.9,))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimiser": "newton"}, "newton: no such optimiser; expected fides or L-BFGS-B"),
        ({"subspace": "3D"}, "3D: no such subspace"),
        ({"iterations": 0}, "0 iterations; expected at least 1"),
        ({"value_tolerance": math.nan}, "a tolerance is no number"),
    ],
)
def test_settings_that_say_nothing_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Settings(**settings)  # type: ignore[arg-type]


def some(values: Sequence[float]) -> Multistart:
    space = box(1, 0.0, 1.0)
    found = multistart(batch(bowl), space, count=len(values), settings=Settings("L-BFGS-B"))
    return replace(found, descents=tuple(replace(one, value=value) for one, value in zip(found.descents, values, strict=True)))


def test_the_whole_goes_through_json() -> None:
    found = multistart(batch(with_hole), box(2, -5.0, 6.0), count=12, settings=Settings("L-BFGS-B"), seed=4, problem="p")
    assert any(math.isinf(one.value) for one in found.descents)
    text = found.json()
    again = read_multistart(text)
    assert again == found and [one.seconds for one in again.descents] == [one.seconds for one in found.descents]
    assert again.json() == text
    assert json.loads(text)["descents"][0]["start"] == list(found.descents[0].start)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "names": []}'])
def test_another_text_is_no_search(text: str) -> None:
    with pytest.raises(InputError, match="no search from many starts"):
        read_multistart(text)


def test_equal_values_are_ranked_by_number_and_words_count_all() -> None:
    found = some([3.0, 1.0, math.inf, 1.0, 2.92])
    assert [one.index for one in found.ranked] == [1, 3, 4, 0, 2]
    assert [one.index for one in found.within(1.92)] == [1, 3, 4]
    assert "3 (60 %) within 1.92 of the lowest value 1." in found.text()


def test_a_search_in_which_all_failed_has_no_best() -> None:
    found = multistart(batch(lambda x: Point(math.nan, x, np.eye(1))), box(1, 0.0, 1.0), count=3, settings=Settings("L-BFGS-B"))
    with pytest.raises(InputError, match="none of 3 starts found a point with a value: the start itself has no finite value"):
        _ = found.best
    assert threads() == []
