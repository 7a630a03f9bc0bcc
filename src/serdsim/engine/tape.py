"""What the NumPy twin did for one individual, in order: enough to do it again with other numbers and the same steps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Begin:
    """The individual is where it starts."""

    time: float


@dataclass(frozen=True)
class Change:
    """An item of the schedule, `see` apart: what was added, set or reset."""

    kind: str
    name: str
    value: float


@dataclass(frozen=True)
class Hold:
    """The comparisons that the steps from here on hold fixed."""

    z: np.ndarray


@dataclass(frozen=True)
class Aim:
    """The next stop, and the switches of the system that turn there; none at a time that only the plan names."""

    stop: float
    switches: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """A step that was accepted.

    Attributes
    ----------
    t, taken : float
        Begin and length of the attempt.
    y : ndarray, shape (state,)
        At its begin.
    stages : ndarray, shape (stage, state)
    w : ndarray or None, shape (state, state)
        The matrix of the stages, None for an explicit method.
    hit : bool
        Whether it was to end at the stop last aimed at.
    part : float
        Where a comparison changed, as a part of the step; NaN where none did.
    turned : tuple of int
        The comparisons that did.
    """

    t: float
    taken: float
    y: np.ndarray
    stages: np.ndarray
    w: np.ndarray | None
    hit: bool
    part: float
    turned: tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """A row of outputs that was written: at a part of the last step, or (NaN) of the state as it is at an instant."""

    row: int
    time: float
    part: float


Entry = Begin | Change | Hold | Aim | Step | Row
Tape = defaultdict[int, list[Entry]]


def blank() -> Tape:
    """Return a tape on which nothing is written."""
    return defaultdict(list)
