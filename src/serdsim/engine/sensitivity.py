"""Sensitivities of outputs to parameters: the exact tangent of every number that the NumPy twin computes.

Slow and plain, a reference for whatever computes sensitivities fast. Differentiated are the numbers of the twin themselves, not
the solution that they approximate. What is held is the sequence of steps: their number, the length of each step that ends at no
stop, and which stop each other step ends at. A stop whose time rests on parameters (a switch of time, a change of a located
comparison) moves with them, and so do the steps that begin there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.codegen.method import Method, read_method
from serdsim.codegen.system import build_system
from serdsim.codegen.tangent import build_tangent
from serdsim.engine.directions import Column, read_seeds
from serdsim.engine.native import USUAL, Tuning
from serdsim.engine.plan import Arrays, Plan, check_plan
from serdsim.engine.tape import Aim, Begin, Change, Entry, Hold, Row, Step, blank
from serdsim.engine.twin import LANES, run_twin
from serdsim.engine.twin_model import Functions
from serdsim.engine.twin_tangent import Moved, Slopes, follow
from serdsim.errors import Issue, ModelError

_SAME = 1e-6


@dataclass(frozen=True)
class Sensitivities:
    """Outputs and their derivatives by parameters.

    Attributes
    ----------
    arrays : Arrays
        What the twin returns for the same plan, to the last bit.
    slopes : ndarray, shape (output, time, parameter, individual)
    final : ndarray, shape (state, parameter, individual)
        Of `arrays.final` (amounts), as `initial_slopes` of a run that goes on from there.

    Both are NaN for an individual that failed.
    """

    arrays: Arrays
    slopes: np.ndarray
    final: np.ndarray


def run_sensitivities(
    equations: Equations,
    plan: Plan,
    parameters: Sequence[Column],
    *,
    initial_slopes: np.ndarray | None = None,
    method: str = "rodas5p",
    tuning: Tuning = USUAL,
) -> Sensitivities:
    """Return the outputs of a plan and their derivatives by parameters.

    At an instant at which a stop that moves with a parameter meets an output or a dose there is no derivative; what is returned
    is the one from the side on which the stop comes first.

    Parameters
    ----------
    parameters : sequence of str or Direction
        Ids of `equations.given`, constants and start values alike, or directions in which several of them move. A start value
        counts for nothing where `plan.initial` overwrites it, and a constant no longer once the schedule sets it.
    initial_slopes : ndarray, shape (state, parameter, individual), optional
        Derivatives of `plan.initial` (amounts), zero where none are given.

    Raises
    ------
    InputError
        For a parameter that individuals do not bring, for rates or slopes of another shape or not finite, for initial slopes
        where the plan gives no initial state, and where the twin raises one.
    ModelError
        For a model with events, for a comparison whose time of change has no derivative that we know, and for two changes that
        fall in one instant and move apart.
    """
    check_plan(equations, plan)
    seeds = read_seeds(equations, plan, parameters, initial_slopes)
    system = build_system(equations, plan.outputs)
    functions = Functions(system)
    slopes = Slopes(build_tangent(system))
    tape = blank()
    arrays = run_twin(equations, plan, method=method, tuning=tuning, lanes=min(LANES, plan.individuals), tape=tape)
    found = np.full((len(plan.outputs), len(plan.times), len(parameters), plan.individuals), np.nan)
    final = np.full((len(equations.states), len(parameters), plan.individuals), np.nan)
    with np.errstate(all="ignore"):
        for number in np.nonzero(arrays.status == "ok")[0].tolist():
            rates = seeds.of_given(equations, number)
            first = np.zeros_like(final[..., number]) if seeds.initial is None else seeds.initial[..., number]
            one = _Follower(functions, slopes, plan.chunk(slice(number, number + 1)), (rates, first), read_method(method))
            found[..., number] = one.all(tape[number])
            final[..., number] = one.settled()
    return Sensitivities(arrays, found, final)


class _Follower:
    """Goes along the tape of one individual with the derivatives of its state, inputs and time; columns are parameters."""

    def __init__(self, functions: Functions, slopes: Slopes, plan: Plan, seeds: tuple[np.ndarray, ...], method: Method) -> None:
        self.functions, self.slopes, self.plan, self.method = functions, slopes, plan, method
        self.equations = functions.system.equations
        rates, first = seeds
        states = len(self.equations.states)
        self.begin, self.p = np.split(functions.start(plan.given), [states])
        self.begin_rate, self.dp = np.split(slopes.start(plan.given, rates), [states])
        self.y = self.begin if plan.initial is None else np.array(plan.initial, float)
        self.dy = self.begin_rate if plan.initial is None else first
        self.t, self.dt = np.zeros(1), np.zeros(first.shape[1])
        self.z = np.zeros((len(functions.system.comparisons), 1))
        self.aim = Aim(0.0, ())
        self.last: Moved | None = None
        self.found = np.full((len(plan.outputs), len(plan.times), first.shape[1]), np.nan)
        self.refresh()

    def all(self, entries: Sequence[Entry]) -> np.ndarray:
        """Return the derivatives of all rows."""
        for entry in entries:
            match entry:
                case Begin():
                    self.t = np.array([entry.time])
                case Hold():
                    self.z = entry.z[:, None]
                case Aim():
                    self.aim = entry
                case Change():
                    self.change(entry)
                case Step():
                    self.step(entry)
                case Row():
                    self.row(entry)
        return self.found

    def refresh(self) -> None:
        """Bring what rests on inputs up to date."""
        self.c = self.functions.block(self.p)
        self.dc = self.slopes.block(self.p, self.dp)

    def settled(self) -> np.ndarray:
        """Return the derivatives of the state at the time as it is, which does not move: what moves is the begin of the step."""
        z = self.functions.compare(self.y, self.c, self.z, self.t + 2e-12 * np.maximum(1.0, np.abs(self.t)))
        rate = self.functions.rhs(self.y, self.c, z, self.t)
        return np.where(self.dt == 0.0, self.dy, self.dy - rate * self.dt)

    def change(self, item: Change) -> None:
        """Follow an item of the schedule: what is added leaves derivatives as they are, what is set loses them."""
        self.dy, self.dt = self.settled(), np.zeros_like(self.dt)
        constants, states = self.equations.constants, self.equations.states
        if item.kind == "reset":
            self.y, self.dy = self.begin, self.begin_rate
        elif item.name in constants:
            self.p, self.dp = self.p.copy(), self.dp.copy()
            self.p[constants.index(item.name)], self.dp[constants.index(item.name)] = item.value, 0.0
            self.refresh()
        else:
            state = states.index(item.name)
            self.y, self.dy = self.y.copy(), self.dy.copy()
            if item.kind == "add":
                self.y[state] += item.value
            else:
                self.dy[state] = item.value * self.slopes.sizes(self.y, self.c, self.z, self.t, self.dy, self.dc, self.dt)[state]
                self.y[state] = item.value * self.functions.sizes(self.y, self.c, self.z, self.t)[state]

    def step(self, step: Step) -> None:
        """Follow a step and stand at its end."""
        stop_rate = np.zeros_like(self.dt)
        if step.hit and self.aim.switches:
            stop_rate = _agreed(self.slopes.switches(self.c, self.dc)[list(self.aim.switches)], self.aim.stop)
        change = stop_rate - self.dt if step.hit else np.zeros_like(self.dt)
        moved = follow(self.functions, self.slopes, self.method, step, (self.c, self.z), (self.dy, self.dc, self.dt, change))
        self.last, part = moved, 1.0
        self.dt = stop_rate if step.hit else self.dt
        self.dy = moved.end_rate
        if step.turned:
            part = step.part
            found = [moved.part_rate(self.slopes, k, part, self.c, self.z, self.dc) for k in step.turned]
            part_rate = _agreed(np.array(found), step.t + part * step.taken)
            self.dy = moved.at_rate(part, part_rate)
            self.dt = moved.time_rate(part, part_rate)
        self.y = moved.at(part)
        self.t = np.array([self.aim.stop if step.hit and not step.turned else step.t + part * step.taken])

    def row(self, row: Row) -> None:
        """Write the derivatives of a row of outputs, whose time stands still."""
        time, still = np.array([row.time]), np.zeros_like(self.dt)
        y, rate = self.y, self.settled() if np.isnan(row.part) and np.any(self.dt != 0.0) else self.dy
        if self.last is not None and not np.isnan(row.part):
            part_rate = -self.last.time_rate(row.part, still) / self.last.step.taken
            y, rate = self.last.at(row.part), self.last.at_rate(row.part, part_rate)
        self.found[:, row.row] = self.slopes.outputs(y, self.c, self.z, time, rate, self.dc, still)


def _agreed(rates: np.ndarray, time: float) -> np.ndarray:
    """Return how fast the time of a change moves, from all comparisons that change in one instant."""
    size = np.max(np.abs(rates))
    if np.any(np.abs(rates - rates[0]) > _SAME * size):
        raise ModelError(
            Issue(
                f"two comparisons change in the same instant, time {time:.6g}, and parameters move them apart: there is no derivative",
                repair="Change a parameter a little, so that one comes first",
            )
        )
    return np.asarray(rates[0])
