"""Philox4x64-10 (Salmon et al. 2011) in NumPy's integers: many counters at once, where numpy.random can only count up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_ROUNDS = 10
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_WORD = 2**64
_LOW, _HALF = np.uint64(2**32 - 1), np.uint64(32)
_BLOCK = 8192  # numbers that stay in the processor's cache while they are worked on


def first_words(key: int, individuals: range | np.ndarray, streams: Sequence[int], index: int | np.ndarray) -> np.ndarray:
    """Return the first 64-bit word of each block of random bits, shape (stream, individual).

    The same bits as ``numpy.random.Philox(key=key, counter=[individual, stream, index, 0]).random_raw()``, which raises the
    counter by one before it draws.

    Parameters
    ----------
    key : int
        0 to 2^64 - 1.
    individuals : range or ndarray
        Numbers below 2^63; a range has steps of one.
    streams : sequence of int
        0 to 2^64 - 1.
    index : int or ndarray, shape (individual,)
        0 to 2^64 - 1; an array has one for each individual.
    """
    found = np.empty((len(streams), len(individuals)), np.uint64)
    column = np.array(streams, np.uint64).reshape(-1, 1)
    high = max(1, _BLOCK // max(len(individuals), 1))
    for left in range(0, len(individuals), _BLOCK):
        part = individuals[left : left + _BLOCK]
        counters = _numbers(part).reshape(1, -1) + np.uint64(1)
        third = np.array(index if isinstance(index, int) else index[left : left + _BLOCK], np.uint64).reshape(1, -1)
        for top in range(0, len(streams), high):
            found[top : top + high, left : left + _BLOCK] = _first(key, counters, column[top : top + high], third)
    return found


def _numbers(part: range | np.ndarray) -> np.ndarray:
    return np.arange(part.start, part.stop, dtype=np.uint64) if isinstance(part, range) else np.array(part, np.uint64)


def _first(key: int, individuals: np.ndarray, streams: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return word 0 of the last round; what does not depend on the stream stays a single row until it meets one that does."""
    c0, c1, c2, c3 = individuals, streams, index, np.zeros((1, 1), np.uint64)
    keys = [[np.uint64((word + n * weyl) % _WORD) for word, weyl in zip((key, 0), _WEYL, strict=True)] for n in range(_ROUNDS)]
    for key0, key1 in keys[:-1]:
        (high0, low0), (high1, low1) = _product(_MULTIPLIERS[0], c0), _product(_MULTIPLIERS[1], c2)
        c0, c1, c2, c3 = _mixed(high1, c1, key0), low1, _mixed(high0, c3, key1), low0
    return _mixed(_product(_MULTIPLIERS[1], c2)[0], c1, keys[-1][0])


def _mixed(a: np.ndarray, b: np.ndarray, key: np.uint64) -> np.ndarray:
    return np.asarray(a ^ (b ^ key) if b.size < a.size else a ^ b ^ key)


def _product(factor: int, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the high and the low word of the product with a 64-bit number, from products of half words."""
    above, below = np.uint64(factor >> 32), np.uint64(factor & 0xFFFFFFFF)
    x_low, x_high = x & _LOW, x >> _HALF
    middle = x_low * below
    middle >>= _HALF
    middle += x_high * below
    x_low *= above
    x_low += middle & _LOW
    x_low >>= _HALF
    middle >>= _HALF
    x_high *= above
    x_high += middle
    x_high += x_low
    return x_high, x * np.uint64(factor)
