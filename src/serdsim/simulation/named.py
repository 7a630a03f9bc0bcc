"""`simulate`: a shipped model or a file, dosed, for one individual or for many draws."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from serdsim.codegen.equations import Equations, derive
from serdsim.dosing.regimen import Regimen, format_regimen
from serdsim.engine.ensemble import Progress, run_ensemble
from serdsim.engine.plan import NUMERICS, Arrays, Plan
from serdsim.errors import InputError, Issue
from serdsim.model.digest import model_digest
from serdsim.results.dataset import label
from serdsim.results.run_id import run_id
from serdsim.results.run_record import package_versions, serdsim_version
from serdsim.simulation.doses import doses_after, schedule_of
from serdsim.simulation.draws import Draws, given_values
from serdsim.simulation.question import Question, ask, check_outputs
from serdsim.units import convert

MOST_TIMES = 1_000_000


@dataclass(frozen=True)
class SimulationResult:
    """The labelled Dataset of a simulation, its record for run.json, and its run id."""

    dataset: xr.Dataset
    record: Mapping[str, object]
    run: str


def simulate_named(
    model: str,
    regimen: Regimen | None = None,
    *,
    genotype: str | None = None,
    cell_line: str | None = None,
    duration_h: float = 72.0,
    every_h: float = 1.0,
    draws: int = 1,
    seed: int = 1,
    outputs: Sequence[str] | None = None,
    library: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> SimulationResult:
    """Return the simulation of a model under a regimen.

    Parameters
    ----------
    model : str
        A shipped model or the path of an SBML or Antimony file.
    regimen : Regimen, optional
        A concentration is added to a dish; in a model of your own the drug is the id of a species.
    genotype, cell_line : str, optional
        Rows of the tables, for shipped models only.
    duration_h, every_h : float
        Length and distance of the outputs [h].
    draws : int
        1 uses the central values; more draws parameters from their distributions.
    outputs : sequence of str, optional
        Ids of the model; left out: what the model shows by itself.

    Raises
    ------
    InputError
        For an unknown model, drug, genotype or output, and for a dose that the model cannot take.
    """
    check_times(duration_h, every_h, draws)
    question = ask(model, regimen := regimen or Regimen(), genotype, cell_line, outputs, library)
    equations = derive(question.model)
    check_outputs(question, equations)
    times = grid(duration_h, every_h)
    given = given_values(question.model, equations.given, Draws(0 if draws == 1 else draws, seed))
    arrays = _integrated(question, equations, given, regimen, times, workers, progress)
    plan = {
        "model": "own model" if question.own else question.name,
        "selection": dict(question.selection),
        "regimen": format_regimen(regimen) if regimen.doses else "",
        "duration_h": duration_h,
        "every_h": every_h,
        "draws": draws,
        "outputs": list(question.outputs),
        "pre_run_h": question.pre_run,
    }
    record = _record(question, plan, arrays, seed, doses_after(regimen, duration_h))
    record |= {"replay": _replay(question, regimen, duration_h, every_h, draws, seed, library)}
    unit = "h" if question.time_unit != "not given" else "time unit of the model, not given"
    dataset = label(arrays, question.model, question.outputs, times.tolist(), unit, _attributes(record, question.name))
    return SimulationResult(dataset, record, str(record["run"]))


def check_times(duration_h: float, every_h: float, draws: int) -> None:
    """Raise an InputError for a length, a distance or a number of draws that means nothing, or for too many outputs."""
    issues = [
        Issue(f"{name} is {value:g}", expected="a finite number of hours above 0")
        for name, value in (("--hours", duration_h), ("--every", every_h))
        if not 0 < value < math.inf
    ]
    if draws < 1:
        issues.append(Issue(f"--draws is {draws}", expected="1 or more"))
    if not issues and duration_h / every_h > MOST_TIMES:
        words = f"--hours {duration_h:g} --every {every_h:g} asks for {duration_h / every_h:.3g} outputs"
        issues = [Issue(words, expected=f"at most {MOST_TIMES}")]
    if issues:
        raise InputError(issues)


def grid(duration_h: float, every_h: float) -> np.ndarray:
    """Return the output times [h]: every `every_h` from 0 on, and the end."""
    steps = int(duration_h / every_h * (1.0 + 1e-12))
    times = every_h * np.arange(steps + 1)
    return np.append(times[times < duration_h * (1.0 - 1e-12)], duration_h)


def _integrated(
    question: Question,
    equations: Equations,
    given: np.ndarray,
    regimen: Regimen,
    times: np.ndarray,
    workers: int | None,
    progress: Progress | None,
) -> Arrays:
    per_hour = convert(1.0, "h", question.time_unit) if question.time_unit != "not given" else 1.0
    schedule = schedule_of(question, regimen, given.shape[1], float(times[-1]), per_hour)
    initial = None
    if question.pre_run:
        before = Plan(given, np.array([question.pre_run * per_hour]), ())
        initial = run_ensemble(equations, before, workers=workers, progress=progress, title="pre-run").final
    main = Plan(given, times * per_hour, question.outputs, initial=initial, schedule=schedule)
    return run_ensemble(equations, main, workers=workers, progress=progress, title="simulating")


def _attributes(record: Mapping[str, object], name: str) -> dict[str, object]:
    kept = ("run", "seed", "model_hash", "numerics", "doses_after_the_end", "summary", "replay")
    versions = json.dumps(package_versions(), sort_keys=True)
    return {key: record[key] for key in kept} | {"model": name, "version": serdsim_version(), "versions": versions}


def _record(question: Question, plan: Mapping[str, object], arrays: Arrays, seed: int, late: int) -> dict[str, object]:
    digest = model_digest(question.model)
    failed = int(np.sum(arrays.status != "ok"))
    return {
        "run": run_id(digest, plan, seed, NUMERICS),
        "seed": seed,
        "model_hash": digest,
        "plan": plan,
        "numerics": NUMERICS,
        "doses_after_the_end": late,
        "status": {"ok": arrays.status.size - failed, "failed": failed},
        "citations": list(dict.fromkeys(key for entry in question.model.evidence.values() for key in entry.source)),
        "summary": f"{question.name}: {plan['regimen'] or 'untreated'}",
    }


def _replay(question: Question, regimen: Regimen, hours: float, every: float, draws: int, seed: int, library: Path | None) -> str:
    words = ["serdsim", "simulate", question.name]
    words += [f'"{format_regimen(regimen)}"'] if regimen.doses else []
    words += [f"--{key.replace('_', '-')} {question.selection[key]}" for key in ("genotype", "cell_line") if key in question.selection]
    return " ".join(
        [
            *words,
            f"--hours {hours:g}",
            f"--every {every:g}",
            f"--draws {draws}",
            f"--seed {seed}",
            *([f'--library "{library}"'] if library else []),
        ]
    )
