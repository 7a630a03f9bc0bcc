"""What happens to a lane between steps: doses, changed inputs, outputs of the instant, the next individual."""

from __future__ import annotations

from serdsim.codegen.frame import Frame
from serdsim.codegen.ir import Value
from serdsim.codegen.layout import ADD, ARRIVED, FAILED, NEEDED, RESET, RUNNING, SEE, SET_INPUT, SET_STATE, Layout
from serdsim.codegen.native_output import row_place, set_row_time, write_outputs
from serdsim.codegen.system import System

_NEVER = "0x7FF0000000000000"


def service_functions(system: System, layout: Layout, lanes: int, *, fma: bool) -> list[str]:
    """Return the IR of ``service(args)`` and of what it calls."""
    return [
        _Finish(layout, lanes, fma=fma).text(),
        _Load(layout, lanes, fma=fma).text(),
        _Items(layout, lanes, fma=fma).text(),
        _Settle(system, layout, lanes, fma=fma).text(),
        _FirstStep(layout, lanes, fma=fma).text(),
        _Service(system, layout, lanes, fma=fma).text(),
    ]


def _copy_lane(frame: Frame, count: int, source: str, target: str, lane: Value) -> None:
    code = frame.code
    with code.each(count) as i:
        place = frame.element(source, i, lane)
        code.put(code.get(frame.block(source), place, "double"), frame.block(target), place, "double")


class _Finish(Frame):
    """`finish(args, lane, status)`: the result of an individual is handed over, its lane needs another one."""

    def text(self) -> str:
        code = self.code
        individual = self.lane_number("individual", "%lane")
        code.put("%status", self.argument("status"), individual, "i64")
        for name in ("accepted", "refused"):
            whole = code.new(f"fptosi double {self.lane_clock(name, '%lane')} to i64")
            code.put(whole, self.argument(name), individual, "i64")
        code.put(self.lane_clock("t", "%lane"), self.argument("fail_times"), individual, "double")
        with code.each(self.layout.states) as i:
            value = code.get(self.block("y"), self.element("y", i, "%lane"), "double")
            place = code.integer("add", code.integer("mul", i, self.argument("individuals")), individual)
            code.put(value, self.argument("final"), place, "double")
        self.set_lane_number("flag", "%lane", NEEDED)
        return code.function("internal void @finish(ptr noalias %args, i64 %lane, i64 %status) noinline nounwind")


class _Load(Frame):
    """`load(args, lane)`: the next individual enters the lane, or the lane rests."""

    def text(self) -> str:
        code = self.code
        counter = self.argument("next")
        number = code.get(counter, 0, "i64")
        there = code.new(f"icmp slt i64 {number}, {self.argument('individuals')}")
        self._rest("%lane")
        with code.when(there):
            code.put(code.integer("add", number, 1), counter, 0, "i64")
            self.set_lane_number("individual", "%lane", number)
            with code.each(self.layout.given) as i:
                place = code.integer("add", code.integer("mul", i, self.argument("individuals")), number)
                code.put(code.get(self.argument("given"), place, "double"), self.block("g"), self.element("g", i, "%lane"), "double")
            for name, at in (("item", 0), ("last_item", 1)):
                self.set_lane_number(name, "%lane", code.get(self.argument("starts"), code.integer("add", number, at), "i64"))
            self._clock()
            self.set_lane_number("flag", "%lane", ARRIVED)
        return code.function("internal void @load(ptr noalias %args, i64 %lane) noinline nounwind")

    def _rest(self, lane: Value) -> None:
        self.set_lane_number("flag", lane, RUNNING)
        for name, value in (("t", "0.0"), ("stop", "1.0"), ("h", "1.0"), ("active", "0.0"), ("row_time", _NEVER)):
            self.set_lane_clock(name, lane, value)

    def _clock(self) -> None:
        values = {
            "t": self.setting("start"), "h": "0.0", "after_stop": "0.0", "fresh_stop": "1.0", "rejected": "0.0", "attempts": "0.0",
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


class _Items(Frame):
    """`items(args, lane)`: what the schedule holds for this instant, in its order."""

    def text(self) -> str:
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

    def _set_input(self, target: Value, value: Value) -> None:
        code = self.code
        code.put(value, self.block("p"), self.element("p", target, "%lane"), "double")
        code.do(f"call void @block(ptr {self.block('p')}, ptr {self.block('c')})")
        self.live("sizes", self.block("y"), self.clock_place("t"), self.block("sizes"))

    def _reset(self, target: Value, value: Value) -> None:
        _copy_lane(self, self.layout.states, "begin", "y", "%lane")

    def _see(self, target: Value) -> None:
        self.live("observe", self.block("y"), self.clock_place("t"), self.block("o"))
        write_outputs(self, "%lane", target)


class _Settle(Frame):
    """`settle(args, lane)`: after the items of an instant; writes its outputs and finds the next stop, or ends the lane."""

    def __init__(self, system: System, layout: Layout, lanes: int, *, fma: bool) -> None:
        super().__init__(layout, lanes, fma=fma)
        self.system = system

    def text(self) -> str:
        code = self.code
        if self.layout.comparisons:
            _copy_lane(self, self.layout.comparisons, "new_z", "z", "%lane")
        _grow_biggest(self)
        t = self.lane_clock("t", "%lane")
        until = code.scalar("fadd", t, self.hair(t))
        with code.repeat() as (_, out):
            code.leave(code.new(f"fcmp ogt double {self.lane_clock('row_time', '%lane')}, {until}"), out)
            row = self.lane_number("row", "%lane")
            write_outputs(self, "%lane", row_place(self, "%lane", row))
            following = code.integer("add", row, 1)
            self.set_lane_number("row", "%lane", following)
            set_row_time(self, "%lane", following)
        self.set_lane_number("flag", "%lane", RUNNING)
        self.set_lane_clock("attempts", "%lane", "0.0")
        over = code.new(f"icmp sge i64 {self.lane_number('row', '%lane')}, {self.lane_number('last_row', '%lane')}")
        more = code.new(f"xor i1 {code.new(f'and i1 {over}, {self._past_end(until)}')}, true")
        with code.when(code.new(f"xor i1 {more}, true")):
            code.do("call void @finish(ptr %args, i64 %lane, i64 0)")
        with code.when(more):
            self.set_lane_clock("stop", "%lane", self._next_stop(until))
        return code.function("internal void @settle(ptr noalias %args, i64 %lane) noinline nounwind")

    def _past_end(self, until: Value) -> Value:
        return self.code.new(f"fcmp ole double {self._end()}, {until}")

    def _end(self) -> Value:
        """Return the last output time of the individual, placed rows included."""
        return self.lane_clock("end", "%lane")

    def _next_stop(self, until: Value) -> Value:
        code = self.code
        best = code.slot("double")
        code.write(self._end(), best, "double")

        def consider(time: Value) -> None:
            ahead = code.new(f"fcmp ogt double {time}, {until}")
            nearer = code.new(f"fcmp olt double {time}, {code.read(best, 'double')}")
            with code.when(code.new(f"and i1 {ahead}, {nearer}")):
                code.write(time, best, "double")

        item = self.lane_number("item", "%lane")
        with code.when(code.new(f"icmp slt i64 {item}, {self.lane_number('last_item', '%lane')}")):
            consider(code.get(self.argument("item_times"), item, "double"))
        for node in self.system.switches:
            part = self.system.graph.parts[node]
            if part.op == "const":
                consider(f"{_bits(part.value)}")
            else:
                place = self.element("c", str(int(part.name[2:])), "%lane")
                consider(code.get(self.block("c"), place, "double"))
        return code.read(best, "double")


def _bits(value: float) -> str:
    from serdsim.codegen.ir import double_bits

    return double_bits(value)


def _grow_biggest(frame: Frame) -> None:
    """Raise the largest size of each state seen so far to the present one."""
    code = frame.code
    with code.each(frame.layout.states) as i:
        place = frame.element("y", i, "%lane")
        value = code.get(frame.block("y"), place, "double")
        size = code.new(f"call double @llvm.fabs.f64(double {value})")
        old = code.get(frame.block("biggest"), place, "double")
        code.put(code.new(f"call double @llvm.maxnum.f64(double {old}, double {size})"), frame.block("biggest"), place, "double")


class _FirstStep(Frame):
    """`first_step(args)`: a first step size for lanes that have none, from two evaluations (Hairer, Norsett, Wanner)."""

    def text(self) -> str:
        code = self.code
        self.live("rhs", self.block("y"), self.clock_place("t"), self.block("u"))
        size, speed = self._norms("y", 0), self._norms("u", 0)
        tiny, usual = code.splat(1e-5), code.splat(0.01)
        known = code.both(code.compare("ogt", size, tiny), code.compare("ogt", speed, tiny))
        guess = code.select(known, code.mul(usual, code.div(size, speed)), code.splat(1e-6))
        room = code.sub(self.clock("stop"), self.clock("t"))
        guess = code.select(code.compare("olt", guess, room), guess, room)
        with code.each(self.layout.states) as i:
            moved = code.fma(guess, code.load(self.block("u"), i), code.load(self.block("y"), i))
            code.store(moved, self.block("y1"), i)
        second = code.at(self.block("spare_u"), 0)
        self.live("rhs", self.block("y1"), self.clock_place("t"), second)
        with code.each(self.layout.states) as i:
            code.store(code.sub(code.load(second, i), code.load(self.block("u"), i)), second, i)
        bend = code.div(self._norms("spare_u", 0), guess)
        most = code.select(code.compare("ogt", bend, speed), bend, speed)
        most = code.select(code.compare("ogt", most, code.splat(1e-15)), most, code.splat(1e-15))
        root = code.call("v_exp", code.mul(code.call("v_log", code.div(usual, most)), code.splat(0.2)))
        wide = code.mul(guess, code.splat(100.0))
        first = code.select(code.compare("olt", root, wide), root, wide)
        first = code.select(code.compare("ogt", first, code.splat(0.0)), first, code.splat(1e-6))
        old = self.clock("h")
        self.set_clock("h", code.select(code.compare("oeq", old, code.splat(0.0)), first, old))
        return code.function("internal void @first_step(ptr noalias %args) noinline nounwind")

    def _norms(self, block: str, offset: int) -> Value:
        """Return the largest value over its tolerance."""
        code = self.code
        rtol, atol = self.spread(self.setting("rtol")), self.spread(self.setting("atol"))
        slot = code.slot(code.vector)
        code.write("zeroinitializer", slot, code.vector)
        with code.each(self.layout.states) as i:
            scale = code.call("llvm.fabs", code.load(self.block("y"), i))
            weight = code.fma(rtol, scale, code.mul(atol, code.load(self.block("sizes"), i)))
            share = code.div(code.call("llvm.fabs", code.load(self.block(block), i)), weight)
            old = code.read(slot, code.vector)
            code.write(code.select(code.compare("ogt", share, old), share, old), slot, code.vector)
        return code.read(slot, code.vector)


class _Service(Frame):
    """`service(args)`: looks after all lanes that do not simply go on."""

    def __init__(self, system: System, layout: Layout, lanes: int, *, fma: bool) -> None:
        super().__init__(layout, lanes, fma=fma)
        self.system = system

    def text(self) -> str:
        code = self.code
        with code.repeat() as (_, out):
            self._replace()
            code.leave(code.new(f"xor i1 {self._any(ARRIVED)}, true"), out)
            self.live("sizes", self.block("y"), self.clock_place("t"), self.block("sizes"))
            self._each(ARRIVED, lambda lane: code.do(f"call void @items(ptr %args, i64 {lane})"))
            if self.layout.events:
                self._each(ARRIVED, lambda lane: code.do(f"call void @events(ptr %args, i64 {lane})"))
            if self.layout.comparisons:
                self._compare()
            if self.layout.outputs:
                self.live("observe", self.block("y"), self.clock_place("t"), self.block("o"))
            self._each(ARRIVED, lambda lane: code.do(f"call void @settle(ptr %args, i64 {lane})"))
            self._first_steps()
        return code.function("internal void @service(ptr noalias %args) noinline nounwind")

    def _compare(self) -> None:
        """Take the comparisons as they are right after this instant."""
        code = self.code
        t = self.clock("t")
        later = code.add(t, code.mul(code.call("llvm.fabs", t), code.splat(2.0**-52)))
        code.store(code.add(later, code.splat(1e-300)), self.clock_place("before"))
        self.live("compare", self.block("y"), self.clock_place("before"), self.block("new_z"))

    def _flags(self) -> Value:
        return self.code.new(f"load {self.code.longs}, ptr {self.argument('ints')}, align {8 * self.lanes}")

    def _any(self, flag: int) -> Value:
        return self.code.any(self.code.new(f"icmp eq {self.code.longs} {self._flags()}, splat (i64 {flag})"))

    def _each(self, flag: int, body: object) -> None:
        code = self.code
        with code.each(self.lanes) as lane, code.when(code.new(f"icmp eq i64 {self.lane_number('flag', lane)}, {flag}")):
            body(lane)  # type: ignore[operator]

    def _replace(self) -> None:
        """Hand over failed individuals, bring new ones, and compute where they start."""
        code = self.code

        def fail(lane: Value) -> None:
            why = code.new(f"fptosi double {self.lane_clock('arrived', lane)} to i64")
            code.do(f"call void @finish(ptr %args, i64 {lane}, i64 {why})")

        self._each(FAILED, fail)
        fresh = code.slot("i64")
        code.write(0, fresh, "i64")

        def load(lane: Value) -> None:
            code.do(f"call void @load(ptr %args, i64 {lane})")
            with code.when(code.new(f"icmp eq i64 {self.lane_number('flag', lane)}, {ARRIVED}")):
                code.write(code.integer("or", code.read(fresh, "i64"), code.integer("shl", 1, lane)), fresh, "i64")

        self._each(NEEDED, load)
        with code.when(code.new(f"icmp ne i64 {code.read(fresh, 'i64')}, 0")):
            code.do(f"call void @start(ptr {self.block('g')}, ptr {self.block('y1')}, ptr {self.block('new_p')})")
            with code.each(self.lanes) as lane:
                bit = code.integer("and", code.integer("lshr", code.read(fresh, "i64"), lane), 1)
                with code.when(code.new(f"icmp ne i64 {bit}, 0")):
                    self._begin(lane)
            code.do(f"call void @block(ptr {self.block('p')}, ptr {self.block('c')})")

    def _begin(self, lane: Value) -> None:
        code = self.code
        _copy_lane(self, self.layout.inputs, "new_p", "p", lane)
        _copy_lane(self, self.layout.states, "y1", "begin", lane)
        _copy_lane(self, self.layout.states, "y1", "y", lane)
        individual = self.lane_number("individual", lane)
        with code.when(code.new(f"icmp ne ptr {self.argument('initial')}, null")), code.each(self.layout.states) as i:
            place = code.integer("add", code.integer("mul", i, self.argument("individuals")), individual)
            code.put(code.get(self.argument("initial"), place, "double"), self.block("y"), self.element("y", i, lane), "double")
        with code.each(self.layout.states) as i:
            code.put("0.0", self.block("biggest"), self.element("biggest", i, lane), "double")
        self.set_lane_clock("end", lane, code.get(self.argument("ends"), individual, "double"))
        if self.layout.events:
            code.do(f"call void @begin_events(ptr %args, i64 {lane})")

    def _first_steps(self) -> None:
        code = self.code
        missing = code.compare("oeq", self.clock("h"), code.splat(0.0))
        with code.when(code.any(code.both(missing, code.compare("ogt", self.clock("active"), code.splat(0.5))))):
            code.do("call void @first_step(ptr %args)")


def run_function(layout: Layout, lanes: int, *, fma: bool) -> str:
    """Return the IR of ``run(args)``: all individuals of a batch, until none is left or the cancel word is set."""
    frame = Frame(layout, lanes, fma=fma)
    code = frame.code
    with code.each(lanes) as lane:
        frame.set_lane_number("flag", lane, NEEDED)
    with code.repeat() as (_, out):
        flags = code.new(f"load {code.longs}, ptr {frame.argument('ints')}, align {8 * lanes}")
        with code.when(code.any(code.new(f"icmp ne {code.longs} {flags}, zeroinitializer"))):
            code.do("call void @service(ptr %args)")
        active = code.any(code.compare("ogt", frame.clock("active"), code.splat(0.5)))
        code.leave(code.new(f"xor i1 {active}, true"), out)
        stop = code.new(f"load atomic i64, ptr {frame.argument('cancel')} monotonic, align 8")
        code.leave(code.new(f"icmp ne i64 {stop}, 0"), out)
        code.do("call void @step(ptr %args)")
    return code.function("void @run(ptr noalias %args) nounwind")
