"""Graph -> LLVM IR: the parts of a graph as vector instructions, products and sums fused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from serdsim.codegen.graph import Graph, Node
from serdsim.codegen.ir import Code, Value

_ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
_RELATIONS = {"lt": "olt", "leq": "ole", "gt": "ogt", "geq": "oge", "eq": "oeq", "neq": "une"}
_INTRINSICS = {"sqrt": "llvm.sqrt", "abs": "llvm.fabs", "floor": "llvm.floor", "ceil": "llvm.ceil"}
Place = Callable[[str], Value]


def write_parts(code: Code, graph: Graph, roots: Sequence[Node], place: Place) -> list[Value]:
    """Write what the roots need and return their values.

    Parameters
    ----------
    place : callable
        Gives the value of an input by its name; a truth comes as a mask.
    """
    return _Writer(code, graph, roots, place).values()


class _Writer:
    def __init__(self, code: Code, graph: Graph, roots: Sequence[Node], place: Place) -> None:
        self.code, self.graph, self.roots, self.place = code, graph, roots, place
        self.program = graph.program(roots)
        self.uses = Counter(arg for node in self.program for arg in graph.parts[node].args)
        self.uses.update(roots)
        self.found: dict[Node, Value] = {}

    def values(self) -> list[Value]:
        fused = self._fused()
        for node in self.program:
            if node not in fused:
                self.found[node] = self._value(node, fused)
        return [self.found[root] for root in self.roots]

    def _fused(self) -> set[Node]:
        """Return the products that are only read by one sum, at most one per sum."""
        found = set()
        for node in self.program:
            part = self.graph.parts[node]
            if part.op in ("add", "sub"):
                products = [arg for arg in part.args if self.graph.parts[arg].op == "mul" and self.uses[arg] == 1]
                found.update(products[-1:])
        return found

    def _value(self, node: Node, fused: set[Node]) -> Value:
        code, part = self.code, self.graph.parts[node]
        if part.op == "const":
            return code.splat(part.value)
        if part.op == "nan":
            return "splat (double 0x7FF8000000000000)"
        if part.op in ("input", "truth"):
            return self.place(part.name)
        inner = [arg for arg in part.args if arg in fused]
        if inner:
            return self._multiply_add(part.op, part.args, inner[0])
        args = [self.found[arg] for arg in part.args]
        if part.op in _ARITHMETIC:
            return code.op(_ARITHMETIC[part.op], *args)
        return self._function(part.op, args)

    def _multiply_add(self, op: str, args: tuple[Node, ...], product: Node) -> Value:
        a, b = (self.found[arg] for arg in self.graph.parts[product].args)
        other = self.found[args[0] if args[1] == product else args[1]]
        if op == "add":
            return self.code.fma(a, b, other)
        if args[1] == product:
            return self.code.fma(self.code.neg(a), b, other)
        return self.code.fma(a, b, self.code.neg(other))

    def _function(self, op: str, args: list[Value]) -> Value:
        code = self.code
        if op in _RELATIONS:
            return code.compare(_RELATIONS[op], *args)
        if op in ("and", "or", "xor"):
            return code.both(args[0], args[1], op)
        if op == "not":
            return code.invert(args[0])
        if op == "select":
            return code.select(*args)
        if op == "neg":
            return code.neg(args[0])
        if op in _INTRINSICS:
            return code.call(_INTRINSICS[op], args[0])
        if op in ("min", "max"):
            return code.select(code.compare("olt" if op == "min" else "ogt", args[1], args[0]), args[1], args[0])
        if op == "sign":
            up = code.select(code.compare("ogt", args[0], code.splat(0.0)), code.splat(1.0), code.splat(0.0))
            return code.sub(up, code.select(code.compare("olt", args[0], code.splat(0.0)), code.splat(1.0), code.splat(0.0)))
        value = code.call(f"v_{op}", *args)
        if op != "powd":
            return value
        # at zero a steep power has an infinite slope, which would stop every step; there it counts as flat
        infinite = code.compare("oeq", code.call("llvm.fabs", value), code.splat(float("inf")))
        return code.select(infinite, code.splat(0.0), value)
