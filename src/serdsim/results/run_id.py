"""The identity of a run: canonical JSON (RFC 8785) and its SHA-256."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import rfc8785

from serdsim.errors import InputError, Issue

_LARGEST = 2**53 - 1


def canonical_json(value: object) -> bytes:
    """Return `value` as canonical JSON: the same bytes on every machine for the same value.

    Tuples, arrays and numpy scalars become lists and numbers, mappings of every kind objects with sorted keys. As in
    JSON, 1 and 1.0 are the same number.

    Raises
    ------
    InputError
        For what JSON cannot say exactly: NaN, infinities, integers above 2^53-1, keys that are no text, other types.

    Examples
    --------
    >>> canonical_json({"b": (1, 2.0), "a": None})
    b'{"a":null,"b":[1,2]}'
    """
    try:
        return rfc8785.dumps(plain(value))
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise InputError(Issue(f"a value is no canonical JSON: {error}", expected="plain text and finite numbers")) from error


def content_hash(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def run_id(model_hash: str, plan: Mapping[str, object], seed: int, numerics: str) -> str:
    """Return the 16 hex digits that name the run of this question.

    Parameters
    ----------
    model_hash : str
        `content_hash` of the model.
    plan : mapping
        The resolved plan; nothing in it may depend on date, host, device, threads or output path.
    seed : int
        Seed of all random numbers, 0 to 2^53-1.
    numerics : str
        Version of the engine's numerics.
    """
    return content_hash({"model": model_hash, "plan": plan, "seed": seed, "numerics": numerics})[:16]


def plain(value: object, place: str = "value", not_finite: bool = False) -> Any:
    """Return `value` made of dict, list, str, int, float, bool and None only.

    Parameters
    ----------
    value : object
        Mappings, sequences, arrays, numpy scalars and what JSON knows.
    place : str
        How `value` is called in an error.
    not_finite : bool
        Whether NaN and infinities become None; else they are refused.

    Raises
    ------
    InputError
        With the place, as in ``plan.times[3]``.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return _whole(int(value), place)
    if isinstance(value, float):
        return _finite(float(value), place, not_finite)
    if isinstance(value, Mapping):
        return {_key(key, place): plain(item, f"{place}.{key}", not_finite) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{place}[{number}]", not_finite) for number, item in enumerate(value)]
    raise InputError(Issue(f"{place} is a {type(value).__name__}", expected="text, a number, true or false, null, a list or a mapping"))


def _whole(value: int, place: str) -> int:
    if abs(value) > _LARGEST:
        raise InputError(Issue(f"{place} is {value}", expected=f"an integer of at most {_LARGEST}, which JSON says exactly"))
    return value


def _finite(value: float, place: str, not_finite: bool) -> float | None:
    if math.isfinite(value):
        return value
    if not_finite:
        return None
    raise InputError(Issue(f"{place} is {value}", expected="a finite number", repair="Give null where there is no value"))


def _key(key: object, place: str) -> str:
    if not isinstance(key, str):
        raise InputError(Issue(f"{place} has the key {key!r}", expected="keys that are text"))
    return str(key)
