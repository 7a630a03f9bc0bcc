"""Equations -> System: one graph with everything that a fast engine computes, constants hoisted, comparisons frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.codegen.equations import AMOUNT, GIVEN, Equations
from serdsim.codegen.graph import Graph, Node, lower
from serdsim.model.expression import Apply


@dataclass(frozen=True)
class System:
    """Nodes of one graph; inputs are named `g.ID`, `p.ID`, `c.K`, `y.I`, `z.K` and `t`.

    Attributes
    ----------
    start_state, start_inputs : tuple of node
        State at time zero and inputs p, from the values g of `equations.given`.
    block : tuple of node
        Numbers that depend on inputs p only; the integration reads them as `c.K`.
    rhs : tuple of node
        Derivatives.
    jacobian : mapping of (row, column) to node
        Structural non-zeros.
    drift : mapping of row to node
        Partial derivatives of `rhs` by time.
    comparisons : tuple of node
        Truths that a step holds fixed (`z.K`), as they are now.
    switches : tuple of node
        Times, known from the inputs, at which a comparison of time changes; the integration stops there.
    located : tuple of int
        Comparisons that vary and are no switch; their changes are located within a step.
    sizes : tuple of node
        By which a state is divided to become a concentration, 1 for others.
    triggers, priorities, assigned : tuple of node
        Of the events: truths, priorities, and what is assigned, event by event.
    """

    graph: Graph
    equations: Equations
    start_state: tuple[Node, ...]
    start_inputs: tuple[Node, ...]
    block: tuple[Node, ...]
    rhs: tuple[Node, ...]
    jacobian: dict[tuple[int, int], Node]
    drift: dict[int, Node]
    comparisons: tuple[Node, ...]
    switches: tuple[Node, ...]
    located: tuple[int, ...]
    sizes: tuple[Node, ...]
    triggers: tuple[Node, ...]
    priorities: tuple[Node, ...]
    assigned: tuple[Node, ...]
    outputs: tuple[Node, ...]


_STRAIGHT = frozenset({"add", "sub", "neg", "mul", "div"})


def build_system(equations: Equations, outputs: Sequence[str]) -> System:
    """Return the system of the equations with some outputs."""
    builder = _Builder(equations)
    return builder.system(tuple(outputs))


class _Builder:
    def __init__(self, equations: Equations) -> None:
        self.equations = equations
        self.graph = g = Graph()
        self.time = g.input("t")
        self.fixed = {id: g.input(f"p.{id}") for id in equations.constants}
        for id, expression in equations.fixed:
            self.fixed[id] = g.number(lower(g, expression, self.fixed))
        assigned = {id for id, _ in equations.moving}
        self.states = [g.input(f"y.{i}") for i in range(len(equations.states))]
        names = [state + AMOUNT if state in assigned else state for state in equations.states]
        self.base = self.fixed | dict(zip(names, self.states, strict=True)) | {"time": self.time}
        self.frozen = {c: g.truth(f"z.{k}") for k, c in enumerate(equations.comparisons)}

    def system(self, outputs: tuple[str, ...]) -> System:
        equations, g = self.equations, self.graph
        held = self._moving(self.frozen)
        rhs = [g.number(lower(g, e, held, self.frozen)) for e in equations.derivatives]
        slopes = g.slopes(rhs, [*self.states, self.time])
        last = len(self.states)
        jacobian = {(row, column): node for row, found in enumerate(slopes) for column, node in found.items() if column != last}
        drift = {row: found[last] for row, found in enumerate(slopes) if last in found}
        live = self._moving({})
        live |= {id: lower(g, e, live) for id, e in equations.boundary_flux}
        shown = dict(zip(equations.states, self.states, strict=True)) | live
        switches = self._switches(live)
        truths = [lower(g, c, live) for c in equations.comparisons]
        groups = {
            "rhs": rhs,
            "jacobian": list(jacobian.values()),
            "drift": list(drift.values()),
            "comparisons": truths,
            "switches": [time for time in switches if time is not None],
            "sizes": [g.one if size is None else shown[size] for size in equations.scales],
            "triggers": [g.as_truth(lower(g, event.trigger, live)) for event in equations.events],
            "priorities": [g.zero if event.priority is None else g.number(lower(g, event.priority, live)) for event in equations.events],
            "assigned": [g.number(lower(g, value, live)) for event in equations.events for _, value in event.assignments],
            "outputs": [shown[id] for id in outputs],
        }
        start_state, start_inputs = self._start()
        hoist = _Hoist(g)
        moved = iter(hoist.all([node for group in groups.values() for node in group]))
        done = {name: tuple(next(moved) for _ in group) for name, group in groups.items()}
        return System(
            graph=g,
            equations=equations,
            start_state=start_state,
            start_inputs=start_inputs,
            block=tuple(hoist.block),
            rhs=done["rhs"],
            jacobian=dict(zip(jacobian, done["jacobian"], strict=True)),
            drift=dict(zip(drift, done["drift"], strict=True)),
            comparisons=done["comparisons"],
            switches=done["switches"],
            located=tuple(k for k, time in enumerate(switches) if time is None and self._varies(truths[k])),
            sizes=done["sizes"],
            triggers=done["triggers"],
            priorities=done["priorities"],
            assigned=done["assigned"],
            outputs=done["outputs"],
        )

    def _switches(self, live: dict[str, Node]) -> list[Node | None]:
        """Return for each comparison the time at which it changes, None where that is not known beforehand."""
        g = self.graph
        first = dict(self.base) | {"time": g.zero}
        for id, expression in self.equations.moving:
            first[id] = g.number(lower(g, expression, first))
        found: list[Node | None] = []
        for comparison in self.equations.comparisons:
            now, begin = ([lower(g, arg, known) for arg in comparison.args] for known in (live, first))
            found.append(None)
            if len(now) != 2 or any(g.is_truth(arg) for arg in now):
                continue
            gap, start = g.sub(*now), g.sub(*begin)
            slope = g.slopes([gap], [self.time])[0].get(0)
            if slope is not None and not self._varies(slope) and not self._varies(start) and self._straight(gap):
                found[-1] = g.div(g.neg(start), slope)
        return found

    def _straight(self, node: Node) -> bool:
        """Return whether a node moves with time without a jump: floor(t), rem(t, 24) and pieces have a constant slope, yet jump."""
        g, moves = self.graph, {self.time}
        for one in g.program([node]):
            part = g.parts[one]
            if moves.intersection(part.args):
                moves.add(one)
                if part.op not in _STRAIGHT:
                    return False
        return True

    def _varies(self, node: Node) -> bool:
        parts = [self.graph.parts[part] for part in self.graph.program([node])]
        return any(part.op in ("input", "truth") and not part.name.startswith("p.") for part in parts)

    def _moving(self, frozen: dict[Apply, Node]) -> dict[str, Node]:
        known = dict(self.base)
        for id, expression in self.equations.moving:
            known[id] = self.graph.number(lower(self.graph, expression, known, frozen))
        return known

    def _start(self) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        equations, g = self.equations, self.graph
        known = {id + GIVEN: g.input(f"g.{id}") for id in equations.given} | {"time": g.zero}
        for id, expression in equations.starting:
            known[id] = g.number(lower(g, expression, known))
        state = tuple(
            known[id] if size is None else g.mul(known[id], known[size])
            for id, size in zip(equations.states, equations.scales, strict=True)
        )
        return state, tuple(known[id] for id in equations.constants)


class _Hoist:
    """Moves the largest parts that depend on inputs p only into a block that is computed once per individual."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.block: list[Node] = []
        self.inputs: dict[Node, Node] = {}
        self.still: dict[Node, bool] = {}
        self.moved: dict[Node, Node] = {}

    def all(self, roots: Sequence[Node]) -> list[Node]:
        program = self.graph.program(roots)
        for node in program:
            part = self.graph.parts[node]
            if part.op in ("input", "truth"):
                self.still[node] = part.name.startswith("p.")
            else:
                self.still[node] = all(self.still[arg] for arg in part.args)
        for node in program:
            if not self.still[node]:
                self.moved[node] = self._rebuilt(node)
        return [self._of(root) for root in roots]

    def _rebuilt(self, node: Node) -> Node:
        part = self.graph.parts[node]
        if not part.args:
            return node
        if part.op == "div" and self.still[part.args[1]] and self.graph.value(part.args[1]) is None:
            inverse = self.graph.div(self.graph.one, part.args[1])
            self.still[inverse] = True
            return self.graph.mul(self._of(part.args[0]), self._of(inverse))
        return self.graph.same(part.op, [self._of(arg) for arg in part.args])

    def _of(self, node: Node) -> Node:
        if not self.still[node]:
            return self.moved[node]
        if self.graph.parts[node].op in ("const", "nan"):
            return node
        if node not in self.inputs:
            number = self.graph.input(f"c.{len(self.block)}")
            truth = self.graph.is_truth(node)
            self.block.append(self.graph.select(node, self.graph.one, self.graph.zero) if truth else node)
            self.inputs[node] = self.graph.make("neq", number, self.graph.zero) if truth else number
        return self.inputs[node]
