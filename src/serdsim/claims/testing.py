"""Testing one claim: parts, controls and P(pass) over the draws of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.claims.claim import Claim
from serdsim.claims.judge import HIGH
from serdsim.claims.kinds import values_of
from serdsim.claims.measures import SMALLEST_MARGIN, Part
from serdsim.claims.records import ControlOutcome, PartOutcome, SisterOutcome
from serdsim.claims.sisters import Sister
from serdsim.endpoints.equivalence import share_inside, smallest_margin
from serdsim.experiments.runner import Readings


@dataclass(frozen=True)
class Tested:
    """What the draws of one run say about one claim.

    `passes` has one entry per draw in which every individual ended ok, which `ok` says of all draws. `decided_by` is the title of the
    part without which most draws pass more, and `p_without` the share that then passes.
    """

    parts: tuple[PartOutcome, ...]
    controls: tuple[ControlOutcome, ...]
    value: float
    lo90: float
    hi90: float
    p_pass: float
    passes: np.ndarray
    ok: np.ndarray
    failed: int
    hypotheses: tuple[PartOutcome, ...] = ()
    definitions: tuple[PartOutcome, ...] = ()
    decided_by: str = ""
    p_without: float = float("nan")

    @property
    def every(self) -> np.ndarray:
        """Return for every draw, also those that failed and do not, whether it passes."""
        found = np.zeros(self.ok.shape, bool)
        found[self.ok] = self.passes
        return found


def test_claim(claim: Claim, *readings: Readings, controls: bool = True) -> Tested:
    """Return the outcome of a claim's test on the readings of its experiments, the first one first.

    Draws with a failed individual in any of them are left out and counted; without controls those that the parts read count alone.
    """
    found = {part.id: values_of(part, _read(part, readings)) for part in claim.parts}
    ok = np.all([_whole(read) if controls else _ended(claim, read, claim.parts) for read in readings], axis=0)
    each = np.array([part.holds(found[part.id]) for part in claim.parts])[:, ok]
    holds = np.all(each, axis=0)
    largest = claim.combine == "largest"
    primary = np.stack([_reached(part, found[part.id], largest=largest) for part in claim.parts if part.id in claim.primary])
    worst = (np.max if largest else np.min)(primary, axis=0)[ok]
    value, lo, hi = _interval(worst)
    decided_by, p_without = decider([part.title for part in claim.parts], each)
    return Tested(
        parts=tuple(_part(part, found[part.id][ok], _read(part, readings).animals) for part in claim.parts),
        controls=tuple(_control(part, values_of(part, _read(part, readings))[ok]) for part in claim.controls) if controls else (),
        value=value,
        lo90=lo,
        hi90=hi,
        p_pass=float(np.mean(holds)) if holds.size else float("nan"),
        passes=holds,
        ok=ok,
        failed=int(np.sum(~ok)),
        hypotheses=tuple(_measured(part, readings, ok) for part in claim.hypotheses) if controls else (),
        definitions=tuple(_measured(part, readings, ok) for part in claim.definitions) if controls else (),
        decided_by=decided_by,
        p_without=p_without,
    )


def decider(titles: Sequence[str], each: np.ndarray) -> tuple[str, float]:
    """Return the title of the part without which the largest share of draws passes, and that share; `each` has the shape (part, draw)."""
    if len(each) < 2 or not each.size:
        return "", float("nan")
    without = [float(np.mean(np.all(np.delete(each, i, axis=0), axis=0))) for i in range(len(each))]
    best = int(np.argmax(without))
    return titles[best], without[best]


test_claim.__test__ = False  # type: ignore[attr-defined]  # a verb, not a test of the suite


def _read(part: Part, readings: Sequence[Readings]) -> Readings:
    """Return the readings of the experiment that a part reads; of the first for one that names none."""
    return next((read for read in readings if read.experiment.id == part.reads), readings[0])


def _whole(readings: Readings) -> np.ndarray:
    """Return for each draw whether all its individuals ended ok."""
    return np.asarray(np.all([reading.ended for reading in readings.series.values()], axis=0))


def test_sister(claim: Claim, sister: Sister, readings: Readings | None) -> SisterOutcome:
    """Return what a run with a sister in the subject's place shows, over the draws in which what is read ended ok."""
    if sister.part is None or readings is None:
        return SisterOutcome(sister.id, sister.drug, sister.must_show, sister.evidence, cannot=sister.cannot)
    ok = _ended(claim, readings, (sister.part,))
    found = _control(sister.part, values_of(sister.part, readings)[ok])
    numbers = (found.unit, found.value, found.lo90, found.hi90, found.p)
    return SisterOutcome(sister.id, sister.drug, sister.must_show, sister.evidence, *numbers)


test_sister.__test__ = False  # type: ignore[attr-defined]


def _ended(claim: Claim, readings: Readings, parts: Sequence[Part]) -> np.ndarray:
    """Return for each draw whether all individuals that these parts read ended ok."""
    animals = any(part.measure.reads_animals for part in parts if claim.is_read(readings.experiment, part))
    ended = []
    for id, levels in claim.arms(readings.experiment, parts).items():
        own = readings.series[id]
        rows = [own.series.concentrations.index(level) for level in levels]
        ended += [own.ended_at(rows, animals=animals)]
    return np.asarray(np.all(ended, axis=0))


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return median and central 90 %."""
    if not values.size:
        return float("nan"), float("nan"), float("nan")
    lo, middle, hi = np.quantile(values, [0.05, 0.5, 0.95], method="inverted_cdf")
    return float(middle), float(lo), float(hi)


def _reached(part: Part, values: np.ndarray, *, largest: bool) -> np.ndarray:
    """Return the values; one that does not exist holds no bound and counts as the worst, infinitely large or small."""
    return np.where(part.exists(values), values, np.inf if largest else -np.inf)


def _measured(part: Part, readings: Sequence[Readings], ok: np.ndarray) -> PartOutcome:
    own = _read(part, readings)
    return _part(part, values_of(part, own)[ok], own.animals)


def _part(part: Part, values: np.ndarray, animals: int) -> PartOutcome:
    value, lo, hi = _interval(_reached(part, values, largest=part.below is not None))
    p = float(np.mean(part.holds(values))) if values.size else float("nan")
    return PartOutcome(part.id, part.title, value, lo, hi, part.unit, part.bound, p, _note(part, values, animals))


def _note(part: Part, values: np.ndarray, animals: int) -> str:
    """Return how many animals were read, or which margin the draws meet, in words, where the part asks for it."""
    if part.measure.reads_animals:
        whom = "" if part.measure.kind == "share_alive" or part.measure.course is None else f"{part.measure.course.of_whom} of "
        return f"{whom}{animals} animals in each arm"
    if part.report != SMALLEST_MARGIN or part.above is None or part.below is None or not values.size:
        return ""
    margin = smallest_margin(values, HIGH)
    met = (
        f"smallest margin met by {100 * HIGH:.0f} % of the draws: {margin:.2g}-fold"
        if np.isfinite(margin)
        else (f"no margin is met by {100 * HIGH:.0f} % of the draws, since too few have a ratio")
    )
    share = share_inside(values, part.above, part.below)
    return f"{met}; inside {_bound(part.above)} to {_bound(part.below)} in {100 * share:.0f} %"


def _bound(value: float) -> str:
    """Return a bound as people write it: 1/3 for 0.3333, else its figures."""
    whole = round(1.0 / value)
    return f"1/{whole}" if whole > 1 and abs(value * whole - 1.0) < 1e-3 else f"{value:g}"


def _control(part: Part, values: np.ndarray) -> ControlOutcome:
    value, lo, hi = _interval(_reached(part, values, largest=part.below is not None))
    p = float(np.mean(part.holds(values))) if values.size else float("nan")
    return ControlOutcome(part.id, part.title, value, lo, hi, part.unit, p, p >= HIGH)
