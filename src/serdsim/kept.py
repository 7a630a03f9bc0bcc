"""Results that are slow to make and cheap to keep: files in the user's cache folder, found by a hash of all they rest on."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_MARK = 32  # bytes before the data: its own hash


def cache_folder() -> Path:
    """Return where results are kept: SERDSIM_CACHE, else the user's cache folder."""
    own = os.environ.get("SERDSIM_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "serdsim"


def kept_bytes(kind: str, rests_on: bytes, make: Callable[[], bytes]) -> bytes:
    """Return what `make` gives for `rests_on`, from the cache folder where it was made before.

    A folder that cannot be read or written, and a file that is not what was written, only cost time.
    """
    key = hashlib.sha256(rests_on).hexdigest()
    path = cache_folder() / kind / key[:2] / key
    with contextlib.suppress(OSError):
        found = path.read_bytes()
        if hashlib.sha256(found[_MARK:]).digest() == found[:_MARK]:
            return found[_MARK:]
    data = make()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(hashlib.sha256(data).digest() + data)
        Path(file.name).replace(path)
    return data


def kept_object(kind: str, rests_on: bytes, make: Callable[[], T]) -> T:
    """Return the object that `make` gives for `rests_on` and these versions of Python and of this package's source."""
    whole = b"\n".join([sys.version.encode(), _source().encode(), rests_on])
    data = kept_bytes(kind, whole, lambda: pickle.dumps(make(), pickle.HIGHEST_PROTOCOL))
    try:
        found: T = pickle.loads(data)
    except Exception:  # a file that another program spoiled
        return make()
    return found


def _source() -> str:
    """Return a mark of this package's code: names, sizes and times of its files in the rooms that read models."""
    here = Path(__file__).parent
    files = sorted((*here.glob("*.py"), *(here / "model").glob("*.py")))
    return ";".join(f"{file.name}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files)
