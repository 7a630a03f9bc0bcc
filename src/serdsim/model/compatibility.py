"""What of a model this package can run: counts, features, refusals and warnings in a modeller's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite

from serdsim.errors import Issue, ModelError
from serdsim.model.algebraic import solved
from serdsim.model.entities import Model, Place, Quantity
from serdsim.model.expression import Apply, Expression, Number, Symbol, symbols, walk

_REFUSED_FUNCTIONS = {
    "delay": (
        "it reads a value from the past with delay()",
        "formulas of the present state",
        "Write the lag as a chain of transit compartments",
    ),
    "rateOf": (
        "it asks rateOf() about a formula",
        "rateOf() of one quantity",
        "Give the formula an assignment rule and ask for its target",
    ),
}
_FEATURES = {
    "piecewise": "piecewise formulas",
    "factorial": "factorials",
    "rem": "remainders",
    "quotient": "quotients",
    "min": "minimum",
    "max": "maximum",
}


@dataclass(frozen=True)
class Report:
    """What a model holds and whether it can be run.

    Parameters
    ----------
    model : str
        Id of the model.
    counts : tuple of (str, int)
        Number of compartments, species, parameters, reactions, rules and events.
    features : tuple of str
        What the model uses beyond plain reactions.
    refused : tuple of Issue
        What cannot be run; empty for a supported model.
    warnings : tuple of Issue
        What can be run but should be known.
    """

    model: str
    counts: tuple[tuple[str, int], ...]
    features: tuple[str, ...]
    refused: tuple[Issue, ...]
    warnings: tuple[Issue, ...]

    @property
    def supported(self) -> bool:
        """True when nothing is refused."""
        return not self.refused

    def text(self) -> str:
        """Return the report as sentences for a terminal."""
        lines = [f"Model {self.model}: " + ", ".join(f"{count} {noun}" for noun, count in self.counts) + "."]
        lines.append("It uses " + ", ".join(self.features) + "." if self.features else "It uses plain reactions and constants only.")
        if self.refused:
            lines.append("It cannot be run here:")
            lines += [f"- {issue}" for issue in self.refused]
        else:
            lines.append("It can be run.")
        if self.warnings:
            lines.append("Please note:")
            lines += [f"- {issue}" for issue in self.warnings]
        return "\n".join(lines)


def compatibility(model: Model) -> Report:
    """Return what the model holds, uses, and cannot have here."""
    counts = (
        ("compartments", len(model.compartments)),
        ("species", len(model.species)),
        ("parameters", len(model.parameters)),
        ("reactions", len(model.reactions)),
        ("rules", len(model.rules)),
        ("events", len(model.events)),
    )
    refused = (*_refused(model), *_hollow(model))
    return Report(model.id, counts, tuple(_features(model)), refused, tuple(_warnings(model)))


def require_supported(model: Model) -> None:
    """Do nothing for a model whose formulas and rules can be run; whether every quantity has a value is not asked here.

    Raises
    ------
    ModelError
        With every reason why they cannot.
    """
    refused = tuple(_refused(model))
    if refused:
        raise ModelError(refused)


def _formulas(model: Model) -> Iterator[tuple[str, str, Place, Expression]]:
    """Yield noun, id, place and formula of everything that is computed."""
    for id, reaction in model.reactions.items():
        yield "reaction", id, reaction.place, reaction.law
        for part in (*reaction.reactants, *reaction.products):
            if not isinstance(part.stoichiometry, int | float):
                yield "stoichiometry in reaction", id, reaction.place, part.stoichiometry
    for rule in model.rules:
        yield f"{rule.kind} rule", rule.target or "algebraic rule", rule.place, rule.expression
    for id, event in model.events.items():
        parts = (event.trigger, event.delay, event.priority, *(value for _, value in event.assignments))
        for expression in parts:
            if expression is not None:
                yield "event", id, event.place, expression


def _refused(model: Model) -> Iterator[Issue]:
    for rule in solved(model).rules:
        if rule.kind == "algebraic":
            yield Issue(
                "an algebraic rule gives no plain formula for any one quantity",
                file=rule.place.file,
                line=rule.place.line,
                id=rule.target or None,
                expected="assignment and rate rules",
                repair="Solve the equation for one quantity and write it as an assignment rule",
            )
    seen: set[tuple[str, str]] = set()
    for noun, id, place, expression in _formulas(model):
        for part in walk(expression):
            if isinstance(part, Apply) and _refused_function(part) and (id, part.op) not in seen:
                seen.add((id, part.op))
                problem, expected, repair = _REFUSED_FUNCTIONS[part.op]
                yield Issue(f"the {noun} cannot be run: {problem}", place.file, place.line, id, expected, repair)


def _hollow(model: Model) -> Iterator[Issue]:
    """Yield quantities without a value that a run can start from; an algebraic rule that is left may be what gives one."""
    if any(rule.kind == "algebraic" for rule in solved(model).rules):
        return
    computed = {rule.target for rule in solved(model).rules if rule.kind in ("assignment", "initial")}
    for quantity in _quantities(model):
        value, place = quantity.value, quantity.place
        if quantity.id in computed or _sizeless(model, quantity.id):
            continue
        if value is None:
            yield _no_value(model, quantity)
        elif not isfinite(value):
            repair = "Write a finite number, however large"
            yield Issue(f"the value is {value:g}", place.file, place.line, quantity.id, "a finite number", repair)
        elif quantity.id in model.compartments and value <= 0:
            yield Issue(f"the size is {value:g}", place.file, place.line, quantity.id, "a size above 0", "Give the compartment its volume")


def _no_value(model: Model, quantity: Quantity) -> Issue:
    place, read, meant = first_use(model, quantity)
    repair = f"Give it a number, an initial assignment or an assignment rule{meant}"
    return Issue(f"no value is given{read}", place.file, place.line, quantity.id, "a value to start from", repair)


def first_use(model: Model, quantity: Quantity) -> tuple[Place, str, str]:
    """Return where a quantity is, and for one that no statement names first, who reads it and which name may be meant.

    The words are empty, or ready to follow a problem and a repair.
    """
    found = ((noun, id, at) for noun, id, at, formula in _formulas(model) if quantity.id in symbols(formula))
    noun, id, place = next(found, ("", "", quantity.place)) if quantity.place.line is None else ("", "", quantity.place)
    if not noun:
        return place, "", ""
    near = get_close_matches(quantity.id, [other.id for other in _quantities(model) if other.place.line is not None], 1)
    return place, f", and {noun} {id} reads it", f'; or perhaps "{near[0]}" is meant' if near else ""


def _quantities(model: Model) -> tuple[Quantity, ...]:
    return (*model.compartments.values(), *model.species.values(), *model.parameters.values())


def _refused_function(part: Apply) -> bool:
    return part.op in _REFUSED_FUNCTIONS and not (part.op == "rateOf" and isinstance(part.args[0], Symbol))


def _features(model: Model) -> Iterator[str]:
    kinds = Counter(rule.kind for rule in model.rules)
    for kind, words in (("assignment", "assignment rules"), ("rate", "rate rules"), ("initial", "initial assignments")):
        if kinds[kind]:
            yield f"{kinds[kind]} {words}"
    events = model.events.values()
    if model.events:
        extras = ("delays", any(e.delay is not None for e in events)), ("priorities", any(e.priority is not None for e in events))
        used = [word for word, present in extras if present]
        yield f"{len(model.events)} events" + (f" with {' and '.join(used)}" if used else "")
    if any(not c.constant for c in model.compartments.values()):
        yield "compartments that change size"
    if any(s.boundary for s in model.species.values()):
        yield "boundary species"
    if any(s.conversion_factor for s in model.species.values()):
        yield "conversion factors"
    parts = [p for r in model.reactions.values() for p in (*r.reactants, *r.products)]
    if any(not isinstance(p.stoichiometry, int | float) or not p.constant for p in parts):
        yield "stoichiometries that are computed"
    used_ops = {part.op for *_, formula in _formulas(model) for part in walk(formula) if isinstance(part, Apply)}
    yield from (words for op, words in _FEATURES.items() if op in used_ops)


def _warnings(model: Model) -> Iterator[Issue]:
    quantities = _quantities(model)
    bare = [quantity.id for quantity in quantities if quantity.unit is None]
    if bare:
        names = ", ".join(bare[:5]) + (", ..." if len(bare) > 5 else "")
        yield Issue(
            f"{len(bare)} of {len(quantities)} quantities have no unit, so that units cannot be checked: {names}", model.origin or None
        )
    targets = {rule.target for rule in model.rules} | {id for event in model.events.values() for id, _ in event.assignments}
    moved = {p.species for r in model.reactions.values() for p in (*r.reactants, *r.products)}
    for id, species in model.species.items():
        if species.boundary and id in moved and id not in targets:
            yield Issue("this boundary species is clamped: reactions do not change it", species.place.file, species.place.line, id)
    for id, event in model.events.items():
        if event.delay is not None:
            yield Issue("this event acts after a delay", event.place.file, event.place.line, id)
    for id, reaction in model.reactions.items():
        if reaction.law == Number(0.0):
            yield Issue("this reaction has no rate law and moves nothing", reaction.place.file, reaction.place.line, id)


def _sizeless(model: Model, id: str) -> bool:
    return id in model.compartments and model.compartments[id].dimensions == 0
