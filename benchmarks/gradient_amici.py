"""Gradients by AMICI: forward and adjoint sensitivities, its own likelihood, all vectors in one call on one thread."""

from __future__ import annotations

import hashlib
import os
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.cache import folder
from benchmarks.dosing_events import with_doses
from benchmarks.gradient_problem import OUTPUTS, SIGMA, FitProblem
from benchmarks.peer_amici import amici_here
from benchmarks.starts import Starts

NAME = "AMICI"
_FLAGS = "-march=native"  # beside the -O3 of its own
_MOST_STEPS = 1_000_000
_ADJOINT_STEPS = (1_000, 2_000, 4_000, 8_000, 16_000, 32_000)  # memory for so many is allotted before an adjoint run, which takes time
_OFF = 1e20


@dataclass(frozen=True)
class Way:
    """How the gradient is asked for.

    Attributes
    ----------
    method : {"forward", "adjoint"}
    linear : {"KLU", "dense"}
    corrector : str
        Of forward sensitivities: AMICI's `simultaneous`, `staggered` or `staggered1`.
    laxer : float
        Relative tolerance of sensitivities, of the adjoint run and of its quadratures in that of the states.
    absolute : float
        Absolute tolerance of sensitivities in that of the states, or of the adjoint run in its relative one.
    """

    method: str
    linear: str = "KLU"
    corrector: str = "simultaneous"
    laxer: float = 1.0
    absolute: float = 1.0


def _forward(corrector: str, laxer: float, absolute: float, linear: str = "KLU") -> dict[str, Way]:
    name = f"forward, {corrector}, rtol x {laxer:g}, atol x {absolute:g}" if absolute < _OFF else f"forward, {corrector}, no error control"
    return {name if linear == "KLU" else f"{name}, {linear}": Way("forward", linear, corrector, laxer, absolute)}


def _adjoint(laxer: float, absolute: float, linear: str = "KLU") -> dict[str, Way]:
    name = f"adjoint, rtol x {laxer:g}, atol {absolute:g}"
    return {name if linear == "KLU" else f"{name}, {linear}": Way("adjoint", linear, laxer=laxer, absolute=absolute)}


# the cheapest of 56 that were tried, and for each kind the plain one
WAYS: dict[str, Way] = {}
for _laxer in (1.0, 10.0, 100.0, 1000.0):
    WAYS |= _adjoint(_laxer, 1e-3)
WAYS |= _adjoint(1000.0, 0.1) | _adjoint(100.0, 1e-3, "dense")
for _corrector in ("simultaneous", "staggered", "staggered1"):
    for _laxer, _absolute in ((1.0, 1.0), (1.0, 1e3), (10.0, 1e3)):
        WAYS |= _forward(_corrector, _laxer, _absolute)
WAYS |= _forward("staggered", 10.0, 1e3, "dense") | _forward("simultaneous", 1e3, _OFF)
VARIANTS = tuple(WAYS)


class Prepared:
    """A compiled model and one data object per vector; `run` gives the gradient of every vector."""

    def __init__(self, problem: FitProblem, variant: str = "") -> None:
        self.problem = problem
        self.model, self.build_s = _model(problem)
        from amici.sim import sundials

        warnings.simplefilter("ignore")  # of adjoint runs through events it warns each time
        self.tool = sundials
        self.atol = float(np.median(problem.weights(1.0)))
        free = list(self.model.get_free_parameter_ids())
        self.order = [free.index(id) for id in problem.parameters]
        self.model.set_timepoints(problem.times.tolist())
        self.model.set_parameter_scale(sundials.ParameterScaling.ln)
        self.limits: dict[float, int] = {}
        self.vectors = [self._vector(draw) for draw in np.log(problem.draws)]

    def run(self, setting: tuple[str, float]) -> np.ndarray:
        """Return the gradients at a way and tolerance, shape (individual, parameter); NaN for an individual that failed."""
        variant, rtol = setting
        solver = self._solver(WAYS[variant], rtol)
        found = self._found(solver, rtol) if WAYS[variant].method == "adjoint" else self._simulated(solver, _MOST_STEPS)
        bad = np.full(len(self.order), np.nan)
        rows = [-data.sllh if data.status == self.tool.AMICI_SUCCESS else bad for data in found]
        return np.asarray(rows)[:, self.order]

    def _found(self, solver: Any, rtol: float) -> list[Any]:
        """Return the results with the smallest limit of steps that is large enough; later runs begin with it."""
        for limit in _ADJOINT_STEPS[self.limits.get(rtol, 0) :]:
            found = self._simulated(solver, limit)
            if not any(data.status == self.tool.AMICI_TOO_MUCH_WORK for data in found):
                break
        self.limits[rtol] = _ADJOINT_STEPS.index(limit)
        return found

    def _simulated(self, solver: Any, steps: int) -> list[Any]:
        solver.set_max_steps(steps)
        return list(self.tool.run_simulations(self.model, solver, self.vectors, num_threads=1))

    def _solver(self, way: Way, rtol: float) -> Any:
        tool, solver = self.tool, self.model.create_solver()
        solver.set_sensitivity_order(tool.SensitivityOrder.first)
        solver.set_sensitivity_method(getattr(tool.SensitivityMethod, way.method))
        solver.set_internal_sensitivity_method(getattr(tool.InternalSensitivityMethod, way.corrector))
        solver.set_linear_solver(getattr(tool.LinearSolver, way.linear))
        solver.set_return_data_reporting_mode(tool.RDataReporting.likelihood)
        atol, lax = rtol * self.atol, rtol * way.laxer
        solver.set_relative_tolerance(rtol)
        solver.set_absolute_tolerance(atol)
        if way.method == "forward":
            solver.set_relative_tolerance_fsa(lax)
            solver.set_absolute_tolerance_fsa(atol * way.absolute)
        else:
            solver.set_relative_tolerance_b(lax)
            solver.set_absolute_tolerance_b(lax * way.absolute)
            solver.set_relative_tolerance_quadratures(lax)
            solver.set_absolute_tolerance_quadratures(lax * way.absolute)
        return solver

    def _vector(self, logarithms: np.ndarray) -> Any:
        data = self.tool.ExpData(self.model)
        data.set_measurements(np.log(self.problem.data).T.ravel())
        block = np.empty(len(self.order))
        block[self.order] = logarithms
        data.free_parameters = block.tolist()
        return data


def _model(problem: FitProblem) -> tuple[Any, float]:
    """Return the compiled model and how long it took to compile; what no vector moves is written into the code as numbers."""
    os.environ["AMICI_CXXFLAGS"] = _FLAGS
    amici = amici_here()
    from amici.importers.sbml import SbmlImporter
    from amici.importers.utils import MeasurementChannel

    sbml = with_doses(problem, "listed")
    told = f"{amici.__version__} {_FLAGS} {problem.parameters} {OUTPUTS} {SIGMA} {sbml}"
    name = "gradient_" + hashlib.sha256(told.encode()).hexdigest()[:12]
    home = folder("amici", name)
    note = home / "build_seconds.txt"
    if not note.is_file():
        begin = time.perf_counter()
        model = Starts(problem).model
        moved = {*problem.parameters, *(rule.target for rule in model.rules)}
        channels = [MeasurementChannel(f"log_{id}", formula=f"ln({id})", noise_distribution="normal", sigma=SIGMA) for id in OUTPUTS]
        SbmlImporter(sbml, from_file=False).sbml2amici(
            name,
            output_dir=str(home / "model"),
            observation_model=channels,
            hardcode_symbols=[id for id in model.parameters if id not in moved],
        )
        note.write_text(repr(time.perf_counter() - begin), encoding="utf-8")
    return amici.import_model_module(name, str(home / "model")).get_model(), float(note.read_text(encoding="utf-8"))
