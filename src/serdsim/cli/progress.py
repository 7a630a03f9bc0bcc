"""How far long work is, with the time left, on stderr: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol, TextIO

SECONDS_BETWEEN_LINES = 5.0


class Progress(Protocol):
    """What library functions call: `what` is going on, `done` of `total` parts are finished."""

    def __call__(self, what: str, done: int, total: int, /) -> None:
        """Show it."""
        ...


@contextlib.contextmanager
def shown_progress() -> Iterator[Progress]:
    """Yield a function that shows progress while the block runs and leaves nothing on a terminal."""
    if sys.stderr.isatty():
        with _bar() as progress:
            yield progress
    else:
        yield Lines(sys.stderr)


@contextlib.contextmanager
def _bar() -> Iterator[Progress]:
    from rich import progress as parts
    from rich.console import Console

    columns = (
        parts.TextColumn("{task.description}", markup=False),
        parts.BarColumn(),
        parts.MofNCompleteColumn(),
        parts.TimeRemainingColumn(),
    )
    tasks: dict[str, parts.TaskID] = {}
    with parts.Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def show(what: str, done: int, total: int, /) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total or None, completed=done)
            bar.update(tasks[what], completed=done, total=total or None)

        yield show


class Lines:
    """Writes a plain line when the last one is long ago; short work writes nothing."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._began: dict[str, tuple[float, int]] = {}
        self._last = clock()

    def __call__(self, what: str, done: int, total: int, /) -> None:
        """Say that `done` of `total` parts of `what` are finished."""
        now = self._clock()
        began, before = self._began.setdefault(what, (now, done))
        if now - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last = now
        print(
            f"{what}: {done}{f' of {total}' if total else ''}{_left(now - began, done - before, total - done)}",
            file=self._stream,
            flush=True,
        )


def _left(elapsed: float, done: int, left: int) -> str:
    if done <= 0 or left <= 0:
        return ""
    seconds = elapsed * left / done
    for size, name in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f", about {seconds / size:.0f} {name} left"
    return f", about {seconds:.0f} s left"
