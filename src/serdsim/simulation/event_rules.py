"""Event records -> what happens to an individual, item by item: the rules of NONMEM, its ties included.

Records of one time are worked off in their order. A lagged or additional dose that arrives exactly at the time of a record
comes before it. A dose of a steady state clears what runs and waits (SS=1) or leaves it (SS=2), takes the state of an endless
past train of doses, whose infusions run on and whose lagged doses still arrive, and then follows as any dose does.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass

from serdsim.codegen.infusion import infusion_into
from serdsim.dosing.records import OBSERVATION, Person, Record
from serdsim.engine.plan import same_instant

STEADY = "steady"
_AT_ONCE = 1000.0  # instants; the ends of a shorter infusion are known too roughly for its amount
Item = tuple[float, str, str | int, float]


@dataclass(frozen=True)
class Train:
    """An endless past train of equal doses, seen from a moment at which its state is asked for.

    Attributes
    ----------
    species : str
        Where the doses go.
    amount : float
        Of each bolus; 0 for an infusion.
    rate, duration : float
        Of each infusion; 0 for a bolus.
    interval : float
        Time between doses; 0 for one infusion without beginning, which ends at the moment.
    offset : float
        From the moment to the next dose, 0 to `interval`; at `interval` a dose has arrived just now.
    inputs : tuple of (str, float)
        Inputs that hold for the train.
    """

    species: str
    amount: float
    rate: float
    duration: float
    interval: float
    offset: float
    inputs: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Diary:
    """All items of one individual in their order.

    Attributes
    ----------
    items : tuple of (time, kind, target, value)
        Kinds of the schedule; and `steady`, which adds the state of the train number `target`, for SS=1 (value 1) on top of a
        reset, for SS=2 (value 2) on top of what is there.
    trains : tuple of Train
    observed : tuple of float
        Times of the observations.
    placed : tuple of bool
        Observations that come between items of the same instant, written by an item `see`.
    """

    items: tuple[Item, ...]
    trains: tuple[Train, ...]
    observed: tuple[float, ...]
    placed: tuple[bool, ...]


def follow(person: Person, species: Mapping[int, str]) -> Diary:
    """Return what happens to an individual; `species` names the species of each compartment that is dosed."""
    clerk = _Clerk(species)
    known: dict[str, float] = {}
    time = person.records[0].time
    for record in person.records:
        for name, value in record.inputs:
            if known.get(name) != value:
                clerk.write(time, "set", name, value)
                known[name] = value
        clerk.until(record.time)
        clerk.work_off(record)
        time = record.time
    items, placed = _seen(clerk.items, person.observed)
    return Diary(tuple(_without_repeats(items)), tuple(clerk.trains), person.observed, tuple(placed))


class _Clerk:
    """What runs and what waits while the records are worked off."""

    def __init__(self, species: Mapping[int, str]) -> None:
        self.species = species
        self.items: list[Item] = []
        self.trains: dict[Train, int] = {}
        self.running: dict[str, list[float]] = {}
        self.waiting: list[tuple[float, int, int, Record]] = []
        self.count = self.rows = 0

    def write(self, time: float, kind: str, target: str | int, value: float = 0.0) -> None:
        self.items.append((time, kind, target, value))

    def wait(self, time: float, ends: bool, record: Record) -> None:
        """Note the end of an infusion or the arrival of a dose."""
        self.count += 1
        heapq.heappush(self.waiting, (time, 0 if ends else 1, self.count, record))

    def until(self, time: float) -> None:
        """Let happen what comes before the record of this time, or exactly at it."""
        while self.waiting and self.waiting[0][0] <= time + same_instant(time):
            due, arrives, _, record = heapq.heappop(self.waiting)
            now = time if abs(due - time) <= same_instant(time) else due
            if arrives:
                self.give(now, due, record)
            else:
                self.running[self.into(record)].remove(record.speed)
                self.flow(now, self.into(record))

    def work_off(self, record: Record) -> None:
        """Let the record itself happen."""
        if record.event == OBSERVATION:
            self.write(record.time, "see", self.rows)
            self.rows += 1
        if record.resets:
            self.reset(record.time)
        if record.doses:
            if record.steady:
                self.settle(record)
            if not record.endless:
                self.dose(record)

    def into(self, record: Record) -> str:
        return self.species[record.compartment]

    def flow(self, time: float, species: str) -> None:
        """Set the rate of all infusions into a species: the exact sum, so that none at all is exactly 0."""
        self.write(time, "set", infusion_into(species), math.fsum(self.running[species]))

    def reset(self, time: float) -> None:
        self.waiting.clear()
        self.write(time, "reset", 0)
        for species, rates in self.running.items():
            if rates:
                rates.clear()
                self.flow(time, species)

    def dose(self, record: Record) -> None:
        """Give the dose of a record now or when its lag is over, and note the additional ones."""
        first = record.time + record.lag
        if first <= record.time + same_instant(record.time):
            self.give(record.time, record.time, record)
        else:
            self.wait(first, False, record)
        for number in range(1, record.additional + 1):
            self.wait(first + number * record.interval, False, record)

    def give(self, now: float, due: float, record: Record) -> None:
        """Give a dose now; an infusion ends its duration after the time at which it was due, and one of a few instants is a bolus."""
        if not record.arriving:
            return
        end = due + record.duration
        if record.speed and end - now > _AT_ONCE * same_instant(end):
            self.run(record, end)
            self.flow(now, self.into(record))
        else:
            self.write(now, "add", self.into(record), record.arriving)

    def run(self, record: Record, end: float) -> None:
        self.running.setdefault(self.into(record), []).append(record.speed)
        self.wait(end, True, record)

    def settle(self, record: Record) -> None:
        """Take the state of the endless train, with the infusions that still run and the doses that still wait."""
        time, species = record.time, self.into(record)
        if record.endless:
            train = Train(species, 0.0, record.speed, 0.0, 0.0, 0.0, record.inputs)
            self.write(time, STEADY, self.trains.setdefault(train, len(self.trains)), record.steady)
            return
        if not record.arriving:
            return
        near = same_instant(max(time, record.lag))
        last = max(1, math.ceil((record.lag - near) / record.interval))  # of those that have arrived; 1 is the last dose given
        offset = record.lag - (last - 1) * record.interval
        offset = 0.0 if offset <= near else record.interval if offset >= record.interval - near else offset
        amount = 0.0 if record.speed else record.arriving
        train = Train(species, amount, record.speed, record.duration, record.interval, offset, record.inputs)
        self.write(time, STEADY, self.trains.setdefault(train, len(self.trains)), record.steady)
        for number in range(1, last):
            self.wait(time + record.lag - number * record.interval, False, record)
        ends = record.lag + record.duration
        going = max(0, math.ceil((ends - near) / record.interval) - last) if record.speed else 0
        for number in range(last, last + going):
            self.run(record, time + ends - number * record.interval)
        if going:
            self.flow(time, species)


def _seen(items: list[Item], times: tuple[float, ...]) -> tuple[list[Item], list[bool]]:
    """Return the items with a `see` only where others of the same instant follow, and which observations these are."""
    kept: list[Item] = []
    placed = [False] * len(times)
    following = math.inf
    for item in reversed(items):
        time, kind, row, _ = item
        if kind != "see":
            following = time
        elif following <= time + same_instant(time):
            placed[int(row)] = True
        else:
            continue
        kept.append(item)
    return kept[::-1], placed


def _without_repeats(items: list[Item]) -> list[Item]:
    """Return the items without those that set what the next item, at the same time, sets again."""
    last = [*items, (math.inf, "", "", 0.0)][1:]
    return [item for item, after in zip(items, last, strict=True) if not (item[1] == "set" and item[:3] == after[:3])]
