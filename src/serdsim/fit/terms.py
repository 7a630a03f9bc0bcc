"""Readings and terms of a problem: which rows they fit, what is read, and how well each term agrees."""

from __future__ import annotations

from collections.abc import Mapping

from serdsim.fit.formula import number_of
from serdsim.fit.problem import Problem, Term


def fitted_rows(problem: Problem) -> frozenset[str]:
    """Return the ids of all rows of the evidence table that the problem fits."""
    return frozenset(row for one in problem.sources.values() for row in one.evidence)


def term_numbers(term: Term, values: Mapping[str, float]) -> tuple[float, float]:
    """Return the simulated value of a term and the width of its noise, given readings and parameters by id."""
    return number_of(term.formula, values), number_of(term.noise.formula, values)
