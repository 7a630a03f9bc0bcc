"""The compiled steps have the order of their method: at step ends and between them, with and without time in the rates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from native_cases import error, native, plan_of
from serdsim.engine.native import Tuning
from serdsim.engine.plan import Schedule

SPIRAL = "x = 0.5; y = 0; idle = 0; x' = x*(1 - x^2 - y^2) - y; y' = y*(1 - x^2 - y^2) + x"
DRIVEN = "x = 1; y = 1; idle = 0; x' = cos(time)*x*y*(1 + time); y' = -y^2 + 0.3*(x - exp(sin(time)))"
STIFF = "x = 1; idle = 0; x' = -1e6*(x - cos(time)) - sin(time)"
END = 2.0
SHARES = np.array([0.3, 0.7, 1.0])
ORDER = {"rodas5p": (5, 5), "rodas4p": (4, 4), "ros2": (2, 2), "tsit5": (5, 5)}
STEPS = {"rodas5p": (8, 16, 32), "rodas4p": (8, 16, 32), "ros2": (64, 128, 256), "tsit5": (8, 16, 32)}


def spiral(t: np.ndarray) -> np.ndarray:
    radius = 1.0 / np.sqrt(1.0 + 3.0 * np.exp(-2.0 * t))
    return np.array([radius * np.cos(t), radius * np.sin(t)])


def driven(t: np.ndarray) -> np.ndarray:
    return np.array([np.exp(np.sin(t)), 1.0 / (1.0 + t)])


def errors(text: str, exact: Callable[[np.ndarray], np.ndarray], method: str, count: int) -> tuple[float, float]:
    """Return the errors at step ends and between them for equal steps, forced by changes of an idle number."""
    ends = np.linspace(0.0, END, count + 1)
    idle = Schedule.shared(tuple(ends[1:-1]), ("set",) * (count - 1), ("idle",) * (count - 1), np.zeros((count - 1, 1)))
    times = np.concatenate([[0.0], (ends[:-1, None] + END / count * SHARES).ravel()])
    arrays = native(text, plan_of(text, times, ("x", "y"), idle, rtol=10.0, atol=10.0), method, Tuning(memory=1e9))
    assert arrays.steps is not None
    assert arrays.steps[0] == count
    missed = np.abs(arrays.values[:, 1:, 0] - exact(times[1:])).max(axis=0).reshape(count, len(SHARES))
    return float(missed[:, -1].max()), float(missed[:, :-1].max())


@pytest.mark.parametrize("method", sorted(ORDER))
@pytest.mark.parametrize("text,exact", [(SPIRAL, spiral), (DRIVEN, driven)], ids=["autonomous", "driven"])
def test_the_error_falls_with_the_order(text: str, exact: Callable[[np.ndarray], np.ndarray], method: str) -> None:
    found = np.array([errors(text, exact, method, count) for count in STEPS[method]])
    slopes = np.log2(found[:-1] / found[1:])
    order, between = ORDER[method]
    assert np.all(slopes[-1] > np.array([order, between]) - 0.35), (slopes, found)
    assert found[-1, 0] > 1e-13


def stiff_error(times: np.ndarray, method: str) -> float:
    plan = plan_of(STIFF, times, ("x",), rtol=1e-6, atol=1e-9, max_evaluations=200_000)
    return error(native(STIFF, plan, method).values[:, :, 0], np.cos(times)[None])


@pytest.mark.parametrize("method", ["rodas5p", "rodas4p", "ros2"])
def test_a_stiff_part_that_follows_time_is_met_at_the_end_of_steps(method: str) -> None:
    assert max(stiff_error(np.array([0.0, end]), method) for end in (1.0, 2.5, 10.0)) < 2e-5


def test_a_stiff_part_that_follows_time_is_met_between_steps() -> None:
    assert stiff_error(np.linspace(0.0, 10.0, 101), "rodas5p") < 2e-5


@pytest.mark.parametrize("method", ["rodas5p", "rodas4p", "tsit5"])
def test_the_error_follows_the_tolerance_down_to_rounding(method: str) -> None:
    times = np.linspace(0.0, END, 41)
    tolerances = 10.0 ** -np.arange(3.0, 13.0)
    found = []
    for rtol in tolerances:
        arrays = native(SPIRAL, plan_of(SPIRAL, times, ("x", "y"), rtol=rtol, atol=1e-3 * rtol), method)
        assert arrays.status[0] == "ok"
        found.append(np.abs(arrays.values[:, :, 0] - spiral(times)).max())
    assert np.all(np.array(found) < 30.0 * tolerances), found
    assert np.all(np.array(found[1:8]) < 0.3 * np.array(found[:7])), found
