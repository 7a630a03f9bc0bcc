"""The compiled engine takes the steps of its NumPy twin: same counts of accepted and refused steps, same numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Timer

import numpy as np
import pytest

from little_models import Stop, given, kernel, model, schedule
from serdsim.codegen.equations import Equations, derive
from serdsim.engine import native
from serdsim.engine.compiled import compiled
from serdsim.engine.native import run_native
from serdsim.engine.plan import KINDS, Arrays, Plan, Schedule
from serdsim.engine.twin import run_twin
from serdsim.errors import InputError, ModelError
from serdsim.model.library import load

STIFF = "A = 1; B = 0; C = 0; k1 = 0.04; A' = -k1*A + 1e4*B*C; B' = k1*A - 1e4*B*C - 3e7*B^2; C' = 3e7*B^2"
SWING = "x = 1; v = 0; k = 1; x' = v; v' = k*(1 - x^2)*v - x + 0.1*sin(3*time)"
PIECES = "x = 0; y = 1; k = 1; x' = piecewise(k, x < 0.5 && time < 2.3, 0.1) - 0.05*x; y' = piecewise(-y, time - 1 < k, x*(2 - y))"
POWERS = "x = 1; y = 0; n = 2; k = 1; x' = -k*x^n; y' = x^n - y^1.5*piecewise(1, !(1 < 2), 0.3)"
GROWING = "compartment V = 1; V' = 0.9*V; species S in V; S = 1; k = 1; S' = -k*S"
_PATIENCE_S = 2.0


def plan_of(
    text: str, times: Sequence[float] | np.ndarray, *outputs: str, stops: Sequence[Stop] = (), count: int = 1, **options: object
) -> Plan:
    """Return the plan of `count` individuals; options are values of the text (one or `count`), or fields of the plan."""
    equations = kernel(text).equations
    values = given(model(text), equations.given, count)
    for id in [id for id in options if id in equations.given]:
        values[equations.given.index(id)] = options.pop(id)
    fields = {"rtol": 1e-6, "atol": 1e-10, "schedule": schedule(stops, count)} | options
    return Plan(values, np.asarray(times, float), outputs, **fields)


def counts(arrays: Arrays) -> list[list[int]]:
    """Return accepted and refused steps."""
    assert arrays.steps is not None
    assert arrays.refused is not None
    return [arrays.steps.tolist(), arrays.refused.tolist()]


def both(equations: Equations, plan: Plan, method: str = "rodas5p") -> tuple[Arrays, Arrays]:
    """Run both engines; the compiled one is cancelled when it takes longer than any of these plans may."""
    timer = Timer(_PATIENCE_S, setattr, (native.CANCEL, "value", 1))
    compiled(equations, plan.outputs, method)
    timer.start()
    try:
        fast = run_native(equations, plan, method=method)
    finally:
        timer.cancel()
        native.CANCEL.value = 0
    return fast, run_twin(equations, plan, method=method)


def assert_same(fast: Arrays, twin: Arrays) -> None:
    assert list(fast.status) == list(twin.status)
    assert counts(fast) == counts(twin)
    assert np.array_equal(np.isnan(fast.values), np.isnan(twin.values))
    well = twin.status == "ok"
    pairs = ((fast.values[:, :, well], twin.values[:, :, well]), (fast.final[:, None, well], twin.final[:, None, well]))
    for mine, theirs in pairs:
        size = np.max(np.nan_to_num(np.abs(theirs)), axis=1, keepdims=True)
        assert np.all(~(np.abs(mine - theirs) > 1e-9 * np.abs(theirs) + 1e-10 * size))


def check(text: str, plan: Plan, method: str = "rodas5p") -> Arrays:
    fast, twin = both(kernel(text).equations, plan, method)
    assert_same(fast, twin)
    return twin


def test_the_cell_model_with_doses_and_draws() -> None:
    cell = load("cell")
    equations = derive(cell)
    values = given(cell, equations.given, 3)
    values *= np.exp(0.2 * np.random.default_rng(4).standard_normal(values.shape))
    doses = schedule([(0.0, "add", "E2_medium", 0.05), (24.0, "add", "drug_medium", 100.0), (36.0, "set", "drug_medium", 0.0)], 3)
    plan = Plan(values, np.arange(0.0, 49.0), ("er_nuc_E2_W", "PR", "ppRb", "g1"), schedule=doses, rtol=1e-5, atol=1e-9)
    fast, twin = both(equations, plan)
    assert_same(fast, twin)
    assert list(twin.status) == ["ok"] * 3
    assert min(counts(twin)[1]) > 0


@pytest.mark.parametrize("method", ["rodas5p", "rodas4p", "ros2"])
def test_a_stiff_model(method: str) -> None:
    check(STIFF, plan_of(STIFF, (0.0, 0.01, 1.0, 40.0), "A", "B", "C", count=3, k1=[0.01, 0.04, 0.4], rtol=1e-4), method)


@pytest.mark.parametrize("method", ["tsit5", "rodas5p"])
def test_a_swing_with_a_force_of_time(method: str) -> None:
    twin = check(SWING, plan_of(SWING, np.linspace(0.0, 9.0, 31), "x", "v", count=3, k=[0.2, 1.0, 5.0]), method)
    assert min(counts(twin)[1][1:]) > 0


def test_pieces_of_time_stop_and_powers_are_powers() -> None:
    text = "x = 0; k = 1; x' = piecewise(k, time < 2.3*k, 0.1) - 0.05*x"
    check(text, plan_of(text, np.linspace(0.0, 6.0, 13), "x", count=3, k=[0.5, 1.0, 2.0]))
    check(POWERS, plan_of(POWERS, (0.0, 1.0, 5.0), "x", "y", count=3, k=[0.1, 1.0, 9.0]))


@pytest.mark.parametrize("method", ["tsit5", "rodas5p"])
def test_changes_of_a_comparison_of_the_state_are_met(method: str) -> None:
    twin = check(PIECES, plan_of(PIECES, (0.0, 6.0), "x", "y", count=3, k=[0.2, 1.0, 2.0]), method)
    assert twin.values[0, -1, 2] > 0.5


@pytest.mark.parametrize("method", ["tsit5", "rodas5p"])
def test_rows_of_a_step_that_a_comparison_cuts(method: str) -> None:
    check(PIECES, plan_of(PIECES, np.linspace(0.0, 6.0, 61), "x", "y", count=3, k=[0.2, 1.0, 2.0], rtol=1e-3), method)


def test_lanes_are_refilled_by_individuals_of_different_length() -> None:
    n = 21
    last = np.linspace(0.0, 7.0, n)  # the first one ends where it starts
    times = np.linspace(0.0, 1.0, 5)[:, None] * last
    times[3:, ::4] = np.inf
    plan = plan_of(SWING, times, "x", count=n, k=np.geomspace(0.1, 9.0, n), rtol=1e-4)
    twin = check(SWING, plan)
    assert counts(twin)[0][0] == 0
    for lanes in (1, 3, 50):
        other = run_twin(kernel(SWING).equations, plan, lanes=lanes)
        assert counts(twin) == counts(other)
        assert np.allclose(twin.values, other.values, rtol=1e-12, atol=1e-12, equal_nan=True)


def test_items_of_the_schedule_and_rows_between_them() -> None:
    items = [
        (0.0, "add", "x", 1.0), (0.5, "see", 1, 0.0), (0.5, "set", "k", 2.0), (0.5, "see", 2, 0.0), (0.5 + 1e-13, "add", "v", 1.0),
        (0.5 + 1e-9, "add", "v", -0.5), (2.0, "reset", "", 0.0), (2.0, "set", "x", 3.0), (3.0, "add", "x", 1.0), (9.0, "add", "x", 5.0),
    ]  # fmt: skip
    names = ("x", "v", "k")
    people = Schedule(
        names=names,
        starts=np.array([0, len(items), len(items)]),
        times=np.array([item[0] for item in items]),
        kinds=np.array([KINDS.index(item[1]) for item in items], np.int8),
        targets=np.array([names.index(item[2]) if item[2] in names else item[2] or 0 for item in items], np.int32),
        values=np.array([item[3] for item in items]),
    )
    times = np.array([0.0, 0.5, 0.5, 0.5, 1.7, 3.0])
    placed = np.zeros((6, 2), bool)
    placed[1:3, 0] = True
    plan = replace(plan_of(SWING, times, "x", "v", "k", count=2), schedule=people, placed=placed)
    twin = check(SWING, plan)
    assert twin.values[2, :, 0].tolist() == [1.0, 1.0, 2.0, 2.0, 2.0, 2.0]
    assert twin.values[1, 3, 0] == twin.values[1, 2, 0] + 1.0


def test_a_start_that_is_given_a_late_start_and_no_outputs() -> None:
    initial = np.array([[2.0, -1.0], [0.5, 0.0]])
    for start in (-3.0, 3.0):
        check(SWING, plan_of(SWING, (start, 4.0, 6.0), "x", count=2, initial=initial, start_time=start, stops=((4.0, "add", "v", 1.0),)))
    check(SWING, plan_of(SWING, (0.0, 1.0), count=2))


FAILURES = {
    "too many steps": ("x = 1; v = 0; x' = v; v' = -1e4*x", {"max_evaluations": 300}, "step_limit"),
    "no rate after a dose": ("x = 0; x' = ln(2 - x)", {"stops": ((1.0, "add", "x", 5.0),)}, "not_finite"),
    "no rate at the start": ("x = 0; z = 0; x' = z/x", {}, "not_finite"),
    "a state that runs away in finite time": ("x = 1; x' = x^2", {}, "not_finite"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failures(name: str) -> None:
    text, options, status = FAILURES[name]
    twin = check(text, plan_of(text, (0.0, 90.0), "x", **options))  # type: ignore[arg-type]
    assert list(twin.status) == [status]


def test_a_rate_without_bound_where_a_state_ends_leaves_no_step_small_enough() -> None:
    text = "x = 1; x' = -1/x"  # the last steps are so small that rounding decides how many there are
    plan = plan_of(text, (0.0, 90.0), "x")
    assert [run(kernel(text).equations, plan).status[0] for run in (run_native, run_twin)] == ["step_underflow"] * 2


def test_a_failing_individual_leaves_its_lane_to_the_next() -> None:
    text = "x = 0; k = 1; x' = ln(k - x)"
    most = np.where(np.arange(20) % 3 == 0, 3.0, 20.0 + np.arange(20))
    twin = check(text, plan_of(text, (0.0, 5.0), "x", count=20, k=most, stops=((1.0, "add", "x", 5.0),)))
    assert list(twin.status == "ok") == (most > 3.0).tolist()


@pytest.mark.parametrize("text,output", [(PIECES, "x"), (GROWING, "S")])
def test_no_bit_of_an_individual_depends_on_its_lane(text: str, output: str) -> None:
    n = 30
    times = np.linspace(0.0, 5.0, 6)[:, None] * np.linspace(0.5, 1.0, n)
    plan = plan_of(text, times, output, count=n, k=np.linspace(0.1, 8.0, n), atol=1e-3)
    together = run_native(kernel(text).equations, plan)
    for i in range(n):
        alone = run_native(kernel(text).equations, plan.chunk(slice(i, i + 1)))
        assert np.array_equal(alone.values[:, :, 0], together.values[:, :, i], equal_nan=True)
        assert counts(alone) == [[kind[i]] for kind in counts(together)]


def test_a_concentration_is_set_in_the_size_that_its_compartment_has_by_then() -> None:
    stops: Sequence[Stop] = ((1.0, "set", "V", 4.0), (1.0, "set", "S", 5.0))
    twin = check(GROWING, plan_of(GROWING, (0.0, 1.0, 3.0), "S", stops=stops, atol=1e-3))
    assert twin.values[0, 1, 0] == 5.0


@pytest.mark.parametrize(
    "trigger,end,stops",
    [
        ("(time - 366.9)/0.1 < 0.7", 366.97, ()),  # rounds to 0.7 - a bit right after the instant computed for it
        ("time < 1.0000000000005", 1.0, ((1.0, "add", "x", 0.0),)),  # within the instant of a dose
    ],
)
def test_a_switch_of_time_is_not_missed_for_rounding(trigger: str, end: float, stops: Sequence[Stop]) -> None:
    text = f"x = 0; x' = piecewise(1, {trigger}, 0)"
    twin = check(text, plan_of(text, (0.0, 3.0 * end), "x", stops=stops))
    assert twin.values[0, -1, 0] == pytest.approx(end, rel=1e-9)


def test_sliding_along_a_comparison_ends_in_a_status() -> None:
    text = "x = 1; x' = piecewise(-1, x > 0.5, 1)"
    assert list(check(text, plan_of(text, (0.0, 1.0), "x", max_evaluations=400)).status) == ["step_limit"]


def test_a_model_without_states_is_looked_up() -> None:
    text = "y := 2*time"
    assert check(text, plan_of(text, (0.0, 2.0, 10.0), "y")).values[0, :, 0].tolist() == [0.0, 4.0, 20.0]


@pytest.mark.parametrize("run", [run_native, run_twin])
def test_an_output_that_the_model_does_not_have_is_refused(run: Callable[[Equations, Plan], Arrays]) -> None:
    with pytest.raises(InputError, match="nope"):
        run(kernel(SWING).equations, plan_of(SWING, (0.0, 3.0), "nope"))


def test_the_twin_refuses_events() -> None:
    text = "x = 0; x' = 1; at (x > 1): x = 0"
    with pytest.raises(ModelError, match="events"):
        run_twin(kernel(text).equations, plan_of(text, (0.0, 3.0), "x"))
