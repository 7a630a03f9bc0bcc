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
from serdsim.analysis.exposure import simulate_exposures
from serdsim.analysis.exposure_table import read_exposures
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
NAMES = ("pk", "window", "xenograft")
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
    first = next(iter(SPECS[name]["datasets"]))
    edit(library, f"problems/{name}/sources.tsv", f"{first}\t", f"{first}\t{held};")
    with pytest.raises(InputError, match=f'{held}: the row has the role "validate"; expected "calibrate"'):
        read_fits(library, facts)
    with pytest.raises(InputError, match=held):
        read_problem(library / "problems" / name / f"{name}.yaml", library)


@pytest.mark.parametrize("name", NAMES)
def test_nominal_values_are_those_of_the_library_and_lie_inside_their_bounds(name):
    nominal = {row["parameterId"]: row for row in rows(name, "parameters")}
    assert len(rows(name, "rows")) == len(nominal) == len(SPECS[name]["parameters"])
    for row in rows(name, "rows"):
        key = {"hosts.tsv": "host", "tissue.tsv": "drug", "pk_human.tsv": "drug", "cell_lines.tsv": "cell_line"}[row["table"]]
        (value,) = [
            r.number("value") for r in rows_of(LIBRARY / row["table"], key) if (r.text(key), r.text("id")) == (row["key"], row["id"])
        ]
        one = nominal[row["parameterId"]]
        assert float(one["nominalValue"]) == pytest.approx(value / (1.0 - value) if row["transform"] == "odds" else value, rel=1e-12)
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


READ = {  # term of the problem: row of exposures.tsv, which is simulated and read by other code
    "first_cmax": "fulvestrant.250_first_cmax", "first_auc": "fulvestrant.250_first_auc", "first_half_life": "fulvestrant.half_life",
    "monthly_cmax": "fulvestrant.250_monthly_cmax", "monthly_auc": "fulvestrant.250_monthly_auc",
    "loading_cmax": "fulvestrant.loading_cmax",
    "elacestrant_cmax": "elacestrant.cmax_ss", "elacestrant_auc": "elacestrant.auc_ss",
    "elacestrant_accumulation": "elacestrant.accumulation",
    "elacestrant_half_life": "elacestrant.half_life", "elacestrant_food": "elacestrant.food_cmax",
    "abemaciclib_cmax": "abemaciclib.200_cmax", "abemaciclib_half_life": "abemaciclib.200_half_life",
    "abemaciclib_tmax": "abemaciclib.200_tmax", "abemaciclib_food": "abemaciclib.food_cmax",
    "accumulation_cmax": "abemaciclib.accumulation_cmax",
    "accumulation_auc": "abemaciclib.accumulation_auc", "m2_cmax": "abemaciclib.200_m2_cmax", "m20_cmax": "abemaciclib.200_m20_cmax",
    "m2_share": "abemaciclib.ss_m2_share", "m20_share": "abemaciclib.ss_m20_share", "alpelisib_tmax": "alpelisib.tmax",
    "alpelisib_food_low": "alpelisib.food_cmax",
}  # fmt: skip


def test_what_is_fitted_is_what_the_table_of_exposures_simulates(found):
    """Doses, peaks and areas; slopes by two levels instead of a line through all, peaks by a smooth mean."""
    at = dict(zip(found["pk"].terms["term"], found["pk"].terms["simulation"], strict=True))
    every = {one.id: one for one in read_exposures(LIBRARY)}
    assert set(at) - set(READ) == {"volume", "first_tmax", "elacestrant_tmax", "alpelisib_food_high"}
    shown = {one.exposure.id: one for one in simulate_exposures([every[id] for id in READ.values()], LIBRARY)}
    for term, id in READ.items():
        one = shown[id]
        assert at[term] == pytest.approx(one.ratio * one.exposure.value, rel=0.05 if "half_life" in term else 0.015), term
        assert one.within, id


def test_noise_is_the_stated_error_of_the_exposure():
    """Or wider: an interval has its range beside the noise."""
    every = {one.id: one for one in read_exposures(LIBRARY)}
    for row in rows("pk", "terms"):
        if row["termId"] in READ and row["lower"] == row["upper"]:
            assert float(row["noiseFormula"]) >= 0.99 * np.log1p(every[READ[row["termId"]]].error), row["termId"]


def test_a_share_of_a_split_dose_and_what_follows_it_are_estimated(problems, found):
    """More of the dose in the fast site: a higher first peak, nothing lost, and no other drug moves."""
    problem = problems["pk"]
    moved = Objective(problem, workers=1).at({"odds_f_fast_fulvestrant": 1.5 * problem.nominal["odds_f_fast_fulvestrant"]})
    before, after = (dict(zip(one.terms["term"], one.terms["simulation"], strict=True)) for one in (found["pk"], moved))
    assert after["first_cmax"] > 1.05 * before["first_cmax"]
    assert {id for id in before if not np.isclose(before[id], after[id], rtol=1e-6)} == {
        id for id in before if id.startswith(("first", "monthly", "loading"))
    }


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
