"""Reference gradients: ours at a very tight tolerance, checked by differences of plain runs and by AMICI; kept in the cache."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np

from benchmarks import gradient_amici, gradient_ours
from benchmarks.cache import folder
from benchmarks.gradient_problem import FitProblem, observed
from benchmarks.measure import Errors, summary
from benchmarks.problem import Unavailable
from benchmarks.starts import Starts
from benchmarks.worker import Worker
from serdsim.engine.native import run_native

RTOL = 1e-11
_CHECK_RTOL = 1e-9
_CHECKED = 4
_SAME = 1e-6
_STEP = 1e-3  # of the logarithm of a parameter; the error of the differences goes with its fourth power
_LIMIT_S = 1800.0
_CHECK_WAY = "forward, simultaneous, rtol x 1, atol x 1"


def gradient_errors(found: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return |g - ref| / |ref| of each vector, Euclidean norms; infinite where it failed."""
    off = np.linalg.norm(found - reference, axis=1) / np.linalg.norm(reference, axis=1)
    return np.where(np.isfinite(found).all(axis=1), off, np.inf)


def judged(found: np.ndarray, reference: np.ndarray) -> Errors:
    """Return the errors of all vectors in short."""
    return summary(gradient_errors(found, reference))


def differences(problem: FitProblem, rtol: float, step: float = _STEP) -> np.ndarray:
    """Return the gradients from central differences of order four of runs without sensitivities, shape (individual, parameter)."""
    count, moved = len(problem.parameters), np.eye(len(problem.parameters))
    times = (step, -step, 2.0 * step, -2.0 * step)
    draws = np.concatenate([(problem.draws[:, None, :] * np.exp(by * moved)).reshape(-1, count) for by in times])
    wide = replace(problem, draws=draws)
    starts = Starts(wide)
    squares = wide.residuals(run_native(starts.equations, observed(wide, starts, rtol)).values) ** 2
    near, near_back, far, far_back = 0.5 * np.sum(squares, axis=(0, 1)).reshape(4, problem.individuals, count)
    return np.asarray((8.0 * (near - near_back) - (far - far_back)) / (12.0 * step))


def gradient_reference(problem: FitProblem) -> tuple[np.ndarray, str]:
    """Return the gradients, shape (individual, parameter), and what checked them.

    Raises
    ------
    Unavailable
        When a check differs by more than 1e-6.
    """
    path = folder("references") / f"gradient_{problem.key}.npz"
    if not path.is_file():
        values, words = _computed(problem)
        np.savez(path, values=values, words=np.array(words))
    data = np.load(path)
    return data["values"], str(data["words"])


def _computed(problem: FitProblem) -> tuple[np.ndarray, str]:
    values = _by("gradient_ours", problem, gradient_ours.TOGETHER, RTOL)
    few = problem.first(_CHECKED)
    checks = {"central differences": differences(few, RTOL)}
    with contextlib.suppress(Unavailable):
        checks[f"{gradient_amici.NAME} ({_CHECK_WAY}) at {_CHECK_RTOL:g}"] = _by("gradient_amici", few, _CHECK_WAY, _CHECK_RTOL)
    off = {name: float(gradient_errors(found, values[:_CHECKED]).max()) for name, found in checks.items()}
    if max(off.values()) > _SAME:
        raise Unavailable(f"no reference that its checks agree with: {off}")
    told = "; ".join(f"{name} differ by {worst:.1e}" for name, worst in off.items())
    return values, f"{gradient_ours.NAME} at {RTOL:g}; on {_CHECKED} vectors {told}"


def _by(tool: str, problem: FitProblem, variant: str, rtol: float) -> np.ndarray:
    worker = Worker(tool, problem, "", _LIMIT_S)
    values = worker.run((variant, rtol), keep=True).values
    worker.close()
    assert values is not None
    return values
