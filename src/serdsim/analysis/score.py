"""Scoring predictions against what was observed: log error, coverage, and a null model beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from serdsim.analysis.lock import PREDICTIONS, Lock, read_lock
from serdsim.errors import InputError, Issue, TableError
from serdsim.tables import Column, Row, read_table, require_unique
from serdsim.units import convert, parse_unit

OBSERVED = (
    Column("scenario"),
    Column("time_h", "number"),
    Column("observable"),
    Column("unit", "unit"),
    Column("value", "number"),
    Column("replicate", required=False),
)
_SAME = 1e-9  # relative: two times that differ by less are one


@dataclass(frozen=True)
class Point:
    """One predicted quantity beside its observations, in the unit of the prediction.

    `observed` is the geometric mean of the replicates and `n` their number; `log_error` is the natural logarithm of the predicted
    median over it, `null_error` that of the null model over it. Of a lock also that of the lock's own null model (`locked_null`) and
    of what each treatment alone was predicted to give (`alone`); `held_out` is what the lock says.
    """

    scenario: str
    time: float
    observable: str
    unit: str
    median: float
    lo90: float
    hi90: float
    observed: float
    n: int
    log_error: float
    null_error: float
    locked_null: float | None = None
    alone: Mapping[str, float] = field(default_factory=dict)
    held_out: bool = True

    @property
    def inside(self) -> bool:
        """Whether the geometric mean of the replicates lies in the central 90 % of the prediction."""
        return self.lo90 <= self.observed <= self.hi90


@dataclass(frozen=True)
class Score:
    """What a set of points comes to.

    `error` and `null` are root mean squares of the log errors, `bias` is the mean of the predicted ones [natural logarithms];
    `covered` of `points` lie in their central 90 %. Of a lock `locked_null` is the root mean square of its own null model and `alone`
    those of single treatments.
    """

    name: str
    points: int
    error: float
    bias: float
    covered: int
    null: float
    locked_null: float | None = None
    alone: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Scored:
    """Points in the order of the predictions, scores by scenario and of all, and how many predictions nobody has observed.

    `held_out` is the score of the points that a lock calls so, where it calls others not; `lock` is the lock that was scored.
    """

    points: tuple[Point, ...]
    scenarios: tuple[Score, ...]
    total: Score
    unobserved: int
    held_out: Score | None = None
    lock: Lock | None = None


def score(predictions: Path, observed: Path) -> Scored:
    """Return how well predictions meet observations.

    Parameters
    ----------
    predictions : Path
        Table with the columns scenario, time_h, observable, unit, median, lo90, hi90; or a lock, a file that ends with ``.json``.
    observed : Path
        Table with the columns scenario, time_h, observable, unit, value, replicate; a replicate may be empty. Units of the same
        kind are converted.

    Notes
    -----
    The null model knows nothing of scenario and time: for each observable it is the geometric mean of all that was observed of it.

    Raises
    ------
    TableError, InputError
        For cells that cannot be read, a prediction that is given twice, an interval that does not hold its median, values that are
        not above 0 (they have no logarithm), a unit of another kind, and an observation that no prediction speaks of: none is dropped.
        For a lock that was changed after it was written.
    """
    lock = read_lock(predictions) if predictions.suffix == ".json" else None
    promised, seen = read_table(predictions, PREDICTIONS) if lock is None else lock.rows(), read_table(observed, OBSERVED)
    require_unique(promised, "scenario", "time_h", "observable")
    issues = [issue for row in promised for issue in _prediction_issues(row)] + [issue for row in seen for issue in _positive(row, "value")]
    if issues:
        raise TableError(issues)
    if not promised or not seen:
        empty = observed if promised else predictions
        raise InputError(Issue("the table has no row", str(empty), expected="at least one"))
    values = _matched(promised, seen)
    level = {name: _level(name, promised, values) for name in {row.text("observable") for row in seen}}
    beside: Sequence[Mapping[str, Any]] = lock.predictions if lock is not None else [{}] * len(promised)
    found = [(row, own, more) for row, own, more in zip(promised, values, beside, strict=True) if own]
    points = tuple(_point(row, own, level[row.text("observable")], more) for row, own, more in found)
    names = dict.fromkeys(point.scenario for point in points)
    scenarios = tuple(_score(name, [point for point in points if point.scenario == name]) for name in names)
    held = [point for point in points if point.held_out]
    apart = _score("held out", held) if held and len(held) < len(points) else None
    return Scored(points, scenarios, _score("all", points), sum(not own for own in values), apart, lock)


def _level(observable: str, promised: Sequence[Row], values: Sequence[Sequence[float]]) -> float:
    """Return the mean logarithm of all that was observed of an observable."""
    own = [value for row, found in zip(promised, values, strict=True) if row.text("observable") == observable for value in found]
    return float(np.mean(np.log(own)))


def _prediction_issues(row: Row) -> list[Issue]:
    issues = [issue for name in ("median", "lo90", "hi90") for issue in _positive(row, name)]
    low, middle, high = (row.number(name) or 0.0 for name in ("lo90", "median", "hi90"))
    if not issues and not low <= middle <= high:
        problem = f"the median {middle:g} lies outside lo90 to hi90, {low:g} to {high:g}"
        issues.append(Issue(problem, row.file, row.line, row.text("scenario"), "lo90 <= median <= hi90", "Check the order of the columns"))
    return issues


def _positive(row: Row, name: str) -> list[Issue]:
    value = row.number(name) or 0.0
    if value > 0.0:
        return []
    repair = "Give a value above 0, such as the limit of quantification, or leave the row out and say so"
    return [Issue(f"{name} is {value:g}, which has no logarithm", row.file, row.line, row.text("scenario"), "a value above 0", repair)]


def _matched(promised: Sequence[Row], seen: Sequence[Row]) -> list[list[float]]:
    """Return for each prediction the observed values, in its unit."""
    values: list[list[float]] = [[] for _ in promised]
    issues = []
    for row in seen:
        found = [i for i, one in enumerate(promised) if _speaks_of(one, row)]
        if not found:
            issues.append(_unpredicted(row, promised))
            continue
        unit = promised[found[0]].text("unit")
        if not parse_unit(row.text("unit")).same_dimension(parse_unit(unit)):
            problem = f'the unit is "{row.text("unit")}", the prediction is in "{unit}"'
            issues.append(Issue(problem, row.file, row.line, row.text("scenario"), f"a unit of the kind of {unit}", "Convert the value"))
            continue
        values[found[0]].append(convert(row.number("value") or 0.0, row.text("unit"), unit))
    if issues:
        raise TableError(issues)
    return values


def _speaks_of(promised: Row, row: Row) -> bool:
    names = all(promised.text(name) == row.text(name) for name in ("scenario", "observable"))
    one, other = promised.number("time_h") or 0.0, row.number("time_h") or 0.0
    return names and abs(one - other) <= _SAME * max(1.0, abs(one))


def _unpredicted(row: Row, promised: Sequence[Row]) -> Issue:
    """Return what is missing: the scenario, the observable, or the time."""
    scenarios = list(dict.fromkeys(one.text("scenario") for one in promised))
    if row.text("scenario") not in scenarios:
        near = get_close_matches(row.text("scenario"), scenarios, 1)
        repair = f"Did you mean {near[0]}?" if near else "Predict it, or take the row out"
        problem = f'no prediction speaks of the scenario "{row.text("scenario")}"'
        return Issue(problem, row.file, row.line, expected="one of " + ", ".join(scenarios), repair=repair)
    own = [one for one in promised if one.text("scenario") == row.text("scenario")]
    known = ", ".join(f"{one.text('observable')} at {one.number('time_h'):g} h" for one in own)
    problem = f"{row.text('observable')} at {row.number('time_h'):g} h was not predicted"
    return Issue(problem, row.file, row.line, row.text("scenario"), f"one of {known}", "Predict it, or take the row out")


def _point(row: Row, found: Sequence[float], level: float, beside: Mapping[str, Any]) -> Point:
    observed = float(np.mean(np.log(found)))
    null = beside.get("null")
    median, low, high = (row.number(name) or np.nan for name in ("median", "lo90", "hi90"))
    return Point(
        scenario=row.text("scenario"),
        time=row.number("time_h") or 0.0,
        observable=row.text("observable"),
        unit=row.text("unit"),
        median=median,
        lo90=low,
        hi90=high,
        observed=float(np.exp(observed)),
        n=len(found),
        log_error=float(np.log(median) - observed),
        null_error=level - observed,
        locked_null=None if null is None else float(np.log(null) - observed),
        alone={name: float(np.log(value) - observed) for name, value in beside.get("alone", {}).items()},
        held_out=bool(beside.get("held_out", True)),
    )


def _score(name: str, points: Sequence[Point]) -> Score:
    errors = np.array([point.log_error for point in points])
    locked = [point.locked_null for point in points if point.locked_null is not None]
    treatments = dict.fromkeys(id for point in points for id in point.alone)
    return Score(
        name=name,
        points=len(points),
        error=_root_mean_square(errors),
        bias=float(np.mean(errors)),
        covered=sum(point.inside for point in points),
        null=_root_mean_square([point.null_error for point in points]),
        locked_null=_root_mean_square(locked) if locked else None,
        alone={id: _root_mean_square([point.alone[id] for point in points if id in point.alone]) for id in treatments},
    )


def _root_mean_square(errors: Sequence[float] | np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))
