"""How time and memory of our engine grow with the number of individuals; outputs are the states at the end alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.problem import Problem, Unavailable
from benchmarks.reference import referenced
from benchmarks.worker import Worker

COUNTS = (1_000, 10_000, 100_000, 1_000_000)
_LIMIT_S = 7200.0
_FEW = 4


@dataclass(frozen=True)
class Step:
    """Individuals, processor seconds of the run, and largest memory of its process [MiB]; `note` where it did not end."""

    individuals: int
    seconds: float
    memory: float
    note: str = ""


def grow(make: Callable[[int], Problem], rtol: float, counts: Sequence[int] = COUNTS, limit_s: float = _LIMIT_S) -> Iterator[Step]:
    """Yield one step per number of individuals, each in a fresh process; ends with the first that cannot be done."""
    scale = referenced(make(_FEW))[0].scale
    for count in counts or COUNTS:
        problem = make(count)
        problem = replace(problem, scale=scale, times=problem.times[[0, -1]])
        try:
            worker = Worker("ours", problem, "", limit_s)
            run = worker.run(rtol)
            worker.close()
        except Unavailable as why:
            yield Step(count, float("nan"), float("nan"), str(why))
            return
        yield Step(count, run.seconds, run.memory)


def table(steps: Sequence[Step]) -> str:
    """Return Markdown."""
    lines = ["| individuals | seconds | per second | memory MiB |", "|---|---|---|---|"]
    for step in steps:
        numbers = f"{step.seconds:.3g} | {step.individuals / step.seconds:.3g} | {step.memory:.0f}"
        lines.append(f"| {step.individuals:,} | {step.note + ' | |' if step.note else numbers} |")
    return "\n".join(lines) + "\n"
