"""Interleaved rounds: every tool and tolerance once per round, processor time on one thread."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from benchmarks.measure import NOTHING, Errors, errors
from benchmarks.problem import Problem, Unavailable
from benchmarks.worker import Worker

_LIMIT_S = 1800.0
_CLEARLY = 1.25


@dataclass(frozen=True)
class Row:
    """One tool, variant and relative tolerance on one problem; speeds in individuals per second, one per round.

    `memory` is the largest of the process so far [MiB]; `note` says why there are no numbers.
    """

    problem: str
    tool: str
    variant: str
    rtol: float
    errors: Errors = NOTHING
    speeds: tuple[float, ...] = ()
    build_s: float = float("nan")
    memory: float = float("nan")
    note: str = ""

    @property
    def speed(self) -> float:
        """Median over the rounds."""
        return median(self.speeds) if self.speeds else float("nan")

    @property
    def spread(self) -> float:
        """Fastest over slowest round."""
        return max(self.speeds) / min(self.speeds) if self.speeds else float("nan")


@dataclass
class _Entrant:
    tool: str
    name: str
    variant: str
    worker: Worker
    rtols: list[float]
    speeds: dict[float, list[float]] = field(default_factory=dict)
    errors: dict[float, Errors] = field(default_factory=dict)
    memory: float = 0.0
    note: str = ""


def compete(problem: Problem, reference: np.ndarray, tools: Sequence[str], rtols: Sequence[float], rounds: int) -> list[Row]:
    """Return the rows of all tools on one problem.

    The first round also measures errors; after it a variant stops that another of the same tool clearly beats everywhere.
    """
    rows: list[Row] = []
    entrants: list[_Entrant] = []
    for tool in tools:
        module = importlib.import_module(f"benchmarks.{tool}")
        for variant in module.variants(problem):
            try:
                entrants.append(_Entrant(tool, module.NAME, variant, Worker(tool, problem, variant, _LIMIT_S), list(rtols)))
            except Unavailable as why:
                rows.append(Row(problem.name, module.NAME, variant, float("nan"), note=str(why)))
            _say(f"{problem.name}: {module.NAME} {variant} {rows[-1].note if rows and rows[-1].variant == variant else 'ready'}")
    for number in range(rounds):
        for rtol in rtols:
            for entrant in entrants:
                if rtol in entrant.rtols:
                    _once(entrant, problem, reference, rtol, first=number == 0)
        if number == 0:
            for entrant in [one for one in entrants if any(_beats(other, one) for other in entrants)]:
                entrant.rtols = []
    for entrant in entrants:
        rows += _rows(problem, entrant)
        entrant.worker.close()
    return rows


def _once(entrant: _Entrant, problem: Problem, reference: np.ndarray, rtol: float, *, first: bool) -> None:
    try:
        run = entrant.worker.run(rtol, keep=first)
    except Unavailable as why:
        entrant.note, entrant.rtols = str(why), []
        return
    entrant.speeds.setdefault(rtol, []).append(problem.individuals / max(run.seconds, 1e-9))
    entrant.memory = run.memory
    if run.values is not None:
        entrant.errors[rtol] = found = errors(run.values, reference, problem.atol)
        words = f"median error {found.median:.1e}, {entrant.speeds[rtol][-1]:.3g}/s, {found.failed} failed"
        _say(f"{problem.name}: {entrant.name} {entrant.variant} {rtol:g}: {words}")


def _beats(one: _Entrant, other: _Entrant) -> bool:
    """Return whether, for every rung of `other`, some rung of `one` is clearly faster and no less exact."""
    if one is other or one.tool != other.tool or not other.errors:
        return False
    return all(
        any(one.errors[a].median <= other.errors[b].median and one.speeds[a][0] > _CLEARLY * other.speeds[b][0] for a in one.errors)
        for b in other.errors
    )


def _rows(problem: Problem, entrant: _Entrant) -> Iterator[Row]:
    for rtol, found in entrant.errors.items():
        speeds = tuple(entrant.speeds[rtol])
        told = (problem.name, entrant.name, entrant.variant, rtol, found, speeds, entrant.worker.build_s, entrant.memory)
        yield Row(*told, note=entrant.note)
    if entrant.note and not entrant.errors:
        yield Row(problem.name, entrant.name, entrant.variant, float("nan"), build_s=entrant.worker.build_s, note=entrant.note)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
