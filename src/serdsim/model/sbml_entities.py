"""The entities of a checked libSBML model -> `Model`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from serdsim.errors import Issue, ModelError
from serdsim.model.entities import Compartment, Model, Parameter, Place, Rule, Species
from serdsim.model.mathml import read_functions
from serdsim.model.sbml_places import Places, Reading
from serdsim.model.sbml_reactions import read_events, read_reactions
from serdsim.model.sbml_units import Units, read_units, spell_unit
from serdsim.units import Unit

_UNIT_REPAIR = 'Define it, for example "unit per_h = 1/(3600 second)", and give every compartment a unit before its species'


def read_entities(model: Any, places: Places, origin: str) -> Model:
    """Return the `Model` of a libSBML model.

    Raises
    ------
    ModelError
        For formulas that cannot be read, an id called `time`, and units that an Antimony text does not define.
    """
    units = read_units(model)
    reading = Reading(model, units, read_functions(model), places, _targets(model))
    _check_names(reading)
    compartments = {c.getId(): _compartment(c, reading) for c in model.getListOfCompartments()}
    sizes = {id: _size(c, units) for id, c in ((c.getId(), c) for c in model.getListOfCompartments())}
    species = {s.getId(): _species(s, reading, sizes) for s in model.getListOfSpecies()}
    parameters = {p.getId(): _parameter(p, p.getId(), reading) for p in model.getListOfParameters()}
    reactions, local = read_reactions(reading, _parameter)
    return Model(
        id=model.getId() or "model",
        compartments=compartments,
        species=species,
        parameters={**parameters, **local},
        reactions=reactions,
        rules=(*_rules(reading), *_initial(reading)),
        events=read_events(reading),
        units={name: text for name, unit in units.model.items() if (text := spell_unit(unit)) is not None},
        origin=origin,
    )


def _targets(model: Any) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for rule in model.getListOfRules():
        if rule.isSetMath() and not rule.isAlgebraic():
            found.setdefault(rule.getVariable(), set()).add("assignment" if rule.isAssignment() else "rate")
    for initial in model.getListOfInitialAssignments():
        if initial.isSetMath():
            found.setdefault(initial.getSymbol(), set()).add("initial")
    return {id: frozenset(kinds) for id, kinds in found.items()}


def _check_names(reading: Reading) -> None:
    model, issues = reading.model, list[Issue]()
    element = model.getElementBySId("time")
    if element is not None:
        place = reading.places.of(element, "time")
        issues.append(
            Issue(
                'an entity is called "time"',
                place.file,
                place.line,
                "time",
                "another id, since time is time",
                "Rename the entity",
            )
        )
    issues += _undefined_units(reading) if reading.places.written else _dangling_units(reading)
    if issues:
        raise ModelError(issues)


def _undefined_units(reading: Reading) -> Iterable[Issue]:
    used, empty = _used_units(reading.model), reading.units.empty
    for unit in (unit for unit in empty if not any(unit.startswith(f"{other}_") for other in empty)):
        # Antimony calls the substance unit of a species in unit u and a volume in litre "u_litre"
        users = [element for element, own in used if own == unit or own.startswith(f"{unit}_")]
        for element in users or [None]:
            id = element.getId() if element is not None else None
            place = reading.places.of(element, f"unit {id}", id) if id is not None else Place(reading.places.file)
            yield Issue(f'unit "{unit}" is not defined', place.file, place.line, id, "a unit of the model", _UNIT_REPAIR)


def _used_units(model: Any) -> list[tuple[Any, str]]:
    used = [(element, element.getUnits()) for element in (*model.getListOfCompartments(), *model.getListOfParameters())]
    return used + [(element, element.getSubstanceUnits()) for element in model.getListOfSpecies()]


def _dangling_units(reading: Reading) -> Iterable[Issue]:
    for element, unit in _used_units(reading.model):
        if unit and unit not in reading.units.defined and reading.units.find(unit) is None:
            place, repair = reading.places.of(element), "Add it to the unit definitions of the model, or leave the unit out"
            yield Issue(f'unit "{unit}" is not defined', place.file, place.line, element.getId(), "a unit of the model", repair)


def _number(is_set: bool, value: float) -> float | None:
    return float(value) if is_set and not math.isnan(value) else None


def _size(compartment: Any, units: Units) -> Unit | None:
    own = compartment.getUnits()
    return units.find(own) if own else units.size(compartment.getSpatialDimensionsAsDouble())


def _spelled(unit: Unit | None) -> str | None:
    return None if unit is None else spell_unit(unit)


def _compartment(element: Any, reading: Reading) -> Compartment:
    id = element.getId()
    return Compartment(
        id=id,
        value=None if reading.computed(id) else _number(element.isSetSize(), element.getSize()),
        unit=_spelled(_size(element, reading.units)),
        constant=element.getConstant(),
        dimensions=element.getSpatialDimensionsAsDouble() if element.isSetSpatialDimensions() or element.getLevel() < 3 else None,
        place=reading.places.of(element, id),
    )


def _species(element: Any, reading: Reading, sizes: Mapping[str, Unit | None]) -> Species:
    id, only_amount = element.getId(), element.getHasOnlySubstanceUnits()
    amount, concentration = element.isSetInitialAmount(), element.isSetInitialConcentration()
    computed = reading.computed(id)
    initial_amount = only_amount if computed or not (amount or concentration) else amount
    given = element.getInitialAmount() if amount else element.getInitialConcentration()
    own = element.getSubstanceUnits()
    substance = reading.units.find(own) if own else reading.units.model.get("substance")
    size = sizes.get(element.getCompartment())
    unit = substance if initial_amount or substance is None else (substance / size if size is not None else None)
    return Species(
        id=id,
        compartment=element.getCompartment(),
        value=None if computed else _number(amount or concentration, given),
        unit=_spelled(unit),
        initial_amount=initial_amount,
        only_amount=only_amount,
        boundary=element.getBoundaryCondition(),
        constant=element.getConstant(),
        conversion_factor=element.getConversionFactor() or reading.model.getConversionFactor() or None,
        place=reading.places.of(element, id),
    )


def _parameter(element: Any, id: str, reading: Reading) -> Parameter:
    own = element.getUnits()
    return Parameter(
        id=id,
        value=None if reading.computed(id) else _number(element.isSetValue(), element.getValue()),
        unit=_spelled(reading.units.find(own) if own else None),
        constant=element.getConstant(),
        place=reading.places.of(element, id),
    )


def _rules(reading: Reading) -> Iterable[Rule]:
    for rule in reading.model.getListOfRules():
        kind = "algebraic" if rule.isAlgebraic() else "assignment" if rule.isAssignment() else "rate"
        target = rule.getVariable()
        place = reading.places.of(rule, f"{kind} {target}")
        expression = reading.formula(rule, place, target or "algebraic rule")
        if expression is not None:
            yield Rule(kind, target, expression, place)


def _initial(reading: Reading) -> Iterable[Rule]:
    for initial in reading.model.getListOfInitialAssignments():
        target = initial.getSymbol()
        place = reading.places.of(initial, f"initial {target}")
        expression = reading.formula(initial, place, target)
        if expression is not None:
            yield Rule("initial", target, expression, place)
