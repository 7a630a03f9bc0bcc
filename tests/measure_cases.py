"""Hand-made readings for the tests of measures and figures; no number here is a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from serdsim.experiments.protocol import Experiment, read_experiment
from serdsim.experiments.runner import Reading, Readings

DOSES = (0.0, *np.logspace(-2, 2, 41).tolist())
TIMES = np.arange(0.0, 24.5, 0.5)
FACTORS = np.array([1.0, 2.0, 4.0])  # three draws


def experiment_of(series: Sequence[str], outputs: Sequence[str] = ("y",), doses: Sequence[float] = DOSES) -> Experiment:
    """Return an experiment over 24 h, observed every half hour, whose series all have the same concentrations [nM]."""
    concentrations = ", ".join(f"{dose!r} nM" for dose in doses)
    arms = "".join(f"  - {{id: {id}, drug: d, genotype: WT, concentrations: [{concentrations}]}}\n" for id in series)
    text = "id: x\ntitle: x\nmodel: cell\ncell_line: MCF7\nsubject: d\npre_run: 96 h\nhours: 24 h\nevery: 0.5 h\n"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.yaml"
        path.write_text(f"{text}outputs: [{', '.join(outputs)}]\nseries:\n{arms}", encoding="utf-8")
        return read_experiment(path)


def readings_of(series: Mapping[str, Mapping[str, np.ndarray]], doses: Sequence[float] = DOSES) -> Readings:
    """Return readings whose outputs have the shape (dose, time, draw)."""
    experiment = experiment_of(list(series), list(next(iter(series.values()))), doses)
    found = {id: Reading(experiment.series[id], TIMES, values, 0) for id, values in series.items()}
    return Readings(experiment, found, {}, (), 0.0, 0)
