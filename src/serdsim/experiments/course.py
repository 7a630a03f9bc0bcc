"""The run of an experiment from plating on, in legs from one replating to the next, and what is poured into a dish when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.engine.plan import Arrays, Plan, Schedule
from serdsim.errors import ClaimError
from serdsim.experiments.medium import ESTRADIOL
from serdsim.experiments.protocol import Experiment, Series
from serdsim.model.recipe import Recipe
from serdsim.simulation.plating import plated

_NO_LIGAND = 1e-9  # [nmol] far below any dose: where there is less, the absolute tolerance of the engine decides


@dataclass(frozen=True)
class Arm:
    """One concentration of a series; `places` has for each drug, and for the ligand of every medium, the species that it is given into."""

    series: Series
    concentration: float
    places: Mapping[str, str]
    ligand: str

    def poured(self, time: float) -> dict[str, float]:
        """Return what a medium poured at `time` [h] holds [nM], by species."""
        series = self.series
        levels = {self.ligand: series.estradiol, self.places[series.drug]: self.concentration}
        levels |= {self.places[drug]: level for drug, level in series.beside.items()}
        names = {ESTRADIOL: self.ligand, **self.places}
        for pour in series.medium:
            if pour.time <= time:
                levels |= {names[name]: level for name, level in pour.levels.items()}
        return levels


class Supply(Protocol):
    """What comes from outside."""

    def schedule(self, leg: tuple[float, float], individuals: int) -> Schedule:
        """Return what happens in a leg from one time [h] to another; each arm has so many individuals, one after the other."""

    def worst_balance(self, times: np.ndarray, values: np.ndarray, schedule: Schedule) -> float:
        """Return the largest relative loss of what nothing else may change; `values` has the shape (balance, time, individual).

        Raises
        ------
        ClaimError
            For a loss above 1e-6.
        """


@dataclass(frozen=True)
class Course:
    """What came out: `values` has the shape (output, time, individual), `thinned` (replating, individual)."""

    values: np.ndarray
    status: np.ndarray
    thinned: np.ndarray
    messages: tuple[str, ...]
    worst_balance: float


def run_course(
    experiment: Experiment,
    supply: Supply,
    block: np.ndarray,
    state: np.ndarray,
    equations: Equations,
    recipe: Recipe,
    run: Callable[[Plan], Arrays],
) -> Course:
    """Return the course of all arms, one after the other; `block` has what each individual is given and `state` where it starts.

    At a replating the cells that are observed are those before it.
    """
    plating = recipe.plating
    parts: list[np.ndarray] = []
    ratios: list[np.ndarray] = []
    messages: list[str] = []
    worst, ok, status = 0.0, np.ones(block.shape[1], bool), np.array([])
    for first, last in pairwise((0.0, *experiment.replate, experiment.hours)):
        if parts and plating is not None:
            ratios.append(state[[equations.states.index(id) for id in plating.cells]].sum(axis=0))
            ratios[-1] = ratios[-1] / block[equations.given.index(plating.count)]
            state = plated(plating, equations, block, state)
        times = experiment.times()
        times = times[(times >= first - 1e-9) & (times <= last + 1e-9)]
        schedule = supply.schedule((first, last), block.shape[1])
        outputs = (*experiment.outputs, *recipe.balances)
        arrays = run(Plan(block, times, outputs, initial=state, schedule=schedule, start_time=first))
        worst = max(worst, supply.worst_balance(times, arrays.values[len(experiment.outputs) :], schedule))
        status = np.where(ok, arrays.status, status) if parts else arrays.status
        ok = status == "ok"
        messages += [text for text in arrays.message if text]
        state = np.where(ok, arrays.final, np.nan)
        parts.append(arrays.values[: len(experiment.outputs), 1 if parts else 0 :])
    values = np.concatenate(parts, axis=1)
    thinned = np.array(ratios).reshape(len(ratios), block.shape[1])
    return Course(np.where(ok, values, np.nan), status, thinned, tuple(dict.fromkeys(messages)), worst)


@dataclass(frozen=True)
class Dish:
    """What is poured into dishes, and what is set in them."""

    experiment: Experiment
    arms: Sequence[Arm]
    equations: Equations

    def schedule(self, leg: tuple[float, float], individuals: int) -> Schedule:
        """Return what is poured and set in a leg.

        Ligands are poured at its start, at changes of medium and where an arm's own medium changes. Settings act at 0 h; those of
        inputs are set again in later legs, each of which is a simulation of its own.
        """
        first, last = leg
        arms, shared = self.arms, self.experiment.medium_changes
        ligands = [*dict.fromkeys([*(arm.ligand for arm in arms), *(place for arm in arms for place in arm.places.values())])]
        names = sorted({name for arm in arms for name in arm.series.settings})
        names = [name for name in names if first == 0.0 or name in self.equations.constants]
        own = {pour.time for arm in arms for pour in arm.series.medium}
        changes = sorted(time for time in {*shared, *own} if first < time < last)
        rows = [[_level(arm, target, first) for arm in arms] for target in ligands]
        rows += [[arm.series.settings.get(name, np.nan) for arm in arms] for name in names]
        for time in changes:
            poured = [time in shared or any(pour.time == time for pour in arm.series.medium) for arm in arms]
            rows += [[_level(arm, target, time) if now else np.nan for arm, now in zip(arms, poured, strict=True)] for target in ligands]
        times = (*(first,) * (len(ligands) + len(names)), *(time for time in changes for _ in ligands))
        ids = (*ligands, *names, *ligands * len(changes))
        return Schedule.shared(times, ("set",) * len(times), ids, np.repeat(np.array(rows), individuals // len(arms), axis=1))

    def worst_balance(self, times: np.ndarray, values: np.ndarray, schedule: Schedule) -> float:
        """Return the largest relative loss of a ligand between two changes of medium, also of one arm alone."""
        own = {pour.time for series in self.experiment.series.values() for pour in series.medium}
        bounds = (-np.inf, *sorted({*self.experiment.medium_changes, *own}), np.inf)
        spans = [(times >= a - 1e-9) & (times < b - 1e-9) for a, b in pairwise(bounds)]
        return max(worst_balance(values[:, span, :]) for span in spans if span.any())


def _level(arm: Arm, species: str, time: float) -> float:
    return arm.poured(time).get(species, np.nan)


def worst_balance(values: np.ndarray, given: np.ndarray | float = 0.0) -> float:
    """Return the largest relative loss of what must stay, beside what was given since the start, of the shape of `values`.

    Raises
    ------
    ClaimError
        For a loss above 1e-6 of its start value.
    """
    start = values[:, :1, :]
    drift = np.abs(values - start - given) / np.maximum(np.abs(start + given), _NO_LIGAND)
    finite = drift[np.isfinite(drift)]
    worst = float(finite.max()) if finite.size else 0.0
    if worst > 1e-6:
        raise ClaimError(f"bound plus free ligand changed by {worst:.1e} of its start value; it must stay within 1e-6")
    return worst
