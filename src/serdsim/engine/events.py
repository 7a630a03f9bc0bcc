"""Events of one individual: triggers, priorities, delays and persistence as SBML defines them."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from serdsim.codegen.kernel import Kernel
from serdsim.errors import SerdsimError

_MOST_PER_INSTANT = 10_000


@dataclass(order=True)
class _Waiting:
    time: float
    order: int
    event: int = field(compare=False)
    values: tuple[float, ...] | None = field(compare=False)


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

    def pending(self, until: float) -> bool:
        """True while an execution is due up to `until`."""
        return any(item.time <= until for item in self.waiting)

    def settle(self, t: float, y: list[float], c: tuple[float, ...], *, initial: bool) -> list[float]:
        """Return the state after all executions of this instant, in the order of their priority."""
        for _ in range(_MOST_PER_INSTANT):
            self._notice(t, y, c)
            ready = [item for item in self.waiting if item.time <= t]
            if not ready:
                return y
            chosen = max(ready, key=lambda item: (self._priority(item.event, t, y, c), -item.order))
            self.waiting.remove(chosen)
            heapq.heapify(self.waiting)
            y = self._execute(chosen, t, y, c)
        raise SerdsimError(f"more than {_MOST_PER_INSTANT} events at time {t:.6g}: two events trigger each other for ever")

    def _priority(self, event: int, t: float, y: list[float], c: tuple[float, ...]) -> float:
        if self.events[event].priority is None:
            return -math.inf
        return float(self.kernel.event_delays[event](t, tuple(y), c)[1])

    def _notice(self, t: float, y: list[float], c: tuple[float, ...]) -> None:
        now = [bool(truth) for truth in self.kernel.truths(t, tuple(y), c)]
        for i, (was, is_) in enumerate(zip(self.truth, now, strict=True)):
            event = self.events[i]
            if is_ and not was:
                delay = float(self.kernel.event_delays[i](t, tuple(y), c)[0]) if event.delay is not None else 0.0
                values = self._values(i, t, y, c) if event.values_from_trigger_time else None
                self.count += 1
                heapq.heappush(self.waiting, _Waiting(t + delay, self.count, i, values))
            elif was and not is_ and not event.persistent:
                self.waiting = [item for item in self.waiting if item.event != i]
                heapq.heapify(self.waiting)
        self.truth = now

    def _values(self, event: int, t: float, y: list[float], c: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(float(v) for v in self.kernel.event_values[event](t, tuple(y), c))

    def _execute(self, item: _Waiting, t: float, y: list[float], c: tuple[float, ...]) -> list[float]:
        event = self.events[item.event]
        values = item.values if item.values is not None else self._values(item.event, t, y, c)
        states, scales = self.kernel.equations.states, self.kernel.equations.scales
        after = list(y)
        resized: dict[str, float] = {}
        for (target, _), value in zip(event.assignments, values, strict=True):
            i = states.index(target)
            after[i] = value
            resized[target] = value
        # a concentration is meant in the size after the event
        everything = self.kernel.everything(t, tuple(y), c)
        for target, value in resized.items():
            i = states.index(target)
            scale = scales[i]
            if scale is not None:
                after[i] = value * resized.get(scale, everything[self.kernel.quantities.index(scale)])
        return after
