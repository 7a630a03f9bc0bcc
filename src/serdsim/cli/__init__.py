"""The verbs on a terminal: one file per verb, `main` around them all."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from serdsim.cli.app import ReaderGone, app
from serdsim.errors import SerdsimError

__all__ = ["main"]

_CANCELLED = "cancelled; what simulate and fit finished is kept"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status.

    0 ok, 2 input error, 3 some individuals failed, 130 cancelled, 141 the reader of the output went away, 1 a fault of
    ours. A user never sees a traceback unless SERDSIM_DEBUG=1 asks for it.

    Parameters
    ----------
    arguments : sequence of str or None
        The words after the program's name; None takes those of the process.
    """
    _write_what_can_be_written()
    _answer_signals()
    try:
        status = _status(arguments)
        sys.stdout.flush()
    except (ReaderGone, BrokenPipeError):
        # nothing more can be written, not even what the interpreter would flush at its end
        _silence()
        return 141
    return status


def _status(arguments: Sequence[str] | None) -> int:
    try:
        app(args=None if arguments is None else list(arguments), prog_name="serdsim")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except SerdsimError as error:
        return _fail(str(error) or _CANCELLED, error.exit_status)
    except KeyboardInterrupt:
        return _fail(_CANCELLED, 130)
    except (ReaderGone, BrokenPipeError):
        raise
    except Exception as error:
        if os.environ.get("SERDSIM_DEBUG") == "1":
            traceback.print_exc()
        words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return _fail(f"internal error: {words} (run with SERDSIM_DEBUG=1 for the traceback)", 1)
    return 0


def _answer_signals() -> None:
    """Make an interrupt and a request to terminate end the work in the same clean way."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        return
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, _stop)


def _stop(*_: object) -> None:
    pools = sys.modules.get("serdsim.engine.pools")
    if pools is not None:
        pools.STOPPED.set()
        pools.CANCEL.value = 1
        if pools.waits():
            return
    raise KeyboardInterrupt


def _fail(words: str, status: int) -> int:
    sys.stdout.flush()
    print(words, file=sys.stderr)
    return status


def _write_what_can_be_written() -> None:
    """Make signs that the terminal's encoding lacks appear as question marks, not as an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _silence() -> None:
    try:
        number = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    except (OSError, ValueError):
        # a captured stream has no file number, and nothing to silence
        return
