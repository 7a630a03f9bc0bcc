"""Every individual ends in a result or a named status: limits, scales, nothing at all, and the dense dimer model."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from native_cases import error, native, plan_of, reference
from serdsim.engine.native import CANCEL, run_native
from serdsim.engine.plan import STATUSES, Arrays, Plan

DECAY = "x = 1; k = 1; x' = -k*x"


def within(seconds: float, text: str, plan: Plan) -> Arrays:
    """Return the result, with the status `cancelled` where it takes too long."""
    clock = threading.Timer(seconds, lambda: setattr(CANCEL, "value", 1))
    clock.start()
    try:
        return native(text, plan)
    finally:
        clock.cancel()
        CANCEL.value = 0


@pytest.mark.parametrize(
    "text,options,status",
    [
        ("x = 1; x' = -x + sin(1e5*time)", {"max_evaluations": 4000}, "step_limit"),
        ("x = 1; x' = 300*x", {}, "not_finite"),
        ("x = 1; y = 0; x' = -1; y' = 1/(x - 0.4)^3 + ln(x - 0.5)", {}, "not_finite"),
        ("x = 1; y = 0; x' = -1; y' = 1e60*sin(1e18*x)*max(0, 0.6 - x)", {}, "step_underflow"),
    ],
)
def test_what_cannot_go_on_says_why(text: str, options: dict[str, float], status: str) -> None:
    arrays = within(10.0, text, plan_of(text, (0.0, 10.0), ("x",), rtol=1e-8, **options))
    assert arrays.status[0] == status, arrays.message
    assert arrays.message[0].split(" at time ")[0] in ("too many steps", "the state runs away", "no step is small enough")
    assert 0.0 <= float(arrays.message[0].split(" at time ")[1]) < 10.0
    assert np.all(np.isnan(arrays.values))


def test_a_state_that_slides_along_a_threshold_ends() -> None:
    text = "x = 1; y = 0; x' = piecewise(-1, x > 0, 1); y' = 1"
    arrays = within(5.0, text, plan_of(text, (0.0, 10.0), ("x",), rtol=1e-6))
    assert arrays.status[0] in STATUSES


@pytest.mark.parametrize("scale", [1e-9, 1e-6, 1e6, 1e9])
def test_time_may_have_any_scale(scale: float) -> None:
    text = f"x = 1; y = 0; x' = -x/{scale!r}; y' = (x - 3*y)/{scale!r}"
    times = np.linspace(0.0, 5.0, 11)
    arrays = native(text, plan_of(text, scale * times, ("x", "y"), ((2.0 * scale, "add", "x", 1.0),), rtol=1e-9))
    x = np.exp(-times) + np.where(times >= 2.0, np.exp(-(times - 2.0)), 0.0)
    assert error(arrays.values[:1, :, 0], x[None]) < 1e-7


def test_a_fast_start_before_a_far_stop_is_met() -> None:
    text = "x = 1; x' = -1e6*x^2"
    arrays = native(text, plan_of(text, (1e-6, 1.0, 1e9), ("x",), rtol=1e-8))
    assert arrays.status[0] == "ok"
    assert error(arrays.values[:, :, 0], np.array([[0.5, 1.0 / (1.0 + 1e6), 1.0 / (1.0 + 1e15)]]), 1e-20) < 1e-5


@pytest.mark.parametrize("apart", [1e-13, 1e-12, 2.5e-12, 1e-9])
def test_stops_may_lie_close_together(apart: float) -> None:
    stops = tuple((1.0 + i * apart, "add", "x", 0.1) for i in range(20))
    arrays = native(DECAY, plan_of(DECAY, (0.5, 1.0, 1.0 + 30 * apart, 3.0), ("x",), stops, rtol=1e-9))
    end = (np.exp(-1.0) + 2.0) * np.exp(-2.0)
    assert arrays.status[0] == "ok"
    assert arrays.values[0, -1, 0] == pytest.approx(end, rel=1e-7)
    assert arrays.values[0, 2, 0] == pytest.approx(np.exp(-1.0) + 2.0, rel=1e-6)


def test_the_start_alone_and_doses_after_the_end_need_no_step() -> None:
    plan = plan_of(DECAY, (0.0,), ("x",), ((0.0, "add", "x", 1.5), (5.0, "add", "x", 9.0)))
    arrays = native(DECAY, plan)
    assert arrays.values[0, :, 0].tolist() == [2.5]
    assert arrays.steps is not None
    assert arrays.steps.tolist() == [0]
    late = native(DECAY, plan_of(DECAY, (1.0,), ("x",), ((1.5, "add", "x", 9.0),), rtol=1e-9))
    assert late.values[0, 0, 0] == pytest.approx(np.exp(-1.0), rel=1e-7)


@pytest.mark.parametrize("law", ["c*x^0.5", "c*x^h", "c*sqrt(max(x, 0))"])
def test_a_pool_that_a_root_law_empties_stays_empty(law: str) -> None:
    text = f"x = 1; c = 1; h = 0.5; x' = -{law}"
    times = np.array([0.0, 1.0, 1.9, 2.1, 5.0, 10.0])
    plan = plan_of(text, times, ("x",), rtol=1e-9)
    for arrays in (native(text, plan), reference(text, plan)):
        assert arrays.status[0] == "ok"
        assert np.abs(arrays.values[0, :, 0] - np.maximum(0.0, 1.0 - times / 2.0) ** 2).max() < 1e-7


def test_nobody_gives_nothing() -> None:
    arrays = native(DECAY, plan_of(DECAY, (0.0, 1.0), ("x",), individuals=0))
    assert arrays.values.shape == (1, 2, 0)
    assert arrays.final.shape == (1, 0)
    assert arrays.status.shape == (0,)


def test_a_model_without_numbers_or_states_runs() -> None:
    for text, output, end in (
        ("x = 1; x' = -x", "x", np.exp(-2.0)),
        ("k = 3; y := k*time^2", "y", 12.0),
        ("y := sin(time)", "y", np.sin(2.0)),
    ):
        arrays = native(text, plan_of(text, (0.0, 2.0), (output,), rtol=1e-10))
        assert arrays.status[0] == "ok"
        assert arrays.values[0, 1, 0] == pytest.approx(end, rel=1e-8)


@pytest.mark.parametrize("size", [1e-200, 1e-30, 1e30, 1e200])
def test_values_may_have_any_size(size: float) -> None:
    arrays = native(DECAY, plan_of(DECAY, (0.0, 5.0), ("x",), values={"x": size}, rtol=1e-9, atol=1e-12 * size))
    assert arrays.values[0, 1, 0] == pytest.approx(size * np.exp(-5.0), rel=1e-7)


def test_no_absolute_tolerance_is_needed_where_nothing_is_zero() -> None:
    text = "x = 1; y = 2; x' = -x; y' = x - y"
    arrays = native(text, plan_of(text, (0.0, 3.0), ("x", "y"), rtol=1e-9, atol=0.0))
    assert arrays.values[:, 1, 0] == pytest.approx([np.exp(-3.0), 5.0 * np.exp(-3.0)], rel=1e-7)


def test_what_is_not_a_number_stays_with_its_individual() -> None:
    plan = plan_of(DECAY, (0.0, 1.0), ("x",), values={"k": np.array([1.0, np.nan, 2.0])}, individuals=3, rtol=1e-9)
    arrays = native(DECAY, plan)
    assert arrays.status.tolist() == ["ok", "not_finite", "ok"]
    assert arrays.values[0, 1, [0, 2]] == pytest.approx(np.exp([-1.0, -2.0]), rel=1e-7)


def test_a_size_that_is_set_counts_for_what_is_set_after_it() -> None:
    text = "compartment V = 1; V' = 0*V; species S in V; S = 2; k = 1; k' = -k"
    stops = ((1.0, "set", "V", 4.0), (1.0, "set", "S", 5.0))
    plan = plan_of(text, (0.0, 1.0, 2.0), ("S", "V"), stops)
    assert reference(text, plan).values[:, :, 0].tolist() == [[2.0, 5.0, 5.0], [1.0, 4.0, 4.0]]
    assert native(text, plan).values[:, :, 0].tolist() == [[2.0, 5.0, 5.0], [1.0, 4.0, 4.0]]


@pytest.mark.parametrize(
    "test",
    [
        "(time*a - b)*c < d",
        "d > c*(time - b)/a - b*c",
        "time/a - b*c < d/c",
        "a*time < d + b",
    ],
)
def test_a_switch_of_time_is_never_taken_before_it_is_there(test: str) -> None:
    """The time of a switch is rounded; the comparison right after it must be the other one for every individual."""
    text = f"a = 1; b = 1; c = 1; d = 1; x = 0; x' = piecewise(1, {test}, 0)"
    values = dict(zip("abcd", np.random.default_rng(5).uniform(0.5, 2.0, (4, 4000)), strict=True))
    a, b, c, d = values.values()
    ends = {"(": (d / c + b) / a, "d": (d + b * c) * a / c + b, "t": (d / c + b * c) * a, "a": (d + b) / a}[test[0]]
    found = native(text, plan_of(text, (0.0, 100.0), ("x",), values=values, individuals=4000, rtol=1e-6)).values[0, 1]
    assert np.sum(np.abs(found / ends - 1.0) > 1e-9) == 0


@pytest.mark.shared
def test_the_dense_dimer_model_ends_for_every_draw(shared_dir: Path) -> None:
    """Daily doses for three days with a CV of 50 %; verification/dimers.py runs 28."""
    from benchmarks.own_problems import dimers
    from benchmarks.plans import plan_of as plan_of_problem
    from benchmarks.starts import Starts

    problem = dimers(3, 1000, shared_dir, cv=0.5)
    problem = replace(problem, scale=np.ones(len(problem.states)))
    starts = Starts(problem)
    plan = plan_of_problem(problem, starts, 1e-5)
    begin = time.monotonic()
    arrays = run_native(starts.equations, plan)
    assert time.monotonic() - begin < 60.0
    assert set(arrays.status) <= set(STATUSES)
    assert Counter(arrays.status)["ok"] == 1000
    assert arrays.values.min() > -1e-3
