"""What is simulated, with slopes, held against measurements and terms: negative log posterior, gradient and curvature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from serdsim.fit.dual import Dual, formula
from serdsim.fit.likelihood import number_score, term_score
from serdsim.fit.point import Point
from serdsim.fit.prior_slopes import prior_weight
from serdsim.fit.problem import Noise, Problem
from serdsim.fit.space import Space


@dataclass(frozen=True)
class Lines:
    """Numbers with slopes, one line for each measurement or term.

    Attributes
    ----------
    value : ndarray, shape (line, vector)
    slope : ndarray, shape (parameter, line, vector)
    """

    value: np.ndarray
    slope: np.ndarray

    @classmethod
    def blank(cls, lines: int, space: Space, vectors: int) -> Lines:
        """Return lines that are filled in place."""
        return cls(np.full((lines, vectors), np.nan), np.zeros((len(space.names), lines, vectors)))

    def put(self, lines: np.ndarray | int, dual: Dual) -> None:
        """Fill some lines."""
        self.value[lines] = dual.value
        if dual.slope is not None:
            self.slope[:, lines] = dual.slope


@dataclass(frozen=True)
class Simulated:
    """What measurements, then terms, are compared with, and the widths of their noises."""

    numbers: Lines
    widths: Lines


def with_terms(problem: Problem, space: Space, measured: Simulated, readings: Mapping[str, Dual], values: Mapping[str, Dual]) -> Simulated:
    """Return the lines of the measurements with those of the terms, which rest on readings and parameters."""
    vectors = measured.numbers.value.shape[1]
    more = Simulated(*(Lines.blank(len(problem.terms), space, vectors) for _ in range(2)))
    known = {**values, **readings}
    with np.errstate(all="ignore"):
        for line, term in enumerate(problem.terms.values()):
            more.numbers.put(line, formula(term.formula)(known))
            more.widths.put(line, formula(term.noise.formula)(known))
    pairs = ((measured.numbers, more.numbers), (measured.widths, more.widths))
    return Simulated(*(Lines(np.concatenate([a.value, b.value]), np.concatenate([a.slope, b.slope], axis=1)) for a, b in pairs))


def points(problem: Problem, space: Space, vectors: np.ndarray, found: Simulated) -> list[Point]:
    """Return one point for each vector, shape (vector, parameter); not a number where a line has no value."""
    value, by_number, by_width, of_number, of_width = _scores(problem, found)
    prior = prior_weight(space, vectors)
    total = value.sum(axis=0) + prior.value.sum(axis=0)
    fine = np.isfinite(total)
    with np.errstate(all="ignore"):
        gradient = (found.numbers.slope * by_number + found.widths.slope * by_width).sum(axis=1) + prior.slope
        halves = [found.numbers.slope * np.sqrt(of_number), found.widths.slope * np.sqrt(of_width)]
        root = np.concatenate(halves, axis=1).transpose(2, 0, 1)
        curvature = root @ root.transpose(0, 2, 1)
    fine &= np.isfinite(gradient).all(axis=0) & np.isfinite(curvature).all(axis=(1, 2))
    places = range(len(space.names))
    curvature[:, places, places] += prior.bend.T
    nothing = np.full(len(space.names), np.nan)
    return [
        Point(-float(total[v]), -gradient[:, v], curvature[v]) if fine[v] else Point(np.nan, nothing, np.diag(nothing))
        for v in range(len(vectors))
    ]


def _scores(problem: Problem, found: Simulated) -> tuple[np.ndarray, ...]:
    """Return log-likelihoods, their slopes by number and width, and what the lines tell about both; shape (line, vector)."""
    x, s = found.numbers.value, found.widths.value
    result = np.full((5, *x.shape), np.nan)
    groups: dict[tuple[str, str], list[int]] = {}
    for line, one in enumerate(problem.measurements):
        noise = problem.observables[one.observable].noise
        groups.setdefault((noise.distribution, noise.scale), []).append(line)
    measured = np.array([one.value for one in problem.measurements], float)
    for lines in groups.values():
        noise = problem.observables[problem.measurements[lines[0]].observable].noise
        score = number_score(x[lines], s[lines], noise, measured[lines, None])
        result[:, lines] = (*score, _told(noise, s[lines]))
    for line, term in enumerate(problem.terms.values(), start=len(measured)):
        score = term_score(x[line], s[line], term)
        told = _told(term.noise, s[line]) if term.lower == term.upper else score.by_width**2
        result[:, line] = (*score, told)
    return tuple(result[[0, 1, 2, 3, 4]])


def _told(noise: Noise, width: np.ndarray) -> np.ndarray:
    """Return what a number tells about the width of its noise on average."""
    return (1.0 if noise.distribution == "laplace" else 2.0) / width**2


