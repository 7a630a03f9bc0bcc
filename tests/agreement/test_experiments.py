"""Every shipped experiment gives the same numbers on the compiled engine and on its twin, CVODE one individual at a time.

Both at their own tolerances, hosts at a tenth of these: what the tolerance of a host loses is judged by verification/patient_year.py.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serdsim.engine import ensemble
from serdsim.engine.engines import NATIVE, REFERENCE, Engine
from serdsim.experiments import runner
from serdsim.experiments.protocol import read_experiment
from serdsim.experiments.runner import Readings, run_experiment
from serdsim.model.recipe import Recipe, read_recipe, shipped_library
from serdsim.model.tolerance import OF_ENGINE, Tolerance
from serdsim.simulation.draws import Draws

EXPERIMENTS = sorted(path.stem for path in (shipped_library() / "experiments").glob("MOA-*.yaml"))
SMALL = 1e-3  # of an output's largest value: errors count relative to no less
NOTHING = 1e-9
HOST = 0.1


def tight(recipe: Recipe, engine: Engine) -> Tolerance:
    """Return the tolerances of an engine where a recipe does not loosen them, else closer ones: tumours of hosts grow for months."""
    return OF_ENGINE if recipe.tolerance == OF_ENGINE else Tolerance(engine.rtol / 4.0, None)


def readings(id: str, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Readings:
    for place in (ensemble, runner):
        monkeypatch.setattr(place, "engine_for", lambda _: engine)

    def read(name: str, library: Path) -> Recipe:
        recipe = read_recipe(name, library)
        return replace(recipe, tolerance=tight(recipe, engine))

    monkeypatch.setattr(runner, "read_recipe", read)
    experiment = read_experiment(shipped_library() / "experiments" / f"{id}.yaml")
    return run_experiment(replace(experiment, animals=min(experiment.animals, 1)), Draws(1, 5), workers=2)


@pytest.mark.parametrize("id", EXPERIMENTS)
def test_an_experiment_is_the_same_on_both_engines(id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the tolerances of the engines and not those to which a recipe loosens them; one animal beside the typical one stands for all."""
    fast, slow = (readings(id, engine, monkeypatch) for engine in (NATIVE, REFERENCE))
    worst = 0.0
    for series, reading in slow.series.items():
        assert reading.failed == fast.series[series].failed == 0
        for output, values in reading.values.items():
            scale = np.maximum(np.abs(values), SMALL * np.max(np.abs(values), axis=1, keepdims=True))
            off = np.abs(fast.series[series].values[output] - values) / np.maximum(scale, NOTHING)
            worst = max(worst, float(np.max(off)))
    assert worst < 1e-6
