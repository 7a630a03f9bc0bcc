"""One attempted step of all lanes of the NumPy twin: what is tried, what is accepted, the next step size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serdsim.codegen.method import Method
from serdsim.codegen.native_step import BEND
from serdsim.engine.native import Tuning
from serdsim.engine.plan import Plan
from serdsim.engine.twin_model import Attempt, Functions, Held, attempt

REACH = 0.999999  # of the way to a stop: what is this close goes there in one step
LOOKS, HALVINGS = 4, 56
_TINY = 2.0**-50
_SMALLEST = 1e-290
_NO_WEIGHT = 1e-280
_LEAST_ERROR = 1e-10


@dataclass
class Lanes:
    """Individuals side by side; the last axis of every array counts lanes, and each lane belongs to one individual.

    Attributes
    ----------
    t, h, stop : ndarray
        Time, size of the next step, time that no step passes.
    after_stop : ndarray
        First step after the last change from outside, 0 where there was none.
    fresh, rejected, active : ndarray of bool
        No step since such a change; the last step was refused; the lane holds an individual.
    attempts, accepted, refused : ndarray of int
        Steps since the last stop, and of the individual.
    y, biggest, sizes, p, c, z : ndarray
        State, largest absolute state so far, sizes of compartments, inputs, block, comparisons held.
    """

    t: np.ndarray
    h: np.ndarray
    stop: np.ndarray
    after_stop: np.ndarray
    fresh: np.ndarray
    rejected: np.ndarray
    active: np.ndarray
    attempts: np.ndarray
    accepted: np.ndarray
    refused: np.ndarray
    y: np.ndarray
    biggest: np.ndarray
    sizes: np.ndarray
    p: np.ndarray
    c: np.ndarray
    z: np.ndarray

    @classmethod
    def resting(cls, functions: Functions, lanes: int) -> Lanes:
        """Return lanes without individuals."""
        system = functions.system
        numbers = [np.zeros(lanes), np.ones(lanes), np.ones(lanes), np.zeros(lanes)]
        truths = [np.zeros(lanes, bool) for _ in range(3)]
        counts = [np.zeros(lanes, int) for _ in range(3)]
        states = [np.zeros((len(system.rhs), lanes)) for _ in range(3)]
        rest = [np.zeros((count, lanes)) for count in (len(system.equations.constants), len(system.block), len(system.comparisons))]
        return cls(*numbers, *truths, *counts, *states, *rest)


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: the lanes accepted, arrived at a stop or a change, and the status of those that fail.

    `hit` says where the step was to end at a stop, `part` where a change of a comparison cut it, NaN where none did.
    """

    step: Attempt
    ok: np.ndarray
    hit: np.ndarray
    part: np.ndarray
    arrived: np.ndarray
    ended: np.ndarray
    failed: dict[int, str]


def advance(functions: Functions, method: Method, lanes: Lanes, plan: Plan, tuning: Tuning, most: float) -> Outcome:
    """Try one step in every lane and move those that are accepted."""
    room = lanes.stop - lanes.t
    hit = lanes.h >= room * REACH
    taken = np.where(hit, room, np.minimum(lanes.h, 0.5 * room))  # two equal steps instead of one and a rest
    scale = _weight(np.abs(lanes.y), lanes.biggest, lanes, plan, tuning)
    step = attempt(functions, method, Held(lanes.y, lanes.c, lanes.z, scale), lanes.t, taken)
    bends = bool(functions.system.drift) and method.implicit
    error, bad = _error(step, bends, lanes, plan, tuning)
    ok = lanes.active & ~bad & (error <= 1.0)
    _next_size(lanes, taken, np.where(bad, np.inf, error), ok, hit, method, tuning)
    part = _first_change(functions, step, lanes, ok)
    cut = ok & ~np.isnan(part)
    ended = np.where(cut, lanes.t + part * taken, np.where(hit, lanes.stop, lanes.t + taken))
    end = np.where(cut, step.at(part), step.end)
    failed = _failures(lanes, taken, ok, bad, most)
    lanes.y = np.where(ok, end, lanes.y)
    lanes.biggest = np.where(ok, np.maximum(lanes.biggest, np.abs(end)), lanes.biggest)
    lanes.t = np.where(ok, ended, lanes.t)
    return Outcome(step, ok, hit, part, ok & (hit | cut), ended, failed)


def _error(step: Attempt, bends: bool, lanes: Lanes, plan: Plan, tuning: Tuning) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest error over its tolerance, and where something is not finite."""
    size = np.maximum(np.abs(step.y), np.abs(step.end))
    big = np.maximum(np.abs(step.end), lanes.biggest)
    off = np.abs(step.error)
    if bends:
        off = np.maximum(off, np.abs(step.dense[-1] * BEND))
    share = off / _weight(size, big, lanes, plan, tuning)
    bad = ~np.all(np.isfinite(step.end) & np.isfinite(share), axis=0)
    return np.max(share, axis=0, initial=0.0), bad


def _weight(size: np.ndarray, big: np.ndarray, lanes: Lanes, plan: Plan, tuning: Tuning) -> np.ndarray:
    """Return the tolerance of states of that size that were once that big."""
    return np.asarray(plan.rtol * np.maximum(size, tuning.floor * big) + plan.atol * np.abs(lanes.sizes) + _NO_WEIGHT)


def _next_size(lanes: Lanes, taken: np.ndarray, error: np.ndarray, ok: np.ndarray, hit: np.ndarray, method: Method, tuning: Tuning) -> None:
    """Set h: from the error where the step went far, kept where a stop cut it short."""
    factor = tuning.safety * np.maximum(error, _LEAST_ERROR) ** (-1.0 / (method.embedded_order + 1))
    factor = np.clip(factor, tuning.shrink, tuning.grow)
    factor = np.where(ok & lanes.rejected, np.minimum(factor, 1.0), factor)
    following = np.where(ok & (factor >= 1.0), np.maximum(taken * factor, lanes.h), taken * factor)
    lanes.h = np.where(lanes.active, following, lanes.h)
    lanes.after_stop = np.where(ok & lanes.fresh & ~hit, taken, lanes.after_stop)
    lanes.fresh = lanes.fresh & ~ok


def _failures(lanes: Lanes, taken: np.ndarray, ok: np.ndarray, bad: np.ndarray, most: float) -> dict[int, str]:
    """Count the steps; return the status of each lane that may not go on."""
    refused = lanes.active & ~ok
    lanes.rejected = refused
    lanes.accepted = lanes.accepted + ok
    lanes.refused = lanes.refused + refused
    lanes.attempts = lanes.attempts + lanes.active
    many = lanes.active & (lanes.attempts > most)
    short = refused & (taken < _TINY * np.abs(lanes.t) + _SMALLEST)
    failed = {int(lane): "not_finite" if bad[lane] else "step_underflow" for lane in np.nonzero(short)[0]}
    return failed | {int(lane): "step_limit" for lane in np.nonzero(many)[0]}


def _first_change(functions: Functions, step: Attempt, lanes: Lanes, ok: np.ndarray) -> np.ndarray:
    """Return the part of the step at which a located comparison first differs from what it holds, NaN where none does."""
    located = list(functions.system.located)

    def differs(x: np.ndarray) -> np.ndarray:
        seen = functions.compare(step.at(x), lanes.c, lanes.z, step.t + x * step.taken)
        return np.asarray(np.any(seen[located] != lanes.z[located], axis=0))

    low, high = np.zeros(len(ok)), np.full(len(ok), np.nan)
    for look in range(1, LOOKS + 1):
        new = ok & np.isnan(high) & differs(np.full(len(ok), look / LOOKS))
        low, high = np.where(new, (look - 1) / LOOKS, low), np.where(new, look / LOOKS, high)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        there = differs(middle)
        low, high = np.where(there, low, middle), np.where(there, middle, high)
    return high
