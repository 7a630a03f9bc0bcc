"""One process at a time works on a run. The lock ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from serdsim.errors import InputError, Issue

if sys.platform == "win32":
    import msvcrt

    def _take(number: int) -> None:
        os.lseek(number, 1 << 20, os.SEEK_SET)  # the locked byte lies behind what others may read
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(number: int) -> None:
        fcntl.lockf(number, fcntl.LOCK_EX | fcntl.LOCK_NB)  # unlike flock it is not inherited by workers


_OURS: set[Path] = set()  # a process can take its own lock twice
_GUARD = threading.Lock()


@contextlib.contextmanager
def locked(root: Path, run: str) -> Iterator[None]:
    """Keep other processes and threads off the run while the block runs; `root` is made when missing.

    Raises
    ------
    InputError
        When another one works on it.
    """
    path = root.resolve() / f".{run}.lock"
    with _GUARD:
        if path in _OURS:
            raise _busy(run, str(os.getpid()))
        _OURS.add(path)
    made = not root.exists()
    try:
        root.mkdir(parents=True, exist_ok=True)
        number = _opened(path, run)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # before it is let go, so that nobody else can hold what is taken away
            os.close(number)
            if made:
                with contextlib.suppress(OSError):
                    root.rmdir()
    finally:
        _OURS.discard(path)


def _opened(path: Path, run: str) -> int:
    """Return the number of the open, locked file."""
    while True:
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _take(number)
        except OSError:
            words = os.read(number, 20).decode(errors="replace")
            os.close(number)
            raise _busy(run, words) from None
        if path.exists() and os.path.samestat(os.fstat(number), path.stat()):
            os.ftruncate(number, 0)
            os.lseek(number, 0, os.SEEK_SET)
            os.write(number, str(os.getpid()).encode())
            return number
        os.close(number)  # its owner took the file away in between


def _busy(run: str, process: str) -> InputError:
    who = f"process {process}" if process.isdigit() else "another process"
    problem = f"{who} is at work on the run {run}"
    return InputError(Issue(problem, expected="one process at a time", repair=f"Wait for it, or end it and then: serdsim resume {run}"))
