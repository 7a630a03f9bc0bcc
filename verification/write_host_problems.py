"""Write the shipped fit problems of hosts, library/problems/pk, window and xenograft, from their specs.

    python verification/write_host_problems.py            # write all
    python verification/write_host_problems.py FOLDER     # write into another folder

The specs in verification/host_problems say what is measured, how it is compared and what is estimated, with reasons. Doses become
conditions that add to the species that the exposure model gives them into. Nominal values are those of the library now: run this after
anything that changes them.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from fitted_rows import find
from host_doses import dosed
from problem_arms import Changes, unlike, word
from problem_model import problem_yaml, sbml_of
from problem_peaks import with_peaks

from serdsim.claims.evidence_rows import Fact, read_facts, require_facts
from serdsim.dosing.regimen import Regimen, parse_regimen
from serdsim.errors import SerdsimError
from serdsim.model.entities import Model
from serdsim.model.library import load
from serdsim.model.library_rows import rows_of
from serdsim.model.plating import Plating
from serdsim.model.recipe import read_recipe, shipped_library
from serdsim.simulation.question import Question, ask
from serdsim.tables import Column, format_number, write_table

SPECS = Path(__file__).parent / "host_problems"
SAYS = "See verification/host_problems/{id}.yaml, from which verification/write_host_problems.py wrote this problem."
REACH = 4.0  # bounds of an estimated parameter, in widths of its prior
READING = re.compile(r"\{(\w+):(\w+):([\d.]+)\}")
Record = dict[str, Any]


@dataclass(frozen=True)
class Beside:
    """A row of the library that a fit does not set: its name ``drug.id``, value and width; of the log odds for a share."""

    row: str
    value: float
    width: float
    share: bool

    @property
    def parameter(self) -> Record:
        """What the spec would say of it, its own value as the centre."""
        centre = self.value / (1.0 - self.value) if self.share else self.value
        id = f"row_{word(self.row)}"
        return {"id": id, "centre": centre, "value": self.value, "width": self.width, "transform": "odds" if self.share else "identity"}


@dataclass(frozen=True)
class Host:
    """A spec, the library, the model that the problem holds, and which rows its parameters fill (`fills`: formula by row name).

    `plating` is None for a model without cells; `beside` are rows that become parameters although the spec does not estimate them.
    """

    spec: Mapping[str, Any]
    library: Path
    base: Model
    plating: Plating | None
    fills: Mapping[str, str]
    beside: tuple[Beside, ...] = ()


@dataclass(frozen=True)
class Course:
    """An experiment: periods by their time, each with its conditions; the conditions by name."""

    id: str
    periods: tuple[tuple[float, tuple[str, ...]], ...]
    conditions: Mapping[str, Changes]


def read_host(path: Path, library: Path, beside: tuple[Beside, ...] = ()) -> Host:
    """Return a spec with what it rests on."""
    spec = with_peaks(yaml.safe_load(path.read_text(encoding="utf-8")))
    fills = {one.row: filled_by(one.parameter) for one in beside}
    for one in spec["parameters"]:
        key, id = one["row"].split(":")[1:]
        fills |= {f"{key}.{row}": filled_by(one) for row in (id, *one.get("fills", ()))}
    base = load(spec["model"], library=library, **spec["select"])
    return Host(spec, library, base, read_recipe(spec["model"], library).plating, fills, beside)


def filled_by(parameter: Mapping[str, Any]) -> str:
    """Return the formula of the rows that a parameter fills."""
    return f"{parameter['id']} / (1 + {parameter['id']})" if is_odds(parameter) else str(parameter["id"])


def is_odds(parameter: Mapping[str, Any]) -> bool:
    """Return whether a parameter is the odds of a share."""
    return bool(parameter.get("transform", "identity") == "odds")


def experiment(host: Host, one: Mapping[str, Any]) -> Course:
    """Return an experiment of the spec as conditions and periods."""
    spec, regimen = host.spec, parse_regimen(one["regimen"]) if one["regimen"] else Regimen()
    hours = last_hour(host, one["id"])
    question = asked(host, one, regimen)
    made = {f"made_{word(one['id'])}": made_of(host, question.model, one["drug"])}
    made |= {f"set_{id}_{word(value)}": ((id, format_number(float(value))),) for id, value in spec["given"].items()}
    begun: dict[str, Changes] = {"start": begin} if (begin := start(host)) else {}
    begun |= {f"set_{id}_{word(value)}": ((id, format_number(float(value))),) for id, value in one.get("from_start", {}).items()}
    doses = dict(dosed(question, regimen, hours, host.fills))
    first = doses.pop(0.0, {})
    periods = [(-float(spec["pre_run_h"]), tuple(name for name, changes in made.items() if changes)), (0.0, (*begun, *first))]
    periods += [(time, tuple(given)) for time, given in sorted(doses.items())]
    every = {**made, **begun, **first, **{name: changes for given in doses.values() for name, changes in given.items()}}
    return Course(one["id"], tuple(periods), {name: changes for name, changes in every.items() if changes})


def asked(host: Host, one: Mapping[str, Any], regimen: Regimen) -> Question:
    """Return the question of an experiment; an untreated one has the drug of the problem's model, none of it given."""
    select = host.spec["select"]
    line = one.get("cell_line", select.get("cell_line"))
    return ask(host.spec["model"], regimen, one.get("genotype", select.get("genotype")), line, None, host.library)


def last_hour(host: Host, id: str) -> float:
    """Return the last hour at which an experiment is read."""
    read = [float(hours) for _, _, _, name, hours, *_ in host.spec["measurements"] if name == id]
    read += [float(h) for term in host.spec["terms"] for _, name, h in READING.findall(term["formula"]) if name == id]
    return max(read)


def made_of(host: Host, model: Model, drug: str) -> Changes:
    """Return what differs from the model of the problem; rows that parameters fill take these.

    Without cells the numbers of other drugs than the one that is given change nothing.
    """
    found = []
    others = {row.text("drug") for row in rows_of(host.library / "pk_human.tsv", "drug")} - {drug} if host.plating is None else set()
    for id, evidence in model.evidence.items():
        if evidence.row.partition(".")[0] in others:
            continue
        value, usual = model.quantity(id).value, host.base.quantity(id).value
        if evidence.row in host.fills and host.fills[evidence.row] != id:
            found.append((id, host.fills[evidence.row]))
        elif evidence.row not in host.fills and value is not None and value != usual:
            found.append((id, format_number(value)))
    return tuple(found)


def start(host: Host) -> Changes:
    """Return the size at the start of treatment and the references; all formulas see the values just before."""
    plating = host.plating
    if plating is None:
        return tuple(host.spec["references"].items())
    counted, left = [], plating.count
    for group, share in zip(plating.groups or (plating.cells,), plating.shares or ("rest",), strict=True):
        size = left if share == "rest" else f"{left} * {share}"
        left = f"{left} * (1 - {share})"
        counted += [(id, f"{size} * {id} / ({' + '.join(group)})") for id in group]
    cleared = [(id, "0") for id in plating.cleared]
    return (*counted, *cleared, *host.spec["references"].items())


def parameters(host: Host) -> Iterator[Record]:
    """Yield the parameter table: nominal values of the library, priors, bounds four widths either side of the centre."""
    for one in (*host.spec["parameters"], *(row.parameter for row in host.beside)):
        centre, width = float(one["centre"]), float(one["width"]) * (1.0 if is_odds(one) else math.log(10.0))
        value = float(one["value"] if "value" in one else find(host.library, one["row"]).number("value") or 0.0)
        lower, upper = (float(f"{centre * math.exp(side * REACH * width):.4g}") for side in (-1.0, 1.0))
        record: Record = {"parameterId": one["id"], "lowerBound": lower, "upperBound": upper}
        record |= {"nominalValue": value / (1.0 - value) if is_odds(one) else value, "estimate": "true"}
        numbers = f"{format_number(float(f'{math.log(centre):.6g}'))};{format_number(float(f'{width:.6g}'))}"
        yield record | {"priorDistribution": "log-normal", "priorParameters": numbers}


def measurements(host: Host, facts: Mapping[str, Fact]) -> Iterator[Record]:
    """Yield the measurement table."""
    for row, dataset, observable, id, hours, shown, noise in host.spec["measurements"]:
        (fact,) = require_facts([row], facts, role="calibrate", file="measurements")
        seen = float(fact.value if fact.value is not None else math.nan)
        value = {"value": seen, "left": 1.0 - seen / 100.0}.get(shown, shown)
        record: Record = {"observableId": observable, "experimentId": id, "time": float(hours)}
        yield record | {"measurement": float(f"{value:.12g}"), "noiseParameters": noise, "datasetId": dataset}


def terms(host: Host, facts: Mapping[str, Fact]) -> tuple[list[Record], list[Record]]:
    """Return the readings and the terms."""
    read: dict[str, Record] = {}
    found = []

    def named(match: re.Match[str]) -> str:
        observable, id, hours = match.groups()
        name = f"{observable}_{id}_{word(float(hours))}h"
        read[name] = {"readingId": name, "observableId": observable, "experimentId": id, "time": float(hours)}
        return name

    for term in host.spec["terms"]:
        fact = require_facts(term["rows"], facts, role="calibrate", file="terms")[0]
        of_row = {"low": fact.low, "high": fact.high, "value": fact.value}
        record: Record = {"termId": term["id"], "termFormula": READING.sub(named, term["formula"])}
        record |= {side: of_row.get(term[side], term[side]) for side in ("lower", "upper")}
        record |= {"noiseDistribution": term["distribution"], "noiseFormula": term["noise"], "datasetId": term["dataset"]}
        found.append(record)
    return list(read.values()), found


def sources(host: Host) -> Iterator[Record]:
    """Yield the data sets with the evidence rows that they hold."""
    for id, title in host.spec["datasets"].items():
        rows = [row for row, dataset, *_ in host.spec["measurements"] if dataset == id]
        rows += [row for term in host.spec["terms"] if term["dataset"] == id for row in term["rows"]]
        yield {"datasetId": id, "evidence": ";".join(dict.fromkeys(rows)), "title": title}


def write(path: Path, folder: Path, library: Path, beside: tuple[Beside, ...] = ()) -> dict[str, int]:
    """Write the problem of a spec; return how many rows each table has."""
    host, facts = read_host(path, library, beside), read_facts(library)
    courses = [experiment(host, one) for one in host.spec["experiments"]]
    readings, compared = terms(host, facts)
    noisy = {"noiseDistribution": "log-normal"}
    rows: dict[str, list[Record]] = {
        "parameters": list(parameters(host)),
        "conditions": [
            {"conditionId": id, "targetId": target, "targetValue": formula}
            for id, changes in unlike(courses).items()  # type: ignore[arg-type]
            for target, formula in changes
        ],
        "experiments": [
            {"experimentId": one.id, "time": time, "conditionId": id} for one in courses for time, ids in one.periods for id in ids or ("",)
        ],
        "observables": [
            {"observableId": one["id"], "observableFormula": one["formula"], **noisy, "noiseFormula": f"sd_{one['id']}"}
            | {"noisePlaceholders": f"sd_{one['id']}"}
            for one in host.spec["observables"]
        ],
        "measurements": list(measurements(host, facts)),
        "readings": readings,
        "terms": compared,
        "sources": list(sources(host)),
        "rows": [
            {"parameterId": one["id"], **dict(zip(("table", "key", "id"), one["row"].split(":"), strict=True))}
            | {"transform": one.get("transform", "identity")}
            for one in host.spec["parameters"]
        ],
        "left_out": [{"evidence": row, "reason": why} for row, why in host.spec["left_out"].items()],
    }
    folder.mkdir(parents=True, exist_ok=True)
    tables = {name: records for name, records in rows.items() if records}
    for name, records in tables.items():
        columns = [Column(id) for id in dict.fromkeys(id for record in records for id in record)]
        write_table(folder / f"{name}.tsv", columns, [{c.name: record.get(c.name) for c in columns} for record in records])
    text = sbml_of(host.base, read_recipe(host.spec["model"], library), host.spec["references"], host.spec.get("areas", {}))
    (folder / "model.xml").write_text(text, encoding="utf-8")
    (folder / f"{host.spec['id']}.yaml").write_text(
        problem_yaml(SAYS.format(**host.spec), read_recipe(host.spec["model"], library).id), encoding="utf-8"
    )
    if "measurements" not in tables:
        (folder / "measurements.tsv").write_text(
            "observableId\texperimentId\ttime\tmeasurement\tnoiseParameters\tdatasetId\n", encoding="utf-8"
        )
    return {name: len(records) for name, records in rows.items()}


def main() -> int:
    """Write the problems; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    library = shipped_library()
    parser.add_argument("folder", type=Path, nargs="?", default=library / "problems")
    arguments = parser.parse_args()
    try:
        for path in sorted(SPECS.glob("*.yaml")):
            counts = write(path, arguments.folder / path.stem, library)
            print(path.stem, ", ".join(f"{count} {name}" for name, count in counts.items()))
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
