"""The fast engine: compiled code that integrates eight individuals side by side. A pure function of the plan."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.codegen.kernel import build
from serdsim.codegen.layout import ADD, ARGUMENTS, LANE, RESET, SEE, SET_INPUT, SET_STATE, SETTINGS, STATUS
from serdsim.codegen.native_events import events_supported
from serdsim.engine.compiled import Compiled, compiled
from serdsim.engine.directions import Seeds
from serdsim.engine.plan import KINDS, Arrays, Plan, Schedule, check_plan

_TIGHT = 1e-8  # relative tolerance of the reference engine


def _with_handed_over(equations: Equations, plan: Plan, arrays: Arrays) -> Arrays:
    """Return the arrays with what the compiled code could not run taken over by the reference engine."""
    left = np.nonzero(arrays.status == "handed_over")[0].tolist()
    if not left:
        return arrays
    from serdsim.engine.reference import run  # loads CVODE, which few need

    values, status, final, message = arrays.values.copy(), arrays.status.copy(), arrays.final.copy(), list(arrays.message)
    for i in left:
        one = run(build(equations), replace(plan.chunk(slice(i, i + 1)), rtol=min(plan.rtol, _TIGHT)))
        values[:, :, i], status[i], final[:, i], message[i] = one.values[:, :, 0], one.status[0], one.final[:, 0], one.message[0]
    return replace(arrays, values=values, status=status, final=final, message=tuple(message))


@dataclass(frozen=True)
class Tuning:
    """How steps are chosen; of the values tried on seven models these took the fewest steps for the same error, within 3 %.

    Attributes
    ----------
    safety, grow, shrink : float
        Of the controller: factor below the step that would just do, largest and smallest change of the step.
    floor : float
        Errors count relative to no less than this share of the largest size that a state has had.
    memory : float
        How many times longer than the first step after the last change the first step after a change may be.
    """

    safety: float = 0.9
    grow: float = 10.0
    shrink: float = 0.2
    floor: float = 1e-3
    memory: float = 3.0


USUAL = Tuning()


def supported(equations: Equations) -> bool:
    """Return whether the compiled engine knows how to run these equations."""
    return events_supported(equations)


def run_native(equations: Equations, plan: Plan, *, method: str = "rodas5p", tuning: Tuning = USUAL) -> Arrays:
    """Return the arrays of a plan; a failing individual ends in a status, never in an exception.

    Raises
    ------
    InputError
        For an output or a target of the schedule that the model does not have.
    """
    check_plan(equations, plan)
    arrays = Batch(compiled(equations, plan.outputs, method), plan, tuning).run()
    return _with_handed_over(equations, plan, arrays)


class Batch:
    """Buffers of one call; what they hold is described in `codegen.layout`."""

    def __init__(self, code: Compiled, plan: Plan, tuning: Tuning, seeds: Seeds | None = None) -> None:
        self.code, self.plan, self.tuning, self.seeds = code, plan, tuning, seeds
        self.kept: list[np.ndarray] = []

    def run(self) -> Arrays:
        """Return the arrays; where the code computes slopes, `slopes` then holds those of outputs and `final_slopes` of states.

        Their shapes are (individual, time, column, output) and (column, state, individual).
        """
        plan, layout = self.plan, self.code.layout
        count, rows = plan.individuals, plan.times.shape[0]
        out = np.full((count, rows, layout.outputs), np.nan)
        self.slopes = np.full((count, rows, layout.parameters, layout.outputs), np.nan)
        self.final_slopes = np.full((layout.parameters, layout.states, count), np.nan)
        final = np.full((layout.states, count), np.nan)
        status = np.full(count, STATUS.index("cancelled"), np.int64)
        accepted, refused, ended = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count)
        words = self._words(out, final, status, accepted, refused, ended)
        self.code.function(words.ctypes.data)
        messages = ("",) * count
        if np.any(status):
            out[status != 0] = np.nan
            self.slopes[status != 0] = np.nan
            self.final_slopes[..., status != 0] = np.nan
            messages = tuple(_words(s, t) for s, t in zip(status.tolist(), ended.tolist(), strict=True))
        return Arrays(
            values=out.transpose(2, 1, 0),
            status=np.array(STATUS, dtype=object)[status],
            message=messages,
            final=final,
            evaluations=(accepted + refused) * self.code.evaluations,
            steps=accepted,
            refused=refused,
        )

    def _pointer(self, array: np.ndarray) -> int:
        self.kept.append(array)
        return int(array.__array_interface__["data"][0])

    def _words(self, out: np.ndarray, final: np.ndarray, *results: np.ndarray) -> np.ndarray:
        plan, code = self.plan, self.code
        times, rows, stride, ends = _rows(plan)
        settings, schedule = self._settings(), plan.stops
        kinds, targets = _items(code, schedule)
        status, accepted, refused, ended = results
        given = np.ascontiguousarray(plan.given, float)
        initial = None if plan.initial is None else np.ascontiguousarray(plan.initial, float)
        first = None if self.seeds is None else self.seeds.initial
        values = {
            "work": self._pointer(_aligned(code.layout.total * code.lanes)),
            "ints": self._pointer(_aligned(len(LANE) * code.lanes).view(np.int64)),
            "settings": self._pointer(settings),
            "given": self._pointer(given),
            "initial": 0 if initial is None else self._pointer(initial),
            "times": self._pointer(times),
            "times_stride": stride,
            "rows": self._pointer(rows),
            "starts": self._pointer(np.ascontiguousarray(schedule.starts, np.int64)),
            "item_times": self._pointer(np.ascontiguousarray(schedule.times, float)),
            "item_kinds": self._pointer(kinds),
            "item_targets": self._pointer(targets),
            "item_values": self._pointer(np.ascontiguousarray(schedule.values, float)),
            "out": self._pointer(out),
            "final": self._pointer(final),
            "status": self._pointer(status),
            "accepted": self._pointer(accepted),
            "refused": self._pointer(refused),
            "fail_times": self._pointer(ended),
            "individuals": plan.individuals,
            "row_count": times.shape[-1],
            "next": self._pointer(np.zeros(1, np.int64)),
            "cancel": ctypes.addressof(CANCEL),
            "output_rows": plan.times.shape[0],
            "ends": self._pointer(ends),
            "out_s": self._pointer(self.slopes),
            "seeds": 0 if self.seeds is None else self._pointer(np.ascontiguousarray(self.seeds.rates)),
            "initial_s": 0 if first is None else self._pointer(np.ascontiguousarray(first.transpose(1, 0, 2))),
            "final_s": self._pointer(self.final_slopes),
        }
        words = np.array([values[name] for name in ARGUMENTS], np.int64)
        self.kept.append(words)
        return words

    def _settings(self) -> np.ndarray:
        plan, tuning = self.plan, self.tuning
        values = {
            "rtol": plan.rtol, "atol": plan.atol, "start": plan.start_time, "safety": tuning.safety, "grow": tuning.grow,
            "shrink": tuning.shrink, "floor": tuning.floor, "attempts": float(plan.max_evaluations),
            "memory": tuning.memory,
        }  # fmt: skip
        return np.array([values[name] for name in SETTINGS])


CANCEL = ctypes.c_int64(0)  # another value stops all batches of this process
_WORDS = {
    "step_limit": "too many steps",
    "step_underflow": "no step is small enough",
    "not_finite": "the state runs away",
    "cancelled": "cancelled",
    "handed_over": "handed over",
}


def _words(status: int, time: float) -> str:
    return "" if status == 0 else f"{_WORDS[STATUS[status]]} at time {time:.6g}"


def _aligned(doubles: int) -> np.ndarray:
    raw = np.zeros(doubles + 8)
    shift = (-raw.ctypes.data % 64) // 8
    return raw[shift : shift + doubles]


def _rows(plan: Plan) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """Return times and row numbers of the outputs that no item writes, their stride, and the last time of each individual."""
    count, rows = plan.individuals, plan.times.shape[0]
    finite = np.where(np.isfinite(plan.times), plan.times, -np.inf)
    ends = np.broadcast_to(finite.max(axis=0), (count,)).astype(float)
    if plan.times.ndim == 1 and (plan.placed is None or plan.placed.ndim == 1):
        free = np.ones(rows, bool) if plan.placed is None else ~plan.placed
        return np.ascontiguousarray(plan.times[free]), np.nonzero(free)[0].astype(np.int64), 0, ends
    shape = (rows, count)
    times = np.broadcast_to(plan.times if plan.times.ndim == 2 else plan.times[:, None], shape)
    placed = np.zeros(shape, bool) if plan.placed is None else plan.placed if plan.placed.ndim == 2 else plan.placed[:, None]
    free = np.where(placed, np.inf, times)
    order = np.argsort(free, axis=0, kind="stable")
    return np.ascontiguousarray(np.take_along_axis(free, order, 0).T), np.ascontiguousarray(order.T.astype(np.int64)), rows, ends


def _items(code: Compiled, schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    """Return kinds and targets of the schedule as the compiled code counts them."""
    if not len(schedule.times):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    inputs = {id: i for i, id in enumerate(code.constants)}
    states = {id: i for i, id in enumerate(code.states)}
    of_name = np.array([inputs.get(name, states.get(name, 0)) for name in schedule.names] or [0], np.int64)
    is_input = np.array([name in inputs for name in schedule.names] or [False])
    see = schedule.kinds == KINDS.index("see")
    named = np.where(see, 0, schedule.targets)
    kinds = np.array([ADD, SET_STATE, RESET, SEE], np.int64)[schedule.kinds]
    kinds[(kinds == SET_STATE) & is_input[named]] = SET_INPUT
    return kinds, np.where(see, schedule.targets, of_name[named]).astype(np.int64)
