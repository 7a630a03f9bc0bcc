"""A change of medium brings both ligands back to what was poured, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serdsim.errors import ClaimError
from serdsim.experiments.protocol import Experiment, read_experiment
from serdsim.experiments.runner import run_experiment
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    found = read_experiment(shipped_library() / "experiments/MOA-01.yaml")
    series = {"fulvestrant_WT": replace(found.series["fulvestrant_WT"], concentrations=(0.0, 1.0))}
    return replace(found, series=series, outputs=("E2_medium", "drug_medium", "er_total", "E2_cell"))


def test_a_change_of_medium_restores_the_ligands(experiment: Experiment) -> None:
    still = run_experiment(experiment, Draws(0, 1), workers=1).series["fulvestrant_WT"]
    fresh = run_experiment(replace(experiment, medium_changes=(8.0, 16.0)), Draws(0, 1), workers=1).series["fulvestrant_WT"]
    for ligand in ("E2_medium", "drug_medium"):
        poured = still.values[ligand][1, 0, 0]
        assert still.values[ligand][1, 8, 0] < poured * (1 - 1e-5)  # the cells have taken some
        assert fresh.values[ligand][1, 8, 0] == pytest.approx(poured, rel=1e-12)
        assert fresh.values[ligand][1, 16, 0] == pytest.approx(poured, rel=1e-12)
    same = [still.values["er_total"][:, :8, 0], fresh.values["er_total"][:, :8, 0]]
    assert np.allclose(*same, rtol=1e-6)


def test_changes_of_medium_must_rise_inside_the_experiment(tmp_path: Path) -> None:
    text = (shipped_library() / "experiments/MOA-01.yaml").read_text(encoding="utf-8")
    for wrong in ("[8 h, 8 h]", "[30 h]", "[0 h]"):
        path = tmp_path / "MOA-01.yaml"
        path.write_text(text.replace("hours: 24 h", f"hours: 24 h\nmedium_changes: {wrong}"), encoding="utf-8")
        with pytest.raises(ClaimError, match="do not rise"):
            read_experiment(path)
