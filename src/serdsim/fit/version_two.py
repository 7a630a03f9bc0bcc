"""Tables of PEtab 2 -> `Problem`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from serdsim.fit.extension import read_extension
from serdsim.fit.prior import KINDS, Prior, numbers_of
from serdsim.fit.problem import (
    Change,
    Condition,
    Experiment,
    Measurement,
    Noise,
    Observable,
    Period,
    Problem,
    Quantity,
)
from serdsim.fit.rows import Reading, Row
from serdsim.model.entities import Model, Place
from serdsim.model.expression import Symbol, substitute

UNNAMED = ""  # the experiment of measurements that name none: the model as it is, from time 0
_NOISES = ("normal", "laplace", "log-normal", "log-laplace")


def read_two(name: str, model: Model, files: Mapping[str, list[str]], reading: Reading) -> Problem:
    """Return the problem of the tables; `reading` collects the issues."""
    parameters = reading.tables(files.get("parameter_files", []), ("parameterId", "nominalValue", "estimate"))
    observables = reading.tables(files.get("observable_files", []), ("observableId", "observableFormula", "noiseFormula"))
    measured = reading.tables(files.get("measurement_files", []), ("observableId", "measurement", "time"))
    changes = reading.tables(files.get("condition_files", []), ("conditionId", "targetId", "targetValue"))
    periods = reading.tables(files.get("experiment_files", []), ("experimentId", "time", "conditionId"))
    mapping = reading.tables(files.get("mapping_files", []), ("petabEntityId", "modelEntityId"))
    experiments = _experiments(periods, reading)
    problem = Problem(
        name=name,
        version=2,
        model=model,
        parameters={row.text("parameterId"): _quantity(row, reading) for row in reading.once(parameters, "parameterId")},
        observables={row.text("observableId"): _observable(row, reading) for row in reading.once(observables, "observableId")},
        conditions=_conditions(changes, reading),
        experiments=experiments,
        measurements=tuple(_measurement(row, reading) for row in measured),
    )
    problem = read_extension(problem, files, reading)
    asked = {one.experiment for one in problem.measurements} | {one.experiment for one in problem.readings.values()}
    if UNNAMED in asked:
        problem = replace(problem, experiments={**experiments, UNNAMED: Experiment(UNNAMED, (Period(0.0),))})
    names = {row.text("petabEntityId"): row.text("modelEntityId") for row in mapping}
    names = {id: other for id, other in names.items() if id and other and id != other}
    return _renamed(problem, names) if names else problem


def _quantity(row: Row, reading: Reading) -> Quantity:
    id = row.text("parameterId")
    estimate = reading.choice(row, "estimate", ("true", "false", "True", "False", "TRUE", "FALSE"), "false", id)
    bounds = [reading.number(row, column, id, infinite=True) if row.text(column) else None for column in ("lowerBound", "upperBound")]
    return Quantity(
        id=id,
        nominal=reading.number(row, "nominalValue", id),
        estimate=estimate.lower() == "true",
        lower=bounds[0],
        upper=bounds[1],
        prior=_prior(row, reading, id),
        place=row.place,
    )


def _prior(row: Row, reading: Reading, id: str) -> Prior | None:
    kind = row.text("priorDistribution")
    if not kind:
        return None
    if kind not in KINDS:
        reading.wrong(f'the prior "{kind}" is not supported', row.place, id, "one of " + ", ".join(KINDS))
        return None
    numbers = numbers_of(kind, row.text("priorParameters"))
    if isinstance(numbers, str):
        words = f'"{row.text("priorParameters")}" are no parameters of the prior "{kind}"'
        reading.wrong(words, row.place, id, numbers)
        return None
    return Prior(kind, numbers)


def _conditions(rows: Sequence[Row], reading: Reading) -> dict[str, Condition]:
    found: dict[str, Condition] = {}
    for row in rows:
        id, target = row.text("conditionId"), row.text("targetId")
        if not id or not target:
            reading.wrong("the row names no condition or no target", row.place, id or None, "conditionId and targetId")
            continue
        one = found.get(id, Condition(id, (), row.place))
        found[id] = replace(one, changes=(*one.changes, Change(target, reading.formula(row, "targetValue", id), row.place)))
    return found


def _experiments(rows: Sequence[Row], reading: Reading) -> dict[str, Experiment]:
    periods: dict[str, dict[float, list[str]]] = {}
    places: dict[str, Place] = {}
    for row in rows:
        id, time = row.text("experimentId"), reading.number(row, "time", row.text("experimentId"), infinite=True)
        if time == math.inf:
            reading.wrong("a period begins at infinity", row.place, id, "a finite time, or -inf to begin at a steady state")
        if not id:
            reading.wrong('the column "experimentId" is empty', row.place)
        elif not math.isnan(time):
            places.setdefault(id, row.place)
            periods.setdefault(id, {}).setdefault(time, []).extend([row.text("conditionId")] if row.text("conditionId") else [])
    return {id: Experiment(id, tuple(Period(time, tuple(of[time])) for time in sorted(of)), places[id]) for id, of in periods.items()}


def _observable(row: Row, reading: Reading) -> Observable:
    id = row.text("observableId")
    kind = reading.choice(row, "noiseDistribution", _NOISES, "normal", id)
    noise = Noise(reading.formula(row, "noiseFormula", id), kind.removeprefix("log-"), "log" if kind.startswith("log-") else "lin")
    held, noises = (
        tuple(part.strip() for part in row.text(column).split(";") if part.strip())
        for column in ("observablePlaceholders", "noisePlaceholders")
    )
    return Observable(id, reading.formula(row, "observableFormula", id), noise, held, noises, row.place)


def _measurement(row: Row, reading: Reading) -> Measurement:
    id = row.text("observableId")
    return Measurement(
        observable=id,
        experiment=row.text("experimentId"),
        time=reading.number(row, "time", id, infinite=True),
        value=reading.number(row, "measurement", id),
        overrides=reading.formulas(row, "observableParameters", id),
        noise_overrides=reading.formulas(row, "noiseParameters", id),
        dataset=row.text("datasetId"),
        place=row.place,
    )


def _renamed(problem: Problem, names: Mapping[str, str]) -> Problem:
    """Return the problem in the ids of the model."""
    new = {id: Symbol(other) for id, other in names.items()}
    observables = {
        id: replace(
            one,
            formula=substitute(one.formula, new),
            noise=replace(one.noise, formula=substitute(one.noise.formula, new)),
        )
        for id, one in problem.observables.items()
    }
    conditions = {
        id: replace(one, changes=tuple(Change(names.get(c.target, c.target), substitute(c.value, new), c.place) for c in one.changes))
        for id, one in problem.conditions.items()
    }
    parameters = {names.get(id, id): replace(one, id=names.get(id, id)) for id, one in problem.parameters.items()}
    measurements = tuple(
        replace(
            one,
            overrides=tuple(substitute(part, new) for part in one.overrides),
            noise_overrides=tuple(substitute(part, new) for part in one.noise_overrides),
        )
        for one in problem.measurements
    )
    problem = replace(problem, observables=observables, conditions=conditions, parameters=parameters, measurements=measurements)
    terms = {
        id: replace(one, formula=substitute(one.formula, new), noise=replace(one.noise, formula=substitute(one.noise.formula, new)))
        for id, one in problem.terms.items()
    }
    rows = {names.get(id, id): replace(one, parameter=names.get(id, id)) for id, one in problem.rows.items()}
    return replace(problem, terms=terms, rows=rows)
