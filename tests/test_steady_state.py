"""The state that an endless train of doses leaves: closed forms, long trains, and models that have none."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from dosing_cases import ENGINES, MODELS, Integrate, curve, observed, run_people
from serdsim.codegen.equations import Equations
from serdsim.dosing.records import Record
from serdsim.engine.plan import Arrays, Plan
from serdsim.errors import InputError

K, II = 0.25, 6.0
IV = f"species A1 = 0; k = {K}; A1 -> ; k*A1"
MM = "species A1 = 0; A1 -> ; 8*(A1/20)/(1.2 + A1/20)"
BINDING = "species D = 0, R = 10, RL = 0; D + R -> RL; 0.5*D*R; RL -> D + R; 0.1*RL; D -> ; 0.05*D"
T = np.linspace(0.0, 18.0, 37)


@pytest.fixture(params=ENGINES)
def integrate(request: pytest.FixtureRequest) -> Integrate:
    return ENGINES[request.param]


def steady(**more: float) -> Record:
    return Record(**({"time": 0.0, "event": 1, "amount": 100.0, "interval": II, "steady": 1} | more))  # type: ignore[arg-type]


def past_train(lag: float, rate: float = 0.0, duration: float = 0.0, after: int = 0) -> np.ndarray:
    """Sum doses at lag - k II, k from -after to far in the past."""
    total = np.zeros_like(T)
    for k in range(-after, 60):
        since = T - (lag - k * II)
        if rate:
            level = rate / K * -np.expm1(-K * np.clip(since, 0.0, duration))
            total += level * np.exp(-K * np.maximum(since - duration, 0.0))
        else:
            total += np.where(since >= 0.0, 100.0 * np.exp(-K * np.maximum(since, 0.0)), 0.0)
    return total


@pytest.mark.parametrize("lag", [0.0, 2.5, 6.0, 8.0, 31.0])
@pytest.mark.parametrize("additional", [0, 2])
def test_a_bolus_meets_the_geometric_sum(lag: float, additional: int, integrate: Integrate) -> None:
    found = curve(IV, (steady(lag=lag, additional=additional), *observed(*T)), "A1", integrate)
    assert found == pytest.approx(past_train(lag, after=additional), rel=1e-7)


@pytest.mark.parametrize("lag", [0.0, 2.0, 5.0, 6.0, 20.0])
@pytest.mark.parametrize("duration", [2.0, 6.0, 9.0, 24.0])
def test_an_infusion_of_any_length_meets_the_sum(lag: float, duration: float, integrate: Integrate) -> None:
    rate = 100.0 / duration
    found = curve(IV, (steady(lag=lag, rate=rate), *observed(*T)), "A1", integrate)
    assert found == pytest.approx(past_train(lag, rate, duration), rel=1e-7)


def test_a_second_train_is_added_to_the_first() -> None:
    first, second = steady(additional=3), steady(amount=40.0, rate=10.0, steady=2, lag=1.0)
    both = curve(IV, (first, second, *observed(*T)), "A1")
    assert both == pytest.approx(past_train(0.0, after=3) + past_train(1.0, 10.0, 4.0), rel=1e-7)


def test_a_train_clears_what_was_there() -> None:
    before = (Record(0.0, 1, amount=500.0), Record(0.0, 1, amount=90.0, rate=3.0), Record(0.0, 1, amount=7.0, lag=9.0))
    later = [4.0 + t for t in T]
    found = curve(IV, (*before, steady(time=4.0), *observed(*later)), "A1")
    assert found == pytest.approx(past_train(0.0), rel=1e-7)


def test_a_constant_infusion_ends_at_its_record(integrate: Integrate) -> None:
    found = curve(IV, (steady(amount=0.0, interval=0.0, rate=3.0), *observed(*T)), "A1", integrate)
    assert found == pytest.approx(3.0 / K * np.exp(-K * T), rel=1e-7)


@pytest.mark.parametrize("amount", [20.0, 50.0, 90.0])
def test_michaelis_menten_meets_the_closed_form(amount: float, integrate: Integrate) -> None:
    # over a period: 24 ln((x + D)/x) + D = 8 * 12
    found = curve(MM, (steady(amount=amount, interval=12.0), *observed(0.0)), "A1", integrate)[0]
    rest = amount / math.expm1((96.0 - amount) / 24.0)
    assert found == pytest.approx(rest + amount, rel=1e-7)


@pytest.mark.parametrize(
    ("text", "dose", "output"),
    [
        (MM, {"amount": 80.0, "interval": 12.0, "rate": 4.0, "lag": 5.0}, "A1"),
        (BINDING, {"amount": 50.0, "interval": 12.0}, "RL"),
        ("species A1 = 0, E = 1; A1 -> ; 0.1*A1*E; E' = 0.1*(1 + A1/10) - 0.1*E", {"amount": 50.0, "interval": 12.0}, "E"),
        ("compartment V = 2; species C in V; C = 0; R = 10; C -> ; 0.6*C; R' = 2*(1 - C/(3 + C)) - 0.2*R", {"interval": 12.0}, "R"),
    ],
)
def test_a_nonlinear_model_meets_a_long_train(text: str, dose: dict[str, float], output: str, integrate: Integrate) -> None:
    times, last = (0.0, 1.0, 5.0, 11.0), 12.0 * 400
    found = curve(text, (steady(**dose), *observed(*times)), output, integrate)
    train = curve(text, (steady(**dose, **{"steady": 0, "additional": 400}), *observed(*(last + t for t in times))), output, integrate)
    assert found == pytest.approx(train, rel=1e-7)


def test_a_constant_infusion_into_a_nonlinear_model() -> None:
    endless = {"amount": 0.0, "interval": 0.0}
    assert curve(MM, (steady(**endless, rate=7.9), *observed(0.0)), "A1")[0] == pytest.approx(20 * 1.2 * 7.9 / 0.1, rel=1e-9)
    found = run_people(BINDING, [(steady(**endless, rate=4.0), *observed(0.0))], ("D", "R", "RL")).arrays.values[:, 0, 0]
    assert found == pytest.approx([80.0, 10.0 / 401.0, 4000.0 / 401.0], rel=1e-9)


@pytest.mark.parametrize(
    ("text", "dose", "words"),
    [
        (MM, {"interval": 12.0}, "nothing brings A1 back"),
        (MM, {"amount": 0.0, "interval": 0.0, "rate": 8.1}, "A1 keeps changing"),
        ("species A1 = 0, X = 0; A1 -> X; 0.1*A1", {}, r"nothing ever leaves A1 \+ X"),
        ("species A1 = 0; A1 -> ; 0.1*A1; AUC = 0; AUC' = A1", {}, r"nothing ever leaves A1 \+ AUC"),
        ("species A1 = 0; A1 -> ; 0.1*A1; N = 5; N' = 0.01*N", {}, "nothing brings N back"),
        ("species A1 = 0; A1 -> ; 0.1*A1; N = 5; N' = 1", {}, "nothing brings N back"),
        ("species A1 = 0; A1 -> ; 1e-9*A1", {}, "nothing brings A1 back"),
        ("species A1 = 0; A1 -> ; 0.1*A1*(1 + sin(time))", {}, "depends on time itself"),
        ("species A1 = 0; A1 -> ; 0.1*A1; at (A1 > 1e9): A1 = 0", {}, "the model has events"),
        ("species A1 = 0; A1 -> ; 0.1*A1; x = 1; x' = x^2", {}, "step_underflow|not_finite|step_limit"),
        ("species A1 = 0; A1 -> ; 0.1*A1; x = 1; y = 0; x' = y; y' = (1 - x^2)*y - x", {}, "(x|y) is still on its way|nothing brings"),
    ],
)
def test_where_there_is_none_the_individual_fails_by_name(text: str, dose: dict[str, float], words: str) -> None:
    well = (Record(0.0, 1, amount=1.0), *observed(0.5))
    arrays = run_people(text, [(steady(**dose), *observed(1.0)), well], ("A1",)).arrays
    assert list(arrays.status) == ["no_steady_state", "ok"]
    assert arrays.message[0].startswith("no steady state: ")
    assert re.search(words, arrays.message[0]), arrays.message[0]
    assert np.all(np.isnan(arrays.values[:, :, 0]))
    assert np.all(np.isfinite(arrays.values[:, :, 1]))


def test_a_train_on_top_of_another_needs_a_model_that_starts_empty() -> None:
    with pytest.raises(InputError, match="SS is 2, but the model does not start empty"):
        run_people("species A1 = 1; A1 -> ; 0.1*A1", [(steady(steady=2), *observed(1.0))], ("A1",))


def test_many_individuals_share_the_calls_of_the_engine() -> None:
    calls: list[int] = []

    def counting(equations: Equations, plan: Plan) -> Arrays:
        calls.append(plan.individuals)
        return ENGINES["reference"](equations, plan)

    clearances = np.linspace(0.5, 5.0, 12)
    people = [(steady(lag=0.5 * n), *observed(0.0, 4.0)) for n in range(12)]
    recorded = run_people(MODELS["oral1"], people, ("A2",), counting, values={"CL": list(clearances)})
    alone = [
        run_people(MODELS["oral1"], [people[n]], ("A2",), values={"CL": [clearances[n]]}).arrays.values[0, :, 0].tolist() for n in range(12)
    ]
    assert len(calls) < len(people)
    together = recorded.arrays.values[0].T
    assert together == pytest.approx(np.array(alone), rel=1e-7)
