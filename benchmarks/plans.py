"""A problem as a Plan of this engine."""

from __future__ import annotations

import numpy as np

from benchmarks.problem import Problem
from benchmarks.starts import Starts
from serdsim.engine.plan import Arrays, Plan, Schedule


def plan_of(problem: Problem, starts: Starts, rtol: float) -> Plan:
    """Return the plan with all individuals, doses and outputs."""
    atol = float(problem.weights(rtol).min())
    return Plan(starts.given.T, problem.times, problem.states, schedule=_schedule(problem, starts), rtol=rtol, atol=atol)


def sizes_of(problem: Problem, starts: Starts) -> dict[int, float]:
    """Return by which size the values of a state are multiplied, where they are, by the position of the state."""
    amounts = [(column, id) for column, (id, kind) in enumerate(zip(problem.states, problem.kinds, strict=True)) if kind == "amount"]
    return {column: size for column, id in amounts if (size := _size(starts, id)) != 1.0}


def values_of(arrays: Arrays, sizes: dict[int, float]) -> np.ndarray:
    """Return the values in what the problem counts in, shape (individual, time, state)."""
    values = arrays.values.transpose(2, 1, 0)
    for column, size in sizes.items():
        values[:, :, column] *= size
    return np.asarray(values)


def _schedule(problem: Problem, starts: Starts) -> Schedule | None:
    doses = problem.doses
    if not doses:
        return None
    amounts = np.array([[dose.size * _size(starts, dose.species)] * problem.individuals for dose in doses])
    return Schedule.shared([d.time for d in doses], ["add"] * len(doses), [d.species for d in doses], amounts)


def _size(starts: Starts, id: str) -> float:
    """Return the size by which the amount of a state is divided; it must not differ between individuals."""
    scale = starts.equations.scales[starts.equations.states.index(id)]
    return 1.0 if scale is None else float(starts.model.compartments[scale].value or 1.0)
