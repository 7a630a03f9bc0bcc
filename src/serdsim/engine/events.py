"""Events of one individual: triggers, priorities, delays and persistence as SBML defines them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from serdsim.codegen.kernel import Kernel, Values
from serdsim.engine.randomness import toss
from serdsim.engine.stepper import Stopped

_MOST_PER_INSTANT = 10_000


@dataclass(frozen=True)
class _Waiting:
    time: float
    order: int
    event: int
    values: Values | None


class Agenda:
    """Which triggers are true, and which executions wait."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.events = kernel.equations.events
        self.truth = [event.initial_value for event in self.events]
        self.waiting: list[_Waiting] = []
        self.count = 0

    def due(self, after: float) -> list[float]:
        """Return the times of delayed executions."""
        return [item.time for item in self.waiting if item.time > after]

    def settle(self, t: float, y: list[float], c: Values) -> list[float]:
        """Return the state after all executions of this instant, in the order of their priority.

        Executions of equal priority come in a random order, as SBML asks; the order is the same for every individual.

        Raises
        ------
        Stopped
            When two events trigger each other for ever, or a delay is not a number.
        """
        for _ in range(_MOST_PER_INSTANT):
            self._notice(t, y, c)
            ready = [item for item in self.waiting if item.time <= t]
            if not ready:
                return y
            chosen = ready[0] if len(ready) == 1 else max(ready, key=lambda item: self._rank(item, t, y, c))
            self.waiting.remove(chosen)
            y = self._execute(chosen, t, y, c)
        raise Stopped("step_limit", f"more than {_MOST_PER_INSTANT} events follow each other")

    def _rank(self, item: _Waiting, t: float, y: list[float], c: Values) -> tuple[float, int]:
        if self.events[item.event].priority is None:
            return -math.inf, -item.order
        return self.kernel.event_timing[item.event](t, y, c)[1], toss(item.order)

    def _notice(self, t: float, y: list[float], c: Values) -> None:
        now = [bool(truth) for truth in self.kernel.truths(t, y, c)]
        for i, (was, is_) in enumerate(zip(self.truth, now, strict=True)):
            event = self.events[i]
            if is_ and not was:
                delay = self.kernel.event_timing[i](t, y, c)[0]
                if not delay >= 0.0:
                    raise Stopped("not_finite", f"the delay of event {event.id} is {delay}")
                values = self.kernel.event_values[i](t, y, c) if event.values_from_trigger_time else None
                self.count += 1
                self.waiting.append(_Waiting(t + delay, self.count, i, values))
            elif was and not is_ and not event.persistent:
                self.waiting = [item for item in self.waiting if item.event != i]
        self.truth = now

    def _execute(self, item: _Waiting, t: float, y: list[float], c: Values) -> list[float]:
        values = item.values if item.values is not None else self.kernel.event_values[item.event](t, y, c)
        equations, after = self.kernel.equations, list(y)
        everything = self.kernel.everything(t, y, c)
        for (target, _), value in zip(self.events[item.event].assignments, values, strict=True):
            i = equations.states.index(target)
            scale = equations.scales[i]
            # a concentration is meant in the size before the event (SBML cases 1506, 1779)
            after[i] = float(value) if scale is None else value * everything[self.kernel.quantities.index(scale)]
        return after
