"""A problem made ready: one set of equations in which every id of the problem is a quantity, and what is read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from serdsim.codegen.equations import Equations, derive
from serdsim.codegen.kernel import Kernel, build
from serdsim.engine.engines import Engine, engine_for
from serdsim.fit.formula import number_of
from serdsim.fit.problem import Change, Experiment, Measurement, Period, Problem
from serdsim.model.entities import Model, Parameter
from serdsim.model.expression import TIME, Expression, substitute, symbols

_EARLY = 1  # the version in which a condition acts before the initial assignments


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
        """Return whether a change acts before the initial assignments: in version 1, of what is not integrated."""
        return self.problem.version == _EARLY and change.target in self.equations.given and change.target not in self.held

    @property
    def held(self) -> frozenset[str]:
        """Ids of states and of species that nothing moves."""
        return frozenset((*self.equations.states, *self.model.species))

    def begin(self, values: Mapping[str, float], period: Period) -> tuple[np.ndarray, np.ndarray, list[float]]:
        """Return what an individual brings, its state (amounts) and its inputs, at the start of a period."""
        at = {id: i for i, id in enumerate(self.equations.given)}
        given = self.usual.copy()
        for id, value in values.items():
            if id in at:
                given[at[id]] = value
        known = {**dict(zip(at, given.tolist(), strict=True)), **values}
        for change in self.problem.changes(period):
            if self.early(change):
                given[at[change.target]] = number_of(change.value, known)
        state, inputs = self.kernel.start(given.tolist())
        return given, np.array(state, float), list(inputs)


def system_of(problem: Problem) -> System:
    """Return the system of a problem."""
    model = _extended(problem)
    equations = derive(model)
    ids = {name for one in problem.measurements for formula in formulas_of(problem, one) for name in symbols(formula)}
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
    formula = substitute(observable.formula, own)
    return formula, substitute(observable.noise.formula, {observable.id: formula, **own})


def needs_state(system: System, period: Period) -> bool:
    """Return whether what a period sets is known only when the state before it is."""
    return any(
        change.target in system.model.compartments or symbols(change.value) & system.moving for change in system.problem.changes(period)
    )


def used_experiments(problem: Problem) -> tuple[Experiment, ...]:
    """Return the experiments that measurements ask for."""
    asked = {one.experiment for one in problem.measurements}
    return tuple(one for id, one in problem.experiments.items() if id in asked)


def _value(model: Model, id: str) -> float:
    try:
        value = model[id].value
    except Exception:  # a stoichiometry that has an id
        return _stoichiometry(model, id)
    return np.nan if value is None else float(value)


def _stoichiometry(model: Model, id: str) -> float:
    parts = (part for reaction in model.reactions.values() for part in (*reaction.reactants, *reaction.products))
    found = next((part.stoichiometry for part in parts if part.id == id), np.nan)
    return float(found) if isinstance(found, int | float) else np.nan


def _extended(problem: Problem) -> Model:
    """Return the model with every id of the problem as a parameter, and without initial assignments that the problem replaces."""
    model = problem.model
    targets = {change.target for condition in problem.conditions.values() for change in condition.changes}
    inside = {*model.parameters, *model.species, *model.compartments}
    new = {id: Parameter(id, None, None) for id in (*problem.parameters, *sorted(targets)) if id not in inside}
    early = {id for id in targets if id in model.parameters} if problem.version == _EARLY else set()
    replaced = {*problem.parameters, *early}
    rules = tuple(rule for rule in model.rules if not (rule.kind == "initial" and rule.target in replaced))
    return replace(model, parameters={**model.parameters, **new}, rules=rules)
