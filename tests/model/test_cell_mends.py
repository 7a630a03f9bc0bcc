"""Faults of the first prototype that the cell model does not have (design/model.md, section 4b)."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from cell_cases import arm, course, courses, level

from serdsim.model.library import load


@pytest.mark.parametrize("ligand", ["E2", "drug"])
def test_what_binds_is_missing_from_the_medium(ligand):
    """At 10 pM what the receptor binds is missing from the medium, at 1 uM nobody notices; bound plus free ligand stays."""
    doses = {"low": 0.01, "high": 1000.0}
    arms = [arm(id, "fulvestrant", dose=dose) if ligand == "drug" else arm(id, e2=dose) for id, dose in doses.items()]
    bound = "er_E2_bound" if ligand == "E2" else "er_drug_bound"
    shown = (f"{ligand}_medium", f"{ligand}_cell", bound, "E2_depot", f"{ligand}_free_and_bound", "medium", "cell")
    found = courses(arms, 24.0, 1.0, shown)
    for id, dose in doses.items():
        medium, cell = level(found[id], "medium", 0.0), level(found[id], "cell", 0.0)
        missing = (dose - course(found[id], f"{ligand}_medium")) * medium
        held = course(found[id], "E2_depot") if ligand == "E2" else 0.0
        taken = (course(found[id], bound) + course(found[id], f"{ligand}_cell") + held) * cell
        assert np.allclose(missing, taken, rtol=1e-6, atol=1e-6 * dose * medium)
        assert np.allclose(course(found[id], f"{ligand}_free_and_bound"), dose * medium, rtol=1e-6)
    # what the cell holds back outside the receptor is the same share of any dose; what the receptor binds is not
    held = {id: level(found[id], "E2_depot", 24.0) * cell / medium if ligand == "E2" else 0.0 for id in doses}
    missing_share = {id: 1.0 - (level(found[id], f"{ligand}_medium", 24.0) + held[id]) / dose for id, dose in doses.items()}
    assert missing_share["high"] < 1e-3
    assert missing_share["low"] > 20.0 * missing_share["high"]
    if ligand == "E2":
        assert missing_share["low"] > 0.01
        assert held["low"] / doses["low"] == pytest.approx(held["high"] / doses["high"], rel=0.2)


@pytest.mark.parametrize("serum", [0.0, 0.1, 0.4, 1.0])
def test_free_fraction_in_medium_follows_from_plasma_and_serum(serum):
    """Binding sites scale with the share of serum: 1 / (1 + s (1 / fu - 1)); none without serum, plasma's with serum alone."""
    found = courses([arm("a", serum_fraction=serum)], 1.0, 1.0, ("fu_medium_drug", "fu_medium_E2"), pre_run=1.0)["a"]
    model = load("cell")
    for ligand in ("drug", "E2"):
        plasma = model.quantity(f"fu_plasma_{ligand}").value
        sites = (1.0 - plasma) / plasma  # bound over free in plasma
        assert level(found, f"fu_medium_{ligand}", 0.0) == pytest.approx(1.0 / (1.0 + serum * sites), rel=1e-12)


def test_a_ten_percent_serum_frees_ten_times_more_of_a_bound_drug():
    """The example of the design: 0.003 in plasma is 0.029 in medium with 10 % serum."""
    found = courses([arm("a", serum_fraction=0.1, fu_plasma_drug=0.003)], 1.0, 1.0, ("fu_medium_drug",), pre_run=1.0)["a"]
    assert level(found, "fu_medium_drug", 0.0) == pytest.approx(0.029, abs=5e-4)


@pytest.mark.parametrize("preference", [0.0, 1e-4, 0.01, 1.0, 100.0])
@pytest.mark.parametrize("mutant", [0.05, 0.5211, 1.2])
def test_pose_and_affinity_of_an_antagonist_are_linked(preference, mutant):
    """A ligand that dislikes the agonist pose loses affinity to a receptor that is in it: binding of a two-state receptor."""
    wild, intrinsic = 0.004, 3.0
    settings = {"pose_W": wild, "pose_M": mutant, "pref_drug": preference, "shift_drug_M": intrinsic}
    found = courses([arm("a", genotype="Y537S", **settings)], 1.0, 1.0, ("k_off_drug_M", "k_off_drug_W"), pre_run=1.0)["a"]
    # of the states without ligand 1 : K, of those with ligand 1 : K c; the affinity is the ratio of the sums
    affinity = {pose: (1.0 + pose * preference) / (1.0 + pose) for pose in (wild, mutant)}
    shift = level(found, "k_off_drug_M", 0.0) / level(found, "k_off_drug_W", 0.0)
    assert shift == pytest.approx(intrinsic * affinity[wild] / affinity[mutant], rel=1e-12)
    if preference == 1.0:
        assert shift == pytest.approx(intrinsic, rel=1e-12)


def exact_complex(active: float, total: float, k: float) -> float:
    """Return the smaller root of x^2 - (a + s + K) x + a s = 0 with eighty digits."""
    with localcontext() as context:
        context.prec = 80
        a, s, kd = Decimal(active), Decimal(total), Decimal(k)
        whole = a + s + kd
        return float((whole - (whole * whole - 4 * a * s).sqrt()) / 2)


def test_coactivator_complex_keeps_its_digits_at_tiny_activity():
    """The naive form loses all digits where the complex is far smaller than the pool; this one does not."""
    powers = (0, 5, 10, 15, 20, 25)
    arms = [arm(f"{power}", genotype="Y537S", kappa=0.9 * 10.0**-power) for power in powers]
    found = courses(arms, 1.0, 1.0, ("SRC_bound", "dimer_active", "SRC_total", "K_SRC"), pre_run=24.0)
    naive_errors = []
    for power in powers:
        bound, active, total, k = (level(found[f"{power}"], id, 0.0) for id in ("SRC_bound", "dimer_active", "SRC_total", "K_SRC"))
        exact = exact_complex(active, total, k)
        assert bound == pytest.approx(exact, rel=1e-13)
        naive = 0.5 * (active + total + k - np.sqrt((active + total + k) ** 2 - 4.0 * active * total))
        naive_errors.append(abs(naive / exact - 1.0))
    assert max(naive_errors) > 0.5


def test_crowding_slows_entry_into_s_and_never_turns_it_round():
    """Above the crowding number cells still enter S slowly, and no pool of cells turns negative."""
    limit = load("cell").quantity("N_max").value
    arms = [arm(f"{times}", e2=10.0, g1=times * limit) for times in (0.01, 1.0, 3.0)]
    found = courses(arms, 72.0, 6.0, ("commit", "g1", "sg2m", "quiescent", "dead"))
    entry = [level(found[f"{times}"], "commit", 24.0) for times in (0.01, 1.0, 3.0)]
    assert entry[0] > entry[1] > entry[2] > 0.0
    assert all(course(reading, pool).min() >= 0.0 for reading in found.values() for pool in ("g1", "sg2m", "quiescent", "dead"))
