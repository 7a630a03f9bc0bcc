"""Sums of states that the equations conserve, found from the derivatives at many states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serdsim.codegen.kernel import Kernel

_TINY = 1e-11


def conserved_sums(kernel: Kernel, constants: Sequence[float], begin: np.ndarray) -> np.ndarray:
    """Return weights of the states, one row per independent sum that never changes, shape (sum, state).

    Parameters
    ----------
    kernel : Kernel
    constants : sequence of float
        The constant block of the kernel.
    begin : ndarray, shape (state,)
        The state of the start; the derivatives are taken at random states around it and far from it.
    """
    count = len(begin)
    spread = np.random.default_rng(20240601).uniform(-2.0, 2.0, (3 * count + 8, count))
    usual = np.max(np.abs(begin), initial=0.0) or 1.0
    around = np.where(begin != 0.0, np.abs(begin), usual)
    flows = [kernel.rhs(0.0, list(around * 10.0**row), constants) for row in spread]
    table = np.array([flow for flow in flows if np.all(np.isfinite(flow))]).reshape(-1, count).T
    if not table.size:
        return np.empty((0, count))
    table = table / np.maximum(np.max(np.abs(table), axis=0, initial=0.0), 1e-300)
    scale = np.max(np.abs(table), axis=1)
    scale[scale == 0.0] = 1.0
    left, sizes, _ = np.linalg.svd(table / scale[:, None], full_matrices=True)
    sizes = np.concatenate([sizes, np.zeros(count - len(sizes))])
    sums = left[:, sizes <= _TINY * max(float(sizes[0]), 1e-300)].T / scale
    return np.asarray(sums / np.max(np.abs(sums), axis=1, initial=0.0, keepdims=True)) if len(sums) else sums
