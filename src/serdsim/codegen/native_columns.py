"""Columns -> LLVM functions of a batch: entries of the matrices, what parameters add, and products with columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serdsim.codegen.columns import Columns, Entries
from serdsim.codegen.graph import Node
from serdsim.codegen.graph_printer import write_parts
from serdsim.codegen.ir import Code
from serdsim.codegen.native_functions import LIVE, place_of
from serdsim.codegen.system import System

_PLACES: dict[str, tuple[str, Mapping[str, int] | None]] = {
    "y": ("%y", None), "c": ("%c", None), "z": ("%z", None), "dc": ("%dc", None), "u": ("%u", None), "w": ("%w", None),
    "k": ("%k", None),
}  # fmt: skip
_MORE = ", ptr noalias %dc, ptr noalias %b"


def column_functions(system: System, columns: Columns, lanes: int, *, fma: bool) -> list[str]:
    """Return the IR of what a tangent of a step calls.

    ``s_rates``, ``s_observe`` and ``s_keep`` of (y, c, z, t, out, dc, b) and ``s_turn`` of (..., u, w, k) write the entries of a
    matrix to `out` and add to the columns b what parameters do; ``s_start`` of (g, dg, s, dp), ``s_block`` of (p, dp, dc);
    ``s_by_rates``, ``s_by_turn`` and ``s_by_shown`` of (entries, x, b) add the product of matrix and x to b.
    """

    def code() -> Code:
        return Code(lanes, fma=fma)

    n, outputs = len(system.rhs), len(system.outputs)
    live: tuple[tuple[str, Entries, Entries, int, str], ...] = (
        ("s_rates", columns.rates, columns.rates_by, n, ""),
        ("s_keep", {(e, 0): node for e, node in enumerate(columns.kept)}, {}, n, ""),
        ("s_turn", columns.turn, columns.turn_by, n, ", ptr noalias %u, ptr noalias %w, ptr noalias %k"),
        ("s_observe", columns.shown, columns.shown_by, outputs, ""),
    )
    return [
        *(_live(code(), system, *one) for one in live),
        _start(code(), system, columns),
        _block(code(), system, columns),
        *(_product(code(), *one) for one in (("s_by_rates", columns.rates), ("s_by_turn", columns.turn), ("s_by_shown", columns.shown))),
    ]


def _live(code: Code, system: System, name: str, matrix: Entries, by: Entries, rows: int, more: str) -> str:
    values = write_parts(code, system.graph, [*matrix.values(), *by.values()], place_of(code, _PLACES))
    for e, value in enumerate(values[: len(matrix)]):
        code.store(value, "%out", e)
    for (k, row), value in zip(by, values[len(matrix) :], strict=True):
        code.store(code.add(code.load("%b", k * rows + row), value), "%b", k * rows + row)
    return code.function(f"internal void @{name}({LIVE}{_MORE}{more}) noinline nounwind")


def _start(code: Code, system: System, columns: Columns) -> str:
    n, g = len(system.rhs), system.graph
    every = [columns.start.get((k, row), g.zero) for k in range(len(columns.parameters)) for row in range(n)]
    positions = {id: i for i, id in enumerate(system.equations.given)}
    places: dict[str, tuple[str, Mapping[str, int] | None]] = {"g": ("%g", positions), "dg": ("%dg", None)}
    nodes: Sequence[Node] = [*every, *columns.inputs.values()]
    for i, value in enumerate(write_parts(code, g, nodes, place_of(code, places))):
        code.store(value, "%s" if i < len(every) else "%dp", i if i < len(every) else i - len(every))
    return code.function("internal void @s_start(ptr noalias %g, ptr noalias %dg, ptr noalias %s, ptr noalias %dp) noinline nounwind")


def _block(code: Code, system: System, columns: Columns) -> str:
    positions = {id: i for i, id in enumerate(system.equations.constants)}
    places: dict[str, tuple[str, Mapping[str, int] | None]] = {"p": ("%p", positions), "dp": ("%dp", None)}
    for e, value in enumerate(write_parts(code, system.graph, list(columns.block.values()), place_of(code, places))):
        code.store(value, "%dc", e)
    return code.function("internal void @s_block(ptr noalias %p, ptr noalias %dp, ptr noalias %dc) noinline nounwind")


def _product(code: Code, name: str, matrix: Entries) -> str:
    rows: dict[int, list[tuple[int, int]]] = {}
    for e, (row, column) in enumerate(matrix):
        rows.setdefault(row, []).append((e, column))
    for row, entries in rows.items():
        total = code.load("%b", row)
        for e, column in entries:
            total = code.fma(code.load("%m", e), code.load("%x", column), total)
        code.store(total, "%b", row)
    return code.function(f"internal void @{name}(ptr noalias %m, ptr noalias %x, ptr noalias %b) noinline nounwind")
