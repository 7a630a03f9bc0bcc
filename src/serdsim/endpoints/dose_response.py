"""Endpoints of dose series and time courses. All work on arrays with draws in the last axis."""

from __future__ import annotations

import numpy as np


def crossing(x: np.ndarray, y: np.ndarray, level: float) -> np.ndarray:
    """Return the first x at which y crosses `level`, log-linear between points, shape (draw,).

    NaN where the level is not reached within the measured range.

    Parameters
    ----------
    x : ndarray, shape (concentration,)
        Positive and rising.
    y : ndarray, shape (concentration, draw)
    """
    log_x = np.log(x)
    result = np.full(y.shape[1], np.nan)
    for draw in range(y.shape[1]):
        signs = np.sign(y[:, draw] - level)
        changes = np.flatnonzero(signs[1:] * signs[:-1] <= 0)
        if changes.size and np.all(np.isfinite(y[:, draw])):
            i = int(changes[0])
            span = y[i + 1, draw] - y[i, draw]
            share = (level - y[i, draw]) / span if span else 0.0
            result[draw] = np.exp(log_x[i] + share * (log_x[i + 1] - log_x[i]))
    return result


def dc50(concentrations: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the concentration that removes half of the vehicle's level, shape (draw,) [unit of concentrations].

    The absolute definition: 50 % of the vehicle, not half of the own maximum. NaN where 50 % is not reached; the lowest
    concentration, an upper bound, where it leaves less than that already.
    """
    left = values[1:] / values[0]
    beyond = (left[0] <= 0.5) & np.isfinite(left).all(axis=0)
    return np.asarray(np.where(beyond, concentrations[1], crossing(concentrations[1:], left, 0.5)))


def ec50(concentrations: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the concentration of half the rise between the lowest and the highest level, shape (draw,)."""
    low, high = values[0], values[-1]
    return crossing(concentrations[1:], ((values - low) / (high - low))[1:], 0.5)


def half_life(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the first time at which half of the start is left, log-linear in the level, shape (draw,) [unit of times].

    Infinity where it is not reached; NaN for a failed individual.
    """
    relative = np.log(np.maximum(values / values[0], 1e-300))
    result = np.where(np.all(np.isfinite(values), axis=0), np.inf, np.nan)
    for draw in range(values.shape[1]):
        below = np.flatnonzero(relative[:, draw] <= np.log(0.5))
        if below.size and below[0] > 0:
            i = int(below[0])
            a, b = relative[i - 1, draw], relative[i, draw]
            result[draw] = times[i - 1] + (np.log(0.5) - a) / (b - a) * (times[i] - times[i - 1])
    return result
