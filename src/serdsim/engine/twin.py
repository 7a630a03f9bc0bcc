"""The twin of the compiled engine in NumPy: slow and plain, with the same decisions in the same order.

It shares with the compiled engine the graph of the model and the table of the method, and nothing else.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.codegen.method import read_method
from serdsim.codegen.system import build_system
from serdsim.engine.native import USUAL, Tuning
from serdsim.engine.plan import Arrays, Plan, check_outputs, check_plan, same_instant
from serdsim.engine.tape import Aim, Begin, Change, Entry, Hold, Row, Step, Tape
from serdsim.engine.twin_model import Functions
from serdsim.engine.twin_step import Lanes, Outcome, advance
from serdsim.errors import ModelError

LANES = 8
_CLOSE = 1e-13  # of the time: changes that follow each other in less count as one stop for the cap of steps
_NEXT_FLOAT = 2.0**-52
_SMALLEST = 1e-300


def run_twin(
    equations: Equations, plan: Plan, *, method: str = "rodas5p", tuning: Tuning = USUAL, lanes: int = LANES, tape: Tape | None = None
) -> Arrays:
    """Return the arrays of a plan; a failing individual ends in a status, never in an exception.

    Parameters
    ----------
    lanes : int
        How many individuals are integrated side by side; no number depends on it.
    tape : Tape, optional
        Where all that is done is written down.

    Raises
    ------
    InputError
        For an output or a target of the schedule that the model does not have.
    ModelError
        For a model with events.
    """
    if equations.events:
        raise ModelError("the NumPy twin knows no events")
    check_outputs(equations, plan.outputs)
    check_plan(equations, plan)
    with np.errstate(all="ignore"):
        return _Twin(equations, plan, method, tuning, lanes, tape).run()


class _Person:
    """What one individual still has before it: items of the schedule and output rows."""

    def __init__(self, plan: Plan, number: int) -> None:
        self.number = number
        self.items = deque(plan.stops.of(number))
        times = plan.times_of(number)
        placed = np.zeros(len(times), bool) if plan.placed is None else plan.placed if plan.placed.ndim == 1 else plan.placed[:, number]
        free = np.nonzero(np.isfinite(times) & ~placed)[0]
        self.rows = deque((float(times[row]), int(row)) for row in free)
        self.end = float(np.max(times[np.isfinite(times)]))
        self.begin = np.empty(0)
        self.settled = -np.inf


class _Twin:
    def __init__(self, equations: Equations, plan: Plan, method: str, tuning: Tuning, lanes: int, tape: Tape | None) -> None:
        self.equations, self.plan, self.tuning, self.tape = equations, plan, tuning, tape
        self.method = read_method(method)
        self.functions = Functions(build_system(equations, plan.outputs))
        self.lanes = Lanes.resting(self.functions, lanes)
        self.waiting = iter(range(plan.individuals))
        self.people: list[_Person | None] = [None] * lanes
        count = plan.individuals
        self.values = np.full((len(plan.outputs), len(plan.times), count), np.nan)
        self.final = np.full((len(equations.states), count), np.nan)
        self.status = np.array(["ok"] * count, dtype=object)
        self.accepted, self.refused, self.ended = np.zeros(count, int), np.zeros(count, int), np.zeros(count)

    def run(self) -> Arrays:
        for lane in range(len(self.people)):
            self.refill(lane)
        most = self.plan.max_evaluations
        while np.any(self.lanes.active):
            outcome = advance(self.functions, self.method, self.lanes, self.plan, self.tuning, most)
            self.look_after(outcome)
        self.values[:, :, self.status != "ok"] = np.nan
        return Arrays(
            values=self.values,
            status=self.status,
            message=tuple("" if s == "ok" else f"{s} at time {t:.6g}" for s, t in zip(self.status, self.ended.tolist(), strict=True)),
            final=self.final,
            evaluations=(self.accepted + self.refused) * self.method.stages,
            steps=self.accepted,
            refused=self.refused,
        )

    def note(self, person: _Person, entry: Entry) -> None:
        """Write down what was done for an individual."""
        if self.tape is not None:
            self.tape[person.number].append(entry)

    def look_after(self, outcome: Outcome) -> None:
        """Write the rows within the step; then, lane by lane, what a failure or a stop asks for."""
        for lane, person in enumerate(self.people):
            if person is None:
                continue
            if outcome.ok[lane]:
                self.note(person, self.taken(lane, outcome))
                self.write_within(lane, person, outcome)
            if lane in outcome.failed:
                self.finish(lane, person, outcome.failed[lane])
                self.refill(lane)
            elif outcome.arrived[lane] and not self.arrive(lane, person):
                self.refill(lane)

    def taken(self, lane: int, outcome: Outcome) -> Step:
        """Return the step of a lane as the tape holds it."""
        step, lanes = outcome.step, self.lanes
        part, one = float(outcome.part[lane]), slice(lane, lane + 1)
        turned: tuple[int, ...] = ()
        if not np.isnan(part):
            seen = self.functions.compare(lanes.y[:, one], lanes.c[:, one], lanes.z[:, one], lanes.t[one])[:, 0]
            turned = tuple(k for k in self.functions.system.located if seen[k] != lanes.z[k, lane])
        w = None if step.w is None else step.w[lane]
        return Step(
            float(step.t[lane]), float(step.taken[lane]), step.y[:, lane], step.stages[:, :, lane], w, bool(outcome.hit[lane]), part, turned
        )

    def write_within(self, lane: int, person: _Person, outcome: Outcome) -> None:
        """Write the rows from here to before the instant at which the step ends."""
        end, step = float(outcome.ended[lane]), outcome.step
        while person.rows and person.rows[0][0] < end - same_instant(end):
            time, row = person.rows.popleft()
            part = (time - step.t[lane]) / step.taken[lane]
            y = step.at(np.full(len(step.t), part))[:, [lane]]
            self.note(person, Row(row, time, float(part)))
            self.write(lane, person, row, y, time)

    def write(self, lane: int, person: _Person, row: int, y: np.ndarray, time: float) -> None:
        one = slice(lane, lane + 1)
        self.values[:, row, person.number] = self.functions.observe(y, self.lanes.c[:, one], self.lanes.z[:, one], np.array([time]))[:, 0]

    def refill(self, lane: int) -> None:
        """Bring the next individual into the lane and to its first stop; leave the lane at rest where there is none."""
        lanes = self.lanes
        for number in self.waiting:
            person = self.people[lane] = _Person(self.plan, number)
            if self.begin(lane, person):
                return
        self.people[lane], lanes.active[lane] = None, False
        lanes.t[lane], lanes.h[lane], lanes.stop[lane] = 0.0, 1.0, 1.0

    def begin(self, lane: int, person: _Person) -> bool:
        """Put an individual where it starts; return whether it goes on from there."""
        lanes, one = self.lanes, [person.number]
        start = self.functions.start(np.asarray(self.plan.given, float)[:, one])[:, 0]
        person.begin, lanes.p[:, lane] = np.split(start, [len(lanes.y)])
        lanes.y[:, lane] = person.begin if self.plan.initial is None else self.plan.initial[:, person.number]
        lanes.biggest[:, lane] = 0.0
        lanes.t[lane], lanes.h[lane], lanes.after_stop[lane] = self.plan.start_time, 0.0, 0.0
        lanes.active[lane], lanes.fresh[lane], lanes.rejected[lane] = True, True, False
        lanes.attempts[lane] = lanes.accepted[lane] = lanes.refused[lane] = 0
        self.note(person, Begin(lanes.t[lane]))
        return self.arrive(lane, person)

    def recompute(self, lane: int) -> None:
        """Bring what rests on inputs and state up to date."""
        lanes, one = self.lanes, slice(lane, lane + 1)
        lanes.c[:, one] = self.functions.block(lanes.p[:, one])
        lanes.sizes[:, one] = self.functions.sizes(lanes.y[:, one], lanes.c[:, one], lanes.z[:, one], lanes.t[one])

    def arrive(self, lane: int, person: _Person) -> bool:
        """Do what the schedule says for this instant, write its rows and find the next stop; return whether there is one."""
        lanes, one = self.lanes, slice(lane, lane + 1)
        time = float(lanes.t[lane])
        until = time + same_instant(time)
        self.recompute(lane)
        while person.items and person.items[0][0] <= until:
            self.apply(lane, person, *person.items.popleft()[1:])
        self.hold_comparisons(lane, until)
        self.note(person, Hold(lanes.z[:, lane].copy()))
        lanes.biggest[:, lane] = np.fmax(lanes.biggest[:, lane], np.abs(lanes.y[:, lane]))
        while person.rows and person.rows[0][0] <= until:
            # right after the instant, where a comparison of time may turn
            seen = time + abs(time) * 2.0**-52 if self.equations.comparisons else time
            row = person.rows.popleft()[1]
            self.note(person, Row(row, seen, np.nan))
            self.write(lane, person, row, lanes.y[:, one], seen)
        if time - person.settled > _CLOSE * max(1.0, abs(time)):
            lanes.attempts[lane] = 0
        person.settled = time
        if not person.rows and person.end <= until:
            self.finish(lane, person, "ok")
            return False
        switches = self.functions.switches(lanes.c[:, one])[:, 0].tolist()
        stops = [person.end, *(item[0] for item in list(person.items)[:1]), *switches]
        lanes.stop[lane] = stop = min(stop for stop in stops if stop > until)
        self.note(person, Aim(stop, tuple(k for k, time in enumerate(switches) if until < time <= stop + same_instant(stop))))
        if lanes.h[lane] == 0.0:
            lanes.h[lane] = self.first_step(lane)
        return True

    def apply(self, lane: int, person: _Person, kind: str, target: int, value: float) -> None:
        """Do one item of the schedule; a change begins with the step that came after the last change."""
        lanes, equations, one = self.lanes, self.equations, slice(lane, lane + 1)
        if kind == "see":
            self.note(person, Row(target, float(lanes.t[lane]), np.nan))
            self.write(lane, person, target, lanes.y[:, one], float(lanes.t[lane]))
            return
        name = "" if kind == "reset" else self.plan.stops.names[target]
        self.note(person, Change(kind, name, value))
        if kind == "reset":
            lanes.y[:, lane] = person.begin
        elif name in equations.constants:
            lanes.p[equations.constants.index(name), lane] = value
        elif kind == "add":
            lanes.y[equations.states.index(name), lane] += value
        else:
            state = equations.states.index(name)
            lanes.y[state, lane] = value * lanes.sizes[state, lane]
        self.recompute(lane)
        lanes.fresh[lane] = True
        if lanes.after_stop[lane] > 0.0:
            lanes.h[lane] = min(lanes.h[lane], lanes.after_stop[lane] * self.tuning.memory)

    def hold_comparisons(self, lane: int, until: float) -> None:
        """Take the comparisons as they are right after this instant: switches after all of it, located ones at once."""
        lanes, one, located = self.lanes, slice(lane, lane + 1), list(self.functions.system.located)
        time = float(lanes.t[lane])
        soon = time + abs(time) * _NEXT_FLOAT + _SMALLEST
        y, c, z = lanes.y[:, one], lanes.c[:, one], lanes.z[:, one]
        at_once = self.functions.compare(y, c, z, np.array([soon]))
        lanes.z[:, one] = self.functions.compare(y, c, z, np.array([until]))
        lanes.z[located, lane] = at_once[located, 0]

    def first_step(self, lane: int) -> float:
        """Return a first step size from two evaluations (Hairer, Norsett, Wanner)."""
        lanes, one = self.lanes, slice(lane, lane + 1)
        y, c, z, t = lanes.y[:, one], lanes.c[:, one], lanes.z[:, one], lanes.t[one]
        weight = self.plan.rtol * np.abs(y) + self.plan.atol * lanes.sizes[:, one]

        def norm(values: np.ndarray) -> float:
            return float(np.fmax.reduce((np.abs(values) / weight)[:, 0], initial=0.0))

        rate = self.functions.rhs(y, c, z, t)
        size, speed = np.float64(norm(y)), np.float64(norm(rate))
        guess = np.float64(0.01 * (size / speed) if size > 1e-5 and speed > 1e-5 else 1e-6)
        guess = np.minimum(guess, lanes.stop[lane] - lanes.t[lane])
        bend = float(norm(self.functions.rhs(y + guess * rate, c, z, t) - rate) / guess)
        most = max(float(speed), 1e-15, bend if bend > speed else 0.0)
        first = min((0.01 / most) ** 0.2, 100.0 * float(guess))
        return first if first > 0.0 else 1e-6

    def finish(self, lane: int, person: _Person, status: str) -> None:
        """Hand over the result of an individual."""
        lanes, number = self.lanes, person.number
        self.status[number], self.ended[number] = status, lanes.t[lane]
        self.accepted[number], self.refused[number] = lanes.accepted[lane], lanes.refused[lane]
        self.final[:, number] = lanes.y[:, lane]
