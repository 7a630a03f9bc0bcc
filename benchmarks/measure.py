"""The error measure of contracts.md, and speeds at equal error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_SMALL = 1e-3


@dataclass(frozen=True)
class Errors:
    """Median, 99th percentile and largest error over the individuals, and how many of them failed."""

    median: float
    p99: float
    largest: float
    failed: int


NOTHING = Errors(np.inf, np.inf, np.inf, 0)


def individual_errors(values: np.ndarray, reference: np.ndarray, atol: np.ndarray) -> np.ndarray:
    """Return per individual the largest |y - ref| / max(|ref|, 1e-3 max_t |ref|, atol); infinite where it failed.

    Parameters
    ----------
    values, reference : ndarray, shape (individual, time, state)
    atol : ndarray, shape (state,)
        Infinite for a state that is not judged.
    """
    size = np.abs(reference)
    floor = np.maximum(_SMALL * size.max(axis=1, keepdims=True), atol)
    weight = np.maximum(size, floor)
    off = np.abs(values - reference)
    share = np.divide(off, weight, out=np.where(off > 0.0, np.inf, 0.0), where=weight > 0.0)
    finite = np.isfinite(values).all(axis=(1, 2))
    return np.where(finite, share.max(axis=(1, 2)), np.inf)


def errors(values: np.ndarray, reference: np.ndarray, atol: np.ndarray) -> Errors:
    """Return the summary over individuals."""
    return summary(individual_errors(values, reference, atol))


def summary(each: np.ndarray) -> Errors:
    """Return the summary of the errors of individuals."""
    ranked = np.sort(each)
    # no interpolation: between a number and infinity there is none
    at = [ranked[min(len(ranked) - 1, int(np.ceil(share * len(ranked))) - 1)] for share in (0.5, 0.99)]
    return Errors(float(at[0]), float(at[1]), float(ranked[-1]), int(np.sum(~np.isfinite(each))))


def frontier(rungs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the (error, speed) that no other rung beats in both, by rising error and speed."""
    best: list[tuple[float, float]] = []
    for error, speed in sorted((e, -s) for e, s in rungs if np.isfinite(e) and e > 0.0):
        if not best or -speed > best[-1][1]:
            best.append((error, -speed))
    return best


def speed_at(error: float, rungs: Sequence[tuple[float, float]]) -> float:
    """Return the speed at a median error, log-log between the rungs.

    No speed is made up: looser than the loosest rung gives the speed of that rung, tighter than the tightest is NaN.
    """
    best = frontier(rungs)
    if not best or error < best[0][0]:
        return float("nan")
    if error >= best[-1][0]:
        return best[-1][1]
    place, speeds = np.log([e for e, _ in best]), np.log([s for _, s in best])
    return float(np.exp(np.interp(np.log(error), place, speeds)))


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean of the values that are numbers."""
    there = [v for v in values if np.isfinite(v) and v > 0.0]
    return float(np.exp(np.mean(np.log(there)))) if there else float("nan")
