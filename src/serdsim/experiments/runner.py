"""Running an experiment: all series, concentrations and draws are individuals of two plans."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.engine.engines import Engine, engine_for
from serdsim.engine.ensemble import Progress, run_ensemble
from serdsim.engine.plan import Arrays, Plan
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.arms import Change, check_kind, check_names, equations_of, model_of, places_of, values_given
from serdsim.experiments.course import Arm, Course, Dish, Supply, run_course, worst_balance
from serdsim.experiments.dosed import Dosing, dosed_arms
from serdsim.experiments.protocol import Experiment, Series, observed
from serdsim.model.entities import Model
from serdsim.model.recipe import Recipe, read_recipe, shipped_library
from serdsim.simulation.draws import Draws
from serdsim.simulation.plating import plated

_OF_A_DRUG = re.compile(r"_(drug|drug_M|drug_W|partner)(_c\d+)?$")


@dataclass(frozen=True)
class Reading:
    """What a series gave: `values[output]` has the shape (concentration or dose, time, draw); NaN for failed individuals.

    They are those of the typical animal or patient; `animals[output]` has those beside it, shape (dose, time, draw, animal).
    `thinned` has for each replating of the experiment its time [h] and how many cells there were for each that was plated again, shape
    (concentration, draw).
    """

    series: Series
    times: np.ndarray
    values: Mapping[str, np.ndarray]
    failed: int
    thinned: tuple[tuple[float, np.ndarray], ...] = ()
    animals: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def ended(self) -> np.ndarray:
        """Whether all individuals of a draw ended well, shape (draw,)."""
        return self.ended_at(slice(None), animals=True)

    def ended_at(self, rows: Sequence[int] | slice, *, animals: bool) -> np.ndarray:
        """Return whether the individuals of a draw at these concentrations or doses ended well, with animals also those beside."""
        whole = [np.isfinite(values[rows]).all(axis=(0, 1)) for values in self.values.values()]
        whole += [np.isfinite(values[rows]).all(axis=(0, 1, 3)) for values in self.animals.values() if animals]
        return np.asarray(np.all(whole, axis=0))

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
    """All series of an experiment, and the models they rest on; `animals` counts those beside the typical one in each arm and draw."""

    experiment: Experiment
    series: Mapping[str, Reading]
    models: Mapping[str, Model]
    messages: tuple[str, ...]
    worst_balance: float
    individuals: int
    animals: int = 0


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
    recipe = read_recipe(experiment.model, library or shipped_library())
    check_kind(experiment, recipe)
    models = {s.id: model_of(experiment, s, library) for s in wanted}
    equations = equations_of(experiment.model, library or shipped_library())
    check_names(experiment, wanted, equations, recipe)
    draws = replace(draws, beside=experiment.animals)
    _require_animals(experiment, models, equations)
    given = {s.id: values_given(models[s.id], experiment, s, equations.given, draws, change, library) for s in wanted}
    title = ", ".join([experiment.id, *(["sceptical prior"] if draws.sceptical else []), *([change.id] if change else [])])
    run = partial(_run_at, engine_for(equations), recipe, partial(run_ensemble, equations, workers=workers, progress=progress))
    before = _pre_run(experiment, wanted, given, equations, recipe, partial(run, title=f"{title}: pre-run"))
    start = {id: plated(recipe.plating, equations, given[id], state) for id, state in before.items()}
    supply = _supply(experiment, wanted, equations, recipe, library)
    state = np.concatenate([start[series.id] for series in wanted for _ in series.concentrations], axis=1)
    if isinstance(supply, Dosing):
        block = np.concatenate([arm.values(given[arm.series.id], equations.given, models[arm.series.id]) for arm in supply.arms], axis=1)
    else:
        block = np.concatenate([given[series.id] for series in wanted for _ in series.concentrations], axis=1)
    course = run_course(experiment, supply, block, state, equations, recipe, partial(run, title=title))
    return _readings(experiment, wanted, models, course, draws)


def _run_at(engine: Engine, recipe: Recipe, run: Callable[..., Arrays], plan: Plan, title: str) -> Arrays:
    """Return what comes of a plan with the tolerances of the model."""
    return run(engine.at(recipe.tolerance, plan), title=title)


def _require_animals(experiment: Experiment, models: Mapping[str, Model], equations: Equations) -> None:
    for id, model in models.items() if experiment.animals else ():
        if not any(model.evidence[name].iiv for name in equations.given if name in model.evidence):
            problem, repair = "all animals would be alike: no row of the model has a variance between individuals", "Fill the column iiv"
            raise ClaimError(Issue(problem, file=experiment.file, id=id, expected="a row with iiv, or no animals", repair=repair))


def _supply(experiment: Experiment, wanted: Sequence[Series], equations: Equations, recipe: Recipe, library: Path | None) -> Supply:
    if recipe.medium is None:
        return Dosing(experiment, dosed_arms(experiment, wanted, library), equations, recipe.balances)
    places = {series.id: {drug: place for drug, (_, place) in places_of(experiment, series, library).items()} for series in wanted}
    ligand = recipe.doses[recipe.medium]
    return Dish(
        experiment, [Arm(series, level, places[series.id], ligand) for series in wanted for level in series.concentrations], equations
    )


def _pre_run(
    experiment: Experiment,
    wanted: Sequence[Series],
    given: Mapping[str, np.ndarray],
    equations: Equations,
    recipe: Recipe,
    run: Callable[[Plan], Arrays],
) -> dict[str, np.ndarray]:
    """Return the start states; series that differ only in the drug share their pre-run when none of it is there."""
    keys: dict[str, bytes] = {}
    unique: dict[bytes, np.ndarray] = {}
    given = {id: values.copy() for id, values in given.items()}
    if recipe.medium is not None:
        for series in wanted:
            given[series.id][equations.given.index(recipe.doses[recipe.medium])] = series.pre_estradiol
    present = [i for i, id in enumerate(equations.given) if id in equations.states and {"drug", "partner"} & {*id.split("_")}]
    drugged = any(np.any(values[present] != 0.0) for values in given.values())
    blind = [i for i, id in enumerate(equations.given) if drugged or not _drug_only(id)]
    for series in wanted:
        keys[series.id] = given[series.id][blind].tobytes()
        unique.setdefault(keys[series.id], given[series.id])
    block = np.concatenate(list(unique.values()), axis=1)
    plan = Plan(block, np.array([0.0, experiment.pre_run]), recipe.balances)
    arrays = run(plan)
    worst_balance(arrays.values)
    final = np.where(arrays.status == "ok", arrays.final, np.nan)
    width = block.shape[1] // len(unique)
    found = {key: final[:, i * width : (i + 1) * width] for i, key in enumerate(unique)}
    return {id: found[key] for id, key in keys.items()}


def _drug_only(id: str) -> bool:
    """Whether a number speaks of a drug or a partner; the clone that it is of comes last."""
    return _OF_A_DRUG.search(id) is not None


def _readings(experiment: Experiment, wanted: Sequence[Series], models: Mapping[str, Model], course: Course, draws: Draws) -> Readings:
    width, group = draws.individuals, draws.group
    times = experiment.times()
    shape = (len(course.values), len(times), -1, width)
    values = course.values.reshape(shape).transpose(0, 2, 1, 3)
    ok = (course.status == "ok").reshape(-1, width)
    thinned = course.thinned.reshape(len(course.thinned), len(ok), width)
    found: dict[str, Reading] = {}
    row = 0
    for series in wanted:
        rows = slice(row, row + len(series.concentrations))
        every = {id: values[i, rows] for i, id in enumerate(experiment.outputs)}
        own = {id: one[..., ::group] for id, one in every.items()}
        beside = {id: one.reshape(*one.shape[:2], -1, group)[..., 1:] for id, one in every.items()} if group > 1 else {}
        ratios = tuple((time, thinned[i, rows]) for i, time in enumerate(experiment.replate))
        found[series.id] = Reading(series, times, own, int(np.sum(~ok[rows])), ratios, beside)
        row += len(series.concentrations)
    return Readings(experiment, found, models, course.messages, course.worst_balance, int(course.status.size), experiment.animals)
