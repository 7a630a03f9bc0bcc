"""The reference engine: CVODE, one individual at a time. Slow, obvious, the definition of right."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serdsim.codegen.kernel import Kernel
from serdsim.engine.events import Agenda
from serdsim.engine.plan import Arrays, Plan, check_targets, same_instant
from serdsim.engine.stepper import Limits, Moving, Still, Stopped, stepper
from serdsim.errors import InputError

_LOOKS = 4
_CLOSE, _MOST_CLOSE = 1e-13, 100


@dataclass(frozen=True)
class Course:
    """One individual's outcome: values (output, time), status, words, final state, evaluations."""

    values: np.ndarray
    status: str
    message: str
    final: np.ndarray
    evaluations: int


def run(kernel: Kernel, plan: Plan) -> Arrays:
    """Return the arrays of a plan; a failing individual ends in a status, never in an exception.

    Raises
    ------
    InputError
        For an output or a target of the schedule that the model does not have.
    """
    missing = [id for id in plan.outputs if id not in kernel.quantities]
    if missing:
        raise InputError(f"unknown output {', '.join(missing)}")
    check_targets(kernel.equations, plan.stops)
    courses = [integrate(kernel, plan, i) for i in range(plan.individuals)]
    shape = (len(plan.outputs), len(plan.times), 0)
    return Arrays(
        values=np.stack([c.values for c in courses], axis=2) if courses else np.empty(shape),
        status=np.array([c.status for c in courses], dtype=object),
        message=tuple(c.message for c in courses),
        final=np.stack([c.final for c in courses], axis=1) if courses else np.empty((len(kernel.equations.states), 0)),
        evaluations=np.array([c.evaluations for c in courses], dtype=int),
    )


def integrate(kernel: Kernel, plan: Plan, individual: int) -> Course:
    """Return the course of one individual of the plan."""
    lane = _Lane(kernel, plan, individual)
    status, message = "ok", ""
    try:
        lane.go()
    except Stopped as stop:
        lane.t, lane.y = stop.reached or (lane.t, lane.y)
        status, message = stop.status, lane.where(str(stop))
        lane.values[:] = np.nan
    return Course(lane.values, status, message, np.array(lane.y), lane.evaluations)


class _Lane:
    """The moving state of one individual while it is integrated."""

    def __init__(self, kernel: Kernel, plan: Plan, individual: int) -> None:
        self.kernel, self.plan = kernel, plan
        state, inputs = kernel.start(plan.given[:, individual].tolist())
        self.begin = [float(v) for v in state]
        self.y = self.begin if plan.initial is None else [float(v) for v in plan.initial[:, individual]]
        self.p = list(inputs)
        self.c = kernel.fixed(self.p)
        self.t = plan.start_time
        times = plan.times_of(individual)
        placed = np.zeros(len(times), bool) if plan.placed is None else plan.placed if plan.placed.ndim == 1 else plan.placed[:, individual]
        self.end = float(times[np.isfinite(times)][-1])
        self.rows = [(float(time), row) for row, time in enumerate(times) if math.isfinite(time) and not placed[row]]
        self.values = np.full((len(plan.outputs), len(times)), np.nan)
        self.pick = [kernel.quantities.index(id) for id in plan.outputs]
        self.evaluations = self.close = 0
        self.names = plan.stops.names
        self.stops = [stop for stop in plan.stops.of(individual) if stop[0] <= self.end + same_instant(self.end)]
        self.agenda = Agenda(kernel)

    def where(self, text: str) -> str:
        """Return the words with time and state: the first that is not finite or moves without bound, else the fastest."""
        ids, slope = self.kernel.equations.states, self.kernel.rhs(self.t, self.y, self.c)
        speed = [abs(s) / (abs(y) + self.plan.atol) if math.isfinite(y * s) else math.inf for y, s in zip(self.y, slope, strict=True)]
        worst = f" ({ids[speed.index(max(speed))]})" if ids else ""
        return f"{text} at time {self.t:.6g}{worst}"

    def go(self) -> None:
        """Move from stop to stop; whatever happens at a stop is seen by the outputs at that time."""
        while True:
            self.apply_stops()
            if self.kernel.equations.events:
                self.y = self.agenda.settle(self.t, self.y, self.c)
            if self.t >= self.end:
                self.observe_here()
                return
            self.advance(min([self.end, *(stop[0] for stop in self.stops[:1]), *self.agenda.due(self.t)]))

    def apply_stops(self) -> None:
        """Set and add what is due now, in the order of the schedule."""
        equations = self.kernel.equations
        while self.stops and self.stops[0][0] <= self.t + same_instant(self.t):
            _, kind, target, value = self.stops.pop(0)
            if kind == "reset":
                self.y = list(self.begin)
            elif kind == "see":
                self.write(target, self.t, self.y)
            elif self.names[target] in equations.constants:
                self.p[equations.constants.index(self.names[target])] = value
                self.c = self.kernel.fixed(self.p)
            else:
                i = equations.states.index(self.names[target])
                self.y = [*self.y]
                self.y[i] = self.y[i] + value if kind == "add" else value * self.size(equations.scales[i])

    def size(self, compartment: str | None) -> float:
        """Return the size of a compartment now; 1 for what is no concentration."""
        if compartment is None:
            return 1.0
        return float(self.kernel.everything(self.t, self.y, self.c)[self.kernel.quantities.index(compartment)])

    def advance(self, target: float) -> None:
        """Integrate to `target`, or to the first comparison that changes, and write the outputs that lie before it."""
        if target > self.t + same_instant(self.t):
            self.observe_here()
        else:
            self.t = target
            return
        moves = stepper(self.kernel, self.c, self.t, self.y, target, self.limits())
        before = self.kernel.comparisons(self.t, self.y, self.c)
        done = self.evaluations
        try:
            while self.t < target:
                following = next((time for time, _ in self.rows if time > self.t + same_instant(self.t)), math.inf)
                t, y = moves.step(min(following, target))
                changed = self.first_change(before, t, moves) if before else None
                self.observe(t if changed is None else changed, moves)
                if changed is not None:
                    self.count_change(changed)
                    self.t, self.y = changed, moves.at(changed)
                    return
                self.t, self.y = t, y
        finally:
            self.evaluations = done + moves.evaluations

    def limits(self) -> Limits:
        """Return the tolerances; a concentration is held to `atol` in the present size of its compartment."""
        scales = self.kernel.equations.scales
        sizes = {scale: max(abs(self.size(scale)), 1e-300) for scale in set(scales)}
        return Limits(self.plan.rtol, self.plan.atol * np.array([sizes[scale] for scale in scales]), self.plan.max_evaluations)

    def first_change(self, before: tuple[float, ...], end: float, moves: Still | Moving) -> float | None:
        """Return the first time of the last step at which a comparison differs, to the last bit."""
        start = low = self.t
        for look in range(1, _LOOKS + 1):
            high = end if look == _LOOKS else start + (end - start) * look / _LOOKS
            if self.differs(before, high, moves):
                break
            low = high
        else:
            return None
        while high - low > max(1e-17 * (end - start), math.ulp(high)):
            middle = 0.5 * (low + high)
            if self.differs(before, middle, moves):
                high = middle
            else:
                low = middle
        return high

    def differs(self, before: tuple[float, ...], t: float, moves: Still | Moving) -> bool:
        """Return whether a comparison is another one than `before`."""
        return self.kernel.comparisons(t, moves.at(t), self.c) != before

    def count_change(self, t: float) -> None:
        """Stop where comparisons change again and again without time passing."""
        self.close = self.close + 1 if t - self.t <= _CLOSE * max(1.0, abs(t)) else 0
        if self.close > _MOST_CLOSE:
            raise Stopped("step_underflow", "comparisons change again and again")

    def observe(self, until: float, moves: Still | Moving) -> None:
        """Write the outputs from here to before the instant `until`."""
        while self.rows and self.rows[0][0] < until - same_instant(until):
            t, row = self.rows.pop(0)
            self.write(row, t, moves.at(t) if t > self.t else self.y)

    def observe_here(self) -> None:
        """Write the outputs of this instant."""
        while self.rows and self.rows[0][0] <= self.t + same_instant(self.t):
            self.write(self.rows.pop(0)[1], self.t, self.y)

    def write(self, row: int, t: float, y: list[float]) -> None:
        """Write one row of outputs."""
        everything = self.kernel.everything(t, y, self.c)
        self.values[:, row] = [everything[i] for i in self.pick]
