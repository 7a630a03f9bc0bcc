"""What is simulated, with slopes, held against measurements and terms: negative log posterior, gradient and curvature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from serdsim.fit.dual import Dual, formula
from serdsim.fit.likelihood import number_score, term_score
from serdsim.fit.point import Point
from serdsim.fit.prior_slopes import Weight, prior_weight
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
    lines = scores(problem, found)
    prior = prior_weight(space, vectors)
    return [_point(v, found, lines, prior) for v in range(len(vectors))]


def _point(v: int, found: Simulated, lines: np.ndarray, prior: Weight) -> Point:
    """Return the point of one vector; by itself, so that no bit of it depends on those beside it."""
    value, *weights = np.ascontiguousarray(lines[:, :, v])
    number, width = (np.ascontiguousarray(part.slope[:, :, v]) for part in (found.numbers, found.widths))
    by_number, by_width, of_number, of_width = weights
    with np.errstate(all="ignore"):
        total = value.sum() + prior.value[:, v].copy().sum()
        gradient = (number * by_number).sum(axis=1) + (width * by_width).sum(axis=1) + prior.slope[:, v]
        root = np.concatenate([number * np.sqrt(of_number), width * np.sqrt(of_width)], axis=1)
        curvature = root @ root.T + np.diag(prior.bend[:, v])
    if np.isfinite(total) and np.isfinite(gradient).all() and np.isfinite(curvature).all():
        return Point(-float(total), -gradient, curvature)
    return Point(np.nan, np.full_like(gradient, np.nan), np.full_like(curvature, np.nan))


def scores(problem: Problem, found: Simulated) -> np.ndarray:
    """Return log-likelihoods, their slopes by number and width, and what the lines tell about both; shape (5, line, vector)."""
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
    return result


def _told(noise: Noise, width: np.ndarray) -> np.ndarray:
    """Return what a number tells about the width of its noise on average."""
    return (1.0 if noise.distribution == "laplace" else 2.0) / width**2
