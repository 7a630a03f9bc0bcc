"""A course run in stages: the second begins with state and slopes at the end of the first, and the chain rule goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from frozen_twin import STENCIL, Frozen
from little_models import given, kernel, model, schedule
from serdsim.codegen.equations import Equations, derive
from serdsim.engine.compiled import compiled_tangent
from serdsim.engine.directions import Direction
from serdsim.engine.native import run_native
from serdsim.engine.native_sensitivity import run_native_sensitivities
from serdsim.engine.plan import Plan
from serdsim.engine.sensitivity import Sensitivities, run_sensitivities
from serdsim.engine.tape import blank
from serdsim.engine.twin import run_twin
from serdsim.errors import InputError
from serdsim.model.library import load

Run = Callable[..., Sensitivities]
BOTH: tuple[Run, ...] = (run_sensitivities, run_native_sensitivities)
IDS = ("k_syn_er", "k_deg_nuc_E2", "Kd_E2", "kappa", "g1")
DECAY = "compartment V = 2; species S in V; S = 3; k = 0.7; u = 1; S -> ; k*u*S*V"
TIMES = np.array([0.0, 1.0, 2.0])
NOTHING = Direction((), np.empty((0, 1)))


def cell_stages(theta: np.ndarray) -> tuple[Equations, Plan, Plan]:
    """Return a pre-run with little oestradiol and a course with more of it and a drug, at parameters of which each moves its own values.

    They are: synthesis in both stages; degradation, affinity, linkage together, half as fast in the course; the start of g1.
    """
    cell = load("cell")
    equations = derive(cell)
    numbers = np.repeat(given(cell, equations.given), theta.shape[1], axis=1)
    rows = [equations.given.index(id) for id in IDS]
    before, after = numbers.copy(), numbers.copy()
    before[rows] *= theta[[0, 1, 1, 1, 2]]
    after[rows[:4]] *= np.array([theta[0], *(0.5 + 0.5 * theta[[1, 1, 1]])])
    count = theta.shape[1]
    first = Plan(
        before, np.array([10.0]), (), schedule=schedule([(0.0, "add", "E2_medium", 0.02), (6.0, "add", "E2_medium", 0.01)], count),
        rtol=1e-5, atol=1e-9,
    )  # fmt: skip
    stops = [(10.0, "set", "E2_medium", 0.05), (13.0, "add", "drug_medium", 100.0), (18.0, "set", "drug_medium", 2.0)]
    outputs = ("er_total", "PR", "g1")
    second = Plan(after, np.arange(10.0, 25.0, 2.0), outputs, schedule=schedule(stops, count), start_time=10.0, rtol=1e-5, atol=1e-9)
    return equations, first, second


def columns(plan: Plan, equations: Equations, share: float, start: bool) -> list[Direction]:
    """Return the three parameters of the stages as directions."""
    ways = [IDS[:1], IDS[1:4], IDS[4:] if start else ()]
    shares = [1.0, share, 1.0]
    numbers = given(load("cell"), equations.given, plan.individuals)
    return [Direction(ids, numbers[[equations.given.index(id) for id in ids]] * by) for ids, by in zip(ways, shares, strict=True)]


@pytest.mark.parametrize("run", BOTH)
def test_a_course_in_two_stages_beside_differences_of_all_of_it(run: Run) -> None:
    step = 1e-3
    equations, first, second = cell_stages(np.ones((3, 1)))
    begun = run(equations, first, columns(first, equations, 1.0, True))
    second = replace(second, initial=begun.arrays.final)
    found = run(equations, second, columns(second, equations, 0.5, False), initial_slopes=begun.final)
    moved = 1.0 + step * np.kron(np.eye(3), [-1.0, 1.0])
    _, one, two = cell_stages(moved)
    middle = run_native(equations, replace(one, rtol=1e-11, atol=1e-14))
    end = run_native(equations, replace(two, initial=middle.final, rtol=1e-11, atol=1e-14))
    for slopes, values in ((begun.final, middle.final), (found.slopes, end.values), (found.final, end.final)):
        right = (values[..., 1::2] - values[..., ::2]) / (2.0 * step)
        size = np.abs(right) if right.ndim == 2 else np.max(np.abs(right), axis=1, keepdims=True)
        floor = 1e-6 * np.abs(values[..., ::2])
        assert np.all(np.abs(slopes[..., 0] - right) <= 1e-4 * size + floor)
    assert np.all(np.max(np.abs(found.slopes[:2, -1, :2, 0]), axis=1) > 1e-2 * found.arrays.values[:2, -1, 0])


def test_differences_on_the_same_steps_converge_to_sensitivities() -> None:
    equations, first, second = cell_stages(np.ones((3, 1)))
    begun = run_sensitivities(equations, first, columns(first, equations, 1.0, True))
    second = replace(second, initial=begun.arrays.final, rtol=1e-3)
    ways, tape = columns(second, equations, 0.5, False), blank()
    found = run_sensitivities(equations, second, ways, initial_slopes=begun.final)
    run_twin(equations, second, tape=tape)
    frozen, missed = Frozen(equations, second), []
    for step in (6.4e-2, 3.2e-2):
        given_rate = np.zeros((len(equations.given), len(ways)))
        for k, way in enumerate(ways):
            given_rate[[equations.given.index(id) for id in way.ids], k] = way.rates[:, 0]
        places = step * np.array([place for place, _ in STENCIL])
        moved = (second.given[:, :, None] + given_rate[:, :, None] * places).reshape(len(given_rate), -1)
        initial = (begun.arrays.final[:, :, None] + begun.final * places).reshape(len(begun.final), -1)
        values = frozen.run(tape[0], moved, initial)
        weights = np.array([weight for _, weight in STENCIL]) / step
        by_rows = values.reshape(*values.shape[:2], len(ways), len(STENCIL)) @ weights
        by_states = frozen.y.reshape(len(frozen.y), len(ways), len(STENCIL)) @ weights
        gaps = ((by_rows - found.slopes[..., 0], found.arrays.values), (by_states - found.final[..., 0], found.arrays.final))
        missed.append([np.max(np.abs(gap) / (np.max(np.abs(size)) + 1e-300)) for gap, size in gaps])
    whole, half = np.array(missed)
    assert np.all(whole < 1e-2)
    assert np.all((half < 1e-11) | (np.log2(whole / half) > 3.8)), missed


@pytest.mark.parametrize("run", BOTH)
def test_a_decay_in_two_stages_has_the_derivatives_of_its_solution(run: Run) -> None:
    equations = kernel(DECAY).equations
    plan = Plan(given(model(DECAY), equations.given), TIMES, ("S",), rtol=1e-10, atol=1e-13)
    begun = run(equations, plan, ("k", "S", "V"))
    assert np.allclose(begun.final[0, :, 0], 2.0 * np.exp(-1.4) * np.array([-6.0, 1.0, 1.5]), rtol=1e-8)  # an amount
    assert np.allclose(begun.slopes[0, -1, :, 0], np.exp(-1.4) * np.array([-6.0, 1.0, 0.0]), rtol=1e-8, atol=1e-11)
    assert begun.arrays.final[0, 0] == pytest.approx(6.0 * np.exp(-1.4), rel=1e-8)
    further = replace(plan, initial=begun.arrays.final, times=TIMES + 2.0, start_time=2.0)
    ways = ("k", NOTHING, "V")
    found = run(equations, further, ways, initial_slopes=begun.final)
    t = further.times
    right = np.exp(-0.7 * t)[:, None] * np.transpose([-3.0 * t, np.ones(3), np.zeros(3)])
    assert np.allclose(found.slopes[0, :, :, 0], right, rtol=1e-8, atol=1e-11)
    alone = run(equations, further, ways).slopes[0, :, :, 0]
    assert np.allclose(alone, np.exp(-0.7 * t)[:, None] * np.transpose([-3.0 * (t - 2.0), np.zeros(3), -1.5 * np.ones(3)]), rtol=1e-8)


@pytest.mark.parametrize("run", BOTH)
def test_slopes_of_nothing_are_no_slopes_to_the_last_bit(run: Run) -> None:
    equations, first, second = cell_stages(np.array([[1.0, 1.1]] * 3))
    second = replace(second, initial=run_native(equations, first).final, rtol=1e-2, atol=1e-6, times=np.arange(10.0, 17.0, 2.0))
    plain = run(equations, second, IDS[:3])
    for slopes in (np.zeros((len(equations.states), 3, 2)), np.zeros((len(equations.states), 3, 2), int)):
        zeros = run(equations, second, IDS[:3], initial_slopes=slopes)
        assert zeros.slopes.tobytes() == plain.slopes.tobytes()
        assert zeros.final.tobytes() == plain.final.tobytes()
    other = run(equations, second, IDS[:3], initial_slopes=np.ones((len(equations.states), 3, 2)))
    assert other.arrays.values.tobytes() == plain.arrays.values.tobytes()
    assert np.all(np.any(other.slopes != plain.slopes, axis=1))


@pytest.mark.parametrize("run", BOTH)
def test_a_direction_is_the_sum_of_its_values_and_its_rates_need_no_new_code(run: Run) -> None:
    equations, _, plan = cell_stages(np.array([[1.0, 1.1]] * 3))
    plan = replace(plan, rtol=1e-2, atol=1e-6, times=np.arange(10.0, 17.0, 2.0))
    single = run(equations, plan, IDS)
    codes = []
    for rates in (np.array([[1.0, 2.0], [-0.5, 0.0], [3.0, 0.1]]), np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])):
        found = run(equations, plan, (Direction(IDS[:3], rates), "g1"))
        right = np.sum(single.slopes[:, :, :3] * rates, axis=2)
        terms = np.max(np.abs(single.slopes[:, :, :3] * rates), axis=(1, 2))[:, None]
        assert np.all(np.abs(found.slopes[:, :, 0] - right) <= 1e-11 * terms)
        other = single.slopes[:, :, 4]
        assert np.all(np.abs(found.slopes[:, :, 1] - other) <= 1e-11 * np.max(np.abs(other), axis=1, keepdims=True))
        assert np.allclose(found.final[:, 0], np.sum(single.final[:, :3] * rates, axis=1), rtol=1e-9, atol=1e-14)
        codes.append(compiled_tangent(equations, plan.outputs, "rodas5p", (IDS[:3], "g1"))[0])
    assert codes[0] is codes[1]


@pytest.mark.parametrize("run", BOTH)
def test_a_reset_brings_back_the_start_that_is_given_and_not_the_initial_state(run: Run) -> None:
    equations = kernel(DECAY).equations
    reset = replace(schedule([(1.0, "add", "S", 1.0)]), kinds=np.array([2], np.int8))
    initial, slopes = np.array([[8.0]]), np.array([[[5.0], [7.0]]])
    plan = Plan(given(model(DECAY), equations.given), TIMES, ("S",), initial=initial, schedule=reset, rtol=1e-9, atol=1e-13)
    found = run(equations, plan, ("S", NOTHING), initial_slopes=slopes).slopes[0, :, :, 0]
    assert np.allclose(found, [[2.5, 3.5], [1.0, 0.0], [np.exp(-0.7), 0.0]], rtol=1e-8, atol=1e-12)


def test_the_final_slopes_hold_at_the_time_as_it_is_where_a_switch_meets_the_end() -> None:
    text = "x = 0; d = 1.5; x' = piecewise(3, time < d, 1)"
    equations = kernel(text).equations
    plan = Plan(given(model(text), equations.given), np.array([0.5, 1.5]), ("x",), rtol=1e-8)
    found = run_sensitivities(equations, plan, ("d", "x"))
    assert found.final[0, :, 0].tolist() == pytest.approx([2.0, 1.0], rel=1e-9)


@pytest.mark.parametrize("run", BOTH)
def test_what_does_not_fit_is_refused_by_name(run: Run) -> None:
    equations = kernel(DECAY).equations
    plan = Plan(given(model(DECAY), equations.given, 2), TIMES, ("S",))
    started, slopes = replace(plan, initial=np.ones((1, 2))), np.zeros((1, 1, 2))
    with pytest.raises(InputError, match="need a plan that gives the initial state"):
        run(equations, plan, ("k",), initial_slopes=slopes)
    for wrong in (slopes[:, 0], np.zeros((1, 2, 2)), np.zeros((1, 1, 1))):
        with pytest.raises(InputError, match=r"initial state have the shape.*\(1, 1, 2\)"):
            run(equations, started, ("k",), initial_slopes=wrong)
    for number in (np.nan, np.inf):
        with pytest.raises(InputError, match="initial state are not all finite"):
            run(equations, started, ("k",), initial_slopes=slopes + number)
    with pytest.raises(InputError, match="no sensitivity to nope"):
        run(equations, plan, ("k", Direction(("u", "nope"), np.ones((2, 2)))))
    with pytest.raises(InputError, match=r"rates of a direction have the shape \(2, 1\).*\(2, 2\)"):
        run(equations, plan, (Direction(("k", "u"), np.ones((2, 1))),))
    with pytest.raises(InputError, match="rates of a direction are not all finite"):
        run(equations, plan, (Direction(("k",), np.array([[1.0, np.nan]])),))
    with pytest.raises(InputError, match="names k twice"):
        run(equations, plan, (Direction(("k", "u", "k"), np.ones((3, 2))),))
