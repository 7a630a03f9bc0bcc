"""What one would expect without a model of how treatments act on each other: null models beside a prediction.

All take and return folds of the start over time, shape (time, draw). Folds of cells count as if none had been taken away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def no_interaction(parts: Sequence[np.ndarray], control: np.ndarray) -> np.ndarray:
    """Return what treatments leave together when each leaves the share of the untreated that it leaves alone (Bliss)."""
    result = np.array(control)
    for part in parts:
        result = result * part / control
    return result


def in_turn(parts: Sequence[np.ndarray], times: np.ndarray, turns: Sequence[float]) -> np.ndarray:
    """Return cells that in each span change as those that had its treatment alone from the start did in the same span."""
    steps = np.diff(np.log(np.array(parts)), axis=1)
    own = np.array([steps[part, step] for step, part in enumerate(in_charge(len(parts), times, turns)[1:])])
    return np.asarray(np.exp(np.concatenate([np.zeros_like(own[:1]), np.cumsum(own, axis=0)])))


def level_in_turn(parts: Sequence[np.ndarray], times: np.ndarray, turns: Sequence[float]) -> np.ndarray:
    """Return a level that is at any time that of the treatment of the last span, given alone from the start."""
    return np.array([parts[part][row] for row, part in enumerate(in_charge(len(parts), times, turns))])


def in_charge(parts: int, times: np.ndarray, turns: Sequence[float]) -> list[int]:
    """Return which treatment was given up to each time: the first before the first turn, then one after the other, again and again."""
    return [sum(turn < time for turn in turns) % parts for time in times]


def repeated(part: np.ndarray, times: np.ndarray, platings: Sequence[float], grows: bool) -> np.ndarray:
    """Return what comes when every span between two platings goes as the first; what `grows` multiplies from span to span.

    Raises
    ------
    ValueError
        When the spans are not equally long.
    """
    if not platings:
        return part
    span = platings[0]
    if not np.allclose(np.diff([0.0, *platings]), span):
        raise ValueError("spans between platings that are not equally long cannot repeat the first")
    rows = []
    for time in times:
        before = sum(plating < time for plating in platings)
        row = part[int(np.argmin(np.abs(times - (time - before * span))))]
        rows.append(row * part[int(np.argmin(np.abs(times - span)))] ** before if grows else row)
    return np.array(rows)
