"""Small fits with their pages, made once for several tests."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from fit_cases import example, extended
from serdsim.fit import read_problem
from serdsim.fit.minimise import Settings
from serdsim.fit.question import Question
from serdsim.fit.search import fit_problem
from serdsim.report.fit_answer import FitAnswer, answer_fit

DESCENDING = Settings("L-BFGS-B", iterations=100, value_tolerance=1e-6, gradient_tolerance=1e-3)


@cache
def answered(kind: str) -> FitAnswer:
    """Return the fit of the shipped example (`plain`), or of readings and terms with a misfit and an odd title (`extended`)."""
    folder = Path(mkdtemp())
    file = example(folder / "decay") if kind == "plain" else _extended(folder)
    problem = read_problem(file)
    question = Question(kind, file, problem, 2, 1, DESCENDING)
    return answer_fit(question, fit_problem(problem, seed=1, starts=2, descending=DESCENDING))


def _extended(folder: Path) -> Path:
    again = "o a 1 4 - blot\no a 2 3 - blot\np b 0 9 0.9 blot\no b inf 60 - blot"
    return extended(folder, measurements=("o a 1 4 - blot", again), sources=("One~blot", "<i>One~blot</i>"))


def with_simulated(answer: FitAnswer, value: float) -> FitAnswer:
    """Return an answer in which the first point of the first data set has another simulated value."""
    first = answer.sets[0]
    seen = (replace(first.seen[0], simulated=value, residual=value), *first.seen[1:])
    return replace(answer, sets=(replace(first, seen=seen), *answer.sets[1:]))
