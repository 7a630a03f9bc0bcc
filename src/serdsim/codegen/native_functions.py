"""System -> LLVM functions of a batch: rates, Jacobian, outputs, comparisons, start values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serdsim.codegen.graph import Node
from serdsim.codegen.graph_printer import Place, write_parts
from serdsim.codegen.ir import Code, Value
from serdsim.codegen.sparse_lu import Factorisation
from serdsim.codegen.system import System

LIVE = "ptr noalias %y, ptr noalias %c, ptr noalias %z, ptr noalias %t, ptr noalias %out"


def functions(system: System, f: Factorisation | None, lanes: int, *, fma: bool) -> list[str]:
    """Return the IR of all functions that come from the model.

    They are ``rhs``, ``rates`` (which adds the rates to what is there), ``drift``, ``observe``, ``sizes``, ``compare``,
    ``triggers``, ``priorities`` and ``assigned`` of (y, c, z, t, out), ``jac`` of (y, c, z, t, out = W, 1/(h gamma)), ``start``
    of (g, y, p) and ``block`` of (p, c); all work on all lanes.
    """

    def code() -> Code:
        return Code(lanes, fma=fma)

    count = len(system.rhs)
    zero = system.graph.zero
    texts = [
        _live("rhs", code(), system, system.rhs),
        _live("rates", code(), system, system.rhs, added=True),
        _live("drift", code(), system, [system.drift.get(row, zero) for row in range(count)]),
        _live("observe", code(), system, system.outputs),
        _live("sizes", code(), system, system.sizes),
        _truths("compare", code(), system, system.comparisons),
        _truths("triggers", code(), system, system.triggers),
        _live("priorities", code(), system, system.priorities),
        _live("assigned", code(), system, system.assigned),
        _start(code(), system),
        _block(code(), system),
    ]
    return [*texts, _jacobian(code(), system, f)] if f else texts


def place_of(code: Code, names: Mapping[str, tuple[str, Mapping[str, int] | None]]) -> Place:
    """Return what loads an input; `names` says for each prefix the block and, for named inputs, their positions."""

    def place(name: str) -> Value:
        if name == "t":
            return code.load("%t")
        prefix, _, rest = name.partition(".")
        block, positions = names[prefix]
        value = code.load(block, int(rest) if positions is None else positions[rest])
        return code.compare("une", value, code.splat(0.0)) if prefix == "z" else value

    return place


_LIVE_PLACES: dict[str, tuple[str, Mapping[str, int] | None]] = {"y": ("%y", None), "c": ("%c", None), "z": ("%z", None)}


def _live(name: str, code: Code, system: System, roots: Sequence[Node], *, added: bool = False) -> str:
    for i, value in enumerate(write_parts(code, system.graph, roots, place_of(code, _LIVE_PLACES))):
        code.store(code.add(value, code.load("%out", i)) if added else value, "%out", i)
    return code.function(f"internal void @{name}({LIVE}) noinline nounwind")


def _truths(name: str, code: Code, system: System, roots: Sequence[Node]) -> str:
    for k, mask in enumerate(write_parts(code, system.graph, roots, place_of(code, _LIVE_PLACES))):
        code.store(code.select(mask, code.splat(1.0), code.splat(0.0)), "%out", k)
    return code.function(f"internal void @{name}({LIVE}) noinline nounwind")


def _jacobian(code: Code, system: System, f: Factorisation) -> str:
    places = list(system.jacobian)
    values = write_parts(code, system.graph, list(system.jacobian.values()), place_of(code, _LIVE_PLACES))
    found = dict(zip(places, values, strict=True))
    diagonal = code.load("%ig")
    for i in range(f.n):
        value = found.pop((i, i), None)
        code.store(diagonal if value is None else code.sub(diagonal, value), "%out", f.slots[i, i])
    for place, value in found.items():
        code.store(code.neg(value), "%out", f.slots[place])
    return code.function(f"internal void @jac({LIVE}, ptr noalias %ig) noinline nounwind")


def _start(code: Code, system: System) -> str:
    positions = {id: i for i, id in enumerate(system.equations.given)}
    roots = [*system.start_state, *system.start_inputs]
    values = write_parts(code, system.graph, roots, place_of(code, {"g": ("%g", positions)}))
    count = len(system.start_state)
    for i, value in enumerate(values):
        code.store(value, "%y" if i < count else "%p", i if i < count else i - count)
    return code.function("internal void @start(ptr noalias %g, ptr noalias %y, ptr noalias %p) noinline nounwind")


def _block(code: Code, system: System) -> str:
    positions = {id: i for i, id in enumerate(system.equations.constants)}
    for i, value in enumerate(write_parts(code, system.graph, system.block, place_of(code, {"p": ("%p", positions)}))):
        code.store(value, "%c", i)
    return code.function("internal void @block(ptr noalias %p, ptr noalias %c) noinline nounwind")
