"""Equations -> Kernel: compiled functions of time, state and constants, with a declared layout."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from serdsim.codegen.equations import AMOUNT, GIVEN, Equations
from serdsim.codegen.mathematics import NAMESPACE
from serdsim.codegen.python_printer import name, show
from serdsim.model.expression import Apply, Expression, Number, symbols

Values = tuple[float, ...]
Function = Callable[..., Any]


@dataclass(frozen=True)
class Kernel:
    """Functions of one individual; `source` is the generated text and `key` its hash.

    `fixed(p)` gives the constant block c from the inputs p in the order of `equations.constants`;
    `rhs(t, y, c)` the derivatives; `jacobian(t, y, c)` the non-zeros in the order of `equations.jacobian`;
    `everything(t, y, c)` the values of `quantities`; `comparisons(t, y, c)` one number per comparison, which changes
    with it; `truths(t, y, c)` one truth per event; `start(g)` the state at time zero and the inputs p, from the values
    g of `equations.given`. Per event, `event_values` gives what is assigned, `event_timing` delay and priority.
    None of them raises: arithmetic is that of IEEE 754.
    """

    equations: Equations
    quantities: tuple[str, ...]
    source: str
    key: str
    start: Callable[..., tuple[Values, Values]]
    fixed: Callable[..., Values]
    rhs: Callable[..., Values]
    jacobian: Callable[..., Values]
    everything: Callable[..., Values]
    comparisons: Callable[..., Values]
    truths: Callable[..., tuple[bool, ...]]
    event_values: tuple[Callable[..., Values], ...]
    event_timing: tuple[Callable[..., Values], ...]


@lru_cache(maxsize=32)
def build(equations: Equations) -> Kernel:
    """Return the kernel of the equations; the same equations give the same kernel in one process."""
    source = _source(equations)
    functions = _compile(source)
    count = range(len(equations.events))
    return Kernel(
        equations=equations,
        quantities=_quantities(equations),
        source=source,
        key=hashlib.sha256(source.encode()).hexdigest(),
        **{title: functions[title] for title in ("start", "fixed", "rhs", "jacobian", "everything", "comparisons", "truths")},
        event_values=tuple(functions[f"values_{i}"] for i in count),
        event_timing=tuple(functions[f"timing_{i}"] for i in count),
    )


def _source(equations: Equations) -> str:
    head, moving = _head(equations), _lines(equations.moving)
    used = _reached(equations)
    lean = _lines([(id, expression) for id, expression in equations.moving if id in used])
    partials, flux = _lines(equations.partials), _lines(equations.boundary_flux)
    fixed = [f"    {_unpack(equations.constants)} = p", *_lines(equations.fixed), f"    return {_unpack(_block(equations))}"]
    parts = [
        _start_function(equations),
        _function("fixed", "p", fixed),
        _function("rhs", "t, y, c", [*head, *lean, f"    return {_tuple(equations.derivatives)}"]),
        _function("jacobian", "t, y, c", [*head, *moving, *partials, f"    return {_tuple([e for _, _, e in equations.jacobian])}"]),
        _function("everything", "t, y, c", [*head, *moving, *flux, f"    return {_unpack(_quantities(equations))}"]),
        _function("comparisons", "t, y, c", [*head, *moving, f"    return {_tuple([_sign(e) for e in equations.comparisons])}"]),
        _function("truths", "t, y, c", [*head, *moving, f"    return {_tuple([event.trigger for event in equations.events])}"]),
    ]
    for i, event in enumerate(equations.events):
        timing = [event.delay or Number(0.0), event.priority or Number(0.0)]
        parts.append(_function(f"values_{i}", "t, y, c", [*head, *moving, f"    return {_tuple([e for _, e in event.assignments])}"]))
        parts.append(_function(f"timing_{i}", "t, y, c", [*head, *moving, f"    return {_tuple(timing)}"]))
    return "\n".join(parts)


def _sign(comparison: Apply) -> Expression:
    """Return what changes when the comparison does; an equality is watched by the side on which it fails."""
    return Apply("sign", (Apply("minus", comparison.args),)) if comparison.op in ("eq", "neq") else comparison


def _lines(assignments: Iterable[tuple[str, Expression]]) -> list[str]:
    return [f"    {name(id)} = {show(expression)}" for id, expression in assignments]


def _state_names(equations: Equations) -> list[str]:
    assigned = {id for id, _ in equations.moving}
    return [state + AMOUNT if state in assigned else state for state in equations.states]


def _block(equations: Equations) -> tuple[str, ...]:
    return (*equations.constants, *(id for id, _ in equations.fixed))


def _quantities(equations: Equations) -> tuple[str, ...]:
    states = _state_names(equations)
    flux = [id for id, _ in equations.boundary_flux]
    return tuple(dict.fromkeys([*equations.states, *_block(equations), *(id for id, _ in equations.moving), *states, *flux]))


def _reached(equations: Equations) -> frozenset[str]:
    """Return the assignments that the derivatives need."""
    needed: set[str] = set()
    for derivative in equations.derivatives:
        needed |= symbols(derivative)
    for id, expression in reversed(equations.moving):
        if id in needed:
            needed |= symbols(expression)
    return frozenset(needed)


def _head(equations: Equations) -> list[str]:
    lines = []
    if equations.states:
        lines.append(f"    {_unpack(_state_names(equations))} = y")
    if _block(equations):
        lines.append(f"    {_unpack(_block(equations))} = c")
    return lines


def _start_function(equations: Equations) -> str:
    assigned = dict(zip(equations.states, equations.scales, strict=True))
    amounts = [f"{name(id)} * {name(size)}" if size is not None else name(id) for id, size in assigned.items()]
    lines = ["    t = 0.0"]
    if equations.given:
        lines.append(f"    {_unpack([id + GIVEN for id in equations.given])} = g")
    lines += _lines(equations.starting)
    state = "(" + ", ".join(amounts) + ("," if amounts else "") + ")"
    return _function("start", "g", [*lines, f"    return {state}, {_unpack(equations.constants)}"])


def _unpack(ids: Sequence[str]) -> str:
    return "(" + ", ".join(name(id) for id in ids) + ("," if ids else "") + ")"


def _tuple(expressions: Sequence[Expression]) -> str:
    return "(" + ", ".join(show(expression) for expression in expressions) + ("," if expressions else "") + ")"


def _function(title: str, arguments: str, lines: Sequence[str]) -> str:
    body = [line for line in lines if line.strip() not in ("() = p", "() = c")]
    return f"def {title}({arguments}):\n" + "\n".join(body) + "\n"


def _compile(source: str) -> dict[str, Function]:
    """Return the functions of the source; one that divides by zero is computed once more with IEEE division.

    Python's own division is fast but raises; the careful twin is only compiled when it is needed.
    """
    fast: dict[str, Any] = dict(NAMESPACE)
    exec(compile(source, "<serdsim kernel>", "exec"), fast)
    careful: dict[str, Any] = {}

    def guarded(title: str, function: Function) -> Function:
        def call(*args: Any) -> Any:
            try:
                return function(*args)
            except ZeroDivisionError:
                if not careful:
                    careful.update(NAMESPACE)
                    exec(compile(ast.fix_missing_locations(_IeeeDivision().visit(ast.parse(source))), "<serdsim kernel>", "exec"), careful)
                return careful[title](*args)

        return call

    return {title: guarded(title, function) for title, function in fast.items() if title not in NAMESPACE and callable(function)}


class _IeeeDivision(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            return ast.Call(ast.Name("_divide", ast.Load()), [node.left, node.right], [])
        return node
