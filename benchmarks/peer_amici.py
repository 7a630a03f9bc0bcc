"""AMICI: CVODES with a sparse direct solver behind generated C++; the compiled model is kept in the cache."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cache import folder
from benchmarks.dosing_events import with_doses
from benchmarks.problem import Problem
from benchmarks.starts import Starts

NAME = "AMICI"
_MOST_STEPS = 1_000_000
_MOST_LISTED = 60
_FORMS = {"counter event": "counter", "event per dose": "listed"}


def variants(problem: Problem) -> tuple[str, ...]:
    """Return the ways to give the doses, each with an absolute tolerance for the middle or the smallest state.

    An event for each of hundreds of doses makes code that compiles for very long.
    """
    tolerances = ("atol of the median state", "atol of the smallest state")
    if not problem.doses:
        return tolerances
    forms = ("counter event", "event per dose") if len(problem.doses) <= _MOST_LISTED else ("counter event",)
    return tuple(f"{form}, {tolerance}" for form in forms for tolerance in tolerances)


class Prepared:
    """A compiled model; `run` integrates every individual."""

    def __init__(self, problem: Problem, variant: str) -> None:
        self.problem = problem
        form, _, tolerance = variant.rpartition(", ")
        weights = problem.weights(1.0)
        self.weight = float(np.median(weights) if "median" in tolerance else weights.min())
        self.model, self.build_s = _model(with_doses(problem, _FORMS.get(form, "listed")))
        from amici.sim import sundials

        self.simulate = sundials.run_simulation
        self.good = sundials.AMICI_SUCCESS
        self.solver = self.model.create_solver()
        self.solver.set_max_steps(_MOST_STEPS)
        self.model.set_timepoints(problem.times.tolist())
        free = list(self.model.get_free_parameter_ids())
        self.block = np.array(self.model.get_free_parameters())
        computed, self.computed = Starts(problem).computed()
        kept = [id for id in computed if id in free]
        self.computed = self.computed[:, [computed.index(id) for id in kept]]
        self.place = [free.index(id) for id in (*problem.parameters, *kept)]
        ids = list(self.model.get_state_ids())
        self.order = [ids.index(id) for id in problem.states]

    def run(self, rtol: float) -> np.ndarray:
        """Return the values, shape (individual, time, state); NaN for an individual that failed."""
        self.solver.set_relative_tolerance(rtol)
        self.solver.set_absolute_tolerance(rtol * self.weight)
        values = np.full((self.problem.individuals, len(self.problem.times), len(self.problem.states)), np.nan)
        for i, row in enumerate(self.problem.draws):
            self.block[self.place] = [*row, *self.computed[i]]
            self.model.set_free_parameters(self.block.tolist())
            data = self.simulate(self.model, self.solver)
            if data.status == self.good:
                values[i] = data.x[:, self.order]
        return values


def amici_here() -> Any:
    """Return the package, ready to compile a model."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # the swig that AMICI itself was built with
    import amici
    import amici.sim.sundials  # a compiled model looks for it and does not import it

    return amici


def _model(sbml: str) -> tuple[Any, float]:
    """Return the compiled model and how long it took to compile, also when that was earlier."""
    amici = amici_here()
    from amici.importers.sbml import SbmlImporter

    name = "benchmark_" + hashlib.sha256(f"{amici.__version__} {sbml}".encode()).hexdigest()[:12]
    home = folder("amici", name)
    note = home / "build_seconds.txt"
    if not note.is_file():
        begin = time.perf_counter()
        SbmlImporter(sbml, from_file=False).sbml2amici(
            name, output_dir=str(home / "model"), observation_model=[], generate_sensitivity_code=False
        )
        note.write_text(repr(time.perf_counter() - begin), encoding="utf-8")
    return amici.import_model_module(name, str(home / "model")).get_model(), float(note.read_text(encoding="utf-8"))
