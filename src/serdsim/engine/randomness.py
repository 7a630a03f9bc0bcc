"""Counter-based randomness: a number depends on seed, individual, stream and index, and on nothing else."""

from __future__ import annotations

import hashlib

import numpy as np
from scipy.special import ndtri


def stream_of(name: str) -> int:
    """Return the 64-bit stream of a name, so that a new quantity leaves the numbers of the others alone."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def uniforms(seed: int, individuals: int, name: str, index: int = 0) -> np.ndarray:
    """Return uniform numbers in (0, 1), shape (individual,), from Philox4x64 with key seed.

    The counter is (individual, stream, index), which numpy raises by one before it draws; no number depends on how
    many others are drawn.
    """
    stream = stream_of(name)
    raw = [np.random.Philox(key=seed, counter=[individual, stream, index, 0]).random_raw() for individual in range(individuals)]
    return (np.array(raw, dtype=np.uint64) >> np.uint64(11)).astype(float) * 2.0**-53 + 2.0**-54


def normals(seed: int, individuals: int, name: str, index: int = 0) -> np.ndarray:
    """Return standard normal numbers by the inverse distribution function, shape (individual,)."""
    return np.asarray(ndtri(uniforms(seed, individuals, name, index)))


def toss(order: int) -> int:
    """Return a number that decides between executions of equal priority: the same for every individual."""
    return int(np.random.Philox(key=0, counter=[order, stream_of("event order"), 0, 0]).random_raw())
