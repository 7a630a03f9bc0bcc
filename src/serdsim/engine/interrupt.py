"""Interrupts: the flag that long work looks at, and blocks that an interrupt waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPED = threading.Event()  # set by whoever answers signals; long work looks at it, and compiled code at CANCEL
_HELD_BACK = [0]  # how many blocks of the main thread an interrupt waits for


@contextmanager
def unbroken() -> Iterator[None]:
    """Let an interrupt wait until the block is over.

    The compiler's Python interface takes a lock in Python code: an interrupt that strikes there leaves it taken, and every other thread
    waits for it for ever. Signals strike the main thread alone.
    """
    main = threading.current_thread() is threading.main_thread()
    _HELD_BACK[0] += main
    try:
        yield
    finally:
        _HELD_BACK[0] -= main
    if main and STOPPED.is_set() and not waits():
        raise KeyboardInterrupt


def waits() -> bool:
    """Return whether an interrupt has to wait for a block of the main thread."""
    return _HELD_BACK[0] > 0
