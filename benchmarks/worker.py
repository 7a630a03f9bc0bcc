"""Each tool in a process of its own: nobody's libraries, threads, memory or crash touch another's numbers."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import resource
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np

from benchmarks.problem import Problem, Unavailable

LEAST_S = 0.1  # a run that is over sooner is repeated until so much time has passed, so that a millisecond is not a cold one
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Run:
    """Processor seconds of one run, largest memory of the process so far [MiB], and the values where they were asked for."""

    seconds: float
    memory: float
    values: np.ndarray | None


class Worker:
    """One tool and variant with one problem, prepared in a process of its own."""

    def __init__(self, tool: str, problem: Problem, variant: str, limit_s: float) -> None:
        os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
        context = multiprocessing.get_context("spawn")
        self.here, there = context.Pipe()
        self.limit = limit_s
        self.process = context.Process(target=_serve, args=(tool, problem, variant, there), daemon=True)
        self.process.start()
        there.close()
        try:
            self.build_s = float(self._answer())
        except Unavailable:
            self.close()
            raise

    def run(self, setting: float | tuple[str, float], *, keep: bool = False) -> Run:
        """Return what a run of the whole ensemble took; the setting is what `run` of the tool wants, mostly a relative tolerance.

        Raises
        ------
        Unavailable
            When the tool failed, died, or took longer than the limit; the process is then gone.
        """
        self.here.send((setting, keep))
        try:
            found = self._answer()
        except Unavailable:
            self.close()
            raise
        assert isinstance(found, Run)
        return found

    def _answer(self) -> object:
        if not self.here.poll(self.limit):
            raise Unavailable(f"not done after {self.limit:g} s")
        try:
            answer = self.here.recv()
        except EOFError:
            raise Unavailable("its process died") from None
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.here.close()


def _serve(tool: str, problem: Problem, variant: str, there: Connection) -> None:
    try:
        with _quiet():
            prepared = importlib.import_module(f"benchmarks.{tool}").Prepared(problem, variant)
            there.send(prepared.build_s)
            while True:
                setting, keep = there.recv()
                begin, count = time.process_time(), 0
                while count == 0 or time.process_time() - begin < LEAST_S:
                    values = prepared.run(setting)
                    count += 1
                seconds = (time.process_time() - begin) / count
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
                there.send(Run(seconds, memory, values if keep else None))
    except EOFError:
        return
    except Unavailable as words:
        there.send(words)
    except ImportError as missing:
        there.send(Unavailable(f"not installed ({missing.name})"))
    except Exception as error:
        there.send(Unavailable(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"))


@contextlib.contextmanager
def _quiet():  # type: ignore[no-untyped-def]
    """Send what solvers print about failed steps nowhere."""
    sys.stdout.flush()
    sys.stderr.flush()
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        kept = [os.dup(1), os.dup(2)]
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            for number, old in enumerate(kept, start=1):
                os.dup2(old, number)
                os.close(old)
