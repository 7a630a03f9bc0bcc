"""Doses -> schedule: which amount enters which species when, in the unit of the model."""

from __future__ import annotations

import math
from difflib import get_close_matches

import numpy as np

from serdsim.dosing.records import DOSE, OTHER, Person, Record, in_time_unit
from serdsim.dosing.regimen import Dose, Regimen, kind_of
from serdsim.engine.plan import Schedule, same_instant
from serdsim.errors import Issue, RegimenError
from serdsim.simulation.event_rules import Item, follow
from serdsim.simulation.host_doses import SINGLE_H, Entry, entries_of, refuse_dose, second_doses, whole_length
from serdsim.simulation.question import Question
from serdsim.units import convert, parse_unit


def schedule_of(question: Question, regimen: Regimen, individuals: int, end_h: float, per_hour: float) -> Schedule:
    """Return the stops of a regimen before the end [h]; every dose that does not arrive by then is left to `doses_after`."""
    brought = [(dose, entry) for dose in regimen.doses if dose.amount > 0 for entry in brings(dose, question)]
    places = {species: number for number, species in enumerate(dict.fromkeys(entry.species for _, entry in brought), start=1)}
    records = [
        Record(
            time,
            DOSE,
            entry.amount,
            places[entry.species],
            rate=-2.0 if dose.duration_h else 0.0,
            modelled_duration=dose.duration_h,
            lag=entry.lag,
        )
        for dose, entry in brought
        for time in dose.times_h
        if _arrives(time + entry.lag, end_h)
    ]
    ordered = (*sorted(records, key=lambda record: record.time), Record(end_h, OTHER))
    (person,) = in_time_unit([Person("everyone", ordered)], per_hour)
    given = follow(person, {number: species for species, number in places.items()}).items
    said = second_doses(regimen, question.ways) if question.ways else []
    switches: list[Item] = [(time * per_hour, "set", input, 1.0) for time, input in said if _arrives(time, end_h)]
    items = sorted([*switches, *given], key=lambda item: item[0])
    values = np.repeat(np.array([value for *_, value in items], float).reshape(len(items), 1), individuals, axis=1)
    return Schedule.shared(
        [time for time, *_ in items], [kind for _, kind, *_ in items], [str(target) for _, _, target, _ in items], values
    )


def infused(question: Question, regimen: Regimen) -> tuple[str, ...]:
    """Return the species that infusions of a regimen go into; raises for a dose that the model cannot take."""
    brought = [(dose, entry) for dose in regimen.doses for entry in brings(dose, question)]
    return tuple(dict.fromkeys(entry.species for dose, entry in brought if entry.amount and dose.route == "iv-inf"))


def brings(dose: Dose, question: Question) -> tuple[Entry, ...]:
    """Return what one dose brings into which species; raises for a dose that the model cannot take."""
    if dose.drug in question.ways:
        return entries_of(dose, question.ways[dose.drug], question.model)
    return (Entry(question.doses[dose.drug], amount_of(dose, question), 0.0),)


def amount_of(dose: Dose, question: Question) -> float:
    """Return the amount [substance unit of the model] that a dose brings to its species.

    Raises
    ------
    RegimenError
        For a species that the model does not have, a route that it cannot take, and a unit that does not fit.
    """
    model, target = question.model, question.doses[dose.drug]
    if target not in model.species:
        near = ", ".join(get_close_matches(target, model.species, 3))
        problem, repair = f'the model has no species "{target}" to give the drug into', "Name the species that the drug is given into"
        raise RegimenError(Issue(problem, file=question.name, expected=near or "a species of the model", repair=repair))
    substance = model.units.get("substance")
    if substance is None:
        problem, repair = "the model does not say in which unit its amounts are", "Give the model a substance unit, such as nmol"
        raise RegimenError(Issue(problem, file=question.name, id=target, expected="a substance unit", repair=repair))
    amount = _converted(dose, question, target, substance)
    if not math.isfinite(amount):
        expected, repair = f"an amount that is a finite number of {substance}", "Check the number and the unit"
        raise RegimenError(Issue(f"{_written(dose)}: the dose is too large for a number", expected=expected, repair=repair))
    return amount


def _written(dose: Dose) -> str:
    """Return drug and amount as a sentence writes them, with all digits."""
    return f"{dose.drug} {repr(float(dose.amount)).removesuffix('.0').replace('e+', 'e')} {dose.unit}"


def _converted(dose: Dose, question: Question, target: str, substance: str) -> float:
    size = question.model.compartments[question.model.species[target].compartment]
    kind, weighed = kind_of(dose.unit), parse_unit(substance).same_dimension(parse_unit("mg"))
    where = (
        "a concentration such as 100 nM, since the model is a dish"
        if question.pre_run
        else f"an amount in the unit of {substance}, or a concentration"
    )
    if kind == "mass" and not weighed:
        repair = "Write the concentration in the medium" if question.pre_run else "Divide the mass by the molar mass of the drug"
        raise RegimenError(Issue(f"{_written(dose)}: the model {question.name} cannot take a mass", expected=where, repair=repair))
    if kind == "mass per weight":
        refuse_dose(dose, dose.unit, f'"{dose.unit}" counts by body weight, and the model {question.name} has none', where)
    _refuse_route(dose, question, target)
    if kind == "concentration" and not weighed and size.value is not None and size.unit is not None:
        return convert(dose.amount, dose.unit, f"{substance}/({size.unit})") * size.value
    if kind == ("mass" if weighed else "amount"):
        return convert(dose.amount, dose.unit, substance)
    if weighed:
        problem, repair = f"{_written(dose)}: the model {question.name} counts masses", f"Write the dose in {substance}"
        raise RegimenError(Issue(problem, expected=f"a mass such as {substance}", repair=repair))
    problem, repair = f"{_written(dose)}: the compartment of {target} has no size", f"Write the dose in {substance}"
    raise RegimenError(Issue(problem, expected=where, repair=repair))


def _refuse_route(dose: Dose, question: Question, target: str) -> None:
    if dose.route is None:
        return
    if not question.own:
        problem = f"the model {question.name} has one way in; the route {dose.route} means nothing to it"
        raise RegimenError(Issue(problem, expected="no route", repair=f'Take "{dose.route}" out of the regimen'))
    if dose.route not in ("iv", "iv-inf"):
        problem = f"the model {question.name} does not say where the route {dose.route} leads; the dose names the species {target} itself"
        expected, repair = f"iv or iv-inf D, or no route, for a dose straight into {target}", f'Take "{dose.route}" out of the regimen'
        raise RegimenError(Issue(problem, id=dose.drug, expected=expected, repair=repair))


def doses_after(question: Question, regimen: Regimen, end_h: float) -> int:
    """Return how many doses do not arrive before the end, and are not given."""
    lags = [(dose, min((entry.lag for entry in brings(dose, question)), default=0.0)) for dose in regimen.doses]
    return sum(not _arrives(time + lag, end_h) for dose, lag in lags for time in dose.times_h)


def length_of(question: Question, regimen: Regimen) -> float:
    """Return the time to the end of the last dosing interval in a host [h]; a lag that is longer than its interval comes on top."""
    lags = [(entry.lag, dose.interval_h or SINGLE_H) for dose in regimen.doses for entry in brings(dose, question)]
    return whole_length(regimen) + max((lag for lag, interval in lags if lag >= interval), default=0.0)


def _arrives(time_h: float, end_h: float) -> bool:
    """Return whether something is done before the end; what is done at it could not be told from what it does."""
    return time_h < end_h - same_instant(end_h)
