"""How time and memory of this engine grow with the number of individuals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.problem import Problem, Unavailable
from benchmarks.worker import Worker

COUNTS = (1_000, 10_000, 100_000, 1_000_000)
_LIMIT_S = 7200.0


@dataclass(frozen=True)
class Step:
    """Individuals, processor seconds of the run, and largest memory of its process [MiB]; `note` where it did not end."""

    individuals: int
    seconds: float
    memory: float
    note: str = ""


def grow(make: Callable[[int], Problem], rtol: float, counts: Sequence[int] = COUNTS, limit_s: float = _LIMIT_S) -> Iterator[Step]:
    """Yield one step per number of individuals, each in a fresh process; ends with the first that cannot be done."""
    for count in counts:
        try:
            worker = Worker("ours", make(count), "", limit_s)
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
