"""Events of one lane: triggers, priorities and assignments as SBML defines them, for events without delay."""

from __future__ import annotations

from serdsim.codegen.equations import Equations
from serdsim.codegen.frame import SystemFrame
from serdsim.codegen.ir import Value, double_bits
from serdsim.codegen.layout import FAILED, STATUS, Layout
from serdsim.codegen.system import System
from serdsim.model.expression import Apply, walk

_MOST_PER_INSTANT = 10_000


def events_supported(equations: Equations) -> bool:
    """Return whether the compiled driver can run these events: no delays, and no trigger that is true for one instant only."""
    for event in equations.events:
        instants = (isinstance(part, Apply) and part.op in ("eq", "neq") for part in walk(event.trigger))
        if event.delay is not None or any(instants):
            return False
    return True


def event_functions(system: System, layout: Layout, lanes: int, *, fma: bool) -> list[str]:
    """Return the IR of ``events(args, lane)`` and ``begin_events(args, lane)``; nothing for a model without events."""
    if not system.triggers:
        return []
    return [_Begin(system, layout, lanes, fma=fma).text(), _Events(system, layout, lanes, fma=fma).text()]


class _Begin(SystemFrame):
    def text(self) -> str:
        for k, event in enumerate(self.system.equations.events):
            place = self.element("was", str(k), "%lane")
            self.code.put(double_bits(float(event.initial_value)), self.block("was"), place, "double")
            self.code.put("0.0", self.block("waits"), place, "double")
        self.set_lane_clock("noticed", "%lane", "0.0")
        return self.code.function("internal void @begin_events(ptr noalias %args, i64 %lane) noinline nounwind")


class _Events(SystemFrame):
    """Notice triggers and execute what waits, one after the other, until nothing waits."""

    def __init__(self, system: System, layout: Layout, lanes: int, *, fma: bool) -> None:
        super().__init__(system, layout, lanes, fma=fma)
        self.events = system.equations.events
        self.first: list[int] = []
        count = 0
        for event in self.events:
            self.first.append(count)
            count += len(event.assignments)

    def text(self) -> str:
        code = self.code
        done = code.slot("i64")
        code.write(0, done, "i64")
        with code.repeat() as (_, out):
            self._look()
            for k in range(len(self.events)):
                self._notice(k)
            best = self._best()
            code.leave(code.new(f"icmp slt i64 {best}, 0"), out)
            code.do("call void @measure(ptr %args, i64 %lane)")
            for k in range(len(self.events)):
                with code.when(code.new(f"icmp eq i64 {best}, {k}")):
                    self._execute(k)
            rounds = code.integer("add", code.read(done, "i64"), 1)
            code.write(rounds, done, "i64")
            endless = code.new(f"icmp sgt i64 {rounds}, {_MOST_PER_INSTANT}")
            with code.when(endless):
                self._fail("step_limit")
            code.leave(endless, out)
        return code.function("internal void @events(ptr noalias %args, i64 %lane) noinline nounwind")

    def _look(self) -> None:
        """Compute triggers right after this instant, priorities and values as they are now."""
        code = self.code
        code.store(self.later(past=True), self.clock_place("before"))
        self.live("triggers", self.block("y"), self.clock_place("before"), self.block("is"))
        self.live("assigned", self.block("y"), self.clock_place("t"), self.block("values"))
        if any(event.priority is not None for event in self.events):
            self.live("priorities", self.block("y"), self.clock_place("t"), self.block("rank"))

    def _number(self, block: str, index: int) -> Value:
        return self.code.get(self.block(block), self.element(block, str(index), "%lane"), "double")

    def _set(self, block: str, index: int, value: Value) -> None:
        self.code.put(value, self.block(block), self.element(block, str(index), "%lane"), "double")

    def _notice(self, k: int) -> None:
        code, event = self.code, self.events[k]
        was = code.new(f"fcmp one double {self._number('was', k)}, 0.0")
        now = code.new(f"fcmp one double {self._number('is', k)}, 0.0")
        rises = code.new(f"and i1 {now}, {code.new(f'xor i1 {was}, true')}")
        with code.when(rises):
            with code.when(code.new(f"fcmp one double {self._number('waits', k)}, 0.0")):
                self._fail("handed_over")  # it waits twice
            self._set("waits", k, "1.0")
            order = self.lane_clock("noticed", "%lane")
            self._set("order", k, order)
            self.set_lane_clock("noticed", "%lane", code.scalar("fadd", order, "1.0"))
            for j in range(len(event.assignments)):
                self._set("held", self.first[k] + j, self._number("values", self.first[k] + j))
        if not event.persistent:
            with code.when(code.new(f"and i1 {was}, {code.new(f'xor i1 {now}, true')}")):
                self._set("waits", k, "0.0")
        self._set("was", k, self._number("is", k))

    def _best(self) -> Value:
        """Return the event that comes next, -1 for none: highest priority first, then those without, in their order."""
        code = self.code
        best, rank, order = code.slot("i64"), code.slot("double"), code.slot("double")
        code.write(-1, best, "i64")
        for slot in (rank, order):
            code.write("0xFFF0000000000000", slot, "double")
        for k, event in enumerate(self.events):
            mine = "0xFFF0000000000000" if event.priority is None else self._number("rank", k)
            first = code.new(f"fneg double {self._number('order', k)}")
            higher = code.new(f"fcmp ogt double {mine}, {code.read(rank, 'double')}")
            equal = code.new(f"fcmp oeq double {mine}, {code.read(rank, 'double')}")
            none = code.new(f"icmp slt i64 {code.read(best, 'i64')}, 0")
            sooner = code.new(f"and i1 {equal}, {code.new(f'fcmp ogt double {first}, ' + code.read(order, 'double'))}")
            waits = code.new(f"fcmp one double {self._number('waits', k)}, 0.0")
            if event.priority is not None:
                tie = code.new(f"and i1 {waits}, {code.new(f'and i1 {equal}, ' + code.new(f'xor i1 {none}, true'))}")
                with code.when(tie):
                    self._fail("handed_over")  # equal priorities are tossed for
            wins = code.new(f"or i1 {none}, {code.new(f'or i1 {higher}, {sooner}')}")
            with code.when(code.new(f"and i1 {waits}, {wins}")):
                code.write(k, best, "i64")
                code.write(mine, rank, "double")
                code.write(first, order, "double")
        return code.read(best, "i64")

    def _execute(self, k: int) -> None:
        code, event = self.code, self.events[k]
        self._set("waits", k, "0.0")
        source = "held" if event.values_from_trigger_time else "values"
        states = self.system.equations.states
        for j, (target, _) in enumerate(event.assignments):
            row = states.index(target)
            # a concentration is meant in the size before the event
            value = code.scalar("fmul", self._number(source, self.first[k] + j), self._number("sizes", row))
            self._set("y", row, value)
        self.begin_anew("%lane")

    def _fail(self, why: str) -> None:
        self.set_lane_number("flag", "%lane", FAILED)
        self.set_lane_clock("arrived", "%lane", double_bits(float(STATUS.index(why))))
