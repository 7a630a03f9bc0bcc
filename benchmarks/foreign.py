"""Models from elsewhere: every folder with model.xml, info.json and reference.npz."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.problem import Problem, Unavailable

_NEGLIGIBLE = 1e-12


def foreign(folder: Path, individuals: int) -> tuple[Problem, np.ndarray]:
    """Return the problem of a folder and its reference, shape (individual, time, state)."""
    data = np.load(folder / "reference.npz")
    reference = data["ref_draws"][:individuals]
    largest = np.max(np.abs(reference), axis=(0, 1))
    problem = Problem(
        name=folder.name,
        sbml=(folder / "model.xml").read_text(encoding="utf-8"),
        parameters=tuple(data["params"].tolist()),
        draws=data["draws"][:individuals],
        doses=(),
        times=data["time"],
        states=tuple(data["states"].tolist()),
        kinds=tuple(data["unit"].tolist()),
        atol=np.where(largest < _NEGLIGIBLE * largest.max(), np.inf, 0.0),
        scale=np.max(np.abs(data["ref_nominal"]), axis=0),
    )
    return problem, reference


def folders(root: Path) -> Iterator[Path]:
    """Yield the folders that hold a model of this form.

    Raises
    ------
    Unavailable
        When there is none.
    """
    found = sorted(path.parent for path in root.glob("*/reference.npz") if (path.parent / "model.xml").is_file())
    if not found:
        raise Unavailable("the shared folder holds no models of others")
    yield from found
