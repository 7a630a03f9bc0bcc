"""Small experiments on the cell model at its central values."""

from __future__ import annotations

import numpy as np

from serdsim.experiments.protocol import Experiment, Series
from serdsim.experiments.runner import Reading, run_experiment
from serdsim.simulation.draws import Draws

SYNTHESIS_OFF = {"k_syn_er": 0.0}


def arm(id: str, drug: str = "imlunestrant", dose: float = 0.0, e2: float = 0.0, genotype: str = "WT", **settings: float) -> Series:
    """Return a series of one arm."""
    return Series(
        id=id,
        drug=drug,
        genotype=genotype,
        concentrations=(dose,),
        estradiol=e2,
        settings=settings,
        like={},
        given={},
        cell_line="MCF7",
        file="test",
    )


def courses(series: list[Series], hours: float, every: float, outputs: tuple[str, ...], pre_run: float = 96.0) -> dict[str, Reading]:
    """Return the readings of arms that run side by side, one individual each."""
    experiment = Experiment("T", "test", "cell", "MCF7", "imlunestrant", pre_run, hours, every, outputs, {s.id: s for s in series}, "test")
    readings = run_experiment(experiment, Draws(0, 1), workers=1)
    assert readings.messages == ()
    return dict(readings.series)


def level(reading: Reading, output: str, time: float) -> float:
    """Return one number of a one-arm reading."""
    return float(reading.at(output, time)[0, 0])


def course(reading: Reading, output: str) -> np.ndarray:
    """Return the time course of a one-arm reading."""
    return np.asarray(reading.values[output][0, :, 0])
