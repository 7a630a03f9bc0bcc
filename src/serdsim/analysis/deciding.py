"""The one measurement that would move an inconclusive statement most: rows screened over the draws, then held at values of their prior."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist

import numpy as np

from serdsim.analysis.measurements import measurement_of
from serdsim.analysis.screen import Region, narrowed, nearness, region, screened
from serdsim.claims.claim import Claim
from serdsim.claims.deciding_records import FAILS, HOLDS, PASSES, Decider, Deciding, Flip, Held
from serdsim.claims.judge import HALF, HIGH, LOW, surely
from serdsim.claims.kinds import values_of
from serdsim.claims.matrix_fields import KIND as MATRIX
from serdsim.claims.measures import Part
from serdsim.experiments.protocol import Experiment, Series
from serdsim.experiments.runner import Readings, run_experiment
from serdsim.model.named_rows import NamedRow, named_rows
from serdsim.simulation.draws import Draws, Marginal, draw, marginals_of, quantile, quantile_at

CANDIDATES = 3
_EACH = 0.95  # confidence of each end of a central 90 %
_END = NormalDist().inv_cdf(_EACH)
_GRIDS = (9, 5, 3)  # at how many values a row may be held
_FEWEST = 16  # draws that a quick look takes at least
_QUICK, _DEEP = 4000, 40000  # individuals that a look at a statement may cost; a deep one goes beyond it where crossings are narrowed


@dataclass(frozen=True)
class _Number:
    """A row that is drawn: its marginal, how it goes over the draws, and where it stands."""

    marginal: Marginal
    values: np.ndarray
    row: NamedRow


@dataclass(frozen=True)
class Counted:
    """For each value that a row is held at: the share that passes, and that of each control."""

    passes: np.ndarray
    controls: np.ndarray


_Arms = tuple[Experiment, Mapping[str, tuple[float, ...]]]
Hold = Callable[[str, Sequence[float]], Counted]


@dataclass(frozen=True)
class _Look:
    """How a row is looked at: held by `hold` at `points` values, for a control that holds too rarely (`blocked`) or for the test."""

    hold: Hold
    library: Path
    points: int
    blocked: bool
    deep: bool
    draws: int

    @property
    def goals(self) -> tuple[tuple[float, bool, str], ...]:
        """What may be reached: level, whether from below, and what happens there."""
        return ((HIGH, True, HOLDS),) if self.blocked else ((HIGH, True, PASSES), (LOW, False, FAILS))

    def share(self, held: Held) -> float:
        """The share that decides; between the levels where a control holds too rarely for the test to be read."""
        if self.blocked:
            return held.p_control
        return held.p_pass if held.p_control >= HIGH else HALF


def what_decides(
    claim: Claim, readings: Sequence[Readings], draws: Draws, library: Path, *, workers: int | None = None, deep: bool = False
) -> Deciding:
    """Return what would decide a statement.

    Parameters
    ----------
    claim : Claim
        A claim with an experiment.
    readings : sequence of Readings
        Those of its experiments, the first one first, over `draws`.
    draws : Draws
    library : Path
    workers : int, optional
    deep : bool
        Hold three rows at several values over all draws and narrow the crossings; else as many rows, values and draws as few
        individuals allow.
    """
    each = [part.holds(values_of(part, _of(part, readings))) for part in claim.controls]
    worst = min(range(len(each)), key=lambda i: float(np.mean(each[i])))
    blocked = bool(np.mean(each[worst]) < HIGH)
    parts = [claim.controls[worst]] if blocked else list(claim.parts)
    now = np.mean(np.all([part.holds(values_of(part, _of(part, readings))) for part in parts], axis=0))
    numbers = _numbers(claim, parts, readings, draws, library)
    found = _candidates(parts, readings, {name: number.values for name, number in numbers.items()})
    arms = needed_arms(claim)
    cost = sum((1 + one.animals) * sum(map(len, levels.values())) for one, levels in arms)
    rows, points, count = _affordable(len(found), cost, draws.count, deep)
    hold = _hold(claim, arms, replace(draws, count=count), library, workers)
    look = _Look(hold, library, points, blocked, deep, count)
    held: list[Decider] = []
    for name, r in found:  # one that moves nothing went with the outcome by chance: the next takes its place
        held.append(_decider(name, r, numbers[name], look))
        if sum(_weight(blocked)(one)[1] > 0 for one in held) == rows:
            break
    held.sort(key=_weight(blocked), reverse=True)
    control = claim.controls[worst].title if blocked else ""
    return Deciding(claim.statement.id, control, float(now), tuple(held), len(numbers), draws.count, count, deep)


def _candidates(parts: Sequence[Part], readings: Sequence[Readings], rows: Mapping[str, np.ndarray]) -> list[tuple[str, float]]:
    """Return the rows that go most with how near the draws are to the bounds, or with a value that may miss them on two sides."""
    values = [values_of(part, _of(part, readings)) for part in parts]
    near = np.min([nearness(found, part.below, part.above) for found, part in zip(values, parts, strict=True)], axis=0)
    both = [found for found, part in zip(values, parts, strict=True) if part.below is not None and part.above is not None]
    best: dict[str, float] = {}
    for outcome in (near, *both):
        for name, r in screened(outcome, rows, CANDIDATES):
            best[name] = max(best.get(name, 0.0), r, key=abs)
    return sorted(best.items(), key=lambda item: abs(item[1]), reverse=True)[:CANDIDATES]


def _of(part: Part, readings: Sequence[Readings]) -> Readings:
    return next((read for read in readings if read.experiment.id == part.reads), readings[0])


def _weight(blocked: bool) -> Callable[[Decider], tuple[float, float]]:
    """Return by what rows are compared: how probably a measurement decides, then how far it moves the share."""

    def weight(row: Decider) -> tuple[float, float]:
        shares = [point.p_control if blocked else point.p_pass for point in row.points]
        return sum(flip.chance for flip in row.flips), max(shares) - min(shares)

    return weight


def _affordable(found: int, cost: int, draws: int, deep: bool) -> tuple[int, int, int]:
    """Return how many rows are held, at how many values each, over how many draws; `cost` is the individuals of one draw."""
    if deep:
        rows = min(found, CANDIDATES)
        return rows, next((n for n in _GRIDS if n * rows * cost * draws <= _DEEP), _GRIDS[-1]), draws
    count = min(draws, max(_QUICK // max(cost * _GRIDS[-1], 1), _FEWEST))
    copies = _QUICK // max(cost * count, 1)
    rows = min(found, max(copies // _GRIDS[-1], 1), CANDIDATES)
    return rows, next((n for n in _GRIDS if n * rows <= copies), _GRIDS[-1]), count


def _numbers(claim: Claim, parts: Sequence[Part], readings: Sequence[Readings], draws: Draws, library: Path) -> dict[str, _Number]:
    """Return every row that is drawn in the arms that parts read, by its name; rows of drugs that nobody gives there are none."""
    places = {(row.table, row.row.line): row for row in named_rows(library)}
    drugs = {row.key for row in places.values() if "drug" in row.row.values}
    found: dict[str, _Number] = {}
    for read in readings:
        for id, levels in claim.arms(read.experiment, parts).items():
            series, model = read.series[id].series, read.models[id]
            given = {"estradiol", *series.beside, *([series.drug] if any(levels) else [])}
            absent = {drug for drug in drugs - given if drug not in _said(series, alone=any(levels))}
            for quantity, entry in model.evidence.items():
                row = places.get((Path(entry.table).name, entry.line or 0))
                if row is None or entry.row in found or entry.distribution == "fixed" or row.key in absent:
                    continue
                (marginal,) = marginals_of(model, (quantity,))
                found[entry.row] = _Number(marginal, draw(marginal.value, entry, draws), row)
    return {name: number for name, number in found.items() if np.ptp(number.values) > 0}


def _said(series: Series, *, alone: bool) -> str:
    """Return the words in which a series names further drugs; its own is one of them only where a dose above 0 is read."""
    words = " ".join([series.regimen or "", *series.like.values()])
    return words if alone else words.replace(series.drug, "")


def needed_arms(claim: Claim) -> list[_Arms]:
    """Return the experiments with the arms that test and controls read, with animals only where one of them reads any."""
    found = []
    for one in claim.measured:
        parts = [part for part in (*claim.parts, *claim.controls) if claim.is_read(one, part)]
        if parts:
            lean = one if any(part.measure.reads_animals for part in parts) else replace(one, animals=0)
            found.append((lean, _level(one, parts, dict(claim.arms(one, parts)))))
    return found


def _level(one: Experiment, parts: Sequence[Part], levels: dict[str, tuple[float, ...]]) -> Mapping[str, tuple[float, ...]]:
    """Return the arms with the same levels in all series that a part reads as one matrix."""
    for series in (list(part.measure.needs(one)) for part in parts if part.measure.kind == MATRIX):
        every = tuple(sorted({level for id in series for level in levels[id]}))
        levels |= dict.fromkeys(series, every)
    return levels


def _hold(claim: Claim, arms: Sequence[_Arms], draws: Draws, library: Path, workers: int | None) -> Hold:
    """Return the function that holds a row at positions of its prior and counts what then passes."""

    def hold(row: str, at: Sequence[float]) -> Counted:
        held = replace(draws, held=row, at=tuple(at))
        return counted(claim, [run_experiment(one, held, library=library, only=levels, workers=workers) for one, levels in arms], len(at))

    return hold


def counted(claim: Claim, readings: Sequence[Readings], copies: int) -> Counted:
    """Return the shares for each of the values that a row was held at; draws that failed at any of them are left out of all."""
    whole = np.all([reading.ended for read in readings for reading in read.series.values()], axis=0).reshape(copies, -1).all(axis=0)

    def shares(parts: Sequence[Part]) -> np.ndarray:
        holds = np.all([part.holds(values_of(part, _of(part, readings))) for part in parts], axis=0).reshape(copies, -1)[:, whole]
        return np.asarray(holds.mean(axis=1)) if holds.size else np.full(copies, np.nan)

    return Counted(shares(claim.parts), np.stack([shares([part]) for part in claim.controls]))


def _decider(name: str, goes_with: float, number: _Number, look: _Look) -> Decider:
    """Return what holding a row does, at values over the central 90 % of its prior."""
    known: dict[float, Held] = {}

    def share_at(positions: Sequence[float]) -> list[float]:
        new = look.hold(name, positions)
        lowest = new.controls.min(axis=0)
        for z, p_pass, p_control in zip(positions, new.passes, lowest, strict=True):
            known[z] = Held(quantile_at(number.marginal, z), float(p_pass), float(p_control))
        return [look.share(known[z]) for z in positions]

    at = [float(z) for z in np.linspace(-_END, _END, look.points)]
    shares = share_at(at)
    for level, above, _ in look.goals if look.deep else ():
        narrowed(at, shares, level, share_at, above=above)
    spots = sorted(known)
    shares = [look.share(known[z]) for z in spots]
    regions = [
        (into, region(spots, shares, level, above=above), _span(spots, shares, level, look.draws, above))
        for level, above, into in look.goals
    ]
    low, middle, high = (quantile(number.marginal, share) for share in (0.05, 0.5, 0.95))
    said, row = measurement_of(number.row, look.library), number.row
    return Decider(
        row=row.full,
        unit=row.row.text("unit"),
        words=said.words if said else f"the number {row.name} of the model",
        grade=row.row.text("grade"),
        median=middle,
        lo90=low,
        hi90=high,
        goes_with=goes_with,
        points=tuple(known[z] for z in spots),
        flips=tuple(replace(_flip(into, where, number.marginal, known), span=span) for into, where, span in regions if where is not None),
        shares=number.marginal.distribution == "logitnormal",
    )


def _span(at: Sequence[float], shares: Sequence[float], level: float, draws: int, above: bool) -> tuple[float, float]:
    """Return how probable the prior makes a value where so many draws are sure that the share is beyond the level, and where it may be."""
    ends = np.array([surely(share, draws, _EACH) for share in shares])
    sure, may = (region(at, ends[:, side].tolist(), level, above=above) for side in ((0, 1) if above else (1, 0)))
    return (sure.chance if sure else 0.0), (may.chance if may else 0.0)


def _flip(into: str, where: Region, marginal: Marginal, known: Mapping[float, Held]) -> Flip:
    """Return the values of a region, and the share that passes in its middle."""
    inside = [held.p_pass for z, held in known.items() if (where.low is None or z >= where.low) and (where.high is None or z <= where.high)]
    low, high = (None if z is None else quantile_at(marginal, z) for z in (where.low, where.high))
    return Flip(into, low, high, where.chance, float(np.median(inside)) if inside else float("nan"))
