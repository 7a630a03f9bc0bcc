"""Ensembles in memory: chunks of individuals over workers, joined. No result depends on chunk or worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from serdsim.codegen.equations import Equations
from serdsim.engine.engines import Engine, engine_for
from serdsim.engine.plan import Arrays, Plan, join
from serdsim.engine.pools import Job, chunks, members, spread
from serdsim.errors import Cancelled

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _PlanJob:
    """A plan that is there as a whole, cut into chunks."""

    engine: Engine
    equations: Equations
    plan: Plan
    chunk: int

    @property
    def individuals(self) -> int:
        """Number of individuals of the plan."""
        return self.plan.individuals

    def compute(self, kernel: Any, number: int) -> Arrays:
        """Return the arrays of one chunk."""
        rows = members(self, number)
        return self.engine.run(kernel, self.plan.chunk(slice(rows.start, rows.stop)))


def run_ensemble(
    equations: Equations,
    plan: Plan,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    title: str = "simulating",
    engine: Engine | None = None,
) -> Arrays:
    """Return the arrays of all individuals of the plan, in their order; without an engine the fastest that knows the model.

    Raises
    ------
    Cancelled
        When the user interrupts.
    """
    engine = engine or engine_for(equations)
    chunk = engine.chunk_of(len(plan.times) * len(plan.outputs))
    return run_job(_PlanJob(engine, equations, plan, chunk), workers=workers, progress=progress, title=title)


def run_job(job: Job, *, workers: int | None = None, progress: Progress | None = None, title: str = "simulating") -> Arrays:
    """Return the arrays of all individuals of the job, in their order.

    Raises
    ------
    Cancelled
        When the user interrupts.
    """
    found: dict[int, Arrays] = {}
    done = 0
    if progress:
        progress(title, 0, job.individuals)
    try:
        for number, part in spread(job, chunks(job), workers):
            found[number] = part
            done += len(members(job, number))
            if progress:
                progress(title, done, job.individuals)
        return join([found[number] for number in chunks(job)])
    except KeyboardInterrupt:
        raise Cancelled(f"cancelled while {title}: {done} of {job.individuals} individuals were done; nothing was written") from None
