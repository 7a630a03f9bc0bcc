"""Doses -> schedule: which amount enters which species when, in the unit of the model."""

from __future__ import annotations

from difflib import get_close_matches

import numpy as np

from serdsim.dosing.regimen import Dose, Regimen, kind_of
from serdsim.engine.plan import Schedule
from serdsim.errors import Issue, RegimenError
from serdsim.simulation.question import Question
from serdsim.units import convert


def schedule_of(question: Question, regimen: Regimen, individuals: int, end_h: float, per_hour: float) -> Schedule:
    """Return the stops of a regimen up to the end [h]; every later dose is left to `doses_after`."""
    stops = [
        (time, question.doses[dose.drug], amount_of(dose, question))
        for dose in regimen.doses
        for time in (dose.start_h + i * (dose.interval_h or 0.0) for i in range(dose.count))
        if time <= end_h
    ]
    stops.sort(key=lambda stop: stop[0])
    values = np.repeat(np.array([[amount] for _, _, amount in stops]).reshape(len(stops), 1), individuals, axis=1)
    return Schedule.shared(
        tuple(time * per_hour for time, _, _ in stops), ("add",) * len(stops), tuple(target for _, target, _ in stops), values
    )


def amount_of(dose: Dose, question: Question) -> float:
    """Return the amount [substance unit of the model] that a dose adds to its species."""
    model, target = question.model, question.doses[dose.drug]
    if target not in model.species:
        near = ", ".join(get_close_matches(target, model.species, 3))
        raise RegimenError(
            Issue(
                f'the model has no species "{target}" to give the drug into', file=question.name, expected=near or "a species of the model"
            )
        )
    species = model.species[target]
    size = model.compartments[species.compartment]
    substance = model.units.get("substance")
    if substance is None:
        raise RegimenError(
            Issue("the model does not say in which unit its amounts are", file=question.name, id=target, expected="a substance unit")
        )
    kind = kind_of(dose.unit)
    where = (
        "a concentration such as 100 nM, since the model is a dish"
        if question.pre_run
        else f"an amount in the unit of {substance}, or a concentration"
    )
    if kind == "mass":
        raise RegimenError(Issue(f"{dose.drug} {dose.amount:g} {dose.unit}: the model {question.name} cannot take a mass", expected=where))
    if dose.route is not None or dose.duration_h is not None:
        raise RegimenError(
            Issue(f"the model {question.name} has one way in; the route {dose.route} means nothing to it", expected="no route")
        )
    if kind == "concentration" and size.value is not None and size.unit is not None:
        return convert(dose.amount, dose.unit, f"{substance}/({size.unit})") * size.value
    if kind == "amount":
        return convert(dose.amount, dose.unit, substance)
    raise RegimenError(Issue(f"{dose.drug} {dose.amount:g} {dose.unit}: the compartment of {target} has no size", expected=where))


def doses_after(regimen: Regimen, end_h: float) -> int:
    """Return how many doses lie after the end and are not given."""
    return sum(dose.start_h + i * (dose.interval_h or 0.0) > end_h for dose in regimen.doses for i in range(dose.count))
