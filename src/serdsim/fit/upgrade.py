"""A problem of PEtab 1 said in PEtab 2, or every reason why it cannot be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from serdsim.errors import InputError, Issue
from serdsim.fit.formula_text import as_read
from serdsim.fit.problem import Condition, Experiment, Measurement, Noise, Observable, Period, Problem, Quantity, written_out
from serdsim.fit.rest import after_rest
from serdsim.model.entities import Place
from serdsim.model.expression import Apply, Expression, Number, Symbol, substitute, symbols


def in_version_two(problem: Problem) -> Problem:
    """Return the problem as PEtab 2 says it; its likelihood is the same, its prior up to a constant.

    Scales of parameters are left out, since version 2 leaves them to whoever fits. Noise on the scale log10 becomes log-normal or
    log-laplace with a width that is ln(10) times as large. A parameter that conditions set although the model does not have it
    becomes a placeholder of the observables that read it. What a second condition takes back after a steady state is set back.

    Raises
    ------
    InputError
        With everything that version 2 cannot say.
    """
    if problem.version == 2:
        return problem
    loose = _loose(problem)
    issues = [*_of_priors(problem), *_of_targets(problem)]
    conditions = {
        id: replace(one, changes=tuple(c for c in one.changes if c.target not in loose)) for id, one in problem.conditions.items()
    }
    conditions = {id: one for id, one in conditions.items() if one.changes}
    names = _names(problem)
    experiments: dict[str, Experiment] = {}
    for old, one in problem.experiments.items():
        periods = [Period(period.time, tuple(id for id in period.conditions if id in conditions)) for period in one.periods]
        if len(periods) > 1:
            back, refused = after_rest(problem, one, loose)
            issues += refused
            if back:
                id = _free(f"{names[old]}_back", conditions)
                conditions[id] = Condition(id, back, one.place)
                periods[1] = replace(periods[1], conditions=(*periods[1].conditions, id))
        experiments[names[old]] = Experiment(names[old], tuple(periods), one.place)
    held = {id: _placed(problem, one, loose) for id, one in problem.observables.items()}
    measurements = [_measured(problem, one, held, issues) for one in problem.measurements]
    if issues:
        raise InputError(list(dict.fromkeys(issues)))
    return replace(
        problem,
        version=2,
        parameters={id: _quantity(one) for id, one in problem.parameters.items()},
        observables={id: _observable(problem, one, *held[id]) for id, one in problem.observables.items()},
        conditions=conditions,
        experiments=experiments,
        measurements=tuple(replace(one, experiment=names[one.experiment]) for one in measurements),
        readings={id: replace(one, experiment=names[one.experiment]) for id, one in problem.readings.items()},
    )


def refusal(words: str, place: Place, id: str, repair: str | None = None) -> Issue:
    """Return the issue that something has no words in version 2."""
    return Issue(words, place.file, place.line, id, "what PEtab 2 can say", repair)


def _names(problem: Problem) -> dict[str, str]:
    names: dict[str, str] = {}
    for old, one in problem.experiments.items():
        names[old] = _free("__".join(id for period in one.periods for id in period.conditions), names.values())
    return names


def _free(id: str, used: object) -> str:
    while id in used:  # type: ignore[operator]
        id += "_"
    return id


def _loose(problem: Problem) -> frozenset[str]:
    """Return the targets of conditions that the model does not have."""
    model = problem.model
    inside = {*model.parameters, *model.species, *model.compartments}
    return frozenset(change.target for one in problem.conditions.values() for change in one.changes) - inside


def _of_priors(problem: Problem) -> Iterator[Issue]:
    for id, one in problem.parameters.items():
        if one.estimate and one.prior is not None and one.prior.scale != "lin":
            words = f"the prior speaks of the parameter on the scale {one.prior.scale}; version 2 knows densities of the value itself"
            yield refusal(words, one.place, id, "Choose a prior of the value itself; another optimum would be written otherwise")
        elif one.estimate and one.prior is None and not all(end is not None and math.isfinite(end) for end in (one.lower, one.upper)):
            yield refusal("a parameter without a prior has infinite bounds, between which version 2 makes it uniform", one.place, id)


def _of_targets(problem: Problem) -> Iterator[Issue]:
    model = problem.model
    for id, condition in problem.conditions.items():
        for change in condition.changes:
            inside = change.target in {*model.parameters, *model.species, *model.compartments}
            if change.target in problem.parameters and inside:
                yield refusal(
                    f'"{change.target}" is in the condition table and in the parameter table', change.place, id, "Keep one of them"
                )
            for name in sorted(symbols(change.value) & _loose(problem)):
                yield refusal(f'the formula reads "{name}", which is set by a condition and is not in the model', change.place, id)


def _quantity(one: Quantity) -> Quantity:
    return replace(one, scale="lin", prior=None if one.prior is None else replace(one.prior, scale="lin", cut=True))


Held = tuple[dict[str, str], dict[str, str]]  # placeholders of formula and noise, by what they stand for


def _placed(problem: Problem, one: Observable, loose: frozenset[str]) -> Held:
    """Return the new placeholders of an observable for what conditions set although the model does not have it."""
    formula, noise = (sorted(symbols(written_out(problem, part)) & loose) for part in (one.formula, one.noise.formula))
    used = {*problem.parameters, *one.placeholders, *one.noise_placeholders, *problem.model.parameters}
    names = {id: _free(f"{id}_of_{one.id}", used) for id in (*formula, *noise)}
    return {id: names[id] for id in formula}, {id: names[id] for id in noise if id not in formula}


def _observable(problem: Problem, one: Observable, formula_held: dict[str, str], noise_held: dict[str, str]) -> Observable:
    new: Mapping[str, Expression] = {id: Symbol(name) for id, name in {**formula_held, **noise_held}.items()}
    formula, noise = one.formula, one.noise.formula
    if new:
        formula, noise = (substitute(written_out(problem, part), new) for part in (formula, noise))
    if one.noise.scale == "log10":
        noise = Apply("times", (Number(math.log(10.0)), noise))
    return replace(
        one,
        formula=as_read(formula),
        noise=Noise(as_read(noise), one.noise.distribution, "lin" if one.noise.scale == "lin" else "log"),
        placeholders=(*one.placeholders, *formula_held.values()),
        noise_placeholders=(*one.noise_placeholders, *noise_held.values()),
    )


def _measured(problem: Problem, one: Measurement, held: Mapping[str, Held], issues: list[Issue]) -> Measurement:
    """Return a measurement that brings what its last condition sets and the model does not have."""
    last = {change.target: change for change in problem.changes(problem.experiments[one.experiment].periods[-1])}
    loose = _loose(problem)
    own: dict[str, Expression] = {}
    read = [*symbols_of(one.overrides), *symbols_of(one.noise_overrides)]
    for id in dict.fromkeys((*held[one.observable][0], *held[one.observable][1], *(name for name in read if name in loose))):
        own[id] = last[id].value if id in last else Symbol(id)
        if id not in last and id not in problem.parameters:
            issues.append(refusal(f'nothing gives "{id}" a value', one.place, one.observable))
        elif not symbols(own[id]) <= {*problem.parameters}:
            words = f'the condition gives "{id}" a formula that reads other things than parameters'
            issues.append(refusal(words, last[id].place, id, "Write a number or the id of a parameter"))
    first, second = ([own[id] for id in part] for part in held[one.observable])
    return replace(
        one,
        overrides=(*(substitute(part, own) for part in one.overrides), *first),
        noise_overrides=(*(substitute(part, own) for part in one.noise_overrides), *second),
    )


def symbols_of(formulas: tuple[Expression, ...]) -> tuple[str, ...]:
    """Return what formulas read."""
    return tuple(name for one in formulas for name in sorted(symbols(one)))
