"""When an output passes a level, for how long it stays below one, and its area under the curve; linear between observations."""

from __future__ import annotations

import numpy as np


def passage(times: np.ndarray, values: np.ndarray, level: float | np.ndarray, *, rises: bool) -> np.ndarray:
    """Return when an output first reaches a level, of the shape of `values` without its first axis [unit of times].

    Infinity where it never does, the first time where it has from the start; NaN for a failed individual.

    Parameters
    ----------
    times : ndarray, shape (time,)
        Rising.
    values : ndarray, shape (time, ...)
    level : float or ndarray
        In the unit of the values; an array has one for each individual.
    rises : bool
        Whether the output comes from below.
    """
    beyond = (values - level) if rises else (level - values)  # zero or more once the level is reached
    there = beyond >= 0.0
    after = np.argmax(there, axis=0)
    before = np.maximum(after - 1, 0)
    a, b = (np.take_along_axis(beyond, at[None], axis=0)[0] for at in (before, after))
    with np.errstate(invalid="ignore"):  # of an individual that failed
        share = np.where(after > 0, -a / np.where(b > a, b - a, 1.0), 0.0)
    found = times[before] + share * (times[after] - times[before])
    whole = np.isfinite(values).all(axis=0)
    return np.asarray(np.where(whole, np.where(there.any(axis=0), found, np.inf), np.nan))


def held_below(times: np.ndarray, values: np.ndarray, level: float) -> np.ndarray:
    """Return for how long from the first time on an output stays below a level [unit of times].

    At most the time that was observed, where it stays there to the end.

    Parameters
    ----------
    times : ndarray, shape (time,)
        Rising.
    values : ndarray, shape (time, ...)
    level : float
        In the unit of the values.
    """
    return np.asarray(np.minimum(passage(times, values, level, rises=True), times[-1]) - times[0])


def area(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the area under the curve by trapezoids [unit of values times unit of times]; the first axis of `values` is time."""
    widths = np.diff(times).reshape(-1, *(1,) * (values.ndim - 1))
    return np.asarray(np.sum(widths * (values[1:] + values[:-1]) / 2.0, axis=0))


def survival(ends: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the share of a group that is left at each of the times, shape (time, ...).

    Nobody leaves before the end for another reason, so that this is the product-limit estimate; one whose end is missing (NaN) makes
    that of its group missing.

    Parameters
    ----------
    ends : ndarray, shape (..., individual)
        When each individual ends, infinity for never [unit of times].
    times : ndarray, shape (time,)
    """
    left = ends[None] > times.reshape(-1, *(1,) * ends.ndim)
    return np.asarray(np.where(np.isnan(ends).any(axis=-1), np.nan, left.mean(axis=-1)))
