"""Experiments in animals: each arm is what a simulation of its sentence gives, the books are kept, animals differ, dishes are dishes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from body_cases import body_library
from library_cases import copied, edit, set_cell
from serdsim.errors import ClaimError, InputError
from serdsim.experiments.arms import Change
from serdsim.experiments.protocol import Experiment, read_experiment
from serdsim.experiments.runner import run_experiment
from serdsim.simulation import simulate_named
from serdsim.simulation.draws import Draws

HEAD = "id: X\ntitle: x\nmodel: body\nsubject: any\npre_run: 0 h\nhours: 72 h\nevery: 12 h\noutputs: [drug_plasma, tumour, burden]\n"
ARM = '  - {id: a, regimen: "any {dose} q24h x 2", doses: [0 nmol, 10 nmol, 100 nmol]}\n'


def read(folder: Path, series: str = ARM, more: str = "") -> Experiment:
    path = folder / "X.yaml"
    path.write_text(f"{HEAD}{more}series:\n{series}", encoding="utf-8")
    return read_experiment(path)


def test_an_arm_is_what_a_simulation_of_its_sentence_gives(tmp_path: Path) -> None:
    library, found = body_library(tmp_path), read(tmp_path)
    series = found.series["a"]
    assert (series.drug, series.unit, series.concentrations) == ("any", "nmol", (0.0, 10.0, 100.0))
    readings = run_experiment(found, Draws(3, 7), library=library, workers=1)
    reading = readings.series["a"]
    for row, dose in enumerate((0, 10, 100)):
        said = simulate_named(
            "body", f"any {dose} nmol q24h x 2", duration_h=72, every_h=12, draws=3, seed=7, outputs=["drug_plasma"], library=library
        )
        assert np.allclose(reading.values["drug_plasma"][row], said.dataset["drug_plasma"].values.T, rtol=1e-6, atol=1e-9)
    assert np.all(reading.values["tumour"][:, 0] == 100.0)  # counted anew when treatment starts
    assert np.all(reading.at("tumour", 72)[0] > reading.at("tumour", 72)[2])
    assert 0.0 <= readings.worst_balance < 1e-9 and readings.individuals == 9 and readings.animals == 0


@pytest.mark.parametrize(
    ("model", "sentence", "doses", "seed"),
    [
        ("pk_human", "camizestrant {dose} po q24h x 3 + ribociclib 400 mg po q24h x 3", ("0 mg", "75 mg", "300 mg"), 3),
        ("pk_human", "imlunestrant-tosylate {dose} po q24h x 3 + abemaciclib 150 mg po q12h x 6", ("265.66 mg", "531.32 mg"), 4),
        (
            "pk_mouse",
            "fulvestrant {dose} im q168h x 1 + palbociclib 50 mg/kg po q24h x 3 from 12 h",
            ("0 mg/kg", "25 mg/kg", "200 mg/kg"),
            5,
        ),
    ],
)
def test_shipped_hosts_take_doses_as_in_a_simulation(tmp_path: Path, model: str, sentence: str, doses: tuple[str, ...], seed: int) -> None:
    """Lags, salts, two sites, body weight, and numbers that depend on the first dose act as they do there."""
    path = tmp_path / "X.yaml"
    series = f'  - {{id: a, regimen: "{sentence}", doses: [{", ".join(doses)}]}}\n'
    head = HEAD.replace("body", model).replace("pre_run: 0 h", "pre_run: 24 h").replace("every: 12 h", "every: 6 h")
    path.write_text(head.replace("[drug_plasma, tumour, burden]", "[drug_plasma, partner_plasma]") + f"series:\n{series}")
    readings = run_experiment(read_experiment(path), Draws(2, seed), workers=1)
    for row, dose in enumerate(doses):
        said = simulate_named(
            model, sentence.replace("{dose}", dose), duration_h=72, every_h=6, draws=2, seed=seed, outputs=["drug_plasma", "partner_plasma"]
        )
        for id in ("drug_plasma", "partner_plasma"):
            found, wanted = readings.series["a"].values[id][row], said.dataset[id].values.T
            assert np.allclose(found, wanted, rtol=1e-5, atol=1e-6 * wanted.max())
            assert wanted.max() > 0 or dose.startswith("0 ")
    assert 0.0 < readings.worst_balance < 1e-8


def test_only_the_arms_that_are_needed_are_run(tmp_path: Path) -> None:
    library, found = body_library(tmp_path), read(tmp_path)
    every = run_experiment(found, Draws(2, 7), library=library, workers=1).series["a"]
    one = run_experiment(found, Draws(2, 7), library=library, workers=1, only={"a": (100.0,)}).series["a"]
    assert one.values["burden"].shape == (1, 7, 2)
    assert np.allclose(one.values["burden"][0], every.values["burden"][2], rtol=1e-9)


def test_animals_stand_beside_the_typical_one_and_differ(tmp_path: Path) -> None:
    library, found = body_library(tmp_path), read(tmp_path, more="animals: 5\n")
    alone = run_experiment(replace(found, animals=0), Draws(4, 7), library=library, workers=1).series["a"]
    readings = run_experiment(found, Draws(4, 7), library=library, workers=1)
    reading = readings.series["a"]
    assert (readings.animals, readings.individuals) == (5, 3 * 4 * 6)
    assert reading.animals["burden"].shape == (3, 7, 4, 5) and alone.animals == {}
    for id, values in alone.values.items():
        assert np.allclose(reading.values[id], values, rtol=1e-9)
    end = reading.animals["burden"][:, -1]
    assert np.ptp(end, axis=2).min() > 0
    assert np.all(end[0] > end[2])  # the same animals in each arm
    few = run_experiment(replace(found, animals=2), Draws(4, 7), library=library, workers=2).series["a"]
    assert np.allclose(few.animals["burden"], reading.animals["burden"][..., :2], rtol=1e-9)
    assert reading.ended.tolist() == [True] * 4


def test_a_draw_in_which_an_animal_failed_has_not_ended_well(tmp_path: Path) -> None:
    found = read(tmp_path, more="animals: 2\n")
    reading = run_experiment(found, Draws(3, 7), library=body_library(tmp_path), workers=1).series["a"]
    broken = {id: values.copy() for id, values in reading.animals.items()}
    broken["burden"][1, 3, 2, 0] = np.nan
    assert replace(reading, animals=broken).ended.tolist() == [True, True, False]


def test_what_is_set_given_and_taken_from_elsewhere_acts_on_animals_too(tmp_path: Path) -> None:
    library = body_library(tmp_path)
    set_cell(library, "drugs.tsv", ("other", "K"), "value", "50")
    found = read(
        tmp_path,
        '  - {id: a, regimen: "any {dose} q24h x 2", doses: [100 nmol]}\n'
        '  - {id: still, regimen: "any {dose} q24h x 2", doses: [100 nmol], set: {growth: 0}}\n'
        '  - {id: large, regimen: "any {dose} q24h x 2", doses: [100 nmol], given: {tumour_start: 500}}\n'
        '  - {id: weak, regimen: "other {dose} q24h x 2", doses: [100 nmol]}\n'
        '  - {id: like, regimen: "any {dose} q24h x 2", doses: [100 nmol], like: {K_drug: "other: K_drug"}}\n',
    )
    run = run_experiment(found, Draws(0, 1), library=library, workers=1).series
    end = {id: float(reading.at("tumour", 72)[0, 0]) for id, reading in run.items()}
    assert end["still"] == pytest.approx(end["a"] * np.exp(-0.01 * 72), rel=1e-6)
    assert end["large"] == pytest.approx(5 * end["a"], rel=1e-9)
    assert end["like"] == pytest.approx(end["weak"], rel=1e-9) and end["weak"] > 1.2 * end["a"]
    off = run_experiment(
        found, Draws(0, 1), library=library, workers=1, change=Change("kill_off", {"kill": 0.0}), only=["a", "weak"]
    ).series
    assert float(off["a"].at("tumour", 72)[0, 0]) == pytest.approx(100 * np.exp(0.72), rel=1e-6)
    assert float(off["weak"].at("tumour", 72)[0, 0]) == pytest.approx(end["weak"], rel=1e-9)  # not the subject


def test_a_pre_run_comes_before_the_first_dose_and_the_tumour_is_counted_after_it(tmp_path: Path) -> None:
    library, found = body_library(tmp_path), read(tmp_path)
    later = run_experiment(replace(found, pre_run=240.0), Draws(2, 1), library=library, workers=1).series["a"]
    first = run_experiment(found, Draws(2, 1), library=library, workers=1).series["a"]
    assert np.allclose(later.values["burden"], first.values["burden"], rtol=1e-7)


def test_a_drug_that_comes_from_nowhere_is_seen_in_the_books(tmp_path: Path) -> None:
    library = body_library(tmp_path)
    edit(
        library,
        "models/body/body.ant",
        "leave: drug_plasma -> gone_drug; CL_drug*drug_plasma;",
        "leave: drug_plasma -> 1.001 gone_drug; CL_drug*drug_plasma;",
    )
    with pytest.raises(ClaimError, match=r"changed by .*e-04 of its start value"):
        run_experiment(read(tmp_path), Draws(0, 1), library=library, workers=1)


BROKEN: dict[str, tuple[str, str, str]] = {
    "no gap": ('  - {id: a, regimen: "any 10 nmol once", doses: [1 nmol]}\n', "", "no dose that the arms fill in"),
    "two drugs": ('  - {id: a, regimen: "any {dose} once + other {dose} once", doses: [1 nmol]}\n', "", "the dose of two drugs"),
    "a gap with a unit": (
        '  - {id: a, regimen: "any {dose}nmol once", doses: [1 nmol]}\n',
        "",
        "no dose that the arms fill in|cannot be read",
    ),
    "no doses": ('  - {id: a, regimen: "any {dose} once"}\n', "", "no list of doses"),
    "doses that fall": ('  - {id: a, regimen: "any {dose} once", doses: [2 nmol, 1 nmol]}\n', "", "do not rise"),
    "two units": ('  - {id: a, regimen: "any {dose} once", doses: [2 nmol, 1 mmol]}\n', "", "differ in unit"),
    "no unit": ('  - {id: a, regimen: "any {dose} once", doses: [2]}\n', "", '"2" cannot be read'),
    "a concentration": ('  - {id: a, regimen: "any {dose} once", doses: [2 nM]}\n', "", "gives a concentration"),
    "a bad sentence": ('  - {id: a, regimen: "any {dose} often", doses: [2 nmol]}\n', "", "the regimen cannot be read"),
    "another drug": (
        '  - {id: a, drug: other, regimen: "any {dose} once", doses: [2 nmol]}\n',
        "",
        "the series says other, its regimen any",
    ),
    "a medium": (ARM, "estradiol: 1 nM\n", "estradiol is said of a medium"),
    "replating": (ARM, "replate: {every: 24 h}\n", "replate is said of a medium"),
    "both kinds": (ARM + "  - {id: b, drug: any, concentrations: [1 nM]}\n", "", "lacks cell_line"),
    "broken animals": (ARM, "animals: 2.5\n", "animals is"),
    "negative animals": (ARM, "animals: -1\n", "animals is"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_treatment_that_cannot_be_meant_is_refused(tmp_path: Path, what: str) -> None:
    series, more, words = BROKEN[what]
    with pytest.raises(ClaimError, match=words) as refused:
        read(tmp_path, series, more)
    assert all(issue.repair for issue in refused.value.issues)


RUN_ERRORS: dict[str, tuple[Callable[[Path], Experiment], str]] = {
    "a dish of a body": (lambda f: read(f, "  - {id: a, drug: any, concentrations: [1 nM]}\n", "cell_line: x\n"), "has no medium"),
    "an infusion": (lambda f: read(f, '  - {id: a, regimen: "any {dose} iv-inf 2 h once", doses: [1 nmol]}\n'), "route"),
    "another drug": (lambda f: read(f, '  - {id: a, regimen: "nothing {dose} once", doses: [1 nmol]}\n'), 'unknown drug "nothing"'),
    "two in one place": (lambda f: read(f, '  - {id: a, regimen: "any {dose} once + other 1 nmol once", doses: [1 nmol]}\n'), "one place"),
    "another row": (
        lambda f: read(f, '  - {id: a, regimen: "any {dose} once", doses: [1 nmol], select: {host: mouse}}\n'),
        "selected by host",
    ),
    "another output": (lambda f: replace(read(f), outputs=("nothing",)), "no such output"),
}


@pytest.mark.parametrize("what", RUN_ERRORS)
def test_an_experiment_that_does_not_fit_the_model_is_refused(tmp_path: Path, what: str) -> None:
    library = body_library(tmp_path)
    make, words = RUN_ERRORS[what]
    with pytest.raises(InputError, match=words):
        run_experiment(make(tmp_path), Draws(0, 1), library=library, workers=1)


def test_animals_of_a_model_without_variances_are_refused(tmp_path: Path) -> None:
    library = body_library(tmp_path)
    for table, row in (("parameters.tsv", ("growth",)), *(("drugs.tsv", ("any", id)) for id in ("CL", "F", "central"))):
        set_cell(library, table, row, "iiv", "")
    with pytest.raises(ClaimError, match="all animals would be alike"):
        run_experiment(read(tmp_path, more="animals: 2\n"), Draws(0, 1), library=library, workers=1)


def test_a_balance_or_a_ligand_that_the_model_does_not_have_is_refused(tmp_path: Path) -> None:
    library = body_library(tmp_path)
    edit(library, "models/body.yaml", "[drug_given_and_gone]", "[drug_given]")
    with pytest.raises(ClaimError, match=r"drug_given: the model has no such balance; expected drug_given_and_gone"):
        run_experiment(read(tmp_path), Draws(0, 1), library=library, workers=1)
    shipped = copied(tmp_path / "shipped")
    edit(shipped, "models/cell.yaml", "medium: estradiol ", "medium: oestradiol ")
    with pytest.raises(InputError, match='no species is named for "oestradiol"'):
        run_experiment(read_experiment(shipped / "experiments" / "MAP.yaml"), Draws(0, 1), library=shipped, workers=1)


def test_doses_are_refused_in_a_dish(tmp_path: Path) -> None:
    path = tmp_path / "X.yaml"
    series = '  - {id: a, regimen: "imlunestrant {dose} once", doses: [1 nmol]}\n'
    path.write_text(
        HEAD.replace("model: body", "model: cell").replace("[drug_plasma, tumour, burden]", "[er_total]") + f"series:\n{series}"
    )
    with pytest.raises(ClaimError, match="has a medium: concentrations say what is given"):
        run_experiment(read_experiment(path), Draws(0, 1), workers=1)
