"""The run of an experiment from plating on, in legs from one replating to the next: what is poured when, what becomes of the cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.engine.plan import Arrays, Plan, Schedule
from serdsim.errors import ClaimError
from serdsim.experiments.medium import ESTRADIOL
from serdsim.experiments.protocol import Experiment, Series
from serdsim.model.plating import Plating
from serdsim.simulation.plating import plated

BALANCES = ("E2_free_and_bound", "drug_free_and_bound")
_NO_LIGAND = 1e-9  # [nmol] far below any dose: where there is less, the absolute tolerance of the engine decides
_ESTRADIOL = "E2_medium"


@dataclass(frozen=True)
class Arm:
    """One concentration of a series; `places` has for each drug the species that it is given into."""

    series: Series
    concentration: float
    places: Mapping[str, str]

    def poured(self, time: float) -> dict[str, float]:
        """Return what a medium poured at `time` [h] holds [nM], by species."""
        series = self.series
        levels = {_ESTRADIOL: series.estradiol, self.places[series.drug]: self.concentration}
        levels |= {self.places[drug]: level for drug, level in series.beside.items()}
        names = {ESTRADIOL: _ESTRADIOL, **self.places}
        for pour in series.medium:
            if pour.time <= time:
                levels |= {names[name]: level for name, level in pour.levels.items()}
        return levels


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
    arms: Sequence[Arm],
    given: Mapping[str, np.ndarray],
    start: Mapping[str, np.ndarray],
    equations: Equations,
    plating: Plating | None,
    rtol: float,
    run: Callable[[Plan], Arrays],
) -> Course:
    """Return the course of all arms, one after the other; each has the draws of `given` and the states of `start`, by series.

    At a replating the cells that are observed are those before it.
    """
    block = np.concatenate([given[arm.series.id] for arm in arms], axis=1)
    state = np.concatenate([start[arm.series.id] for arm in arms], axis=1)
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
        schedule = _schedule(experiment, arms, block.shape[1] // len(arms), (first, last), equations)
        outputs = (*experiment.outputs, *BALANCES)
        arrays = run(Plan(block, times, outputs, initial=state, schedule=schedule, start_time=first, rtol=rtol))
        worst = max(worst, _balance(experiment, times, arrays.values[-len(BALANCES) :]))
        status = np.where(ok, arrays.status, status) if parts else arrays.status
        ok = status == "ok"
        messages += [text for text in arrays.message if text]
        state = np.where(ok, arrays.final, np.nan)
        parts.append(arrays.values[:, 1 if parts else 0 :])
    values = np.concatenate(parts, axis=1)
    thinned = np.array(ratios).reshape(len(ratios), block.shape[1])
    return Course(np.where(ok, values, np.nan), status, thinned, tuple(dict.fromkeys(messages)), worst)


def _schedule(experiment: Experiment, arms: Sequence[Arm], width: int, leg: tuple[float, float], equations: Equations) -> Schedule:
    """Return what is poured and set in a leg.

    Ligands are poured at its start, at changes of medium and where an arm's own medium changes. Settings act at 0 h; those of inputs
    are set again in later legs, each of which is a simulation of its own.
    """
    first, last = leg
    ligands = [_ESTRADIOL, *dict.fromkeys(place for arm in arms for place in arm.places.values())]
    names = sorted({name for arm in arms for name in arm.series.settings})
    names = [name for name in names if first == 0.0 or name in equations.constants]
    own = {pour.time for arm in arms for pour in arm.series.medium}
    changes = sorted(time for time in {*experiment.medium_changes, *own} if first < time < last)
    rows = [[_level(arm, target, first) for arm in arms] for target in ligands]
    rows += [[arm.series.settings.get(name, np.nan) for arm in arms] for name in names]
    for time in changes:
        common = time in experiment.medium_changes
        poured = [common or any(pour.time == time for pour in arm.series.medium) for arm in arms]
        rows += [[_level(arm, target, time) if now else np.nan for arm, now in zip(arms, poured, strict=True)] for target in ligands]
    times = (*(first,) * (len(ligands) + len(names)), *(time for time in changes for _ in ligands))
    ids = (*ligands, *names, *ligands * len(changes))
    return Schedule.shared(times, ("set",) * len(times), ids, np.repeat(np.array(rows), width, axis=1))


def _level(arm: Arm, species: str, time: float) -> float:
    return arm.poured(time).get(species, np.nan)


def _balance(experiment: Experiment, times: np.ndarray, values: np.ndarray) -> float:
    """Return the largest relative loss of a ligand between two changes of medium, also of one arm alone."""
    own = {pour.time for series in experiment.series.values() for pour in series.medium}
    bounds = (-np.inf, *sorted({*experiment.medium_changes, *own}), np.inf)
    spans = [(times >= a - 1e-9) & (times < b - 1e-9) for a, b in pairwise(bounds)]
    return max(worst_balance(values[:, span, :]) for span in spans if span.any())


def worst_balance(values: np.ndarray) -> float:
    """Return the largest relative loss of a ligand; bound plus free ligand must stay.

    Raises
    ------
    ClaimError
        For a loss above 1e-6 of its start value.
    """
    start = values[:, :1, :]
    drift = np.abs(values - start) / np.maximum(np.abs(start), _NO_LIGAND)
    finite = drift[np.isfinite(drift)]
    worst = float(finite.max()) if finite.size else 0.0
    if worst > 1e-6:
        raise ClaimError(f"bound plus free ligand changed by {worst:.1e} of its start value; it must stay within 1e-6")
    return worst
