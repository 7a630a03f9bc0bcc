"""References of our own problems: CVODE at 1e-11, one call per dose, checked by another tool; kept in the cache."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.cache import folder
from benchmarks.measure import individual_errors
from benchmarks.problem import Problem, Unavailable
from benchmarks.worker import Worker

RTOL, ROUGH = 1e-11, 1e-6
_CHECK_RTOL = 1e-10
_CHECKED = 4
_LIMIT_S = 7200.0
# the first that is here counts, the next checks it
_SOURCES = (("peer_roadrunner", "call per dose"), ("ours_reference", ""), ("peer_numbalsoda", ""))


def referenced(problem: Problem) -> tuple[Problem, np.ndarray, str]:
    """Return the problem with the scale of its states, its reference (individual, time, state), and what checked it."""
    path = folder("references") / f"{problem.key}.npz"
    if not path.is_file():
        np.savez(path, **_computed(problem))
    data = np.load(path)
    return replace(problem, scale=data["scale"]), data["values"], str(data["words"])


def _computed(problem: Problem) -> dict[str, np.ndarray]:
    rough = replace(problem.first(_CHECKED), scale=np.ones(len(problem.states)))
    scaled = replace(problem, scale=np.max(np.abs(_first(rough, ROUGH)[1]), axis=(0, 1)))
    source, values = _first(scaled, RTOL)
    checker, other = _first(scaled.first(_CHECKED), _CHECK_RTOL, but=source)
    off = individual_errors(other, values[:_CHECKED], problem.atol).max()
    count = int(np.sum(~np.isfinite(values).all(axis=(1, 2))))
    words = f"{source} at {RTOL:g}; {checker} at {_CHECK_RTOL:g} differs by {off:.1e} on {len(other)} individuals"
    words += f"; {count} individuals have no reference" if count else ""
    return {"values": values, "scale": scaled.scale, "words": np.array(words)}


def _first(problem: Problem, rtol: float, but: str = "") -> tuple[str, np.ndarray]:
    """Return the name and the values of the first source that can be had."""
    for tool, variant in _SOURCES:
        if tool == but:
            continue
        try:
            worker = Worker(tool, problem, variant, _LIMIT_S)
            values = worker.run(rtol, keep=True).values
            worker.close()
        except Unavailable:
            continue
        if values is not None:
            return tool, values
    raise Unavailable("no tool can make a reference")
