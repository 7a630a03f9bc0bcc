"""The same bits on the compiled engine for any chunk, order, thread, neighbour and output grid."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_models import kernel
from native_cases import native, plan_of, same_bits, taken
from serdsim.codegen.equations import derive
from serdsim.engine.engines import NATIVE
from serdsim.engine.ensemble import run_ensemble
from serdsim.engine.native import run_native
from serdsim.engine.plan import Arrays, Plan, Schedule, join
from serdsim.model.antimony import Source
from serdsim.model.sbml import read_antimony

COUNT = 43
SIZED = (
    "compartment V = 1; V' = 0.5*V*(3 - V); species S in V; S = 2; J: S -> ; k*S*S*V/(m + S); k = 1; m = 0.5; y = 0;"
    "y' = k*S - y*piecewise(1, time < 4*k, 0.5) + 0.1*sin(time)"
)
CUT = "x = 1; k = 1; y = 0; x' = 1 - k*x*piecewise(0.1, x > 0.7, 0.4); y' = piecewise(x, y < 0.5, 0.3)*exp(-y)"
STIFF = "x = 2; k = 1; y = 0; x' = y; y' = 30*k*(1 - x^2)*y - x"
TIMES = np.linspace(0.0, 12.0, 25)
OUTPUTS = {SIZED: ("S", "V", "y"), CUT: ("x", "y"), STIFF: ("x", "y")}
KINDS = (SIZED, CUT, STIFF)


@cache
def whole(text: str, method: str = "rodas5p") -> tuple[Plan, Arrays]:
    """Return a plan of individuals that differ in everything, and its result in one call."""
    rng = np.random.default_rng(11)
    target = "S" if text == SIZED else "x"
    times = np.sort(rng.uniform(0.0, 11.0, 60))
    values = np.full((60, COUNT), np.nan)
    values[np.arange(60), rng.integers(0, COUNT, 60)] = rng.uniform(0.1, 2.0, 60)
    doses = Schedule.shared(tuple(times), ("add",) * 60, (target,) * 60, values)
    drawn = {"k": rng.lognormal(0.0, 0.8, COUNT), target: rng.lognormal(0.0, 0.5, COUNT)}
    plan = plan_of(text, TIMES, OUTPUTS[text], doses, drawn, COUNT, rtol=1e-5, atol=1e-3)
    arrays = native(text, plan, method)
    assert set(arrays.status) == {"ok"}
    return plan, arrays


def chosen(plan: Plan, individuals: list[int]) -> Plan:
    """Return the plan of some individuals, in that order."""
    parts = [plan.chunk(slice(i, i + 1)) for i in individuals]
    stops = [part.stops for part in parts]
    items = ("times", "kinds", "targets", "values")
    schedule = Schedule(
        stops[0].names,
        np.concatenate([[0], np.cumsum([len(stop.times) for stop in stops])]).astype(np.int64),
        *(np.concatenate([getattr(stop, name) for stop in stops]) for name in items),
    )
    return replace(plan, given=np.concatenate([part.given for part in parts], axis=1), schedule=schedule)


@pytest.mark.parametrize("text", KINDS)
@pytest.mark.parametrize("size", [1, 3, 8, 17])
def test_the_size_of_a_call_changes_no_bit(text: str, size: int) -> None:
    plan, right = whole(text)
    parts = [native(text, plan.chunk(slice(at, at + size))) for at in range(0, COUNT, size)]
    same = same_bits(replace(join(parts), steps=_each(parts, "steps"), refused=_each(parts, "refused")), right)
    assert same


def test_more_lanes_than_individuals_change_no_bit() -> None:
    plan, right = whole(CUT)
    assert same_bits(native(CUT, plan.chunk(slice(0, 64))), right)


def _each(parts: list[Arrays], name: str) -> np.ndarray:
    return np.concatenate([getattr(part, name) for part in parts])


@pytest.mark.parametrize("text", KINDS)
@settings(max_examples=6, deadline=None)
@given(order=st.permutations(range(COUNT)), count=st.integers(1, COUNT))
def test_order_and_choice_change_no_bit(text: str, order: list[int], count: int) -> None:
    plan, right = whole(text)
    same = same_bits(native(text, chosen(plan, order[:count])), taken(right, order[:count]))
    assert same


@pytest.mark.parametrize("method", ["rodas4p", "ros2", "tsit5"])
def test_other_methods_keep_their_bits(method: str) -> None:
    plan, right = whole(CUT, method)
    order = list(range(COUNT - 1, -1, -2))
    assert same_bits(native(CUT, chosen(plan, order), method), taken(right, order))


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("chunk", [5, 16])
def test_threads_change_no_bit(workers: int, chunk: int) -> None:
    plan, right = whole(CUT)
    found = run_ensemble(kernel(CUT).equations, plan, workers=workers, engine=replace(NATIVE, chunk=chunk))
    assert np.array_equal(found.values, right.values)
    assert np.array_equal(found.final, right.final)


def test_kernels_side_by_side_change_no_bit() -> None:
    """Two threads, each with another model and its own batches."""
    jobs: list[Callable[[], Arrays]] = [lambda text=text: native(text, whole(text)[0]) for text in (CUT, STIFF) * 6]  # type: ignore[misc]
    right = [whole(text)[1] for text in (CUT, STIFF)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda job: job(), jobs))
    assert all(same_bits(arrays, right[i % 2]) for i, arrays in enumerate(found))


FAILING = "x = 1; k = 1; m = 0; f = 0; y = 0; x' = 0.5 - k*x + m*x^2 + f*1e3*sin(1e9*x*time); y' = x - y"


def neighbours() -> tuple[Plan, list[int], list[int]]:
    """Return a plan in which every third individual fails in its own way, who is well, and who is not."""
    rng = np.random.default_rng(2)
    k, m, f, x = rng.uniform(0.5, 2.0, 40), np.zeros(40), np.zeros(40), np.ones(40)
    ill = list(range(1, 40, 3))
    for n, i in enumerate(ill):
        if n % 4 == 0:
            k[i] = np.nan
        elif n % 4 == 1:
            m[i] = 5.0
        elif n % 4 == 2:
            f[i] = 1.0
        else:
            x[i] = np.inf
    values = {"k": k, "m": m, "f": f, "x": x}
    plan = plan_of(FAILING, TIMES, ("x", "y"), values=values, individuals=40, rtol=1e-6, max_evaluations=4000)
    return plan, [i for i in range(40) if i not in ill], ill


def test_a_failing_neighbour_changes_no_bit() -> None:
    plan, well, ill = neighbours()
    arrays = native(FAILING, plan)
    assert set(arrays.status[well]) == {"ok"}
    assert {"step_limit", "not_finite"} <= set(arrays.status[ill])
    assert "ok" not in arrays.status[ill]
    assert all((message == "") == (i in well) for i, message in enumerate(arrays.message))
    assert np.all(np.isnan(arrays.values[:, :, ill]))
    assert same_bits(native(FAILING, chosen(plan, well)), taken(arrays, well))


GRIDS = st.lists(st.floats(0.0, 12.0, allow_subnormal=False), max_size=30).map(lambda inner: sorted([*inner, 12.0]))


@pytest.mark.parametrize("text", KINDS)
@settings(max_examples=12, deadline=None)
@given(grid=GRIDS, shared=st.lists(st.sampled_from(TIMES.tolist()), max_size=8))
def test_an_output_grid_changes_no_bit_elsewhere(text: str, grid: list[float], shared: list[float]) -> None:
    plan, right = whole(text)
    times = sorted([*grid, *shared, *shared[:2]])
    arrays = native(text, replace(plan, times=np.array(times)).chunk(slice(0, 11)))
    assert right.steps is not None
    assert np.array_equal(arrays.steps, right.steps[:11])  # type: ignore[arg-type]
    assert np.array_equal(arrays.final, right.final[:, :11])
    for row, time in enumerate(times):
        if time in TIMES:
            assert np.array_equal(arrays.values[:, row], right.values[:, int(np.nonzero(time == TIMES)[0][0]), :11]), time


def test_an_own_grid_per_individual_changes_no_bit() -> None:
    plan, right = whole(CUT)
    table = np.repeat(TIMES[:, None], COUNT, axis=1)
    table[-5:-1, ::2] = TIMES[-1]
    arrays = native(CUT, replace(plan, times=table))
    assert np.array_equal(arrays.values[:, :-5], right.values[:, :-5])
    assert np.array_equal(arrays.values[:, -5:, 1::2], right.values[:, -5:, 1::2])
    assert np.array_equal(arrays.values[:, -5:, ::2], np.repeat(right.values[:, -1:, ::2], 5, axis=1))


def test_outputs_at_a_stop_are_seen_after_it_and_doubles_are_equal() -> None:
    text = "x = 1; c = 2; x' = -0.1*c*x"
    stops = ((0.0, "add", "x", 1.0), (3.0, "add", "x", 5.0), (3.0, "set", "c", 0.0), (12.0, "set", "x", 7.0))
    plan = plan_of(text, (0.0, 0.0, 1.0, 3.0, 3.0, 3.0, 5.0, 12.0, 12.0), ("x", "c"), stops, rtol=1e-9)
    x, c = native(text, plan).values[:, :, 0]
    before = 2.0 * np.exp(-0.6)
    assert np.allclose(x, [2.0, 2.0, 2.0 * np.exp(-0.2), before + 5.0, before + 5.0, before + 5.0, before + 5.0, 7.0, 7.0], rtol=1e-7)
    assert c.tolist() == [2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_models_with_the_same_ids_are_told_apart() -> None:
    texts = ["x = 1; k = 1; x' = -k*x", "x = 1; k = 1; x' = -2*k*x", "x = 1; k = 1; x' = k*x"]
    equations = [derive(read_antimony(Source(text, (), "little.ant"))) for text in texts]
    ends = []
    for one in [*equations, *equations]:
        ends.append(run_native(one, Plan(np.ones((2, 1)), (1.0,), ("x",), rtol=1e-10)).values[0, 0, 0])
    assert np.allclose(ends, np.exp([-1.0, -2.0, 1.0] * 2), rtol=1e-8)
    assert ends[:3] == ends[3:]
