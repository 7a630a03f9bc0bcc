"""What is measured in patients and mice, by hand: stains, a ball, fluoroestradiol, Ki-67, DNA in plasma."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serdsim.model.library import load
from serdsim.simulation.named import simulate_named

WAYS = {"fulvestrant": "fulvestrant 500 mg im q336h x 2", "untreated": None}


def seen(host: str, outputs: list[str], regimen: str | None = None, genotype: str = "Y537S", **settings: float) -> dict[str, np.ndarray]:
    """Return outputs each day for two weeks."""
    run = simulate_named(host, regimen, genotype=genotype, outputs=outputs, duration_h=336.0, every_h=24.0, settings=settings)
    return {id: run.dataset[id].values.ravel() for id in outputs}


def number(host: str, id: str) -> float:
    return float(load(host)[id].value or 0.0)


@pytest.mark.parametrize("host", ["mouse", "patient"])
@pytest.mark.parametrize(("score", "level", "reference", "half"), [
    ("er_hscore", "tumour_er", "er_reference", "K_stain_er"), ("pr_hscore", "tumour_PR", "pr_reference", "K_stain_pr"),
])  # fmt: skip
def test_a_stain_shows_half_at_its_half_level_more_above_and_never_more_than_all(
    host: str, score: str, level: str, reference: str, half: str
) -> None:
    start = seen(host, [level])[level][0]
    shares = {at: seen(host, [score], **{reference: start / number(host, half) / at})[score][0] for at in (0.5, 1.0, 2.0, 1e6)}
    most = number(host, "hscore_max")
    assert shares[1.0] == pytest.approx(most / 2, rel=1e-6)
    assert shares[0.5] + shares[2.0] == pytest.approx(most, rel=1e-6)  # a law of powers is even around its half
    assert shares[0.5] < shares[1.0] < shares[2.0] < shares[1e6] <= most


@pytest.mark.parametrize("host", ["mouse", "patient"])
def test_a_lesion_is_a_ball_of_all_its_cells(host: str) -> None:
    found = seen(host, ["tumour_live", "tumour_dead", "tumour_volume", "tumour_diameter"], WAYS["fulvestrant"])
    cells = (found["tumour_live"] + found["tumour_dead"]) * number(host, "v_cell") / number(host, "cell_share")
    np.testing.assert_allclose(found["tumour_volume"], cells * 1e6, rtol=1e-6)  # a litre is a million cubic millimetres
    np.testing.assert_allclose(math.pi / 6 * found["tumour_diameter"] ** 3, found["tumour_volume"], rtol=1e-9)
    assert np.all(found["tumour_dead"] > 0)


def test_a_named_diameter_is_the_one_that_cells_are_counted_for() -> None:
    """A lesion of 20 mm is about 4.2 mL; the cells that fill it are there when treatment starts."""
    cells = math.pi / 6 * 20.0**3 * 1e-6 / number("patient", "v_cell") * number("patient", "cell_share")
    assert seen("patient", ["tumour_diameter"], n_cells=cells)["tumour_diameter"][0] == pytest.approx(20.0, rel=1e-6)


@pytest.mark.parametrize("host", ["mouse", "patient"])
def test_fluoroestradiol_goes_to_receptors_without_ligand(host: str) -> None:
    """1 at the reference; what the receptor does not explain stays whatever is given."""
    free = seen(host, ["tumour_apo"])["tumour_apo"]
    at = {"er_reference": free[0]}
    assert seen(host, ["fes_uptake"], **at)["fes_uptake"][0] == pytest.approx(1.0, rel=1e-6)
    found = seen(host, ["fes_uptake", "tumour_apo"], WAYS["fulvestrant"], **at)
    background = number(host, "fes_background")
    np.testing.assert_allclose(found["fes_uptake"], background + (1 - background) * found["tumour_apo"] / free[0], rtol=1e-6)
    assert background < found["fes_uptake"][-1] < found["fes_uptake"][0]


def test_ki67_is_the_share_of_cells_in_cycle_that_a_reader_counts() -> None:
    found = seen("mouse", ["ki67_percent", "sg2m", "g1", "quiescent"], WAYS["fulvestrant"])
    live = found["sg2m"] + found["g1"] + found["quiescent"]
    share = (found["sg2m"] + number("mouse", "ki67_g1") * found["g1"]) / live
    np.testing.assert_allclose(found["ki67_percent"], 100 * number("mouse", "ki67_seen") * share, rtol=1e-6)


def test_the_mutant_allele_in_plasma_is_half_of_the_tumours_share_at_the_half_volume() -> None:
    volume = seen("patient", ["tumour_volume"])["tumour_volume"][0]
    found = seen("patient", ["ctdna_share", "ctdna_allele", "mutant_share"], ctdna_half=volume)
    assert found["ctdna_share"][0] == pytest.approx(0.5, rel=1e-6)
    assert found["ctdna_allele"][0] == pytest.approx(50 * found["mutant_share"][0], rel=1e-6) and found["mutant_share"][0] > 0
    assert np.all(seen("patient", ["ctdna_allele"], genotype="WT")["ctdna_allele"] == 0.0)
