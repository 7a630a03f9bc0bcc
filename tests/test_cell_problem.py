"""The shipped fit problem: written by its script, whole, and the same experiments as those of the house."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fit_cases import needs_petab
from serdsim.claims.evidence_rows import read_facts
from serdsim.experiments.protocol import read_experiment
from serdsim.experiments.runner import run_experiment
from serdsim.fit import read_problem
from serdsim.fit.objective import Objective
from serdsim.fit.second_opinion import second_opinion
from serdsim.model.library_rows import rows_of
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws

pytestmark = needs_petab
ROOT = Path(__file__).resolve().parents[1]
LIBRARY = shipped_library()
FOLDER = LIBRARY / "problems" / "cell"
SPEC = ROOT / "verification" / "cell_problem"
BY_HAND = {"README.md", "left_out.tsv"}
OUTPUTS = {"fold_er": "er_total", "halvings": "er_total", "fold_mPGR": "mPGR", "fold_PR": "PR", "fold_live": "live"}
OUTPUTS |= {"fold_CDK6": "CDK6", "fold_CycE": "CycE", "fold_CycD1": "CycD1"}


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def rows(name: str, folder: Path = FOLDER) -> list[dict[str, str]]:
    return records(folder / f"{name}.tsv")


@pytest.fixture(scope="module")
def problem():
    return read_problem(FOLDER / "cell.yaml")


@pytest.fixture(scope="module")
def found(problem):
    return Objective(problem, workers=1).at()


@pytest.fixture(scope="module")
def readings():
    """Return the folds of 0 h that the runner of experiments gives, by experiment of the problem, output and hour."""
    folds = {}
    for path in (SPEC / "TURNOVER.yaml", LIBRARY / "experiments" / "GROWTH.yaml", SPEC / "GROWTH_MORE.yaml"):
        experiment = replace(read_experiment(path), outputs=tuple(dict.fromkeys(OUTPUTS.values())))
        for id, reading in run_experiment(experiment, Draws(0, 1), workers=1).series.items():
            levels = reading.series.concentrations
            for i, level in enumerate(levels):
                arm = id if len(levels) == 1 else f"{id}_{re.sub(r'[^0-9]', '_', f'{level:g}')}nM"
                for output, values in reading.values.items():
                    start = values[i, 0, 0]
                    folds |= {(arm, output, time): values[i, t, 0] / start for t, time in enumerate(experiment.times().tolist())}
    return folds


def test_it_is_what_its_script_writes(tmp_path):
    paths = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, str(ROOT / "verification" / "write_cell_problem.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": paths})
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(written) == 11
    assert written == {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.name not in BY_HAND}


def test_petab_finds_no_error_in_what_is_plain_petab(tmp_path):
    plain = tmp_path / "cell"
    shutil.copytree(FOLDER, plain)
    text = (plain / "cell.yaml").read_text(encoding="utf-8")
    (plain / "cell.yaml").write_text(text[: text.index("extensions:")], encoding="utf-8")
    assert second_opinion(plain / "cell.yaml") == []


def test_every_fold_is_that_of_the_experiment(problem, found, readings):
    """Measurements and readings at hours that the runner observes; it plates, doses and changes medium by code of its own."""
    values = [(one.observable, one.experiment, one.time, x) for one, x in zip(problem.measurements, found.table["simulation"], strict=True)]
    values += [(one.observable, one.experiment, one.time, found.readings[id]) for id, one in problem.readings.items()]
    compared = 0
    for observable, experiment, time, value in values:
        if experiment and (experiment, OUTPUTS[observable], time) in readings:
            fold = readings[experiment, OUTPUTS[observable], time]
            assert value == pytest.approx(-np.log2(fold) if observable == "halvings" else fold, rel=1e-4), (experiment, time)
            compared += 1
    assert compared > 110


def test_affinities_of_mutants_are_those_of_the_model(problem, found):
    """Over the wild type, by the rate constants of the cell model itself."""
    turnover = read_experiment(SPEC / "TURNOVER.yaml")
    one = turnover.series["held_4OHT"]
    ids = ("k_off_drug_M", "k_off_drug_W", "k_off_E2_M", "k_on_E2_M", "k_off_E2_W", "k_on_E2_W", "pose_apo_M")
    mutants = {genotype: replace(one, id=genotype, genotype=genotype) for genotype in ("Y537S", "D538G")}
    runs = run_experiment(replace(turnover, outputs=ids, series=mutants), Draws(0, 1), workers=1)
    seen = dict(zip(found.table["observable"], found.table["simulation"], strict=True))
    for genotype, reading in runs.series.items():
        k = {id: float(reading.at(id, 0.0)[0, 0]) for id in ids}
        assert seen[f"Ki_4OHT_{genotype}"] / seen["Ki_4OHT_WT"] == pytest.approx(k["k_off_drug_M"] / k["k_off_drug_W"], rel=1e-9)
        shift = k["k_off_E2_M"] / k["k_on_E2_M"] / (k["k_off_E2_W"] / k["k_on_E2_W"])
        assert seen[f"Kd_E2_{genotype}"] / seen["Kd_E2_WT"] == pytest.approx(shift, rel=1e-9)
        assert seen[f"Kd_SRC3_{genotype}_E2"] / seen[f"Kd_SRC3_{genotype}"] == pytest.approx(k["pose_apo_M"], rel=1e-9)


def test_nothing_fails_and_a_parameter_moves_what_it_should(problem, found):
    assert not found.failures and np.isfinite(found.log_posterior)
    moved = Objective(problem, workers=1).at({"Kd_fulvestrant": 10.0 * problem.nominal["Kd_fulvestrant"]})
    changed = ~np.isclose(moved.table["simulation"], found.table["simulation"], rtol=1e-3)
    assert {id.split("_")[0] for id in found.table["experiment"][changed]} == {"fulvestrant"}


def test_every_row_that_may_be_fitted_is_fitted_read_off_or_left_out_with_a_reason():
    """Fitted by one of the shipped problems; or of pharmacokinetics, which are read off their rows without a fit."""
    used, left = set(), {}
    for folder in (LIBRARY / "problems").iterdir():
        used |= {id for row in rows("sources", folder) for id in row["evidence"].split(";")}
        own = rows("left_out", folder) if (folder / "left_out.tsv").is_file() else []
        here = {row["evidence"]: row["reason"] for row in own if not row["evidence"].startswith("He_")}
        assert not set(left) & set(here)
        left |= here
    calibrate = {id for id, fact in read_facts(LIBRARY).items() if fact.role == "calibrate"}
    assert not used & set(left) and all(left.values()) and used | set(left) <= calibrate
    others = ("pk_human.tsv", "pk_mouse.tsv", "hosts.tsv", "tissue.tsv", "tolerability.tsv", "drugs.tsv", "salts.tsv", "exposures.tsv")
    named = {id for table in others for row in records(LIBRARY / table) for id in re.findall(r"\bC\d{3}(?:\.\w+)?", row["locator"])}
    read_off = {id for id in calibrate - used - set(left) if id in named or id.split(".")[0] in named}
    assert calibrate == used | set(left) | read_off and all(id.startswith("C") for id in read_off)


def test_nominal_values_are_those_of_the_library():
    values = {}
    for table, key in (("parameters.tsv", None), ("drugs.tsv", "drug"), ("genotypes.tsv", "genotype")):
        for row in rows_of(LIBRARY / table, key):
            values[table, row.text(key) if key else "", row.text("id")] = row.number("value")
    nominal = {row["parameterId"]: float(row["nominalValue"]) for row in rows("parameters")}
    assert len(rows("rows")) > 40
    for row in rows("rows"):
        x = nominal[row["parameterId"]]
        assert values[row["table"], row["key"], row["id"]] == pytest.approx(x / (1 + x) if row["transform"] == "odds" else x, rel=1e-12)


def test_the_nominal_values_are_the_optimum() -> None:
    """What Newton's step from the nominal values would still gain; rows that the fit does not set were settled before it."""
    from serdsim.fit.gradient import Gradients

    many = Gradients(problem := read_problem(FOLDER / "cell.yaml"))
    (point,) = many(many.space.vector(problem.nominal)[None])
    gain = 0.5 * point.gradient @ np.linalg.solve(point.curvature, point.gradient)
    assert 0.0 <= gain < 0.05
