"""What each operation of the graph means: constants folded, derivatives, and how SBML's functions are built from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from serdsim.codegen.mathematics import NAMESPACE, divide
from serdsim.model.expression import LOGIC

if TYPE_CHECKING:
    from serdsim.codegen.graph import Graph, Node

_NAMES = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh", "atanh")
FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": NAMESPACE["_exp"],
    "log": NAMESPACE["_ln"],
    "log10": NAMESPACE["_log10"],
    "sqrt": NAMESPACE["_sqrt"],
    "abs": abs,
    "sign": NAMESPACE["_sign"],
    "floor": NAMESPACE["_floor"],
    "ceil": NAMESPACE["_ceil"],
    "factorial": NAMESPACE["_factorial"],
    "fmod": NAMESPACE["_fmod"],
    "quotient": NAMESPACE["_quotient"],
    "pow": NAMESPACE["_pow"],
    "min": min,
    "max": max,
    **{name: NAMESPACE["_" + name] for name in _NAMES},
}
CONSTANT_FOLD: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": divide,
    "neg": lambda a: -a,
    **FUNCTIONS,
}
Slope = Callable[["Graph", "Node", Sequence["Node"], Sequence["Node"]], "Node"]


def _mul(g: Graph, _: Node, args: Sequence[Node], d: Sequence[Node]) -> Node:
    return g.add(g.mul(d[0], args[1]), g.mul(args[0], d[1]))


def _div(g: Graph, node: Node, args: Sequence[Node], d: Sequence[Node]) -> Node:
    inverse = g.div(g.one, args[1])
    return g.mul(g.sub(d[0], g.mul(node, d[1])), inverse)


def _pow(g: Graph, node: Node, args: Sequence[Node], d: Sequence[Node]) -> Node:
    base, exponent = args
    # h*x^(h-1), with its own value at zero; h*x^h/x would be 0/0 there and stop every step
    result = g.mul(d[0], g.make("powd", base, exponent, node)) if d[0] != g.zero else g.zero
    if d[1] == g.zero:
        return result
    by_exponent = g.select(g.make("gt", base, g.zero), g.mul(node, g.make("log", base)), g.zero)
    return g.add(result, g.mul(d[1], by_exponent))


def _power_bend(g: Graph, _: Node, args: Sequence[Node], d: Sequence[Node]) -> Node:
    """Return the derivative of h*x^(h-1); at zero an infinite one counts as flat, as that of the power itself."""
    base, exponent = args[0], args[1]
    less = g.sub(exponent, g.one)
    power = g.power(base, less)
    result = g.mul(d[0], g.mul(exponent, g.make("powd", base, less, power))) if d[0] != g.zero else g.zero
    if d[1] == g.zero:
        return result
    growth = g.mul(power, g.add(g.one, g.mul(exponent, g.make("log", base))))
    return g.add(result, g.mul(d[1], g.select(g.make("gt", base, g.zero), growth, g.zero)))


def _extreme(op: str) -> Slope:
    def rule(g: Graph, _: Node, args: Sequence[Node], d: Sequence[Node]) -> Node:
        return g.select(g.make("leq" if op == "min" else "geq", args[0], args[1]), d[0], d[1])

    return rule


SLOPES: dict[str, Slope] = {
    "add": lambda g, _, args, d: g.add(d[0], d[1]),
    "sub": lambda g, _, args, d: g.sub(d[0], d[1]),
    "neg": lambda g, _, args, d: g.neg(d[0]),
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "powd": _power_bend,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "select": lambda g, _, args, d: g.select(args[0], d[1], d[2]),
    "fmod": lambda g, _, args, d: g.sub(d[0], g.mul(d[1], g.make("quotient", *args))),
}


def unary_slope(g: Graph, op: str, node: Node, x: Node, slope: Node) -> Node:
    """Return the derivative of a function of one argument."""
    return g.mul(slope, _UNARY[op](g, x, node))


def _inverse(g: Graph, x: Node) -> Node:
    return g.div(g.one, x)


def _root(g: Graph, x: Node) -> Node:
    return g.make("sqrt", x)


def _flat_at_zero(g: Graph, f: Node, slope: Node) -> Node:
    """Return a slope that is infinite where f is zero, zero there: an infinite one would stop every step, as that of a power."""
    return g.select(g.make("eq", f, g.zero), g.zero, slope)


def _inverse_root(g: Graph, x: Node) -> Node:
    root = _root(g, x)
    return _flat_at_zero(g, root, _inverse(g, root))


def _square(g: Graph, x: Node) -> Node:
    return g.mul(x, x)


_UNARY: dict[str, Callable[[Graph, Node, Node], Node]] = {
    "exp": lambda g, x, f: f,
    "log": lambda g, x, f: _inverse(g, x),
    "log10": lambda g, x, f: g.div(g.const(1.0 / math.log(10.0)), x),
    "sqrt": lambda g, x, f: _flat_at_zero(g, f, g.div(g.const(0.5), f)),
    "abs": lambda g, x, f: g.make("sign", x),
    "sin": lambda g, x, f: g.make("cos", x),
    "cos": lambda g, x, f: g.neg(g.make("sin", x)),
    "tan": lambda g, x, f: g.add(g.one, _square(g, f)),
    "sinh": lambda g, x, f: g.make("cosh", x),
    "cosh": lambda g, x, f: g.make("sinh", x),
    "tanh": lambda g, x, f: g.sub(g.one, _square(g, f)),
    "asin": lambda g, x, f: _inverse_root(g, g.sub(g.one, _square(g, x))),
    "acos": lambda g, x, f: g.neg(_inverse_root(g, g.sub(g.one, _square(g, x)))),
    "atan": lambda g, x, f: _inverse(g, g.add(g.one, _square(g, x))),
    "asinh": lambda g, x, f: _inverse(g, _root(g, g.add(_square(g, x), g.one))),
    "acosh": lambda g, x, f: _inverse_root(g, g.sub(_square(g, x), g.one)),
    "atanh": lambda g, x, f: _inverse(g, g.sub(g.one, _square(g, x))),
}


def lower_apply(g: Graph, op: str, args: list[Node]) -> Node | None:
    """Return the node of an SBML operator applied to nodes; None for one that is not known."""
    if op == "piecewise":
        args = [g.as_truth(arg) if i % 2 and i < len(args) else g.number(arg) for i, arg in enumerate(args)]
    else:
        args = [g.as_truth(arg) if op in LOGIC else g.number(arg) for arg in args]
    if op in _DIRECT:
        return g.make(_DIRECT[op], *args)
    rule = _APPLY.get(op)
    return rule(g, args) if rule else None


def _times(g: Graph, args: list[Node]) -> Node:
    result = g.one
    for arg in args:
        result = g.mul(result, arg)
    return result


def _reduce(op: str) -> Callable[[Graph, list[Node]], Node]:
    def rule(g: Graph, args: list[Node]) -> Node:
        result = args[0]
        for arg in args[1:]:
            result = g.make(op, result, arg)
        return result

    return rule


def _chain(op: str) -> Callable[[Graph, list[Node]], Node]:
    def rule(g: Graph, args: list[Node]) -> Node:
        pairs = [g.make(op, a, b) for a, b in pairwise(args)]
        return _reduce("and")(g, pairs)

    return rule


def _piecewise(g: Graph, args: list[Node]) -> Node:
    result = args[-1] if len(args) % 2 else g.const(math.nan)
    for i in range(len(args) // 2 - 1, -1, -1):
        result = g.select(args[2 * i + 1], args[2 * i], result)
    return result


def _one_over(function: str) -> Callable[[Graph, list[Node]], Node]:
    return lambda g, args: _inverse(g, g.make(function, args[0]))


def _of_one_over(function: str) -> Callable[[Graph, list[Node]], Node]:
    return lambda g, args: g.make(function, _inverse(g, args[0]))


_INVERTED = {"sec": "cos", "csc": "sin", "cot": "tan", "sech": "cosh", "csch": "sinh", "coth": "tanh"}
_DIRECT = {
    "exp": "exp", "ln": "log", "abs": "abs", "sign": "sign", "floor": "floor", "ceiling": "ceil", "factorial": "factorial",
    "rem": "fmod", "quotient": "quotient", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh",
    "arccosh": "acosh", "arctanh": "atanh", **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "not")},
}  # fmt: skip
_APPLY: dict[str, Callable[[Graph, list[Node]], Node]] = {
    "plus": lambda g, args: g.sum(args),
    "times": _times,
    "minus": lambda g, args: g.neg(args[0]) if len(args) == 1 else g.sub(args[0], args[1]),
    "divide": lambda g, args: g.div(args[0], args[1]),
    "power": lambda g, args: g.power(args[0], args[1]),
    "root": lambda g, args: _root(g, args[1]) if g.value(args[0]) == 2.0 else g.power(args[1], g.div(g.one, args[0])),
    "log": lambda g, args: g.make("log10", args[1]) if g.value(args[0]) == 10.0 else g.div(g.make("log", args[1]), g.make("log", args[0])),
    "piecewise": _piecewise,
    "implies": lambda g, args: g.make("or", g.make("not", args[0]), args[1]),
    **{op: _reduce(op) for op in ("min", "max", "and", "or", "xor")},
    **{op: _chain(op) for op in ("lt", "leq", "gt", "geq", "eq", "neq")},
    **{name: _one_over(inner) for name, inner in _INVERTED.items()},
    **{"arc" + name: _of_one_over("a" + inner) for name, inner in _INVERTED.items()},
}  # fmt: skip
