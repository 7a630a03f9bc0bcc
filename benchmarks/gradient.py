"""`python -m benchmarks gradient`: gradients of 20 parameters by us and by AMICI's cheapest way, at equal measured error."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import gradient_amici, gradient_ours, gradient_tables, tables
from benchmarks.gradient_problem import COURSES, FitProblem, gradient_problem
from benchmarks.gradient_reference import gradient_reference, judged
from benchmarks.problem import Unavailable
from benchmarks.rounds import Row
from benchmarks.worker import Worker

TARGETS = (1e-3, 1e-4, 1e-5)
_TOOLS = {gradient_ours.NAME: ("gradient_ours", gradient_ours.VARIANTS), gradient_amici.NAME: ("gradient_amici", gradient_amici.VARIANTS)}
_LADDERS = {
    gradient_ours.NAME: tuple(10.0 ** (-half / 2.0) for half in range(2, 12)),
    gradient_amici.NAME: tuple(10.0 ** (-half / 2.0) for half in range(4, 17)),
}
_FEW = 6
_CLOSE, _MOST, _SURE = 1.3, 6, 0.5
_LEFT = 2
_HOPELESS = 2.0
_LIMIT_S = 1800.0


class _Runs:
    """Everything measured on one problem: a process per tool, and rows by tool, variant and tolerance."""

    def __init__(self, problem: FitProblem, reference: np.ndarray) -> None:
        self.problem, self.reference = problem, reference
        self.workers: dict[str, Worker] = {}
        self.rows: dict[tuple[str, str, float], Row] = {}
        for tool, (module, _) in _TOOLS.items():
            try:
                self.workers[tool] = Worker(module, problem, "", _LIMIT_S)
            except Unavailable as why:
                self.rows[tool, "", float("nan")] = Row(problem.name, tool, "", float("nan"), note=str(why))

    def once(self, tool: str, variant: str, rtol: float) -> Row:
        """Run once more, and return the row so far."""
        worker, key = self.workers[tool], (tool, variant, rtol)
        run = worker.run((variant, rtol), keep=True)
        assert run.values is not None
        speed = self.problem.individuals / max(run.seconds, 1e-9)
        held = self.rows.get(key, Row(self.problem.name, tool, variant, rtol, build_s=worker.build_s))
        self.rows[key] = replace(held, errors=judged(run.values, self.reference), speeds=(*held.speeds, speed), memory=run.memory)
        return self.rows[key]

    def close(self) -> list[Row]:
        """End the processes and return the rows."""
        for worker in self.workers.values():
            worker.close()
        return list(self.rows.values())


def main(words: Sequence[str]) -> int:
    """Run what the words ask for."""
    asked = _parser().parse_args(words)
    asked.out.mkdir(parents=True, exist_ok=True)
    notes, swept, measured = [], [], []
    for course in asked.courses:
        problem = gradient_problem(course, asked.vectors)
        try:
            reference, told = gradient_reference(problem)
            notes.append(f"{problem.name}: {problem.individuals} vectors; reference: {told}")
            swept += (first := sweep(problem, reference))
            measured += compete(problem, reference, first, asked.rounds)
        except Unavailable as why:
            notes.append(f"{problem.name}: left out, {why}")
        (asked.out / "gradient.tsv").write_text(tables.tsv(measured), encoding="utf-8")
        (asked.out / "gradient_sweep.tsv").write_text(tables.tsv(swept), encoding="utf-8")
    text = gradient_tables.report(measured, swept, notes, TARGETS)
    (asked.out / "gradient.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def sweep(problem: FitProblem, reference: np.ndarray) -> list[Row]:
    """Return every way at every tolerance, on a few vectors and once.

    A way ends where it is exact enough for every target with room to spare, and where it costs twice what another of AMICI's
    takes to be exact enough.
    """
    few = problem.first(min(_FEW, problem.individuals))
    runs = _Runs(few, reference[: few.individuals])
    for tool in list(runs.workers):
        best = 0.0
        for variant in _TOOLS[tool][1]:
            rows = _climb(runs, tool, variant, best)
            exact = [row.speed for row in rows if gradient_tables.reaches(row, min(TARGETS))]
            best = max([best, *exact]) if tool == gradient_amici.NAME else 0.0  # our two variants do not compete
            _say(f"{problem.name}: {tool} {variant} swept")
    return runs.close()


def _climb(runs: _Runs, tool: str, variant: str, best: float) -> list[Row]:
    rows: list[Row] = []
    for rtol in _LADDERS[tool]:
        rows.append(runs.once(tool, variant, rtol))
        if gradient_tables.reaches(rows[-1], _SURE * min(TARGETS)) or rows[-1].speed * _HOPELESS < best:
            break
    return rows


def contenders(rows: Sequence[Row], target: float, most: int = _MOST) -> list[Row]:
    """Return of one tool the fastest rows that reach an error, and the fastest that is well below it.

    The measurement on all vectors may find a row of the sweep a little above.
    """
    reach = _reaching(rows, target)
    near = [row for row in reach if row.speed * _CLOSE >= reach[0].speed][:most]
    return near + [row for row in _reaching(rows, _SURE * target)[:1] if row not in near]


def compete(problem: FitProblem, reference: np.ndarray, swept: Sequence[Row], rounds: int) -> list[Row]:
    """Return the contenders for each error in interleaved rounds on all vectors; of ours, both variants contend.

    The first round leaves the two fastest that reach an error there.
    """
    runs = _Runs(problem, reference)
    chosen = _chosen(swept, _MOST)
    for number in range(rounds):
        for key in chosen:
            runs.once(*key)
        _say(f"{problem.name}: round {number + 1} of {rounds}, {len(chosen)} settings")
        chosen = _chosen(list(runs.rows.values()), _LEFT, sure=False) if number == 0 else chosen
    return runs.close()


def _chosen(rows: Sequence[Row], most: int, *, sure: bool = True) -> list[tuple[str, str, float]]:
    """Return the contenders of each tool and error, a setting that contends for several once."""
    found: dict[tuple[str, str, float], None] = {}
    for target in TARGETS:
        for group in ({gradient_ours.TOGETHER}, {gradient_ours.ALONE}, set(gradient_amici.VARIANTS)):
            here = [row for row in rows if row.variant in group]
            best = contenders(here, target, most) if sure else _reaching(here, target)[:most]
            found |= dict.fromkeys((row.tool, row.variant, row.rtol) for row in best)
    return list(found)


def _reaching(rows: Iterable[Row], target: float) -> list[Row]:
    return sorted((row for row in rows if gradient_tables.reaches(row, target)), key=lambda row: -row.speed)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks gradient", description=__doc__)
    parser.add_argument("--courses", nargs="+", choices=COURSES, default=list(COURSES))
    parser.add_argument("--vectors", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs") / "benchmarks")
    return parser
