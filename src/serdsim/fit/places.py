"""Where stages begin and end, and what they give: values and slopes of many vectors at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from serdsim.fit.dual import Dual


@dataclass(frozen=True)
class Place:
    """Where a stage begins or ends.

    Attributes
    ----------
    constants : ndarray, shape (constant, vector)
    moved : mapping of constant to ndarray, shape (parameter, vector)
        Slopes of the constants that parameters move.
    state : ndarray, shape (state, vector)
        Amounts.
    slope : ndarray, shape (parameter, state, vector)
    fine : ndarray of bool, shape (vector,)
    """

    constants: np.ndarray
    moved: Mapping[str, np.ndarray]
    state: np.ndarray
    slope: np.ndarray
    fine: np.ndarray


@dataclass(frozen=True)
class Seen:
    """What a stage gives: `outputs` have the shape (time, vector) in the order of `times`, slopes (parameter, time, vector)."""

    times: tuple[float, ...]
    outputs: Mapping[str, Dual]
    end: Place


def sound(place: Place) -> Place:
    """Return a place at which no vector goes on from numbers that are none."""
    slopes = [np.isfinite(of).all(axis=0) for of in place.moved.values()]
    fine = place.fine & np.isfinite(place.state).all(axis=0) & np.isfinite(place.slope).all(axis=(0, 1))
    return replace(place, fine=np.logical_and.reduce([fine, *slopes]))
