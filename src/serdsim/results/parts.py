"""Finished chunks of a run as files: each is there whole or not at all, so that what is done can be read from them."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serdsim.engine.plan import Arrays


@dataclass(frozen=True)
class Part:
    """Values of shape (output, individual, time), and for each individual its status and message."""

    values: np.ndarray
    status: np.ndarray
    messages: np.ndarray


@dataclass(frozen=True)
class Parts:
    """The parts in one folder, by the number of their chunk."""

    folder: Path

    def write(self, number: int, arrays: Arrays) -> None:
        """Keep a chunk; once this returns it outlives the end of the process and of the machine's power."""
        self.folder.mkdir(parents=True, exist_ok=True)
        made = self.folder / f".{number:08d}.partial"
        with made.open("wb") as stream:
            np.savez(
                stream,
                values=np.ascontiguousarray(arrays.values.transpose(0, 2, 1)),
                status=np.array(arrays.status, dtype=str),
                messages=np.array(arrays.message, dtype=str),
            )
            stream.flush()
            os.fsync(stream.fileno())
        made.replace(self._path(number))

    def read(self, number: int) -> Part:
        """Return a chunk that was kept."""
        with np.load(self._path(number), allow_pickle=False) as held:
            return Part(held["values"], held["status"], held["messages"])

    def failed(self, number: int) -> int:
        """Return how many individuals of a chunk failed."""
        with np.load(self._path(number), allow_pickle=False) as held:
            return int(np.sum(held["status"] != "ok"))

    def present(self) -> set[int]:
        """Return the numbers of the chunks that were kept."""
        return {int(path.stem) for path in self.folder.glob("*.npz")}

    def sound(self) -> set[int]:
        """Return the numbers of the chunks that were kept and are unharmed; what is damaged is taken away."""
        for number in self.present():
            try:
                with zipfile.ZipFile(self._path(number)) as held:
                    whole = held.testzip() is None
            except (zipfile.BadZipFile, EOFError):
                whole = False
            if not whole:
                self._path(number).unlink()
        return self.present()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}.npz"
