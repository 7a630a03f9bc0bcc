"""Problem -> Fit: many starts, the best of them, what its curvature says, and where the time went."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from serdsim.engine.engines import NATIVE, REFERENCE
from serdsim.errors import InputError, Issue, ModelError
from serdsim.fit.course import Settings
from serdsim.fit.differences import Differences
from serdsim.fit.found import Multistart
from serdsim.fit.gradient import SETTINGS, Gradients
from serdsim.fit.interval import Local, local_intervals
from serdsim.fit.minimise import Settings as Descending
from serdsim.fit.multistart import Progress, multistart
from serdsim.fit.objective import Evaluation, Objective
from serdsim.fit.point import Point
from serdsim.fit.prior_slopes import prior_weight
from serdsim.fit.problem import Problem
from serdsim.fit.space import Space, space_of
from serdsim.fit.starts import draw_starts

DESCENDING = Descending(iterations=150, value_tolerance=1e-6, gradient_tolerance=1e-3)
SIDE_BY_SIDE = 32
_TRIED = 16  # starts


@dataclass(frozen=True)
class Cost:
    """What the search cost.

    Attributes
    ----------
    way : str
        ``forward sensitivities``, or ``central differences`` and why.
    seconds : mapping of str to float
        Where the time went.
    vectors : int
        How many were scored with their gradients.
    gradient, plain : float
        Of one vector with its gradient, side by side, and of one plain score of the slow twin [s].
    """

    way: str
    seconds: Mapping[str, float]
    vectors: int
    gradient: float
    plain: float


@dataclass(frozen=True)
class Fit:
    """What a search found.

    Attributes
    ----------
    found : Multistart
    point : Point
        At the best vector.
    local : Local
        Intervals there, what is at a bound, what is not identified.
    best, nominal : Evaluation
        Scores of the slow twin at the best vector and at the nominal values.
    settings : course.Settings
        Tolerances of the integration with slopes.
    objective : Objective
        The slow twin, ready for more scores.
    """

    problem: Problem
    space: Space
    found: Multistart
    point: Point
    local: Local
    best: Evaluation
    nominal: Evaluation
    cost: Cost
    settings: Settings
    objective: Objective = field(compare=False, repr=False)

    @property
    def values(self) -> dict[str, float]:
        """Best values of the estimated parameters, on the linear scale."""
        return self.space.values(np.array(self.found.best.end))

    def own_prior(self, values: Mapping[str, float] | None = None) -> float:
        """Return the part of the priors in what is minimised, at the best values if no others are given.

        It is the logarithm of each density on its own scale, without constants, and so differs from that of `Evaluation`.
        """
        vector = self.space.vector(self.values if values is None else values)
        with np.errstate(all="ignore"):
            return float(prior_weight(self.space, vector[None]).value.sum())


@dataclass
class _Timed:
    """A scorer that counts what it does."""

    many: Callable[[np.ndarray], list[Point]]
    vectors: int = 0
    seconds: float = 0.0

    def __call__(self, vectors: np.ndarray) -> list[Point]:
        begin = time.perf_counter()
        found = self.many(vectors)
        spent = time.perf_counter() - begin
        self.vectors, self.seconds = self.vectors + len(vectors), self.seconds + spent
        return found


def scorer(problem: Problem, settings: Settings | None = None, workers: int | None = None) -> tuple[Gradients | Differences, str]:
    """Return what scores vectors with their gradients, and by which way it does; the nominal values are scored already.

    Some of what sensitivities do not follow is seen at the first score only: switches and sizes that parameters move. Where the nominal
    values have no score, and may fail before they come so far, some starts are tried in their place.
    """
    try:
        slopes = Gradients(problem, settings, workers)
        if not math.isfinite(slopes(slopes.space.vector(problem.nominal)[None])[0].value):
            slopes(draw_starts(slopes.space, 1, _TRIED))
        return slopes, "forward sensitivities"
    except ModelError as error:
        why = _sentence(error)
    differences = Differences(problem, settings, workers)
    differences(differences.space.vector(problem.nominal)[None])
    return differences, f"central differences, because {why}"


def fit_problem(
    problem: Problem,
    *,
    seed: int = 1,
    starts: int = 100,
    descending: Descending = DESCENDING,
    settings: Settings = SETTINGS,
    workers: int | None = None,
    file: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Fit:
    """Return the fit of a problem: descents from starts drawn from the priors, and the best of them in detail.

    Parameters
    ----------
    seed, starts : int
        Start k is the same for any number of starts.
    descending : minimise.Settings
        The optimiser and when it stops.
    settings : course.Settings
        Tolerances of the integration.
    file : Path, optional
        Finished starts are kept there, and a second call goes on with the rest.

    Raises
    ------
    InputError
        When nothing is estimated, or no start found a value.
    Interrupted
        At Ctrl-C; it holds the starts that are done.
    """
    space = space_of(problem)
    began = time.perf_counter()
    many, way = scorer(problem, settings, workers)
    ready = time.perf_counter() - began
    timed, integrated = _Timed(many), many.seconds
    found = multistart(
        timed, space, seed=seed, count=starts, settings=descending, side_by_side=SIDE_BY_SIDE, problem=identity(problem, settings, way),
        file=file, progress=progress, cancel=cancel,
    )  # fmt: skip
    searched = time.perf_counter() - began - ready
    parts = _parts(many, timed.seconds, many.seconds - integrated)
    end = np.array(found.best.end)
    point = many(end[None])[0]
    objective = Objective(problem, workers=workers)
    objective.at()
    begin = time.perf_counter()
    nominal = objective.at()
    plain = time.perf_counter() - begin
    best = objective.at(space.values(end))
    if not np.isfinite(best.log_likelihood):
        words = "; ".join(f"{id}: {text}" for id, text in best.failures.items()) or "a simulated number has no value"
        raise InputError(Issue(f"the slow twin cannot score the best vector: {words}", id=problem.name))
    seconds = {"making ready": ready, **parts, "optimiser": max(0.0, searched - timed.seconds)}
    cost = Cost(way, MappingProxyType(seconds), timed.vectors, timed.seconds / max(1, timed.vectors), plain)
    return Fit(problem, space, found, point, local_intervals(space, end, point), best, nominal, cost, settings, objective)


def identity(problem: Problem, settings: Settings, way: str = "") -> str:
    """Return a name of all that scores of a problem rest on: its text, its tables and the tolerances.

    With the way to slopes (`scorer`) the name holds that way and the numerics of the engines too, as kept starts need it.
    """
    told = (
        problem.version, problem.model_text, dict(problem.parameters), dict(problem.observables), dict(problem.conditions),
        dict(problem.experiments), problem.measurements, dict(problem.readings), dict(problem.terms), settings,
    )  # fmt: skip
    by = (way.partition(",")[0], NATIVE.numerics, REFERENCE.numerics) if way else ()
    return hashlib.sha256(repr((*told, *by)).encode()).hexdigest()[:16]


def _parts(many: Gradients | Differences, scoring: float, integrating: float) -> dict[str, float]:
    if isinstance(many, Differences):
        return {"plain courses": scoring}
    return {"integration with slopes": integrating, "formulas and likelihood": max(0.0, scoring - integrating)}


def _sentence(error: ModelError) -> str:
    return str(error).removeprefix("ModelError: ").rstrip(".").strip()
