"""What is wrong with a problem whose tables could be read: every issue, with file, line and repair."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from serdsim.errors import Issue, ModelError
from serdsim.fit.problem import Change, Experiment, Measurement, Observable, Period, Problem, Quantity, written_out
from serdsim.fit.version_two import UNNAMED
from serdsim.model.compatibility import require_supported
from serdsim.model.entities import Place
from serdsim.model.expression import Expression, symbols


@dataclass(frozen=True)
class Linted:
    """A problem and what is wrong with it; the problem is None where something is."""

    problem: Problem | None
    issues: tuple[Issue, ...]


def lint_problem(problem: Problem) -> list[Issue]:
    """Return every issue of a problem whose tables could be read."""
    return [issue for part in (_model, _parameters, _conditions, _experiments, _observables, _measurements) for issue in part(problem)]


def _issue(problem: str, place: Place, id: str | None = None, expected: str | None = None, repair: str | None = None) -> Issue:
    return Issue(problem, place.file, place.line, id, expected, repair)


def known_ids(problem: Problem) -> frozenset[str]:
    """Return every id that a formula may read."""
    model = problem.model
    targets = (change.target for condition in problem.conditions.values() for change in condition.changes)
    return frozenset((*model.parameters, *model.species, *model.compartments, *model.reactions, *problem.parameters, *targets, "time"))


def _unknown(formula: Expression, known: Iterable[str], place: Place, id: str) -> Iterator[Issue]:
    for name in sorted(symbols(formula).difference(known)):
        near = get_close_matches(name, sorted(known), 1)
        repair = f'Perhaps you mean "{near[0]}"' if near else "Add it to the parameter table, or correct the name"
        yield _issue(f'the formula reads "{name}", which nothing defines', place, id, None, repair)


def _model(problem: Problem) -> Iterator[Issue]:
    try:
        require_supported(problem.model)
    except ModelError as error:
        yield from error.issues
    model = problem.model
    targets = {change.target for condition in problem.conditions.values() for change in condition.changes}
    given = {*problem.parameters, *targets, *(rule.target for rule in model.rules)}
    for table in (model.compartments, model.species, model.parameters):
        for id, one in table.items():
            if one.value is None and id not in given:
                file = one.place.file or model.origin or None
                yield Issue("has no value", file, one.place.line, id, None, "Give it one in the model, the parameter table or a condition")


def _parameters(problem: Problem) -> Iterator[Issue]:
    model = problem.model
    ruled = {rule.target for rule in model.rules if rule.kind != "initial"}
    changed = {target for event in model.events.values() for target, _ in event.assignments}
    for id, one in problem.parameters.items():
        if id in model.species or id in model.compartments or id in model.reactions:
            yield _issue("only parameters may be in the parameter table", one.place, id, repair="Set it in the condition table")
        elif id in ruled | changed:
            yield _issue("a rule or an event of the model computes it", one.place, id, "a parameter that the model keeps constant")
        yield from _bounds(one)


def _bounds(one: Quantity) -> Iterator[Issue]:
    if one.estimate and (one.lower is None or one.upper is None):
        yield _issue("an estimated parameter has no bounds", one.place, one.id, "lowerBound and upperBound")
        return
    if one.lower is not None and one.upper is not None and not one.lower < one.upper and one.estimate:
        yield _issue(f"the lower bound {one.lower:g} is not below the upper bound {one.upper:g}", one.place, one.id)
    if one.scale != "lin" and one.estimate and not (one.lower or 0.0) > 0.0:
        repair = "Raise the bound, or estimate the parameter on the scale lin"
        yield _issue(f"the lower bound {one.lower:g} has no logarithm", one.place, one.id, "a bound above 0", repair)


def _conditions(problem: Problem) -> Iterator[Issue]:
    model = problem.model
    known = known_ids(problem)
    assigned = {rule.target for rule in model.rules if rule.kind in ("assignment", "algebraic")}
    inside = {*model.parameters, *model.species, *model.compartments}
    loose = set() if problem.version == 2 else _read_by_observables(problem)
    for condition in problem.conditions.values():
        seen: set[str] = set()
        for change in condition.changes:
            if change.target in seen:
                yield _issue(f'the condition sets "{change.target}" twice', change.place, condition.id, repair="Keep one row")
            seen.add(change.target)
            yield from _target(change, condition.id, inside | loose, assigned)
            yield from _unknown(change.value, known, change.place, condition.id)


def _read_by_observables(problem: Problem) -> set[str]:
    formulas = (formula for one in problem.observables.values() for formula in (one.formula, one.noise.formula))
    return {name for formula in formulas for name in symbols(formula)}


def _target(change: Change, id: str, settable: set[str], assigned: set[str]) -> Iterator[Issue]:
    if change.target in assigned:
        yield _issue(f'a rule of the model computes "{change.target}"', change.place, id, "a target that no assignment rule has")
    elif change.target not in settable:
        near = get_close_matches(change.target, sorted(settable), 1)
        repair = f'Perhaps you mean "{near[0]}"' if near else "Correct the name, or add the parameter to the model"
        yield _issue(f'the model has no "{change.target}"', change.place, id, "a species, parameter or compartment of the model", repair)


def _experiments(problem: Problem) -> Iterator[Issue]:
    for one in problem.experiments.values():
        yield from _periods(problem, one)


def _periods(problem: Problem, one: Experiment) -> Iterator[Issue]:
    for period in one.periods:
        lost = [id for id in period.conditions if id not in problem.conditions]
        for id in lost:
            near = get_close_matches(id, problem.conditions, 1)
            yield _issue(f'there is no condition "{id}"', one.place, one.id, None, f'Perhaps you mean "{near[0]}"' if near else None)
        if lost:
            continue
        if period is one.periods[0] or problem.version == 1:
            yield from _first(problem, one, period)
        targets = [change.target for change in problem.changes(period)]
        for target in sorted({target for target in targets if targets.count(target) > 1}):
            if len(period.conditions) > 1:
                words = f'conditions {", ".join(period.conditions)} of one time all set "{target}"'
                yield _issue(words, one.place, one.id, "one value")


def _first(problem: Problem, one: Experiment, period: Period) -> Iterator[Issue]:
    """Yield what the first conditions read although nothing has a value yet but parameters."""
    ruled = {rule.target for rule in problem.model.rules}
    known = {*problem.parameters, *(id for id in problem.model.parameters if id not in ruled), "time"}
    for change in problem.changes(period):
        for name in sorted(symbols(change.value) & known_ids(problem) - known):
            words = f'the first condition of experiment "{one.id}" reads "{name}", which has no value before the start'
            yield _issue(words, change.place, change.target, "parameters and numbers")


def _observables(problem: Problem) -> Iterator[Issue]:
    known = known_ids(problem)
    for id, one in problem.observables.items():
        held = {*known, *one.placeholders, *one.noise_placeholders}
        for formula in (one.formula, one.noise.formula):
            yield from _unknown(written_out(problem, formula), held, one.place, id)


def _measurements(problem: Problem) -> Iterator[Issue]:
    if not problem.measurements and not problem.terms:
        yield Issue("the problem has no measurements", repair="Add rows to the measurement table")
    known = known_ids(problem)
    for one in problem.measurements:
        observable, experiment = problem.observables.get(one.observable), problem.experiments.get(one.experiment)
        if observable is None:
            near = get_close_matches(one.observable, problem.observables, 1)
            repair = f'Perhaps you mean "{near[0]}"' if near else None
            yield _issue(f'there is no observable "{one.observable}"', one.place, repair=repair)
        else:
            yield from _measurement(one, observable)
        if experiment is None:
            near = get_close_matches(one.experiment, [id for id in problem.experiments if id != UNNAMED], 1)
            repair = f'Perhaps you mean "{near[0]}"' if near else None
            yield _issue(f'there is no experiment "{one.experiment}"', one.place, one.observable, None, repair)
        elif one.time < experiment.start:
            words = f"the time {one.time:g} lies before the start of the experiment"
            yield _issue(words, one.place, one.observable, f"{experiment.start:g} or later")
        for formula in (*one.overrides, *one.noise_overrides):
            yield from _unknown(formula, known, one.place, one.observable)


def _measurement(one: Measurement, observable: Observable) -> Iterator[Issue]:
    pairs = (
        ("observableParameters", one.overrides, observable.placeholders),
        ("noiseParameters", one.noise_overrides, observable.noise_placeholders),
    )
    for column, given, wanted in pairs:
        if len(given) != len(wanted):
            expected = (
                f"{len(wanted)}, divided by semicolons ({', '.join(wanted)})" if wanted else "none, since the formula has no placeholder"
            )
            yield _issue(f'the column "{column}" gives {len(given)} values', one.place, one.observable, expected)
    if observable.noise.scale != "lin" and not one.value > 0.0 and not math.isnan(one.value):
        words = f"the measurement {one.value:g} has no logarithm, which its noise asks for"
        yield _issue(words, one.place, one.observable, "a number above 0", "Leave the row out, or choose another noise distribution")
