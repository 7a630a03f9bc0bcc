"""When a host is observed if nobody says: evenly, and closely in the first and the last dosing interval of each drug."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serdsim.dosing.regimen import Dose, Regimen
from serdsim.simulation.host_doses import SINGLE_H, doses_in_order

_STEPS = ((336.0, 1.0), (1344.0, 2.0))  # up to two weeks hourly, up to eight weeks every two hours
_FAR_H = 6.0
_EARLY = 1.5  # they lie closer where the dose has just been given
_CLOSE = 48  # observations in a dosing interval that exposures are read from

Interval = tuple[float, float]


def host_times(regimen: Regimen, duration_h: float) -> np.ndarray:
    """Return the output times [h] of a host; they never change a step."""
    steps = np.arange(int(duration_h / _even(duration_h) * (1.0 + 1e-12)) + 1)
    parts = [_even(duration_h) * steps, np.array([duration_h])]
    parts += [
        start + (end - start) * (np.arange(_CLOSE + 1) / _CLOSE) ** _EARLY
        for drug in regimen.drugs
        for start, end in ends(regimen, drug, duration_h)
    ]
    times = np.unique(np.round(np.concatenate(parts), 9))
    return times[times <= duration_h]


def host_times_in_words(regimen: Regimen, duration_h: float) -> str:
    """Return what `host_times` observes."""
    close = " and ".join(drug for drug in regimen.drugs if ends(regimen, drug, duration_h))
    also = f", and {_CLOSE + 1} times in the first and the last dosing interval of {close}" if close else ""
    return f"every {_even(duration_h):g} h{also}"


def ends(regimen: Regimen, drug: str, end_h: float) -> tuple[Interval, ...]:
    """Return the first and the last dosing interval of a drug that begin before the end [h]; one where both are the same."""
    given = [(time, _interval(doses)) for time, doses in doses_in_order(regimen, drug) if time < end_h]
    if not given:
        return ()
    follow = [time for time, _ in given if time > given[0][0]]
    first = (given[0][0], min(follow[0] if follow else given[0][0] + given[0][1], end_h))
    last = (given[-1][0], min(given[-1][0] + given[-1][1], end_h))
    return (first, last) if last != first else (first,)


def _interval(doses: Sequence[Dose]) -> float:
    """Return the time to the next dose that doses of one instant say [h]; beside repeated ones a single one says nothing."""
    return min((dose.interval_h for dose in doses if dose.interval_h), default=SINGLE_H)


def _even(duration_h: float) -> float:
    return min(next((step for length, step in _STEPS if duration_h <= length), _FAR_H), duration_h)
