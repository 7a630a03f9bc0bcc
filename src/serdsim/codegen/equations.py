"""Model -> Equations: what mathematics says. States, ordered assignments, rates, derivatives and events."""

from __future__ import annotations

from dataclasses import dataclass

from serdsim.codegen.algebra import ZERO, add, differentiate, divide, multiply
from serdsim.errors import Issue, ModelError
from serdsim.model.entities import Event, Model, Participant
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
    roots: tuple[Apply, ...]
    events: tuple[Event, ...]
    boundary_flux: tuple[tuple[str, Expression], ...]


def derive(model: Model) -> Equations:
    """Return the equations of a supported model.

    Raises
    ------
    ModelError
        For assignments that depend on each other in a circle.
    """
    states, scales = _states(model)
    assigned = _assignments(model, dict(zip(states, scales, strict=True)))
    changed = frozenset(target for event in model.events.values() for target, _ in event.assignments)
    inputs = _inputs(model, assigned, states)
    varying = frozenset(states) | changed | {"time"}
    ordered = _ordered(assigned, model)
    given, starting = _starting(model, assigned, states, inputs)
    fixed, moving = _split(ordered, varying)
    derivatives = tuple(_derivative(model, state) for state in states)
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
        roots=_roots(moving, derivatives, events),
        events=events,
        boundary_flux=tuple(
            (f"net_flux_{id}", _flux(model, id)) for id, s in model.species.items() if s.boundary and _flux(model, id) != ZERO
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
            concentration = not species.only_amount and model.compartments[species.compartment].dimensions != 0
            scales.append(species.compartment if concentration else None)
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
    if species is None or model.compartments[species.compartment].dimensions == 0:
        return raw
    if species.initial_amount and not species.only_amount:
        return divide(raw, Symbol(species.compartment))
    if species.only_amount and not species.initial_amount:
        return multiply(raw, Symbol(species.compartment))
    return raw


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


def _flux(model: Model, id: str) -> Expression:
    species = model.species[id]
    terms: list[Expression] = []
    for reaction in model.reactions.values():
        for sign, side in ((-1.0, reaction.reactants), (1.0, reaction.products)):
            terms += [multiply(Number(sign), _stoichiometry(p), Symbol(reaction.id)) for p in side if p.species == id]
    total = add(*_merged(terms))
    return multiply(Symbol(species.conversion_factor), total) if species.conversion_factor else total


def _merged(terms: list[Expression]) -> list[Expression]:
    counts: dict[Expression, float] = {}
    for term in terms:
        if isinstance(term, Apply) and term.op == "times" and isinstance(term.args[0], Number):
            rest = term.args[1] if len(term.args) == 2 else Apply("times", term.args[1:])
            counts[rest] = counts.get(rest, 0.0) + term.args[0].value
        else:
            counts[term] = counts.get(term, 0.0) + 1.0
    return [multiply(Number(count), term) for term, count in counts.items() if count]


def _stoichiometry(participant: Participant) -> Expression:
    if participant.id is not None and not participant.constant:
        return Symbol(participant.id)
    value = participant.stoichiometry
    return Number(float(value)) if isinstance(value, int | float) else value


def _derivative(model: Model, state: str) -> Expression:
    rate = next((rule.expression for rule in model.rules if rule.kind == "rate" and rule.target == state), None)
    species = model.species.get(state)
    if species is None:
        return ZERO if rate is None else rate
    if rate is None:
        return ZERO if species.boundary or species.constant else _flux(model, state)
    if species.only_amount:
        return rate
    # a rate rule speaks of the concentration; the state is the amount
    size = next((r.expression for r in model.rules if r.kind == "rate" and r.target == species.compartment), ZERO)
    return add(multiply(rate, Symbol(species.compartment)), multiply(Symbol(state), size))


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


def _roots(moving: tuple[tuple[str, Expression], ...], derivatives: tuple[Expression, ...], events: tuple[Event, ...]) -> tuple[Apply, ...]:
    """Return every comparison of a piecewise branch or a trigger: the integrator stops where one changes."""
    found: dict[Apply, None] = {}
    for expression in (*(e for _, e in moving), *derivatives, *(event.trigger for event in events)):
        for part in walk(expression):
            if isinstance(part, Apply) and part.op in RELATIONS:
                found.setdefault(part)
    return tuple(found)
