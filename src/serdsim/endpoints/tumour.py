"""How tumours of animals and patients are called: growth inhibition by four named definitions, mRECIST and RECIST 1.1.

Times come first: volumes and diameters have the shape (time, ...), results the shape without it. A missing value makes the result missing.
The limits of mRECIST and RECIST are data of the library (`outputs.yaml`); what a definition is follows from its formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from serdsim.model.outputs import Mrecist, Recist

CATEGORIES = ("PD", "SD", "PR", "CR")
"""Calls from the worst to the best, so that a position says how good a call is; RECIST of volumes that never vanish knows no CR."""

TITLES = ("progressive disease", "stable disease", "partial response", "complete response")


def delta_volume(times: np.ndarray, treated: np.ndarray, control: np.ndarray) -> np.ndarray:
    """Return 1 - (T - T0) / (C - C0), growth inhibition by what was gained (the default of this project).

    Above 1 the treated tumour is smaller than at its start; how much smaller hangs on the control as well, so that values above 1 of two
    studies are not alike. Starts may differ. Missing where the control did not grow: its gain is the measure.
    """
    gained = control[-1] - control[0]
    return _where(gained > 0.0, 1.0 - (treated[-1] - treated[0]) / np.where(gained > 0.0, gained, 1.0), treated, control)


def relative_volume(times: np.ndarray, treated: np.ndarray, control: np.ndarray) -> np.ndarray:
    """Return 1 - (T / T0) / (C / C0), growth inhibition by relative volumes.

    Always below 1, so that it says by itself neither whether a tumour shrank nor by how much: a fast control makes a growing tumour look
    inhibited. Defined for a control that shrinks, where it compares two losses.
    """
    return _where(control[-1] > 0.0, 1.0 - (treated[-1] / treated[0]) / (control[-1] / control[0]), treated, control)


def final_volume(times: np.ndarray, treated: np.ndarray, control: np.ndarray) -> np.ndarray:
    """Return 1 - T / C, one less the ratio of final volumes (T/C).

    Reads neither start: arms whose tumours did not start alike differ before any drug. Always below 1, as `relative_volume`.
    """
    return _where(control[-1] > 0.0, 1.0 - treated[-1] / control[-1], treated, control)


def growth_rate(times: np.ndarray, treated: np.ndarray, control: np.ndarray) -> np.ndarray:
    """Return 1 - g_T / g_C with the slopes of log volume over time by least squares (rate-based T/C: Hather 2014, 10.4137/CIN.S13974).

    Uses the whole course and not its end alone; above 1 the treated tumour shrank on the whole. A tumour that shrinks and comes back is no
    straight line, and one number hides the turn. Missing where the control did not grow, or where a volume is not above 0.
    """
    slopes = [_slope(times, values) for values in (treated, control)]
    grew = slopes[1] > 0.0
    return _where(grew, 1.0 - slopes[0] / np.where(grew, slopes[1], 1.0), treated, control)


TGI: Mapping[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "delta_volume": delta_volume,
    "relative_volume": relative_volume,
    "final_volume": final_volume,
    "growth_rate": growth_rate,
}


def mrecist(times: np.ndarray, volumes: np.ndarray, rule: Mrecist) -> np.ndarray:
    """Return the call of each xenograft as a position in `CATEGORIES` (Gao 2015).

    Two numbers are read from the rule's day on: the lowest change from the start, and the lowest mean of all changes up to a time, that at
    the start included. Both must lie below the limits of a category, so that a tumour must shrink and stay so for a while. The mean is
    one of observations: it hangs on how often tumours are measured.

    Parameters
    ----------
    times : ndarray, shape (time,)
        Rising [h].
    volumes : ndarray, shape (time, ...)
    rule : Mrecist
    """
    changes = volumes / volumes[0] - 1.0
    numbers = np.arange(1, len(times) + 1).reshape(-1, *(1,) * (volumes.ndim - 1))
    late = times >= rule.since * (1.0 - 1e-9)
    if not late.any():
        return np.full(volumes.shape[1:], np.nan)
    best, average = np.min(changes[late], axis=0), np.min((np.cumsum(changes, axis=0) / numbers)[late], axis=0)
    call = np.zeros(volumes.shape[1:])
    for category, below, below_average in rule.limits:
        call = np.where((best < below) & (average < below_average), CATEGORIES.index(category), call)
    return _where(np.isfinite(volumes).all(axis=0), call)


def recist(diameters: np.ndarray, rule: Recist) -> np.ndarray:
    """Return the call of RECIST 1.1 at each visit as a position in `CATEGORIES`, shape of `diameters` (Eisenhauer 2009).

    Progression is by a share, and by at least so many millimetres, from the smallest sum so far, the start included; a partial response
    is by a share from the start. A complete response, in which a lesion disappears, a model of volumes cannot show, nor new lesions.
    A mouse's tumour of 7 mm must gain 5 mm, so that RECIST calls progression of mice late.

    Parameters
    ----------
    diameters : ndarray, shape (visit, ...)
        Sums of the diameters of all lesions [mm], the first before treatment.
    rule : Recist
    """
    nadir = np.minimum.accumulate(diameters, axis=0)
    worse = (diameters >= nadir * (1.0 + rule.progression)) & (diameters - nadir >= rule.progression_mm)
    better = diameters <= diameters[:1] * (1.0 + rule.partial)
    calls = np.where(worse, CATEGORIES.index("PD"), np.where(better, CATEGORIES.index("PR"), CATEGORIES.index("SD")))
    return np.where(np.isfinite(diameters), calls, np.nan)


def best_response(calls: np.ndarray) -> np.ndarray:
    """Return the best call of the visits up to progression, which it is when the first of them is; without confirmation.

    Parameters
    ----------
    calls : ndarray, shape (visit, ...)
        Positions in `CATEGORIES`; the first, before treatment, is no response.
    """
    ended = np.maximum.accumulate(calls[1:] == CATEGORIES.index("PD"), axis=0)
    return _where(np.isfinite(calls).all(axis=0), np.where(ended, CATEGORIES.index("PD"), calls[1:]).max(axis=0))


def _slope(times: np.ndarray, volumes: np.ndarray) -> np.ndarray:
    logs = np.log(np.where(volumes > 0.0, volumes, np.nan))
    off = (times - times.mean()).reshape(-1, *(1,) * (volumes.ndim - 1))
    return np.asarray(np.sum(off * logs, axis=0) / np.sum(off**2))


def _where(there: np.ndarray, values: np.ndarray, *read: np.ndarray) -> np.ndarray:
    """Return the values where there is a result and nothing that was read is missing, else NaN."""
    whole = np.logical_and.reduce([np.asarray(there), *(np.isfinite(one).all(axis=0) for one in read)])
    return np.where(whole, values, np.nan)
