"""Finished starts as lines of a file, so that a search that was cut short goes on from them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from serdsim.errors import InputError, Issue
from serdsim.fit.descent import Descent
from serdsim.fit.found import FORMAT, descent_of, written
from serdsim.fit.minimise import Settings
from serdsim.fit.space import Space

_LIBRARIES = {"fides": ("fides", "numpy", "scipy"), "L-BFGS-B": ("numpy", "scipy")}


def identity(problem: str, seed: int, settings: Settings, space: Space) -> dict[str, str]:
    """Return all that the end of a start rests on; how many starts there are, and how many run at once, is not part of it."""
    said = {
        "format": str(FORMAT),
        "problem": problem,
        "seed": str(seed),
        "settings": json.dumps(asdict(settings), sort_keys=True),
        "parameters": hashlib.sha256(repr(space).encode()).hexdigest(),
    }
    said["linear algebra"] = "as many threads as it likes" if find_spec("threadpoolctl") is None else "one thread"
    return said | {name: _version(name) for name in _LIBRARIES[settings.optimiser]}


@dataclass(frozen=True)
class KeptStarts:
    """A file of JSON lines: what the search rests on, then one finished start a line, in the order in which they ended."""

    path: Path
    identity: Mapping[str, str]

    def read(self) -> dict[int, Descent]:
        """Return the starts that the file holds, by number; a last line that was cut off while it was written is taken away.

        Raises
        ------
        InputError
            When it holds starts of another question, or something else.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            data = b""
        whole = data[: data.rfind(b"\n") + 1]
        if not whole and not _line({"starts": dict(self.identity)}).startswith(data):
            raise self._strange(1)
        if len(whole) < len(data):
            os.truncate(self.path, len(whole))
        if not whole:
            self._append(_line({"starts": dict(self.identity)}))
            return {}
        first, *rest = whole.splitlines()
        self._compare(first)
        found: dict[int, Descent] = {}
        for number, line in enumerate(rest, 2):
            try:
                one = descent_of(json.loads(line))
            except (ValueError, KeyError, TypeError):
                raise self._strange(number) from None
            found.setdefault(one.index, one)
        return found

    def add(self, one: Descent) -> None:
        """Keep a start; once this returns it outlives the end of the process."""
        self._append(_line(written(one)))

    def _append(self, line: bytes) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line)  # one call: a line is there whole, or it is the last one and cut off
            os.fsync(handle)
        finally:
            os.close(handle)

    def _compare(self, first: bytes) -> None:
        try:
            there = dict(json.loads(first)["starts"])
        except (ValueError, KeyError, TypeError):
            raise self._strange(1) from None
        keys = [key for key in {**self.identity, **there} if there.get(key) != self.identity.get(key)]
        if keys:
            repair = "Name another file, or remove this one to begin anew."
            what = f"the starts in this file are those of another search; not the same: {', '.join(keys)}"
            raise InputError(Issue(what, str(self.path), 1, repair=repair))

    def _strange(self, line: int) -> InputError:
        return InputError(Issue("not a line of finished starts", str(self.path), line, repair="Name another file, or remove this one."))


def _line(data: Mapping[str, object]) -> bytes:
    return json.dumps(data, allow_nan=False).encode() + b"\n"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
