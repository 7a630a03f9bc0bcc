"""The state that an endless past train of doses leaves, for any model: the fixed point of the map of one period.

The map is the engine's own: one period from a state, many individuals side by side. Newton's method finds the state that it
reproduces, with a Jacobian from runs beside it; where its step is no good (the engine fails, an amount turns negative, the
state is reproduced worse) the state one period later is taken instead, as patience would. What the equations conserve is kept
at its value of the start. A state is accepted only when the map reproduces it and when neighbouring states come back to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.codegen.conserved import conserved_sums
from serdsim.codegen.infusion import infusion_into
from serdsim.codegen.kernel import Kernel
from serdsim.engine.plan import KINDS, Arrays, Plan, Schedule
from serdsim.model.expression import symbols
from serdsim.simulation.endless import constant_infusion
from serdsim.simulation.event_rules import Train

Run = Callable[[Plan], Arrays]
NO_STEADY_STATE = "no_steady_state"
_ROUNDS = 50
_RTOL = 1e-12  # of the runs: half-lives of many periods amplify their error
_ACCEPTED = 1e-10
_SLOWEST = 1e5  # periods in which a disturbance fades: beyond, the error of a period adds up to more than 1e-7
_FLOOR = 1e-3  # a state is measured by its value or by this share of its peak within the period
_NUDGE = 1e-3  # of a peak: the difference from which a slope is taken
_LOOKS = 9


@dataclass(frozen=True)
class Steady:
    """Start and steady state of a train (amounts), and for a failure the words that say why, else empty."""

    begin: np.ndarray
    state: np.ndarray
    failure: str = ""


def steady_states(kernel: Kernel, run: Run, trains: Sequence[Train], given: np.ndarray, atol: float = 1e-12) -> list[Steady]:
    """Return the steady state of each train, or why there is none.

    Parameters
    ----------
    kernel : Kernel
        Of equations with an infusion into every species that is infused.
    run : callable
        The engine: Plan -> Arrays.
    trains : sequence of Train
    given : ndarray, shape (given, train)
        What the individual of each train brings.
    atol : float
        Absolute tolerance of the engine.
    """
    if not trains:
        return []
    begins = [np.array(kernel.start(given[:, i].tolist())[0], float) for i in range(len(trains))]
    fault = _unsteady(kernel)
    found: list[Steady | None] = [Steady(begin, begin, fault) if fault else None for begin in begins]
    sums = [_sums(kernel, _constants(kernel, train, given[:, i])) for i, train in enumerate(trains)]
    for i, train in enumerate(trains):
        if fault:
            break
        held = sums[i]
        kept = _kept_for_ever(kernel, train, held)
        if kept:
            found[i] = Steady(begins[i], begins[i], kept)
        elif not train.interval:
            state, words = constant_infusion(kernel, _constants(kernel, train, given[:, i], train.rate), begins[i], held)
            found[i] = Steady(begins[i], state, words)
    rest = [i for i, one in enumerate(found) if one is None]
    if rest:
        period = Period(kernel, run, tuple(trains[i] for i in rest), given[:, rest], atol)
        states, words_of = _Search(period, np.array([begins[i] for i in rest]), [sums[i] for i in rest]).go()
        for place, i in enumerate(rest):
            found[i] = Steady(begins[i], states[place], words_of[place])
    return [one for one in found if one is not None]


def _unsteady(kernel: Kernel) -> str:
    equations = kernel.equations
    if equations.events:
        return "no steady state: the model has events"
    used = [symbols(expression) for expression in (*equations.derivatives, *(e for _, e in equations.moving))]
    return "no steady state: the model depends on time itself" if any("time" in ids for ids in used) else ""


def _constants(kernel: Kernel, train: Train, given: np.ndarray, rate: float = 0.0) -> tuple[float, ...]:
    inputs = list(kernel.start(given.tolist())[1])
    for name, value in (*train.inputs, *([(infusion_into(train.species), rate)] if rate else [])):
        inputs[kernel.equations.constants.index(name)] = value
    return kernel.fixed(inputs)


def _sums(kernel: Kernel, constants: tuple[float, ...]) -> np.ndarray:
    ids = (*kernel.equations.constants, *(id for id, _ in kernel.equations.fixed))
    return conserved_sums(kernel.equations, dict(zip(ids, constants, strict=True)))


def _kept_for_ever(kernel: Kernel, train: Train, sums: np.ndarray) -> str:
    """Return the failure of a dose into a sum that the equations conserve: it can only grow."""
    states = kernel.equations.states
    for row in sums:
        if abs(row[states.index(train.species)]) > 1e-6 * np.max(np.abs(row)):
            members = " + ".join(id for id, weight in zip(states, row, strict=True) if abs(weight) > 1e-6 * np.max(np.abs(row)))
            return f"no steady state: nothing ever leaves {members}, so that the doses into {train.species} only add up"
    return ""


class Period:
    """The map of one period of each train."""

    def __init__(self, kernel: Kernel, run: Run, trains: Sequence[Train], given: np.ndarray, atol: float) -> None:
        self.kernel, self.run, self.trains, self.given, self.atol = kernel, run, trains, given, atol
        equations = kernel.equations
        inputs = [name for train in trains for name in (infusion_into(train.species), *(name for name, _ in train.inputs))]
        self.names = tuple(dict.fromkeys((*(train.species for train in trains), *inputs)))
        self.items = [self._items(train) for train in trains]
        self.times = [np.sort([*np.linspace(0.0, train.interval, _LOOKS), train.offset]) for train in trains]
        self.sizes = tuple(dict.fromkeys(scale for scale in equations.scales if scale is not None))
        self.outputs = (*equations.states, *self.sizes)

    def _items(self, train: Train) -> list[tuple[float, int, int, float]]:
        """Return time, kind, target and value of what happens within one period from the moment."""
        put = [(0.0, "set", name, value) for name, value in train.inputs]
        if train.rate:
            whole = math.floor(train.duration / train.interval * (1.0 + 1e-12))
            rest = max(train.duration - whole * train.interval, 0.0)
            rest = 0.0 if rest <= 1e-12 * train.interval else rest
            start = train.offset % train.interval
            over = start + rest - train.interval  # how far the last infusion reaches into the next period
            flow = infusion_into(train.species)
            high, low = (whole + 1) * train.rate, whole * train.rate
            put.append((0.0, "set", flow, high if over > 0 or (start == 0 and rest) else low))
            if over > 0:
                put.append((over, "set", flow, low))
            if rest and start > 0:
                put.append((start, "set", flow, high))
            if rest and over < 0:
                put.append((start + rest, "set", flow, low))
        else:
            put.append((train.offset, "add", train.species, train.amount))
        return [(time, KINDS.index(kind), self.names.index(target), value) for time, kind, target, value in put]

    def __call__(self, which: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Return the states one period later, the peaks on the way, and the engine's words for a failure.

        Parameters
        ----------
        which : ndarray of int, shape (individual,)
            Trains.
        states : ndarray, shape (individual, state)
        """
        items = [item for i in which for item in self.items[i]]
        columns = np.array(items, float).reshape(-1, 4).T
        schedule = Schedule(
            names=self.names,
            starts=np.concatenate([[0], np.cumsum([len(self.items[i]) for i in which])]).astype(np.int64),
            times=columns[0],
            kinds=columns[1].astype(np.int8),
            targets=columns[2].astype(np.int32),
            values=columns[3],
        )
        times = np.stack([self.times[i] for i in which], axis=1)
        plan = Plan(self.given[:, which], times, self.outputs, initial=states.T.copy(), schedule=schedule, rtol=_RTOL, atol=self.atol)
        arrays = self.run(plan)
        failed = [
            "" if status == "ok" else f"{status}: {words}" for status, words in zip(arrays.status.tolist(), arrays.message, strict=True)
        ]
        return arrays.final.T, self._peaks(arrays.values), failed

    def _peaks(self, values: np.ndarray) -> np.ndarray:
        scales = self.kernel.equations.scales
        rows = [values[i] if scale is None else values[i] * values[len(scales) + self.sizes.index(scale)] for i, scale in enumerate(scales)]
        return np.asarray(np.max(np.abs(np.array(rows)), axis=1).T)


class _Search:
    """Newton's method for all trains at once; row i of every array belongs to train i."""

    def __init__(self, period: Period, begin: np.ndarray, sums: Sequence[np.ndarray]) -> None:
        self.period, self.sums = period, sums
        count, states = begin.shape
        equations, dosed = period.kernel.equations, {train.species for train in period.trains}
        self.amounts = [n for n, id in enumerate(equations.states) if equations.scales[n] is not None or id in dosed]
        self.x, self.after, self.peak = begin.copy(), begin.copy(), np.abs(begin)
        self.safe = begin.copy()  # the last state that was reproduced better, one period on
        self.gap, self.missed = np.zeros_like(begin), np.full(count, np.inf)
        self.polished = np.zeros(count, bool)
        self.trusted = np.ones(count, bool)  # the last step was one of patience, or there was none
        self.slope = np.full((count, states, states), np.nan)
        self.words = [""] * count
        self.open = np.ones(count, bool)

    def go(self) -> tuple[np.ndarray, list[str]]:
        """Return the states, and why there is none."""
        for _ in range(_ROUNDS):
            which = np.flatnonzero(self.open)
            if not which.size:
                break
            self._look(which)
            self._step(np.flatnonzero(self.open))
        for i in np.flatnonzero(self.open).tolist():
            self.words[i] = f"no steady state: {self._worst(i)} is still on its way after {_ROUNDS} rounds of Newton's method"
        self.x[:, self.amounts] = np.maximum(self.x[:, self.amounts], 0.0)  # rounding below nothing
        return self.x, self.words

    def _look(self, which: np.ndarray) -> None:
        """Run one period of each, take steps back that did harm, and close what is done."""
        after, peak, failed = self.period(which, self.x[which])
        good: list[int] = []
        for row, i in enumerate(which.tolist()):
            missed = math.inf if failed[row] else self._missed(self.x[i], after[row], peak[row])
            if self.trusted[i] and failed[row]:
                self.words[i], self.open[i] = f"no steady state: {failed[row]}", False
            elif not self.trusted[i] and not missed < 2.0 * self.missed[i]:
                self.x[i], self.slope[i] = self.safe[i], np.nan
                self.trusted[i] = True
            else:
                if missed > 0.1 * self.missed[i]:
                    self.slope[i] = np.nan
                self.after[i], self.peak[i], self.missed[i], self.safe[i] = after[row], peak[row], missed, after[row]
                self.gap[i], self.trusted[i] = after[row] - self.x[i], False
                good.append(i)
        self._slopes(np.array([i for i in good if np.isnan(self.slope[i, 0, 0])], int))
        for i in good:
            if self.open[i] and self.missed[i] <= 1.0:
                if self.polished[i]:
                    self.words[i], self.open[i] = self._verdict(i), False
                self.polished[i] = True

    def _missed(self, x: np.ndarray, after: np.ndarray, peak: np.ndarray) -> float:
        allowed = _ACCEPTED * np.maximum(np.abs(x), _FLOOR * peak) + self.period.atol
        return float(np.max(np.abs(after - x) / allowed, initial=0.0))

    def _slopes(self, which: np.ndarray) -> None:
        """Take the Jacobian of the map from runs beside the last one."""
        if not which.size:
            return
        states = self.x.shape[1]
        nudge = _NUDGE * np.where(self.peak[which] > 0, self.peak[which], np.maximum(np.max(self.peak[which], axis=1, keepdims=True), 1e-6))
        beside = self.x[which][:, None, :] + nudge[:, None, :] * np.eye(states)
        after, _, failed = self.period(np.repeat(which, states), beside.reshape(-1, states))
        rise = after.reshape(len(which), states, states) - self.after[which][:, None, :]
        self.slope[which] = np.swapaxes(rise / nudge[:, :, None], 1, 2)
        for row, i in enumerate(which):
            bad = next((words for words in failed[row * states : (row + 1) * states] if words), "")
            if bad:
                self.words[i], self.open[i] = f"no steady state: beside it, {bad}", False

    def _step(self, which: np.ndarray) -> None:
        """Go on to the state that Newton's method proposes, or one period later."""
        for i in which:
            if self.trusted[i]:
                continue
            sums = self.sums[i]
            weight = np.maximum(self.peak[i], 1e-300)
            matrix = np.vstack([(np.eye(len(weight)) - self.slope[i]) * weight / weight[:, None], _rows(sums * weight)])
            miss = np.concatenate([self.gap[i] / weight, np.zeros(len(sums))])
            ahead = self.x[i] + weight * np.linalg.lstsq(matrix, miss, rcond=1e-14)[0]
            self.trusted[i] = not np.all(np.isfinite(ahead)) or self._negative(ahead, i)
            self.x[i] = self.safe[i] if self.trusted[i] else ahead

    def _verdict(self, i: int) -> str:
        """Return the failure of a state that is reproduced but to which its neighbours do not come back."""
        sizes = np.sort(np.abs(np.linalg.eigvals(self.slope[i])))[::-1]
        loose = sizes[len(self.sums[i]) :]
        if loose.size and loose[0] > 1.0 - 1.0 / _SLOWEST:
            return f"no steady state: nothing brings {self._worst(i)} back to one value within {_SLOWEST:g} doses"
        return "no steady state: only one with negative amounts" if self._negative(self.x[i], i) else ""

    def _negative(self, x: np.ndarray, i: int) -> bool:
        return bool(np.any(x[self.amounts] < -1e-9 * self.peak[i][self.amounts] - self.period.atol))

    def _worst(self, i: int) -> str:
        """Return the state that is reproduced worst, or that comes back most slowly."""
        names = self.period.kernel.equations.states
        if self.missed[i] > 1.0:
            return names[int(np.argmax(np.abs(self.gap[i]) / np.maximum(self.peak[i], 1e-300)))]
        sizes, vectors = np.linalg.eig(self.slope[i])
        return names[int(np.argmax(np.abs(vectors[:, np.argmax(np.abs(sizes))])))]


def _rows(matrix: np.ndarray) -> np.ndarray:
    """Return the rows at length 1."""
    return np.asarray(matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-300))
