"""Chunks over processes or threads, as the engine wants it; each as soon as it is done, and only a few ahead of the reader."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, Protocol

from serdsim.codegen.equations import Equations
from serdsim.engine.engines import Engine
from serdsim.engine.interrupt import STOPPED, waits
from serdsim.engine.native import CANCEL
from serdsim.engine.plan import Arrays

__all__ = ["CANCEL", "STOPPED", "Job", "chunks", "members", "processors", "spread", "waits"]

_HELD: list[tuple[Job, Any]] = []  # in a worker process: the job and its kernel


class Job(Protocol):
    """Individuals in chunks of a fixed size; what a chunk gives depends on the job and the number of the chunk only."""

    @property
    def engine(self) -> Engine:
        """What computes."""

    @property
    def equations(self) -> Equations:
        """What is computed."""

    @property
    def individuals(self) -> int:
        """How many there are."""

    @property
    def chunk(self) -> int:
        """How many are in a chunk; the last may have less."""

    def compute(self, kernel: Any, number: int) -> Arrays:
        """Return the arrays of one chunk."""


def members(job: Job, number: int) -> range:
    """Return the individuals of a chunk."""
    return range(number * job.chunk, min((number + 1) * job.chunk, job.individuals))


def chunks(job: Job) -> range:
    """Return the numbers of all chunks; there is one even without individuals."""
    return range(max(1, -(-job.individuals // job.chunk)))


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def spread(job: Job, numbers: Iterable[int], workers: int | None = None) -> Iterator[tuple[int, Arrays]]:
    """Yield number and arrays of the chunks asked for, in the order in which they are done.

    Raises
    ------
    KeyboardInterrupt
        Soon after `STOPPED` is set.
    """
    wanted = list(numbers)
    count = min(workers or processors(), len(wanted))
    if count == 0:
        return
    kernel = job.engine.build(job.equations)  # a forked worker finds it built
    if count == 1 and job.engine.pool == "processes":
        for number in wanted:
            arrays = job.compute(kernel, number)
            if STOPPED.is_set():
                raise KeyboardInterrupt
            yield number, arrays
    elif job.engine.pool == "threads":
        threads = ThreadPoolExecutor(count)
        try:
            yield from _as_done(lambda number: threads.submit(job.compute, kernel, number), wanted, 2 * count)
        finally:
            threads.shutdown(wait=True, cancel_futures=True)
    else:
        yield from _over_processes(job, wanted, count)


def _over_processes(job: Job, wanted: list[int], count: int) -> Iterator[tuple[int, Arrays]]:
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() and os.name == "posix" else "spawn"
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_prepare, initargs=(job,))
    try:
        yield from _as_done(lambda number: pool.submit(_work, number), wanted, 2 * count)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _as_done(submit: Callable[[int], Future[Arrays]], numbers: list[int], most: int) -> Iterator[tuple[int, Arrays]]:
    ahead = iter(numbers)
    waiting: dict[Future[Arrays], int] = {}
    while True:
        for number in islice(ahead, most - len(waiting)):
            waiting[submit(number)] = number
        if not waiting:
            return
        # an interrupt that strikes inside the pool's own code can be swallowed there; the flag is not
        done, _ = wait(waiting, timeout=0.25, return_when=FIRST_COMPLETED)
        if STOPPED.is_set():
            raise KeyboardInterrupt
        for future in done:
            yield waiting.pop(future), future.result()


def _prepare(job: Job) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers the interrupt
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _HELD[:] = [(job, job.engine.build(job.equations))]


def _end_with(parent: int) -> None:
    """End this worker when its parent is gone, also by a kill that no program can answer."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _work(number: int) -> Arrays:
    job, kernel = _HELD[0]
    return job.compute(kernel, number)
