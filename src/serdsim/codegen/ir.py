"""A small structured writer of LLVM IR text: numbers side by side in lanes, loops, conditions."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Value = str


def double_bits(value: float) -> str:
    """Return the exact LLVM spelling of a float."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


class Code:
    """The body of one function; every method returns the name of the new value.

    Parameters
    ----------
    lanes : int
        How many doubles a vector holds.
    fma : bool
        Whether multiply-add rounds once; where the machine has no such instruction it rounds twice.
    """

    def __init__(self, lanes: int, *, fma: bool) -> None:
        self.lanes, self.fused = lanes, fma
        self.vector, self.mask, self.longs = f"<{lanes} x double>", f"<{lanes} x i1>", f"<{lanes} x i64>"
        self.lines: list[str] = []
        self.slots: list[str] = []
        self.count = 0

    def name(self) -> Value:
        """Return a fresh name."""
        self.count += 1
        return f"%v{self.count}"

    def new(self, text: str) -> Value:
        """Write an instruction and return the name of what it gives."""
        name = self.name()
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """Write an instruction that gives nothing."""
        self.lines.append(f"  {text}")

    def function(self, signature: str) -> str:
        """Return the text of the function; it returns nothing."""
        return "\n".join([f"define {signature} {{", "entry:", *self.slots, *self.lines, "  ret void", "}", ""])

    def splat(self, value: float) -> Value:
        """Return a constant vector."""
        return f"splat (double {double_bits(value)})"

    def at(self, base: Value, index: int | Value, element: str = "") -> Value:
        """Return the address of an element (a vector where nothing else is said)."""
        return self.new(f"getelementptr {element or self.vector}, ptr {base}, i64 {index}")

    def load(self, base: Value, index: int | Value = 0) -> Value:
        """Return the vector at `base[index]`."""
        return self.new(f"load {self.vector}, ptr {self.at(base, index)}, align {8 * self.lanes}")

    def store(self, value: Value, base: Value, index: int | Value = 0) -> None:
        """Write a vector to `base[index]`."""
        self.do(f"store {self.vector} {value}, ptr {self.at(base, index)}, align {8 * self.lanes}")

    def get(self, base: Value, index: int | Value, element: str) -> Value:
        """Return the scalar at `base[index]`."""
        return self.new(f"load {element}, ptr {self.at(base, index, element)}")

    def put(self, value: Value | int, base: Value, index: int | Value, element: str) -> None:
        """Write a scalar to `base[index]`."""
        self.do(f"store {element} {value}, ptr {self.at(base, index, element)}")

    def op(self, operation: str, a: Value, b: Value) -> Value:
        """Return a floating operation such as `fadd` on vectors."""
        return self.new(f"{operation} {self.vector} {a}, {b}")

    def add(self, a: Value, b: Value) -> Value:
        """Return a + b."""
        return self.op("fadd", a, b)

    def sub(self, a: Value, b: Value) -> Value:
        """Return a - b."""
        return self.op("fsub", a, b)

    def mul(self, a: Value, b: Value) -> Value:
        """Return a * b."""
        return self.op("fmul", a, b)

    def div(self, a: Value, b: Value) -> Value:
        """Return a / b."""
        return self.op("fdiv", a, b)

    def neg(self, a: Value) -> Value:
        """Return -a."""
        return self.new(f"fneg {self.vector} {a}")

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """Return a * b + c."""
        if not self.fused:
            return self.add(self.mul(a, b), c)
        return self.call("llvm.fma", a, b, c)

    def call(self, function: str, *args: Value) -> Value:
        """Return an intrinsic or a function of vectors."""
        suffix = f".v{self.lanes}f64" if function.startswith("llvm.") else ""
        listed = ", ".join(f"{self.vector} {arg}" for arg in args)
        return self.new(f"call {self.vector} @{function}{suffix}({listed})")

    def compare(self, how: str, a: Value, b: Value) -> Value:
        """Return the mask of a comparison such as `olt`."""
        return self.new(f"fcmp {how} {self.vector} {a}, {b}")

    def both(self, a: Value, b: Value, how: str = "and") -> Value:
        """Return the mask of both (or `or`, `xor`)."""
        return self.new(f"{how} {self.mask} {a}, {b}")

    def invert(self, mask: Value) -> Value:
        """Return the mask of the others."""
        return self.new(f"xor {self.mask} {mask}, splat (i1 true)")

    def select(self, mask: Value, yes: Value, no: Value) -> Value:
        """Return `yes` in the lanes of the mask, else `no`."""
        return self.new(f"select {self.mask} {mask}, {self.vector} {yes}, {self.vector} {no}")

    def any(self, mask: Value) -> Value:
        """Return whether a lane of the mask is set."""
        bits = self.new(f"bitcast {self.mask} {mask} to i{self.lanes}")
        return self.new(f"icmp ne i{self.lanes} {bits}, 0")

    def integer(self, operation: str, a: Value | int, b: Value | int) -> Value:
        """Return an operation on 64-bit integers."""
        return self.new(f"{operation} i64 {a}, {b}")

    def shift(self, index: Value | int, by: int) -> Value | int:
        """Return index + by, computed here where the index is known."""
        return index + by if isinstance(index, int) else self.integer("add", index, by)

    def rows(self, count: int, body: Callable[[Value | int], None], *, straight: int = 0) -> None:
        """Write what is done for 0 ... count - 1: one after the other up to `straight`, else as a loop."""
        if count <= straight:
            for i in range(count):
                body(i)
            return
        with self.each(count) as row:
            body(row)

    def scalar(self, operation: str, a: Value, b: Value) -> Value:
        """Return an operation on doubles."""
        return self.new(f"{operation} double {a}, {b}")

    def slot(self, element: str) -> Value:
        """Return a local variable; LLVM keeps it in a register."""
        name = self.name()
        self.slots.append(f"  {name} = alloca {element}")
        return name

    def read(self, slot: Value, element: str) -> Value:
        """Return the value of a local variable."""
        return self.new(f"load {element}, ptr {slot}")

    def write(self, value: Value | int, slot: Value, element: str) -> None:
        """Set a local variable."""
        self.do(f"store {element} {value}, ptr {slot}")

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Write what happens only when the condition holds."""
        self.count += 1
        yes, after = f"yes{self.count}", f"after{self.count}"
        self.do(f"br i1 {condition}, label %{yes}, label %{after}")
        self.label(yes)
        yield
        self.do(f"br label %{after}")
        self.label(after)

    @contextmanager
    def repeat(self) -> Iterator[tuple[str, str]]:
        """Write what is repeated; gives the labels of the next round and of the way out."""
        self.count += 1
        again, out = f"again{self.count}", f"out{self.count}"
        self.do(f"br label %{again}")
        self.label(again)
        yield again, out
        self.do(f"br label %{again}")
        self.label(out)

    def leave(self, condition: Value, out: str) -> None:
        """Leave a loop when the condition holds."""
        self.count += 1
        self.do(f"br i1 {condition}, label %{out}, label %stay{self.count}")
        self.label(f"stay{self.count}")

    @contextmanager
    def each(self, count: int | Value) -> Iterator[Value]:
        """Write a loop over 0 ... count - 1; gives the number of the round."""
        counter = self.slot("i64")
        self.write(0, counter, "i64")
        with self.repeat() as (_, out):
            i = self.read(counter, "i64")
            self.leave(self.new(f"icmp sge i64 {i}, {count}"), out)
            yield i
            self.write(self.integer("add", i, 1), counter, "i64")
