"""The opening of a driver function: names of the arguments, of the blocks and of the clock."""

from __future__ import annotations

from serdsim.codegen.ir import Code, Value
from serdsim.codegen.layout import ARGUMENTS, CLOCK, LANE, SETTINGS, Layout
from serdsim.codegen.system import System

_COUNTS = ("times_stride", "individuals", "row_count", "output_rows")


class Frame:
    """Code with access by name to everything that a batch holds in memory."""

    def __init__(self, layout: Layout, lanes: int, *, fma: bool) -> None:
        self.layout, self.lanes = layout, lanes
        self.code = Code(lanes, fma=fma)
        self.named: dict[str, Value] = {}
        self.work = self.argument("work")

    def argument(self, name: str) -> Value:
        """Return an argument: a pointer, or a count."""
        if name not in self.named:
            at = f"%at_{name}"
            kind = "i64" if name in _COUNTS else "ptr"
            self.code.slots.append(f"  {at} = getelementptr i64, ptr %args, i64 {ARGUMENTS.index(name)}")
            self.code.slots.append(f"  %arg_{name} = load {kind}, ptr {at}")
            self.named[name] = f"%arg_{name}"
        return self.named[name]

    def block(self, name: str) -> Value:
        """Return the address of a block."""
        key = f"block {name}"
        if key not in self.named:
            self.code.slots.append(f"  %block_{name} = getelementptr {self.code.vector}, ptr {self.work}, i64 {self.layout.offset(name)}")
            self.named[key] = f"%block_{name}"
        return self.named[key]

    def setting(self, name: str) -> Value:
        """Return a setting as a scalar."""
        key = f"setting {name}"
        if key not in self.named:
            base, at = self.argument("settings"), f"%at_set_{name}"
            self.code.slots.append(f"  {at} = getelementptr double, ptr {base}, i64 {SETTINGS.index(name)}")
            self.code.slots.append(f"  %set_{name} = load double, ptr {at}")
            self.named[key] = f"%set_{name}"
        return self.named[key]

    def spread(self, scalar: Value) -> Value:
        """Return a scalar in all lanes."""
        code = self.code
        one = code.new(f"insertelement {code.vector} poison, double {scalar}, i64 0")
        return code.new(f"shufflevector {code.vector} {one}, {code.vector} poison, <{self.lanes} x i32> zeroinitializer")

    def clock(self, name: str) -> Value:
        """Return a vector of the clock."""
        return self.code.load(self.block("clock"), CLOCK.index(name))

    def set_clock(self, name: str, value: Value) -> None:
        """Set a vector of the clock."""
        self.code.store(value, self.block("clock"), CLOCK.index(name))

    def clock_place(self, name: str) -> Value:
        """Return the address of a vector of the clock."""
        return self.code.at(self.block("clock"), CLOCK.index(name))

    def lane_clock(self, name: str, lane: Value) -> Value:
        """Return one lane of the clock."""
        return self.code.get(self.block("clock"), self.code.integer("add", lane, CLOCK.index(name) * self.lanes), "double")

    def set_lane_clock(self, name: str, lane: Value, value: Value) -> None:
        """Set one lane of the clock."""
        self.code.put(value, self.block("clock"), self.code.integer("add", lane, CLOCK.index(name) * self.lanes), "double")

    def lane_number(self, name: str, lane: Value) -> Value:
        """Return an integer of a lane."""
        return self.code.get(self.argument("ints"), self.code.integer("add", lane, LANE.index(name) * self.lanes), "i64")

    def set_lane_number(self, name: str, lane: Value, value: Value | int) -> None:
        """Set an integer of a lane."""
        self.code.put(value, self.argument("ints"), self.code.integer("add", lane, LANE.index(name) * self.lanes), "i64")

    def element(self, block: str, index: Value, lane: Value) -> Value:
        """Return the position of `block[index]` in one lane, in doubles from the block's begin."""
        code = self.code
        return code.integer("add", code.integer("mul", index, self.lanes), lane)

    def hair(self, t: Value) -> Value:
        """Return how far another time may lie from `t` and still mean the same instant."""
        code = self.code
        size = code.new(f"call double @llvm.fabs.f64(double {t})")
        larger = code.new(f"call double @llvm.maxnum.f64(double {size}, double 1.0)")
        return code.scalar("fmul", larger, "0x3D719799812DEA11")

    def later(self, *, past: bool) -> Value:
        """Return the times right after the present ones, or past the width of the instant."""
        code = self.code
        t = self.clock("t")
        size = code.call("llvm.fabs", t)
        if not past:
            return code.add(code.add(t, code.mul(size, code.splat(2.0**-52))), code.splat(1e-300))
        wide = code.select(code.compare("ogt", size, code.splat(1.0)), size, code.splat(1.0))
        return code.add(t, code.mul(wide, code.splat(2e-12)))

    def begin_anew(self, lane: Value) -> None:
        """Begin anew after a change: the first step is about that after the last change, where there was one."""
        code = self.code
        self.set_lane_clock("fresh_stop", lane, "1.0")
        known = self.lane_clock("after_stop", lane)
        with code.when(code.new(f"fcmp ogt double {known}, 0.0")):
            larger = code.scalar("fmul", known, self.setting("memory"))
            smaller = code.new(f"call double @llvm.minnum.f64(double {self.lane_clock('h', lane)}, double {larger})")
            self.set_lane_clock("h", lane, smaller)

    def live(self, function: str, y: str, t: str, out: str, extra: str = "") -> None:
        """Call a function of the model."""
        c, z = self.block("c"), self.block("z")
        self.code.do(f"call void @{function}(ptr {y}, ptr {c}, ptr {z}, ptr {t}, ptr {out}{extra})")


class SystemFrame(Frame):
    """A frame whose code depends on the system."""

    def __init__(self, system: System, layout: Layout, lanes: int, *, fma: bool) -> None:
        super().__init__(layout, lanes, fma=fma)
        self.system = system
