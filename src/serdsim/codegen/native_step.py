"""One attempted step of all lanes: stages, error, what is accepted, the next step size."""

from __future__ import annotations

from serdsim.codegen.frame import SystemFrame
from serdsim.codegen.ir import Value
from serdsim.codegen.layout import ARRIVED, FAILED, Layout
from serdsim.codegen.method import Method
from serdsim.codegen.native_output import cut_steps, write_located, write_rows
from serdsim.codegen.system import System

_REACH = 0.999999  # of the way to a stop: what is this close goes there in one step
_TINY = 2.0**-50  # of the time: shorter steps do not move it
_SMALLEST = 1e-290  # of a step where time is zero
BEND = 27.0 / 256.0  # the largest value of x^3 (1 - x), by which the last dense coefficient counts
_NO_WEIGHT = 1e-280  # so that an error of nothing in a state of nothing is nothing


def step_function(system: System, method: Method, layout: Layout, lanes: int, *, fma: bool) -> str:
    """Return the IR of ``step(args)``."""
    return _Step(system, method, layout, lanes, fma=fma).text()


class _Step(SystemFrame):
    def __init__(self, system: System, method: Method, layout: Layout, lanes: int, *, fma: bool) -> None:
        super().__init__(system, layout, lanes, fma=fma)
        self.method, self.n = method, layout.states

    def text(self) -> str:
        code = self.code
        self.t, self.h, stop = self.clock("t"), self.clock("h"), self.clock("stop")
        self.active = code.compare("ogt", self.clock("active"), code.splat(0.5))
        self._choose(stop)
        self._stages()
        error, bad = self._error()
        within = code.compare("ole", error, code.splat(1.0))
        ok = code.both(code.both(self.active, within), code.invert(bad))
        self._next_size(error, bad, ok)
        arrived = code.both(ok, self.hit)
        ended = code.select(self.hit, stop, code.add(self.t, self.taken))
        self.set_clock("target", ended)
        if self.system.located:
            cut, part = write_located(self, self.method, ok)
            ended = self.clock("target")
        if self.layout.parameters:
            with code.when(code.any(ok)):
                code.do("call void @s_step(ptr %args)")
        write_rows(self, self.method, ok, ended)
        if self.system.located:
            cut_steps(self, self.method, cut, part)
            arrived = code.both(arrived, cut, "or")
        self._accept(ok, ended)
        self._flags(ok, bad, arrived)
        return code.function("internal void @step(ptr noalias %args) noinline nounwind")

    def _choose(self, stop: Value) -> None:
        code = self.code
        room = code.sub(stop, self.t)
        self.hit = code.compare("oge", self.h, code.mul(room, code.splat(_REACH)))
        half = code.mul(room, code.splat(0.5))
        # two equal steps instead of one and a rest
        shorter = code.select(code.compare("ogt", self.h, half), half, self.h)
        self.taken = code.select(self.hit, room, shorter)
        self.set_clock("taken", self.taken)
        self.inverse = code.div(code.splat(1.0), self.taken)

    def _stages(self) -> None:
        code, method, u = self.code, self.method, self.block("u")
        if method.implicit and self.n:
            pivot = self.clock_place("spare")
            code.store(code.mul(self.inverse, code.splat(1.0 / method.gamma)), pivot)
            self.live("jac", self.block("y"), self.clock_place("t"), self.block("w"), f", ptr {pivot}")
            code.do(f"call void @lu(ptr {self.block('w')})")
            if self.system.drift:
                self.live("drift", self.block("y"), self.clock_place("t"), self.block("drift"))
        for i in range(method.stages):
            out = code.at(u, i * self.n)
            self._begin_stage(i, out)
            moment = code.fma(self.taken, code.splat(method.alpha[i]), self.t)
            code.store(moment, self.clock_place("before"))
            self.live("rates", self.block("y1" if i else "y"), self.clock_place("before"), out)
            if method.implicit and self.n:
                code.do(f"call void @solve(ptr {self.block('w')}, ptr {out})")
            else:
                self._scale(out)

    def _begin_stage(self, i: int, out: Value) -> None:
        """Write where the stage is taken to y1, and to u[i] what is added to the rates there."""
        code, method = self.code, self.method
        slope = None
        if method.implicit and self.system.drift and method.d[i] != 0.0:
            slope = code.mul(self.taken, code.splat(method.d[i]))
        follows = i > 1 and method.a[i][: i - 1] == method.a[i - 1]

        def body(row: Value | int) -> None:
            known = [code.load(self.block("u"), code.shift(row, j * self.n)) for j in range(i)]
            if i:
                start = code.load(self.block("y1" if follows else "y"), row)
                weights = (0.0,) * (i - 1) + method.a[i][i - 1 :] if follows else method.a[i]
                code.store(self._combined(known, weights, start) or start, self.block("y1"), row)
            added = self._combined(known, method.c[i]) if method.implicit else None
            value = code.mul(added, self.inverse) if added else code.splat(0.0)
            if slope is not None:
                value = code.fma(slope, code.load(self.block("drift"), row), value)
            code.store(value, out, row)

        code.rows(self.n, body)

    def _scale(self, out: Value) -> None:
        """Turn the rates of an explicit stage into u = h f."""

        def body(row: Value | int) -> None:
            self.code.store(self.code.mul(self.code.load(out, row), self.taken), out, row)

        self.code.rows(self.n, body)

    def _combined(self, known: list[Value], weights: tuple[float, ...], start: Value | None = None) -> Value | None:
        """Return start + sum weights[j] u[j]."""
        code, total = self.code, start
        for u, weight in zip(known, weights, strict=True):
            if weight != 0.0:
                if total is None:
                    total = code.mul(u, code.splat(weight))
                else:
                    total = code.add(total, u) if weight == 1.0 else code.fma(u, code.splat(weight), total)
        return total

    def weighted(self, row: Value | int, weights: tuple[float, ...], start: Value | None = None) -> Value | None:
        """Return start + sum weights[j] u[j] for one state; what has no weight is not read."""
        used = [j for j, weight in enumerate(weights) if weight != 0.0]
        known = [self.code.load(self.block("u"), self.code.shift(row, j * self.n)) for j in used]
        return self._combined(known, tuple(weights[j] for j in used), start)

    def _error(self) -> tuple[Value, Value]:
        """Write y1 = y + sum m[j] u[j]; return the largest error over its tolerance, and where something is not finite."""
        code, method = self.code, self.method
        rtol, atol = self.spread(self.setting("rtol")), self.spread(self.setting("atol"))
        floor = self.spread(self.setting("floor"))
        follows = method.m[:-1] == method.a[-1]
        worst, check = code.slot(code.vector), code.slot(code.vector)
        for slot in (worst, check):
            code.write("zeroinitializer", slot, code.vector)

        def body(row: Value | int) -> None:
            old = code.load(self.block("y"), row)
            start = code.load(self.block("y1"), row) if follows else old
            weights = (0.0,) * (method.stages - 1) + method.m[-1:] if follows else method.m
            new = self.weighted(row, weights, start) or start
            code.store(new, self.block("y1"), row)
            error = self.weighted(row, method.e) or code.splat(0.0)
            if self.system.drift and method.implicit:
                # a stiff state that follows time is met at the ends of steps of any size; this bounds them by its bend within
                bend = code.mul(self.weighted(row, method.dense[-1]) or code.splat(0.0), code.splat(BEND))
                error = self._larger(code.call("llvm.fabs", error), code.call("llvm.fabs", bend))
            big = self._larger(code.call("llvm.fabs", new), code.load(self.block("biggest"), row))
            size = self._larger(code.call("llvm.fabs", old), code.call("llvm.fabs", new))
            scale = self._larger(size, code.mul(floor, big))
            least = code.mul(atol, code.call("llvm.fabs", code.load(self.block("sizes"), row)))
            weight = code.add(code.fma(rtol, scale, least), code.splat(_NO_WEIGHT))
            share = code.div(code.call("llvm.fabs", error), weight)
            code.write(self._larger(share, code.read(worst, code.vector)), worst, code.vector)
            finite = code.mul(code.add(new, share), code.splat(0.0))
            code.write(code.add(code.read(check, code.vector), finite), check, code.vector)

        code.rows(self.n, body)
        bad = code.compare("uno", code.read(check, code.vector), code.splat(0.0))
        return code.read(worst, code.vector), bad

    def _larger(self, a: Value, b: Value) -> Value:
        return self.code.select(self.code.compare("ogt", a, b), a, b)

    def _smaller(self, a: Value, b: Value) -> Value:
        return self.code.select(self.code.compare("olt", a, b), a, b)

    def _next_size(self, error: Value, bad: Value, ok: Value) -> None:
        """Set h: from the error where the step went far, kept where a stop cut it short."""
        code = self.code
        least = self._larger(error, code.splat(1e-10))
        power = code.call("v_exp", code.mul(code.call("v_log", least), code.splat(-1.0 / (self.method.embedded_order + 1))))
        factor = code.mul(power, self.spread(self.setting("safety")))
        factor = self._smaller(self._larger(factor, self.spread(self.setting("shrink"))), self.spread(self.setting("grow")))
        factor = code.select(bad, self.spread(self.setting("shrink")), factor)
        after_refusal = code.compare("ogt", self.clock("rejected"), code.splat(0.5))
        factor = code.select(code.both(ok, after_refusal), self._smaller(factor, code.splat(1.0)), factor)
        grown = code.mul(self.taken, factor)
        cut = code.both(ok, code.compare("oge", factor, code.splat(1.0)))
        following = code.select(cut, self._larger(grown, self.h), grown)
        self.set_clock("h", code.select(self.active, following, self.h))
        fresh = code.both(ok, code.compare("ogt", self.clock("fresh_stop"), code.splat(0.5)))
        whole = code.both(fresh, code.invert(self.hit))
        self.set_clock("after_stop", code.select(whole, self.taken, self.clock("after_stop")))
        self.set_clock("fresh_stop", code.select(fresh, code.splat(0.0), self.clock("fresh_stop")))

    def _count(self, name: str, mask: Value) -> Value:
        code = self.code
        value = code.add(self.clock(name), code.select(mask, code.splat(1.0), code.splat(0.0)))
        self.set_clock(name, value)
        return value

    def _accept(self, ok: Value, ended: Value) -> None:
        code = self.code

        def body(row: Value | int) -> None:
            old, new = code.load(self.block("y"), row), code.load(self.block("y1"), row)
            code.store(code.select(ok, new, old), self.block("y"), row)
            big = code.load(self.block("biggest"), row)
            code.store(code.select(ok, self._larger(code.call("llvm.fabs", new), big), big), self.block("biggest"), row)

        code.rows(self.n, body)
        if self.layout.parameters:
            with code.each(self.n * self.layout.parameters) as row:
                code.store(code.select(ok, code.load(self.block("s1"), row), code.load(self.block("s"), row)), self.block("s"), row)
        self.set_clock("t", code.select(ok, ended, self.t))

    def _flags(self, ok: Value, bad: Value, arrived: Value) -> None:
        code = self.code
        refused = code.both(self.active, code.invert(ok))
        self.set_clock("rejected", code.select(refused, code.splat(1.0), code.splat(0.0)))
        self._count("accepted", ok)
        self._count("refused", refused)
        attempts = self._count("attempts", self.active)
        most = code.compare("ogt", attempts, self.spread(self.setting("attempts")))
        least = code.fma(code.call("llvm.fabs", self.t), code.splat(_TINY), code.splat(_SMALLEST))
        short = code.both(refused, code.compare("olt", self.taken, least))
        failed = code.both(self.active, code.both(short, most, "or"))
        why = code.select(most, code.splat(1.0), code.select(bad, code.splat(3.0), code.splat(2.0)))
        self.set_clock("arrived", why)
        flag = code.new(f"select {code.mask} {arrived}, {code.longs} splat (i64 {ARRIVED}), {code.longs} zeroinitializer")
        flag = code.new(f"select {code.mask} {failed}, {code.longs} splat (i64 {FAILED}), {code.longs} {flag}")
        code.do(f"store {code.longs} {flag}, ptr {self.argument('ints')}, align {8 * self.lanes}")
