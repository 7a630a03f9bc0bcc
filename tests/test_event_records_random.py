"""Random records of a linear model meet the sum of the responses to all doses, ties and steady states included."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from dosing_cases import ENGINES, run_people
from serdsim.dosing.records import Record

K = 0.25
TEXT = f"species A1 = 0; k = {K}; A1 -> ; k*A1"
PAST = 400  # doses or hours after which nothing is left
Arrival = tuple[float, Record]


def response(t: float, arrival: float, dose: Record) -> float:
    """What is left at t; arrivals of the instant t count."""
    since = t - arrival
    if since < -1e-9:
        return 0.0
    if not dose.speed:
        return dose.arriving * math.exp(-K * since)
    length = PAST if dose.endless else dose.duration
    return -dose.speed / K * math.expm1(-K * min(since, length)) * math.exp(-K * max(since - length, 0.0))


def arrivals(dose: Record) -> list[Arrival]:
    if dose.endless:
        return [(dose.time - PAST, dose)]
    first = -PAST if dose.steady else 0
    return [(dose.time + dose.lag + k * dose.interval, dose) for k in range(first, dose.additional + 1)]


def random_dose(time: float, event: int, random: Random) -> Record:
    amount, steady, more = random.choice((10.0, 25.0, 60.0)), random.choice((0, 0, 0, 1, 2)), random.choice((0, 0, 1, 4))
    dose = Record(
        time,
        event,
        amount,
        rate=random.choice((0.0, 0.0, 5.0, 20.0, -1.0, -2.0)),
        interval=random.choice((1.0, 2.0, 3.0)) if steady or more else 0.0,
        additional=more,
        steady=steady,
        bioavailability=random.choice((1.0, 0.5)),
        lag=random.choice((0.0, 0.0, 0.0, 0.1, 1.0, 2.0, 5.0, 12.0)),
        modelled_rate=10.0,
        modelled_duration=random.choice((1.0, 2.0, 5.0)),
    )
    if steady and dose.rate not in (0.0, -2.0) and random.random() < 0.3:
        return replace(dose, amount=0.0, interval=0.0, additional=0)
    return dose


def random_life(random: Random) -> tuple[list[Record], list[float]]:
    """Return records and what their observations must see."""
    time, records, seen = 0.0, [], []
    alive: list[Arrival] = []
    for event in [*random.choices((0, 1, 2, 3, 4), (3, 4, 1, 1, 1), k=random.randint(3, 14)), 0, 0]:
        time += random.choice((0.0, 0.0, 0.1, 0.5, 1.0, 2.0, 3.0))
        record = random_dose(time, event, random) if event in (1, 4) else Record(time, event)
        records.append(record)
        if event == 0:
            seen.append(sum(response(time, *one) for one in alive))
        if event in (3, 4) or record.steady == 1:
            alive = []
        if event in (1, 4):
            alive += arrivals(record)
    return records, seen


@pytest.mark.parametrize("engine", ENGINES)
def test_random_records_meet_the_sum_of_all_responses(engine: str) -> None:
    lives = [random_life(Random(seed)) for seed in range(100)]
    arrays = run_people(TEXT, [records for records, _ in lives], ("A1",), ENGINES[engine]).arrays
    assert set(arrays.status) == {"ok"}, arrays.message
    for number, (_, seen) in enumerate(lives):
        assert arrays.values[0, : len(seen), number] == pytest.approx(np.array(seen), rel=1e-6, abs=1e-8), number
