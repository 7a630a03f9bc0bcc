"""Sensitivities of the compiled engine are those of the twin, and cost it no bit of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from little_models import Stop, given, kernel, model, schedule
from serdsim.codegen.equations import Equations, derive
from serdsim.codegen.infusion import infusion_into, with_infusions
from serdsim.engine.directions import Column, Direction
from serdsim.engine.native import run_native
from serdsim.engine.native_sensitivity import run_native_sensitivities
from serdsim.engine.plan import KINDS, Plan, Schedule
from serdsim.engine.sensitivity import Sensitivities, run_sensitivities
from serdsim.errors import InputError, ModelError
from serdsim.model.library import load

_SAME = 1e-10
ROBERTSON = "A = 1; B = 0; C = 0; k1 = 0.04; k2 = 1e4; k3 = 3e7; A' = -k1*A + k2*B*C; B' = k1*A - k2*B*C - k3*B^2; C' = k3*B^2"
FORCED = "x = 1; v = 0; k = 1; w = 3; x' = v; v' = k*(1 - x^2)*v - x + 0.1*sin(w*time)"
POWERS = "x = 1; y = 0.1; n = 2.3; k = 1; x' = -k*x^n; y' = x^n - y^1.5*0.3; s := k*x + y^2"
STARTS = "a = 2; b = a^2; x = b/3; k := b*0.1; x' = -k*x; species S; S = 3*x + a; S -> ; k*S"
SWITCH = "x = 0.1; k = 1; d = 2; b = 0.1; x' = piecewise(k, time < d, b) - 0.05*x^2"


def plan_of(text: str, times: Sequence[float], outputs: str, stops: Sequence[Stop] = (), count: int = 1, **options: object) -> Plan:
    """Return a plan; options are values of the text (one or `count`), or fields of the plan."""
    equations = kernel(text).equations
    values = given(model(text), equations.given, count)
    for id in [id for id in options if id in equations.given]:
        values[equations.given.index(id)] = options.pop(id)
    fields = {"rtol": 1e-6, "atol": 1e-10, "schedule": schedule(stops, count)} | options
    return Plan(values, np.asarray(times, float), tuple(outputs.split()), **fields)  # type: ignore[arg-type]


def check(
    equations: Equations, plan: Plan, parameters: Sequence[Column], method: str = "rodas5p", first: np.ndarray | None = None
) -> Sensitivities:
    """Compare with the twin, and the numbers with those of a run without sensitivities."""
    fast = run_native_sensitivities(equations, plan, parameters, initial_slopes=first, method=method)
    twin = run_sensitivities(equations, plan, parameters, initial_slopes=first, method=method)
    plain = run_native(equations, plan, method=method)
    for name in ("values", "final", "steps", "refused", "evaluations"):
        assert np.array_equal(getattr(fast.arrays, name), getattr(plain, name), equal_nan=True), name
    assert fast.arrays.status.tolist() == plain.status.tolist() == twin.arrays.status.tolist()
    assert fast.arrays.steps.tolist() == twin.arrays.steps.tolist()  # type: ignore[union-attr]
    assert np.array_equal(np.isnan(fast.slopes), np.isnan(twin.slopes))
    size = np.max(np.nan_to_num(np.abs(twin.slopes)), axis=1, keepdims=True)
    assert np.all(~(np.abs(fast.slopes - twin.slopes) > _SAME * size + 1e-300))
    assert np.array_equal(np.isnan(fast.final), np.isnan(twin.final))
    size = np.max(np.nan_to_num(np.abs(twin.final)), axis=0, keepdims=True, initial=0.0)
    assert np.all(~(np.abs(fast.final - twin.final) > _SAME * size + 1e-300))
    return fast


@pytest.mark.parametrize("method", ["rodas5p", "rodas4p", "ros2"])
def test_stiff_kinetics(method: str) -> None:
    plan = plan_of(ROBERTSON, (0.0, 0.01, 1.0, 40.0), "A B C", count=3, k1=[0.01, 0.04, 0.4], rtol=1e-4)
    found = check(kernel(ROBERTSON).equations, plan, ("k1", "k2", "k3", "A"), method)
    assert np.all(np.any(found.slopes[:, -1] != 0.0, axis=0))


@pytest.mark.parametrize("method", ["rodas5p", "tsit5"])
def test_a_force_of_time(method: str) -> None:
    plan = plan_of(FORCED, np.linspace(0.0, 9.0, 31).tolist(), "x v", count=3, k=[0.2, 1.0, 2.0], rtol=1e-4)
    check(kernel(FORCED).equations, plan, ("w", "k", "v", "x"), method)


def test_powers_starts_that_depend_and_a_model_without_states() -> None:
    check(kernel(POWERS).equations, plan_of(POWERS, (0.0, 1.0, 5.0), "x y s k", count=3, k=[0.1, 1.0, 9.0]), ("x", "n", "k"))
    check(kernel(STARTS).equations, plan_of(STARTS, (0.0, 1.0, 5.0), "x S"), ("a",))
    text = "k = 3; y := k*time"
    assert check(kernel(text).equations, plan_of(text, (0.0, 2.0), "y"), ("k",)).slopes[0, :, 0, 0].tolist() == [0.0, 2.0]


def test_a_switch_of_time_that_no_parameter_moves() -> None:
    check(kernel(SWITCH).equations, plan_of(SWITCH, np.linspace(0.0, 6.0, 14).tolist(), "x", ((1.0, "add", "x", 1.0),)), ("x", "k", "b"))


def test_an_infusion_and_the_cell_model() -> None:
    text = "species x; x = 0; k = 0.5; x -> ; k*x"
    equations = with_infusions(derive(model(text)), ["x"])
    rate = infusion_into("x")
    values = np.array([[3.0 if id == rate else 0.5 if id == "k" else 0.0 if id == "x" else 1.0] for id in equations.given])
    off = schedule([(2.0, "set", rate, 0.0)])
    check(equations, Plan(values, np.linspace(0.0, 6.0, 13), ("x",), schedule=off, rtol=1e-7), (rate, "k", "x"))
    cell = load("cell")
    equations = derive(cell)
    doses = schedule([(0.0, "add", "E2_medium", 0.05), (2.0, "add", "drug_medium", 100.0), (4.0, "set", "drug_medium", 0.0)], 2)
    values = given(cell, equations.given, 2) * np.exp(0.2 * np.random.default_rng(4).standard_normal((len(equations.given), 2)))
    plan = Plan(values, np.arange(0.0, 7.0, 1.5), ("er_total", "PR", "g1"), schedule=doses, rtol=1e-5, atol=1e-9)
    check(equations, plan, ("k_syn_er", "k_deg_nuc_E2", "Kd_E2", "kappa", "g1"))


def test_every_kind_of_item_and_rows_between_them() -> None:
    items = [
        (0.0, "add", "x", 1.0), (0.5, "see", 1, 0.0), (0.5, "set", "k", 2.0), (0.5, "see", 2, 0.0), (0.5 + 1e-13, "add", "v", 1.0),
        (1.0, "set", "v", 0.5), (2.0, "reset", "", 0.0), (3.0, "add", "x", 1.0), (9.0, "add", "x", 5.0),
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
    placed = np.zeros((7, 2), bool)
    placed[1:3, 0] = True
    plan = replace(plan_of(FORCED, (0.0, 0.5, 0.5, 0.5, 1.0, 1.7, 3.5), "x v k", count=2, rtol=1e-4), schedule=people, placed=placed)
    found = check(kernel(FORCED).equations, plan, ("k", "x", "v"))
    assert found.slopes[2, :, 0, 0].tolist() == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert found.slopes[1, 4, :, 0].tolist() == [0.0, 0.0, 0.0]


def test_a_start_that_is_given_and_a_late_start() -> None:
    initial = np.array([[2.0, -1.0], [0.5, 0.0]])
    plan = plan_of(FORCED, (-3.0, 0.0, 2.0), "x", count=2, initial=initial, start_time=-3.0, rtol=1e-4)
    found = check(kernel(FORCED).equations, plan, ("x", "k"))
    assert np.all(found.slopes[0, :, 0] == 0.0)
    assert np.all(found.slopes[0, 1:, 1] != 0.0)


def test_slopes_of_the_start_and_directions_of_many_individuals() -> None:
    n = 19
    some = np.random.default_rng(7)
    initial = np.array([[2.0], [0.5]]) + some.uniform(-1.0, 1.0, (2, n))
    ways = [Direction(ids, some.standard_normal((len(ids), n))) for ids in (("k", "w"), (), ("w", "v"))]
    first = some.standard_normal((2, 4, n))
    stops: Sequence[Stop] = ((1.0, "set", "w", 2.0), (1.5, "add", "x", 1.0))
    plan = plan_of(FORCED, (0.0, 0.7, 2.0), "x v", stops, count=n, initial=initial)
    equations = kernel(FORCED).equations
    together = check(equations, plan, ("k", *ways), first=first)
    assert np.array_equal(together.slopes[:, 0], first)
    assert np.array_equal(together.slopes[:, -1], together.final)
    assert np.all(together.slopes[:, -1] != 0.0)
    for i in range(n):
        one = slice(i, i + 1)
        columns = ("k", *(Direction(way.ids, way.rates[:, one]) for way in ways))
        alone = run_native_sensitivities(equations, plan.chunk(one), columns, initial_slopes=first[..., one])
        assert np.array_equal(alone.slopes[..., 0], together.slopes[..., i])
        assert np.array_equal(alone.final[..., 0], together.final[..., i])


def test_no_bit_depends_on_lane_or_neighbours_and_failures_have_no_numbers() -> None:
    text = "x = 0; k = 1; w = 2; x' = w*ln(k - x)"
    n = 19
    most = np.where(np.arange(n) % 4 == 0, 3.0, 20.0 + np.arange(n))
    times = np.linspace(0.2, 5.0, 6)[:, None] * np.linspace(0.5, 1.0, n)
    stops: Sequence[Stop] = ((1.0, "set", "w", 1.5), (2.0, "add", "x", 5.0))
    plan = plan_of(text, times, "x", stops, count=n, k=most)  # type: ignore[arg-type]
    equations = kernel(text).equations
    together = check(equations, plan, ("k", "w", "x"))
    well = together.arrays.status == "ok"
    assert 0 < np.sum(well) < n
    assert np.array_equal(np.all(np.isnan(together.slopes), axis=(0, 1, 2)), ~well)
    assert np.array_equal(np.all(np.isnan(together.final), axis=(0, 1)), ~well)
    for i in range(n):
        alone = run_native_sensitivities(equations, plan.chunk(slice(i, i + 1)), ("k", "w", "x"))
        assert np.array_equal(alone.slopes[..., 0], together.slopes[..., i], equal_nan=True)


@pytest.mark.parametrize(
    "text,parameter,words",
    [
        (SWITCH, "d", "comparison of time with d"),
        ("x = 1; k = 1; x' = piecewise(-k, x > 0.5, 1)", "k", "x > 0.5"),
        ("x = 0; x' = 1; at (x > 1): x = 0", "x", "events"),
    ],
)
def test_what_is_not_followed_is_refused_by_name(text: str, parameter: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        run_native_sensitivities(kernel(text).equations, plan_of(text, (0.0, 3.0), "x"), (parameter,))


def test_a_concentration_in_a_size_that_moves_and_unknown_parameters_are_refused_by_name() -> None:
    text = "compartment V = 2; species S in V; S = 1; k = 1; S -> ; k*S*V"
    equations, stops = kernel(text).equations, ((1.0, "set", "S", 4.0),)
    check(equations, plan_of(text, (0.0, 1.0, 3.0), "S", stops), ("k", "S"))
    with pytest.raises(ModelError, match="size of the compartment"):
        run_native_sensitivities(equations, plan_of(text, (0.0, 3.0), "S", stops), ("V",))
    with pytest.raises(InputError, match="nope"):
        run_native_sensitivities(equations, plan_of(text, (0.0, 3.0), "S"), ("nope",))
