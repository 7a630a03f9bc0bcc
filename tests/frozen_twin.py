"""The numbers of the twin once more, for other parameters and the steps of a tape: what its derivatives are differences of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serdsim.codegen.array_printer import array_function
from serdsim.codegen.equations import Equations
from serdsim.codegen.method import read_method
from serdsim.codegen.system import System, build_system
from serdsim.engine.plan import Plan
from serdsim.engine.tape import Aim, Begin, Change, Entry, Hold, Row, Step
from serdsim.engine.twin_model import Attempt, Functions, Held, attempt

_HALVINGS = 60
STENCIL = ((-2.0, 1.0 / 12.0), (-1.0, -8.0 / 12.0), (1.0, 8.0 / 12.0), (2.0, -1.0 / 12.0))


class Frozen:
    """Goes along a tape with several sets of parameters side by side, one per column."""

    def __init__(self, equations: Equations, plan: Plan, method: str = "rodas5p") -> None:
        self.equations, self.plan, self.method = equations, plan, read_method(method)
        self.system: System = build_system(equations, plan.outputs)
        self.functions = Functions(self.system)

    def run(self, entries: Sequence[Entry], given: np.ndarray, initial: np.ndarray | None = None) -> np.ndarray:
        """Return the outputs, shape (output, time, column); `initial` is that of the plan, moved."""
        lanes = given.shape[1]
        self.begin, self.p = np.split(self.functions.start(given), [len(self.equations.states)])
        self.y = self.begin.copy() if self.plan.initial is None else np.repeat(self.plan.initial, lanes, axis=1)
        self.y = self.y if initial is None else initial.copy()
        self.c, self.t = self.functions.block(self.p), np.zeros(lanes)
        self.z = np.zeros((len(self.system.comparisons), lanes))
        self.values = np.full((len(self.plan.outputs), len(self.plan.times), lanes), np.nan)
        for entry in entries:
            self.do(entry)
        return self.values

    def do(self, entry: Entry) -> None:
        match entry:
            case Begin():
                self.t = np.full_like(self.t, entry.time)
            case Hold():
                self.z = np.repeat(entry.z[:, None], len(self.t), axis=1)
            case Aim():
                self.aim = entry
            case Change():
                self.change(entry)
            case Step():
                self.step(entry)
            case Row():
                y = self.y
                if not np.isnan(entry.part):
                    y = self.last.at((entry.time - self.last.t) / self.last.taken)
                self.values[:, entry.row] = self.functions.observe(y, self.c, self.z, np.full_like(self.t, entry.time))

    def change(self, item: Change) -> None:
        if item.kind == "reset":
            self.y = self.begin.copy()
        elif item.name in self.equations.constants:
            self.p[self.equations.constants.index(item.name)] = item.value
            self.c = self.functions.block(self.p)
        else:
            state = self.equations.states.index(item.name)
            size = self.functions.sizes(self.y, self.c, self.z, self.t)[state]
            self.y[state] = self.y[state] + item.value if item.kind == "add" else item.value * size

    def step(self, step: Step) -> None:
        stop = self.functions.switches(self.c)[self.aim.switches[0]] if self.aim.switches else np.full_like(self.t, self.aim.stop)
        taken = stop - self.t if step.hit else np.full_like(self.t, step.taken)
        held = Held(self.y, self.c, self.z, np.maximum(np.abs(self.y), 1e-9))
        self.last = attempt(self.functions, self.method, held, self.t, taken)
        if not step.turned:
            self.y, self.t = self.last.end.copy(), stop if step.hit else self.t + taken
            return
        part = self.root(self.last, step)
        self.y, self.t = self.last.at(part), self.t + part * taken

    def root(self, made: Attempt, step: Step) -> np.ndarray:
        """Return where the two sides of the comparison meet, next to where they met on the tape."""
        graph = self.system.graph
        inputs = {f"{block}.{i}": f"{block}[{i}]" for block in "cyz" for i in range(1000)} | {"t": "t"}
        gap = array_function(graph, [graph.sub(*graph.parts[self.system.comparisons[step.turned[0]]].args)], inputs)

        def value(x: np.ndarray) -> np.ndarray:
            return np.asarray(gap(None, None, self.c, made.at(x), self.z, made.t + x * made.taken)[0])

        low, high = (np.full_like(self.t, step.part + side) for side in (-0.05, 0.05))
        sign = np.sign(value(high))
        assert np.all(sign * value(low) < 0.0)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            above = sign * value(middle) > 0.0
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return 0.5 * (low + high)


def differences(frozen: Frozen, entries: Sequence[Entry], given: np.ndarray, steps: dict[str, float]) -> np.ndarray:
    """Return differences of the fourth order, shape (output, time, parameter), for steps of that length."""
    ids = frozen.equations.given
    moved = np.repeat(given, len(steps) * len(STENCIL), axis=1)
    for i, (id, step) in enumerate(steps.items()):
        for k, (place, _) in enumerate(STENCIL):
            moved[ids.index(id), i * len(STENCIL) + k] += place * step
    values = frozen.run(entries, moved)
    weights = np.array([weight for _, weight in STENCIL])
    return values.reshape(*values.shape[:2], len(steps), len(STENCIL)) @ weights / np.array([*steps.values()])
