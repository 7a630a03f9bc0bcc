"""Model -> Equations: what mathematics says. States, ordered assignments, rates, derivatives and events."""

from __future__ import annotations

from dataclasses import dataclass

from serdsim.codegen.algebra import ZERO, differentiate, divide, multiply
from serdsim.codegen.rates import RATE, Rates, flux, has_size, means_concentration, name_rates
from serdsim.errors import Issue, ModelError
from serdsim.model.algebraic import solved
from serdsim.model.entities import Event, Model
from serdsim.model.expression import RELATIONS, Apply, Expression, Number, Symbol, symbols, walk

AMOUNT = "__amount"
GIVEN = "__given"


@dataclass(frozen=True)
class Equations:
    """dy/dt and everything that is computed from the state.

    Attributes
    ----------
    states : tuple of str
        Ids of the integrated quantities; a species is integrated as its amount.
    scales : tuple of str or None
        For each state the compartment by which the amount is divided when the species means a concentration.
    constants : tuple of str
        Ids whose values are inputs.
    fixed, moving : tuple of (id, Expression)
        Assignments in order of computation: those that depend on constants only, and all others.
    derivatives : tuple of Expression, one per state
        In terms of constants, assignments and states.
    jacobian : tuple of (row, column, Expression)
        Structural non-zeros.
    partials : tuple of (name, Expression)
        Derivatives of the moving assignments that `jacobian` uses, in order of computation.
    given : tuple of str
        Ids whose values an individual brings; `starting` computes everything else at time zero from them.
    comparisons : tuple of Apply
        Comparisons on which values depend: the integrator stops where one changes.
    """

    states: tuple[str, ...]
    scales: tuple[str | None, ...]
    constants: tuple[str, ...]
    fixed: tuple[tuple[str, Expression], ...]
    moving: tuple[tuple[str, Expression], ...]
    derivatives: tuple[Expression, ...]
    partials: tuple[tuple[str, Expression], ...]
    jacobian: tuple[tuple[int, int, Expression], ...]
    given: tuple[str, ...]
    starting: tuple[tuple[str, Expression], ...]
    comparisons: tuple[Apply, ...]
    events: tuple[Event, ...]
    boundary_flux: tuple[tuple[str, Expression], ...]


def derive(model: Model) -> Equations:
    """Return the equations of a supported model.

    Raises
    ------
    ModelError
        For assignments that depend on each other in a circle.
    """
    model, asked = name_rates(solved(model))
    rates = Rates(model)
    states, scales = _states(model)
    assigned = _assignments(model, dict(zip(states, scales, strict=True)))
    assigned |= {id + RATE: rates.of(id) for id in asked}
    changed = frozenset(target for event in model.events.values() for target, _ in event.assignments)
    inputs = _inputs(model, assigned, states)
    varying = frozenset(states) | changed | {"time"}
    ordered = _ordered(assigned, model)
    given, starting = _starting(model, assigned, states, inputs)
    fixed, moving = _split(ordered, varying)
    derivatives = tuple(rates.of_state(state) for state in states)
    partials, jacobian = _jacobian(states, moving, derivatives)
    events = tuple(model.events.values())
    return Equations(
        states=states,
        scales=scales,
        constants=inputs,
        fixed=fixed,
        moving=moving,
        derivatives=derivatives,
        partials=partials,
        jacobian=jacobian,
        given=given,
        starting=starting,
        comparisons=_comparisons(moving, derivatives, events),
        events=events,
        boundary_flux=tuple(
            (f"net_flux_{id}", flux(model, id)) for id, s in model.species.items() if s.boundary and flux(model, id) != ZERO
        ),
    )


def _states(model: Model) -> tuple[tuple[str, ...], tuple[str | None, ...]]:
    rated = {rule.target for rule in model.rules if rule.kind == "rate"}
    assigned = {rule.target for rule in model.rules if rule.kind == "assignment"}
    changed = {target for event in model.events.values() for target, _ in event.assignments}
    states: list[str] = []
    scales: list[str | None] = []
    moved = {p.species for r in model.reactions.values() for p in (*r.reactants, *r.products)}
    for id, species in model.species.items():
        if id in assigned:
            continue
        free = id in moved and not species.boundary and not species.constant
        resized = not model.compartments[species.compartment].constant
        if free or id in rated or id in changed or resized or not species.constant:
            states.append(id)
            scales.append(species.compartment if means_concentration(model, id) else None)
    for id in (*model.compartments, *model.parameters):
        if id in rated or (id in changed and id not in assigned):
            states.append(id)
            scales.append(None)
    for id in sorted((rated | changed) - set(states) - assigned):  # species references
        states.append(id)
        scales.append(None)
    return tuple(states), tuple(scales)


def _assignments(model: Model, scale_of: dict[str, str | None]) -> dict[str, Expression]:
    assigned: dict[str, Expression] = {}
    for state, scale in scale_of.items():
        if scale is not None:
            assigned[state] = divide(Symbol(state + AMOUNT), Symbol(scale))
    for rule in model.rules:
        if rule.kind == "assignment":
            assigned[rule.target] = rule.expression
    for reaction in model.reactions.values():
        assigned[reaction.id] = reaction.law
    return assigned


def _inputs(model: Model, assigned: dict[str, Expression], states: tuple[str, ...]) -> tuple[str, ...]:
    references = [p.id for r in model.reactions.values() for p in (*r.reactants, *r.products) if p.id]
    every = (*model.compartments, *model.parameters, *model.species, *references)
    return tuple(dict.fromkeys(id for id in every if id not in assigned and id not in states))


def _ordered(assigned: dict[str, Expression], model: Model) -> list[tuple[str, Expression]]:
    ordered: list[tuple[str, Expression]] = []
    done: set[str] = set()
    path: list[str] = []

    def visit(id: str) -> None:
        if id in done or id not in assigned:
            return
        if id in path:
            circle = " -> ".join([*path[path.index(id) :], id])
            raise ModelError(Issue(f"assignments depend on each other in a circle: {circle}", file=model.origin or None, id=id))
        path.append(id)
        for used in sorted(symbols(assigned[id])):
            visit(used)
        path.pop()
        done.add(id)
        ordered.append((id, assigned[id]))

    for id in assigned:
        visit(id)
    return ordered


def _starting(
    model: Model, assigned: dict[str, Expression], states: tuple[str, ...], inputs: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[tuple[str, Expression], ...]]:
    first = {rule.target: rule.expression for rule in model.rules if rule.kind == "initial"}
    ruled = {rule.target for rule in model.rules if rule.kind == "assignment"} | set(model.reactions)
    ruled |= {id for id in assigned if id.endswith(RATE)}
    system: dict[str, Expression] = {}
    given: list[str] = []
    for id in dict.fromkeys((*states, *inputs, *assigned)):
        if id in first or id in ruled:
            system[id] = first[id] if id in first else assigned[id]
            continue
        given.append(id)
        system[id] = _meaning(model, id)
    return tuple(given), tuple(_ordered(system, model))


def _meaning(model: Model, id: str) -> Expression:
    """Return what the id means in mathematics, from the value as the file gives it (amount or concentration)."""
    raw, species = Symbol(id + GIVEN), model.species.get(id)
    if species is None or species.initial_amount == species.only_amount or not has_size(model, species.compartment):
        return raw
    if species.initial_amount:
        return divide(raw, Symbol(species.compartment))
    return multiply(raw, Symbol(species.compartment))


def _split(ordered: list[tuple[str, Expression]], varying: frozenset[str]) -> tuple[tuple[tuple[str, Expression], ...], ...]:
    live = set(varying) | {state + AMOUNT for state in varying}
    fixed, moving = [], []
    for id, expression in ordered:
        if symbols(expression) & live:
            live.add(id)
            moving.append((id, expression))
        else:
            fixed.append((id, expression))
    return tuple(fixed), tuple(moving)


def _jacobian(
    states: tuple[str, ...], moving: tuple[tuple[str, Expression], ...], derivatives: tuple[Expression, ...]
) -> tuple[tuple[tuple[str, Expression], ...], tuple[tuple[int, int, Expression], ...]]:
    partials: list[tuple[str, Expression]] = []
    slopes: dict[int, dict[str, Expression]] = {}
    assigned = {id for id, _ in moving}
    for column, state in enumerate(states):
        known: dict[str, Expression] = {state + AMOUNT: Number(1.0)}
        if state not in assigned:
            known[state] = Number(1.0)
        for id, expression in moving:
            slope = differentiate(expression, known)
            if slope == ZERO:
                continue
            if isinstance(slope, Number):
                known[id] = slope
            else:
                name = f"d__{id}__{column}"
                partials.append((name, slope))
                known[id] = Symbol(name)
        slopes[column] = known
    entries = []
    for row, derivative in enumerate(derivatives):
        for column in range(len(states)):
            slope = differentiate(derivative, slopes[column])
            if slope != ZERO:
                entries.append((row, column, slope))
    return tuple(partials), tuple(entries)


def _comparisons(
    moving: tuple[tuple[str, Expression], ...], derivatives: tuple[Expression, ...], events: tuple[Event, ...]
) -> tuple[Apply, ...]:
    """Return every comparison on which values depend: the integrator stops where one changes."""
    found: dict[Apply, None] = {}
    for expression in (*(e for _, e in moving), *derivatives, *(event.trigger for event in events)):
        for part in walk(expression):
            if isinstance(part, Apply) and part.op in RELATIONS:
                found.setdefault(part)
    return tuple(found)
