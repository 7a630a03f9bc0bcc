"""Testing one claim: parts, controls and P(pass) over the draws of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serdsim.claims.measures import Part, values_of
from serdsim.claims.read import Claim
from serdsim.claims.records import ControlOutcome, PartOutcome
from serdsim.experiments.runner import Readings


@dataclass(frozen=True)
class Tested:
    """What the draws of one run say about one claim.

    `passes` has one entry per draw in which every individual ended ok.
    """

    parts: tuple[PartOutcome, ...]
    controls: tuple[ControlOutcome, ...]
    value: float
    lo90: float
    hi90: float
    p_pass: float
    passes: np.ndarray
    failed: int


def test_claim(claim: Claim, readings: Readings, *, controls: bool = True) -> Tested:
    """Return the outcome of a claim's test; draws with a failed individual are left out and counted."""
    found = {part.id: values_of(part, readings) for part in claim.parts}
    ok = _whole(readings)
    holds = np.all([part.holds(found[part.id]) for part in claim.parts], axis=0)[ok]
    primary = np.stack([_reached(found[id]) for id in claim.primary])
    worst = (np.max if claim.combine == "largest" else np.min)(primary, axis=0)[ok]
    value, lo, hi = _interval(worst)
    return Tested(
        parts=tuple(_part(part, found[part.id][ok]) for part in claim.parts),
        controls=tuple(_control(part, values_of(part, readings)[ok]) for part in claim.controls) if controls else (),
        value=value,
        lo90=lo,
        hi90=hi,
        p_pass=float(np.mean(holds)) if holds.size else float("nan"),
        passes=holds,
        failed=int(np.sum(~ok)),
    )


test_claim.__test__ = False  # type: ignore[attr-defined]  # a verb, not a test of the suite


def _whole(readings: Readings) -> np.ndarray:
    """Return for each draw whether all its individuals ended ok."""
    ended = [np.isfinite(values).all(axis=(0, 1)) for reading in readings.series.values() for values in reading.values.values()]
    return np.asarray(np.all(ended, axis=0))


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return median and central 90 %."""
    if not values.size:
        return float("nan"), float("nan"), float("nan")
    lo, middle, hi = np.quantile(_reached(values), [0.05, 0.5, 0.95], method="inverted_cdf")
    return float(middle), float(lo), float(hi)


def _reached(values: np.ndarray) -> np.ndarray:
    """Return the values; one that was not reached counts as infinitely large."""
    return np.where(np.isnan(values), np.inf, values)


def _part(part: Part, values: np.ndarray) -> PartOutcome:
    value, lo, hi = _interval(values)
    p = float(np.mean(part.holds(values))) if values.size else float("nan")
    return PartOutcome(part.id, part.title, value, lo, hi, part.unit, part.bound, p)


def _control(part: Part, values: np.ndarray) -> ControlOutcome:
    value, lo, hi = _interval(values)
    p = float(np.mean(part.holds(values))) if values.size else float("nan")
    unit = "" if part.unit == "fold" else f" {part.unit}"
    return ControlOutcome(part.id, part.title, f"{value:.3g} ({lo:.3g} to {hi:.3g}){unit}", p, p >= 0.9)
