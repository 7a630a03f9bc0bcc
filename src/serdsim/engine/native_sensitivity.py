"""Sensitivities by the compiled engine: the tangent of each step goes along with the steps, eight individuals side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.engine.compiled import compiled_tangent
from serdsim.engine.native import USUAL, Batch, Tuning
from serdsim.engine.plan import KINDS, Plan, check_plan
from serdsim.engine.sensitivity import Sensitivities, check_parameters
from serdsim.errors import Issue, ModelError


def run_native_sensitivities(
    equations: Equations, plan: Plan, parameters: Sequence[str], *, method: str = "rodas5p", tuning: Tuning = USUAL
) -> Sensitivities:
    """Return what `run_sensitivities` returns, from compiled code; its arrays are those of `run_native`.

    Raises
    ------
    InputError
        For a parameter that individuals do not bring, and where the compiled engine raises one.
    ModelError
        For a model with events or with changes of comparisons whose time may move with a parameter, and for a concentration that
        is set in a compartment whose size does.
    """
    check_parameters(equations, parameters)
    check_plan(equations, plan)
    if equations.events:
        raise ModelError("sensitivities know no events")
    code, columns = compiled_tangent(equations, plan.outputs, method, tuple(parameters))
    stops = plan.stops
    for target in np.unique(stops.targets[stops.kinds == KINDS.index("set")]).tolist():
        name = stops.names[target]
        if name in equations.states and columns.sized[equations.states.index(name)]:
            raise ModelError(Issue("a concentration is set where the size of the compartment has a sensitivity", id=name))
    batch = Batch(code, plan, tuning)
    arrays = batch.run()
    return Sensitivities(arrays, batch.slopes.transpose(3, 1, 2, 0))
