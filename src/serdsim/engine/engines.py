"""What an engine must offer, so that everything else can be built around any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from serdsim.codegen.equations import Equations
from serdsim.codegen.kernel import build
from serdsim.engine.native import run_native, supported
from serdsim.engine.plan import Arrays, Plan
from serdsim.model.tolerance import Tolerance

_MOST_NUMBERS = 4_000_000  # in the values of one chunk: 32 MB


@dataclass(frozen=True)
class Engine:
    """An engine and how it wants to be called.

    Attributes
    ----------
    numerics : str
        Version of its numbers; part of every run id.
    build : callable
        Equations -> kernel, called once per process.
    run : callable
        Kernel and Plan -> Arrays; a pure function of both, no number of which depends on the other individuals.
    pool : {"processes", "threads"}
        Whether several workers are processes, or threads since `run` lets go of the interpreter lock.
    chunk : int
        Individuals in one call; it decides how often work is kept and how soon a cancel is heard, and no number.
    rtol : float
        Relative tolerance at which results are good to 1e-6; the methods differ in what a tolerance means.
    """

    numerics: str
    build: Callable[[Equations], Any]
    run: Callable[[Any, Plan], Arrays]
    pool: Literal["processes", "threads"]
    chunk: int
    rtol: float

    def at(self, own: Tolerance, plan: Plan) -> Plan:
        """Return a plan with the tolerances of its model: its own where the recipe says them, else those of the engine."""
        return replace(plan, rtol=own.rtol or self.rtol, atol=own.atol or plan.atol)

    def chunk_of(self, numbers: int) -> int:
        """Return how many individuals with so many numbers each make a chunk; it must not depend on workers or machine."""
        return max(1, min(self.chunk, _MOST_NUMBERS // max(numbers, 1)))


def _run_reference(kernel: Any, plan: Plan) -> Arrays:
    from serdsim.engine.reference import run  # loads CVODE, which few need

    return run(kernel, plan)


REFERENCE = Engine("reference-1", build, _run_reference, "processes", 24, 1e-8)
NATIVE = Engine("rosenbrock-1", lambda equations: equations, run_native, "threads", 1024, 1e-7)


def engine_for(equations: Equations) -> Engine:
    """Return the fast engine, or the reference engine for a model that the fast one does not know how to run."""
    return NATIVE if supported(equations) else REFERENCE
