"""Tables of PEtab 1 -> `Problem`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from serdsim.fit.prior import KINDS_ONE, Prior, numbers_of
from serdsim.fit.problem import (
    STEADY,
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
from serdsim.model.entities import Model
from serdsim.model.expression import Expression, symbols

SCALES = ("lin", "log", "log10")


def read_one(name: str, model: Model, files: Mapping[str, list[str]], reading: Reading) -> Problem:
    """Return the problem of the tables; `reading` collects the issues."""
    parameters = reading.tables(files.get("parameter_files", []), ("parameterId", "parameterScale", "nominalValue", "estimate"))
    conditions = reading.tables(files.get("condition_files", []), ("conditionId",))
    observables = reading.tables(files.get("observable_files", []), ("observableId", "observableFormula", "noiseFormula"))
    columns = ("observableId", "simulationConditionId", "measurement", "time")
    measured = reading.tables(files.get("measurement_files", []), columns)
    experiments: dict[str, Experiment] = {}
    return Problem(
        name=name,
        version=1,
        model=model,
        parameters={row.text("parameterId"): _quantity(row, reading) for row in reading.once(parameters, "parameterId")},
        observables={row.text("observableId"): _observable(row, reading) for row in reading.once(observables, "observableId")},
        conditions={row.text("conditionId"): _condition(row, reading) for row in reading.once(conditions, "conditionId")},
        measurements=tuple(_measurement(row, reading, experiments) for row in measured),
        experiments=experiments,
    )


def _quantity(row: Row, reading: Reading) -> Quantity:
    id = row.text("parameterId")
    scale = reading.choice(row, "parameterScale", SCALES, "lin", id)
    bounds = [reading.number(row, column, id, infinite=True) if row.text(column) else None for column in ("lowerBound", "upperBound")]
    return Quantity(
        id=id,
        nominal=reading.number(row, "nominalValue", id),
        estimate=reading.choice(row, "estimate", ("0", "1"), "0", id) == "1",
        lower=bounds[0],
        upper=bounds[1],
        scale=scale,
        prior=_prior(row, reading, id, scale),
        place=row.place,
    )


def _prior(row: Row, reading: Reading, id: str, scale: str) -> Prior | None:
    word, text = row.text("objectivePriorType"), row.text("objectivePriorParameters")
    if not word:
        return None
    if word not in KINDS_ONE:
        reading.wrong(f'the prior "{word}" is not supported', row.place, id, "one of " + ", ".join(KINDS_ONE))
        return None
    kind, scaled = KINDS_ONE[word]
    if kind == "uniform" and not text:
        return None
    numbers = numbers_of(kind, text)
    if isinstance(numbers, str):
        reading.wrong(f'"{text}" are no parameters of the prior "{word}"', row.place, id, numbers)
        return None
    return Prior(kind, numbers, scale if scaled else "lin", cut=False)


def _condition(row: Row, reading: Reading) -> Condition:
    id = row.text("conditionId")
    cells = [(column, cell) for column, cell in row.cells.items() if column not in ("conditionId", "conditionName")]
    values = [(column, reading.formula(row, column, id)) for column, cell in cells if cell.lower() != "nan"]
    return Condition(id, tuple(Change(column, value, row.place) for column, value in values), row.place)


def _observable(row: Row, reading: Reading) -> Observable:
    id = row.text("observableId")
    formula, noise = reading.formula(row, "observableFormula", id), reading.formula(row, "noiseFormula", id)
    distribution = reading.choice(row, "noiseDistribution", ("normal", "laplace"), "normal", id)
    scale = reading.choice(row, "observableTransformation", SCALES, "lin", id)
    return Observable(
        id=id,
        formula=formula,
        noise=Noise(noise, distribution, scale),
        placeholders=_placeholders("observable", id, (formula, noise)),
        noise_placeholders=_placeholders("noise", id, (formula, noise)),
        place=row.place,
    )


def _placeholders(kind: str, id: str, formulas: Sequence[Expression]) -> tuple[str, ...]:
    pattern = re.compile(rf"{kind}Parameter(\d+)_{re.escape(id)}")
    numbers = [int(found[1]) for formula in formulas for name in symbols(formula) if (found := pattern.fullmatch(name))]
    return tuple(f"{kind}Parameter{number}_{id}" for number in range(1, max(numbers, default=0) + 1))


def _measurement(row: Row, reading: Reading, experiments: dict[str, Experiment]) -> Measurement:
    id = row.text("observableId")
    before, now = row.text("preequilibrationConditionId"), row.text("simulationConditionId")
    if not now:
        reading.wrong('the column "simulationConditionId" is empty', row.place, id, "the id of a condition")
    experiment = f"{before} -> {now}" if before else now
    periods = (*([Period(STEADY, (before,))] if before else []), Period(0.0, (now,)))
    experiments.setdefault(experiment, Experiment(experiment, periods, row.place))
    time = reading.number(row, "time", id, infinite=True)
    if time < 0.0:
        reading.wrong(f"the time is {time:g}", row.place, id, "0 or later")
    return Measurement(
        observable=id,
        experiment=experiment,
        time=math.nan if time < 0.0 else time,
        value=reading.number(row, "measurement", id),
        overrides=reading.formulas(row, "observableParameters", id),
        noise_overrides=reading.formulas(row, "noiseParameters", id),
        dataset=row.text("datasetId"),
        place=row.place,
    )
