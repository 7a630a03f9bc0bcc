"""Start values and constants of every individual, from our own reading of the model."""

from __future__ import annotations

import numpy as np

from benchmarks.problem import Problem
from serdsim.codegen.equations import Equations, derive
from serdsim.codegen.kernel import Kernel, build
from serdsim.model.entities import Model
from serdsim.model.sbml import read_sbml


class Starts:
    """The model of a problem as we read it, with `given[i]` the values that an individual brings."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.model: Model = read_sbml(problem.sbml)
        self.equations: Equations = derive(self.model)
        nominal = {id: self._value(id) for id in self.equations.given}
        drawn = {id: column for column, id in enumerate(problem.parameters)}
        columns = [
            problem.draws[:, drawn[id]] if id in drawn else np.full(problem.individuals, value, float) for id, value in nominal.items()
        ]
        self.given = np.stack(columns, axis=1)

    def _value(self, id: str) -> float:
        references = {p.id: p.stoichiometry for r in self.model.reactions.values() for p in (*r.reactants, *r.products) if p.id}
        tables = (self.model.parameters, self.model.species, self.model.compartments)
        value = next((table[id].value for table in tables if id in table), references.get(id))
        return float("nan") if value is None or not isinstance(value, int | float) else float(value)

    def kernel(self) -> Kernel:
        """Return our Python functions of the model."""
        return build(self.equations)

    def concentrations(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the species that mean a concentration and their start values, shape (individual, id)."""
        scales = dict(zip(self.equations.states, self.equations.scales, strict=True))
        ids = tuple(id for id, scale in scales.items() if scale is not None)
        kernel = self.kernel()
        rows = []
        for row in self.given.tolist():
            state, inputs = kernel.start(row)
            seen = dict(zip(kernel.quantities, kernel.everything(0.0, state, kernel.fixed(inputs)), strict=True))
            rows.append([seen[id] for id in ids])
        return ids, np.array(rows)

    @property
    def sizes_differ(self) -> bool:
        """Whether compartments differ between individuals."""
        first = {rule.target for rule in self.model.rules if rule.kind == "initial"}
        return bool((first | set(self.problem.parameters)) & set(self.model.compartments))

    def computed(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the parameters that initial assignments set, and their values, shape (individual, id)."""
        first = {rule.target for rule in self.model.rules if rule.kind == "initial"}
        ids = tuple(id for id in self.equations.constants if id in first and id in self.model.parameters)
        if not ids:
            return (), np.empty((self.problem.individuals, 0))
        start, place = self.kernel().start, [self.equations.constants.index(id) for id in ids]
        return ids, np.array([[start(row)[1][i] for i in place] for row in self.given.tolist()])
