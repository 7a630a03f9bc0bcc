"""Laws of the shipped mouse and patient: doses are kept, nothing is negative, equal clones are one tumour, feedback, aromatase."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from xarray import Dataset

from library_cases import copied
from serdsim.codegen.equations import Equations, derive
from serdsim.experiments.protocol import Experiment, Series
from serdsim.experiments.runner import Reading, run_experiment
from serdsim.model.library import load
from serdsim.model.recipe import read_recipe, shipped_library, takers
from serdsim.simulation.draws import Draws
from serdsim.simulation.named import simulate_named

LIBRARY = shipped_library()
HOSTS = ("mouse", "patient")
PLACES = {drug: place for place in ("drug", "partner") for drug in takers("patient", place, LIBRARY)}
USUAL = "400 mg po q24h x 28"


@lru_cache
def equations(host: str) -> Equations:
    return derive(load(host))


def given(drug: str, host: str, genotypes: tuple[str, ...], outputs: tuple[str, ...]) -> Experiment:
    """Return four weeks of 10 mg/kg and two without."""
    way = "po q24h x 28" if load(host, **{PLACES[drug]: drug})[f"F_po_{PLACES[drug]}"].value else "im q168h x 4"
    regimen = f"{drug} {{dose}} {way}"
    series = {g: Series(g, drug, g, (0.0, 10.0), 0.0, {}, {}, {}, "", "T", regimen=regimen, unit="mg/kg") for g in genotypes}
    return Experiment("T", "test", host, "", drug, 720.0, 1008.0, 24.0, outputs, series, "T")


@lru_cache
def course(drug: str, host: str) -> Reading:
    """Return all states of Y537S tumours, typical and in four draws."""
    outputs = (*equations(host).states, "drug_given_and_gone", "partner_given_and_gone", "tumour_volume")
    readings = run_experiment(given(drug, host, ("Y537S",), outputs), Draws(4, 11), workers=1)
    assert readings.messages == () and 0.0 < readings.worst_balance < 1e-8
    return readings.series["Y537S"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_has_at_most_eighty_states(host: str) -> None:
    assert 30 < len(equations(host).states) <= 80


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("drug", PLACES)
def test_doses_are_kept_and_no_state_is_negative(drug: str, host: str) -> None:
    """No individual fails; what is lower than zero is so by rounding; what was given is there or gone."""
    reading, place = course(drug, host), PLACES[drug]
    assert reading.failed == 0 and reading.ended.all()
    model = load(host, **{place: drug})
    weight = float(model["body_weight"].value or 0.0)
    each = 10.0 * weight * 1e6 / float(model[f"molar_mass_{place}"].value or 0.0)
    count = 28 if model[f"F_po_{place}"].value else 4
    kept = derive(load("pk_human")).states
    for id in equations(host).states:
        values = reading.values[id]
        assert values.min() >= -1e-8 * max(1.0, values.max(), each if id in kept else 0.0), id
    np.testing.assert_allclose(reading.at(f"{place}_given_and_gone", 1008.0)[1], each * count, rtol=1e-6)
    assert np.all(reading.values[f"{place}_given_and_gone"][0] == 0.0)


@pytest.mark.parametrize("host", HOSTS)
def test_treatment_begins_at_the_size_that_the_row_says(host: str) -> None:
    reading, model = course("imlunestrant", host), load(host)
    cells = (read_recipe(host, LIBRARY).plating or pytest.fail("no plating")).cells
    start = sum(reading.at(id, 0.0) for id in cells)
    np.testing.assert_allclose(start, float(model["n_cells"].value or 0.0), rtol=1e-6)
    assert model.evidence["n_cells"].distribution == "fixed"


def patient(regimen: str, outputs: list[str], genotype: str = "WT", hours: float = 672.0, **settings: float) -> Dataset:
    return simulate_named(
        "patient",
        regimen or None,
        genotype=genotype,
        outputs=outputs,
        duration_h=hours,
        every_h=24.0,
        settings={"share_resistant": 0.0, **settings},
    ).dataset


@pytest.mark.parametrize("regimen", ["", f"imlunestrant {USUAL}", "everolimus 10 mg po q24h x 28"])
def test_one_wild_clone_is_two_wild_clones(regimen: str) -> None:
    """Where nobody is mutant it does not matter how many cells the first clone has: receptor of a cell, stains, growth."""
    outputs = ["tumour_er", "tumour_PR", "tumour_ki67", "tumour_volume", "mutant_share"]
    one, two = (patient(regimen, outputs, share_c1=share) for share in (1.0, 0.4))
    for id in outputs:
        np.testing.assert_allclose(one[id].values, two[id].values, rtol=1e-4, atol=1e-9, err_msg=id)
    assert np.all(one["mutant_share"].values == 0.0)


def test_a_mutant_clone_makes_a_difference_and_alone_it_is_all_there_is() -> None:
    outputs = ["tumour_er", "mutant_share", "w_c1", "w_c2"]
    alone, half = (patient(f"imlunestrant {USUAL}", outputs, "Y537S", share_c1=share) for share in (1.0, 0.5))
    mutant = float(load("patient", genotype="Y537S")["f_mutant_c1"].value or 0.0)
    assert mutant > 0
    np.testing.assert_allclose(alone["mutant_share"].values, mutant, rtol=1e-9)
    np.testing.assert_allclose(half["mutant_share"].values.ravel()[0], 0.5 * mutant, rtol=0.2)  # cells that died are not counted
    np.testing.assert_allclose(half["w_c1"].values + half["w_c2"].values, 1.0, rtol=1e-9)
    assert np.abs(alone["tumour_er"].values / half["tumour_er"].values - 1.0).max() > 1e-3


def test_cells_without_the_mutants_pools_are_cells_whose_mutant_share_is_nought(tmp_path: Path) -> None:
    """The fragment receptor_wild in place of receptor_mutant: the same cell for the wild type, with and without ligands."""
    library, outputs = copied(tmp_path), ("er_total", "er_nuclear_fraction", "mPGR", "mGREB1", "live")
    recipe = library / "models" / "cell.yaml"
    text = recipe.read_text(encoding="utf-8")
    assert text.count("receptor, receptor_mutant, dimers") == 1
    recipe.write_text(text.replace("receptor, receptor_mutant, dimers", "receptor, receptor_wild, dimers"), encoding="utf-8")
    doses = ((0.0, 0.0), (0.0, 0.1), (100.0, 0.1))
    series = {f"{d:g}-{e:g}": Series(f"{d:g}-{e:g}", "imlunestrant", "WT", (d,), e, {}, {}, {}, "MCF7", "T") for d, e in doses}
    experiment = Experiment("T", "test", "cell", "MCF7", "imlunestrant", 96.0, 72.0, 24.0, outputs, series, "T")
    wild, full = (run_experiment(experiment, Draws(2, 3), library=where, workers=1).series for where in (library, LIBRARY))
    assert len(derive(load("cell", library=library)).states) < len(derive(load("cell")).states)
    for id, reading in full.items():
        for output in outputs:
            np.testing.assert_allclose(wild[id].values[output], reading.values[output], rtol=1e-6, err_msg=f"{id} {output}")


def test_letrozole_takes_away_the_share_of_oestradiol_that_the_table_says() -> None:
    """At a level that does not change, what aromatase makes is K / (K + level); other drugs leave it alone."""
    held, model = {"CL_drug": 0.0, "Q_drug": 0.0}, load("patient", drug="letrozole")
    found = patient("letrozole 1 mg iv once", ["E2_plasma", "drug_plasma"], **held)
    level, half = found["drug_plasma"].values.ravel(), float(model["K_aromatase_drug"].value or 0.0)
    made = float(model["E2_aromatase"].value or 0.0)
    np.testing.assert_allclose(level, level[0], rtol=1e-9)
    assert 0.1 < half / (half + level[0]) < 0.9, "a dose at which the share says something"
    np.testing.assert_allclose(found["E2_plasma"].values.ravel()[-1], made * half / (half + level[0]), rtol=1e-6)
    for regimen in (f"imlunestrant {USUAL}", "fulvestrant 500 mg im q336h x 2", "abemaciclib 150 mg po q12h x 56"):
        np.testing.assert_allclose(patient(regimen, ["E2_plasma"])["E2_plasma"].values, made, rtol=1e-5)


def test_receptors_of_growth_factors_come_back_under_everolimus_only() -> None:
    """AKT is what it was under every other drug, but for one that takes PI3K away and raises insulin; what is gone of it is a share."""
    seen = {drug: course_of(drug) for drug in PLACES}
    for drug, (akt, loss) in seen.items():
        if drug == "everolimus":
            assert akt.max() > 1.05 and np.all(np.abs(loss) < 1e-6)
        elif drug == "alpelisib":
            assert akt.min() < 0.9 and akt.max() < 2.0 and loss.max() > 0.1  # insulin adds at most insulin_gain, below one
        else:
            np.testing.assert_allclose(akt, 1.0, atol=1e-3, err_msg=drug)
        assert np.all((loss >= -1e-9) & (loss <= 1.0))


def course_of(drug: str) -> tuple[np.ndarray, np.ndarray]:
    """Return AKT, and what is gone of it, in mice under a drug."""
    readings = run_experiment(given(drug, "mouse", ("WT",), ("AKT", "akt_loss")), Draws(4, 11), workers=1)
    values = readings.series["WT"].values
    return values["AKT"], values["akt_loss"]


@pytest.mark.parametrize("host", HOSTS)
def test_an_individual_is_the_same_alone_and_among_others(host: str) -> None:
    experiment = replace(given("imlunestrant", host, ("WT",), ("tumour_volume",)), hours=96.0)
    few, many = (run_experiment(experiment, Draws(n, 5), workers=1).series["WT"].values["tumour_volume"] for n in (2, 9))
    np.testing.assert_allclose(few, many[..., :2], rtol=1e-9)
