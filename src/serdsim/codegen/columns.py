"""System and parameters -> Columns: sparse matrices and vectors from which a compiled tangent of a step is put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serdsim.codegen.graph import Graph, Node
from serdsim.codegen.system import System
from serdsim.codegen.tangent import turned
from serdsim.errors import Issue, ModelError
from serdsim.model.expression_text import text_of

Entries = Mapping[tuple[int, int], Node]
Move = str | tuple[str, ...]
_LONGEST = 80


@dataclass(frozen=True)
class Columns:
    """Non-zeros only. Keys of what belongs to a parameter are (parameter, row), of a matrix (row, column).

    Inputs beside those of the system are `dg.E`, how fast the value `seeds[E]` moves, `dp.E` and `dc.E`, the entries of `inputs`
    and `block` in their order, `u.I`, a stage, `w.0`, by which the partial derivative by time counts in the stage, and `k.E`, what
    `kept` holds for all stages.

    Attributes
    ----------
    parameters : tuple of str
        Names of the columns.
    seeds : tuple of str
        Values that individuals bring and that move along a column as fast as each individual says.
    start, inputs : Entries
        Of the states and of the inputs p at the start.
    block : Entries
        Of the block c.
    rates, turn, shown : Entries
        By the states: of the rates, of what the matrix of a stage adds (Jacobian times u, and drift), of the outputs.
    rates_by, turn_by, shown_by : Entries
        The same by the parameters.
    kept : tuple of node
        What `turn` and `turn_by` need and no stage changes.
    sized : tuple of bool
        For each state whether the size by which it is divided moves with states or parameters.
    """

    parameters: tuple[str, ...]
    seeds: tuple[str, ...]
    start: Entries
    inputs: Entries
    block: Entries
    rates: Entries
    turn: Entries
    shown: Entries
    rates_by: Entries
    turn_by: Entries
    shown_by: Entries
    kept: tuple[Node, ...]
    sized: tuple[bool, ...]


def build_columns(system: System, moves: Sequence[Move]) -> Columns:
    """Return the columns of a system; its graph grows.

    Parameters
    ----------
    moves : sequence of str or tuple of str
        For each column the value that moves as fast as the column itself, or the values for which each individual says how fast.

    Raises
    ------
    ModelError
        For changes of comparisons whose time may move with the parameters: only `engine/sensitivity.py` follows those.
    """
    g, equations = system.graph, system.equations
    n = len(system.rhs)
    states = [g.input(f"y.{i}") for i in range(n)]
    parameters = tuple(move if isinstance(move, str) else " and ".join(move) for move in moves)
    seeds, moved_given = _seeded(g, moves)

    def by_states(roots: Sequence[Node]) -> dict[tuple[int, int], Node]:
        return {(row, column): node for row, found in enumerate(g.slopes(roots, states)) for column, node in found.items()}

    def by_parameters(roots: Sequence[Node], rates: Sequence[Mapping[Node, Node]]) -> dict[tuple[int, int], Node]:
        rows = [g.tangents(roots, one) for one in rates]
        return {(k, row): node for k, found in enumerate(rows) for row, node in enumerate(found) if node != g.zero}

    first = by_parameters([*system.start_state, *system.start_inputs], moved_given)
    inputs = {(k, row - n): node for (k, row), node in first.items() if row >= n}
    names = [f"p.{id}" for id in equations.constants]
    block = by_parameters(system.block, _named(system, inputs, names, "dp", len(parameters)))
    of_block = _named(system, block, [f"c.{i}" for i in range(len(system.block))], "dc", len(parameters))
    _check(system, parameters, by_parameters(system.switches, of_block))
    drift = [g.mul(g.input("w.0"), system.drift.get(row, g.zero)) for row in range(n)]
    turning = [g.add(*pair) for pair in zip(turned(system), drift, strict=True)]
    sizes = {row for row, _ in by_states(system.sizes)} | {row for _, row in by_parameters(system.sizes, of_block)}
    turn, turn_by = by_states(turning), by_parameters(turning, of_block)
    kept, moved = _apart(g, [*turn.values(), *turn_by.values()])
    return Columns(
        parameters=parameters,
        seeds=seeds,
        start={key: node for key, node in first.items() if key[1] < n},
        inputs=inputs,
        block=block,
        rates=system.jacobian,
        turn=dict(zip(turn, moved[: len(turn)], strict=True)),
        shown=by_states(system.outputs),
        rates_by=by_parameters(system.rhs, of_block),
        turn_by=dict(zip(turn_by, moved[len(turn) :], strict=True)),
        shown_by=by_parameters(system.outputs, of_block),
        kept=kept,
        sized=tuple(row in sizes for row in range(n)),
    )


def _seeded(g: Graph, moves: Sequence[Move]) -> tuple[tuple[str, ...], list[dict[Node, Node]]]:
    """Return the values that move as fast as individuals say, and for each column which values move and how fast."""
    seeds: list[str] = []
    found: list[dict[Node, Node]] = []
    for move in moves:
        if isinstance(move, str):
            found.append({g.input(f"g.{move}"): g.one})
            continue
        found.append({g.input(f"g.{id}"): g.input(f"dg.{len(seeds) + e}") for e, id in enumerate(move)})
        seeds += move
    return tuple(seeds), found


def _named(system: System, entries: Entries, names: Sequence[str], prefix: str, count: int) -> list[dict[Node, Node]]:
    """Return for each parameter which inputs it moves, and the inputs that say how fast."""
    g = system.graph
    found: list[dict[Node, Node]] = [{} for _ in range(count)]
    for e, (k, row) in enumerate(entries):
        found[k][g.input(names[row])] = g.input(f"{prefix}.{e}")
    return found


def _apart(g: Graph, roots: Sequence[Node]) -> tuple[tuple[Node, ...], list[Node]]:
    """Return the largest parts that no stage changes, and the roots with the inputs `k.E` in their place."""
    moves: set[Node] = set()
    places: dict[Node, Node] = {}
    found: dict[Node, Node] = {}
    kept: list[Node] = []

    def of(node: Node) -> Node:
        if node in moves:
            return found[node]
        if g.parts[node].op in ("const", "nan"):
            return node
        if node not in places:
            number = g.input(f"k.{len(kept)}")
            places[node] = g.make("neq", number, g.zero) if g.is_truth(node) else number
            kept.append(g.number(node))
        return places[node]

    for node in g.program(roots):
        part = g.parts[node]
        if part.op == "input" and part.name[:2] in ("u.", "w."):
            moves.add(node)
            found[node] = node
        elif moves.intersection(part.args):
            moves.add(node)
            found[node] = g.same(part.op, [of(arg) for arg in part.args])
    return tuple(kept), [of(root) for root in roots]


def _check(system: System, parameters: Sequence[str], switches: Entries) -> None:
    if not system.located and not switches:
        return
    if system.located:
        what = text_of(system.equations.comparisons[system.located[0]], _LONGEST)
    else:
        what = f"a comparison of time with {', '.join(dict.fromkeys(parameters[k] for k, _ in switches))}"
    raise ModelError(
        Issue(
            f"compiled sensitivities do not follow the time at which {what} changes",
            expected="stops at times that no parameter moves; the sensitivities of the NumPy twin follow others",
        )
    )
