"""Infusions as inputs of the equations: a constant rate, which a schedule may set, flows into a species."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from serdsim.codegen.algebra import add
from serdsim.codegen.equations import GIVEN, Equations
from serdsim.codegen.rates import RATE
from serdsim.errors import Issue, ModelError
from serdsim.model.expression import Symbol


def infusion_into(species: str) -> str:
    """Return the id of the input that holds the rate of all infusions into a species [amount per time]."""
    return f"infusion_into_{species}"


def with_infusions(equations: Equations, species: Sequence[str]) -> Equations:
    """Return the equations with one more input per species, the rate at which its amount is infused.

    The inputs come last in `constants` and in `given`, in the order of `species`; an individual that brings 0 is as before.

    Raises
    ------
    ModelError
        For a species that is no state of the model, an id that is taken, and a model that asks for a rate of change.
    """
    species = tuple(dict.fromkeys(species))
    issues = [issue for id in species for issue in _problems(equations, id)]
    if issues:
        raise ModelError(issues)
    if not species:
        return equations
    names = tuple(infusion_into(id) for id in species)
    flows = {id: Symbol(infusion_into(id)) for id in species}
    both = zip(equations.states, equations.derivatives, strict=True)
    derivatives = tuple(add(derivative, flows[id]) if id in flows else derivative for id, derivative in both)
    return replace(
        equations,
        constants=(*equations.constants, *names),
        given=(*equations.given, *names),
        starting=(*equations.starting, *((name, Symbol(name + GIVEN)) for name in names)),
        derivatives=derivatives,
    )


def _problems(equations: Equations, species: str) -> list[Issue]:
    taken = {*equations.states, *equations.constants, *(id for id, _ in (*equations.fixed, *equations.moving))}
    if species not in equations.states:
        return [Issue("nothing can be infused into what does not change by itself", id=species, expected="a species that reactions change")]
    if infusion_into(species) in taken:
        return [Issue("the model has an entity of the name of an infusion", id=infusion_into(species), repair="Give it another name")]
    if any(id.endswith(RATE) for id in taken):
        return [Issue("rateOf() would leave the infusion out", id=species, expected="a model without rateOf()")]
    return []
