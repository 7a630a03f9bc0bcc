"""When outputs change, and in which order: the time of half-change of each, draw by draw."""

from __future__ import annotations

import numpy as np


def half_change(times: np.ndarray, values: np.ndarray, least: float) -> np.ndarray:
    """Return when an output has gone half of its way from its first to its last value, shape (draw,) [unit of times].

    Linear between observations; the first passage counts. Infinity where the output ended within `least` of where it
    began, relative to the larger of the two; NaN for a failed individual.

    Parameters
    ----------
    times : ndarray, shape (time,)
        Rising, at least two; the first is the start and the last the end of the window.
    values : ndarray, shape (time, draw)
        The output, in any unit.
    least : float
        Relative change that counts as moving, 0 or more.
    """
    start, end = values[0], values[-1]
    way = end - start
    whole = np.isfinite(values).all(axis=0)
    moved = whole & (np.abs(way) > least * np.maximum(np.abs(start), np.abs(end)))
    gone = (values - start) / np.where(moved, way, 1.0)  # 0 at the start, 1 at the end
    after = np.argmax(gone >= 0.5, axis=0)  # the end has gone 1, so that a draw that moved has such a time after the start
    before = np.maximum(after - 1, 0)
    draws = np.arange(values.shape[1])
    a, b = gone[before, draws], gone[after, draws]
    share = (0.5 - a) / np.where(b > a, b - a, 1.0)
    found = times[before] + share * (times[after] - times[before])
    return np.asarray(np.where(moved, found, np.where(whole, np.inf, np.nan)))


def order_of(changes: np.ndarray) -> np.ndarray:
    """Return the place of each output among the outputs of its draw, 1 for the first, shape (output, draw).

    Outputs that change at the same time share the earlier place; those that never moved (inf) share the last ones. NaN for
    all outputs of a draw in which a time is missing.

    Parameters
    ----------
    changes : ndarray, shape (output, draw)
        Times of half-change, as from `half_change`.
    """
    places = 1.0 + np.sum(changes[None, :, :] < changes[:, None, :], axis=1)
    return np.asarray(np.where(np.isnan(changes).any(axis=0), np.nan, places))


def share_in_order(changes: np.ndarray) -> float:
    """Return the share of draws in which each output changes later than the one before it; NaN without draws.

    A draw with a missing time or an output that never moved is not in order.

    Parameters
    ----------
    changes : ndarray, shape (output, draw)
        Times of half-change, outputs in the order that is asked about.
    """
    if not changes.shape[1]:
        return float("nan")
    return float(np.mean(np.isfinite(changes).all(axis=0) & np.all(changes[1:] > changes[:-1], axis=0)))
