"""System -> Tangent: how fast everything that a fast engine computes changes when parameters do. First and second derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.codegen.graph import Graph, Node
from serdsim.codegen.system import System
from serdsim.errors import Issue, ModelError
from serdsim.model.expression import RELATIONS
from serdsim.model.expression_text import text_of

_JUMPS = frozenset({"floor", "ceil", "quotient", "fmod", "sign", "factorial", "select"})
_LONGEST = 80


@dataclass(frozen=True)
class Tangent:
    """Nodes of the graph of a system; beside its inputs stand their rates of change `dg.ID`, `dp.ID`, `dc.K`, `dy.I` and `dt`.

    Attributes
    ----------
    start : tuple of node
        Of the states, then of the inputs p, at the start.
    block, switches, rhs, outputs, sizes : tuple of node
        Of what the system calls so.
    turned : tuple of node
        Of the Jacobian, times the vector `u.I` that stands still: (dJ) u.
    drift : mapping of row to node
    gaps : mapping of comparison to node
        Of the difference of the two sides of a comparison that is located within a step.
    """

    system: System
    start: tuple[Node, ...]
    block: tuple[Node, ...]
    switches: tuple[Node, ...]
    rhs: tuple[Node, ...]
    turned: tuple[Node, ...]
    drift: dict[int, Node]
    outputs: tuple[Node, ...]
    sizes: tuple[Node, ...]
    gaps: dict[int, Node]


def build_tangent(system: System) -> Tangent:
    """Return the tangent of a system; its graph grows.

    Raises
    ------
    ModelError
        For a comparison whose change has no derivative that we know.
    """
    g, equations = system.graph, system.equations

    def rates(block: str, keys: Sequence[str | int]) -> dict[Node, Node]:
        return {g.input(f"{block}.{key}"): g.input(f"d{block}.{key}") for key in keys}

    gaps = {k: _gap(system, k) for k in system.located}
    of_given, of_inputs = rates("g", equations.given), rates("p", equations.constants)
    of_block = rates("c", range(len(system.block)))
    live = of_block | rates("y", range(len(system.rhs))) | {g.input("t"): g.input("dt")}
    drift = g.tangents(list(system.drift.values()), live)
    return Tangent(
        system=system,
        start=tuple(g.tangents([*system.start_state, *system.start_inputs], of_given)),
        block=tuple(g.tangents(system.block, of_inputs)),
        switches=tuple(g.tangents(system.switches, of_block)),
        rhs=tuple(g.tangents(system.rhs, live)),
        turned=tuple(g.tangents(turned(system), live)),
        drift=dict(zip(system.drift, drift, strict=True)),
        outputs=tuple(g.tangents(system.outputs, live)),
        sizes=tuple(g.tangents(system.sizes, live)),
        gaps=dict(zip(gaps, g.tangents(list(gaps.values()), live), strict=True)),
    )


def turned(system: System) -> list[Node]:
    """Return the Jacobian times u, row by row."""
    g = system.graph
    terms: list[list[Node]] = [[] for _ in system.rhs]
    for (row, column), slope in system.jacobian.items():
        terms[row].append(g.mul(slope, g.input(f"u.{column}")))
    return [g.sum(row) for row in terms]


def _gap(system: System, number: int) -> Node:
    """Return what is zero where a comparison changes: the difference of its sides, or time where nothing but time moves it."""
    g = system.graph
    part = g.parts[system.comparisons[number]]
    if _only_time(g, system.comparisons[number]):
        return g.input("t")
    if part.op in RELATIONS and not any(g.parts[node].op in _JUMPS or g.is_truth(node) for node in g.program(part.args)):
        return g.sub(*part.args)
    what = text_of(system.equations.comparisons[number], _LONGEST)
    raise ModelError(
        Issue(
            f"the time at which {what} changes has no derivative that sensitivities know",
            expected="a comparison of two quantities that move without a jump",
        )
    )


def _only_time(g: Graph, node: Node) -> bool:
    return all(g.parts[one].op not in ("input", "truth") or g.parts[one].name == "t" for one in g.program([node]))
