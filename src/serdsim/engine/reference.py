"""The reference engine: CVODE, one individual at a time. Slow, obvious, the definition of right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sksundae.cvode import CVODE

from serdsim.codegen.kernel import Kernel
from serdsim.engine.events import Agenda
from serdsim.engine.plan import Arrays, Plan
from serdsim.errors import InputError

_SMALLEST_STEP = 1e-14


@dataclass(frozen=True)
class Course:
    """One individual's outcome: values (output, time), status, words, final state, evaluations."""

    values: np.ndarray
    status: str
    message: str
    final: np.ndarray
    steps: int


def run(kernel: Kernel, plan: Plan) -> Arrays:
    """Return the arrays of a plan; a failing individual ends in a status, never in an exception."""
    missing = [id for id in plan.outputs if id not in kernel.quantities]
    if missing:
        raise InputError(f"unknown output {', '.join(missing)}")
    courses = [integrate(kernel, plan, i) for i in range(plan.individuals)]
    shape = (len(plan.outputs), len(plan.times), 0)
    return Arrays(
        values=np.stack([c.values for c in courses], axis=2) if courses else np.empty(shape),
        status=np.array([c.status for c in courses], dtype=object),
        message=tuple(c.message for c in courses),
        final=np.stack([c.final for c in courses], axis=1) if courses else np.empty((len(kernel.equations.states), 0)),
        steps=np.array([c.steps for c in courses], dtype=int),
    )


def integrate(kernel: Kernel, plan: Plan, individual: int) -> Course:
    """Return the course of one individual of the plan."""
    lane = _Lane(kernel, plan, individual)
    try:
        lane.go()
        status, message = ("ok", "") if np.all(np.isfinite(lane.y)) else ("not_finite", lane.where("a state is not finite"))
    except _Stopped as stop:
        status, message = stop.status, lane.where(str(stop))
    values = lane.values if status == "ok" else np.full_like(lane.values, np.nan)
    return Course(values, status, message, np.array(lane.y), lane.evaluations)


class _Stopped(Exception):
    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Lane:
    """The moving state of one individual while it is integrated."""

    def __init__(self, kernel: Kernel, plan: Plan, individual: int) -> None:
        self.kernel, self.plan = kernel, plan
        state, inputs = kernel.start(tuple(plan.given[:, individual].tolist()))
        self.y: list[float] = [float(v) for v in state]
        self.p: list[float] = [float(v) for v in inputs]
        if plan.initial is not None:
            self.y = [float(v) for v in plan.initial[:, individual]]
        self.c = kernel.fixed(tuple(self.p))
        self.t = plan.start_time
        self.values = np.full((len(plan.outputs), len(plan.times)), np.nan)
        self.pick = [kernel.quantities.index(id) for id in plan.outputs]
        self.next_output = 0
        self.evaluations = 0
        self.stops = [
            (time, kind, target, float(value))
            for time, kind, target, value in zip(
                plan.schedule.times, plan.schedule.kinds, plan.schedule.targets, plan.schedule.values[:, individual], strict=True
            )
            if not math.isnan(value)
        ]
        self.agenda = Agenda(kernel)

    def where(self, text: str) -> str:
        ids = self.kernel.equations.states
        worst = next((ids[i] for i, v in enumerate(self.y) if not math.isfinite(v)), ids[0] if ids else "")
        return f"{text} at time {self.t:.6g}" + (f" ({worst})" if worst else "")

    def go(self) -> None:
        end = self.plan.times[-1]
        self.apply_stops()
        self.handle_events(initial=True)
        while True:
            ahead = [time for time, *_ in self.stops if time > self.t]
            target = min([end, *ahead, *self.agenda.due(self.t)])
            if target > self.t:
                self.advance(target)
            if self.t >= end and not any(time <= end for time, *_ in self.stops) and not self.agenda.pending(end):
                self.record(upto=end, inclusive=True)
                return
            self.record(upto=self.t, inclusive=False)
            self.apply_stops()
            self.handle_events()

    def apply_stops(self) -> None:
        states = self.kernel.equations.states
        for time, kind, target, value in [stop for stop in self.stops if stop[0] <= self.t]:
            self.stops.remove((time, kind, target, value))
            if target in states:
                i = states.index(target)
                size = self.kernel.equations.scales[i]
                scale = self.value(size) if size is not None and kind == "set" else 1.0
                self.y[i] = value * scale if kind == "set" else self.y[i] + value
            elif target in self.kernel.equations.constants and kind == "set":
                self.p[self.kernel.equations.constants.index(target)] = value
            else:
                raise InputError(
                    f'the schedule cannot {kind} "{target}": it is not a species, a changing quantity or an input of the model'
                )
        self.c = self.kernel.fixed(tuple(self.p))

    def value(self, id: str) -> float:
        return float(self.kernel.everything(self.t, tuple(self.y), self.c)[self.kernel.quantities.index(id)])

    def handle_events(self, initial: bool = False) -> None:
        if self.kernel.equations.events:
            self.y = self.agenda.settle(self.t, self.y, self.c, initial=initial)

    def record(self, upto: float, *, inclusive: bool) -> None:
        """Write outputs that lie before `upto`, or at it: outputs at a stop are seen after the stop."""
        times = self.plan.times
        while self.next_output < len(times) and (times[self.next_output] < upto or (inclusive and times[self.next_output] <= upto)):
            self.write(self.next_output, self.t, self.y)
            self.next_output += 1

    def write(self, column: int, t: float, y: Sequence[float]) -> None:
        everything = self.kernel.everything(t, tuple(y), self.c)
        self.values[:, column] = [everything[i] for i in self.pick]

    def advance(self, target: float) -> None:
        """Integrate to `target` or to the first root, and write the outputs that lie before it."""
        inner = [time for time in self.plan.times[self.next_output :] if self.t < time < target]
        for time in [t for t in self.plan.times[self.next_output :] if t <= self.t]:
            self.write(self.plan.times.index(time), self.t, self.y)
            self.next_output += 1
        if not self.y:
            for time in inner:
                self.write(self.next_output, time, self.y)
                self.next_output += 1
            self.t = target
            return
        result = self.solve([self.t, *inner, target] if inner else [self.t, 0.5 * (self.t + target), target])
        times, states = np.atleast_1d(result.t), np.atleast_2d(result.y)
        for time in inner:
            found = np.flatnonzero(times == time)
            if not found.size or time > times[-1]:
                break
            self.write(self.next_output, time, states[found[0]].tolist())
            self.next_output += 1
        self.t, self.y = float(times[-1]), states[-1].tolist()
        if not result.success:
            raise _Stopped(*_reason(result, self.y))
        if not all(map(math.isfinite, self.y)):
            raise _Stopped("not_finite", "a state is not finite")
        if self.t < target:
            self.pass_root(target)

    def pass_root(self, target: float) -> None:
        """Move a hair past a located root, so that its comparison has changed whatever the rounding."""
        hair = min(1e-10 * (1.0 + abs(self.t)), target - self.t)
        slope = self.kernel.rhs(self.t, self.y, self.c)
        self.y = [y + hair * s for y, s in zip(self.y, slope, strict=True)]
        self.t = target if target - self.t <= hair else self.t + hair

    def solve(self, span: list[float]) -> object:
        kernel, c = self.kernel, self.c
        rows = np.array([row for row, _, _ in kernel.equations.jacobian], dtype=int)
        columns = np.array([column for _, column, _ in kernel.equations.jacobian], dtype=int)

        def rhs(t: float, y: np.ndarray, yp: np.ndarray) -> None:
            try:
                yp[:] = kernel.rhs(t, y.tolist(), c)
            except (ArithmeticError, ValueError):
                yp[:] = np.nan

        def jacobian(t: float, y: np.ndarray, yp: np.ndarray, matrix: np.ndarray) -> None:
            try:
                matrix[rows, columns] = kernel.jacobian(t, y.tolist(), c)
            except (ArithmeticError, ValueError):
                matrix[rows, columns] = np.nan

        options: dict[str, object] = {}
        if kernel.equations.roots:
            count = len(kernel.equations.roots)

            def roots(t: float, y: np.ndarray, out: np.ndarray) -> None:
                out[:] = kernel.roots(t, y.tolist(), c)

            roots.terminal = [True] * count  # type: ignore[attr-defined]
            options = {"eventsfn": roots, "num_events": count}
        solver = CVODE(
            rhs,
            jacfn=jacobian,
            rtol=self.plan.rtol,
            atol=self.tolerances(),
            first_step=self.first_step(span[0], span[-1]),
            max_num_steps=self.plan.max_steps,
            **options,
        )
        result = solver.solve(np.array(span), np.array(self.y))
        self.evaluations += int(result.nfev)
        return result

    def tolerances(self) -> np.ndarray:
        sizes = [1.0 if size is None else abs(self.value(size)) for size in self.kernel.equations.scales]
        return self.plan.atol * np.maximum(np.array(sizes), 1e-300)

    def first_step(self, start: float, end: float) -> float:
        """Return a first step that does not depend on the output times."""
        try:
            slope = np.array(self.kernel.rhs(start, self.y, self.c))
        except (ArithmeticError, ValueError):
            raise _Stopped("not_finite", "the derivatives are not finite") from None
        if not np.all(np.isfinite(slope)):
            raise _Stopped("not_finite", "the derivatives are not finite")
        weight = self.plan.rtol * np.abs(self.y) + self.tolerances()
        size, speed = np.max(np.abs(self.y) / weight), np.max(np.abs(slope) / weight)
        guess = 0.01 * size / speed if size > 1e-5 and speed > 1e-5 else 1e-6
        return float(max(min(guess, (end - start) * 0.1, 0.1 / speed**0.5 if speed > 0 else guess), _SMALLEST_STEP * max(1.0, abs(start))))


def _reason(result: object, y: list[float]) -> tuple[str, str]:
    text = str(getattr(result, "message", "")).strip().rstrip(".")
    if not all(map(math.isfinite, y)):
        return "not_finite", text
    if "mxstep" in text.lower() or "max_num_steps" in text.lower() or "too much work" in text.lower():
        return "step_limit", text
    return "step_underflow", text
