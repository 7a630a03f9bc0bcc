"""The shipped fit problems of hosts: written whole by their script, at their optimum, the same courses as simulations, nothing held out."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from fit_cases import needs_petab
from library_cases import copied, edit
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.fits import read_fits
from serdsim.errors import InputError
from serdsim.experiments.protocol import Experiment, Series
from serdsim.experiments.runner import run_experiment
from serdsim.fit import read_problem
from serdsim.fit.gradient import Gradients
from serdsim.fit.objective import Objective
from serdsim.fit.second_opinion import second_opinion
from serdsim.model.library import load
from serdsim.model.library_rows import rows_of
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws

pytestmark = needs_petab
ROOT = Path(__file__).resolve().parents[1]
LIBRARY = shipped_library()
NAMES = ("window", "xenograft")
SPECS = {name: yaml.safe_load((ROOT / "verification" / "host_problems" / f"{name}.yaml").read_text(encoding="utf-8")) for name in NAMES}


def rows(problem: str, table: str) -> list[dict[str, str]]:
    with (LIBRARY / "problems" / problem / f"{table}.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@pytest.fixture(scope="module")
def problems():
    return {name: read_problem(LIBRARY / "problems" / name / f"{name}.yaml") for name in NAMES}


@pytest.fixture(scope="module")
def found(problems):
    return {name: Objective(problem, workers=1).at() for name, problem in problems.items()}


def test_they_are_what_their_script_writes(tmp_path):
    paths = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, str(ROOT / "verification" / "write_host_problems.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": paths})
    for name in NAMES:
        written = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        assert len(written) >= 11
        assert written == {path.name: path.read_bytes() for path in (LIBRARY / "problems" / name).iterdir()}


@pytest.mark.parametrize("name", NAMES)
def test_petab_finds_no_error_in_what_is_plain_petab(tmp_path, name):
    plain = Path(shutil.copytree(LIBRARY / "problems" / name, tmp_path / name)) / f"{name}.yaml"
    text = plain.read_text(encoding="utf-8")
    plain.write_text(text[: text.index("extensions:")], encoding="utf-8")
    assert second_opinion(plain) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_is_held_out_can_be_in(tmp_path, name):
    facts = read_facts(LIBRARY)
    read = {id for row in rows(name, "sources") for id in row["evidence"].split(";")}
    assert read and {facts[id].role for id in read} == {"calibrate"}
    assert read == {row for row, *_ in SPECS[name]["measurements"]} | {row for term in SPECS[name]["terms"] for row in term["rows"]}
    held = next(id for id, fact in facts.items() if fact.role == "validate")
    library = copied(tmp_path)
    edit(library, f"problems/{name}/sources.tsv", "growth\t", f"growth\t{held};")
    with pytest.raises(InputError, match=f'{held}: the row has the role "validate"; expected "calibrate"'):
        read_fits(library, facts)
    with pytest.raises(InputError, match=held):
        read_problem(library / "problems" / name / f"{name}.yaml", library)


@pytest.mark.parametrize("name", NAMES)
def test_nominal_values_are_those_of_the_library_and_lie_inside_their_bounds(name):
    nominal = {row["parameterId"]: row for row in rows(name, "parameters")}
    assert len(rows(name, "rows")) == len(nominal) == len(SPECS[name]["parameters"])
    for row in rows(name, "rows"):
        key = {"hosts.tsv": "host", "tissue.tsv": "drug"}[row["table"]]
        (value,) = [
            r.number("value") for r in rows_of(LIBRARY / row["table"], key) if (r.text(key), r.text("id")) == (row["key"], row["id"])
        ]
        one = nominal[row["parameterId"]]
        assert float(one["nominalValue"]) == pytest.approx(value, rel=1e-12)
        assert float(one["lowerBound"]) < float(one["nominalValue"]) < float(one["upperBound"])


@pytest.mark.parametrize("name", NAMES)
def test_the_nominal_values_are_the_optimum(problems, name) -> None:
    """What Newton's step from the nominal values would still gain."""
    many = Gradients(problem := problems[name])
    (point,) = many(many.space.vector(problem.nominal)[None])
    gain = 0.5 * point.gradient @ np.linalg.solve(point.curvature, point.gradient)
    assert 0.0 <= gain < 0.05


def test_nothing_fails_and_a_parameter_moves_what_it_should(problems, found):
    for name, one in found.items():
        assert not one.failures and np.isfinite(one.log_posterior), name
    problem, at = problems["window"], found["window"]
    moved = Objective(problem, workers=1).at({"Kp_uu_fulvestrant": 10.0 * problem.nominal["Kp_uu_fulvestrant"]})
    changed = ~np.isclose(moved.table["simulation"], at.table["simulation"], rtol=1e-3)
    assert {id.split("_")[0] for id in at.table["experiment"][changed]} == {"fulvestrant"}


ARMS = {one["id"]: one["regimen"] for one in SPECS["window"]["experiments"] if one["regimen"].count(" mg ") == 1}


@pytest.mark.parametrize("id", ARMS)
def test_a_course_is_that_of_an_experiment(found, id):
    """Doses, plating and references by other code than that of the problem: what is left of ER, PgR and Ki-67."""
    at, spec = found["window"].table, SPECS["window"]
    mine = [(o, t, x) for o, e, t, x in zip(at["observable"], at["experiment"], at["time"], at["simulation"], strict=True) if e == id]
    of = {"left_er": "tumour_er", "left_er_h": "er_hscore", "left_pr_h": "pr_hscore", "left_ki67": "tumour_ki67", "er_h": "er_hscore"}
    drug, dose, rest = re.fullmatch(r"(\S+) ([\d.]+) mg (.*)", ARMS[id]).groups()
    line, genotype = load("patient").evidence["k_syn_er"].row.split(".")[0], spec["select"]["genotype"]
    sentence, given = f"{drug} {{dose}} {rest}", {name: float(value) for name, value in spec["given"].items()}
    series = Series(id, drug, genotype, (float(dose),), 0.0, {}, {}, given, line, "T", regimen=sentence, unit="mg")
    last, outputs = max(time for _, time, _ in mine), tuple(dict.fromkeys(of.values()))
    experiment = Experiment("T", "test", "patient", line, drug, float(spec["pre_run_h"]), last, 12.0, outputs, {id: series}, "T")
    reading = run_experiment(experiment, Draws(0, 1), workers=1).series[id]
    for observable, time, value in mine:
        now, start = (float(reading.at(of[observable], t)[0, 0]) for t in (time, 0.0))
        assert value == pytest.approx(now if observable == "er_h" else now / start, rel=2e-4), (observable, time)
    assert mine and len(ARMS) > 4
