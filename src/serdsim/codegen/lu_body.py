"""Text of an LLVM function on vectors, with one individual per lane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_REACH = 256  # vectors that one pointer reaches with an offset of one byte


@dataclass
class Loop:
    """A counter and values that are carried from one turn to the next.

    Within the loop `carried` holds the values at the beginning of a turn; what stands in `following` at the end goes on.
    """

    index: str
    carried: list[str]
    following: list[str]


class Body:
    """Lines of a function in the making.

    Parameters
    ----------
    lanes : int
        Numbers per vector.
    fma : bool
        Whether to fuse products and differences.
    """

    def __init__(self, lanes: int, fma: bool) -> None:
        self.vector, self.width, self.fma = f"<{lanes} x double>", 8 * lanes, fma
        self.ones = f"<{', '.join(['double 1.0'] * lanes)}>"
        self.lines: list[str] = []
        self.reached: set[int] = set()
        self._lanes, self._count, self._block, self._pending = lanes, 0, "entry", 0

    def let(self, text: str) -> str:
        """Name the value of an instruction."""
        name = self._name("%v")
        self.lines.append(f"  {name} = {text}")
        return name

    def at(self, block: str, index: int) -> str:
        """Return the address of a vector of W or of another argument.

        W is reached through pointers into its middle: offsets of one byte keep the code short, and its length, not the
        arithmetic, is what a long straight factorisation waits for.
        """
        if block == "W":
            middle, rest = divmod(index, _REACH)
            self.reached.add(middle)
            block, index = f"W{middle}", rest - _REACH // 2
        return self.let(f"getelementptr i8, ptr %{block}, i64 {index * self.width}")

    def load(self, place: str) -> str:
        """Return the vector at an address."""
        return self.let(f"load {self.vector}, ptr {place}, align {self.width}")

    def store(self, value: str, place: str) -> None:
        """Write a vector."""
        self.lines.append(f"  store {self.vector} {value}, ptr {place}, align {self.width}")

    def times(self, a: str, b: str) -> str:
        """Return a b."""
        return self.let(f"fmul {self.vector} {a}, {b}")

    def inverse(self, a: str) -> str:
        """Return 1 / a."""
        return self.let(f"fdiv {self.vector} {self.ones}, {a}")

    def negative(self, a: str) -> str:
        """Return -a."""
        return self.let(f"fneg {self.vector} {a}")

    def minus_product(self, value: str | None, a: str, b: str) -> str:
        """Return value - a b; no value is zero."""
        if value is None:
            return self.negative(self.times(a, b))
        if not self.fma:
            return self.let(f"fsub {self.vector} {value}, {self.times(a, b)}")
        v = self.vector
        return self.let(f"call {v} @llvm.fma.v{self._lanes}f64({v} {self.negative(a)}, {v} {b}, {v} {value})")

    def fence(self, operations: int, most: int) -> None:
        """Keep the compiler from moving loads across when more than `most` operations have come together."""
        if self._pending and self._pending + operations > most:
            self.lines.append('  fence syncscope("singlethread") seq_cst')
            self._pending = 0
        self._pending += operations

    @contextmanager
    def loop(self, start: str, stop: str, carried: Sequence[str] = (), *, down: bool = False) -> Iterator[Loop]:
        """Open a loop from `start` up to before `stop`, or, when `down`, from before `start` down to `stop`."""
        label, came_from = self._name("loop"), self._block
        loop = Loop(self._name("%i"), [self._name("%c") for _ in carried], [])
        loop.following = list(loop.carried)
        self.lines += [f"  br label %{label}", f"{label}:"]
        head = len(self.lines)
        inside, counter = self._name("%t"), loop.index
        self.lines += [
            f"  {inside} = icmp {'sgt' if down else 'slt'} i64 {counter}, {stop}",
            f"  br i1 {inside}, label %{label}.body, label %{label}.end",
            f"{label}.body:",
        ]
        self._block = f"{label}.body"
        if down:
            loop.index = self.let(f"add nsw i64 {counter}, -1")
        yield loop
        following = loop.index if down else self.let(f"add nsw i64 {counter}, 1")
        phis = [(counter, "i64", start, following)]
        phis += [(name, self.vector, a, b) for name, a, b in zip(loop.carried, carried, loop.following, strict=True)]
        self.lines[head:head] = [f"  {name} = phi {kind} [{a}, %{came_from}], [{b}, %{self._block}]" for name, kind, a, b in phis]
        self.lines += [f"  br label %{label}", f"{label}.end:"]
        self._block = f"{label}.end"

    def define(self, name: str, arguments: Sequence[str]) -> str:
        """Return the function with these pointers as arguments."""
        listed = ", ".join(f"ptr noalias %{argument}" for argument in arguments)
        head = f"define internal void @{name}({listed}) noinline nounwind {{"
        return "\n".join([head, "entry:", *self.lines, "  ret void", "}", ""])

    def define_reaching(self, name: str, arguments: Sequence[str]) -> tuple[str, list[str]]:
        """Return the function that also takes pointers into W, and the lines that call it where W is at hand."""
        middles = sorted(self.reached)
        text = self.define(name, [*arguments, *(f"W{middle}" for middle in middles)])
        names = [f"%{name}.W{middle}" for middle in middles]
        places = [(middle * _REACH + _REACH // 2) * self.width for middle in middles]
        lines = [f"  {pointer} = getelementptr i8, ptr %W, i64 {place}" for pointer, place in zip(names, places, strict=True)]
        listed = ", ".join(f"ptr {pointer}" for pointer in [*(f"%{argument}" for argument in arguments), *names])
        return text, [*lines, f"  call void @{name}({listed})"]

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"
