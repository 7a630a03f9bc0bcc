"""Running an experiment: all series, concentrations and draws are individuals of two plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

import numpy as np

from serdsim.codegen.equations import Equations, derive
from serdsim.engine.engines import engine_for
from serdsim.engine.ensemble import Progress, run_ensemble
from serdsim.engine.plan import Arrays, Plan, Schedule
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.protocol import Experiment, Series, observed
from serdsim.model.entities import Model
from serdsim.model.library import load
from serdsim.simulation.draws import Draws, given_values

BALANCES = ("E2_free_and_bound", "drug_free_and_bound")
_NO_LIGAND = 1e-9  # [nmol] far below any dose: where there is less, the absolute tolerance of the engine decides


@dataclass(frozen=True)
class Change:
    """A change of the model: each quantity takes the value of another one, or a number.

    With `subject_only` it applies to series with the subject's drug only.
    """

    id: str
    settings: Mapping[str, str | float] = field(default_factory=dict)
    subject_only: bool = True
    file: str = ""


@dataclass(frozen=True)
class Reading:
    """What a series gave: `values[output]` has the shape (concentration, time, draw); NaN for failed individuals."""

    series: Series
    times: np.ndarray
    values: Mapping[str, np.ndarray]
    failed: int

    def at(self, output: str, time: float) -> np.ndarray:
        """Return the output at one time [h], shape (concentration, draw).

        Raises
        ------
        ClaimError
            For a time that was not observed.
        """
        column = observed(self.times, time)
        if column is None:
            expected = "one of " + ", ".join(f"{t:g}" for t in self.times)
            raise ClaimError(Issue(f"{time:g} h was not observed", file=self.series.file, id=self.series.id, expected=expected))
        return np.asarray(self.values[output][:, column, :])


@dataclass(frozen=True)
class Readings:
    """All series of an experiment, and the models they rest on."""

    experiment: Experiment
    series: Mapping[str, Reading]
    models: Mapping[str, Model]
    messages: tuple[str, ...]
    worst_balance: float
    individuals: int


def run_experiment(
    experiment: Experiment,
    draws: Draws,
    *,
    library: Path | None = None,
    change: Change | None = None,
    only: Sequence[str] | Mapping[str, tuple[float, ...]] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Readings:
    """Return the readings of an experiment.

    Parameters
    ----------
    experiment : Experiment
        What is run.
    draws : Draws
        How the parameters are drawn.
    library : Path, optional
        Another library folder than the shipped one.
    change : Change, optional
        An ablation.
    only : sequence of str or mapping, optional
        Ids of the series that are needed, or for each the concentrations [nM] that are needed.
    workers : int, optional
        Processes; no number depends on it.
    progress : callable, optional
        Called with a title, what is done and what there is to do.

    Raises
    ------
    ClaimError
        For a series or output that does not exist, or a broken balance.
    """
    wanted = [experiment.series[id] for id in (only if only is not None else experiment.series)]
    if isinstance(only, Mapping):
        wanted = [replace(series, concentrations=only[series.id]) for series in wanted]
    models = {s.id: model_of(experiment, s, library) for s in wanted}
    equations = derive(next(iter(models.values())))
    _check(experiment, wanted, equations)
    given = {s.id: _changed(models[s.id], experiment, s, equations.given, draws, change, library) for s in wanted}
    title = ", ".join([experiment.id, *(["sceptical prior"] if draws.sceptical else []), *([change.id] if change else [])])
    before = _pre_run(experiment, wanted, given, equations, workers, progress, title)
    arrays = _main_run(experiment, wanted, given, before, equations, draws, workers, progress, title)
    return _readings(experiment, wanted, models, arrays, draws)


def model_of(experiment: Experiment, series: Series, library: Path | None = None) -> Model:
    """Return the model that a series runs on, filled with its drug, genotype and cell line."""
    return load(experiment.model, library=library, drug=series.drug, genotype=series.genotype, cell_line=experiment.cell_line)


def _check(experiment: Experiment, wanted: Sequence[Series], equations: Equations) -> None:
    known = {*equations.states, *equations.constants, *(id for id, _ in (*equations.fixed, *equations.moving))}
    issues = [Issue("the model has no such output", file=experiment.file, id=id) for id in experiment.outputs if id not in known]
    for series in wanted:
        issues += [
            Issue(f'"{id}" cannot be set', file=experiment.file, id=series.id, expected="an input or a state of the model")
            for id in series.settings
            if id not in equations.constants and id not in equations.states
        ]
        issues += [
            Issue(
                f'"{id}" is named by like, but the model has no such number',
                file=experiment.file,
                id=series.id,
                expected=_near(id, equations.given),
            )
            for id in (*series.like, *series.like.values())
            if id not in equations.given
        ]
    if issues:
        raise ClaimError(issues)


def _changed(
    model: Model, experiment: Experiment, series: Series, ids: tuple[str, ...], draws: Draws, change: Change | None, library: Path | None
) -> np.ndarray:
    values = given_values(model, ids, draws)
    result = values.copy()
    applies = change is not None and not (change.subject_only and series.drug != experiment.subject)
    settings: dict[str, str | float] = {**series.like, **(change.settings if change is not None and applies else {})}
    for target, source in settings.items():
        rows, name = values, source
        if isinstance(source, str) and ":" in source:
            drug, name = (word.strip() for word in source.split(":"))
            other = load(experiment.model, library=library, drug=drug, genotype=series.genotype, cell_line=experiment.cell_line)
            rows = given_values(other, ids, draws)
        for id in (target, name):
            if isinstance(id, str) and id not in ids:
                raise ClaimError(unknown_quantity(id, change or Change(series.id, file=series.file), ids))
        result[ids.index(target)] = rows[ids.index(name)] if isinstance(name, str) else name
    return result


def unknown_quantity(id: str, change: Change, known: Sequence[str]) -> Issue:
    """Return what is wrong with a change that names `id`."""
    problem = f'the ablation names "{id}", which the model does not have'
    return Issue(problem, file=change.file or None, id=change.id, expected=_near(id, known))


def _near(id: str, known: Sequence[str]) -> str:
    return ", ".join(get_close_matches(id, known, 3, 0.4)) or "a species, parameter or compartment with a value of its own"


def _pre_run(
    experiment: Experiment,
    wanted: Sequence[Series],
    given: Mapping[str, np.ndarray],
    equations: Equations,
    workers: int | None,
    progress: Progress | None,
    title: str,
) -> dict[str, np.ndarray]:
    """Return the start states; series that differ only in the drug share their pre-run when none of it is there."""
    keys: dict[str, bytes] = {}
    unique: dict[bytes, np.ndarray] = {}
    present = [equations.given.index(id) for id in _DRUG_POOLS if id in equations.given]
    drugged = any(np.any(values[present] != 0.0) for values in given.values())
    blind = [i for i, id in enumerate(equations.given) if drugged or not _drug_only(id)]
    for series in wanted:
        keys[series.id] = given[series.id][blind].tobytes()
        unique.setdefault(keys[series.id], given[series.id])
    block = np.concatenate(list(unique.values()), axis=1)
    plan = Plan(block, np.array([experiment.pre_run]), ("er_total",), rtol=engine_for(equations).rtol)
    arrays = run_ensemble(equations, plan, workers=workers, progress=progress, title=f"{title}: pre-run")
    final = np.where(arrays.status == "ok", arrays.final, np.nan)
    width = block.shape[1] // len(unique)
    found = {key: final[:, i * width : (i + 1) * width] for i, key in enumerate(unique)}
    return {id: found[key] for id, key in keys.items()}


_DRUG_POOLS = (
    "drug_medium",
    "drug_cell",
    *(f"er_{place}_drug_{allele}" for place in ("cyt", "nuc") for allele in ("W", "M")),
)


def _drug_only(id: str) -> bool:
    return id.endswith(("_drug", "_drug_M", "_drug_W"))


def _main_run(
    experiment: Experiment,
    wanted: Sequence[Series],
    given: Mapping[str, np.ndarray],
    before: Mapping[str, np.ndarray],
    equations: Equations,
    draws: Draws,
    workers: int | None,
    progress: Progress | None,
    title: str,
) -> Arrays:
    width = draws.individuals
    blocks, states = [], []
    targets = ["E2_medium", "drug_medium", *sorted({name for series in wanted for name in series.settings})]
    columns: list[np.ndarray] = []
    for series in wanted:
        for concentration in series.concentrations:
            blocks.append(given[series.id])
            states.append(before[series.id])
            settings = {"E2_medium": series.estradiol, "drug_medium": concentration, **series.settings}
            columns.append(np.repeat(np.array([[settings.get(target, np.nan)] for target in targets]), width, axis=1))
    first = np.concatenate(columns, axis=1)
    # a change of medium sets both ligands anew; other settings stay as they are
    fresh = np.tile(first[:2], (len(experiment.medium_changes), 1))
    stops = (*(0.0,) * len(targets), *(time for time in experiment.medium_changes for _ in range(2)))
    ids = (*targets, *targets[:2] * len(experiment.medium_changes))
    schedule = Schedule.shared(stops, ("set",) * len(stops), ids, np.concatenate([first, fresh]))
    plan = Plan(
        np.concatenate(blocks, axis=1),
        experiment.times(),
        (*experiment.outputs, *BALANCES),
        initial=np.concatenate(states, axis=1),
        schedule=schedule,
        rtol=engine_for(equations).rtol,
    )
    return run_ensemble(equations, plan, workers=workers, progress=progress, title=title)


def _readings(experiment: Experiment, wanted: Sequence[Series], models: Mapping[str, Model], arrays: Arrays, draws: Draws) -> Readings:
    width = draws.individuals
    times = experiment.times()
    shape = (len(arrays.values), len(times), -1, width)
    values = arrays.values.reshape(shape).transpose(0, 2, 1, 3)
    ok = (arrays.status == "ok").reshape(-1, width)
    found: dict[str, Reading] = {}
    row = 0
    for series in wanted:
        rows = slice(row, row + len(series.concentrations))
        found[series.id] = Reading(series, times, {id: values[i, rows] for i, id in enumerate(experiment.outputs)}, int(np.sum(~ok[rows])))
        row += len(series.concentrations)
    messages = tuple(dict.fromkeys(text for text in arrays.message if text))
    return Readings(experiment, found, models, messages, _balance(experiment, arrays.values[-len(BALANCES) :]), int(arrays.status.size))


def _balance(experiment: Experiment, values: np.ndarray) -> float:
    """Return the largest relative loss of a ligand between two changes of medium."""
    times = experiment.times()
    bounds = (-np.inf, *experiment.medium_changes, np.inf)
    spans = [(times >= a - 1e-9) & (times < b - 1e-9) for a, b in pairwise(bounds)]
    return max(_worst_balance(values[:, span, :]) for span in spans if span.any())


def _worst_balance(values: np.ndarray) -> float:
    """Return the largest relative loss of a ligand; bound plus free ligand must stay."""
    start = values[:, :1, :]
    drift = np.abs(values - start) / np.maximum(np.abs(start), _NO_LIGAND)
    finite = drift[np.isfinite(drift)]
    worst = float(finite.max()) if finite.size else 0.0
    if worst > 1e-6:
        raise ClaimError(f"bound plus free ligand changed by {worst:.1e} of its start value; it must stay within 1e-6")
    return worst
