"""A problem made ready: one set of equations in which every id of the problem is a quantity, and what is read from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from serdsim.codegen.equations import Equations, derive
from serdsim.codegen.kernel import Kernel, build
from serdsim.engine.engines import Engine, engine_for
from serdsim.fit.formula import number_of
from serdsim.fit.problem import Change, Experiment, Measurement, Period, Problem, Readout, written_out
from serdsim.model.entities import Model, Parameter, Rule
from serdsim.model.expression import TIME, Apply, Expression, Number, Symbol, substitute, symbols

_FIRST, _CHOSEN = "__first", "__chosen"  # value that a first condition gives a quantity, and whether it does


@dataclass(frozen=True)
class System:
    """What is integrated for a problem.

    Attributes
    ----------
    outputs : tuple of str
        Ids that formulas of observables and noises read.
    usual : ndarray, shape (given,)
        Values of `equations.given` before parameters and conditions change them.
    moving : frozenset of str
        Ids whose values are not known before a simulation.
    """

    problem: Problem
    model: Model
    equations: Equations
    kernel: Kernel
    engine: Engine
    outputs: tuple[str, ...]
    usual: np.ndarray
    moving: frozenset[str]

    def early(self, change: Change) -> bool:
        """Return whether a change after a steady state acts like one of the start: in version 1, of what is not integrated."""
        return self.problem.version == 1 and change.target not in self.held

    @property
    def held(self) -> frozenset[str]:
        """Ids of states and of species that nothing moves."""
        return frozenset((*self.equations.states, *self.model.species))

    def replacing(self, id: str) -> tuple[str, str]:
        """Return the ids that bring another start value than an initial assignment gives, and say so; empty where there is none."""
        return (id + _FIRST, id + _CHOSEN) if id + _CHOSEN in self.equations.given else ("", "")

    def begin(self, values: Mapping[str, float], changes: Sequence[Change], time: float) -> tuple[np.ndarray, np.ndarray, list[float]]:
        """Return what an individual brings, its state (amounts) and its inputs, when changes act before the initial assignments."""
        at = {id: i for i, id in enumerate(self.equations.given)}
        given = self.usual.copy()
        for id, value in values.items():
            if id in at:
                given[at[id]] = value
        known = {**dict(zip(at, given.tolist(), strict=True)), **values, TIME.id: time}
        for change in changes:
            first, chosen = self.replacing(change.target)
            given[at[first or change.target]] = number_of(change.value, known)
            if chosen:
                given[at[chosen]] = 1.0
        state, inputs = self.kernel.start(given.tolist())
        return given, np.array(state, float), list(inputs)


def system_of(problem: Problem) -> System:
    """Return the system of a problem."""
    model = _extended(problem)
    equations = derive(model)
    formulas = [formula for one in problem.measurements for formula in formulas_of(problem, one)]
    ids = {
        name for formula in (*formulas, *(reading_formula(problem, one) for one in problem.readings.values())) for name in symbols(formula)
    }
    return System(
        problem=problem,
        model=model,
        equations=equations,
        kernel=build(equations),
        engine=engine_for(equations),
        outputs=tuple(sorted(ids - {TIME.id})) or tuple(model.parameters)[:1] or equations.states[:1],
        usual=np.array([_value(model, id) for id in equations.given]),
        moving=frozenset((*equations.states, *(id for id, _ in equations.moving), TIME.id)),
    )


def formulas_of(problem: Problem, one: Measurement) -> tuple[Expression, Expression]:
    """Return the formulas of a measurement's observable and of its noise, with its own numbers in place."""
    observable = problem.observables[one.observable]
    own = dict(zip(observable.placeholders, one.overrides, strict=True))
    own |= dict(zip(observable.noise_placeholders, one.noise_overrides, strict=True))
    formulas = [substitute(written_out(problem, part), own) for part in (observable.formula, observable.noise.formula)]
    return formulas[0], formulas[1]


def reading_formula(problem: Problem, one: Readout) -> Expression:
    """Return the formula of a reading's observable."""
    return written_out(problem, problem.observables[one.observable].formula)


def needs_state(system: System, period: Period) -> bool:
    """Return whether what a period sets is known only when the state before it is."""
    return any(
        change.target in system.model.compartments or symbols(change.value) & system.moving for change in system.problem.changes(period)
    )


def wanted_times(problem: Problem) -> dict[str, list[float]]:
    """Return the times that measurements and readings ask for, by experiment."""
    wanted: dict[str, list[float]] = {}
    asked = [(one.experiment, one.time) for one in problem.measurements]
    for experiment, time in (*asked, *((one.experiment, one.time) for one in problem.readings.values())):
        wanted.setdefault(experiment, []).append(time)
    return wanted


def used_experiments(problem: Problem) -> tuple[Experiment, ...]:
    """Return the experiments that measurements and readings ask for."""
    asked = wanted_times(problem)
    return tuple(one for id, one in problem.experiments.items() if id in asked)


def _value(model: Model, id: str) -> float:
    if id not in {*model.parameters, *model.species, *model.compartments}:
        return _stoichiometry(model, id)
    value = model[id].value
    return np.nan if value is None else float(value)


def _stoichiometry(model: Model, id: str) -> float:
    parts = (part for reaction in model.reactions.values() for part in (*reaction.reactants, *reaction.products))
    found = next((part.stoichiometry for part in parts if part.id == id), np.nan)
    return float(found) if isinstance(found, int | float) else np.nan


def _extended(problem: Problem) -> Model:
    """Return the model with every id of the problem as a parameter, and with initial values that a first condition can replace."""
    model = problem.model
    targets = {change.target for condition in problem.conditions.values() for change in condition.changes}
    inside = {*model.parameters, *model.species, *model.compartments}
    new = {id: Parameter(id, None, None) for id in (*problem.parameters, *sorted(targets)) if id not in inside}
    first = {rule.target: rule for rule in model.rules if rule.kind == "initial" and rule.target not in problem.parameters}
    last = None if problem.version == 1 else 1
    early = [period for one in used_experiments(problem) for period in one.periods[:last]]
    chosen = sorted({change.target for period in early for change in problem.changes(period)} & {*first, *model.species})
    for id in chosen:
        usual = first[id].expression if id in first else _written(model, id)
        picked = (Symbol(id + _FIRST), Apply("gt", (Symbol(id + _CHOSEN), Number(0.5))), usual)
        first[id] = Rule("initial", id, Apply("piecewise", picked))
        new |= {id + _FIRST: Parameter(id + _FIRST, math.nan, None), id + _CHOSEN: Parameter(id + _CHOSEN, 0.0, None)}
    rules = (*(rule for rule in model.rules if rule.kind != "initial"), *first.values())
    return replace(model, parameters={**model.parameters, **new}, rules=rules)


def _written(model: Model, id: str) -> Expression:
    """Return the start value of a species as it is meant in formulas."""
    one = model.species[id]
    value = Number(math.nan if one.value is None else one.value)
    if one.initial_amount == one.only_amount:
        return value
    return Apply("divide" if one.initial_amount else "times", (value, Symbol(one.compartment)))
