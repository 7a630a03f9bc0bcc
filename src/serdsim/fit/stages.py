"""Experiments -> a tree of stages: where two begin and are left alike they are integrated once; a stage ends where its heirs begin.

A stage begins where a condition sets what rests on the state or on parameters; what is set to plain numbers is a stop inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from serdsim.errors import Issue, ModelError
from serdsim.fit.formula import number_of
from serdsim.fit.problem import STEADY, Change, Experiment, Period
from serdsim.fit.system import System
from serdsim.model.expression import TIME, Number, substitute, symbols

Item = tuple[float, str, float]


@dataclass
class Stage:
    """One stretch of one or several experiments.

    Attributes
    ----------
    parent : int
        The stage whose end this one goes on from; -1 for the first of an experiment.
    start : float
    changes : tuple of Change
        What is set at the start; in the first stage before the initial assignments.
    items : tuple of (time, id, number)
    depth : int
    times : set of float
        When the outputs of measurements are asked for.
    end : float
        Where its heirs begin; the last of `times` where it has none.
    wanted : set of str
        Quantities that formulas read, of measurements and of the changes of heirs.
    """

    parent: int
    start: float
    changes: tuple[Change, ...]
    items: tuple[Item, ...]
    depth: int
    times: set[float] = field(default_factory=set)
    end: float = 0.0
    wanted: set[str] = field(default_factory=set)

    @property
    def rows(self) -> tuple[float, ...]:
        """Times of its outputs; the last is its end."""
        return tuple(sorted(self.times | {self.end}))


@dataclass(frozen=True)
class Tree:
    """All stages, parents before their heirs, and for each experiment and time the stage that holds it."""

    stages: tuple[Stage, ...]
    paths: Mapping[str, tuple[int, ...]]

    def at(self, experiment: str, time: float) -> int:
        """Return the stage of an experiment in which a time lies; the instant of a change is seen after it."""
        path = self.paths[experiment]
        return next((number for number in reversed(path) if self.stages[number].start <= time), path[0])


def plant(system: System, wanted: Mapping[str, Mapping[float, frozenset[str]]]) -> Tree:
    """Return the stages of the experiments with what is asked of them.

    Parameters
    ----------
    wanted : mapping of experiment and time to ids
        What measurements read.

    Raises
    ------
    ModelError
        For what only the plain course follows: steady states.
    """
    stages: list[Stage] = []
    known: dict[tuple[object, ...], int] = {}
    paths = {}
    for id in wanted:
        paths[id] = _path(system, system.problem.experiments[id], stages, known)
    tree = Tree(tuple(stages), paths)
    for id, times in wanted.items():
        for time, ids in times.items():
            if not tree.stages[paths[id][0]].start <= time < float("inf"):
                raise ModelError(Issue("slopes are not followed to a steady state or to before the start", id=id))
            stage = tree.stages[tree.at(id, time)]
            stage.times.add(time)
            stage.wanted |= ids
    for stage in reversed(stages):
        stage.end = max([stage.start, stage.end, *stage.times])
        if stage.parent >= 0:
            stages[stage.parent].wanted |= _read(system, stage.changes)
    return tree


def _read(system: System, changes: tuple[Change, ...]) -> set[str]:
    """Return what changes read of the end of the stage before: their formulas, and sizes where concentrations stand for amounts."""
    scales = dict(zip(system.equations.states, system.equations.scales, strict=True))
    targets = {change.target for change in changes}
    sizes = {scales.get(id) for id in targets} | (targets & system.model.compartments.keys())
    return ({name for change in changes for name in symbols(change.value)} | {id for id in sizes if id is not None}) - {TIME.id}


def _path(system: System, experiment: Experiment, stages: list[Stage], known: dict[tuple[object, ...], int]) -> tuple[int, ...]:
    if any(period.time == STEADY for period in experiment.periods):
        raise ModelError(Issue("slopes are not followed to a steady state", id=experiment.id))
    path: list[int] = []
    cut = _cut(system, experiment)
    lefts = [*(start for start, _, _ in cut[1:]), None]
    for (start, changes, items), left in zip(cut, lefts, strict=True):
        parent = path[-1] if path else -1
        key = (parent, start, changes, items, left)  # heirs go on from the end of a stage, so all of them leave it there
        if key not in known:
            known[key] = len(stages)
            stages.append(Stage(parent, start, changes, items, len(path), end=start if left is None else left))
        path.append(known[key])
    return tuple(path)


def _cut(system: System, experiment: Experiment) -> list[tuple[float, tuple[Change, ...], tuple[Item, ...]]]:
    first, *later = experiment.periods
    found: list[tuple[float, tuple[Change, ...], list[Item]]] = [(first.time, _plain(system, first), [])]
    for period in later:
        changes = _plain(system, period)
        sizes = system.model.compartments.keys()
        if all(isinstance(change.value, Number) and change.target not in sizes for change in changes):
            found[-1][2].extend((period.time, change.target, change.value.value) for change in changes if isinstance(change.value, Number))
        else:
            found.append((period.time, changes, []))
    return [(start, changes, tuple(items)) for start, changes, items in found]


def _plain(system: System, period: Period) -> tuple[Change, ...]:
    """Return what a period changes, without the places in files; parameters that nothing estimates or changes are numbers."""
    changes = system.problem.changes(period)
    changed = {change.target for one in system.problem.conditions.values() for change in one.changes} | system.moving
    fixed = {id: Number(one.nominal) for id, one in system.problem.parameters.items() if not one.estimate and id not in changed}
    values = [substitute(change.value, fixed) for change in changes]
    numbers = [value if symbols(value) else Number(number_of(value, {})) for value in values]
    return tuple(Change(change.target, value) for change, value in zip(changes, numbers, strict=True))
