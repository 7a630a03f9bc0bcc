"""One lane: an individual comes in, is dosed, and is handed over."""

from __future__ import annotations

from serdsim.codegen.frame import Frame
from serdsim.codegen.ir import Value
from serdsim.codegen.layout import ADD, ARRIVED, NEEDED, RESET, RUNNING, SEE, SET_INPUT, SET_STATE
from serdsim.codegen.native_output import set_row_time, write_outputs

_NEVER = "0x7FF0000000000000"


def copy_lane(frame: Frame, count: int, source: str, target: str, lane: Value) -> None:
    """Copy one lane of a block to another block."""
    code = frame.code
    with code.each(count) as i:
        place = frame.element(source, i, lane)
        code.put(code.get(frame.block(source), place, "double"), frame.block(target), place, "double")


def place_of_individual(frame: Frame, row: Value, lane: Value) -> Value:
    """Return the position of a row of the individual of a lane, in an array with one column per individual."""
    code = frame.code
    return code.integer("add", code.integer("mul", row, frame.argument("individuals")), frame.lane_number("individual", lane))


class Finish(Frame):
    """`finish(args, lane, status)`: the result of an individual is handed over, its lane needs another one."""

    def text(self) -> str:
        """Return the IR of the function."""
        code = self.code
        individual = self.lane_number("individual", "%lane")
        code.put("%status", self.argument("status"), individual, "i64")
        for name in ("accepted", "refused"):
            whole = code.new(f"fptosi double {self.lane_clock(name, '%lane')} to i64")
            code.put(whole, self.argument(name), individual, "i64")
        code.put(self.lane_clock("t", "%lane"), self.argument("fail_times"), individual, "double")
        self._hand_over("y", "final", self.layout.states)
        if self.layout.parameters:
            self._hand_over("s", "final_s", self.layout.states * self.layout.parameters)
        self.set_lane_number("flag", "%lane", NEEDED)
        return code.function("internal void @finish(ptr noalias %args, i64 %lane, i64 %status) noinline nounwind")

    def _hand_over(self, block: str, result: str, count: int) -> None:
        code = self.code
        with code.each(count) as i:
            value = code.get(self.block(block), self.element(block, i, "%lane"), "double")
            code.put(value, self.argument(result), place_of_individual(self, i, "%lane"), "double")


class Load(Frame):
    """`load(args, lane)`: the next individual enters the lane, or the lane rests."""

    def text(self) -> str:
        """Return the IR of the function."""
        code = self.code
        counter = self.argument("next")
        number = code.get(counter, 0, "i64")
        there = code.new(f"icmp slt i64 {number}, {self.argument('individuals')}")
        self._rest("%lane")
        with code.when(there):
            code.put(code.integer("add", number, 1), counter, 0, "i64")
            self.set_lane_number("individual", "%lane", number)
            self._bring("given", "g", self.layout.given)
            if seeds := dict(self.layout.more).get("dg", 0):
                self._bring("seeds", "dg", seeds)
            for name, at in (("item", 0), ("last_item", 1)):
                self.set_lane_number(name, "%lane", code.get(self.argument("starts"), code.integer("add", number, at), "i64"))
            self._clock()
            self.set_lane_number("flag", "%lane", ARRIVED)
        return code.function("internal void @load(ptr noalias %args, i64 %lane) noinline nounwind")

    def _bring(self, source: str, block: str, count: int) -> None:
        code = self.code
        with code.each(count) as i:
            value = code.get(self.argument(source), place_of_individual(self, i, "%lane"), "double")
            code.put(value, self.block(block), self.element(block, i, "%lane"), "double")

    def _rest(self, lane: Value) -> None:
        self.set_lane_number("flag", lane, RUNNING)
        for name, value in (("t", "0.0"), ("stop", "1.0"), ("h", "1.0"), ("active", "0.0"), ("row_time", _NEVER)):
            self.set_lane_clock(name, lane, value)

    def _clock(self) -> None:
        values = {
            "t": self.setting("start"), "h": "0.0", "after_stop": "0.0", "fresh_stop": "1.0", "rejected": "0.0", "attempts": "0.0",
            "settled": "0xFFF0000000000000",
            "accepted": "0.0", "refused": "0.0", "active": "1.0",
        }  # fmt: skip
        for name, value in values.items():
            self.set_lane_clock(name, "%lane", value)
        self.set_lane_number("row", "%lane", 0)
        self.set_lane_number("last_row", "%lane", self._rows())
        set_row_time(self, "%lane", self.lane_number("row", "%lane"))

    def _rows(self) -> Value:
        """Return how many finite output times the individual has."""
        code = self.code
        base = code.integer("mul", self.lane_number("individual", "%lane"), self.argument("times_stride"))
        count = code.slot("i64")
        code.write(0, count, "i64")
        with code.repeat() as (_, out):
            now = code.read(count, "i64")
            code.leave(code.new(f"icmp sge i64 {now}, {self.argument('row_count')}"), out)
            time = code.get(self.argument("times"), code.integer("add", base, now), "double")
            code.leave(code.new(f"fcmp uge double {time}, {_NEVER}"), out)
            code.write(code.integer("add", now, 1), count, "i64")
        return code.read(count, "i64")


class Measure(Frame):
    """`measure(args, lane)`: the sizes of the lane's compartments as they are now; other lanes keep theirs."""

    def text(self) -> str:
        """Return the IR of the function."""
        self.live("sizes", self.block("y"), self.clock_place("t"), self.block("spare_u"))
        copy_lane(self, self.layout.states, "spare_u", "sizes", "%lane")
        return self.code.function("internal void @measure(ptr noalias %args, i64 %lane) noinline nounwind")


class Items(Frame):
    """`items(args, lane)`: what the schedule holds for this instant, in its order."""

    def text(self) -> str:
        """Return the IR of the function."""
        code = self.code
        t = self.lane_clock("t", "%lane")
        self.until = code.scalar("fadd", t, self.hair(t))
        with code.repeat() as (_, out):
            item = self.lane_number("item", "%lane")
            code.leave(code.new(f"icmp sge i64 {item}, {self.lane_number('last_item', '%lane')}"), out)
            time = code.get(self.argument("item_times"), item, "double")
            code.leave(code.new(f"fcmp ogt double {time}, {self.until}"), out)
            kind = code.get(self.argument("item_kinds"), item, "i64")
            target = code.get(self.argument("item_targets"), item, "i64")
            value = code.get(self.argument("item_values"), item, "double")
            for number, body in ((ADD, self._add), (SET_STATE, self._set_state), (SET_INPUT, self._set_input), (RESET, self._reset)):
                with code.when(code.new(f"icmp eq i64 {kind}, {number}")):
                    body(target, value)
            with code.when(code.new(f"icmp eq i64 {kind}, {SEE}")):
                self._see(target)
            with code.when(code.new(f"icmp ne i64 {kind}, {SEE}")):
                code.do("call void @measure(ptr %args, i64 %lane)")
                self.begin_anew("%lane")
            self.set_lane_number("item", "%lane", code.integer("add", item, 1))
        return code.function("internal void @items(ptr noalias %args, i64 %lane) noinline nounwind")

    def _add(self, target: Value, value: Value) -> None:
        place = self.element("y", target, "%lane")
        old = self.code.get(self.block("y"), place, "double")
        self.code.put(self.code.scalar("fadd", old, value), self.block("y"), place, "double")

    def _set_state(self, target: Value, value: Value) -> None:
        place = self.element("y", target, "%lane")
        size = self.code.get(self.block("sizes"), place, "double")
        self.code.put(self.code.scalar("fmul", value, size), self.block("y"), place, "double")
        self._forget(0, target)

    def _set_input(self, target: Value, value: Value) -> None:
        code = self.code
        code.put(value, self.block("p"), self.element("p", target, "%lane"), "double")
        code.do(f"call void @block(ptr {self.block('p')}, ptr {self.block('c')})")
        self._forget(1, target)

    def _forget(self, kind: int, target: Value) -> None:
        if self.layout.parameters:
            self.code.do(f"call void @s_forget(ptr %args, i64 %lane, i64 {kind}, i64 {target})")

    def _reset(self, target: Value, value: Value) -> None:
        copy_lane(self, self.layout.states, "begin", "y", "%lane")
        if self.layout.parameters:
            copy_lane(self, self.layout.states * self.layout.parameters, "s_begin", "s", "%lane")

    def _see(self, target: Value) -> None:
        self.live("observe", self.block("y"), self.clock_place("t"), self.block("o"))
        if self.layout.parameters:
            self.code.do(f"call void @s_show(ptr %args, ptr {self.clock_place('t')})")
        write_outputs(self, "%lane", target)
