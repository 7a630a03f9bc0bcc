"""Writes straight-line LLVM IR over vectors of doubles: arithmetic on Python values becomes instructions."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

SPLITTER = 134217729.0


def bits_of(number: float) -> int:
    """Return the 64 bits of a double as an unsigned integer."""
    return int(struct.unpack("<Q", struct.pack("<d", number))[0])


@dataclass(frozen=True)
class Value:
    """A vector of doubles inside one function; operators append instructions.

    Parameters
    ----------
    text : str
        The operand as IR spells it.
    block : Block
        The function the value lives in.
    """

    text: str
    block: Block

    def __add__(self, other: Value | float) -> Value:
        return self.block.binary("fadd", self, other)

    def __sub__(self, other: Value | float) -> Value:
        return self.block.binary("fsub", self, other)

    def __rsub__(self, other: float) -> Value:
        return self.block.binary("fsub", other, self)

    def __mul__(self, other: Value | float) -> Value:
        return self.block.binary("fmul", self, other)

    def __truediv__(self, other: Value | float) -> Value:
        return self.block.binary("fdiv", self, other)

    def __rtruediv__(self, other: float) -> Value:
        return self.block.binary("fdiv", other, self)

    def __neg__(self) -> Value:
        return Value(self.block.op(f"fneg {self.block.vector} {self.text}"), self.block)

    def __abs__(self) -> Value:
        return self.block.call("llvm.fabs", self)

    def trunc(self) -> Value:
        """Return the whole part."""
        return self.block.call("llvm.trunc", self)

    def bits(self) -> str:
        """Return the bits as a vector of integers."""
        return self.block.op(f"bitcast {self.block.vector} {self.text} to {self.block.integers}")


class Block:
    """The text of one function under construction.

    Parameters
    ----------
    lanes : int
        Doubles per vector.
    fma : bool
        Whether the machine multiplies and adds with one rounding; without, products are split by Dekker's method.
    """

    def __init__(self, lanes: int, *, fma: bool) -> None:
        self.lanes, self.fused = lanes, fma
        self.vector, self.integers, self.mask = f"<{lanes} x double>", f"<{lanes} x i64>", f"<{lanes} x i1>"
        self.lines: list[str] = []

    def op(self, instruction: str) -> str:
        """Append an instruction and return the name of its result."""
        name = f"%t{len(self.lines)}"
        self.lines.append(f"  {name} = {instruction}")
        return name

    def argument(self, name: str) -> Value:
        """Return an argument of the function."""
        return Value(f"%{name}", self)

    def number(self, value: Value | float) -> str:
        """Return an operand; a number stands in every lane."""
        return value.text if isinstance(value, Value) else f"splat (double {bits_of(value):#018x})"

    def binary(self, operation: str, a: Value | float, b: Value | float) -> Value:
        """Return the result of an arithmetic instruction."""
        return Value(self.op(f"{operation} {self.vector} {self.number(a)}, {self.number(b)}"), self)

    def call(self, function: str, *arguments: Value | float) -> Value:
        """Return what an intrinsic, or a function of this module (``v_...``), makes of the arguments."""
        name = f"{function}.v{self.lanes}f64" if function.startswith("llvm.") else function
        listed = ", ".join(f"{self.vector} {self.number(argument)}" for argument in arguments)
        return Value(self.op(f"call {self.vector} @{name}({listed})"), self)

    def multiply_add(self, a: Value | float, b: Value | float, c: Value | float) -> Value:
        """Return a·b + c, with one rounding where the machine can."""
        return self.call("llvm.fma", a, b, c) if self.fused else self.binary("fadd", self.binary("fmul", a, b), c)

    def _halves(self, a: Value) -> tuple[Value, Value]:
        scaled = a * SPLITTER
        high = scaled - (scaled - a)
        return high, a - high

    def product_rest(self, a: Value, b: Value, product: Value) -> Value:
        """Return what rounding took from a·b, of which `product` is the rounded value."""
        if self.fused:
            return self.multiply_add(a, b, -product)
        (ah, al), (bh, bl) = self._halves(a), self._halves(b)
        return al * bl - (((product - ah * bh) - al * bh) - ah * bl)

    def less_product(self, c: Value, a: Value, b: Value) -> Value:
        """Return c - a·b without rounding a·b, for a·b close to c."""
        if self.fused:
            return self.multiply_add(-a, b, c)
        product = a * b
        return (c - product) - self.product_rest(a, b, product)

    def polynomial(self, x: Value, coefficients: Sequence[float]) -> Value:
        """Return the polynomial, lowest coefficient first, by Estrin's scheme, which keeps the pipelines full."""
        terms: list[Value | float] = list(coefficients)
        power = x
        while len(terms) > 1:
            pairs = [self.multiply_add(terms[i + 1], power, terms[i]) for i in range(0, len(terms) - 1, 2)]
            terms = [*pairs, *terms[2 * len(pairs) :]]
            if len(terms) > 1:
                power = power * power
        return Value(self.number(terms[0]), self)

    def integer(self, operation: str, a: str, b: str | int) -> str:
        """Return the result of an integer instruction."""
        return self.op(f"{operation} {self.integers} {a}, {b if isinstance(b, str) else f'splat (i64 {b})'}")

    def from_bits(self, integers: str) -> Value:
        """Return the doubles that have these bits."""
        return Value(self.op(f"bitcast {self.integers} {integers} to {self.vector}"), self)

    def compare(self, relation: str, a: Value | float, b: Value | float) -> str:
        """Return the lanes in which a relation (``olt``, ``oeq``, ...) holds."""
        return self.op(f"fcmp {relation} {self.vector} {self.number(a)}, {self.number(b)}")

    def logic(self, operation: str, a: str, b: str) -> str:
        """Return two sets of lanes joined by ``and``, ``or`` or ``xor``."""
        return self.op(f"{operation} {self.mask} {a}, {b}")

    def invert(self, lanes: str) -> str:
        """Return the other lanes."""
        return self.logic("xor", lanes, "splat (i1 true)")

    def select(self, lanes: str, yes: Value | float, no: Value | float) -> Value:
        """Return `yes` in the given lanes and `no` in the others."""
        parts = f"{self.mask} {lanes}, {self.vector} {self.number(yes)}, {self.vector} {self.number(no)}"
        return Value(self.op(f"select {parts}"), self)

    def select_integer(self, lanes: str, yes: str, no: str) -> str:
        """Return the integers of `yes` in the given lanes and those of `no` in the others."""
        return self.op(f"select {self.mask} {lanes}, {self.integers} {yes}, {self.integers} {no}")
