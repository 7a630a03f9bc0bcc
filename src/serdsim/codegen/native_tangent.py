"""The tangent of a step in compiled code: stages of all columns after those of the step, dense output, end."""

from __future__ import annotations

from serdsim.codegen.columns import Columns
from serdsim.codegen.frame import Frame
from serdsim.codegen.ir import Value
from serdsim.codegen.layout import Layout
from serdsim.codegen.method import Method
from serdsim.codegen.native_lane import copy_lane, place_of_individual
from serdsim.codegen.native_output import dense_weights

_CACHE, _APART = 64, 8  # vectors between two of the same place, and how far apart the blocks are in this measure


def tangent_blocks(columns: Columns, states: int, stages: int, outputs: int) -> tuple[tuple[str, int], ...]:
    """Return the blocks that columns need, with their sizes in vectors."""
    every = _stride(len(columns.parameters) * states)
    return (
        *((name, every) for name in ("s", "s1", "s_begin", "new_s", "s_seen")), ("du", stages * every), ("s_at", states),
        ("dp", len(columns.inputs)), ("new_dp", len(columns.inputs)), ("dc", len(columns.block)), ("jv", len(columns.rates)),
        ("hv", len(columns.turn)), ("kv", len(columns.kept)), ("ov", len(columns.shown)), ("so", len(columns.parameters) * outputs),
        ("dg", len(columns.seeds)),
    )  # fmt: skip


def _stride(vectors: int) -> int:
    """Return the room for so many vectors: what is read together must not fall into the same few places of the first-level cache."""
    return vectors + (_APART - vectors) % _CACHE


def tangent_functions(columns: Columns, method: Method, layout: Layout, lanes: int, *, fma: bool) -> list[str]:
    """Return the IR of ``s_step(args)``, ``s_look(args, x)``, ``s_show(args, s, y, t)``, ``s_begin_lane`` and ``s_forget``."""
    return [
        _Step(method, layout, lanes, fma=fma).text(),
        _Look(method, layout, lanes, fma=fma).text(),
        _Show(layout, lanes, fma=fma).text(),
        _Begin(layout, lanes, fma=fma).text(),
        _Forget(columns, layout, lanes, fma=fma).text(),
    ]


class _Wide(Frame):
    """A frame with loops over all columns."""

    def __init__(self, layout: Layout, lanes: int, *, fma: bool) -> None:
        super().__init__(layout, lanes, fma=fma)
        self.n, self.every = layout.states, layout.states * layout.parameters
        self.stride = _stride(self.every)

    def combined(self, row: Value | int, weights: tuple[float, ...], block: str, size: int, start: Value | None = None) -> Value:
        """Return start + sum weights[j] block[j] in one row."""
        code, total = self.code, start
        for j, weight in enumerate(weights):
            if weight != 0.0:
                one = code.load(self.block(block), code.shift(row, j * size))
                total = code.mul(one, code.splat(weight)) if total is None else code.fma(one, code.splat(weight), total)
        return code.splat(0.0) if total is None else total

    def show(self, y: Value, t: Value, s: Value) -> None:
        """Write the derivatives of the outputs of the state y, whose columns are s."""
        code, outputs = self.code, self.layout.outputs
        with code.each(self.layout.parameters * outputs) as i:
            code.store(code.splat(0.0), self.block("so"), i)
        self.live("s_observe", y, t, self.block("ov"), f", ptr {self.block('dc')}, ptr {self.block('so')}")
        with code.each(self.layout.parameters) as k:
            x, b = code.at(s, code.integer("mul", k, self.n)), code.at(self.block("so"), code.integer("mul", k, outputs))
            code.do(f"call void @s_by_shown(ptr {self.block('ov')}, ptr {x}, ptr {b})")


class _Step(_Wide):
    """`s_step(args)`: columns of the stages and of the end, from the stages and the factors of the step just tried."""

    def __init__(self, method: Method, layout: Layout, lanes: int, *, fma: bool) -> None:
        super().__init__(layout, lanes, fma=fma)
        self.method = method

    def text(self) -> str:
        code, method = self.code, self.method
        taken = self.clock("taken")
        inverse = code.div(code.splat(1.0), taken)
        if method.implicit:
            unused = f", ptr {self.block('dc')}, ptr {self.block('du')}"
            self.live("s_keep", self.block("y"), self.clock_place("t"), self.block("kv"), unused)
        for i in range(method.stages):
            out = code.at(self.block("du"), i * self.stride)
            self._begin(i, out, inverse)
            code.store(code.fma(taken, code.splat(method.alpha[i]), self.clock("t")), self.clock_place("before"))
            more = f", ptr {self.block('dc')}, ptr {out}"
            self.live("s_rates", self.block("s_at"), self.clock_place("before"), self.block("jv"), more)
            if method.implicit:
                code.store(code.mul(taken, code.splat(method.d[i])), self.clock_place("spare"))
                more += f", ptr {code.at(self.block('u'), i * self.n)}, ptr {self.clock_place('spare')}, ptr {self.block('kv')}"
                self.live("s_turn", self.block("y"), self.clock_place("t"), self.block("hv"), more)
            with code.each(self.layout.parameters) as k:
                first = code.integer("mul", k, self.n)
                x, s, b = (code.at(base, first) for base in (self.block("s_seen"), self.block("s"), out))
                code.do(f"call void @s_by_rates(ptr {self.block('jv')}, ptr {x}, ptr {b})")
                if method.implicit and self.n:
                    code.do(f"call void @s_by_turn(ptr {self.block('hv')}, ptr {s}, ptr {b})")
                    code.do(f"call void @solve(ptr {self.block('w')}, ptr {b})")
                else:
                    with code.each(self.n) as row:
                        code.store(code.mul(code.load(b, row), taken), b, row)
        with code.each(self.every) as row:
            end = self.combined(row, method.m, "du", self.stride, code.load(self.block("s"), row))
            code.store(end, self.block("s1"), row)
        return code.function("internal void @s_step(ptr noalias %args) noinline nounwind")

    def _begin(self, i: int, out: Value, inverse: Value) -> None:
        """Write where the stage is taken, its columns to s_seen, and to du[i] what earlier stages add."""
        code, method = self.code, self.method
        with code.each(self.n) as row:
            code.store(self.combined(row, method.a[i], "u", self.n, code.load(self.block("y"), row)), self.block("s_at"), row)
        with code.each(self.every) as row:
            place = self.combined(row, method.a[i], "du", self.stride, code.load(self.block("s"), row))
            added = code.mul(self.combined(row, method.c[i], "du", self.stride), inverse) if method.implicit else code.splat(0.0)
            code.store(place, self.block("s_seen"), row)
            code.store(added, out, row)


class _Look(_Wide):
    """`s_look(args, x)`: columns of the outputs at the parts `x` of the step; the state there stands in `seen`."""

    def __init__(self, method: Method, layout: Layout, lanes: int, *, fma: bool) -> None:
        super().__init__(layout, lanes, fma=fma)
        self.method = method

    def text(self) -> str:
        code = self.code
        weights = dense_weights(code, self.method, code.load("%x"))
        with code.each(self.every) as row:
            total = code.load(self.block("s"), row)
            for j, weight in enumerate(weights):
                total = code.fma(code.load(self.block("du"), code.shift(row, j * self.stride)), weight, total)
            code.store(total, self.block("s_seen"), row)
        self.show(self.block("seen"), self.clock_place("row_time"), self.block("s_seen"))
        return code.function("internal void @s_look(ptr noalias %args, ptr noalias %x) noinline nounwind")


class _Show(_Wide):
    """`s_show(args, t)`: columns of the outputs of the state as it is, at the times t."""

    def text(self) -> str:
        self.show(self.block("y"), "%t", self.block("s"))
        return self.code.function("internal void @s_show(ptr noalias %args, ptr noalias %t) noinline nounwind")


class _Begin(_Wide):
    """`s_begin_lane(args, lane)`: the columns with which the individual of a lane starts: `new_s` and `new_dp`, or what is given."""

    def text(self) -> str:
        code = self.code
        copy_lane(self, dict(self.layout.more)["dp"], "new_dp", "dp", "%lane")
        for block in ("s_begin", "s"):
            copy_lane(self, self.every, "new_s", block, "%lane")
        with code.when(code.new(f"icmp ne ptr {self.argument('initial')}, null")), code.each(self.every) as i:
            code.put("0.0", self.block("s"), self.element("s", i, "%lane"), "double")
        with code.when(code.new(f"icmp ne ptr {self.argument('initial_s')}, null")), code.each(self.every) as i:
            value = code.get(self.argument("initial_s"), place_of_individual(self, i, "%lane"), "double")
            code.put(value, self.block("s"), self.element("s", i, "%lane"), "double")
        return code.function("internal void @s_begin_lane(ptr noalias %args, i64 %lane) noinline nounwind")


class _Forget(_Wide):
    """`s_forget(args, lane, kind, target)`: what is set loses its derivatives; kind 0 for a state, 1 for an input."""

    def __init__(self, columns: Columns, layout: Layout, lanes: int, *, fma: bool) -> None:
        super().__init__(layout, lanes, fma=fma)
        self.columns = columns

    def text(self) -> str:
        code = self.code
        with code.when(code.new("icmp eq i64 %kind, 0")), code.each(self.layout.parameters) as k:
            place = self.element("s", code.integer("add", code.integer("mul", k, self.n), "%target"), "%lane")
            code.put("0.0", self.block("s"), place, "double")
        with code.when(code.new("icmp eq i64 %kind, 1")):
            for e, (_, row) in enumerate(self.columns.inputs):
                with code.when(code.new(f"icmp eq i64 %target, {row}")):
                    code.put("0.0", self.block("dp"), self.element("dp", str(e), "%lane"), "double")
            code.do(f"call void @s_block(ptr {self.block('p')}, ptr {self.block('dp')}, ptr {self.block('dc')})")
        return code.function("internal void @s_forget(ptr noalias %args, i64 %lane, i64 %kind, i64 %target) noinline nounwind")
