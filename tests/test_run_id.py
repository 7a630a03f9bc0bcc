"""The same question has the same id, and what has no exact name in JSON is refused in words."""

from __future__ import annotations

import hashlib
import math
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serdsim.errors import InputError
from serdsim.results.run_id import canonical_json, content_hash, plain, run_id

PLAN = {"times": (0.0, 1.0, 2.5), "outputs": ["er_total"], "rtol": 1e-8}
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_the_order_of_keys_and_the_kind_of_mapping_do_not_matter(value: dict[str, object]) -> None:
    turned = MappingProxyType(dict(reversed(list(value.items()))))
    assert canonical_json(value) == canonical_json(turned)
    assert len(content_hash(value)) == 64


def test_bytes_are_those_of_rfc_8785() -> None:
    value = {"€": 1, "\r": 2, "a": [True, None, 1e21, 0.1, -0.0, 333333333.33333329]}
    assert canonical_json(value) == '{"\\r":2,"a":[true,null,1e+21,0.1,0,333333333.3333333],"€":1}'.encode()


def test_arrays_scalars_and_tuples_are_the_same_question() -> None:
    told = {"times": np.array([0.0, 1.0, 2.5]), "outputs": (np.str_("er_total"),), "rtol": np.float64(1e-8)}
    assert canonical_json(told) == canonical_json(PLAN)
    assert canonical_json([np.int32(3), np.bool_(True), np.float32(0.5)]) == b"[3,true,0.5]"


def test_the_run_id_is_the_head_of_the_hash_of_its_four_parts() -> None:
    text = '{"model":"abc","numerics":"1","plan":{"outputs":["er_total"],"rtol":1e-8,"times":[0,1,2.5]},"seed":7}'
    assert run_id("abc", PLAN, 7, "1") == hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    "other",
    [("abd", PLAN, 7, "1"), ("abc", PLAN | {"rtol": 1e-9}, 7, "1"), ("abc", PLAN, 8, "1"), ("abc", PLAN, 7, "2")],
)
def test_every_part_counts(other: tuple[str, dict[str, object], int, str]) -> None:
    assert run_id(*other) != run_id("abc", PLAN, 7, "1")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"times": [1.0, math.nan]}, r"value\.times\[1\] is nan; expected a finite number"),
        ({"a": np.array([math.inf])}, r"value\.a\[0\] is inf"),
        ([2**53], "expected an integer of at most"),
        ({1: 2}, "has the key 1; expected keys that are text"),
        ({"a": {1, 2}}, r"value\.a is a set"),
        ({"a": b"x"}, "is a bytes"),
        (1j, "is a complex"),
        ("\ud800", "no canonical JSON"),
    ],
)
def test_what_json_cannot_say_is_refused(value: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        canonical_json(value)


def test_where_told_so_what_is_not_finite_becomes_null() -> None:
    assert plain({"a": (math.nan, 1.0), "b": np.float64(-math.inf)}, not_finite=True) == {"a": [None, 1.0], "b": None}
