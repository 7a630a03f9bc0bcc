"""What animals and patients of an experiment are given: the doses of each arm as a simulation gives them, and the books on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.dosing.regimen import Regimen
from serdsim.engine.plan import KINDS, Schedule, same_instant
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.course import worst_balance
from serdsim.experiments.protocol import Experiment, Series
from serdsim.experiments.treatment import drug_of, regimen_of
from serdsim.model.entities import Model
from serdsim.model.recipe import read_recipe, shipped_library
from serdsim.model.salts import read_salts
from serdsim.simulation.balance import counted
from serdsim.simulation.doses import infused, schedule_of
from serdsim.simulation.host_doses import free_base
from serdsim.simulation.question import Question, ask


@dataclass(frozen=True)
class DosedArm:
    """One dose of a series, with what is asked of the model and the doses of free base."""

    series: Series
    dose: float
    question: Question
    regimen: Regimen

    def values(self, given: np.ndarray, ids: Sequence[str], base: Model) -> np.ndarray:
        """Return the numbers of the arm, shape (id, individual): those of its series, whose model is `base`, but for what depends on
        its dose.
        """
        found = given.copy()
        for i, id in enumerate(ids):
            if id in base.parameters and self.question.model.parameters[id].value != base.parameters[id].value:
                found[i] = self.question.model.parameters[id].value
        return found


def arm_of(experiment: Experiment, series: Series, dose: float, library: Path | None) -> DosedArm:
    """Return an arm of a series.

    `series.drug` may be another drug than that of the sentence, in whose place it is then given; only drugs that the series names are
    given.
    """
    root = library or shipped_library()
    defaults = read_recipe(experiment.model, root).defaults
    genotype = series.genotype if "genotype" in defaults or series.genotype != "WT" else None
    drugs = {drug_of(series.regimen): series.drug, **{drug: drug for drug in series.beside}}
    doses = free_base(regimen_of(series.regimen, dose, series.unit, drugs), read_salts(root))
    question = ask(experiment.model, doses, genotype, series.cell_line or None, None, library, select=series.select)
    return DosedArm(series, dose, question, doses)


def dosed_arms(experiment: Experiment, wanted: Sequence[Series], library: Path | None) -> list[DosedArm]:
    """Return the arms of the series."""
    return [arm_of(experiment, series, dose, library) for series in wanted for dose in series.concentrations]


@dataclass(frozen=True)
class Dosing:
    """The doses of all arms, and what is set in them at 0 h."""

    experiment: Experiment
    arms: Sequence[DosedArm]
    equations: Equations
    balances: tuple[str, ...]

    def schedule(self, leg: tuple[float, float], individuals: int) -> Schedule:
        """Return the doses of each arm, those after the end left out; all individuals of an arm are given the same."""
        each = [self._of(arm, leg[1]) for arm in self.arms]
        names = tuple(dict.fromkeys(name for one in each for name in one.names))
        width = individuals // len(self.arms)
        counts = [len(one.times) for one in each for _ in range(width)]
        return Schedule(
            names=names,
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            times=np.concatenate([np.tile(one.times, width) for one in each]),
            kinds=np.concatenate([np.tile(one.kinds, width) for one in each]),
            targets=np.concatenate([np.tile(_renumbered(one, names), width) for one in each]),
            values=np.concatenate([np.tile(one.values, width) for one in each]),
        )

    def _of(self, arm: DosedArm, end: float) -> Schedule:
        if infused(arm.question, arm.regimen):
            problem, repair = "an experiment gives no infusions", "Give the dose at once, iv or by mouth"
            raise ClaimError(Issue(problem, file=arm.series.file, id=arm.series.id, expected="po, im or iv", repair=repair))
        doses, settings = schedule_of(arm.question, arm.regimen, 1, end, arm.question.per_hour), arm.series.settings
        names = (*settings, *doses.names)
        return Schedule(
            names=names,
            starts=np.array([0, len(settings) + len(doses.times)], np.int64),
            times=np.concatenate([np.zeros(len(settings)), doses.times]),
            kinds=np.concatenate([np.full(len(settings), KINDS.index("set"), np.int8), doses.kinds]),
            targets=np.concatenate([np.arange(len(settings), dtype=np.int32), doses.targets + len(settings)]).astype(np.int32),
            values=np.concatenate([np.array(list(settings.values()), float), doses.values]),
        )

    def worst_balance(self, times: np.ndarray, values: np.ndarray, schedule: Schedule) -> float:
        """Return the largest relative loss: what is in all places and what is gone must be what was given."""
        if not self.balances:
            return 0.0
        width = values.shape[2] // len(self.arms)
        given = np.zeros((len(self.balances), len(times), len(self.arms)))
        sums = [counted(self.equations, balance) for balance in self.balances]
        for column in range(len(self.arms)):
            for time, kind, target, amount in schedule.of(column * width):
                if kind == "add" and time > times[0] + same_instant(time):
                    after = times >= time - same_instant(time)
                    for row, species in enumerate(sums):
                        given[row, after, column] += amount if schedule.names[target] in species else 0.0
        return worst_balance(values, np.repeat(given, width, axis=2))


def _renumbered(one: Schedule, names: tuple[str, ...]) -> np.ndarray:
    return np.array([names.index(one.names[target]) for target in one.targets], np.int32)
