"""libRoadRunner: CVODE behind a model that is compiled by LLVM when it is loaded."""

from __future__ import annotations

import time
from itertools import pairwise

import libsbml
import numpy as np

from benchmarks.dosing_events import NEXT, with_doses
from benchmarks.problem import Problem
from benchmarks.starts import Starts

NAME = "libRoadRunner"
_MOST_STEPS = 200_000


def variants(problem: Problem) -> tuple[str, ...]:
    """Return the ways to give the doses: an event per dose, one event with a counter, or one call per interval."""
    return ("counter event", "event per dose", "call per dose") if problem.doses else ("",)


class Prepared:
    """A loaded model; `run` integrates every individual."""

    def __init__(self, problem: Problem, variant: str) -> None:
        starts = Starts(problem)
        computed, numbers = starts.computed()
        begin = time.process_time()
        import roadrunner

        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
        # the newer backend loads nested rules five times as fast and runs as fast
        roadrunner.Config.setValue(roadrunner.Config.LLVM_BACKEND, roadrunner.Config.LLJIT)
        roadrunner.Config.setValue(roadrunner.Config.LLJIT_OPTIMIZATION_LEVEL, 2)
        forms = {"counter event": "counter", "event per dose": "listed"}
        self.problem, self.split = problem, variant == "call per dose"
        self.rr = roadrunner.RoadRunner(with_doses(problem, forms[variant]) if variant in forms else problem.sbml)
        model = libsbml.readSBMLFromString(problem.sbml).getModel()
        homes = {species.getId(): species.getCompartment() for species in model.getListOfSpecies()}
        self.homes = [(id, kind, homes.get(id)) for id, kind in zip(problem.states, problem.kinds, strict=True)]
        self.rr.integrator.setValue("maximum_num_steps", _MOST_STEPS)
        kinds = zip(problem.states, problem.kinds, strict=True)
        self.rr.timeCourseSelections = [f"[{id}]" if kind == "concentration" else id for id, kind in kinds]
        # reset() leaves compartments, computed parameters and what events set as the last individual had them
        record = roadrunner.SelectionRecord
        self.what = record.TIME | record.RATE | record.FLOATING | record.COMPARTMENT
        ids = list(self.rr.model.getGlobalParameterIds())
        counter = {NEXT: problem.doses[0].time} if NEXT in ids else {}
        self.index = [ids.index(id) for id in (*problem.parameters, *computed, *counter)]
        drawn = zip(problem.draws.tolist(), numbers.tolist(), strict=True)
        self.blocks = [[*row, *more, *counter.values()] for row, more in drawn]
        # reset() brings back amounts, also where the compartment is another one than in the file
        species, self.started = starts.concentrations() if starts.sizes_differ else ((), None)
        order = list(self.rr.model.getFloatingSpeciesIds())
        self.floating = [order.index(id) for id in species]
        self.build_s = time.process_time() - begin

    def run(self, rtol: float) -> np.ndarray:
        """Return the values, shape (individual, time, state); NaN for an individual that failed."""
        self._tolerances(rtol)
        values = np.full((self.problem.individuals, len(self.problem.times), len(self.problem.states)), np.nan)
        for i, block in enumerate(self.blocks):
            self.rr.model.setGlobalParameterValues(self.index, block)
            self.rr.reset(self.what)
            if self.started is not None:
                self.rr.model.setFloatingSpeciesConcentrations(self.floating, self.started[i].tolist())
            try:
                values[i] = self._in_parts() if self.split else self.rr.simulate(times=self.problem.times.tolist())
            except RuntimeError:
                continue
        return values

    def _in_parts(self) -> np.ndarray:
        times, doses = self.problem.times, self.problem.doses
        parts = []
        ends = [times[0], *(dose.time for dose in doses), times[-1]]
        for (begin, end), dose in zip(pairwise(ends), (*doses, None), strict=True):
            inside = times[(times >= begin) & (times <= end)].tolist()
            parts.append(np.array(self.rr.simulate(times=inside))[: None if dose is None else -1])
            if dose is not None:
                self.rr[f"[{dose.species}]"] = self.rr[f"[{dose.species}]"] + dose.size
        return np.concatenate(parts)

    def _tolerances(self, rtol: float) -> None:
        """Give CVODE an absolute tolerance per state, in amounts.

        `setIndividualTolerance` puts species first, the state vector what rate rules change: the wrong state gets it.
        """
        self.rr.reset(self.what)
        sizes = {id: self.rr[home] if kind == "concentration" else 1.0 for id, kind, home in self.homes}
        weights = {id: weight * sizes[id] for id, weight in zip(self.problem.states, self.problem.weights(rtol), strict=True)}
        model = self.rr.model
        order = [model.getStateVectorId(i) for i in range(len(self.rr.integrator.getAbsoluteToleranceVector()))]
        self.rr.integrator.setValue("relative_tolerance", rtol)
        self.rr.integrator.setValue("absolute_tolerance", [float(weights[id]) for id in order])
