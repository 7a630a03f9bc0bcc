"""Reactions and events of a checked libSBML model -> `Reaction`, `Event` and reaction-scoped parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from serdsim.model.entities import Event, Parameter, Participant, Reaction
from serdsim.model.expression import Expression, Number, Symbol
from serdsim.model.sbml_places import Reading

NO_LAW = Number(0.0)


def read_reactions(
    reading: Reading, parameter: Callable[[Any, str, Reading], Parameter]
) -> tuple[dict[str, Reaction], dict[str, Parameter]]:
    """Return the reactions and their local parameters, which are called `reaction__local`.

    A reaction without a kinetic law gets the law 0: rules alone move its species.
    """
    taken = {element.getId() for element in reading.model.getListOfAllElements() if element.isSetId()}
    reactions: dict[str, Reaction] = {}
    local: dict[str, Parameter] = {}
    for element in reading.model.getListOfReactions():
        names: dict[str, str] = {}
        for own in _local_parameters(element):
            name = f"{element.getId()}__{own.getId()}"
            while name in taken:
                name += "_"
            taken.add(name)
            names[own.getId()] = name
            local[name] = parameter(own, name, reading)
        reactions[element.getId()] = _reaction(element, reading, names)
    return reactions, local


def _local_parameters(reaction: Any) -> list[Any]:
    law = reaction.getKineticLaw()
    if law is None:
        return []
    return list(law.getListOfLocalParameters() if reaction.getLevel() > 2 else law.getListOfParameters())


def _reaction(element: Any, reading: Reading, names: Mapping[str, str]) -> Reaction:
    id = element.getId()
    place = reading.places.of(element, id)
    law = reading.formula(element.getKineticLaw(), place, id, names)
    return Reaction(
        id=id,
        reactants=tuple(_participant(part, id, reading) for part in element.getListOfReactants()),
        products=tuple(_participant(part, id, reading) for part in element.getListOfProducts()),
        law=NO_LAW if law is None else law,
        modifiers=tuple(part.getSpecies() for part in element.getListOfModifiers()),
        place=place,
    )


def _participant(element: Any, reaction: str, reading: Reading) -> Participant:
    species, level = element.getSpecies(), element.getLevel()
    if level < 3:
        return Participant(species, _level_2(element, reaction, reading))
    id = element.getId() or None
    stoichiometry: float | Expression = float(element.getStoichiometry()) if element.isSetStoichiometry() else 1.0
    if id is not None and reading.computed(id):
        stoichiometry = Symbol(id)
    return Participant(species, stoichiometry, id, element.getConstant())


def _level_2(element: Any, reaction: str, reading: Reading) -> float | Expression:
    if not element.isSetStoichiometryMath():
        return float(element.getStoichiometry() / element.getDenominator())
    formula: Expression | None = reading.formula(element.getStoichiometryMath(), reading.places.of(element), reaction)
    if isinstance(formula, Number):
        return formula.value
    return 1.0 if formula is None else formula


def read_events(reading: Reading) -> dict[str, Event]:
    """Return the events; one without a trigger never happens and is left out."""
    events: dict[str, Event] = {}
    for position, element in enumerate(reading.model.getListOfEvents()):
        id = element.getId() or f"event_{position + 1}"
        while id in events:
            id += "_"
        place = reading.places.of(element, id)
        trigger = reading.formula(element.getTrigger(), place, id)
        if trigger is None:
            continue
        written = ((part.getVariable(), reading.formula(part, place, id)) for part in element.getListOfEventAssignments())
        level_2 = element.getLevel() < 3
        events[id] = Event(
            id=id,
            trigger=trigger,
            assignments=tuple((target, value) for target, value in written if value is not None),
            delay=reading.formula(element.getDelay(), place, id),
            priority=reading.formula(element.getPriority(), place, id),
            initial_value=level_2 or element.getTrigger().getInitialValue(),
            persistent=level_2 or element.getTrigger().getPersistent(),
            values_from_trigger_time=element.getUseValuesFromTriggerTime(),
            place=place,
        )
    return events
