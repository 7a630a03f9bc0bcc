"""NONMEM event records as frozen values that cannot hold an event that means nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from serdsim.dosing.dose import MAX_COUNT
from serdsim.errors import Issue, RegimenError

OBSERVATION, DOSE, OTHER, RESET, RESET_AND_DOSE = range(5)


@dataclass(frozen=True)
class Record:
    """One event of one individual; the words of NONMEM stand in brackets.

    Parameters
    ----------
    time : float
        When [TIME, h].
    event : int
        0 observation, 1 dose, 2 other event (nothing happens), 3 reset, 4 reset and dose [EVID].
    amount : float
        Dose before bioavailability [AMT].
    compartment : int
        Number of the compartment that is dosed [CMT].
    rate : float
        0 for a bolus, above 0 the rate of an infusion, -1 for `modelled_rate`, -2 for `modelled_duration` [RATE].
    interval : float
        Time between additional doses, and between the doses that lead to a steady state [II, h].
    additional : int
        Number of additional doses [ADDL].
    steady : int
        1: the individual starts afresh from the steady state of this dose; 2: that state is added to its own [SS].
    bioavailability, lag : float
        Share of the amount that arrives, and how much later [F; ALAG, h].
    modelled_rate, modelled_duration : float or None
        Needed for a rate of -1 and of -2 [R; D, h].
    inputs : tuple of (str, float)
        Inputs of the model with the values that hold over the interval that ends at this record.
    file, line : str or None, int or None
        Where the record was written, for errors.

    Raises
    ------
    RegimenError
        When a value is outside what is said above, or values contradict each other.
    """

    time: float
    event: int = OBSERVATION
    amount: float = 0.0
    compartment: int = 1
    rate: float = 0.0
    interval: float = 0.0
    additional: int = 0
    steady: int = 0
    bioavailability: float = 1.0
    lag: float = 0.0
    modelled_rate: float | None = None
    modelled_duration: float | None = None
    inputs: tuple[tuple[str, float], ...] = ()
    file: str | None = None
    line: int | None = None

    def __post_init__(self) -> None:
        checks = [*_general(self), *(_dosing(self) if self.doses else _idle(self))]
        wrong = [
            Issue(f"{name} is {'missing' if value is None else repr(value)}", self.file, self.line, None, expected, _repair(self, name))
            for fine, name, value, expected in checks
            if not fine
        ]
        if not wrong and self.doses:
            wrong = [Issue(text, self.file, self.line, None, expected, repair) for text, expected, repair in _contradictions(self)]
        if wrong:
            raise RegimenError(wrong)

    @property
    def doses(self) -> bool:
        """Whether the record gives a dose."""
        return self.event in (DOSE, RESET_AND_DOSE)

    @property
    def resets(self) -> bool:
        """Whether the record brings back the start and ends whatever runs or waits."""
        return self.event in (RESET, RESET_AND_DOSE) or self.steady == 1

    @property
    def endless(self) -> bool:
        """Whether the record says the steady state of a constant infusion, which ends at the record."""
        return self.steady > 0 and self.interval == 0.0

    @property
    def arriving(self) -> float:
        """The amount that arrives with each dose."""
        return self.bioavailability * self.amount

    @property
    def speed(self) -> float:
        """The rate of the infusion [amount/h]; 0 for a bolus."""
        if self.rate == -2.0 and self.modelled_duration:
            return self.arriving / self.modelled_duration
        return float(self.modelled_rate or 0.0) if self.rate == -1.0 else self.rate

    @property
    def duration(self) -> float:
        """The length of the infusion [h]; 0 for a bolus."""
        if self.rate == -2.0:
            return float(self.modelled_duration or 0.0)
        return self.arriving / self.speed if self.speed else 0.0


Check = tuple[bool, str, object, str]


def _general(record: Record) -> list[Check]:
    return [
        (_at_least_0(record.time), "TIME", record.time, "a finite number of hours that is not negative"),
        (record.event in range(5), "EVID", record.event, "0, 1, 2, 3 or 4"),
        *((_finite(value), name, value, "a finite number") for name, value in record.inputs),
    ]


def _idle(record: Record) -> list[Check]:
    return [(record.amount == 0, "AMT", record.amount, f"none, because EVID is {record.event}, which is no dose")]


def _dosing(record: Record) -> list[Check]:
    count = record.additional
    return [
        (_at_least_0(record.amount), "AMT", record.amount, "a finite amount that is not negative"),
        (type(record.compartment) is int and record.compartment >= 1, "CMT", record.compartment, "a number of a compartment from 1 on"),
        (_at_least_0(record.rate) or record.rate in (-1, -2), "RATE", record.rate, "0, a rate, or -1 or -2 with R or D"),
        (record.rate != -1 or _above_0(record.modelled_rate), "R", record.modelled_rate, "a rate above 0, because RATE is -1"),
        (record.rate != -2 or _above_0(record.modelled_duration), "D", record.modelled_duration, "hours above 0, because RATE is -2"),
        (_at_least_0(record.interval), "II", record.interval, "a finite number of hours that is not negative"),
        (type(count) is int and 0 <= count < MAX_COUNT, "ADDL", count, f"a whole number from 0 to {MAX_COUNT - 1}"),
        (record.steady in (0, 1, 2), "SS", record.steady, "0, 1 or 2"),
        (_at_least_0(record.bioavailability), "F", record.bioavailability, "a finite share that is not negative"),
        (_at_least_0(record.lag), "ALAG", record.lag, "a finite number of hours that is not negative"),
    ]


_REPAIRS = {
    "TIME": "Count TIME from the first record of the individual, so that none is negative",
    "EVID": "Write 0 for an observation, 1 for a dose, 2 for any other event, 3 to reset, 4 to reset and dose",
    "AMT": "Check the sign; what was given cannot be taken back",
    "RATE": "Write the rate of the infusion, or 0 for a dose at once",
    "R": "Write the rate into the column R, or write it as RATE instead of -1",
    "D": "Write the duration into the column D, or the rate of the infusion as RATE instead of -2",
    "SS": "Write 1 where the dose finds the steady state, else 0",
}


def _repair(record: Record, name: str) -> str:
    if name == "AMT" and not record.doses:
        return "Write EVID 1 if this is a dose, else . for AMT"
    return _REPAIRS.get(name, f"Correct {name} of this record")


def _contradictions(record: Record) -> list[tuple[str, str, str]]:
    if record.endless and record.amount == 0 and record.rate not in (0, -2) and not record.additional:
        return []  # a constant infusion that is at its steady state
    if record.steady and record.interval == 0:
        expected = "II above 0, or for a constant infusion AMT 0 and a rate, without ADDL"
        return [(f"SS is {record.steady} but II is 0", expected, "Write the hours between the doses into II")]
    if record.amount == 0:
        return [("AMT is 0 in a dosing record", "an amount above 0", "Write the dose into AMT, or EVID 2 if nothing is given")]
    if record.additional and record.interval == 0:
        repair = "Write the hours between the doses into II, or 0 into ADDL"
        return [(f"ADDL is {record.additional} but II is 0", "II above 0 where ADDL is above 0", repair)]
    if not math.isfinite(record.speed) or not math.isfinite(record.duration):
        return [("the infusion has no finite rate and duration", "an amount and a rate that fit", "Check AMT and RATE")]
    if record.steady and max(record.duration, record.lag) / record.interval > MAX_COUNT:
        problem = f"II is {record.interval!r}, far below lag or duration"
        return [(problem, f"at most {MAX_COUNT} doses on their way at once", "Check II, ALAG and the duration")]
    return []


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _at_least_0(value: object) -> bool:
    return isinstance(value, int | float) and _finite(value) and value >= 0


def _above_0(value: object) -> bool:
    return isinstance(value, int | float) and _finite(value) and value > 0


@dataclass(frozen=True)
class Person:
    """One individual: its name and its records in the order in which they are worked off.

    Raises
    ------
    RegimenError
        When there is no record, time runs backward, or a record lacks an input that another one has.
    """

    id: str
    records: tuple[Record, ...]

    def __post_init__(self) -> None:
        if not self.records:
            raise RegimenError(Issue("the individual has no record", id=self.id))
        issues = []
        names = [name for name, _ in self.records[0].inputs]
        for before, record in zip(self.records, self.records[1:], strict=False):
            if record.time < before.time:
                problem = f"TIME {record.time:g} is before the record above ({before.time:g})"
                repair = "After a reset, let time run on or give the rows a new ID" if record.resets else "Sort the rows of each ID by TIME"
                issues.append(Issue(problem, record.file, record.line, expected="records in order of time", repair=repair))
            if [name for name, _ in record.inputs] != names:
                expected = ", ".join(names) or "none"
                issues.append(Issue("the record has other inputs than the first", record.file, record.line, expected=expected))
        if issues:
            raise RegimenError(issues)

    @property
    def observed(self) -> tuple[float, ...]:
        """Times of the observations [h]."""
        return tuple(record.time for record in self.records if record.event == OBSERVATION)


def in_time_unit(people: Sequence[Person], per_hour: float) -> tuple[Person, ...]:
    """Return the individuals with times in the unit of a model, `per_hour` of which make an hour."""
    if per_hour == 1.0:
        return tuple(people)
    return tuple(replace(person, records=tuple(_scaled(record, per_hour) for record in person.records)) for person in people)


def _scaled(record: Record, per_hour: float) -> Record:
    return replace(
        record,
        time=record.time * per_hour,
        interval=record.interval * per_hour,
        lag=record.lag * per_hour,
        rate=record.rate / per_hour if record.rate > 0 else record.rate,
        modelled_rate=None if record.modelled_rate is None else record.modelled_rate / per_hour,
        modelled_duration=None if record.modelled_duration is None else record.modelled_duration * per_hour,
    )
