"""Rates of change: of amounts by reactions and rules, and of whatever `rateOf` is asked about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from serdsim.codegen.algebra import ONE, ZERO, add, differentiate, divide, multiply, subtract
from serdsim.errors import Issue, ModelError
from serdsim.model.entities import Model, Participant
from serdsim.model.expression import Apply, Expression, Number, Symbol, rebuild, symbols

RATE = "__rate"


class Rates:
    """Derivatives with respect to time of the quantities of a model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.rated = {rule.target: rule.expression for rule in model.rules if rule.kind == "rate"}
        self.assigned = {rule.target: rule.expression for rule in model.rules if rule.kind == "assignment"}
        self.assigned |= {id: reaction.law for id, reaction in model.reactions.items()}
        self.path: list[str] = []

    def of_state(self, state: str) -> Expression:
        """Return the derivative of a state; a species is integrated as its amount."""
        species = self.model.species.get(state)
        if species is None or (state in self.rated and not means_concentration(self.model, state)):
            return self.rated.get(state, ZERO)
        if state not in self.rated:
            return ZERO if species.boundary or species.constant else flux(self.model, state)
        # a rate rule speaks of the concentration
        growth = multiply(Symbol(state), self.of(species.compartment))
        return add(multiply(self.rated[state], Symbol(species.compartment)), growth)

    def of(self, id: str) -> Expression:
        """Return the rate of change of what the id means.

        Raises
        ------
        ModelError
            When the rate depends on itself.
        """
        if id in self.path:
            raise ModelError(Issue("the rate of change depends on itself", file=self.model.origin or None, id=id))
        self.path.append(id)
        rate = self._rate(id)
        self.path.pop()
        return rate

    def _rate(self, id: str) -> Expression:
        if id == "time":
            return ONE
        if id in self.rated:
            return self.rated[id]
        if id in self.assigned:
            return self._total(self.assigned[id])
        if id.endswith(RATE):
            return self._total(self.of(id.removesuffix(RATE)))
        if id not in self.model.species:
            return ZERO
        amount = self.of_state(id)
        if not means_concentration(self.model, id):
            return amount
        size = self.model.species[id].compartment
        return divide(subtract(amount, multiply(Symbol(id), self.of(size))), Symbol(size))

    def _total(self, expression: Expression) -> Expression:
        return differentiate(expression, {used: self.of(used) for used in sorted(symbols(expression))})


def means_concentration(model: Model, species: str) -> bool:
    """Return whether the id of a species means amount over size."""
    return not model.species[species].only_amount and has_size(model, model.species[species].compartment)


def has_size(model: Model, compartment: str) -> bool:
    """Return whether amounts can be divided by the compartment; a point has no size unless the file gives one."""
    size = model.compartments[compartment]
    return size.dimensions != 0 or size.value is not None or any(rule.target == compartment for rule in model.rules)


def flux(model: Model, id: str) -> Expression:
    """Return the amount per time that reactions bring to a species."""
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


def name_rates(model: Model) -> tuple[Model, tuple[str, ...]]:
    """Return the model with every `rateOf(x)` written as the symbol x__rate, and the ids x."""
    asked: dict[str, None] = {}

    def change(part: Expression) -> Expression:
        if not (isinstance(part, Apply) and part.op == "rateOf" and isinstance(part.args[0], Symbol)):
            return part
        asked[part.args[0].id] = None
        return Symbol(part.args[0].id + RATE)

    changed = _rewritten(model, change)
    return (changed, tuple(asked)) if asked else (model, ())


def _rewritten(model: Model, change: Callable[[Expression], Expression]) -> Model:
    def new(expression: Expression) -> Expression:
        return rebuild(expression, change)

    def maybe(expression: Expression | None) -> Expression | None:
        return None if expression is None else new(expression)

    def side(parts: tuple[Participant, ...]) -> tuple[Participant, ...]:
        return tuple(p if isinstance(p.stoichiometry, int | float) else replace(p, stoichiometry=new(p.stoichiometry)) for p in parts)

    return replace(
        model,
        rules=tuple(replace(rule, expression=new(rule.expression)) for rule in model.rules),
        reactions={
            id: replace(r, law=new(r.law), reactants=side(r.reactants), products=side(r.products)) for id, r in model.reactions.items()
        },
        events={
            id: replace(
                e,
                trigger=new(e.trigger),
                delay=maybe(e.delay),
                priority=maybe(e.priority),
                assignments=tuple((target, new(value)) for target, value in e.assignments),
            )
            for id, e in model.events.items()
        },
    )
