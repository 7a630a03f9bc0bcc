"""mrgsolve: an R package; neither Debian nor PyPI has it, so that it can be named but not run."""

from __future__ import annotations

import shutil

from benchmarks.problem import Problem, Unavailable

NAME = "mrgsolve"


def variants(problem: Problem) -> tuple[str, ...]:
    """Return one name, under which the table says that the tool is missing."""
    return ("",)


class Prepared:
    """Nothing: says why.

    Raises
    ------
    Unavailable
        Always.
    """

    def __init__(self, problem: Problem, variant: str) -> None:
        raise Unavailable("not installed" if shutil.which("Rscript") is None else "R is here, but there is no adapter for it")
