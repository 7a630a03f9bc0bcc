"""The null models of two drugs, against numbers worked out by hand and what must hold of any matrix."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from serdsim.endpoints.hill import fit_hill
from serdsim.endpoints.synergy import NULL_MODELS, bliss, excess, growth_stopped, hsa, loewe, share_affected, zip_, zip_fitted
from serdsim.errors import InputError

LEVELS = np.array([0.0, 1.0, 3.0, 9.0, 27.0])


def hill(c: np.ndarray, top: float, half: float, steep: float) -> np.ndarray:
    return np.asarray(top * c**steep / (half**steep + c**steep))


def matrix(first: np.ndarray, second: np.ndarray, together: np.ndarray) -> np.ndarray:
    effects = np.array(together, float)
    effects[:, 0], effects[0] = first, second
    return effects


def test_hsa_and_bliss_by_hand() -> None:
    # 40 % by one, 25 % by the other, 70 % by both: above the higher 0.70 - 0.40 = 0.30; left 0.60 * 0.75 = 0.45, so 0.70 - 0.55 = 0.15
    effects, levels = np.array([[0.0, 0.25], [0.40, 0.70]]), np.array([0.0, 10.0])
    assert hsa(effects, levels, levels)[1, 1] == pytest.approx(0.40)
    assert bliss(effects, levels, levels)[1, 1] == pytest.approx(0.55)
    assert excess("hsa", effects, levels, levels)[1, 1] == pytest.approx(0.30)
    assert excess("bliss", effects, levels, levels)[1, 1] == pytest.approx(0.15)
    assert excess("bliss", effects, levels, levels)[0] == pytest.approx(0.0)


def test_loewe_by_hand() -> None:
    # c / (c + 10) and c / (c + 30) are one drug in two strengths: 10 of one and 30 of the other are 20 of the first, 20 / 30 = 2/3,
    # where Bliss of 1/2 and 1/2 says 3/4 and the highest single agent 1/2
    first, second = np.array([0.0, 2.5, 10.0, 40.0]), np.array([0.0, 7.5, 30.0, 120.0])
    effects = matrix(hill(first, 1.0, 10.0, 1.0), hill(second, 1.0, 30.0, 1.0), np.full((4, 4), 0.75))
    assert loewe(effects, first, second)[2, 2] == pytest.approx(2 / 3, abs=1e-4)
    assert bliss(effects, first, second)[2, 2] == pytest.approx(0.75, abs=1e-12)
    assert excess("loewe", effects, first, second)[2, 2] == pytest.approx(0.75 - 2 / 3, abs=1e-4)


def test_loewe_beyond_the_weaker_drug() -> None:
    # the weaker drug never has more than 0.3; at 0.9 alone of the stronger none of it stands for that effect: the stronger alone
    weak, strong = hill(LEVELS, 0.3, 3.0, 1.0), hill(LEVELS, 1.0, 3.0, 1.0)
    effects = matrix(weak, strong, np.zeros((5, 5)))
    assert loewe(effects, LEVELS, LEVELS)[4, 4] == pytest.approx(0.9, abs=1e-4)
    # below its top it counts: 3 of each, 3 / (3 y / (0.3 - y)) + 3 / (3 y / (1 - y)) = 1 has y = (1.3) / 3 > 0.3, so 0.5 by the stronger
    assert loewe(effects, LEVELS, LEVELS)[2, 2] == pytest.approx(0.5, abs=1e-4)
    # 1 of each: (0.3 - y) / (3 y) + (1 - y) / (3 y) = 1 has y = 1.3 / 5 = 0.26 < 0.3
    assert loewe(effects, LEVELS, LEVELS)[1, 1] == pytest.approx(0.26, abs=1e-4)


def test_zip_by_hand() -> None:
    # single drugs of 0.5 and 0.5 at 10: nothing but both potencies, 0.75
    levels = np.array([0.0, 2.5, 10.0, 40.0])
    alone = hill(levels, 1.0, 10.0, 1.0)
    independent = alone[:, None] + alone[None] - alone[:, None] * alone[None]
    assert zip_(independent, levels, levels)[2, 2] == pytest.approx(0.75, abs=1e-4)
    assert excess("zip", independent, levels, levels) == pytest.approx(0.0, abs=1e-3)
    # beside 10 of the other the half of each falls from 10 to 2.5: from 0.5 on 0.5 + 0.5 * 10 / 12.5 = 0.9, 0.15 above 0.75
    shifted = independent.copy()
    shifted[1:, 2] = 0.5 + 0.5 * hill(levels[1:], 1.0, 2.5, 1.0)
    shifted[2, 1:] = 0.5 + 0.5 * hill(levels[1:], 1.0, 2.5, 1.0)
    assert zip_fitted(shifted, levels, levels)[2, 2] == pytest.approx(0.9, abs=1e-3)
    assert excess("zip", shifted, levels, levels)[2, 2] == pytest.approx(0.15, abs=1e-3)


@pytest.mark.parametrize(("top", "half", "steep"), [(1.0, 5.0, 1.0), (0.6, 4.0, 2.0), (0.8, 12.0, 0.7)])
def test_a_drug_with_itself_is_additive(top: float, half: float, steep: float) -> None:
    sham = hill(LEVELS[:, None] + LEVELS[None], top, half, steep)
    assert np.abs(excess("loewe", sham, LEVELS, LEVELS)).max() < 5e-4
    assert excess("hsa", sham, LEVELS, LEVELS).max() > 0.05  # which other null models do not see


def test_a_steep_drug_with_itself_is_synergy_by_bliss() -> None:
    sham = hill(LEVELS[:, None] + LEVELS[None], 1.0, 9.0, 4.0)
    assert excess("bliss", sham, LEVELS, LEVELS).max() > 0.1
    assert np.abs(excess("loewe", sham, LEVELS, LEVELS)).max() < 5e-4


def test_what_holds_of_any_matrix() -> None:
    draws = np.random.default_rng(1).uniform(0.0, 1.0, (4, 4, 40))
    effects = np.sort(np.sort(draws, axis=0), axis=1)
    effects[0, 0] = 0.0
    first, second = LEVELS[:4], LEVELS[:4] * 7.0
    for name, model in NULL_MODELS.items():
        found = model(effects, first, second)
        assert found.shape == effects.shape, name
        turned = model(effects.transpose(1, 0, 2), second, first)
        assert turned == pytest.approx(found.transpose(1, 0, 2), abs=1e-9), name
        one = np.stack([model(effects[..., d], first, second) for d in range(3)], axis=-1)
        assert one == pytest.approx(found[..., :3], abs=1e-9), name  # draws do not see each other
        other = model(effects, first * 1000.0, second)
        assert other == pytest.approx(found, abs=1e-6), name  # and the unit does not matter
    assert np.all(hsa(effects, first, second) <= bliss(effects, first, second) + 1e-12)
    assert excess("bliss", bliss(effects, first, second), first, second) == pytest.approx(0.0, abs=1e-12)


def test_draws_that_failed_have_no_number() -> None:
    effects = np.repeat(hill(LEVELS[:, None] + LEVELS[None], 1.0, 5.0, 1.0)[..., None], 2, axis=2)
    effects[2, 0, 1] = np.nan
    for name in NULL_MODELS:
        found = excess(name, effects, LEVELS, LEVELS)
        assert np.isfinite(found[..., 0]).all(), name
        assert np.isnan(found[2, 2, 1]), name


def test_fit_finds_a_curve_again() -> None:
    c = LEVELS[1:]
    curves = np.stack([0.2 + 0.5 * hill(c, 1.0, 4.0, 1.5), hill(c, 0.9, 20.0, 0.8), np.zeros(4)], axis=1)
    found = fit_hill(c, curves, np.array([0.2, 0.0, 0.0]))
    assert found.at(c[:, None]) == pytest.approx(curves, abs=1e-5)
    assert found.top == pytest.approx([0.7, 0.9, 0.0], abs=2e-3)
    assert found.half[:2] == pytest.approx([4.0, 20.0], rel=1e-2)
    assert found.needed(np.array([0.45, 0.45, 0.45])) == pytest.approx([4.0, 20.0, np.inf], rel=1e-2)


def test_effects_by_their_names() -> None:
    assert share_affected(np.array([25.0]), np.array([100.0])) == pytest.approx([0.75])
    assert growth_stopped(np.array([1.0, 0.25, 0.0, -0.6])) == pytest.approx([0.0, 0.75, 1.0, 1.0])


def test_matrices_without_single_agents_are_refused() -> None:
    with pytest.raises(InputError, match="0 first"):
        hsa(np.zeros((2, 2)), np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    with pytest.raises(InputError, match="one row"):
        bliss(np.zeros((2, 3)), np.array([0.0, 2.0]), np.array([0.0, 1.0]))
    with pytest.raises(InputError, match="hsa, bliss, loewe, zip"):
        excess("musyc", np.zeros((2, 2)), np.array([0.0, 2.0]), np.array([0.0, 1.0]))


@pytest.mark.shared
def test_measured_matrix(shared_dir: Path) -> None:
    """Mean of the replicates is the wide matrix of the same source, and Bliss and HSA of it are those of its cells."""
    folder = shared_dir / "data" / "combination"
    with (folder / "oneil_ocubm_adavosertib_niraparib_long.csv").open() as file:
        rows = list(csv.DictReader(file))
    first, second = (np.array(sorted({float(row[name]) for row in rows})) for name in ("conc1_uM", "conc2_uM"))
    wide = np.loadtxt(folder / "oneil_ocubm_adavosertib_niraparib_matrix.csv", delimiter=",", skiprows=1)
    effects = np.zeros((len(first), len(second)))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            cell = [float(row["inhibition_percent"]) for row in rows if (float(row["conc1_uM"]), float(row["conc2_uM"])) == (a, b)]
            effects[i, j] = np.mean(cell) / 100
    assert effects * 100 == pytest.approx(wide[:, 1:], abs=6e-4)
    effects[0, 0] = 0.0
    # 0.0325 and 0.223 uM: 57.770 % together, 2.371 % and 2.127 % alone
    assert excess("hsa", effects, first, second)[1, 1] == pytest.approx(0.5777 - 0.02371, abs=1e-4)
    assert excess("bliss", effects, first, second)[1, 1] == pytest.approx(0.5777 - (1 - 0.97629 * 0.97873), abs=1e-4)
    for name in NULL_MODELS:
        assert excess(name, effects, first, second)[1, 1] > 0.3, name
