"""Disks that refuse, in words; files that are on the disk before they have their name."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from serdsim.errors import InputError, Issue

_WORDS = {
    errno.ENOSPC: ("the disk is full", "Free some space or give another folder"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space or give another folder"),
    errno.EACCES: ("writing there is not permitted", "Give a folder that you may write to"),
    errno.EPERM: ("writing there is not permitted", "Give a folder that you may write to"),
    errno.EROFS: ("the file system is read-only", "Give a folder that you may write to"),
    errno.ENOTDIR: ("a part of the path is a file", "Give the path of a folder"),
    errno.EEXIST: ("a file has that name", "Give the path of a folder"),
    errno.ENAMETOOLONG: ("the path is too long", "Give a shorter path"),
}


@contextlib.contextmanager
def disk_errors(root: Path, then: str = "") -> Iterator[None]:
    """Turn what a disk refuses into an InputError that says it in words; `then` says how to go on."""
    try:
        yield
    except OSError as error:
        problem, repair = _WORDS.get(error.errno or 0, (str(error.strerror or error), None))
        words = "; ".join(part for part in (repair, then) if part)
        raise InputError(Issue(f"the run cannot be written to {root}: {problem}", repair=words or None)) from error
    except duckdb.IOException as error:
        # duckdb names no errno; its first line says what the system said
        raise InputError(Issue(f"the run cannot be written to {root}: {str(error).splitlines()[0]}", repair=then or None)) from error


def free_bytes(root: Path) -> int:
    """Return how much room there is where `root` is or will be."""
    return shutil.disk_usage(nearest_folder(root)).free


def nearest_folder(root: Path) -> Path:
    """Return `root`, or what exists of its path."""
    return next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())


def put(made: Path, place: Path) -> None:
    """Give a finished file its name: a reader meets the old file or the whole new one, whatever ends the process."""
    with made.open("rb+") as stream:
        os.fsync(stream.fileno())
    made.replace(place)
