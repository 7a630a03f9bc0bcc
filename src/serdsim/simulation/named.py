"""`simulate`: a shipped model or a file, dosed, for one individual or for many draws, in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from serdsim.dosing.regimen import Regimen, parse_regimen
from serdsim.engine.engines import Engine
from serdsim.engine.ensemble import Progress, run_job
from serdsim.results.run_record import package_versions, serdsim_version
from serdsim.simulation.lesions import parse_lesions
from serdsim.simulation.prepared import Prepared, prepare

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class SimulationResult:
    """The labelled Dataset of a simulation, its record for run.json, and its run id."""

    dataset: xr.Dataset
    record: Mapping[str, object]
    run: str


def simulate_named(
    model: str,
    regimen: Regimen | str | None = None,
    *,
    genotype: str | None = None,
    cell_line: str | None = None,
    duration_h: float | None = None,
    every_h: float | None = None,
    draws: int = 1,
    patients: int = 0,
    lesions: str = "",
    seed: int = 1,
    outputs: Sequence[str] | None = None,
    settings: Mapping[str, float] | None = None,
    library: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> SimulationResult:
    """Return the simulation of a model under a regimen in memory; `simulation.streamed` writes many draws to disk.

    Parameters
    ----------
    model, genotype, cell_line : str
        A shipped model and rows of its tables, or the path of an SBML or Antimony file.
    regimen : Regimen or str, optional
        A concentration is added to a dish, a mass by a route to a host; in a model of your own the drug is the id of a species.
    duration_h, every_h : float, optional
        Length and distance of the outputs [h], else those of `prepare`.
    draws, patients : int
        1 draw uses the central values; patients differ, beside the typical one (0), by the variances between individuals.
    lesions : str, optional
        Of each patient, as ``liver: 15 mm, brain: 8 mm``; coordinates `draw`, `patient`, `lesion` say which individual is which.
    outputs, settings : optional
        Ids of the model, else what it shows by itself; inputs of the model, held in every draw.

    Raises
    ------
    InputError
        For an unknown model, drug, genotype or output, and for a dose that the model cannot take.
    """
    doses = parse_regimen(regimen) if isinstance(regimen, str) else regimen
    ready = prepare(
        model,
        doses,
        genotype=genotype,
        cell_line=cell_line,
        duration_h=duration_h,
        every_h=every_h,
        draws=draws,
        patients=patients,
        lesions=parse_lesions(lesions) if lesions else (),
        seed=seed,
        outputs=outputs,
        settings=settings,
        library=library,
        engine=engine,
    )
    return _labelled(ready, workers, progress)


def _labelled(ready: Prepared, workers: int | None, progress: Progress | None) -> SimulationResult:
    from serdsim.results.dataset import label  # loads xarray, which streamed runs do not need

    question = ready.question
    arrays = run_job(ready.job, workers=workers, progress=progress)
    failed = int(np.sum(arrays.status != "ok"))
    record = dict(ready.record) | {"status": {"ok": arrays.status.size - failed, "failed": failed}}
    unit = "h" if question.time_unit != "not given" else "time unit of the model, not given"
    dataset = label(arrays, question.model, question.outputs, ready.times.tolist(), unit, _attributes(record, question.name))
    who = ready.job.who(range(ready.job.individuals))
    dataset = dataset.assign_coords({name: ("individual", numbers) for name, numbers in who.items()})
    return SimulationResult(dataset, record, ready.run)


def _attributes(record: Mapping[str, object], name: str) -> dict[str, object]:
    kept = ("run", "seed", "model_hash", "numerics", "doses_after_the_end", "individuals", "summary", "replay")
    versions = json.dumps(package_versions(), sort_keys=True)
    return {key: record[key] for key in kept if key in record} | {"model": name, "version": serdsim_version(), "versions": versions}
