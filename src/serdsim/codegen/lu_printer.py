"""Sparse LU and triangular solves as LLVM IR: one individual per lane of a vector."""

from __future__ import annotations

from collections.abc import Iterator

from serdsim.codegen.sparse_lu import Factorisation


def declarations(lanes: int) -> tuple[str, ...]:
    """Return the declarations that the functions with `fma` need."""
    v = f"<{lanes} x double>"
    return (f"declare {v} @llvm.fma.v{lanes}f64({v}, {v}, {v})",)


def lu_functions(f: Factorisation, lanes: int, *, fma: bool, prefix: str = "") -> str:
    """Return IR that defines ``@{prefix}lu(ptr W)`` and ``@{prefix}solve(ptr W, ptr b)``.

    Parameters
    ----------
    f : Factorisation
        Of the pattern of W.
    lanes : int
        Numbers per vector.
    fma : bool
        Whether to fuse products and differences; the caller then adds `declarations`.
    prefix : str
        Before the names of all functions.
    """
    return _lu(f, lanes, fma, prefix) + _solve(f, lanes, fma, prefix)


class _Body:
    """Lines of a function in the making."""

    def __init__(self, lanes: int, fma: bool) -> None:
        self.vector, self.lanes, self.fma = f"<{lanes} x double>", lanes, fma
        self.lines: list[str] = []
        self._names: Iterator[str] = (f"%v{i}" for i in iter(range(10**9)))

    def let(self, text: str) -> str:
        name = next(self._names)
        self.lines.append(f"  {name} = {text}")
        return name

    def place(self, block: str, index: int) -> str:
        return self.let(f"getelementptr inbounds i8, ptr %{block}, i64 {index * self.lanes * 8}")

    def load(self, block: str, index: int) -> str:
        return self.let(f"load {self.vector}, ptr {self.place(block, index)}, align {self.lanes * 8}")

    def store(self, value: str, block: str, index: int) -> None:
        place = self.place(block, index)
        self.lines.append(f"  store {self.vector} {value}, ptr {place}, align {self.lanes * 8}")

    def times(self, a: str, b: str) -> str:
        return self.let(f"fmul {self.vector} {a}, {b}")

    def negative(self, a: str) -> str:
        return self.let(f"fneg {self.vector} {a}")

    def minus_product(self, value: str, a: str, b: str) -> str:
        """Return value - a b."""
        if not self.fma:
            return self.let(f"fsub {self.vector} {value}, {self.times(a, b)}")
        v = self.vector
        return self.let(f"call {v} @llvm.fma.v{self.lanes}f64({v} {self.negative(a)}, {v} {b}, {v} {value})")

    def function(self, name: str, arguments: str) -> str:
        return "\n".join([f"define internal void @{name}({arguments}) {{", *self.lines, "  ret void", "}", ""])


def _lu(f: Factorisation, lanes: int, fma: bool, prefix: str) -> str:
    body = _Body(lanes, fma)
    unset = set(f.fill)
    for i, line in enumerate(f.lower):
        places = dict(line) | dict(f.upper[i]) | {i: f.diagonal[i]}
        value = {j: body.load("W", slot) for j, slot in places.items() if slot not in unset}
        for k, slot in line:
            for j, across in f.upper[k]:
                u = body.load("W", across)
                value[j] = body.minus_product(value[j], value[k], u) if j in value else body.negative(body.times(value[k], u))
            body.store(body.times(value[k], body.load("W", f.diagonal[k])), "W", slot)
        ones = ", ".join(["double 1.0"] * lanes)
        inverse = body.let(f"fdiv {body.vector} <{ones}>, {value[i]}")
        body.store(inverse, "W", f.diagonal[i])
        for j, slot in f.upper[i]:
            body.store(body.times(value[j], inverse), "W", slot)
    return body.function(f"{prefix}lu", "ptr noalias %W")


def _solve(f: Factorisation, lanes: int, fma: bool, prefix: str) -> str:
    body = _Body(lanes, fma)
    for i, line in enumerate(f.lower):
        if line:
            value = body.load("b", f.order[i])
            for k, slot in line:
                value = body.minus_product(value, body.load("W", slot), body.load("b", f.order[k]))
            body.store(value, "b", f.order[i])
    for i in reversed(range(f.n)):
        value = body.times(body.load("b", f.order[i]), body.load("W", f.diagonal[i]))
        for j, slot in f.upper[i]:
            value = body.minus_product(value, body.load("W", slot), body.load("b", f.order[j]))
        body.store(value, "b", f.order[i])
    return body.function(f"{prefix}solve", "ptr noalias %W, ptr noalias %b")
