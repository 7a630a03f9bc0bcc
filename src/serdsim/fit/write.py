"""`Problem` -> a folder with the files of PEtab 2."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import yaml

from serdsim.errors import InputError, Issue
from serdsim.fit.extension import FILES, NAME, VERSION
from serdsim.fit.formula_text import formula_text, number_text
from serdsim.fit.problem import Experiment, Noise, Problem
from serdsim.fit.upgrade import in_version_two
from serdsim.fit.version_two import UNNAMED
from serdsim.model.expression import Expression

Record = dict[str, str]


def write_problem(problem: Problem, folder: Path) -> Path:
    """Write a problem as PEtab 2, with the model as it was read, and return the path of its YAML file.

    What is read from there equals the problem; a problem of version 1 is written as version 2 says it.

    Raises
    ------
    InputError
        For a problem of version 1 that has no words in version 2, with every reason, and where the text of the model is not known.
    """
    problem = in_version_two(problem)
    if not problem.model_text:
        raise InputError(Issue("the text of the model is not known", id=problem.name, repair="Read the problem, or give it a model_text"))
    model = problem.model.origin or "model.xml"
    kinds = {"parameter": _parameters, "observable": _observables, "measurement": _measurements, "condition": _conditions,
             "experiment": _experiments}  # fmt: skip
    tables = {f"{kind}_files": (f"{kind}s.tsv", table(problem)) for kind, table in kinds.items()}
    tables = {key: (file, rows) for key, (file, rows) in tables.items() if rows[1] or key in _ALWAYS}
    own = {key: (file, rows) for key, (file, rows) in _extension(problem).items() if rows[1]}
    document = {
        "format_version": "2.0.0",
        "model_files": {problem.model.id or "model": {"language": "sbml", "location": model}},
        **{key: [file] for key, (file, _) in tables.items()},
    }
    if own:
        config = {key: [file] for key, (file, _) in own.items()}
        document["extensions"] = {NAME: {"version": VERSION, "required": True, "config": config}}
    texts = {file: _text(*rows) for file, rows in (*tables.values(), *own.values())}
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in {**texts, model: problem.model_text}.items():
        (folder / file).write_text(text, encoding="utf-8", newline="\n")
    path = folder / _file_name(problem.name, folder)
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8", newline="\n")
    return path


_ALWAYS = ("parameter_files", "observable_files", "measurement_files")
_Table = tuple[Sequence[str], list[Record]]  # columns that are always there, and rows


def _file_name(name: str, folder: Path) -> str:
    if folder.absolute().name == name:
        return "problem.yaml"
    return "_problem.yaml" if name == "problem" else f"{name}.yaml"


def _text(required: Sequence[str], rows: Sequence[Record]) -> str:
    """Return a table; columns that are not required are there where some row has them."""
    columns = list(dict.fromkeys((*required, *(column for row in rows for column, cell in row.items() if cell))))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, delimiter="\t", lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _parameters(problem: Problem) -> _Table:
    rows = []
    for id, one in problem.parameters.items():
        ends = {"lowerBound": one.lower, "upperBound": one.upper}
        prior = one.prior
        rows.append(
            {
                "parameterId": id,
                **{column: "" if end is None else number_text(end) for column, end in ends.items()},
                "nominalValue": number_text(one.nominal),
                "estimate": str(one.estimate).lower(),
                "priorDistribution": prior.kind if prior else "",
                "priorParameters": ";".join(number_text(number) for number in prior.numbers) if prior else "",
            }
        )
    return ("parameterId", "lowerBound", "upperBound", "nominalValue", "estimate"), rows


def _observables(problem: Problem) -> _Table:
    rows = [
        {
            "observableId": id,
            "observableFormula": formula_text(one.formula),
            "noiseFormula": formula_text(one.noise.formula),
            "noiseDistribution": _distribution(one.noise),
            "observablePlaceholders": ";".join(one.placeholders),
            "noisePlaceholders": ";".join(one.noise_placeholders),
        }
        for id, one in problem.observables.items()
    ]
    return ("observableId", "observableFormula", "noiseFormula", "noiseDistribution"), rows


def _distribution(noise: Noise) -> str:
    if noise.scale not in ("lin", "log"):
        raise InputError(Issue(f"noise on the scale {noise.scale} has no words in PEtab 2", expected="the scale lin or log"))
    return f"log-{noise.distribution}" if noise.scale == "log" else noise.distribution


def _measurements(problem: Problem) -> _Table:
    rows = [
        {
            "observableId": one.observable,
            "experimentId": one.experiment,
            "time": number_text(one.time),
            "measurement": number_text(one.value),
            "observableParameters": _listed(one.overrides),
            "noiseParameters": _listed(one.noise_overrides),
            "datasetId": one.dataset,
        }
        for one in problem.measurements
    ]
    return ("observableId", "experimentId", "time", "measurement"), rows


def _listed(formulas: Sequence[Expression]) -> str:
    return ";".join(formula_text(one) for one in formulas)


def _conditions(problem: Problem) -> _Table:
    rows = [
        {"conditionId": id, "targetId": change.target, "targetValue": formula_text(change.value)}
        for id, one in problem.conditions.items()
        for change in one.changes
    ]
    return ("conditionId", "targetId", "targetValue"), rows


def _experiments(problem: Problem) -> _Table:
    known = {id: one for id, one in problem.experiments.items() if id != UNNAMED}
    return ("experimentId", "time", "conditionId"), [row for one in known.values() for row in _periods(problem, one)]


def _periods(problem: Problem, one: Experiment) -> list[Record]:
    rows: list[Record] = []
    for period in one.periods:
        set_here = [id for id in period.conditions if problem.conditions[id].changes]
        rows += [{"experimentId": one.id, "time": number_text(period.time), "conditionId": id} for id in set_here or [""]]
    return rows


def _extension(problem: Problem) -> dict[str, tuple[str, _Table]]:
    readings = [
        {"readingId": id, "observableId": one.observable, "experimentId": one.experiment, "time": number_text(one.time)}
        for id, one in problem.readings.items()
    ]
    terms = [
        {
            "termId": id,
            "termFormula": formula_text(one.formula),
            "lower": number_text(one.lower) if math.isfinite(one.lower) else "",
            "upper": number_text(one.upper) if math.isfinite(one.upper) else "",
            "noiseDistribution": _distribution(one.noise),
            "noiseFormula": formula_text(one.noise.formula),
            "datasetId": one.dataset,
        }
        for id, one in problem.terms.items()
    ]
    sources = [{"datasetId": id, "evidence": ";".join(one.evidence), "title": one.title} for id, one in problem.sources.items()]
    rows = [
        {"parameterId": id, "table": one.table, "key": one.key, "id": one.id, "transform": one.transform}
        for id, one in problem.rows.items()
    ]
    held: dict[str, list[Record]] = {"reading_files": [*readings], "term_files": [*terms], "source_files": [*sources], "row_files": [*rows]}
    return {key: (key.removesuffix("_files") + "s.tsv", (FILES[key], held[key])) for key in FILES}
