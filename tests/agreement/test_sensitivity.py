"""Sensitivities are the derivatives of the twin's numbers: differences of the fourth order meet them with the fourth power of the step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from frozen_twin import Frozen, differences
from little_models import Stop, given, kernel, model, schedule
from serdsim.codegen.equations import Equations, derive
from serdsim.codegen.infusion import infusion_into, with_infusions
from serdsim.engine.native import run_native
from serdsim.engine.plan import Plan
from serdsim.engine.sensitivity import run_sensitivities
from serdsim.engine.tape import blank
from serdsim.engine.twin import run_twin
from serdsim.errors import InputError, ModelError
from serdsim.model.library import load

_ROUNDING = 3e-10  # of the largest derivative: below it differences say nothing
_NOTHING = 1e-5  # of what the output would change if it changed as the parameter does: a derivative that counts as none


@dataclass(frozen=True)
class Case:
    """A model with what is asked of it; each parameter is moved by up to `share` of itself, or of `least`."""

    text: str
    times: tuple[float, ...]
    outputs: str
    parameters: str
    stops: tuple[Stop, ...] = ()
    share: float = 8e-3
    least: float = 0.1


FORCED = "x = 1; v = 0; k = 1; w = 3; x' = v; v' = k*(1 - x^2)*v - x + 0.1*sin(w*time)"
PIECES = (
    "x = 0; y = 1; k = 1; lim = 0.5; x' = piecewise(k, x < lim && time < 2.3, 0.1) - 0.05*x; "
    "y' = piecewise(-y, time - 1 < k, x*(2 - y))"
)  # fmt: skip
DENSE = tuple(np.linspace(0.0, 6.0, 14).tolist())
CASES = {
    "Robertson's kinetics": Case(
        "A = 1; B = 0; C = 0; k1 = 0.04; k2 = 1e4; k3 = 3e7; A' = -k1*A + k2*B*C; B' = k1*A - k2*B*C - k3*B^2; C' = k3*B^2",
        (0.01, 1.0, 40.0), "A B C", "k1 k2 k3 A", least=1e-3,
    ),
    "a force of time": Case(FORCED, DENSE, "x v", "x v k w", share=4e-3),
    "powers": Case("x = 1; y = 0.1; n = 2.3; k = 1; x' = -k*x^n; y' = x^n - y^1.5*0.3", (0.0, 1.0, 5.0), "x y", "x n k"),
    "a switch of time": Case(
        "x = 0.1; k = 1; b = 0.1; x' = piecewise(k*x, time < 2.3*k, b) - 0.05*x^2", DENSE, "x", "x k b", ((1.0, "add", "x", 1.0),)
    ),
    "changes of comparisons": Case(PIECES, DENSE, "x y", "x k lim", ((4.0, "add", "x", 1.0),)),
    "a pulse every two hours": Case("x = 1; k = 1; x' = piecewise(k, time - 2*floor(time/2) < 0.7, 0) - 0.4*x^2", DENSE, "x", "x k"),
    "a size that grows, and items of the schedule": Case(
        "compartment V = 1; g = 0.9; V' = g*V; species S in V; S = 1; k = 1; S' = -k*S^2", (0.0, 0.5, 1.0, 2.0, 3.0, 3.5), "S V", "V g S k",
        ((1.0, "set", "S", 5.0), (1.5, "set", "k", 0.3), (1.7, "add", "S", 0.3)), share=2e-3,
    ),
    "starts that depend": Case("a = 2; b = a^2; x = b/3; k := b*0.1; x' = -k*x; species S; S = 3*x + a; S -> ; k*S", DENSE, "x S", "a"),
}  # fmt: skip


def plan_of(case: Case, **options: object) -> tuple[Equations, Plan]:
    equations = kernel(case.text).equations
    numbers = given(model(case.text), equations.given)
    fields = {"rtol": 1e-6, "atol": 1e-10, "schedule": schedule(case.stops)} | options
    return equations, Plan(numbers, np.array(case.times), tuple(case.outputs.split()), **fields)  # type: ignore[arg-type]


def errors(equations: Equations, plan: Plan, steps: dict[str, float], method: str = "rodas5p") -> np.ndarray:
    """Return for each parameter the errors of differences with whole and half steps, relative to its largest derivative."""
    both = run_sensitivities(equations, plan, tuple(steps), method=method)
    found, tape = both.slopes[..., 0], blank()
    run_twin(equations, plan, method=method, tape=tape)
    frozen = Frozen(equations, plan, method)
    halves = {id: 0.5 * step for id, step in steps.items()}
    size = np.max(np.abs(found), axis=1, keepdims=True)
    least = np.max(np.abs(both.arrays.values), axis=1, keepdims=True) / np.array([*steps.values()])
    size = np.maximum(size, _NOTHING * least) + 1e-300
    missed = [np.abs(differences(frozen, tape[0], plan.given, one) - found) / size for one in (steps, halves)]
    assert np.all(np.isfinite(missed))
    return np.array([np.max(one, axis=(0, 1)) for one in missed])


def check_order(missed: np.ndarray) -> None:
    whole, half = missed
    assert np.all(whole < 1e-2)
    assert np.all((half < _ROUNDING) | (np.log2(whole / half) > 3.9)), (missed, np.log2(whole / half))


@pytest.mark.parametrize("name", CASES)
def test_differences_on_the_same_steps_converge_to_sensitivities(name: str) -> None:
    case = CASES[name]
    equations, plan = plan_of(case)
    steps = {id: case.share * max(abs(plan.given[equations.given.index(id), 0]), case.least) for id in case.parameters.split()}
    missed = errors(equations, plan, steps)
    check_order(missed)
    if name == "a force of time":
        assert missed[0].max() > 100 * _ROUNDING  # so that there is an order to be seen


@pytest.mark.parametrize("method", ["rodas4p", "ros2", "tsit5"])
def test_every_method_has_its_tangent(method: str) -> None:
    equations, plan = plan_of(CASES["a force of time"], rtol=1e-3)
    check_order(errors(equations, plan, dict.fromkeys(("x", "v", "k", "w"), 4e-3), method))


CELL = ("k_syn_er", "k_deg_nuc_E2", "Kd_E2", "kappa", "g1")


def cell_plan(rtol: float, atol: float = 1e-9) -> tuple[Equations, Plan]:
    """Return the cell model with oestradiol poured, two doses and a change of medium."""
    cell = load("cell")
    equations = derive(cell)
    stops = (
        (0.0, "add", "E2_medium", 0.05), (6.0, "add", "drug_medium", 100.0), (12.0, "set", "drug_medium", 2.0),
        (12.0, "set", "E2_medium", 0.02), (18.0, "add", "drug_medium", 30.0),
    )  # fmt: skip
    outputs = ("er_total", "PR", "g1")
    return equations, Plan(given(cell, equations.given), np.arange(0.0, 25.0, 2.0), outputs, schedule=schedule(stops), rtol=rtol, atol=atol)


def test_the_cell_model_with_doses_and_changes_of_medium() -> None:
    equations, plan = cell_plan(rtol=1e-3)
    check_order(errors(equations, plan, {id: 6.4e-2 * plan.given[equations.given.index(id), 0] for id in CELL}))


def test_the_cell_model_beside_differences_of_the_compiled_engine() -> None:
    equations, plan = cell_plan(rtol=1e-5)
    found = run_sensitivities(equations, plan, CELL).slopes[..., 0]
    moved = np.repeat(plan.given, 2 * len(CELL), axis=1)
    steps = np.array([1e-3 * plan.given[equations.given.index(id), 0] for id in CELL])
    for i, id in enumerate(CELL):
        moved[equations.given.index(id), [2 * i, 2 * i + 1]] += [-steps[i], steps[i]]
    items = [(time, kind, plan.stops.names[target], value) for time, kind, target, value in plan.stops.of(0)]
    tight = replace(plan, given=moved, schedule=schedule(items, moved.shape[1]), rtol=1e-10, atol=1e-13)
    values = run_native(equations, tight).values
    right = (values[:, :, 1::2] - values[:, :, ::2]) / (2.0 * steps)
    size = np.max(np.abs(right), axis=1, keepdims=True)
    least = _NOTHING * np.max(np.abs(values[:, :, :1]), axis=1, keepdims=True) / (1e3 * steps)
    assert np.all(size[2] > 10.0 * least[2])
    assert np.all(np.abs(found - right) <= 1e-4 * np.maximum(size, least))


def test_a_decay_has_the_derivatives_of_its_solution() -> None:
    text = "x = 2; k = 0.7; x' = -k*x"
    equations = kernel(text).equations
    t = np.linspace(0.0, 5.0, 11)
    values = np.repeat(given(model(text), equations.given), 2, axis=1)
    values[equations.given.index("k"), 1] = 0.2
    found = run_sensitivities(equations, Plan(values, t, ("x",), rtol=1e-9, atol=1e-13), ("k", "x")).slopes
    for i, k in enumerate((0.7, 0.2)):
        assert np.allclose(found[0, :, 0, i], -2.0 * t * np.exp(-k * t), rtol=1e-8, atol=1e-9)
        assert np.allclose(found[0, :, 1, i], np.exp(-k * t), rtol=1e-8, atol=1e-9)


def test_an_infusion_has_the_derivatives_of_its_solution() -> None:
    text = "species x; x = 0; k = 0.5; x -> ; k*x"
    equations = with_infusions(derive(model(text)), ["x"])
    rate = infusion_into("x")
    values = np.array([[3.0 if id == rate else 0.5 if id == "k" else 0.0 if id == "x" else 1.0] for id in equations.given])
    t = np.linspace(0.0, 6.0, 13)
    off = schedule([(2.0, "set", rate, 0.0)])
    found = run_sensitivities(equations, Plan(values, t, ("x",), schedule=off, rtol=1e-9, atol=1e-13), (rate, "k", "x")).slopes[0, :, :, 0]
    on, k = np.minimum(t, 2.0), 0.5
    by_rate = (np.exp(-k * (t - on)) - np.exp(-k * t)) / k
    by_k = 3.0 / k * (t * np.exp(-k * t) - (t - on) * np.exp(-k * (t - on))) - 3.0 * by_rate / k
    assert np.allclose(found, np.transpose([by_rate, by_k, np.exp(-k * t)]), rtol=1e-8, atol=1e-9)


def test_the_time_of_a_change_moves_with_parameters() -> None:
    text = "x = 2; k = 0.7; lim = 0.5; y = 0; z = 0; d = 1.5; x' = -k*x; y' = piecewise(1, x > lim, 0); z' = piecewise(3, time < d, 0) - z"
    equations = kernel(text).equations
    t = np.array([0.5, 1.5, 1.75, 2.5, 4.0])
    doses = schedule([(1.5, "add", "y", 1.0), (2.5, "add", "z", 1.0)])
    plan = Plan(given(model(text), equations.given), t, ("y", "z"), schedule=doses, rtol=1e-9, atol=1e-13)
    y, z = run_sensitivities(equations, plan, ("x", "k", "lim", "d")).slopes[..., 0]
    turned = (t > np.log(4.0) / 0.7)[:, None]
    assert np.allclose(y, turned * [1.0 / 1.4, -np.log(4.0) / 0.49, -2.0 / 0.7, 0.0], rtol=1e-7, atol=1e-9)
    assert np.allclose(z[:, 3], np.where(t >= 1.5, 3.0 * np.exp(1.5 - t), 0.0), rtol=1e-7, atol=1e-9)
    assert np.allclose(z[:, :3], 0.0, atol=1e-6)  # the steps move, and their errors with them


def test_what_is_set_or_overwritten_loses_its_derivative() -> None:
    text = "x = 2; k = 0.7; x' = -k*x"
    equations = kernel(text).equations
    numbers = given(model(text), equations.given)
    items = ((1.0, "set", "x", 3.0), (2.0, "set", "k", 0.1), (3.0, "add", "x", 1.0))
    plan = Plan(numbers, np.array([0.5, 1.0, 2.0, 3.0, 4.0]), ("x", "k"), schedule=schedule(items), rtol=1e-9, atol=1e-13)
    x, k = run_sensitivities(equations, plan, ("x", "k")).slopes[..., 0]
    assert x[0, 0] == pytest.approx(np.exp(-0.35), rel=1e-8)
    assert np.all(x[1:, 0] == 0.0)
    assert np.allclose(x[1:, 1], [0.0, *(-3.0 * np.exp(-0.7 - 0.1 * late) for late in (0.0, 1.0, 2.0))], rtol=1e-8)
    assert k[:, 1].tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]
    started = replace(plan, initial=np.array([[5.0]]), schedule=schedule(()))
    x = run_sensitivities(equations, started, ("x", "k")).slopes[0, :, :, 0]
    assert np.all(x[:, 0] == 0.0)
    assert np.allclose(x[:, 1], -5.0 * plan.times * np.exp(-0.7 * plan.times), rtol=1e-8)


def test_a_reset_brings_back_the_derivatives_of_the_start() -> None:
    text = "x = 2; k = 0.7; x' = -k*x"
    equations = kernel(text).equations
    once = schedule([(1.0, "add", "x", 3.0)])
    plan = Plan(given(model(text), equations.given), np.array([1.0, 2.0]), ("x",), schedule=once, rtol=1e-9, atol=1e-13)
    reset = replace(plan, schedule=replace(once, kinds=np.array([2], np.int8)))
    x = run_sensitivities(equations, reset, ("x", "k")).slopes[0, :, :, 0]
    assert np.allclose(x, [[1.0, 0.0], [np.exp(-0.7), -2.0 * np.exp(-0.7)]], rtol=1e-8, atol=1e-12)


def test_the_numbers_are_those_of_the_twin_and_failures_have_none() -> None:
    text = "x = 0; k = 1; x' = ln(k - x)"
    equations = kernel(text).equations
    values = np.repeat(given(model(text), equations.given), 3, axis=1)
    values[equations.given.index("k")] = [9.0, 3.0, 12.0]
    plan = Plan(values, np.array([0.5, 5.0]), ("x",), schedule=schedule([(1.0, "add", "x", 5.0)], 3), rtol=1e-6)
    both, plain = run_sensitivities(equations, plan, ("k",)), run_twin(equations, plan)
    assert np.array_equal(both.arrays.values, plain.values, equal_nan=True)
    assert both.arrays.steps.tolist() == plain.steps.tolist()  # type: ignore[union-attr]
    assert plain.status.tolist() == ["ok", "not_finite", "ok"]
    assert np.all(np.isnan(both.slopes), axis=(0, 1, 2)).tolist() == [False, True, False]
    assert np.all(np.isfinite(both.slopes[..., [0, 2]]))


def test_two_changes_of_one_instant_that_move_apart_are_refused_by_name() -> None:
    text = "x = 0; y = 0; d = 1; e = 1; x' = piecewise(1, time < d, 0); y' = piecewise(1, time < e, 0)"
    equations = kernel(text).equations
    plan = Plan(given(model(text), equations.given), np.array([0.5, 3.0]), ("x", "y"))
    with pytest.raises(ModelError, match="move them apart"):
        run_sensitivities(equations, plan, ("d", "e"))
    assert run_sensitivities(equations, plan, ("x",)).slopes[0, :, 0, 0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "text,words",
    [
        ("x = 0.2; x' = piecewise(1, x - floor(x) > 0.5, 0.1)", "floor"),
        ("x = 0; x' = 1; at (x > 1): x = 0", "events"),
    ],
)
def test_what_has_no_derivative_that_we_know_is_refused_by_name(text: str, words: str) -> None:
    equations = kernel(text).equations
    with pytest.raises(ModelError, match=words):
        run_sensitivities(equations, Plan(given(model(text), equations.given), np.array([0.0, 3.0]), ("x",)), ("x",))


def test_a_parameter_that_individuals_do_not_bring_is_refused_by_name() -> None:
    equations, plan = plan_of(CASES["powers"])
    with pytest.raises(InputError, match="nope"):
        run_sensitivities(equations, plan, ("k", "nope"))
