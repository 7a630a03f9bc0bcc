"""How fast the engine is on this machine: individuals per second at a measured error."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from serdsim.codegen.kernel import build
from serdsim.dosing.regimen import Regimen
from serdsim.engine.engines import NATIVE, REFERENCE, Engine, engine_for
from serdsim.engine.plan import Arrays, Plan
from serdsim.errors import InputError, Issue
from serdsim.simulation.drawn_job import repeated
from serdsim.simulation.draws import Draws, drawn
from serdsim.simulation.plating import plated
from serdsim.simulation.prepared import Prepared, prepare

RTOLS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
_TRUE_RTOL, _TRUE_ATOL, _JUDGED = 1e-11, 1e-15, 4
_FLOOR = 1e-3  # of a state's largest value: errors count relative to no less
_NOTHING = 1e-9  # in the unit of the state: less counts as nothing


@dataclass(frozen=True)
class Rung:
    """One tolerance: individuals per second of processor time, mean steps, median and largest error of the judged ones."""

    engine: str
    rtol: float
    per_second: float
    steps: float
    median_error: float
    largest_error: float


@dataclass(frozen=True)
class Speed:
    """What was measured: states, hours, individuals, seconds to build, and a rung per tolerance."""

    model: str
    states: int
    hours: float
    individuals: int
    build_s: float
    rungs: tuple[Rung, ...]


def measure_speed(
    model: str,
    regimen: Regimen | None = None,
    *,
    duration_h: float,
    individuals: int = 512,
    rtols: Sequence[float] = RTOLS,
    rounds: int = 3,
    library: Path | None = None,
) -> Speed:
    """Return the speed of the compiled engine on one thread, with hourly outputs of all states, and of the reference engine.

    Errors are those of the first few individuals against CVODE at 1e-11: the largest over states and hours, relative to the
    value or to a thousandth of the state's largest value.

    Raises
    ------
    InputError
        For a model that the compiled engine does not run.
    """
    ready = prepare(model, regimen, duration_h=duration_h, every_h=1.0, draws=max(individuals, 2), library=library)
    equations = ready.job.equations
    if engine_for(equations) is not NATIVE:
        raise InputError(Issue(f"the model {model} has events with a delay; only the reference engine runs it", expected="another model"))
    begin = time.perf_counter()
    plan = _plan(ready, individuals)
    NATIVE.run(equations, plan.chunk(slice(0, 1)))
    built = time.perf_counter() - begin
    judged = plan.chunk(slice(0, min(_JUDGED, individuals)))
    kernel = build(equations)
    truth = REFERENCE.run(kernel, replace(judged, rtol=_TRUE_RTOL, atol=_TRUE_ATOL))
    found: dict[float, list[float]] = {rtol: [] for rtol in rtols}
    last: dict[float, Arrays] = {}
    for _ in range(rounds):
        for rtol in rtols:
            seconds, last[rtol] = _timed(NATIVE, equations, replace(plan, rtol=rtol))
            found[rtol].append(individuals / seconds)
    rungs = [_rung("compiled", rtol, float(np.median(found[rtol])), last[rtol], truth) for rtol in rtols]
    seconds, arrays = _timed(REFERENCE, kernel, replace(judged, rtol=REFERENCE.rtol))
    rungs.append(_rung("reference", REFERENCE.rtol, judged.individuals / seconds, arrays, truth))
    return Speed(ready.question.name, len(equations.states), duration_h, individuals, built, tuple(rungs))


def _plan(ready: Prepared, individuals: int) -> Plan:
    job = ready.job
    given = drawn(job.marginals, Draws(individuals, job.draws.seed))
    plan = Plan(given, job.times, job.equations.states, schedule=repeated(job.schedule, individuals))
    if not job.pre_run and job.plating is None:
        return plan
    before = NATIVE.run(job.equations, Plan(given, np.array([job.pre_run]), (), rtol=NATIVE.rtol))
    return replace(plan, initial=plated(job.plating, job.equations, given, before.final))


def _timed(engine: Engine, kernel: object, plan: Plan) -> tuple[float, Arrays]:
    begin = time.process_time()
    arrays = engine.run(kernel, plan)
    return max(time.process_time() - begin, 1e-9), arrays


def _rung(engine: str, rtol: float, per_second: float, arrays: Arrays, truth: Arrays) -> Rung:
    true = truth.values
    largest = np.max(np.abs(true), axis=1, keepdims=True)
    scale = np.maximum(np.maximum(np.abs(true), _FLOOR * largest), _NOTHING)
    errors = np.max(np.abs(arrays.values[:, :, : true.shape[2]] - true) / scale, axis=(0, 1))
    steps = float("nan") if arrays.steps is None else float(np.mean(arrays.steps))
    return Rung(engine, rtol, per_second, steps, float(np.median(errors)), float(np.max(errors)))
