"""One command: measures, and writes `results.tsv`, `results.md`, `work_precision.svg`; `gradient` measures gradients instead."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import gradient, growth, own_problems, plot, tables
from benchmarks.foreign import folders, foreign
from benchmarks.problem import Problem, Unavailable
from benchmarks.reference import referenced
from benchmarks.rounds import Row, compete

TOOLS = {
    "serdsim": "ours",
    "libroadrunner": "peer_roadrunner",
    "amici": "peer_amici",
    "numbalsoda": "peer_numbalsoda",
    "mrgsolve": "peer_mrgsolve",
}
PROBLEMS = ("cell28", "cell365", "dimers28", "robust", "foreign")
_DOSED_RTOLS = (1e-4, 1e-5, 3e-6, 1e-6, 5e-7, 1e-7, 1e-8)
_FOREIGN_RTOLS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
_GROWTH_RTOL = 1e-5
_ROBUST_CV = 0.5
_OURS = "serdsim"


def main(words: Sequence[str] | None = None) -> int:
    """Run what the words ask for."""
    words = sys.argv[1:] if words is None else words
    if words[:1] == ["gradient"]:
        return gradient.main(words[1:])
    asked = _parser().parse_args(words)
    asked.out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    notes: list[str] = []
    tools = [TOOLS[name] for name in asked.tools]
    for name in asked.problems:
        for problem, reference, words_ in _problems(name, asked, notes):
            notes.append(f"{problem.name}: {problem.individuals} individuals, reference: {words_}")
            rtols = asked.rtols or (_DOSED_RTOLS if problem.doses else _FOREIGN_RTOLS)
            rows += compete(problem, reference, tools, rtols, asked.rounds)
            (asked.out / "results.tsv").write_text(tables.tsv(rows), encoding="utf-8")
    steps = list(growth.grow(partial(own_problems.cell, 28), _GROWTH_RTOL, asked.growth)) if asked.growth is not None else []
    text = report(rows, notes, steps)
    (asked.out / "results.md").write_text(text, encoding="utf-8")
    if plot.points(rows):
        (asked.out / "work_precision.svg").write_text(plot.svg(rows), encoding="utf-8")
    print(text)
    return 0


def report(rows: Sequence[Row], notes: Sequence[str], steps: Sequence[growth.Step]) -> str:
    """Return all tables as Markdown."""
    dosed = [row for row in rows if "daily" in row.problem]
    others = [row for row in rows if "daily" not in row.problem]
    parts = [
        "# Speed beside other tools",
        f"{platform.machine()}, {_processor()}, {os.cpu_count()} cores; one thread each, processor time, rounds interleaved. Building "
        "is not part of the speeds. Errors: largest over states and times of |y-ref| / max(|ref|, 1e-3 max|ref|, atol) per individual.",
        "\n".join(f"- {note}" for note in notes),
    ]
    if dosed:
        title = f"## Daily dosing: fastest setting with a median error of at most {tables.WANTED:g} and a 99th percentile of ten times that"
        parts += [title, tables.fastest_table(dosed, _OURS)]
    if others:
        peers = [tool for tool in dict.fromkeys(row.tool for row in others) if tool != _OURS]
        found = [ratio for peer in peers for ratio in tables.ratios(others, _OURS, peer)]
        parts += ["## Models of others: speeds at the peer's median error for rtol 1e-6", tables.ratio_table(found)]
    if rows:
        parts += ["## All settings", tables.ladder_table(rows)]
    if steps:
        parts += ["## Growth: cell model, 28 days", growth.table(steps)]
    return "\n\n".join(part.rstrip() for part in parts if part) + "\n"


def _problems(name: str, asked: argparse.Namespace, notes: list[str]) -> Iterator[tuple[Problem, np.ndarray, str]]:
    try:
        if name == "foreign":
            for folder in folders(asked.models or asked.shared / "conformance" / "models"):
                yield *foreign(folder, asked.individuals), "its own"
            return
        make = {
            "cell28": partial(own_problems.cell, 28, asked.individuals),
            "cell365": partial(own_problems.cell, 365, asked.individuals),
            "dimers28": partial(own_problems.dimers, 28, asked.individuals, asked.shared),
            "robust": partial(own_problems.dimers, 28, asked.individuals, asked.shared, _ROBUST_CV),
        }[name]
        yield referenced(make())
    except Unavailable as why:
        notes.append(f"{name}: left out, {why}")
        print(notes[-1], file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--problems", nargs="*", choices=PROBLEMS, default=[name for name in PROBLEMS if name != "robust"])
    parser.add_argument("--models", type=Path, help="folder of models of the form of conformance/models")
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SERDSIM_SHARED", root.parent / "shared")))
    parser.add_argument("--individuals", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rtols", type=float, nargs="+", help="relative tolerances [default: a ladder per problem]")
    parser.add_argument("--growth", type=int, nargs="*", help="also growth, over these numbers of individuals [default: 10^3 to 10^6]")
    parser.add_argument("--out", type=Path, default=Path("runs") / "benchmarks")
    return parser


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "processor unknown")


if __name__ == "__main__":
    sys.exit(main())
