"""The first step of an individual."""

from __future__ import annotations

from serdsim.codegen.frame import Frame
from serdsim.codegen.ir import Value


class FirstStep(Frame):
    """`first_step(args)`: a first step size for lanes that have none, from two evaluations (Hairer, Norsett, Wanner)."""

    def text(self) -> str:
        """Return the IR of the function."""
        code = self.code
        self.live("rhs", self.block("y"), self.clock_place("t"), self.block("u"))
        size, speed = self._norms("y"), self._norms("u")
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
        bend = code.div(self._norms("spare_u"), guess)
        most = code.select(code.compare("ogt", bend, speed), bend, speed)
        most = code.select(code.compare("ogt", most, code.splat(1e-15)), most, code.splat(1e-15))
        root = code.call("v_exp", code.mul(code.call("v_log", code.div(usual, most)), code.splat(0.2)))
        wide = code.mul(guess, code.splat(100.0))
        first = code.select(code.compare("olt", root, wide), root, wide)
        first = code.select(code.compare("ogt", first, code.splat(0.0)), first, code.splat(1e-6))
        old = self.clock("h")
        self.set_clock("h", code.select(code.compare("oeq", old, code.splat(0.0)), first, old))
        return code.function("internal void @first_step(ptr noalias %args) noinline nounwind")

    def _norms(self, block: str) -> Value:
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
