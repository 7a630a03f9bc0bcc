"""What happens to a lane between steps: doses, changed inputs, outputs of the instant, the next individual."""

from __future__ import annotations

from collections.abc import Callable

from serdsim.codegen.frame import Frame, SystemFrame
from serdsim.codegen.ir import Value, double_bits
from serdsim.codegen.layout import ARRIVED, FAILED, NEEDED, RUNNING, Layout
from serdsim.codegen.native_first import FirstStep
from serdsim.codegen.native_lane import Finish, Items, Load, Measure, copy_lane
from serdsim.codegen.native_output import row_place, set_row_time, write_outputs
from serdsim.codegen.system import System


def service_functions(system: System, layout: Layout, lanes: int, *, fma: bool) -> list[str]:
    """Return the IR of ``service(args)`` and of what it calls."""
    return [
        Finish(layout, lanes, fma=fma).text(),
        Load(layout, lanes, fma=fma).text(),
        Measure(layout, lanes, fma=fma).text(),
        Items(layout, lanes, fma=fma).text(),
        _Settle(system, layout, lanes, fma=fma).text(),
        FirstStep(layout, lanes, fma=fma).text(),
        _Service(system, layout, lanes, fma=fma).text(),
    ]


class _Settle(SystemFrame):
    """`settle(args, lane)`: after the items of an instant; writes its outputs and finds the next stop, or ends the lane."""

    def text(self) -> str:
        code = self.code
        if self.layout.comparisons:
            copy_lane(self, self.layout.comparisons, "new_z", "z", "%lane")
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
        self._count_anew(t)
        over = code.new(f"icmp sge i64 {self.lane_number('row', '%lane')}, {self.lane_number('last_row', '%lane')}")
        more = code.new(f"xor i1 {code.new(f'and i1 {over}, {self._past_end(until)}')}, true")
        with code.when(code.new(f"xor i1 {more}, true")):
            code.do("call void @finish(ptr %args, i64 %lane, i64 0)")
        with code.when(more):
            self.set_lane_clock("stop", "%lane", self._next_stop(until))
        return code.function("internal void @settle(ptr noalias %args, i64 %lane) noinline nounwind")

    def _count_anew(self, t: Value) -> None:
        """Let the lane have all its attempts again, unless time stands still since the last instant."""
        code = self.code
        before = self.lane_clock("settled", "%lane")
        moved = code.scalar("fsub", t, before)
        with code.when(code.new(f"fcmp ogt double {moved}, {code.scalar('fmul', self.hair(t), double_bits(0.1))}")):
            self.set_lane_clock("attempts", "%lane", "0.0")
        self.set_lane_clock("settled", "%lane", t)

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
                consider(double_bits(part.value))
            else:
                place = self.element("c", str(int(part.name[2:])), "%lane")
                consider(code.get(self.block("c"), place, "double"))
        return code.read(best, "double")


def _grow_biggest(frame: Frame) -> None:
    """Raise the largest size of each state seen so far to the present one."""
    code = frame.code
    with code.each(frame.layout.states) as i:
        place = frame.element("y", i, "%lane")
        value = code.get(frame.block("y"), place, "double")
        size = code.new(f"call double @llvm.fabs.f64(double {value})")
        old = code.get(frame.block("biggest"), place, "double")
        code.put(code.new(f"call double @llvm.maxnum.f64(double {old}, double {size})"), frame.block("biggest"), place, "double")


class _Service(SystemFrame):
    """`service(args)`: looks after all lanes that do not simply go on."""

    def text(self) -> str:
        code = self.code
        with code.repeat() as (_, out):
            self._replace()
            code.leave(code.new(f"xor i1 {self._any(ARRIVED)}, true"), out)
            self._each(ARRIVED, lambda lane: code.do(f"call void @measure(ptr %args, i64 {lane})"))
            self._each(ARRIVED, lambda lane: code.do(f"call void @items(ptr %args, i64 {lane})"))
            if self.layout.events:
                self._each(ARRIVED, lambda lane: code.do(f"call void @events(ptr %args, i64 {lane})"))
            if self.layout.comparisons:
                self._compare()
            if self.layout.outputs:
                self._observe()
            self._each(ARRIVED, lambda lane: code.do(f"call void @settle(ptr %args, i64 {lane})"))
            self._first_steps()
        return code.function("internal void @service(ptr noalias %args) noinline nounwind")

    def _observe(self) -> None:
        """Compute the outputs right after this instant, where a comparison of time may turn."""
        moment = "t"
        if self.layout.comparisons:
            moment = "before"
            size = self.code.call("llvm.fabs", self.clock("t"))
            later = self.code.add(self.clock("t"), self.code.mul(size, self.code.splat(2.0**-52)))
            self.code.store(later, self.clock_place(moment))
        self.live("observe", self.block("y"), self.clock_place(moment), self.block("o"))
        if self.layout.parameters:
            self.code.do(f"call void @s_show(ptr %args, ptr {self.clock_place(moment)})")

    def _compare(self) -> None:
        """Take the comparisons as they are after this instant: those of time past its width, located ones right after it."""
        code = self.code
        code.store(self.later(past=True), self.clock_place("before"))
        self.live("compare", self.block("y"), self.clock_place("before"), self.block("new_z"))
        if self.system.located:
            code.store(self.later(past=False), self.clock_place("before"))
            self.live("compare", self.block("y"), self.clock_place("before"), self.block("soon_z"))
            for k in self.system.located:
                code.store(code.load(self.block("soon_z"), k), self.block("new_z"), k)

    def _flags(self) -> Value:
        return self.code.new(f"load {self.code.longs}, ptr {self.argument('ints')}, align {8 * self.lanes}")

    def _any(self, flag: int) -> Value:
        return self.code.any(self.code.new(f"icmp eq {self.code.longs} {self._flags()}, splat (i64 {flag})"))

    def _each(self, flag: int, body: Callable[[Value], None]) -> None:
        code = self.code
        with code.each(self.lanes) as lane, code.when(code.new(f"icmp eq i64 {self.lane_number('flag', lane)}, {flag}")):
            body(lane)

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
            if self.layout.parameters:
                blocks = ", ".join(f"ptr {self.block(name)}" for name in ("g", "dg", "new_s", "new_dp"))
                code.do(f"call void @s_start({blocks})")
            with code.each(self.lanes) as lane:
                bit = code.integer("and", code.integer("lshr", code.read(fresh, "i64"), lane), 1)
                with code.when(code.new(f"icmp ne i64 {bit}, 0")):
                    self._begin(lane)
            code.do(f"call void @block(ptr {self.block('p')}, ptr {self.block('c')})")
            if self.layout.parameters:
                code.do(f"call void @s_block(ptr {self.block('p')}, ptr {self.block('dp')}, ptr {self.block('dc')})")

    def _begin(self, lane: Value) -> None:
        code = self.code
        copy_lane(self, self.layout.inputs, "new_p", "p", lane)
        copy_lane(self, self.layout.states, "y1", "begin", lane)
        copy_lane(self, self.layout.states, "y1", "y", lane)
        individual = self.lane_number("individual", lane)
        with code.when(code.new(f"icmp ne ptr {self.argument('initial')}, null")), code.each(self.layout.states) as i:
            place = code.integer("add", code.integer("mul", i, self.argument("individuals")), individual)
            code.put(code.get(self.argument("initial"), place, "double"), self.block("y"), self.element("y", i, lane), "double")
        with code.each(self.layout.states) as i:
            code.put("0.0", self.block("biggest"), self.element("biggest", i, lane), "double")
        self.set_lane_clock("end", lane, code.get(self.argument("ends"), individual, "double"))
        if self.layout.parameters:
            code.do(f"call void @s_begin_lane(ptr %args, i64 {lane})")
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
