"""Counter-based randomness: a number depends on seed, individual, stream and index, and on nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from serdsim.engine.philox import first_words


@lru_cache(maxsize=4096)
def stream_of(name: str) -> int:
    """Return the 64-bit stream of a name, so that a new quantity leaves the numbers of the others alone."""
    word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return word if word < 2**63 else int(float(word))  # the first runs counted such a word in 53 bits; their numbers stay


def uniforms(seed: int, individuals: range | np.ndarray, names: Sequence[str], index: int | np.ndarray = 0) -> np.ndarray:
    """Return uniform numbers in (0, 1), shape (name, individual), from Philox4x64 with key seed.

    The counter is (individual, stream, index), where an array of indices has one for each individual; no number depends on which
    others are drawn with it.
    """
    words = first_words(seed, individuals, [stream_of(name) for name in names], index)
    words >>= np.uint64(11)
    numbers = words.astype(float)
    numbers *= 2.0**-53
    numbers += 2.0**-54
    return numbers


def normals(seed: int, individuals: range | np.ndarray, names: Sequence[str], index: int | np.ndarray = 0) -> np.ndarray:
    """Return standard normal numbers by the inverse distribution function, shape (name, individual)."""
    from scipy.special import ndtri  # slow to load, and a run with the central values needs none

    numbers = uniforms(seed, individuals, names, index)
    return np.asarray(ndtri(numbers, out=numbers))


def toss(order: int) -> int:
    """Return a number that decides between executions of equal priority: the same for every individual."""
    return int(first_words(0, range(order, order + 1), [stream_of("event order")], 0)[0, 0])
