"""Readings and terms of a problem: which rows they fit, what is read, and how well each term agrees."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from serdsim.codegen.algebra import ONE, differentiate
from serdsim.fit.formula import number_of
from serdsim.fit.problem import Problem, Term
from serdsim.model.expression import Expression, symbols


def fitted_rows(problem: Problem) -> frozenset[str]:
    """Return the ids of all rows of the evidence table that the problem fits."""
    return frozenset(row for one in problem.sources.values() for row in one.evidence)


def term_numbers(term: Term, values: Mapping[str, float]) -> tuple[float, float]:
    """Return the simulated value of a term and the width of its noise, given readings and parameters by id."""
    return number_of(term.formula, values), number_of(term.noise.formula, values)


def term_gradient(term: Term, values: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the derivatives of a term's simulated value, by reading and parameter, and those of its width, by parameter.

    Raises
    ------
    ModelError
        For a function of which no derivative is known.
    """
    return _numbers(term.formula, values), _numbers(term.noise.formula, values)


def _numbers(formula: Expression, values: Mapping[str, float]) -> dict[str, float]:
    return {id: number_of(slope, values) for id, slope in slopes(formula).items()}


@lru_cache(maxsize=1024)
def slopes(formula: Expression) -> Mapping[str, Expression]:
    """Return the derivative of a formula with respect to everything that it reads."""
    return {id: differentiate(formula, {id: ONE}) for id in sorted(symbols(formula))}
