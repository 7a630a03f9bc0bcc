"""Ensembles: chunks of individuals over processes. No result depends on chunk or worker."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait

from serdsim.codegen.equations import Equations
from serdsim.codegen.kernel import Kernel, build
from serdsim.engine.plan import Arrays, Plan, join
from serdsim.engine.reference import run
from serdsim.errors import Cancelled

STOPPED = threading.Event()  # set by whoever answers signals; long work looks at it
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
    found: dict[int, Arrays] = {}
    done = 0
    if progress:
        progress(title, 0, plan.individuals)
    try:
        kernel = build(equations)  # a forked worker finds it built
        for i, part in _spread(equations, chunks, count) if count > 1 else ((i, run(kernel, chunk)) for i, chunk in enumerate(chunks)):
            if STOPPED.is_set():
                raise KeyboardInterrupt
            found[i] = part
            done += chunks[i].individuals
            if progress:
                progress(title, done, plan.individuals)
        return join([found[i] for i in range(len(chunks))])
    except KeyboardInterrupt:
        raise Cancelled(f"cancelled while {title}: {done} of {plan.individuals} individuals were done; nothing was written") from None


def _spread(equations: Equations, chunks: list[Plan], count: int) -> Iterator[tuple[int, Arrays]]:
    """Yield the position and the arrays of each chunk as it is done."""
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() and os.name == "posix" else "spawn"
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_prepare, initargs=(equations,))
    try:
        futures = {pool.submit(_work, chunk): i for i, chunk in enumerate(chunks)}
        waiting = set(futures)
        while waiting:
            # an interrupt that strikes inside the pool's own code can be swallowed there; the flag is not
            done, waiting = wait(waiting, timeout=0.25, return_when=FIRST_COMPLETED)
            if STOPPED.is_set():
                raise KeyboardInterrupt
            for future in done:
                yield futures[future], future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepare(equations: Equations) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers the interrupt
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _KERNEL[:] = [build(equations)]


def _end_with(parent: int) -> None:
    """End this worker when its parent is gone, also by a kill that no program can answer."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _work(plan: Plan) -> Arrays:
    return run(_KERNEL[0], plan)
