"""Expressions as a graph in which equal parts are one node: simplified while it is built, differentiated forward."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from serdsim.codegen.graph_rules import CONSTANT_FOLD, SLOPES, unary_slope
from serdsim.errors import ModelError
from serdsim.model.expression import RELATIONS, TIME, Apply, Expression, Number, Symbol

Node = int
Environment = Mapping[str, Node]


@dataclass(frozen=True)
class Part:
    """One node: an operation on earlier nodes, a constant with its value, or an input with its name."""

    op: str
    args: tuple[Node, ...] = ()
    value: float = 0.0
    name: str = ""


class Graph:
    """Nodes in an order in which each comes after its arguments.

    Arithmetic keeps only `add`, `sub`, `mul`, `div`, `neg` and functions; comparisons and logic give truths, which
    `select` reads.
    """

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._known: dict[Part, Node] = {}
        self.zero: Node = self.const(0.0)
        self.one: Node = self.const(1.0)

    def _add(self, part: Part) -> Node:
        found = self._known.get(part)
        if found is None:
            found = self._known[part] = len(self.parts)
            self.parts.append(part)
        return found

    def const(self, value: float) -> Node:
        """Return the node of a number; all NaN are one node."""
        return self._add(Part("nan") if math.isnan(value) else Part("const", value=value, name=repr(value)))

    def input(self, name: str) -> Node:
        """Return the node of a number that comes from outside."""
        return self._add(Part("input", name=name))

    def truth(self, name: str) -> Node:
        """Return the node of a truth that comes from outside."""
        return self._add(Part("truth", name=name))

    def is_truth(self, node: Node) -> bool:
        """Return whether the node is a truth, not a number."""
        return self.parts[node].op in _TRUTHS

    def number(self, node: Node) -> Node:
        """Return the node of a number; a truth counts 1 or 0."""
        return self.select(node, self.one, self.zero) if self.is_truth(node) else node

    def value(self, node: Node) -> float | None:
        """Return the value of a constant, None for anything else."""
        part = self.parts[node]
        return part.value if part.op == "const" else math.nan if part.op == "nan" else None

    def as_truth(self, node: Node) -> Node:
        """Return whether a number is not zero; a truth is what it is."""
        return node if self.is_truth(node) else self.make("neq", node, self.zero)

    def add(self, a: Node, b: Node) -> Node:
        """Return a + b."""
        if self.zero in (a, b):
            return b if a == self.zero else a
        if self.parts[b].op == "neg":
            return self.sub(a, self.parts[b].args[0])
        if self.parts[a].op == "neg":
            return self.sub(b, self.parts[a].args[0])
        return self._fold("add", min(a, b), max(a, b))

    def sub(self, a: Node, b: Node) -> Node:
        """Return a - b."""
        if b == self.zero:
            return a
        if a == self.zero:
            return self.neg(b)
        if self.parts[b].op == "neg":
            return self.add(a, self.parts[b].args[0])
        return self._fold("sub", a, b)

    def neg(self, a: Node) -> Node:
        """Return -a."""
        part = self.parts[a]
        if part.op == "neg":
            return part.args[0]
        if part.op == "sub":
            return self.sub(part.args[1], part.args[0])
        return self._fold("neg", a)

    def mul(self, a: Node, b: Node) -> Node:
        """Return a * b; zero when one of them is."""
        if self.zero in (a, b):
            return self.zero
        if self.one in (a, b):
            return b if a == self.one else a
        if self.value(a) == -1.0 or self.value(b) == -1.0:
            return self.neg(b if self.value(a) == -1.0 else a)
        if self.parts[a].op == "neg":
            return self.neg(self.mul(self.parts[a].args[0], b))
        if self.parts[b].op == "neg":
            return self.neg(self.mul(a, self.parts[b].args[0]))
        return self._fold("mul", min(a, b), max(a, b))

    def div(self, a: Node, b: Node) -> Node:
        """Return a / b."""
        if b == self.one or (a == self.zero and self.value(b) != 0.0):
            return a
        return self._fold("div", a, b)

    def power(self, base: Node, exponent: Node) -> Node:
        """Return base to the exponent; small whole exponents become products."""
        number = self.value(exponent)
        if number is not None and number == int(number if math.isfinite(number) else 0) and abs(number) <= 16:
            return self._whole_power(base, int(number))
        if number == 0.5:
            return self._fold("sqrt", self._fold("max", base, self.zero))
        return self._fold("pow", base, exponent)

    def _whole_power(self, base: Node, exponent: int) -> Node:
        if exponent < 0:
            return self.div(self.one, self._whole_power(base, -exponent))
        result = self.one
        for bit in bin(exponent)[2:]:
            result = self.mul(result, result)
            if bit == "1":
                result = self.mul(result, base)
        return result

    def select(self, condition: Node, yes: Node, no: Node) -> Node:
        """Return `yes` where the condition holds, else `no`."""
        if yes == no:
            return yes
        return self._add(Part("select", (condition, yes, no)))

    def make(self, op: str, *args: Node) -> Node:
        """Return a function, comparison or logical operation of nodes."""
        return self._fold(op, *args)

    def same(self, op: str, args: Sequence[Node]) -> Node:
        """Return an operation that is already known, on other arguments."""
        builders: dict[str, Callable[..., Node]] = {
            "add": self.add, "sub": self.sub, "mul": self.mul, "div": self.div, "neg": self.neg, "select": self.select,
        }  # fmt: skip
        return builders[op](*args) if op in builders else self._fold(op, *args)

    def _fold(self, op: str, *args: Node) -> Node:
        values = [self.value(arg) for arg in args]
        fold = CONSTANT_FOLD.get(op)
        if fold is not None and all(value is not None for value in values):
            return self.const(float(fold(*values)))
        return self._add(Part(op, args))

    def sum(self, terms: Iterable[Node]) -> Node:
        """Return the sum of the terms."""
        result = self.zero
        for term in terms:
            result = self.add(result, term)
        return result

    def program(self, roots: Iterable[Node]) -> list[Node]:
        """Return the nodes on which the roots rest, arguments first."""
        needed, stack = set[Node](), list(roots)
        while stack:
            node = stack.pop()
            if node not in needed:
                needed.add(node)
                stack.extend(self.parts[node].args)
        return sorted(needed)

    def slopes(self, roots: Sequence[Node], inputs: Sequence[Node]) -> list[dict[int, Node]]:
        """Return for each root the derivatives by those `inputs` (by position) on which it depends."""
        return self._forward(roots, {node: {column: self.one} for column, node in enumerate(inputs)})

    def tangents(self, roots: Sequence[Node], rates: Mapping[Node, Node]) -> list[Node]:
        """Return how fast each root changes when the inputs change as fast as `rates` says; other inputs stand still."""
        return [found.get(0, self.zero) for found in self._forward(roots, {node: {0: rate} for node, rate in rates.items()})]

    def _forward(self, roots: Sequence[Node], known: dict[Node, dict[int, Node]]) -> list[dict[int, Node]]:
        for node in self.program(roots):
            if node not in known:
                known[node] = self._slope(node, known)
        return [{column: slope for column, slope in known[root].items() if slope != self.zero} for root in roots]

    def _slope(self, node: Node, known: Mapping[Node, dict[int, Node]]) -> dict[int, Node]:
        part = self.parts[node]
        columns = sorted({column for arg in part.args for column in known[arg]})
        if not columns or part.op in _FLAT:
            return {}
        rule: Callable[..., Node] | None = SLOPES.get(part.op)
        found = {}
        for column in columns:
            slopes = [known[arg].get(column, self.zero) for arg in part.args]
            slope = rule(self, node, part.args, slopes) if rule else unary_slope(self, part.op, node, part.args[0], slopes[0])
            if slope != self.zero:
                found[column] = slope
        return found


_TRUTHS = RELATIONS | {"and", "or", "not", "xor", "truth"}
_FLAT = _TRUTHS | {"sign", "floor", "ceil", "factorial", "quotient"}


def lower(graph: Graph, expression: Expression, known: Environment, frozen: Mapping[Apply, Node] | None = None) -> Node:
    """Return the node of an expression.

    Parameters
    ----------
    known : mapping of id to node
        Every id that the expression reads, and `time`.
    frozen : mapping, optional
        Comparisons that are replaced by an input.

    Raises
    ------
    ModelError
        For a function that the engine does not know.
    """
    if isinstance(expression, Number):
        return graph.const(expression.value)
    if isinstance(expression, Symbol):
        return known["time" if expression == TIME else expression.id]
    if frozen and expression in frozen:
        return frozen[expression]
    from serdsim.codegen.graph_rules import lower_apply

    args = [lower(graph, arg, known, frozen) for arg in expression.args]
    node = lower_apply(graph, expression.op, args)
    if node is None:
        raise ModelError(f"the function {expression.op} is not supported by the engine")
    return node
