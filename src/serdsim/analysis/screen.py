"""Which rows an outcome goes with over draws, and where a share of draws crosses a level: pure numbers, nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

_ROUNDS, _POINTS = 2, 6  # how often a crossing is narrowed, and by how many points each time


def nearness(values: np.ndarray, below: float | None, above: float | None) -> np.ndarray:
    """Return how far each draw lies on the good side of its bounds, as a share of all draws; 0 or more holds them.

    Ranks count, so that no scale and no infinite value matters; NaN, a value that does not exist, is the farthest on the wrong side.
    """
    finite = values[~np.isnan(values)]
    sides = []
    for bound, sign in ((below, -1.0), (above, 1.0)):
        if bound is not None:
            signed, line = sign * values, sign * bound
            good = np.array([np.sum(sign * finite < v) - np.sum(sign * finite < line) for v in signed], float)
            good += np.where(signed >= line, 0.5, -0.5)
            sides.append(np.where(np.isnan(values), -len(values), good) / len(values))
    return np.asarray(np.min(sides, axis=0))


def screened(outcome: np.ndarray, rows: Mapping[str, np.ndarray], count: int) -> tuple[tuple[str, float], ...]:
    """Return the rows that an outcome goes with most, with their rank correlations, the strongest first.

    Parameters
    ----------
    outcome : ndarray, shape (draw,)
    rows : mapping of str to ndarray, shape (draw,)
        The values of each row over the same draws.
    count : int
        How many are wanted. What those before explain is taken out of the outcome before the next is chosen.
    """
    names = list(rows)
    if not names or np.ptp(outcome) == 0:
        return ()
    left = _centred(_ranks(outcome))
    matrix = np.stack([_centred(_ranks(rows[name])) for name in names])
    matrix = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
    first = left / max(float(np.linalg.norm(left)), 1e-12)
    chosen: list[int] = []
    while len(chosen) < min(count, len(names)):
        together = np.abs(matrix @ left)
        together[chosen] = -1.0
        chosen.append(int(np.argmax(together)))
        basis, _ = np.linalg.qr(matrix[chosen].T)
        left = first - basis @ (basis.T @ first)
    return tuple((names[i], float(matrix[i] @ first)) for i in chosen)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return mean ranks; equal values share theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[inverse], float)


def _centred(values: np.ndarray) -> np.ndarray:
    return np.asarray(values - values.mean())


@dataclass(frozen=True)
class Region:
    """Where a share lies beyond a level: between two positions [standard deviations of the prior], open where one is None."""

    low: float | None
    high: float | None

    @property
    def chance(self) -> float:
        """How probable it is by the prior that a measurement finds it there."""
        normal = NormalDist()
        return (1.0 if self.high is None else normal.cdf(self.high)) - (0.0 if self.low is None else normal.cdf(self.low))


def region(at: Sequence[float], shares: Sequence[float], level: float, *, above: bool) -> Region | None:
    """Return where a share that is known at rising positions is at least (`above`) or at most a level, around its extreme.

    Between positions it goes straight; before the first and beyond the last it stays. None where it never gets there.
    """
    sign = 1.0 if above else -1.0
    good = [sign * (share - level) for share in shares]
    best = int(np.argmax(good))
    if not good[best] >= 0:
        return None
    low, high = best, best
    while low > 0 and good[low - 1] >= 0:
        low -= 1
    while high < len(good) - 1 and good[high + 1] >= 0:
        high += 1
    return Region(
        None if low == 0 else _between(at[low - 1], at[low], good[low - 1], good[low]),
        None if high == len(good) - 1 else _between(at[high + 1], at[high], good[high + 1], good[high]),
    )


def _between(bad: float, fine: float, below: float, beyond: float) -> float:
    return bad + (fine - bad) * (-below) / (beyond - below)


def narrowed(
    at: Sequence[float], shares: Sequence[float], level: float, share_at: Callable[[Sequence[float]], Sequence[float]], *, above: bool
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return positions and shares with more of them where the share crosses the level, as `share_at` finds them."""
    known = dict(zip(at, shares, strict=True))
    for _ in range(_ROUNDS):
        spots = sorted(known)
        found = region(spots, [known[z] for z in spots], level, above=above)
        ends = [end for end in (found.low, found.high) if end is not None] if found else []
        new = [z for end in ends for z in _inside(spots, end)]
        if not new:
            break
        known |= dict(zip(new, share_at(new), strict=True))
    spots = sorted(known)
    return tuple(spots), tuple(known[z] for z in spots)


def _inside(spots: Sequence[float], end: float) -> list[float]:
    right = next(i for i, z in enumerate(spots) if z >= end)
    low, high = spots[max(right - 1, 0)], spots[right]
    return [float(z) for z in np.linspace(low, high, _POINTS + 2)[1:-1] if z not in spots]
