"""Write the shipped fit problem library/problems/cell from the tables of verification/cell_problem and experiments.

    python verification/write_cell_problem.py            # write
    python verification/write_cell_problem.py FOLDER     # write into another folder

What is measured, how it is compared and what is estimated stands in the tables, with reasons in their first lines. Experiments are
library/experiments/GROWTH.yaml and those of verification/cell_problem. Nominal values are those of the library now: run this
after anything that changes them.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fitted_rows import find
from problem_arms import Arm, Frame, arm, arms_of, unlike, word
from problem_model import problem_yaml, sbml_of

from serdsim.claims.evidence_rows import Fact, read_facts, require_facts
from serdsim.errors import SerdsimError
from serdsim.experiments.protocol import read_experiment
from serdsim.model.entities import Model
from serdsim.model.library import load
from serdsim.model.recipe import read_recipe, shipped_library
from serdsim.tables import Column, Row, format_number, read_table, write_table

SPEC = Path(__file__).parent / "cell_problem"
WEEK = 168.0
REACH = 4.0  # bounds of an estimated parameter, in widths of its prior
REFERENCES = {"ref_er": "er_total", "ref_mPGR": "mPGR", "ref_PR": "PR", "ref_CycD1": "CycD1", "ref_CDK6": "CDK6", "ref_CycE": "CycE"}
READING = re.compile(r"\{(\w+):(\w+):([\d.]+)\}")
FIXED = {"pref_4OHT": "drugs.tsv:4-hydroxytamoxifen:pref"}
Record = dict[str, object]


@dataclass(frozen=True)
class Spec:
    """The tables of the folder: estimated parameters, measurements, terms, titles."""

    parameters: list[Row]
    data: list[Row]
    terms: list[Row]
    titles: dict[str, str]


def read_spec() -> Spec:
    """Return the tables as they are written."""

    def rows(name: str, required: str, optional: str = "", numbers: str = "") -> list[Row]:
        columns = [Column(id) for id in required.split()] + [Column(id, required=False) for id in optional.split()]
        return read_table(SPEC / name, [*columns, *(Column(id, "number") for id in numbers.split())])

    return Spec(
        rows("parameters.tsv", "parameterId", "table key id nominal", "centre width"),
        rows("data.tsv", "row dataset observable hours shown", "experiment noise"),
        rows("terms.tsv", "termId dataset rows formula distribution noise", "lower upper"),
        {row.text("datasetId"): row.text("title") for row in rows("datasets.tsv", "datasetId title")},
    )


def row_of(line: Row) -> str:
    """Return the library row ``table:key:id`` that a parameter fills; empty where there is none."""
    return f"{line.text('table')}:{line.text('key')}:{line.text('id')}" if line.text("table") else ""


def is_odds(line: Row) -> bool:
    """Return whether a parameter is the odds of a share."""
    return line.text("parameterId").startswith("odds_")


def parameters(spec: Spec, library: Path) -> Iterator[Record]:
    """Yield the parameter table: nominal values of the library, priors, bounds four widths either side of the centre."""
    for line in spec.parameters:
        centre, width, row = line.number("centre") or 0.0, line.number("width") or 0.0, row_of(line)
        nominal = (find(library, row).number("value") or 0.0) if row else float(line.text("nominal") or centre)
        if is_odds(line):
            centre, nominal = centre / (1.0 - centre), nominal / (1.0 - nominal)
        else:
            width *= math.log(10.0)
        lower, upper = (float(f"{centre * math.exp(side * REACH * width):.4g}") for side in (-1.0, 1.0))
        record: Record = {"parameterId": line.text("parameterId"), "lowerBound": lower, "upperBound": upper, "nominalValue": nominal}
        numbers = f"{format_number(float(f'{math.log(centre):.6g}'))};{format_number(float(f'{width:.6g}'))}"
        yield record | {"estimate": "true", "priorDistribution": "log-normal", "priorParameters": numbers}
    for id, row in FIXED.items():
        yield {"parameterId": id, "nominalValue": find(library, row).number("value"), "estimate": "false"}


def measurements(spec: Spec, facts: Mapping[str, Fact]) -> Iterator[Record]:
    """Yield the measurement table."""
    counted = Counter(line.text("dataset") for line in spec.data)
    for line in spec.data:
        (fact,) = require_facts([line.text("row")], facts, role="calibrate", file="data.tsv")
        seen = float(fact.value if fact.value is not None else math.nan)
        time = seen if line.text("hours") == "value" else float(line.text("hours"))
        shown = {"value": seen, "left": 1.0 - seen / 100.0}.get(line.text("shown"))
        noise: object = line.text("noise")
        if noise == "counts":
            several = max(counted[line.text("dataset")], 2) / 2.0
            noise = float(f"{(0.2 + 0.1 * time / WEEK) * math.sqrt(several):.4g}")
        record: Record = {"observableId": line.text("observable"), "experimentId": line.text("experiment"), "time": time}
        value = float(line.text("shown")) if shown is None else float(f"{shown:.12g}")
        yield record | {"measurement": value, "noiseParameters": noise, "datasetId": line.text("dataset")}


def terms(spec: Spec, facts: Mapping[str, Fact]) -> tuple[list[Record], list[Record]]:
    """Return the readings and the terms."""
    read: dict[str, Record] = {}
    found = []

    def named(match: re.Match[str]) -> str:
        observable, experiment, hours = match.groups()
        id = f"{observable.removeprefix('fold_')}_{experiment}_{word(float(hours))}h"
        read[id] = {"readingId": id, "observableId": observable, "experimentId": experiment, "time": float(hours)}
        return id

    for line in spec.terms:
        fact = require_facts(line.text("rows").split(";"), facts, role="calibrate", file="terms.tsv")[0]
        of_row = {"low": fact.low, "high": fact.high, "value": fact.value}
        ends = [of_row[text] if (text := line.text(side)) in of_row else text for side in ("lower", "upper")]
        record: Record = {"termId": line.text("termId"), "termFormula": READING.sub(named, line.text("formula"))}
        record |= dict(zip(("lower", "upper"), ends, strict=True))
        noise = {"noiseDistribution": line.text("distribution"), "noiseFormula": line.text("noise")}
        found.append(record | noise | {"datasetId": line.text("dataset")})
    return list(read.values()), found


def sources(spec: Spec) -> Iterator[Record]:
    """Yield the data sets with the evidence rows that they hold."""
    held: dict[str, dict[str, None]] = defaultdict(dict)
    for line in spec.data:
        held[line.text("dataset")][line.text("row")] = None
    for line in spec.terms:
        held[line.text("dataset")].update(dict.fromkeys(line.text("rows").split(";")))
    for id, rows in held.items():
        yield {"datasetId": id, "evidence": ";".join(rows), "title": spec.titles[id]}


def arms(spec: Spec, readings: Sequence[Record], library: Path) -> list[Arm]:
    """Return the arms that measurements and readings ask for."""
    last: dict[str, float] = {}
    asked = [(line.text("experiment"), line.text("hours")) for line in spec.data if line.text("experiment")]
    asked += [(str(one["experimentId"]), str(one["time"])) for one in readings]
    for id, hours in asked:
        last[id] = max(last.get(id, 0.0), 0.0 if hours == "value" else float(hours))
    plating = read_recipe("cell", library).plating
    assert plating is not None
    formulas = [(line, line.text("parameterId")) for line in spec.parameters if row_of(line)]
    formulas = [(line, f"{id} / (1 + {id})" if is_odds(line) else id) for line, id in formulas]
    shares = tuple((line.text("id"), formula) for line, formula in formulas if is_odds(line) and not line.text("key"))
    fills = {f"{line.text('key')}.{line.text('id')}": formula for line, formula in formulas if line.text("key")}
    frame = Frame(base(library), fills, shares, REFERENCES, plating, library)
    found = []
    for path in (SPEC / "TURNOVER.yaml", library / "experiments" / "GROWTH.yaml", SPEC / "GROWTH_MORE.yaml"):
        experiment = read_experiment(path)
        found += [arm(frame, experiment, s, c, last.pop(id)) for id, s, c in arms_of(experiment) if id in last]
    if last:
        raise SystemExit(f"no experiment has the arms {', '.join(last)}")
    return found


def base(library: Path) -> Model:
    """Return the model that the problem holds; conditions change it from drug to drug."""
    return load("cell", library=library, drug="fulvestrant", partner="palbociclib", genotype="WT", cell_line="MCF7")


def write(folder: Path, library: Path) -> dict[str, int]:
    """Write the problem; return how many rows each table has."""
    spec, facts = read_spec(), read_facts(library)
    readings, compared = terms(spec, facts)
    found = arms(spec, readings, library)
    rows: dict[str, list[Record]] = {
        "parameters": list(parameters(spec, library)),
        "conditions": [
            {"conditionId": id, "targetId": target, "targetValue": formula}
            for id, changes in unlike(found).items()
            for target, formula in changes
        ],
        "experiments": [
            {"experimentId": one.id, "time": time, "conditionId": id} for one in found for time, ids in one.periods for id in ids
        ],
        "observables": [dict(row.values) for row in read_table(SPEC / "observables.tsv", OBSERVABLE)],
        "measurements": list(measurements(spec, facts)),
        "readings": readings,
        "terms": compared,
        "sources": list(sources(spec)),
        "rows": [
            dict(zip(("parameterId", "table", "key", "id"), (line.text(c) for c in ("parameterId", "table", "key", "id")), strict=True))
            | {"transform": "odds" if is_odds(line) else "identity"}
            for line in spec.parameters
            if row_of(line)
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in rows.items():
        columns = [Column(id) for id in dict.fromkeys(id for record in records for id in record)]
        write_table(folder / f"{name}.tsv", columns, [{c.name: record.get(c.name) for c in columns} for record in records])
    (folder / "model.xml").write_text(sbml_of(base(library), read_recipe("cell", library), REFERENCES), encoding="utf-8")
    (folder / "cell.yaml").write_text(problem_yaml(SAYS, "er_cell"), encoding="utf-8")
    return {name: len(records) for name, records in rows.items()}


OBSERVABLE = [
    *(Column(id) for id in ("observableId", "observableFormula", "noiseDistribution", "noiseFormula")),
    Column("noisePlaceholders", required=False),
]
SAYS = (
    "Receptor, genes and growth of MCF7 cells, and the affinities of ligands: see README.md. Written by verification/write_cell_problem.py."
)


def main() -> int:
    """Write the problem; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    library = shipped_library()
    parser.add_argument("folder", type=Path, nargs="?", default=library / "problems" / "cell")
    arguments = parser.parse_args()
    try:
        counts = write(arguments.folder, library)
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
