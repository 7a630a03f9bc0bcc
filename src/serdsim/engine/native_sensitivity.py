"""Sensitivities by the compiled engine: the tangent of each step goes along with the steps, eight individuals side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.engine.compiled import compiled_tangent
from serdsim.engine.directions import Column, read_seeds
from serdsim.engine.native import USUAL, Batch, Tuning
from serdsim.engine.plan import KINDS, Plan, check_plan
from serdsim.engine.sensitivity import Sensitivities
from serdsim.errors import Issue, ModelError


def run_native_sensitivities(
    equations: Equations,
    plan: Plan,
    parameters: Sequence[Column],
    *,
    initial_slopes: np.ndarray | None = None,
    method: str = "rodas5p",
    tuning: Tuning = USUAL,
) -> Sensitivities:
    """Return what `run_sensitivities` returns, from compiled code; its arrays are those of `run_native`.

    One code serves all rates of directions and all initial slopes; other ids of a direction, or their order, need another.

    Raises
    ------
    InputError
        For columns and initial slopes that do not fit, and where the compiled engine raises one.
    ModelError
        For a model with events or with changes of comparisons whose time may move with a parameter, and for a concentration that
        is set in a compartment whose size does.
    """
    check_plan(equations, plan)
    seeds = read_seeds(equations, plan, parameters, initial_slopes)
    if equations.events:
        raise ModelError("sensitivities know no events")
    code, columns = compiled_tangent(equations, plan.outputs, method, seeds.moves)
    stops = plan.stops
    for target in np.unique(stops.targets[stops.kinds == KINDS.index("set")]).tolist():
        name = stops.names[target]
        if name in equations.states and columns.sized[equations.states.index(name)]:
            raise ModelError(Issue("a concentration is set where the size of the compartment has a sensitivity", id=name))
    batch = Batch(code, plan, tuning, seeds)
    arrays = batch.run()
    return Sensitivities(arrays, batch.slopes.transpose(3, 1, 2, 0), batch.final_slopes.transpose(1, 0, 2))
