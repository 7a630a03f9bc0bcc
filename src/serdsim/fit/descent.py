"""One start and its way down: what is kept of it, and how a library's loop is taken step by step."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

import numpy as np

from serdsim.fit.minimise import MINIMISERS, Ended, Settings
from serdsim.fit.point import Point


@dataclass(frozen=True)
class Descent:
    """What one start came to. Vectors are on the estimation scale; two are equal when all but `seconds` is.

    Attributes
    ----------
    index : int
    start, end : tuple of float
        `end` is the vector of the lowest value that was met; the start where none was.
    value_at_start, value : float
        Infinite where there was none.
    gradient_norm : float
        At the end, of the gradient that the bounds leave: how far a step against it would go inside them.
    evaluations, iterations : int
        Iterations of a start that failed are not counted.
    outcome : str
        `converged`, `stopped` (before it converged) or `failed`.
    why : str
        Why it ended, in words.
    seconds : float
        From its first to its last step, the time of the starts beside it included.
    """

    index: int
    start: tuple[float, ...]
    end: tuple[float, ...]
    value_at_start: float
    value: float
    gradient_norm: float
    evaluations: int
    iterations: int
    outcome: str
    why: str
    seconds: float = field(compare=False)


Ask = Callable[[np.ndarray], Point]


class _NoStart(Exception):
    """The objective has no value where the descent begins."""


class _Road:
    """The objective as a descent meets it: counts, keeps the lowest point, and makes points that failed plainly so."""

    def __init__(self, ask: Ask) -> None:
        self.ask, self.evaluations = ask, 0
        self.first = math.inf
        self.end: np.ndarray | None = None
        self.lowest: Point | None = None

    def __call__(self, vector: np.ndarray) -> Point:
        """Return the point at a vector; its value is infinite where anything of it is not finite."""
        here = np.array(vector, dtype=float)
        point = self.ask(here)
        self.evaluations += 1
        if not (math.isfinite(point.value) and np.isfinite(point.gradient).all() and np.isfinite(point.curvature).all()):
            if self.lowest is None:
                raise _NoStart
            return Point(math.inf, np.full(len(here), np.nan), np.full((len(here), len(here)), np.nan))
        if self.lowest is None:
            self.first = float(point.value)
        if self.lowest is None or point.value < self.lowest.value:
            self.end, self.lowest = here, point
        return point


def descend(index: int, start: np.ndarray, ask: Ask, bounds: tuple[np.ndarray, np.ndarray], settings: Settings) -> Descent:
    """Return where an optimiser comes to from one start; whatever it raises is kept as words."""
    road, begun = _Road(ask), time.perf_counter()
    try:
        with np.errstate(all="ignore"):  # points that failed carry no numbers
            ended = MINIMISERS[settings.optimiser](road, start, bounds, settings)
    except _NoStart:
        ended = Ended("failed", "the start itself has no finite value, gradient or curvature", 0)
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        ended = Ended("failed", f"{type(error).__name__}: {said}" if said else type(error).__name__, 0)
    norm = math.inf
    if road.end is not None and road.lowest is not None:
        norm = float(np.linalg.norm(np.clip(road.end - road.lowest.gradient, *bounds) - road.end))
    return Descent(
        index=index,
        start=tuple(float(one) for one in start),
        end=tuple(float(one) for one in (start if road.end is None else road.end)),
        value_at_start=road.first,
        value=math.inf if road.lowest is None else float(road.lowest.value),
        gradient_norm=norm,
        evaluations=road.evaluations,
        iterations=ended.iterations,
        outcome=ended.outcome,
        why=ended.why,
        seconds=time.perf_counter() - begun,
    )


class _Stop(BaseException):
    """Ends a descent from outside; no library holds it up."""


class Stepped:
    """A descent that waits for the value of each vector it asks for.

    Libraries call the objective from inside their loops, so each loop has a thread of its own. The threads take turns: at any time
    either one of them computes or the caller does, so that nothing depends on their timing.
    """

    def __init__(self, index: int, start: np.ndarray, bounds: tuple[np.ndarray, np.ndarray], settings: Settings) -> None:
        self.done: Descent | None = None
        self.vector: np.ndarray | None = None
        self._answers: SimpleQueue[Point | BaseException] = SimpleQueue()
        self._asked: SimpleQueue[np.ndarray | Descent | BaseException] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, args=(index, start, bounds, settings), name=f"start {index}", daemon=True)
        self._thread.start()
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def tell(self, answer: Point | Exception) -> None:
        """Give the point at `vector`, or the error that came in its place; then `vector` is the next one or `done` is set."""
        self._answers.put(answer)
        self._wait()

    def stop(self) -> None:
        """End the descent and its thread."""
        self._answers.put(_Stop())
        self._thread.join()

    def _wait(self) -> None:
        said = self._asked.get()
        self.vector = said if isinstance(said, np.ndarray) else None
        if not isinstance(said, np.ndarray):
            self._thread.join()
        if isinstance(said, Descent):
            self.done = said
        elif isinstance(said, BaseException):
            raise said

    def _work(self, index: int, start: np.ndarray, bounds: tuple[np.ndarray, np.ndarray], settings: Settings) -> None:
        said: Descent | BaseException
        try:
            said = descend(index, start, self._ask, bounds, settings)
        except BaseException as error:
            said = error
        self._asked.put(said)

    def _ask(self, vector: np.ndarray) -> Point:
        self._asked.put(vector)
        answer = self._answers.get()
        if isinstance(answer, BaseException):
            raise answer
        return answer
