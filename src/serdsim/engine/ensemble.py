"""Ensembles: chunks of individuals over processes. No result depends on chunk or worker."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed

from serdsim.codegen.equations import Equations
from serdsim.codegen.kernel import Kernel, build
from serdsim.engine.plan import Arrays, Plan, join
from serdsim.engine.reference import run
from serdsim.errors import Cancelled

Progress = Callable[[str, int, int], None]
_CHUNK = 24
_KERNEL: list[Kernel] = []


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def run_ensemble(
    equations: Equations, plan: Plan, *, workers: int | None = None, progress: Progress | None = None, title: str = "simulating"
) -> Arrays:
    """Return the arrays of all individuals of the plan, in their order.

    Raises
    ------
    Cancelled
        When the user interrupts.
    """
    chunks = [plan.chunk(slice(i, i + _CHUNK)) for i in range(0, max(plan.individuals, 1), _CHUNK)]
    count = min(workers or processors(), len(chunks))
    done = 0
    if progress:
        progress(title, 0, plan.individuals)
    parts: list[Arrays] = []
    try:
        if count <= 1:
            kernel = build(equations)
            for chunk in chunks:
                parts.append(run(kernel, chunk))
                done += chunk.individuals
                if progress:
                    progress(title, done, plan.individuals)
            return join(parts)
        return _spread(equations, chunks, count, progress, title, plan.individuals)
    except KeyboardInterrupt:
        raise Cancelled(f"cancelled while {title}: {done} of {plan.individuals} individuals were done; nothing was written") from None


def _spread(equations: Equations, chunks: list[Plan], count: int, progress: Progress | None, title: str, total: int) -> Arrays:
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() and os.name == "posix" else "spawn"
    context = multiprocessing.get_context(method)
    build(equations)  # a forked worker finds it built
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_prepare, initargs=(equations,))
    try:
        futures = {pool.submit(_work, chunk): i for i, chunk in enumerate(chunks)}
        found: dict[int, Arrays] = {}
        done = 0
        for future in as_completed(futures):
            i = futures[future]
            found[i] = future.result()
            done += chunks[i].individuals
            if progress:
                progress(title, done, total)
        return join([found[i] for i in range(len(chunks))])
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepare(equations: Equations) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers the interrupt
    _KERNEL[:] = [build(equations)]


def _work(plan: Plan) -> Arrays:
    return run(_KERNEL[0], plan)
