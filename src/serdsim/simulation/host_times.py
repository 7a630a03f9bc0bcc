"""When a host is observed if nobody says: evenly, and closely in the first and the last dosing interval of each drug."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serdsim.dosing.regimen import Dose, Regimen
from serdsim.engine.plan import same_instant
from serdsim.simulation.host_doses import SINGLE_H, doses_in_order

_STEPS = ((336.0, 1.0), (1344.0, 2.0))  # up to two weeks hourly, up to eight weeks every two hours
_FAR_H = 6.0
JUST_BEFORE = 1e-6  # [h] that an interval ends before a dose which is seen at once
_DIGITS = 9  # of times [h]
_EARLY = 1.5  # they lie closer where the dose has just been given
_CLOSE = 48  # observations in a dosing interval that exposures are read from
LEAST = 24  # of them; an even grid may have less

Interval = tuple[float, float]


def host_times(regimen: Regimen, duration_h: float) -> np.ndarray:
    """Return the output times [h] of a host; they never change a step. The last is the end."""
    steps = np.arange(int(duration_h / _even(duration_h) * (1.0 + 1e-12)) + 1)
    spans = [span for drug in regimen.drugs for span in ends(regimen, drug, duration_h)]
    closely = [start + (end - start) * (np.arange(_CLOSE + 1) / _CLOSE) ** _EARLY for start, end in spans]
    times = np.round(np.concatenate([_even(duration_h) * steps, *closely]), _DIGITS)
    exact = [_rounded(time) for span in [*spans, (0.0, duration_h)] for time in span]
    near = [np.abs(times - time) <= 10.0**-_DIGITS for time in exact]
    times = np.unique(np.concatenate([times[~np.any(near, axis=0)], exact]))
    return times[times <= exact[-1]]


def _rounded(time: float) -> float:
    """Return a time without the noise of its last digits, if it stays the same instant."""
    short = round(time, _DIGITS)
    return short if abs(short - time) <= same_instant(time) else time


def host_times_in_words(regimen: Regimen, duration_h: float) -> str:
    """Return what `host_times` observes."""
    close = " and ".join(drug for drug in regimen.drugs if ends(regimen, drug, duration_h))
    also = f", and {_CLOSE + 1} times in the first and the last dosing interval of {close}" if close else ""
    return f"every {_even(duration_h):g} h{also}"


def seen_closely(times: np.ndarray, span: Interval) -> bool:
    """Return whether exposure can be read from times [h] inside an interval: many, from its first moment to its last."""
    return len(times) >= LEAST and bool(times[0] <= span[0] + 10.0**-_DIGITS and times[-1] >= span[1] - 10.0**-_DIGITS)


def ends(regimen: Regimen, drug: str, end_h: float) -> tuple[Interval, ...]:
    """Return the first and the last dosing interval of a drug that begin before the end [h]; one where both are the same.

    An interval ends with the next dose, and just before a dose straight into a vein, which is seen at once.
    """
    given = [(time, doses) for time, doses in doses_in_order(regimen, drug) if time < end_h - same_instant(end_h)]
    if not given:
        return ()
    (begin, doses), (final, last_doses) = given[0], given[-1]
    first = (begin, _before(begin, *given[1]) if len(given) > 1 else min(begin + _interval(doses), end_h))
    last = (final, min(final + _interval(last_doses), end_h))
    return (first, last) if len(given) > 1 else (first,)


def seen_until(regimen: Regimen, start: float, end: float) -> float:
    """Return the end of a window [h], or the moment before it where a dose straight into a vein is given then."""
    each = [pair for drug in regimen.drugs for pair in doses_in_order(regimen, drug)]
    return _before(start, end, [dose for time, doses in each if abs(time - end) <= same_instant(end) for dose in doses])


def _before(start: float, follows: float, doses: Sequence[Dose]) -> float:
    """Return the end of an interval that doses follow."""
    return follows - min(JUST_BEFORE, (follows - start) / _CLOSE) if any(dose.route == "iv" for dose in doses) else follows


def _interval(doses: Sequence[Dose]) -> float:
    """Return the time to the next dose that doses of one instant say [h]; beside repeated ones a single one says nothing."""
    return min((dose.interval_h for dose in doses if dose.interval_h), default=SINGLE_H)


def _even(duration_h: float) -> float:
    return min(next((step for length, step in _STEPS if duration_h <= length), _FAR_H), duration_h)
