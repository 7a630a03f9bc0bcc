"""Small models from a few lines of Antimony, run by the reference engine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from serdsim.codegen.equations import derive
from serdsim.codegen.kernel import Kernel, build
from serdsim.engine.plan import Arrays, Plan, Schedule
from serdsim.engine.reference import run
from serdsim.model.antimony import Source
from serdsim.model.entities import Model
from serdsim.model.sbml import read_antimony

Stop = tuple[float, str, str, float]


@lru_cache
def model(text: str) -> Model:
    """Return the model of an Antimony text; statements may be separated by semicolons."""
    return read_antimony(Source(text, (), "little.ant"))


@lru_cache
def kernel(text: str) -> Kernel:
    """Return the compiled functions of an Antimony text."""
    return build(derive(model(text)))


def given(of: Model, ids: Sequence[str], individuals: int = 1) -> np.ndarray:
    return np.repeat(np.array([[of.quantity(id).value] for id in ids], float).reshape(len(ids), 1), individuals, axis=1)


def schedule(stops: Sequence[Stop], individuals: int = 1) -> Schedule:
    times, kinds, targets, values = zip(*stops, strict=True) if stops else ((), (), (), ())
    return Schedule.shared(times, kinds, targets, np.repeat(np.array(values, float).reshape(-1, 1), individuals, axis=1))


def simulate(text: str, times: Sequence[float], outputs: Sequence[str], stops: Sequence[Stop] = (), **options: float) -> Arrays:
    """Return the arrays of one individual with the values of the text."""
    of, built = model(text), kernel(text)
    plan = Plan(given(of, built.equations.given), tuple(times), tuple(outputs), schedule=schedule(stops), **options)  # type: ignore[arg-type]
    return run(built, plan)


def course(text: str, times: Sequence[float], output: str, stops: Sequence[Stop] = (), **options: float) -> np.ndarray:
    """Return one output of one individual that ends well."""
    arrays = simulate(text, times, (output,), stops, **options)
    assert list(arrays.status) == ["ok"], arrays.message
    return np.asarray(arrays.values[0, :, 0])
