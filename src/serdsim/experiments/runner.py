"""Running an experiment: all series, concentrations and draws are individuals of two plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.engine.engines import engine_for
from serdsim.engine.ensemble import Progress, run_ensemble
from serdsim.engine.plan import Arrays, Plan, Schedule
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.arms import Change, check_names, equations_of, model_of, place_of, values_given
from serdsim.experiments.protocol import Experiment, Series, observed
from serdsim.model.entities import Model
from serdsim.model.recipe import read_recipe, shipped_library
from serdsim.simulation.draws import Draws
from serdsim.simulation.plating import plated

BALANCES = ("E2_free_and_bound", "drug_free_and_bound")
_NO_LIGAND = 1e-9  # [nmol] far below any dose: where there is less, the absolute tolerance of the engine decides


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
    equations = equations_of(experiment.model, library or shipped_library())
    check_names(experiment, wanted, equations)
    given = {s.id: values_given(models[s.id], experiment, s, equations.given, draws, change, library) for s in wanted}
    title = ", ".join([experiment.id, *(["sceptical prior"] if draws.sceptical else []), *([change.id] if change else [])])
    run = partial(run_ensemble, equations, workers=workers, progress=progress)
    before = _pre_run(experiment, wanted, given, equations, partial(run, title=f"{title}: pre-run"))
    plating = read_recipe(experiment.model, library or shipped_library()).plating
    start = {id: plated(plating, equations, given[id], state) for id, state in before.items()}
    places = {s.id: place_of(experiment, s, library)[1] for s in wanted}
    arrays = _main_run(experiment, wanted, given, start, places, engine_for(equations).rtol, partial(run, title=title))
    return _readings(experiment, wanted, models, arrays, draws)


def _pre_run(
    experiment: Experiment, wanted: Sequence[Series], given: Mapping[str, np.ndarray], equations: Equations, run: Callable[[Plan], Arrays]
) -> dict[str, np.ndarray]:
    """Return the start states; series that differ only in the drug share their pre-run when none of it is there."""
    keys: dict[str, bytes] = {}
    unique: dict[bytes, np.ndarray] = {}
    given = {id: values.copy() for id, values in given.items()}
    for series in wanted:
        given[series.id][equations.given.index("E2_medium")] = series.pre_estradiol
    present = [equations.given.index(id) for id in _DRUG_POOLS if id in equations.given]
    drugged = any(np.any(values[present] != 0.0) for values in given.values())
    blind = [i for i, id in enumerate(equations.given) if drugged or not _drug_only(id)]
    for series in wanted:
        keys[series.id] = given[series.id][blind].tobytes()
        unique.setdefault(keys[series.id], given[series.id])
    block = np.concatenate(list(unique.values()), axis=1)
    plan = Plan(block, np.array([0.0, experiment.pre_run]), BALANCES, rtol=engine_for(equations).rtol)
    arrays = run(plan)
    _worst_balance(arrays.values)
    final = np.where(arrays.status == "ok", arrays.final, np.nan)
    width = block.shape[1] // len(unique)
    found = {key: final[:, i * width : (i + 1) * width] for i, key in enumerate(unique)}
    return {id: found[key] for id, key in keys.items()}


_DRUG_POOLS = (
    "drug_medium",
    "partner_medium",
    "drug_cell",
    *(f"er_{place}_drug_{allele}" for place in ("cyt", "nuc") for allele in ("W", "M")),
)


def _drug_only(id: str) -> bool:
    return id.endswith(("_drug", "_drug_M", "_drug_W", "_partner"))


def _main_run(
    experiment: Experiment,
    wanted: Sequence[Series],
    given: Mapping[str, np.ndarray],
    before: Mapping[str, np.ndarray],
    places: Mapping[str, str],
    rtol: float,
    run: Callable[[Plan], Arrays],
) -> Arrays:
    width = next(iter(given.values())).shape[1]
    blocks, states = [], []
    ligands = ["E2_medium", *dict.fromkeys(places.values())]
    targets = [*ligands, *sorted({name for series in wanted for name in series.settings})]
    columns: list[np.ndarray] = []
    for series in wanted:
        for concentration in series.concentrations:
            blocks.append(given[series.id])
            states.append(before[series.id])
            settings = {"E2_medium": series.estradiol, places[series.id]: concentration, **series.settings}
            columns.append(np.repeat(np.array([[settings.get(target, np.nan)] for target in targets]), width, axis=1))
    first = np.concatenate(columns, axis=1)
    # a change of medium sets the ligands anew; other settings stay as they are
    fresh = np.tile(first[: len(ligands)], (len(experiment.medium_changes), 1))
    stops = (*(0.0,) * len(targets), *(time for time in experiment.medium_changes for _ in ligands))
    ids = (*targets, *ligands * len(experiment.medium_changes))
    schedule = Schedule.shared(stops, ("set",) * len(stops), ids, np.concatenate([first, fresh]))
    plan = Plan(
        np.concatenate(blocks, axis=1),
        experiment.times(),
        (*experiment.outputs, *BALANCES),
        initial=np.concatenate(states, axis=1),
        schedule=schedule,
        rtol=rtol,
    )
    return run(plan)


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
