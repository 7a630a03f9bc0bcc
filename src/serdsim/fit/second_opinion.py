"""What the library petab itself finds wrong with a problem that passed our own lint; it names no rows."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import yaml

from serdsim.errors import Issue
from serdsim.fit.formula import require_petab
from serdsim.fit.problem import Problem
from serdsim.model.expression import symbols


def second_opinion(path: Path, problem: Problem | None = None) -> list[Issue]:
    """Return the errors that petab reports; its warnings are left out.

    It does not know terms: parameters that only terms of `problem` read are hidden from it, since they would be too many.

    Raises
    ------
    InputError
        When the library petab is not installed.
    """
    require_petab()
    version = str(yaml.safe_load(path.read_text(encoding="utf-8"))["format_version"])[0]
    known = problem.terms.values() if problem else ()
    terms = {name for one in known for formula in (one.formula, one.noise.formula) for name in symbols(formula)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = _of_one(path) if version == "1" else _of_two(path, terms)
        except Exception as error:  # petab raises whatever its tables meet
            found = [str(error)]
    return [Issue(f"petab says: {' '.join(words.split())[:500]}", path.name) for words in found]


def _of_one(path: Path) -> list[str]:
    from petab.v1 import Problem
    from petab.v1.lint import lint_problem

    logger, heard = logging.getLogger("petab.v1.lint"), _Heard()
    spoken = logger.propagate
    logger.propagate = False
    logger.addHandler(heard)
    try:
        wrong = lint_problem(Problem.from_yaml(path))
    finally:
        logger.removeHandler(heard)
        logger.propagate = spoken
    return heard.words or (["the problem is not valid"] if wrong else [])


def _of_two(path: Path, terms: set[str]) -> list[str]:
    from petab.v2 import Problem
    from petab.v2.lint import ValidationIssueSeverity, get_valid_parameters_for_parameter_table, lint_problem

    read = Problem.from_yaml(path)
    hidden = terms - get_valid_parameters_for_parameter_table(read) if terms else set()
    for table in read.parameter_tables:
        table.elements = [one for one in table.elements if one.id not in hidden]
    return [str(issue.message) for issue in lint_problem(read) if issue.level >= ValidationIssueSeverity.ERROR]


class _Heard(logging.Handler):
    """Keeps what is said in earnest."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.words.append(record.getMessage())
