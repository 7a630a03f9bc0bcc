"""Event records against closed forms: lag, bioavailability, ties, infusions, resets, several individuals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dosing_cases import ENGINES, MODELS, Integrate, curve, observed, run_people
from serdsim.dosing.records import Person, Record
from serdsim.errors import InputError, RegimenError
from serdsim.simulation.event_rules import Diary, follow

K = 0.25
IV = f"species A1 = 0; k = {K}; A1 -> ; k*A1"
WAYS = {1: "A1"}


@pytest.fixture(params=ENGINES)
def integrate(request: pytest.FixtureRequest) -> Integrate:
    return ENGINES[request.param]


def bolus(t: np.ndarray, amount: float, at: float) -> np.ndarray:
    return np.where(t >= at, amount * np.exp(-K * np.maximum(t - at, 0.0)), 0.0)


def infusion(t: np.ndarray, rate: float, start: float, end: float) -> np.ndarray:
    during = rate / K * -np.expm1(-K * np.clip(t - start, 0.0, end - start))
    return during * np.exp(-K * np.maximum(t - end, 0.0))


def diary(*records: Record) -> Diary:
    return follow(Person("1", records), WAYS)


def test_lag_bioavailability_and_additional_doses(integrate: Integrate) -> None:
    dose = Record(0.0, 1, amount=100.0, bioavailability=0.4, lag=1.5, interval=6.0, additional=3)
    t = np.linspace(0.0, 24.0, 33)
    found = curve(IV, (dose, *observed(*t)), "A1", integrate)
    assert found == pytest.approx(sum(bolus(t, 40.0, 1.5 + 6.0 * k) for k in range(4)), rel=1e-7, abs=1e-10)


@pytest.mark.parametrize(
    "dose",
    [
        Record(2.0, 1, amount=40.0, rate=10.0),
        Record(2.0, 1, amount=80.0, bioavailability=0.5, rate=10.0),
        Record(2.0, 1, amount=80.0, bioavailability=0.5, rate=-1.0, modelled_rate=10.0),
        Record(2.0, 1, amount=80.0, bioavailability=0.5, rate=-2.0, modelled_duration=4.0),
        Record(0.5, 1, amount=40.0, rate=10.0, lag=1.5),
    ],
)
def test_one_infusion_said_in_five_ways(dose: Record, integrate: Integrate) -> None:
    t = np.linspace(3.0, 12.0, 19)
    assert curve(IV, (dose, *observed(*t)), "A1", integrate) == pytest.approx(infusion(t, 10.0, 2.0, 6.0), rel=1e-7)


def test_infusions_longer_than_their_interval_overlap(integrate: Integrate) -> None:
    dose = Record(0.0, 1, amount=50.0, rate=10.0, interval=2.0, additional=4)
    t = np.linspace(0.0, 20.0, 41)
    found = curve(IV, (dose, *observed(*t)), "A1", integrate)
    assert found == pytest.approx(sum(infusion(t, 10.0, 2.0 * k, 2.0 * k + 5.0) for k in range(5)), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("rate", [0.1, 1 / 3, 1e-7])
def test_the_rate_returns_to_exactly_nothing(rate: float) -> None:
    doses = [Record(0.1 * n, 1, amount=rate * (1.0 + 0.37 * n), rate=rate * (1.0 + 0.1 * n), interval=0.3, additional=5) for n in range(4)]
    items = diary(*doses, Record(50.0)).items
    levels = [value for _, kind, target, value in items if (kind, target) == ("set", "infusion_into_A1")]
    assert max(levels) > 4 * rate
    assert levels[-1] == 0.0
    assert min(levels) == 0.0


def test_an_observation_sees_what_came_before_it_in_the_file(integrate: Integrate) -> None:
    records = (Record(0.0), Record(0.0, 1, amount=10.0), Record(0.0), Record(0.0, 1, amount=5.0), Record(0.0), Record(1.0))
    assert curve(IV, records, "A1", integrate).tolist()[:3] == [0.0, 10.0, 15.0]
    assert follow(Person("1", records), WAYS).placed == (True, True, False, False)


def test_an_individual_that_gets_nothing_has_no_items() -> None:
    assert diary(*observed(0.0, 1.0)).items == ()


def test_only_ties_place_an_observation() -> None:
    dose = Record(0.0, 1, amount=10.0, interval=3.0, additional=2)
    assert diary(dose, *observed(0.0, 1.0, 3.0, 6.0, 7.0)).placed == (False,) * 5


def test_additional_and_lagged_doses_come_before_a_record_of_their_time(integrate: Integrate) -> None:
    dose = Record(0.0, 1, amount=10.0, lag=0.1, interval=0.1, additional=2)  # at 0.1, 0.2 and 0.1 + 2 * 0.1 = 0.3 but for rounding
    found = curve(IV, (dose, *observed(0.0, 0.1, 0.2, 0.3)), "A1", integrate)
    left = math.exp(-0.1 * K)
    assert found == pytest.approx([0.0, 10.0, 10.0 * (1 + left), 10.0 * (1 + left + left**2)], rel=1e-9)
    emptied = (dose, Record(0.3, 3), *observed(0.3, 0.5))
    assert curve(IV, emptied, "A1", integrate).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("event", [3, 4])
def test_a_reset_ends_all_that_runs_and_waits(event: int, integrate: Integrate) -> None:
    before = (
        Record(0.0, 1, amount=70.0),
        Record(0.0, 1, amount=100.0, rate=10.0),
        Record(1.0, 1, amount=30.0, lag=6.0),
        Record(1.0, 1, amount=20.0, interval=2.0, additional=9),
    )
    reset = Record(4.0, event, amount=15.0 if event == 4 else 0.0)
    t = np.linspace(4.0, 30.0, 14)
    found = curve(IV, (*before, reset, *observed(*t)), "A1", integrate)
    assert found == pytest.approx(bolus(t, 15.0 if event == 4 else 0.0, 4.0), rel=1e-7, abs=1e-14)


def test_a_reset_brings_back_the_state_of_the_start() -> None:
    text = "species A1 = 3; R = 7; A1 -> ; 0.5*A1; R' = -0.1*R"
    found = run_people(text, [(Record(0.0, 1, amount=5.0), Record(2.0, 3), *observed(2.0))], ("A1", "R")).arrays
    assert found.values[:, 0, 0].tolist() == [3.0, 7.0]


def test_other_events_have_no_effect() -> None:
    records = (Record(0.0, 1, amount=10.0), Record(1.0), Record(2.0))
    assert curve(IV, (*records[:2], Record(1.5, 2), records[2]), "A1") == pytest.approx(curve(IV, records, "A1"), rel=1e-12)


def test_an_input_of_a_record_holds_over_the_interval_that_ends_there(integrate: Integrate) -> None:
    def at(time: float, k: float, **more: float) -> Record:
        return Record(time, inputs=(("k", k),), **more)  # type: ignore[arg-type]

    records = (at(0.0, 9.0, event=1, amount=10.0), at(0.0, 8.0), at(2.0, 0.1), at(5.0, 0.3), at(6.0, 0.0))
    exponents = np.array([0.0, 0.2, 1.1, 1.1])
    assert curve(IV, records, "A1", integrate) == pytest.approx(10.0 * np.exp(-exponents), rel=1e-7)
    found = run_people(IV, [records], ("k",), integrate).arrays
    assert found.values[0, :, 0].tolist() == [8.0, 0.1, 0.3, 0.0]


def test_individuals_have_times_doses_and_compartments_of_their_own(integrate: Integrate) -> None:
    people = [
        (Record(0.0, 1, amount=10.0, compartment=2), *observed(1.0, 2.0, 7.0)),
        (Record(5.0), Record(5.0, 1, amount=20.0, rate=10.0, compartment=2), *observed(9.0)),
        (Record(1.0, 1, amount=10.0, compartment=1), *observed(1.0)),
    ]
    recorded = run_people(MODELS["oral1"], people, ("A1", "A2"), integrate, values={"CL": [0.1, 0.2, 0.3]})
    assert list(recorded.arrays.status) == ["ok"] * 3
    assert recorded.times.T.tolist() == [[1.0, 2.0, 7.0], [5.0, 9.0, np.inf], [1.0, np.inf, np.inf]]
    values = recorded.arrays.values
    assert values[1, :, 0] == pytest.approx(10.0 * np.exp([-0.1, -0.2, -0.7]), rel=1e-7)
    assert values[1, :2, 1] == pytest.approx([0.0, 50.0 * -math.expm1(-0.4) * math.exp(-0.4)], rel=1e-7)
    assert values[:, 0, 2].tolist() == [10.0, 0.0]
    assert np.all(np.isnan(values[:, 1:, 2]))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"amount": -1.0}, "AMT is -1.0"),
        ({"amount": 0.0}, "AMT is 0 in a dosing record"),
        ({"rate": -3.0}, "RATE is -3.0"),
        ({"rate": -1.0}, "R is missing; expected a rate above 0, because RATE is -1"),
        ({"rate": -2.0, "modelled_duration": 0.0}, "D is 0.0"),
        ({"additional": 2}, "ADDL is 2 but II is 0"),
        ({"additional": -1, "interval": 1.0}, "ADDL is -1"),
        ({"steady": 1}, "SS is 1 but II is 0"),
        ({"steady": 3, "interval": 1.0}, "SS is 3"),
        ({"steady": 1, "amount": 0.0, "rate": 1.0, "interval": 1.0}, "AMT is 0"),
        ({"steady": 1, "interval": 1e-9, "lag": 5.0}, "far below lag or duration"),
        ({"lag": -1.0}, "ALAG is -1.0"),
        ({"bioavailability": math.nan}, "F is nan"),
        ({"compartment": 0}, "CMT is 0"),
        ({"time": -1.0}, "TIME is -1.0"),
        ({"event": 5}, "EVID is 5"),
        ({"event": 3}, "AMT is 10.0; expected none, because EVID is 3"),
    ],
)
def test_a_record_without_sense_is_refused(values: dict[str, float], words: str) -> None:
    with pytest.raises(RegimenError, match=words) as caught:
        Record(**({"time": 0.0, "event": 1, "amount": 10.0, "file": "x.csv", "line": 7} | values))  # type: ignore[arg-type]
    assert "x.csv:7" in str(caught.value)


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ((Record(2.0), Record(1.0)), "before the record above"),
        ((Record(2.0), Record(3.0, inputs=(("k", 1.0),))), "other inputs"),
        ((Record(0.0, 1, amount=1.0),), "no observation"),
        ((Record(0.0, 1, amount=1.0, compartment=2), Record(1.0)), "CMT is 2, which stands for no species; expected one of 1=A1"),
        ((Record(0.0, inputs=(("q", 1.0),)),), "q: the model has no such input"),
    ],
)
def test_an_individual_without_sense_is_refused(records: tuple[Record, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run_people(IV, [records], ("A1",))
