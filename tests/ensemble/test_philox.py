"""Random numbers: numpy's own bits, whatever range and streams are asked for together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serdsim.engine.philox import first_words
from serdsim.engine.randomness import stream_of, uniforms
from serdsim.simulation.draws import Draws, Marginal, drawn

words = st.integers(0, 2**64 - 1)


def of_numpy(key: int, individual: int, stream: int, index: int) -> int:
    counter = np.array([individual, stream, index, 0], dtype=np.uint64)
    return int(np.random.Philox(key=key, counter=counter).random_raw())


@settings(deadline=None, max_examples=60)
@given(words, st.integers(0, 2**62), st.integers(1, 5), st.lists(words, min_size=1, max_size=4), words)
def test_the_bits_are_those_of_numpy(key: int, first: int, count: int, streams: list[int], index: int) -> None:
    found = first_words(key, range(first, first + count), streams, index)
    assert found.tolist() == [
        [of_numpy(key, individual, stream, index) for individual in range(first, first + count)] for stream in streams
    ]


@pytest.mark.parametrize("streams", [1, 3])
def test_blocks_join_without_a_seam(streams: int) -> None:
    many = first_words(5, range(20_000), list(range(streams)), 1)
    for individual in (0, 8191, 8192, 16383, 16384, 19_999):
        assert many[:, individual].tolist() == [of_numpy(5, individual, stream, 1) for stream in range(streams)]


def test_nobody_and_nothing_are_drawn_too() -> None:
    assert first_words(5, range(3, 3), [1, 2], 0).shape == (2, 0)
    assert first_words(5, range(3), [], 0).shape == (0, 3)


@pytest.mark.parametrize("name", ["a", "kd", "k_div", "imlunestrant.Kd"])
def test_numbers_are_those_of_the_first_release(name: str) -> None:
    """There a list of Python integers was the counter, which numpy takes in 53 bits when one of them is above 2^63."""
    first = [np.random.Philox(key=7, counter=np.array([i, stream_of(name), 0, 0], dtype=np.uint64)).random_raw() for i in range(9)]
    as_written = [np.random.Philox(key=7, counter=[i, stream_of(name), 0, 0]).random_raw() for i in range(9)]
    assert first == as_written
    assert uniforms(7, range(9), [name])[0].tolist() == [(int(word) >> 11) * 2.0**-53 + 2.0**-54 for word in first]


SPREADS = (
    Marginal(2.0),
    Marginal(2.0, "lognormal", 0.3, row="a", assumed=True),
    Marginal(0.2, "logitnormal", 0.5, row="b", assumed=True),
    Marginal(5.0, "lognormal", 0.7, 1.0, 20.0, "c"),
    Marginal(9.0, "lognormal", 0.1, row="a", assumed=True),
)


@pytest.mark.parametrize("sceptical", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 24, 100, 129])
def test_draws_do_not_depend_on_how_they_are_cut(size: int, sceptical: bool) -> None:
    whole = drawn(SPREADS, Draws(130, 11, sceptical))
    parts = [drawn(SPREADS, Draws(min(size, 130 - first), 11, sceptical, first)) for first in range(0, 130, size)]
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()
    assert np.ptp(whole[1:], axis=1).min() > 0.0
