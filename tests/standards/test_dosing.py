"""Every gate case of the dosing suite (NONMEM's own numbers and closed forms) passes at the tolerance of the case."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from dosing_cases import ENGINES, MODELS
from little_models import model
from serdsim.codegen.equations import derive
from serdsim.dosing.records import Person, Record
from serdsim.simulation.recorded import run_records

pytestmark = pytest.mark.shared
Cells = dict[str, str]
GROUPS = {"nonmem": 50, "analytic": 40}  # with the least number of gate cases


def read(folder: Path) -> tuple[list[Cells], dict[str, list[Cells]]]:
    with (folder / "cases.csv").open(encoding="utf-8") as file:
        cases = list(csv.DictReader(file))
    records: dict[str, list[Cells]] = defaultdict(list)
    with (folder / "records.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            records[row["case"]].append(row)
    return cases, records


def record(row: Cells) -> Record:
    def number(name: str, missing: float = 0.0) -> float:
        return float(row[name] or missing)

    return Record(
        time=number("TIME"),
        event=int(number("EVID")),
        amount=number("AMT"),
        compartment=int(number("CMT")),
        rate=number("RATE"),
        interval=number("II"),
        additional=int(number("ADDL")),
        steady=int(number("SS")),
        bioavailability=number("F", 1.0),
        lag=number("ALAG"),
        modelled_rate=float(row["R"]) if row["R"] else None,
        modelled_duration=float(row["D"]) if row["D"] else None,
        inputs=(("CL", float(row["CL"])),) if row["CL"] else (),
    )


def found_by(engine: str, cases: list[Cells], records: dict[str, list[Cells]]) -> dict[str, np.ndarray]:
    """Run all cases of a model side by side; NaN where an individual fails."""
    result = {}
    for name in dict.fromkeys(case["model"] for case in cases):
        of, own = model(MODELS[name]), [case for case in cases if case["model"] == name]
        equations = derive(of)
        values = [json.loads(case["params"]) for case in own]
        usual = {id: of.quantity(id).value for id in equations.given}
        rows = [
            [float(usual[id] if one.get(id, "record column") == "record column" else one[id]) for one in values] for id in equations.given
        ]
        people = [Person(case["case"], tuple(record(row) for row in records[case["case"]])) for case in own]
        ways = dict(enumerate(of.species, start=1))
        arrays = run_records(equations, np.array(rows), people, ways, ("C",), ENGINES[engine], rtol=1e-10).arrays
        for place, (case, person) in enumerate(zip(own, people, strict=True)):
            result[case["case"]] = float(case["conc_scale"]) * arrays.values[0, : len(person.observed), place]
    return result


def column(rows: list[Cells], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows if row["EVID"] == "0"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("group", GROUPS)
def test_gate_cases_pass_at_their_own_tolerance(shared_dir: Path, group: str, engine: str) -> None:
    cases, records = read(shared_dir / "conformance" / "dosing" / group)
    gate = [case for case in cases if case["gate"] == "1"]
    found = found_by(engine, gate, records)
    misses = {}
    for case in gate:
        expected = column(records[case["case"]], "EXPECTED")
        allowed = float(case["abs_tol"]) + float(case["rel_tol"]) * np.abs(expected)
        worst = float(np.max(np.abs(found[case["case"]] - expected) / allowed))
        if not worst <= 1.0:
            misses[case["case"]] = worst
    assert len(gate) >= GROUPS[group]
    assert misses == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_steady_states_with_long_lags_meet_the_closed_form_where_nonmem_does_not(shared_dir: Path, engine: str) -> None:
    cases, records = read(shared_dir / "conformance" / "dosing" / "nonmem")
    others = [case for case in cases if case["gate"] == "0"]
    assert others
    found = found_by(engine, others, records)
    for case in others:
        exact = column(records[case["case"]], "ANALYTIC")
        assert np.max(np.abs(found[case["case"]] - exact)) <= 1e-7 * np.max(exact), case["case"]
