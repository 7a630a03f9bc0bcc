"""Individuals with event records -> arrays: schedules, steady states, one plan for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.codegen.infusion import with_infusions
from serdsim.codegen.kernel import Kernel, build
from serdsim.dosing.records import Person
from serdsim.engine.plan import KINDS, Arrays, Plan, Schedule
from serdsim.errors import InputError, Issue, RegimenError
from serdsim.simulation.event_rules import STEADY, Diary, Item, follow
from serdsim.simulation.steady import NO_STEADY_STATE, Steady, steady_states

Integrate = Callable[[Equations, Plan], Arrays]


@dataclass(frozen=True)
class Recorded:
    """Arrays of the observations; row k of an individual is its observation number k, +inf in `times` where it has fewer.

    Attributes
    ----------
    arrays : Arrays
        The status may also be `no_steady_state`, with words that start with "no steady state: ".
    times : ndarray, shape (observation, individual)
    """

    arrays: Arrays
    times: np.ndarray


def run_records(
    equations: Equations,
    given: np.ndarray,
    people: Sequence[Person],
    compartments: Mapping[int, str],
    outputs: Sequence[str],
    integrate: Integrate,
    *,
    rtol: float = 1e-8,
    atol: float = 1e-12,
) -> Recorded:
    """Return the outputs of individuals at their observation records.

    Parameters
    ----------
    equations : Equations
        Of the model, without infusions.
    given : ndarray, shape (given, individual)
    people : sequence of Person
        Times in the unit of the model, amounts in its unit of substance.
    compartments : mapping of int to str
        Species of each compartment that is dosed.
    outputs : sequence of str
    integrate : callable
        Equations and Plan -> Arrays; called once for all individuals and some times for their steady states.

    Raises
    ------
    InputError
        For an individual without observation, a compartment without species, a record for an input that the model does not
        have, and a dose of a steady state added to others (SS=2) in a model that does not start empty.
    """
    check_people(equations, people, compartments)
    infused = [compartments[r.compartment] for person in people for r in person.records if r.doses and r.speed]
    kernel = build(with_infusions(equations, infused))
    given = np.vstack([given, np.zeros((len(kernel.equations.given) - len(given), given.shape[1]))])
    diaries = [follow(person, compartments) for person in people]
    steadies = _steadies(kernel, given, diaries, integrate, atol)
    _check_sums(people, steadies)
    start = min(person.records[0].time for person in people)
    times, placed = _observations(diaries)
    lists = [_items(kernel, diary, own, person, start) for diary, own, person in zip(diaries, steadies, people, strict=True)]
    plan = Plan(given, times, tuple(outputs), schedule=_schedule(lists), placed=placed, start_time=start, rtol=rtol, atol=atol)
    return Recorded(_with_failures(integrate(kernel.equations, plan), steadies), times)


def check_people(equations: Equations, people: Sequence[Person], compartments: Mapping[int, str]) -> None:
    """Raise an InputError for records that do not fit the model."""
    issues = [] if people else [Issue("there is no individual", expected="at least one record")]
    for number, id in sorted(compartments.items()):
        if id not in equations.states:
            expected = f"one of {', '.join(equations.states)}"
            problem = f"compartment {number} is no species that can be dosed"
            issues.append(Issue(problem, id=id, expected=expected, repair="Name one of these"))
    issues += [issue for person in people for issue in _misfits(equations, person, compartments)]
    if issues:
        raise RegimenError(issues)


def _misfits(equations: Equations, person: Person, compartments: Mapping[int, str]) -> list[Issue]:
    first = person.records[0]
    listed = ", ".join(f"{number}={id}" for number, id in sorted(compartments.items())) or "none"
    issues = [
        Issue(
            f"CMT is {record.compartment}, which stands for no species",
            record.file,
            record.line,
            expected=f"one of {listed}",
            repair="Write one of these into CMT, or name its species in --compartments",
        )
        for record in person.records
        if record.doses and record.compartment not in compartments
    ]
    if not person.observed:
        expected, repair = "a record of EVID 0", "Add a record at each time that is wanted"
        issues.append(Issue("the individual has no observation", first.file, first.line, person.id, expected, repair))
    missing = [name for name, _ in first.inputs if name not in equations.constants]
    return issues + [
        Issue("the model has no such input", first.file, first.line, id=name, expected="a constant of the model") for name in missing
    ]


def _steadies(kernel: Kernel, given: np.ndarray, diaries: Sequence[Diary], integrate: Integrate, atol: float) -> list[list[Steady]]:
    owners = [i for i, diary in enumerate(diaries) for _ in diary.trains]
    trains = [train for diary in diaries for train in diary.trains]
    found = iter(steady_states(kernel, partial(integrate, kernel.equations), trains, given[:, owners], atol))
    return [[next(found) for _ in diary.trains] for diary in diaries]


def _check_sums(people: Sequence[Person], steadies: Sequence[Sequence[Steady]]) -> None:
    for person, own in zip(people, steadies, strict=True):
        record = next((r for r in person.records if r.steady == 2), None)
        if record is not None and any(np.any(one.begin != 0.0) for one in own):
            problem = "SS is 2, but the model does not start empty, so that states do not add up"
            raise InputError(Issue(problem, record.file, record.line, id=person.id, expected="SS 1, or a model whose amounts start at 0"))


def _observations(diaries: Sequence[Diary]) -> tuple[np.ndarray, np.ndarray]:
    most = max(len(diary.observed) for diary in diaries)
    times, placed = np.full((most, len(diaries)), np.inf), np.zeros((most, len(diaries)), bool)
    for i, diary in enumerate(diaries):
        times[: len(diary.observed), i] = diary.observed
        placed[: len(diary.observed), i] = diary.placed
    return times, placed


def _items(kernel: Kernel, diary: Diary, steadies: Sequence[Steady], person: Person, start: float) -> list[Item]:
    """Return the items with the states of the trains in the place of their names."""
    first = person.records[0].time
    items: list[Item] = [(first, "reset", 0, 0.0)] if first > start else []
    for item in diary.items:
        time, kind, target, value = item
        if kind != STEADY:
            items.append(item)
            continue
        steady = steadies[int(target)]
        if steady.failure:
            continue
        above = steady.state - (steady.begin if value == 1 else 0.0)
        items += [(time, "add", id, float(change)) for id, change in zip(kernel.equations.states, above, strict=True) if change]
    return items


def _schedule(lists: Sequence[Sequence[Item]]) -> Schedule:
    items = [item for one in lists for item in one]
    names = tuple(dict.fromkeys(target for _, _, target, _ in items if isinstance(target, str)))
    place = {name: number for number, name in enumerate(names)}
    return Schedule(
        names=names,
        starts=np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64),
        times=np.array([time for time, _, _, _ in items], float),
        kinds=np.array([KINDS.index(kind) for _, kind, _, _ in items], np.int8),
        targets=np.array([place[target] if isinstance(target, str) else target for _, _, target, _ in items], np.int32),
        values=np.array([value for _, _, _, value in items], float),
    )


def _with_failures(arrays: Arrays, steadies: Sequence[Sequence[Steady]]) -> Arrays:
    """Return the arrays without the values of individuals that lack a steady state."""
    words = [next((steady.failure for steady in own if steady.failure), "") for own in steadies]
    lost = np.array([bool(text) for text in words], bool)
    if not np.any(lost):
        return arrays
    values, status = arrays.values.copy(), arrays.status.copy()
    values[:, :, lost], status[lost] = np.nan, NO_STEADY_STATE
    message = tuple(text or said for text, said in zip(words, arrays.message, strict=True))
    return replace(arrays, values=values, status=status, message=message)
