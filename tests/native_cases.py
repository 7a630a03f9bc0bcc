"""Plans from a few lines of Antimony for the compiled engine, and the error measure of the contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from little_models import Stop, given, kernel, model, schedule
from serdsim.engine.native import Tuning, run_native
from serdsim.engine.plan import Arrays, Plan, Schedule
from serdsim.engine.reference import run

Values = Mapping[str, np.ndarray | float]


def plan_of(
    text: str,
    times: Sequence[float] | np.ndarray,
    outputs: Sequence[str],
    stops: Sequence[Stop] | Schedule = (),
    values: Values | None = None,
    individuals: int = 1,
    **options: float,
) -> Plan:
    """Return the plan of a text; `values` replace numbers of the text, one for all or one per individual."""
    ids = kernel(text).equations.given
    numbers = given(model(text), ids, individuals)
    for id, value in (values or {}).items():
        numbers[ids.index(id)] = value
    when = stops if isinstance(stops, Schedule) else schedule(stops, individuals)
    return Plan(numbers, np.asarray(times, float), tuple(outputs), schedule=when, **options)  # type: ignore[arg-type]


def native(text: str, plan: Plan, method: str = "rodas5p", tuning: Tuning | None = None) -> Arrays:
    return run_native(kernel(text).equations, plan, method=method, tuning=tuning or Tuning())


def reference(text: str, plan: Plan) -> Arrays:
    return run(kernel(text), plan)


def error(found: np.ndarray, right: np.ndarray, atol: float = 1e-9) -> float:
    """Return the largest error of the contracts, over outputs, times and individuals; NaN and infinity must agree."""
    assert np.array_equal(np.isfinite(found), np.isfinite(right)), "what is finite differs"
    there = np.isfinite(right)
    assert np.array_equal(found[~there], right[~there], equal_nan=True)
    size = np.where(there, np.abs(right), 0.0)
    scale = np.maximum(np.maximum(size, 1e-3 * size.max(axis=1, keepdims=True)), atol)
    return float(np.max(np.where(there, np.abs(np.where(there, found - right, 0.0)), 0.0) / scale, initial=0.0))


def same_bits(a: Arrays, b: Arrays) -> bool:
    """Return whether two results are the same to the last bit, counts of steps and words included."""
    pairs = ((a.values, b.values), (a.final, b.final), (a.steps, b.steps), (a.refused, b.refused), (a.evaluations, b.evaluations))
    numbers = all(x is not None and y is not None and np.array_equal(x, y, equal_nan=True) for x, y in pairs)
    return numbers and a.status.tolist() == b.status.tolist() and a.message == b.message


def taken(arrays: Arrays, individuals: Sequence[int]) -> Arrays:
    """Return the results of some individuals, in that order."""
    chosen = list(individuals)
    assert arrays.steps is not None
    assert arrays.refused is not None
    return Arrays(
        values=arrays.values[:, :, chosen],
        status=arrays.status[chosen],
        message=tuple(arrays.message[i] for i in chosen),
        final=arrays.final[:, chosen],
        evaluations=arrays.evaluations[chosen],
        steps=arrays.steps[chosen],
        refused=arrays.refused[chosen],
    )
