"""A tree of stages -> outputs with their slopes, for many vectors of parameters at once: each depth of the tree is one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from serdsim.codegen.equations import GIVEN, derive
from serdsim.codegen.system import build_system
from serdsim.codegen.tangent import build_tangent
from serdsim.engine.plan import Plan
from serdsim.engine.twin_model import Functions
from serdsim.engine.twin_tangent import Slopes
from serdsim.errors import Issue, ModelError
from serdsim.fit.course import Settings, schedule_of
from serdsim.fit.directed import Directed, Found
from serdsim.fit.dual import Dual, formula, product
from serdsim.fit.places import Place, Seen, sound
from serdsim.fit.stages import Item, Stage, Tree
from serdsim.fit.system import System
from serdsim.model.expression import TIME, Symbol, symbols

_CHUNK = 64  # individuals of one call of the compiled code


class Flow:
    """The stages of a problem, ready to be run.

    Raises
    ------
    ModelError
        For models that sensitivities do not follow.
    """

    def __init__(self, system: System, tree: Tree, settings: Settings, workers: int | None = None) -> None:
        self.system, self.tree, self.settings = system, tree, settings
        if system.equations.events:
            raise ModelError("slopes are not followed through events")
        begin = build_system(system.equations, ())
        self._start, self._start_slopes = Functions(begin), Slopes(build_tangent(begin))
        self.later = derive(replace(system.model, rules=tuple(rule for rule in system.model.rules if rule.kind != "initial")))
        self._row = {id: i for i, id in enumerate(self.later.constants)}
        self.directed = Directed(self.later, workers)
        meaning = dict(self.later.starting)
        for id in self.later.constants:
            if meaning[id] != Symbol(id + GIVEN):
                raise ModelError(Issue("slopes are not followed where a file gives an amount for a concentration", id=id))

    def run(self, values: Mapping[str, Dual]) -> list[Seen]:
        """Return what each stage gives; `values` are the parameters on the linear scale, all with slopes of the same length."""
        seen: list[Seen | None] = [None] * len(self.tree.stages)
        with np.errstate(all="ignore"):
            for depth in range(1 + max((stage.depth for stage in self.tree.stages), default=-1)):
                level = [number for number, stage in enumerate(self.tree.stages) if stage.depth == depth]
                for start in sorted({self.tree.stages[number].start for number in level}):
                    group = [number for number in level if self.tree.stages[number].start == start]
                    begins = [self._begin(self.tree.stages[number], values, seen) for number in group]
                    for number, one in zip(group, self._together(group, begins), strict=True):
                        seen[number] = one
        return [one for one in seen if one is not None]

    def _begin(self, stage: Stage, values: Mapping[str, Dual], seen: Sequence[Seen | None]) -> Place:
        if stage.parent < 0:
            return self._first(stage, values)
        before = seen[stage.parent]
        assert before is not None
        return self._changed(stage, before)

    def _first(self, stage: Stage, values: Mapping[str, Dual]) -> Place:
        """Return where an experiment begins: conditions act before the initial assignments."""
        equations = self.system.equations
        width, count = next((dual.slope.shape[0], dual.value.shape[-1]) for dual in values.values() if dual.slope is not None)
        at = {id: i for i, id in enumerate(equations.given)}
        given = np.repeat(self.system.usual[:, None], count, axis=1)
        rates = np.zeros((len(given), width, count))

        def put(id: str, dual: Dual) -> None:
            given[at[id]] = dual.value
            rates[at[id]] = 0.0 if dual.slope is None else dual.slope

        for id in values.keys() & at.keys():
            put(id, values[id])
        known = {**{id: Dual(given[i].copy()) for id, i in at.items()}, **values}
        for change in stage.changes:
            first, chosen = self.system.replacing(change.target)
            put(first or change.target, formula(change.value)(known, stage.start))
            if chosen:
                put(chosen, Dual(np.ones(count)))
        found = self._start.start(given)
        slopes = self._start_slopes.start(np.tile(given, (1, width)), rates.reshape(len(given), -1)).reshape(len(found), width, count)
        states = len(equations.states)
        moved = {id: slopes[states + i] for i, id in enumerate(equations.constants) if np.any(slopes[states + i])}
        return sound(Place(found[states:], moved, found[:states], slopes[:states].transpose(1, 0, 2), np.ones(count, bool)))

    def _changed(self, stage: Stage, before: Seen) -> Place:
        """Return where a later stage begins: all formulas read the values just before."""
        end, row = before.end, before.times.index(stage.start)
        known = {id: Dual(dual.value[row], None if dual.slope is None else dual.slope[:, row]) for id, dual in before.outputs.items()}
        known |= {id: Dual(end.constants[i], end.moved.get(id)) for id, i in self._row.items()}
        new = {change.target: formula(change.value)(known, stage.start) for change in stage.changes}
        new = self._kept(new, known, end) | new
        constants, moved, state, slope = end.constants.copy(), dict(end.moved), end.state.copy(), end.slope.copy()
        states, scales = self.later.states, self.later.scales
        for id, dual in new.items():
            if id in self._row:
                constants[self._row[id]] = dual.value
                moved.pop(id, None)
                if dual.slope is not None:
                    moved[id] = np.broadcast_to(dual.slope, (len(slope), dual.slope.shape[-1]))
                continue
            i = states.index(id)
            size = scales[i]
            amount = dual if size is None else product(dual, new.get(size, known[size]))
            state[i], slope[:, i] = amount.value, 0.0 if amount.slope is None else amount.slope
        return sound(Place(constants, moved, state, slope, end.fine))

    def _kept(self, new: Mapping[str, Dual], known: Mapping[str, Dual], end: Place) -> dict[str, Dual]:
        """Return the concentrations that stay when the size of their compartment is set."""
        found = {}
        for i, (id, size) in enumerate(zip(self.later.states, self.later.scales, strict=True)):
            if size is not None and size in new:
                old = known[size]
                inverse = Dual(1.0 / old.value, None if old.slope is None else -old.slope / old.value**2)
                found[id] = product(Dual(end.state[i], end.slope[:, i]), inverse)
        return found

    def _together(self, group: Sequence[int], begins: Sequence[Place]) -> list[Seen]:
        """Integrate stages that begin at one time and depth, side by side."""
        stages = [self.tree.stages[number] for number in group]
        fine = np.concatenate([place.fine for place in begins])
        outputs = self._outputs(stages)
        table = self._times(stages, len(begins[0].fine))
        constants = np.concatenate([place.constants for place in begins], axis=1)
        state = np.concatenate([place.state for place in begins], axis=1)
        slope = np.concatenate([place.slope for place in begins], axis=2)
        if fine.any():
            rates = {id: of[:, fine] for id, of in self._rates(begins, self._reached(outputs)).items()}
            plan = Plan(
                given=self._given(constants, state)[:, fine],
                times=table[:, fine],
                outputs=outputs,
                initial=state[:, fine],
                schedule=schedule_of(self._items(stages, fine, table)),
                start_time=stages[0].start,
                rtol=self.settings.rtol,
                atol=self.settings.atol,
            )
            kinds = np.repeat(np.array(group), len(begins[0].fine))[fine]
            found = self.directed.run((stages[0].depth, stages[0].start), plan, kinds, rates, slope[:, :, fine])
        else:
            found = Found.blank(len(slope), len(outputs), len(table), len(state), 0)
        return [
            self._seen(stage, place, outputs, _spread(found, fine, of))
            for stage, place, of in zip(stages, begins, _parts(begins), strict=True)
        ]

    def _seen(self, stage: Stage, place: Place, outputs: tuple[str, ...], found: Found) -> Seen:
        """Return what one stage gives; vectors that failed are not a number."""
        times, count = stage.rows, len(found.good)
        end = self._after(stage, Place(place.constants, place.moved, found.final, found.final_slopes, found.good))
        seen = {
            id: Dual(found.values[i, : len(times)], found.slopes[:, i, : len(times)]) for i, id in enumerate(outputs) if id in stage.wanted
        }
        set_inside = {id for _, id, _ in stage.items}
        for id, i in self._row.items():
            if id in stage.wanted and id not in set_inside:
                moved = place.moved.get(id)
                still = np.broadcast_to(place.constants[i], (len(times), count))
                whole = (len(place.slope), len(times), count)
                seen[id] = Dual(still, None if moved is None else np.broadcast_to(moved[:, None], whole))
        return Seen(times, seen, end)

    def _after(self, stage: Stage, end: Place) -> Place:
        """Return the end of a stage with the constants that its stops have set."""
        constants, moved = end.constants.copy(), dict(end.moved)
        for at, id, number in stage.items:
            if id in self._row and at <= stage.end:
                constants[self._row[id]] = number
                moved.pop(id, None)
        return replace(end, constants=constants, moved=moved)

    def _outputs(self, stages: Sequence[Stage]) -> tuple[str, ...]:
        """Return what the engine must say: constants that nothing sets inside a stage are known."""
        ids = {id for stage in stages for id in stage.wanted if id not in self._row or any(id == item[1] for item in stage.items)}
        return tuple(sorted(ids - {TIME.id})) or self.later.states[:1] or self.later.constants[:1]

    def _times(self, stages: Sequence[Stage], count: int) -> np.ndarray:
        rows = [stage.rows for stage in stages]
        most = max(len(times) for times in rows)
        return np.array([[*times, *[np.inf] * (most - len(times))] for times in rows for _ in range(count)]).T

    @staticmethod
    def _items(stages: Sequence[Stage], fine: np.ndarray, table: np.ndarray) -> list[list[Item]]:
        """Return what is set within the stages, for each individual up to its last output."""
        ends = np.max(np.where(np.isfinite(table), table, -np.inf), axis=0)
        every = [stage.items for stage in stages for _ in range(len(fine) // len(stages))]
        return [[item for item in of if item[0] <= end] for of, end, good in zip(every, ends.tolist(), fine, strict=True) if good]

    def _given(self, constants: np.ndarray, state: np.ndarray) -> np.ndarray:
        known = dict(zip(self.later.constants, constants, strict=True)) | dict(zip(self.later.states, state, strict=True))
        return np.array([known.get(id, np.zeros(state.shape[1])) for id in self.later.given]).reshape(-1, state.shape[1])

    def _reached(self, outputs: tuple[str, ...]) -> frozenset[str]:
        """Return the constants on which derivatives or outputs rest."""
        needed = {id for one in self.later.derivatives for id in symbols(one)} | set(outputs)
        for id, expression in reversed((*self.later.fixed, *self.later.moving)):
            if id in needed:
                needed |= symbols(expression)
        return frozenset(needed & self._row.keys())

    def _rates(self, begins: Sequence[Place], reach: frozenset[str]) -> dict[str, np.ndarray]:
        ids = sorted({id for place in begins for id in place.moved if id in reach})
        still = np.zeros((begins[0].slope.shape[0], len(begins[0].fine)))
        return {id: np.concatenate([place.moved.get(id, still) for place in begins], axis=1) for id in ids}


def _parts(begins: Sequence[Place]) -> list[slice]:
    count = len(begins[0].fine)
    return [slice(number * count, (number + 1) * count) for number in range(len(begins))]


def _spread(found: Found, fine: np.ndarray, of: slice) -> Found:
    """Return the part of a stage, with what did not begin as not a number."""
    places = np.cumsum(fine)[of] - 1
    there = fine[of]

    def part(array: np.ndarray) -> np.ndarray:
        result = np.full((*array.shape[:-1], len(there)), np.nan if array.dtype == float else False, array.dtype)
        result[..., there] = array[..., places[there]]
        return result

    return Found(*(part(array) for array in (found.values, found.slopes, found.final, found.final_slopes, found.good)))
