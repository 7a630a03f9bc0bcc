"""Statuses, discontinuities and events of the reference engine, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from math import asin, exp, log, pi

import numpy as np
import pytest

from little_models import Stop, course, given, kernel, model, schedule, simulate
from serdsim.codegen.equations import derive
from serdsim.codegen.kernel import build
from serdsim.engine.plan import Plan
from serdsim.engine.reference import run
from serdsim.errors import InputError, ModelError
from serdsim.model.compatibility import require_supported
from serdsim.model.entities import Model, Rule
from serdsim.model.expression import Apply, Expression, Number, Symbol

RUNAWAY = "x = 1; k = 1; x' = k*x"


def one(text: str, end: float = 10.0, **options: float) -> tuple[str, str]:
    arrays = simulate(text, (0.0, end), ("x",), **options)
    assert np.all(np.isnan(arrays.values)) == (arrays.status[0] != "ok")
    return str(arrays.status[0]), arrays.message[0]


def test_growth_beyond_all_numbers_is_not_finite() -> None:
    status, message = one("y = 1; x = 1; x' = 500*x; y' = 0*y")
    assert status == "not_finite"
    assert "(x)" in message
    assert 1.4 < float(message.split("time ")[1].split()[0]) < 1.5


def test_a_pole_ends_in_a_status_near_its_time() -> None:
    status, message = one("x = 1; x' = x^2")
    assert status in ("step_underflow", "not_finite")
    assert float(message.split("time ")[1].split()[0]) == pytest.approx(1.0, abs=1e-6)


def test_a_rate_that_does_not_exist_at_the_start_is_not_finite() -> None:
    assert one("x = 0; z = 0; x' = z/x") == ("not_finite", "a rate is not finite at time 0 (x)")


def test_the_cap_of_evaluations_is_a_step_limit() -> None:
    status, message = one("x = 1; v = 0; x' = v; v' = -1e4*x", max_evaluations=300)
    assert status == "step_limit"
    assert "300 evaluations at time 0." in message


def test_the_cap_does_not_depend_on_the_outputs() -> None:
    text = "x = 1; v = 0; x' = v; v' = -100*x"
    least = int(simulate(text, (10.0,), ("x",)).evaluations[0])
    for times in ((10.0,), tuple(np.linspace(0.0, 10.0, 200))):
        assert simulate(text, times, ("x",), max_evaluations=least).status[0] == "ok"
        assert simulate(text, times, ("x",), max_evaluations=least - 1).status[0] == "step_limit"


def test_sliding_along_a_discontinuity_ends_in_a_status() -> None:
    assert one("x = 1; x' = piecewise(-1, x > 0.5, 1)")[0] in ("step_underflow", "step_limit")


def test_two_events_that_trigger_each_other_for_ever_end_in_a_status() -> None:
    status, message = one("x = 0; x' = 1; a = 0; E1: at (a < 0.5 && time > 1): a = 1; E2: at (a > 0.5): a = 0")
    assert status == "step_limit"
    assert "time 1" in message


def test_a_bouncing_ball_that_comes_to_rest_ends_in_a_status() -> None:
    text = "x = 1; v = 0; x' = v; v' = -9.81; at (x < 0): v = -0.5*v, x = 0"
    assert one(text)[0] in ("step_underflow", "step_limit", "ok")
    assert course(text, (1.2,), "x")[0] >= -1e-9


def test_a_failing_individual_leaves_the_others_alone_and_says_nothing_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    built = kernel(RUNAWAY)
    block = np.repeat(given(model(RUNAWAY), built.equations.given), 3, axis=1)
    block[built.equations.given.index("k")] = (-1.0, 500.0, 0.1)
    arrays = run(built, Plan(block, (0.0, 5.0), ("x",)))
    assert list(arrays.status) == ["ok", "not_finite", "ok"]
    assert np.all(np.isnan(arrays.values[:, :, 1]))
    assert arrays.values[0, 1, [0, 2]] == pytest.approx([exp(-5.0), exp(0.5)], rel=1e-6)
    assert arrays.message[0] == arrays.message[2] == ""
    assert capfd.readouterr() == ("", "")


def test_a_hill_term_of_nothing_is_nothing() -> None:
    text = "x = 0; y = 0; K = 2; h = 1.7; x' = 0.5; y' = (x/K)^h/(1 + (x/K)^h) - 0.1*y"
    found = course(text, (0.0, 1e-3, 30.0), "y")
    assert found[0] == 0.0
    assert 0.0 < found[1] < 1e-6
    assert course(text.replace("x' = 0.5", "x' = 0*x"), (5.0,), "y")[0] == 0.0


def test_a_jump_of_the_rate_is_met_at_its_time() -> None:
    times = (1.0, 3.2, 10.0)
    assert np.allclose(course("x = 0; x' = piecewise(1, time < 3.2, -2)", times, "x"), [1.0, 3.2, 3.2 - 13.6], rtol=0, atol=1e-7)


@pytest.mark.parametrize("trigger", ["x < 0.25", "x <= 0.25", "0.25 > x", "!(x >= 0.25)", "x < 0.25 || time > 50", "x == 0.25 || x < 0.25"])
def test_an_event_of_the_state_is_located(trigger: str) -> None:
    found = course(f"x = 1; when = 0; x' = -0.3*x; at ({trigger}): when = time", (40.0,), "when", rtol=1e-12)
    assert found[0] == pytest.approx(log(4) / 0.3, abs=1e-8)


def test_an_event_of_time_is_exact() -> None:
    assert course("x = 0; when = 0; x' = 1; at (time >= 2.7): when = time", (9.0,), "when")[0] == 2.7
    assert course("x = 0; when = 0; x' = 1; at (time == 2.7): when = time", (9.0,), "when")[0] == 2.7


def test_a_trigger_that_is_true_for_a_moment_within_a_long_step_is_seen() -> None:
    text = "x = 0; n = 0; x' = 1e-3; at (time > 3 && time < 3.0001): n = n + 1"
    assert course(text, (50.0,), "n")[0] == 1.0


def test_events_repeat_with_a_period() -> None:
    found = course("s = 0; last = 0; s' = cos(time); n = 0; at (s > 0.5): n = n + 1, last = time", (20.0,), "last", rtol=1e-10)
    assert found[0] == pytest.approx(6 * pi + asin(0.5), abs=1e-7)


def test_a_delayed_event_uses_the_values_of_its_trigger() -> None:
    text = "x = 0; y = 0; x' = 1; at 2 after (x > 3): y = x"
    assert course(text, (4.9, 5.1), "y")[1] == pytest.approx(3.0, abs=1e-8)
    assert course(text, (4.9, 5.1), "y")[0] == 0.0


def test_an_event_gives_a_concentration_in_the_size_before_it() -> None:
    text = "compartment V = 0.5; species S in V; S = 2; x := S; at (time >= 1): S = 0.2, V = 0.2; "
    assert course(text, (2.0,), "x")[0] == pytest.approx(0.2 * 0.5 / 0.2)


def test_the_order_of_equal_priorities_is_random_and_the_same_each_time() -> None:
    names = [f"e{i}" for i in range(12)]
    start = "; ".join(f"{n} = 0" for n in names)
    events = "; ".join(
        f"at (time >= 1), priority = 1: {n} = rank + 1, rank = rank + 1, fromTrigger = false".replace(", fromTrigger = false", "")
        for n in names
    )
    text = f"rank = 0; {start}; " + events.replace("priority = 1:", "priority = 1, fromTrigger = false:")
    arrays = simulate(text, (2.0,), tuple(names))
    order = arrays.values[:, -1, 0].tolist()
    assert sorted(order) == [float(i + 1) for i in range(12)]
    assert order != sorted(order)
    assert order == simulate(text, (2.0,), tuple(names)).values[:, -1, 0].tolist()


def test_a_higher_priority_comes_first() -> None:
    late = "priority = {}, fromTrigger = false"
    text = f"x = 0; E1: at (time >= 1), {late.format(1)}: x = 2*x + 1; E2: at (time >= 1), {late.format(2)}: x = 10"
    assert course(text, (2.0,), "x")[0] == 21.0


def test_division_by_nothing_is_that_of_ieee() -> None:
    arrays = simulate(
        "z = 0; n = -1; x = 1; x' = -x; up := 1/z; down := n/z; none := z/z; y := x/z", (0.0, 1.0), ("up", "down", "none", "y")
    )
    assert list(arrays.status) == ["ok"]
    assert arrays.values[:, 1, 0].tolist()[:2] == [np.inf, -np.inf]
    assert np.isnan(arrays.values[2, 1, 0])
    assert arrays.values[3, 1, 0] == np.inf


def test_stops_come_in_their_order_and_nan_leaves_an_individual_alone() -> None:
    text = "compartment V = 2; species S in V; S = 1; c = 0; S -> ; c*S"
    stops: tuple[Stop, ...] = ((1.0, "set", "V", 4.0), (1.0, "set", "S", 5.0), (2.0, "add", "S", 4.0), (3.0, "set", "S", float("nan")))
    assert course(text, (0.0, 1.0, 2.0, 3.0), "S", stops).tolist() == [1.0, 5.0, 6.0, 6.0]


@pytest.mark.parametrize("kind,target", [("add", "k"), ("set", "rate"), ("set", "nothing")])
def test_an_impossible_stop_is_refused_before_anything_runs(kind: str, target: str) -> None:
    text = "x = 1; k = 1; rate := k*x; x' = -rate"
    with pytest.raises(InputError, match=f'cannot {kind} "{target}"'):
        simulate(text, (1.0,), ("x",), ((5.0, kind, target, 1.0),))


@pytest.mark.parametrize(
    "times,stops,words",
    [
        ((), (), "output times"),
        ((1.0, 0.5), (), "output times"),
        ((-1.0, 1.0), (), "output times"),
        ((0.0, float("nan")), (), "output times"),
        ((1.0,), ((-1.0, "set", "x", 1.0),), "before the start"),
        ((1.0,), ((0.5, "set", "x", 1.0), (0.2, "set", "x", 1.0)), "order of time"),
    ],
)
def test_a_plan_without_sense_is_refused(times: tuple[float, ...], stops: tuple[Stop, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Plan(np.zeros((1, 1)), times, ("x",), schedule=schedule(stops))


def test_an_unknown_output_is_refused() -> None:
    with pytest.raises(InputError, match="unknown output nothing"):
        simulate("x = 1; x' = 1", (1.0,), ("nothing",))


def test_a_run_goes_on_from_a_final_state() -> None:
    built, of = kernel("x = 1; x' = -0.3*x"), model("x = 1; x' = -0.3*x")
    values = given(of, built.equations.given)
    half = run(built, Plan(values, (4.0,), ("x",)))
    rest = run(built, Plan(values, (0.0, 6.0), ("x",), initial=half.final))
    assert rest.values[0, :, 0] == pytest.approx([exp(-1.2), exp(-3.0)], rel=1e-7)


def test_a_plain_algebraic_rule_is_run_and_an_unclear_one_refused() -> None:
    start = model("x = 3; T = 10; y = 1; z = 2; var y, z; x' = -0.5*x")

    def with_rules(*expressions: Expression) -> Model:
        return replace(start, rules=(*start.rules, *(Rule("algebraic", "", e) for e in expressions)))

    x, y, z, total = (Symbol(id) for id in ("x", "y", "z", "T"))
    first = Apply("minus", (total, Apply("plus", (x, Apply("times", (Number(2.0), y))))))  # y = (T - x)/2
    second = Apply("minus", (Apply("divide", (z, y)), Number(4.0)))  # z = 4 y
    good = with_rules(second, first)
    built = build(derive(good))
    arrays = run(built, Plan(given(good, built.equations.given), (0.0, 2.0), ("y", "z")))
    exact = (10.0 - 3.0 * np.array([1.0, exp(-1.0)])) / 2.0
    assert np.allclose(arrays.values[:, :, 0], [exact, 4.0 * exact], rtol=1e-6)
    require_supported(good)
    for bad in (with_rules(second), with_rules(first, first), with_rules(Apply("minus", (Apply("exp", (y,)), x)))):
        with pytest.raises(ModelError, match="an algebraic rule gives no plain formula"):
            require_supported(bad)
