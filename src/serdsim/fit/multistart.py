"""Many starts, one optimiser each, evaluated together: every vector that a live start waits for goes off in one batch."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from serdsim.errors import Cancelled, SerdsimError
from serdsim.fit.descent import Descent, Stepped
from serdsim.fit.found import Multistart
from serdsim.fit.kept_starts import KeptStarts, identity
from serdsim.fit.minimise import Settings, one_thread, require_optimiser
from serdsim.fit.point import Many, Point
from serdsim.fit.space import Space
from serdsim.fit.starts import draw_starts

SIDE_BY_SIDE = 50


@dataclass(frozen=True)
class Progress:
    """How far a search is: starts done of those asked, starts under way, lowest value met, vectors evaluated."""

    done: int
    asked: int
    live: int
    best: float
    evaluations: int


class Interrupted(Cancelled):
    """The user stopped the search; `found` holds the starts that were done."""

    def __init__(self, words: str, found: Multistart) -> None:
        super().__init__(words)
        self.found = found


def multistart(
    many: Many,
    space: Space,
    *,
    seed: int = 0,
    count: int = 100,
    settings: Settings | None = None,
    side_by_side: int = SIDE_BY_SIDE,
    problem: str = "",
    file: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Multistart:
    """Descend from many starts that are drawn from the priors.

    What a start comes to depends on seed, number, settings and what `many` gives at its vectors; not on time, on how many starts run
    beside it, or on whether the search was cut short and taken up again.

    Parameters
    ----------
    many : callable
        Vectors on the estimation scale, shape (vector, parameter) -> a `Point` each. What it raises for a single vector ends the
        start that asked, save errors of this package, which end the search.
    seed, count : int
        Start k is the same for any count.
    side_by_side : int
        Starts under way at once: the size of a batch.
    problem : str
        Names all that `many` rests on, as a hash does: a file of starts of another problem is refused.
    file : Path, optional
        Finished starts are kept there as they come; those that it holds already are taken from it.
    progress : callable, optional
        Called after each batch.
    cancel : Event, optional
        Once it is set no batch goes off any more, and the starts that are done are returned.

    Raises
    ------
    InputError
        When starts cannot be drawn, fides is not installed, or the file holds starts of another question.
    Interrupted
        At Ctrl-C; it holds the starts that are done.
    """
    settings = settings or Settings()
    require_optimiser(settings.optimiser)
    starts = draw_starts(space, seed, count)
    bounds = (space.low, space.high)
    kept = None if file is None else KeptStarts(file, identity(problem, seed, settings, space))
    search = _Search(many, lambda k: Stepped(k, starts[k], bounds, settings), count, kept)
    found = partial(Multistart, names=space.names, seed=seed, asked=count, settings=settings, problem=problem)
    try:
        with one_thread():
            search.run(max(1, side_by_side), progress, cancel)
    except KeyboardInterrupt:
        where = f"they are kept in {file}" if file is not None else "none was written"
        words = f"cancelled: {len(search.done)} of {count} starts were done; {where}"
        raise Interrupted(words, found(descents=search.in_order())) from None
    return found(descents=search.in_order())


class _Search:
    """Starts that are done and under way."""

    def __init__(self, many: Many, begin: Callable[[int], Stepped], asked: int, kept: KeptStarts | None) -> None:
        self.many, self.begin, self.asked, self.kept = many, begin, asked, kept
        self.done = {} if kept is None else {k: one for k, one in kept.read().items() if k < asked}
        self.live: dict[int, Stepped] = {}
        self.spent = 0  # evaluations of live starts and of those done here

    def run(self, side_by_side: int, progress: Callable[[Progress], None] | None, cancel: threading.Event | None) -> None:
        """Take every start to its end, or stop when told."""
        waiting = deque(k for k in range(self.asked) if k not in self.done)
        self.spent = sum(one.evaluations for one in self.done.values())
        best = min((one.value for one in self.done.values()), default=math.inf)
        try:
            while cancel is None or not cancel.is_set():
                while waiting and len(self.live) < side_by_side:
                    number = waiting.popleft()
                    self.live[number] = self.begin(number)
                    self._settle(number)
                if not self.live:
                    break
                order = sorted(self.live)
                answers = _answers(self.many, np.array([self.live[k].vector for k in order]))
                self.spent += len(order)
                for number, answer in zip(order, answers, strict=True):
                    if isinstance(answer, Point) and answer.value < best and math.isfinite(answer.value):
                        best = float(answer.value)
                    self.live[number].tell(answer)
                    self._settle(number)
                if progress is not None:
                    progress(Progress(len(self.done), self.asked, len(self.live), best, self.spent))
        finally:
            for one in self.live.values():
                one.stop()
            self.live = {}

    def in_order(self) -> tuple[Descent, ...]:
        """Return the starts that are done, by number."""
        return tuple(self.done[k] for k in sorted(self.done))

    def _settle(self, number: int) -> None:
        """Put a start among those done once it is."""
        done = self.live[number].done
        if done is not None:
            if self.kept is not None:
                self.kept.add(done)
            self.done[number] = done
            del self.live[number]


def _answers(many: Many, vectors: np.ndarray) -> list[Point | Exception]:
    """Return the point of each vector; where a batch breaks, each vector alone, and the error in the place of a point."""
    try:
        return list(_points(many, vectors))
    except SerdsimError:
        raise
    except Exception as error:
        if len(vectors) == 1:
            return [error]
    return [one for i in range(len(vectors)) for one in _answers(many, vectors[i : i + 1])]


def _points(many: Many, vectors: np.ndarray) -> list[Point]:
    points = many(vectors)
    if len(points) != len(vectors):
        raise ValueError(f"{len(points)} points for {len(vectors)} vectors")
    return points
