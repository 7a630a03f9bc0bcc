"""A fit seen data set by data set: every measurement and term beside what is simulated for it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from serdsim.fit.objective import Evaluation
from serdsim.fit.problem import Measurement, Problem

FAR = 2.0  # widths from which a point is called a misfit


@dataclass(frozen=True)
class Seen:
    """A measurement or a term at some parameters.

    Attributes
    ----------
    id : str
        The observable or the term.
    experiment : str
        Empty for a term, and where none is named.
    time : float
        Not a number for a term.
    lower, upper : float
        Equal for a number; a bound that is not given is infinite.
    simulated, width : float
        Of the formula, and of the noise on its `scale`.
    residual : float
        Observed minus simulated in widths; zero inside an interval.
    scale : str
        `lin`, `log` or `log10`: where the noise is what it is.
    row : int
        Row of the measurement in the problem; -1 for a term.
    """

    id: str
    experiment: str
    time: float
    lower: float
    upper: float
    simulated: float
    width: float
    residual: float
    scale: str
    row: int = -1

    @property
    def far(self) -> bool:
        """Whether it is a misfit: beyond `FAR` widths, or without a value."""
        return not abs(self.residual) <= FAR

    @property
    def number(self) -> bool:
        """Whether a number was observed, not an interval or a bound."""
        return self.lower == self.upper

    @property
    def name(self) -> str:
        """What it is called in a list: observable, experiment and time, or the term."""
        where = f" in {self.experiment}" if self.experiment else ""
        when = f" at {self.time:g}" if self.experiment and math.isfinite(self.time) else " at rest" if self.time == math.inf else ""
        return f"{self.id}{where}{when}"

    def noisy(self, value: float) -> tuple[float, float]:
        """Return the ends of one width of noise about a value."""
        if self.scale == "lin":
            return value - self.width, value + self.width
        factor = math.exp(min(self.width * (math.log(10.0) if self.scale == "log10" else 1.0), 700.0))
        return value / factor, value * factor


@dataclass(frozen=True)
class DataSet:
    """What belongs together on a page: `evidence` are the rows of the evidence table behind it."""

    id: str
    title: str
    evidence: tuple[str, ...]
    seen: tuple[Seen, ...]

    @property
    def squares(self) -> float:
        """Sum of the squared residuals: like chi-square, with nothing from what lies inside an interval."""
        return math.fsum(one.residual**2 for one in self.seen)

    @property
    def worst(self) -> Seen:
        """What lies farthest off; what has no value is farther than anything."""
        return max(self.seen, key=lambda one: math.inf if math.isnan(one.residual) else abs(one.residual))

    @property
    def misfits(self) -> tuple[Seen, ...]:
        """What lies beyond `FAR` widths."""
        return tuple(one for one in self.seen if one.far)


def data_sets(problem: Problem, found: Evaluation) -> tuple[DataSet, ...]:
    """Return all data sets of a problem in the order in which it lists or first meets them.

    Without names of its own they are the courses of an observable in an experiment, and for each observable its other points.
    """
    grouped: dict[str, list[Seen]] = {id: [] for id in problem.sources}
    plain = _plain_names(problem)
    for row, one in enumerate(problem.measurements):
        grouped.setdefault(one.dataset or plain[row], []).append(_measured(problem, found, row, one))
    for number, (id, term) in enumerate(problem.terms.items()):
        at = found.terms.iloc[number]
        seen = Seen(
            id,
            "",
            math.nan,
            term.lower,
            term.upper,
            float(at["simulation"]),
            float(at["noise"]),
            float(at["residual"]),
            term.noise.scale,
        )
        grouped.setdefault(term.dataset or "terms", []).append(seen)
    sources = problem.sources
    named = ((id, sources[id].title or id, sources[id].evidence) if id in sources else (id, id, ()) for id in grouped)
    return tuple(DataSet(id, title, evidence, tuple(grouped[id])) for id, title, evidence in named if grouped[id])


def courses(data: DataSet, problem: Problem) -> tuple[tuple[Seen, ...], ...]:
    """Return the time courses of a data set: points that one curve explains, at two times or more."""
    return tuple(tuple(group) for group in _groups(data, problem) if len({one.time for one in group}) > 1)


def singles(data: DataSet, problem: Problem) -> tuple[Seen, ...]:
    """Return what stands in no time course, in order."""
    inside = {one.row for group in courses(data, problem) for one in group}
    return tuple(one for one in data.seen if one.row < 0 or one.row not in inside)


def _groups(data: DataSet, problem: Problem) -> Iterable[list[Seen]]:
    found: dict[tuple[object, ...], list[Seen]] = {}
    for one in data.seen:
        if one.row >= 0 and math.isfinite(one.time):
            found.setdefault((one.id, one.experiment, problem.measurements[one.row].overrides), []).append(one)
    return found.values()


def _plain_names(problem: Problem) -> list[str]:
    """Return what to call the data set of each measurement that names none."""
    times: dict[tuple[str, str], set[float]] = {}
    for one in problem.measurements:
        times.setdefault((one.observable, one.experiment), set()).add(one.time)
    return [
        f"{one.observable}, {one.experiment}" if len(times[one.observable, one.experiment]) > 1 and one.experiment else one.observable
        for one in problem.measurements
    ]


def _measured(problem: Problem, found: Evaluation, row: int, one: Measurement) -> Seen:
    at = found.table.iloc[row]
    numbers = (float(at["simulation"]), float(at["noise"]), float(at["residual"]))
    return Seen(
        one.observable, one.experiment, one.time, one.value, one.value, *numbers, problem.observables[one.observable].noise.scale, row
    )
