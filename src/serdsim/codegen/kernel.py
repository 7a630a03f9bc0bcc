"""Equations -> Kernel: compiled functions of time, state and constants, with a declared layout."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from serdsim.codegen.equations import AMOUNT, GIVEN, Equations
from serdsim.codegen.mathematics import NAMESPACE
from serdsim.codegen.python_printer import name, show
from serdsim.model.expression import Apply, Expression, symbols

Values = tuple[float, ...]


@dataclass(frozen=True)
class Kernel:
    """Functions of one individual; `source` is the generated text and `key` its hash.

    `fixed(p)` gives the constant block c from the inputs p in the order of `equations.constants`;
    `rhs(t, y, c)` the derivatives; `jacobian(t, y, c)` the non-zeros in the order of `equations.jacobian`;
    `everything(t, y, c)` the values of `quantities`; `roots(t, y, c)` one number per comparison;
    `truths(t, y, c)` one truth per event; `start(g)` the state at time zero and the inputs p, from the values g of
    `equations.given`.
    """

    equations: Equations
    quantities: tuple[str, ...]
    key: str
    start: Callable[..., tuple[Values, Values]]
    fixed: Callable[..., Values]
    rhs: Callable[..., Values]
    jacobian: Callable[..., Values]
    everything: Callable[..., Values]
    roots: Callable[..., Values]
    truths: Callable[..., tuple[bool, ...]]
    event_values: tuple[Callable[..., Values], ...]
    event_delays: tuple[Callable[..., Values], ...]


@lru_cache(maxsize=32)
def build(equations: Equations) -> Kernel:
    """Return the kernel of the equations; the same equations give the same kernel in one process."""
    head = _head(equations)
    moving = [f"    {name(id)} = {show(expression)}" for id, expression in equations.moving]
    quantities = _quantities(equations)
    used = _reached(equations)
    lean = [f"    {name(id)} = {show(expression)}" for id, expression in equations.moving if id in used]
    partials = [f"    {name(id)} = {show(expression)}" for id, expression in equations.partials]
    flux = [f"    {name(id)} = {show(expression)}" for id, expression in equations.boundary_flux]
    parts = [
        _start_function(equations),
        _function(
            "fixed", "p", [f"    {_unpack(equations.constants)} = p", *_fixed_lines(equations), f"    return {_unpack(_block(equations))}"]
        ),
        _function("rhs", "t, y, c", [*head, *lean, f"    return {_tuple(equations.derivatives)}"]),
        _function("jacobian", "t, y, c", [*head, *moving, *partials, f"    return {_tuple([e for _, _, e in equations.jacobian])}"]),
        _function("everything", "t, y, c", [*head, *moving, *flux, f"    return {_unpack(quantities)}"]),
        _function("roots", "t, y, c", [*head, *moving, f"    return {_tuple([_distance(root) for root in equations.roots])}"]),
        _function("truths", "t, y, c", [*head, *moving, f"    return {_tuple([event.trigger for event in equations.events])}"]),
    ]
    for i, event in enumerate(equations.events):
        parts.append(_function(f"values_{i}", "t, y, c", [*head, *moving, f"    return {_tuple([e for _, e in event.assignments])}"]))
        extra = [event.delay or _nothing(), event.priority or _nothing()]
        parts.append(_function(f"delay_{i}", "t, y, c", [*head, *moving, f"    return {_tuple(extra)}"]))
    source = "\n".join(parts)
    functions = _compile(source)
    count = range(len(equations.events))
    return Kernel(
        equations=equations,
        quantities=quantities,
        key=hashlib.sha256(source.encode()).hexdigest(),
        start=functions["start"],
        fixed=functions["fixed"],
        rhs=functions["rhs"],
        jacobian=functions["jacobian"],
        everything=functions["everything"],
        roots=functions["roots"],
        truths=functions["truths"],
        event_values=tuple(functions[f"values_{i}"] for i in count),
        event_delays=tuple(functions[f"delay_{i}"] for i in count),
    )


def _nothing() -> Expression:
    return Apply("plus", ())


def _distance(root: Apply) -> Expression:
    return Apply("minus", (root.args[0], root.args[1]))


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


def _fixed_lines(equations: Equations) -> list[str]:
    return [f"    {name(id)} = {show(expression)}" for id, expression in equations.fixed]


def _head(equations: Equations) -> list[str]:
    lines = []
    if equations.states:
        lines.append(f"    {_unpack(_state_names(equations))} = y")
    if _block(equations):
        lines.append(f"    {_unpack(_block(equations))} = c")
    return lines


def _start_function(equations: Equations) -> str:
    assigned = {id: size for id, size in zip(equations.states, equations.scales, strict=True)}
    amounts = [f"{name(id)} * {name(size)}" if size is not None else name(id) for id, size in assigned.items()]
    lines = ["    t = 0.0"]
    if equations.given:
        lines.append(f"    {_unpack([id + GIVEN for id in equations.given])} = g")
    lines += [f"    {name(id)} = {show(expression)}" for id, expression in equations.starting]
    state = "(" + ", ".join(amounts) + ("," if amounts else "") + ")"
    return _function("start", "g", [*lines, f"    return {state}, {_unpack(equations.constants)}"])


def _unpack(ids: Sequence[str]) -> str:
    return "(" + ", ".join(name(id) for id in ids) + ("," if ids else "") + ")"


def _tuple(expressions: Sequence[Expression]) -> str:
    return "(" + ", ".join(show(expression) for expression in expressions) + ("," if expressions else "") + ")"


def _function(title: str, arguments: str, lines: Sequence[str]) -> str:
    body = [line for line in lines if line.strip() not in ("() = p", "() = c")]
    return f"def {title}({arguments}):\n" + "\n".join(body) + "\n"


def _compile(source: str) -> dict[str, Any]:
    functions: dict[str, Any] = dict(NAMESPACE)
    exec(compile(source, "<serdsim kernel>", "exec"), functions)
    return functions
