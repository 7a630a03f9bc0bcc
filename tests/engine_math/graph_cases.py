"""The value of a node of a graph in many digits, and random expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import mpmath
from hypothesis import strategies as st

from serdsim.codegen.graph import Graph, Node
from serdsim.model.expression import Apply, Expression, Number, Symbol


def _power(base: mpmath.mpf, exponent: mpmath.mpf) -> mpmath.mpf:
    return mpmath.mpf(0) if base < 0 and exponent != mpmath.floor(exponent) else base**exponent


def _whole(a: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
    return mpmath.sign(a / b) * mpmath.floor(abs(a / b))


_SAME = "exp log log10 sqrt sign floor ceil factorial sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh"
_OPERATIONS: dict[str, Callable[..., object]] = {
    **{name: getattr(mpmath, name) for name in _SAME.split()},
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "abs": abs,
    "min": min,
    "max": max,
    "pow": _power,
    "powd": lambda x, h, _: h * _power(x, h - 1),
    "fmod": lambda a, b: a - b * _whole(a, b),
    "quotient": _whole,
    "select": lambda c, a, b: a if c else b,
    "lt": lambda a, b: a < b,
    "leq": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "geq": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "xor": lambda a, b: a != b,
    "not": lambda a: not a,
}


def value(graph: Graph, node: Node, inputs: Mapping[str, mpmath.mpf]) -> mpmath.mpf:
    """Return the value of a node for values of the inputs."""
    known: dict[Node, object] = {}
    for one in graph.program([node]):
        part = graph.parts[one]
        if part.op == "const":
            known[one] = mpmath.mpf(part.value)
        elif part.op == "input":
            known[one] = inputs[part.name]
        else:
            known[one] = _OPERATIONS[part.op](*(known[arg] for arg in part.args))
    return known[node]


def apply(op: str, *args: Expression) -> Apply:
    return Apply(op, args)


_LEAVES = st.one_of(
    st.sampled_from("x y z p q".split()).map(Symbol),
    st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, 3.0, -0.7, 1e-3, 40.0]).map(Number),
)
_PLAIN = ("plus", "minus", "times", "divide", "min", "max")
_SINGLE = ("minus", "abs", "exp", "ln", "sin", "tanh", "arctan", "floor", "ceiling", "sign")
_RELATIONS = ("lt", "leq", "gt", "geq", "neq")


def _grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    two = st.tuples(inner, inner)
    test = st.builds(Apply, st.sampled_from(_RELATIONS), two)
    return st.one_of(
        st.builds(Apply, st.sampled_from(_PLAIN), two),
        st.builds(Apply, st.sampled_from(_SINGLE), st.tuples(inner)),
        st.builds(lambda a, h: apply("power", apply("abs", a), h), inner, inner),
        st.builds(lambda a, n: apply("power", a, Number(n)), inner, st.sampled_from([-3.0, -1.0, 0.0, 0.5, 1.0, 2.0, 5.0, 1.7])),
        st.builds(lambda a: apply("root", Number(2.0), apply("abs", a)), inner),
        st.builds(lambda a, t, b: apply("piecewise", a, t, b), inner, test, inner),
        st.builds(lambda a, s, t, b: apply("piecewise", a, apply("and", s, apply("not", t)), b), inner, test, test, inner),
        st.builds(lambda a, b, c: apply("plus", a, b, c), inner, inner, inner),
    )


EXPRESSIONS = st.recursive(_LEAVES, _grown, max_leaves=14)
