"""What is read from the course of a quantity: exposure over an interval, lowest values, changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Exposure:
    """Exposure over one interval, each of shape (individual,).

    Attributes
    ----------
    highest, lowest : ndarray
        The highest concentration, and the lowest from then on to the end of the interval.
    peak_time : ndarray
        Time of the highest since the start of the interval.
    area : ndarray
        Area under the curve by linear trapezoids.
    """

    highest: np.ndarray
    lowest: np.ndarray
    peak_time: np.ndarray
    area: np.ndarray


def exposure(times: np.ndarray, values: np.ndarray) -> Exposure:
    """Return the exposure over the whole of the times given.

    Parameters
    ----------
    times : ndarray, shape (time,)
        Rising.
    values : ndarray, shape (individual, time)
    """
    peak = np.argmax(values, axis=1)
    after = np.where(np.arange(len(times)) >= peak[:, None], values, np.inf)
    area = np.sum(np.diff(times) * (values[:, 1:] + values[:, :-1]) / 2.0, axis=1)
    return Exposure(np.max(values, axis=1), np.min(after, axis=1), times[peak] - times[0], area)


def lowest(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest value of each individual and the first time at which it is met."""
    place = np.argmin(values, axis=1)
    return values[np.arange(len(values)), place], times[place]


def change(values: np.ndarray) -> np.ndarray:
    """Return the change from the first value, as a share of it, shape of `values`."""
    start = values[:, :1]
    return np.asarray(np.divide(values, start, out=np.full(values.shape, np.nan), where=start != 0.0) - 1.0)
