"""Graph -> Python source that computes arrays, one element per individual: the readable twin of the vector code."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from serdsim.codegen.graph import Graph, Node
from serdsim.codegen.graph_rules import FUNCTIONS

_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "leq": "<=", "gt": ">", "geq": ">=", "eq": "==", "neq": "!=",
    "and": "&", "or": "|", "xor": "^",
}  # fmt: skip


def _each(function: Callable[..., float]) -> Callable[..., np.ndarray]:
    return np.vectorize(function, otypes=[float])


def _power_slope(base: float, exponent: float, _: float) -> float:
    slope = exponent * FUNCTIONS["pow"](base, exponent - 1.0) if exponent else 0.0
    # at zero a steep power has an infinite slope, which would stop every step; there it counts as flat
    return 0.0 if math.isinf(slope) else slope


_NAMESPACE: dict[str, Any] = {name: _each(function) for name, function in FUNCTIONS.items()} | {
    "powd": _each(_power_slope),
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
    "select": np.where,
    "opposite": np.logical_not,
    "nan": np.nan,
    "inf": np.inf,
}


def array_function(
    graph: Graph, roots: Sequence[Node], inputs: Mapping[str, str], arguments: str = "g, p, c, y, z, t"
) -> Callable[..., list[np.ndarray]]:
    """Return a function of the arguments that gives the values of the roots.

    Parameters
    ----------
    inputs : mapping of input name to Python source
        For example ``{"y.0": "y[0]"}``.
    """
    lines = [f"def compute({arguments}):"]
    for node in graph.program(roots):
        part = graph.parts[node]
        lines.append(f"    n{node} = {_source(part.op, [f'n{arg}' for arg in part.args], part.value, inputs.get(part.name, ''))}")
    lines.append(f"    return [{', '.join(f'n{root}' for root in roots)}]")
    space = dict(_NAMESPACE)
    exec(compile("\n".join(lines), "<serdsim arrays>", "exec"), space)
    function: Callable[..., list[np.ndarray]] = space["compute"]
    return function


def _source(op: str, args: list[str], value: float, place: str) -> str:
    if op == "const":
        return f"({value!r})"
    if op in ("input", "truth"):
        return place
    if op == "nan":
        return "nan"
    if op in _SIGNS:
        return f"{args[0]} {_SIGNS[op]} {args[1]}"
    if op in ("neg", "not"):
        return f"-{args[0]}" if op == "neg" else f"opposite({args[0]})"
    return f"{op}({', '.join(args)})"
