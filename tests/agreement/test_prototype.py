"""The port of the first prototype matches it, and the reduced dimers match the explicit ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from serdsim.codegen.equations import derive
from serdsim.codegen.kernel import build
from serdsim.engine.plan import Plan
from serdsim.engine.reference import run
from serdsim.model.entities import Model
from serdsim.model.library import load
from serdsim.model.sbml import read_model

TIMES = tuple(np.arange(0.0, 97.0, 2.0))
NAMES = Path(__file__).with_name("prototype_names.tsv")
CONDITIONS = {
    "E2 alone": {"E2_nom": 0.05},
    "drug in a heterozygous mutant": {"E2_nom": 0.015, "D_nom": 100.0, "fM": 0.5},
    "saturating drug, PI3K inhibited, CRM1 blocked": {"E2_nom": 1.0, "D_nom": 1000.0, "PI3Ki": 0.8, "LMB": 0.95},
    "partial agonist": {"E2_nom": 0.0, "D_nom": 300.0, "bD": 0.01, "cD": 0.01, "kdnD": 0.045, "fM": 1.0},
}


def courses(model: Model, outputs: tuple[str, ...]) -> dict[str, np.ndarray]:
    kernel = build(derive(model))
    given = np.array([[model.quantity(id).value] for id in kernel.equations.given], float)
    arrays = run(kernel, Plan(given, TIMES, outputs, rtol=1e-11, atol=1e-13))
    assert list(arrays.status) == ["ok"], arrays.message
    return {id: arrays.values[i, :, 0] for i, id in enumerate(outputs)}


GRID = [(share, drug, e2) for share in (0.0, 0.5, 1.0) for drug in (0.0, 10.0, 100.0, 1000.0) for e2 in (0.015, 1.0)]


def ported(prototype: Model) -> Model:
    """Return our clamped model with the numbers of the prototype."""
    with NAMES.open() as file:
        names = {row["ours"]: row["prototype"] for row in csv.DictReader(file, delimiter="\t")}
    values = {ours: float(prototype.quantity(theirs).value) for ours, theirs in names.items()}
    kd_shift, pose_w, pose_m, pref = (prototype.quantity(id).value for id in ("shiftD", "KW", "KM", "cD"))
    linkage = (1 + pose_m) * (1 + pose_w * pref) / ((1 + pose_w) * (1 + pose_m * pref))
    values |= {
        "shift_drug_M": kd_shift / linkage,
        "on_factor_E2_M": 1.0,
        "off_factor_E2_M": prototype.quantity("shiftE").value,
        "serum_fraction": 1.0,
        "mobility_drug": 1.0,
        "deg_factor_bound_M": 1.0,
        "proteasome_block": 0.0,
        "tau_dimer": 0.0,
        # the prototype writes these gains as bare numbers
        **{"s6k_floor": 0.25, "af1_floor": 0.4, "chromatin_gain": 1.0, "esr1_gain": 0.5, "cycd_s6k_floor": 0.5, "cycd_akt_floor": 0.6},
        **{"myc_s6k_floor": 0.7, "myc_floor": 0.55, "k_Rb_on": 0.6, "k_Rb_off": 0.12, "surv_akt_floor": 0.35, "surv_myc_floor": 0.4},
    }
    return load("cell_clamped").replace(values)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_port_with_units_matches_the_prototype(shared_dir: Path, condition: str) -> None:
    """Every state of the prototype is met at 1e-8 by the model with units, filled with the prototype's own numbers."""
    prototype = read_model(shared_dir / "design/prototype/er_core.ant").replace(CONDITIONS[condition])
    with NAMES.open() as file:
        names = {row["ours"]: row["prototype"] for row in csv.DictReader(file, delimiter="\t")}
    moving = ("mESR", "U", "mPGR", "PR", "mGREB", "CycD", "MYC", "ppRb", "Q", "G1", "SGM", "X", "Ein", "Din")
    states = {o: t for o, t in names.items() if t in moving or (o.startswith("er_") and o in names)}
    mine, theirs = courses(ported(prototype), tuple(states)), courses(prototype, tuple(states.values()))
    assert len(states) == 26
    for o, t in states.items():
        assert np.allclose(mine[o], theirs[t], rtol=1e-8, atol=1e-10), (o, np.max(np.abs(mine[o] - theirs[t])))


@pytest.mark.parametrize("share,drug,e2", GRID)
def test_reduced_dimers_agree_with_explicit_dimers(shared_dir: Path, share: float, drug: float, e2: float) -> None:
    """ER within 2 %, dimers within 13 %, PGR mRNA within 18 % (design/model.md), here over drug, E2 and allele share.

    The closure without the loss term misses dimers by 17 % and PGR mRNA by 34 % at 1 uM of a degrader and 1 nM E2.
    """
    values = {"E2_nom": e2, "D_nom": drug, "fM": share}
    folder = shared_dir / "design/prototype"
    ours = ported(read_model(folder / "er_core.ant").replace(values)).replace({"tau_dimer": 1.0})
    reduced = courses(ours, ("er_total", "dimer_WW", "dimer_WM", "dimer_MM", "mPGR"))
    explicit = read_model(folder / "er_core_explicit_dimers.ant").replace(values)
    full = courses(explicit, ("NW", "NM", "CW0", "CWE", "CWD", "CM0", "CME", "CMD", "DWW", "DWM", "DMM", "mPGR"))
    er = sum(full[id] for id in ("NW", "NM", "CW0", "CWE", "CWD", "CM0", "CME", "CMD"))
    dimers = full["DWW"] + full["DWM"] + full["DMM"]
    mine = sum(reduced[id] for id in ("dimer_WW", "dimer_WM", "dimer_MM"))
    late = np.array(TIMES) >= 24.0  # the explicit model starts without dimers
    for a, b, bound in ((reduced["er_total"], er, 0.02), (mine, dimers, 0.13), (reduced["mPGR"], full["mPGR"], 0.18)):
        worst = float(np.max(np.abs(a - b)[late] / b[late]))
        assert worst <= bound, worst
