"""Doses into a host: masses become amounts of free base, each by its route, with its lag and its sites."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from serdsim.dosing.dose import PER_WEIGHT, Dose
from serdsim.dosing.regimen import Regimen, format_regimen
from serdsim.dosing.sentence import Word, refuse
from serdsim.engine.plan import same_instant
from serdsim.errors import Issue, RegimenError
from serdsim.model.entities import Model
from serdsim.model.salts import Salt
from serdsim.model.ways import Way, Ways
from serdsim.units import convert

BODY_WEIGHT = "body_weight"
SINGLE_H = 168.0  # a week is shown of a dose that is given once


@dataclass(frozen=True)
class Entry:
    """What one dose brings: an amount [nmol] into a species, after a lag [h]."""

    species: str
    amount: float
    lag: float


def free_base(regimen: Regimen, salts: Mapping[str, Salt]) -> Regimen:
    """Return the regimen with each salt as the drug that it brings; a mass of salt becomes the mass of base in it."""
    return Regimen(tuple(_free_base(dose, salts.get(dose.drug)) for dose in regimen.doses))


def _free_base(dose: Dose, salt: Salt | None) -> Dose:
    if salt is None:
        return dose
    return replace(dose, drug=salt.drug, amount=dose.amount * (salt.base_share if dose.kind in ("mass", "mass per weight") else 1.0))


def entries_of(dose: Dose, ways: Ways, model: Model) -> tuple[Entry, ...]:
    """Return what one of the doses of a drug brings into a host.

    Raises
    ------
    RegimenError
        For a concentration, a missing route, a route that the drug is not given by, an amount that is no finite number, and shares of a
        dose that are none.
    """
    way, amount = _way(dose, ways, model), amount_into_host(dose, ways, model)
    lag = _value(model, way.lag) if way.lag and dose.route != "iv-inf" else 0.0
    if way.split is None or way.rest is None:
        return (Entry(way.into, amount, lag),)
    share = _share(model, way.split)
    both = (Entry(way.into, share * amount, lag), Entry(way.rest, (1.0 - share) * amount, lag))
    return tuple(entry for entry in both if entry.amount > 0)


def amount_into_host(dose: Dose, ways: Ways, model: Model) -> float:
    """Return how much free base one dose is [nmol]; see `entries_of` for what is refused."""
    if dose.kind == "concentration":
        refuse_dose(dose, dose.unit, f"{dose.unit} is a concentration, and a host takes doses", "a mass such as 400 mg, or an amount")
    if dose.kind == "amount":
        amount = convert(dose.amount, dose.unit, "nmol")
    else:
        weight = _value(model, BODY_WEIGHT) if dose.kind == "mass per weight" else 1.0
        grams = convert(dose.amount, dose.unit.removesuffix(PER_WEIGHT), "g") * weight
        amount = convert(grams / _molar_mass(model, ways), "mol", "nmol")
    if not math.isfinite(amount):
        refuse_dose(dose, dose.unit, "the dose is too large for a number", "an amount that is a finite number of nmol")
    return amount


def _way(dose: Dose, ways: Ways, model: Model) -> Way:
    given = [name for name, way in ways.routes.items() if way.share is None or _value(model, way.share) > 0]
    said = ", ".join(given)
    if dose.kind == "concentration":
        amount_into_host(dose, ways, model)
    if dose.route is None:
        refuse_dose(dose, dose.unit, f"the dose of {dose.drug} has no route", f"one of {said} behind the unit", f"{dose.unit} {given[0]}")
    name = "iv" if dose.route == "iv-inf" else dose.route
    if name not in given:
        problem = f"nothing was read of {dose.drug} given {dose.route}"
        refuse_dose(dose, str(dose.route), problem, f"one of {said}", given[0])
    return ways.routes[name]


def refuse_dose(dose: Dose, word: str, problem: str, expected: str, meant: str | None = None) -> NoReturn:
    """Raise an error that shows the dose with carets under a word of it."""
    text = format_regimen(Regimen((dose,)))
    place = text.index(f" {word} ") + 1 if f" {word} " in text else 0
    raise refuse(text, Word(word if place else dose.drug, place), problem, expected, meant)


def _value(model: Model, id: str) -> float:
    value = model.quantity(id).value
    if value is None:
        raise RegimenError(Issue("the number has no value", id=id, file=model.origin or None, expected="a row of a table"))
    return float(value)


def check_ways(model: Model, ways: Mapping[str, Ways]) -> None:
    """Raise a RegimenError for a molar mass that is not above 0 and for a share of a dose outside 0 to 1."""
    for own in ways.values():
        _molar_mass(model, own)
        for way in own.routes.values():
            for id in (way.share, way.split):
                if id is not None:
                    _share(model, id)


def _share(model: Model, id: str) -> float:
    value = _value(model, id)
    if 0.0 <= value <= 1.0:
        return value
    problem = f"{value:g} is no share of a dose"
    raise RegimenError(Issue(problem, file=model.origin or None, id=id, expected="0 to 1", repair="Correct the number"))


def _molar_mass(model: Model, ways: Ways) -> float:
    value = _value(model, ways.molar_mass)
    if value > 0.0:
        return value
    problem = f"a molar mass of {value:g}"
    raise RegimenError(Issue(problem, file=model.origin or None, id=ways.molar_mass, expected="above 0", repair="Correct the number"))


def doses_in_order(regimen: Regimen, drug: str) -> list[tuple[float, tuple[Dose, ...]]]:
    """Return each time [h] at which a drug is given something, the first time first, with all that is given at that instant."""
    every = [(time, dose) for dose in regimen.doses if dose.drug == drug and dose.amount > 0 for time in dose.times_h]
    found: list[tuple[float, tuple[Dose, ...]]] = []
    for time, dose in sorted(every, key=lambda pair: pair[0]):
        if found and time <= found[-1][0] + same_instant(time):
            found[-1] = (found[-1][0], (*found[-1][1], dose))
        else:
            found.append((time, (dose,)))
    return found


def with_first_doses(model: Model, regimen: Regimen, ways: Mapping[str, Ways]) -> Model:
    """Return the model with the first dose of each drug, all of that instant, over the dose that its numbers refer to."""
    ratios = {}
    for drug in regimen.drugs:
        doses, own = doses_in_order(regimen, drug), ways[drug]
        if doses and own.dose_ratio and own.dose_reference:
            moles = convert(math.fsum(amount_into_host(dose, own, model) for dose in doses[0][1]), "nmol", "mol")
            grams = moles * _molar_mass(model, own)
            unit = model.quantity(own.dose_reference).unit or "mg"
            ratios[own.dose_ratio] = convert(grams, "g", unit) / _value(model, own.dose_reference)
    return model.replace(ratios) if ratios else model


def second_doses(regimen: Regimen, ways: Mapping[str, Ways]) -> list[tuple[float, str]]:
    """Return when each drug is given something for the second time [h], and the input that says so."""
    found = []
    for drug in regimen.drugs:
        times = [time for time, _ in doses_in_order(regimen, drug)]
        input = ways[drug].repeated
        if len(times) > 1 and input:
            found.append((times[1], input))
    return found


def whole_length(regimen: Regimen) -> float:
    """Return the time to the end of the last dosing interval [h]; a single dose is followed for a week."""
    return max((dose.start_h + dose.count * (dose.interval_h or SINGLE_H) for dose in regimen.doses), default=SINGLE_H)
