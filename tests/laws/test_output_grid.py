"""Outputs never change a step: two output grids agree, whatever happens between the outputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_models import Stop, course, simulate
from serdsim.dosing.regimen import parse_regimen
from serdsim.simulation import simulate_named

END = 24.0
DOSED = "A = 5; B = 0; k = 0.4; e = 0.15; B' = k*A - e*B^2/(1 + B); A' = -k*A"
EVENTFUL = (
    "x = 1; hits = 0; x' = piecewise(0.3, time < 7.7, -0.2*x); y = 0; y' = sin(3*time) - 0.1*y;"
    "at (y > 0.2): hits = hits + 1, x = x + 0.1; E2: at 1.5 after (x > 2): x = x/2"
)
PULSE = "x = 1; n = 0; x' = -1e-3*x; at (time > 3 && time < 3.001): n = n + 1"
STILL = "n = 0; m = 0; m := n + piecewise(1, time > 4.4, 0); at (sin(time) > 0.5): n = n + 1"
STOPS: tuple[Stop, ...] = ((0.0, "add", "A", 3.0), (6.5, "add", "A", 4.0), (12.0, "set", "k", 0.9), (12.0, "set", "A", 2.0))

grids = st.lists(st.floats(0.0, END, allow_subnormal=False), max_size=40, unique=True).map(lambda inner: tuple(sorted({*inner, END})))


def at_the_end_and_at(text: str, grid: tuple[float, ...], outputs: tuple[str, ...], stops: tuple[Stop, ...] = ()) -> tuple[np.ndarray, int]:
    arrays = simulate(text, grid, outputs, stops)
    assert list(arrays.status) == ["ok"], arrays.message
    return arrays.values[:, :, 0], int(arrays.evaluations[0])


def check_grid(text: str, grid: tuple[float, ...], outputs: tuple[str, ...], stops: tuple[Stop, ...] = ()) -> None:
    values, cost = at_the_end_and_at(text, grid, outputs, stops)
    alone, least = at_the_end_and_at(text, (END,), outputs, stops)
    assert np.array_equal(values[:, -1], alone[:, -1])
    assert cost == least
    pairs = tuple(sorted({*grid, *np.linspace(0.0, END, 13)}))
    more, _ = at_the_end_and_at(text, pairs, outputs, stops)
    assert np.allclose(values, more[:, [pairs.index(t) for t in grid]], rtol=1e-12, atol=1e-13)


@settings(max_examples=25, deadline=None)
@given(grids)
def test_grids_agree_with_doses_and_changed_inputs(grid: tuple[float, ...]) -> None:
    check_grid(DOSED.replace("A' = -k*A", "J: A -> ; k*A").replace("A = 5", "species A = 5"), grid, ("A", "B"), STOPS)


@settings(max_examples=25, deadline=None)
@given(grids)
def test_grids_agree_with_events_delays_and_piecewise(grid: tuple[float, ...]) -> None:
    check_grid(EVENTFUL, grid, ("x", "y", "hits"))


@settings(max_examples=15, deadline=None)
@given(grids)
def test_grids_agree_without_any_derivative(grid: tuple[float, ...]) -> None:
    check_grid(STILL, grid, ("n", "m"))


@settings(max_examples=10, deadline=None)
@given(grids)
def test_no_grid_steps_over_a_short_pulse(grid: tuple[float, ...]) -> None:
    values, _ = at_the_end_and_at(PULSE, grid, ("n",))
    assert np.array_equal(values[0], [1.0 if t >= 3.0 else 0.0 for t in grid])


def test_outputs_at_a_stop_are_seen_after_the_stop_and_the_final_time_is_included() -> None:
    text = "species A = 1; A -> ; 0*A"
    stops: tuple[Stop, ...] = ((0.0, "add", "A", 1.0), (2.0, "add", "A", 1.0), (4.0, "add", "A", 1.0), (9.0, "add", "A", 1.0))
    assert list(course(text, (0.0, 1.0, 2.0, 3.0, 4.0), "A", stops)) == [2.0, 2.0, 3.0, 3.0, 4.0]


def test_an_output_at_an_event_is_seen_after_the_event() -> None:
    text = "x = 0; x' = 1; at (time >= 2): x = 10"
    assert np.allclose(course(text, (0.0, 2.0, 3.0), "x"), [0.0, 10.0, 11.0], rtol=0, atol=1e-9)


def poured(regimen: str, hours: float, every: float) -> np.ndarray:
    found = simulate_named("cell", parse_regimen(regimen), duration_h=hours, every_h=every, outputs=["drug_medium"])
    assert found.dataset["status"].values.tolist() == ["ok"]
    return found.dataset["drug_medium"].values[0]


@pytest.mark.parametrize(("interval", "every"), [(0.3, 0.1), (0.7, 0.1), (1.1, 0.2), (0.1, 0.3)])
def test_a_dose_and_an_output_of_the_same_instant_are_one_whatever_their_rounding(interval: float, every: float) -> None:
    """3 x 0.1 is not 0.3 in binary: neither order of the two may end in a failed step or miss the dose."""
    regimen = f"imlunestrant 1 nM q{interval}h x 9 from 0.1 h"
    assert poured(regimen, 6.0, every)[-1] == pytest.approx(poured(regimen, 6.0, 6.0)[-1], rel=1e-9)


def test_an_output_a_rounding_error_before_a_dose_is_seen_after_it() -> None:
    values = poured("imlunestrant 1 nM once from 0.3 h", 0.4, 0.1)
    assert values[2] == pytest.approx(0.0, abs=1e-9)
    assert values[3] == pytest.approx(1.0, rel=1e-3)
