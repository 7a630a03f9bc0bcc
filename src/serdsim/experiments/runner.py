"""Running an experiment: all series, concentrations and draws are individuals of two plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.engine.engines import engine_for
from serdsim.engine.ensemble import Progress, run_ensemble
from serdsim.engine.plan import Arrays, Plan
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.arms import Change, check_names, equations_of, model_of, places_of, values_given
from serdsim.experiments.course import BALANCES, Arm, Course, run_course, worst_balance
from serdsim.experiments.protocol import Experiment, Series, observed
from serdsim.model.entities import Model
from serdsim.model.recipe import read_recipe, shipped_library
from serdsim.simulation.draws import Draws
from serdsim.simulation.plating import plated


@dataclass(frozen=True)
class Reading:
    """What a series gave: `values[output]` has the shape (concentration, time, draw); NaN for failed individuals.

    `thinned` has for each replating of the experiment its time [h] and how many cells there were for each that was plated again, shape
    (concentration, draw).
    """

    series: Series
    times: np.ndarray
    values: Mapping[str, np.ndarray]
    failed: int
    thinned: tuple[tuple[float, np.ndarray], ...] = ()

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

    def expanded(self, output: str) -> np.ndarray:
        """Return an output that counts cells as if none had been taken away at replatings, shape (concentration, time, draw)."""
        result = np.array(self.values[output])
        for time, ratio in self.thinned:
            result[:, self.times > time + 1e-9 * time] *= ratio[:, None, :]
        return result


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
    plating = read_recipe(experiment.model, library or shipped_library()).plating
    if experiment.replate and plating is None:
        repair = f"Take replate out, or add plating to the recipe of {experiment.model}"
        raise ClaimError(Issue("the model has no cells to plate anew", file=experiment.file, id="replate", repair=repair))
    models = {s.id: model_of(experiment, s, library) for s in wanted}
    equations = equations_of(experiment.model, library or shipped_library())
    check_names(experiment, wanted, equations)
    given = {s.id: values_given(models[s.id], experiment, s, equations.given, draws, change, library) for s in wanted}
    title = ", ".join([experiment.id, *(["sceptical prior"] if draws.sceptical else []), *([change.id] if change else [])])
    run = partial(run_ensemble, equations, workers=workers, progress=progress)
    before = _pre_run(experiment, wanted, given, equations, partial(run, title=f"{title}: pre-run"))
    start = {id: plated(plating, equations, given[id], state) for id, state in before.items()}
    arms = [
        Arm(series, concentration, {drug: place for drug, (_, place) in places_of(experiment, series, library).items()})
        for series in wanted
        for concentration in series.concentrations
    ]
    course = run_course(experiment, arms, given, start, equations, plating, engine_for(equations).rtol, partial(run, title=title))
    return _readings(experiment, wanted, models, course, draws)


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
    worst_balance(arrays.values)
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


def _readings(experiment: Experiment, wanted: Sequence[Series], models: Mapping[str, Model], course: Course, draws: Draws) -> Readings:
    width = draws.individuals
    times = experiment.times()
    shape = (len(course.values), len(times), -1, width)
    values = course.values.reshape(shape).transpose(0, 2, 1, 3)
    ok = (course.status == "ok").reshape(-1, width)
    thinned = course.thinned.reshape(len(course.thinned), len(ok), width)
    found: dict[str, Reading] = {}
    row = 0
    for series in wanted:
        rows = slice(row, row + len(series.concentrations))
        own = {id: values[i, rows] for i, id in enumerate(experiment.outputs)}
        ratios = tuple((time, thinned[i, rows]) for i, time in enumerate(experiment.replate))
        found[series.id] = Reading(series, times, own, int(np.sum(~ok[rows])), ratios)
        row += len(series.concentrations)
    return Readings(experiment, found, models, course.messages, course.worst_balance, int(course.status.size))
