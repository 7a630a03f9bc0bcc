"""Coefficients are what their sources say: row sums, every order condition, stiff limits; a wrong digit anywhere is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from order_cases import Classical, trees

from serdsim.codegen.method import Method, methods, read_method
from serdsim.errors import InputError

EVERY = ("rodas4p", "rodas5p", "ros2", "tsit5")
ROSENBROCK = EVERY[:3]
DENSE_ORDER = {"rodas4p": 3, "rodas5p": 4, "ros2": 2, "tsit5": 4}
PARTS = (0.1, 0.37, 0.5, 0.8, 0.95)
CLOSE = 2e-13
# the last stage meets every condition with nothing, so that its share in dense output is free: as in the table of the publication
FREE = (-0.17202221070155493, -6.710236069923372, 4.883087185713722)
FIELDS = ("gamma", "a", "c", "alpha", "d", "m", "e", "dense")


def worst(method: Method, name: str) -> float:
    """Return the largest remainder of all that the method of this name must fulfil."""
    form = Classical(method)
    rows = [form.alpha.sum(axis=1) - method.alpha]
    rows += [form.left(form.weights, method.order), form.left(form.weights - form.errors, method.embedded_order)]
    rows += [form.left(form.weights_at(x), DENSE_ORDER[name], x) for x in PARTS]
    if method.implicit:
        rows += [form.made.sum(axis=1) - method.d, np.array([form.at_infinity(form.weights)])]
    if name.startswith("rodas"):
        rows += [stiffly_accurate(method, form), *(algebraic(form, x) for x in PARTS)]
    if name == "rodas5p":
        rows.append(np.array([row[-1] for row in method.dense]) - FREE)
    if name == "tsit5":
        rows.append(np.append(np.array(method.m[:-1]) - method.a[-1], slopes_at_the_ends(form)))
    return float(max(np.max(np.abs(row), initial=0.0) for row in rows))


def stiffly_accurate(method: Method, form: Classical) -> np.ndarray:
    """Return by how much the last stages miss the end of the step and the end of the embedded step."""
    last = [np.array(method.m[:-1]) - method.a[-1], np.array(method.m[:-2]) - method.a[-2], method.a[-1][-1:], method.m[-1:]]
    last[2:] = [np.array(one) - 1.0 for one in last[2:]]
    return np.concatenate([*last, np.array(method.e[:-1]), [method.e[-1] - 1.0, form.at_infinity(form.weights - form.errors)]])


def algebraic(form: Classical, x: float) -> np.ndarray:
    """Return what dense output leaves of the conditions for algebraic and stiff parts (Prothero and Robinson): x^k and k x^(k-1)."""
    inverse = np.linalg.inv(form.beta)
    once, moment = form.weights_at(x) @ inverse, form.alpha.sum(axis=1)
    twice = once @ inverse
    return np.array([value for k in (2, 3) for value in (once @ moment**k - x**k, twice @ moment**k - k * x ** (k - 1))])


def slopes_at_the_ends(form: Classical) -> np.ndarray:
    """Return what the interpolant misses of the slopes at both ends of a step, which are the first and the last stage."""
    k0, k1, k2 = form.dense
    unit = np.eye(len(k0))
    return np.concatenate([form.weights + k0 - unit[0], form.weights - (k0 + k1 + k2) - unit[-1]])


def places(method: Method) -> list[tuple[str, tuple[int, ...]]]:
    """Return where the coefficients stand that are not zero."""
    found: list[tuple[str, tuple[int, ...]]] = [("gamma", ())] if method.implicit else []
    for field in FIELDS[1:]:
        for i, row in enumerate(getattr(method, field)):
            if isinstance(row, tuple):
                found += [(field, (i, j)) for j, value in enumerate(row) if value]
            elif row:
                found.append((field, (i,)))
    return found


def changed(value: object, place: tuple[int, ...], digits: np.random.Generator) -> object:
    """Return the value with two neighbouring digits of the number at a place exchanged, or a little larger."""
    if place:
        assert isinstance(value, tuple)
        return (*value[: place[0]], changed(value[place[0]], place[1:], digits), *value[place[0] + 1 :])
    assert isinstance(value, float)
    text = f"{value:.9e}"
    spots = [i for i in range(len(text) - 5) if text[i : i + 2].isdigit() and text[i] != text[i + 1]]
    if not spots:
        return value * (1.0 + 1e-9)
    i = int(digits.choice(spots))
    return value + float(text[:i] + text[i + 1] + text[i] + text[i + 2 :]) - float(text)


def test_these_are_the_methods() -> None:
    assert methods() == EVERY
    with pytest.raises(InputError, match='no method "rodas6"'):
        read_method("rodas6")


def test_there_are_as_many_conditions_as_trees() -> None:
    assert [len(trees(order)) for order in range(1, 7)] == [1, 1, 2, 4, 9, 20]


@pytest.mark.parametrize("name", EVERY)
def test_a_method_fulfils_every_condition_of_what_it_claims(name: str) -> None:
    method = read_method(name)
    assert worst(method, name) < CLOSE
    assert f"dense output of order {DENSE_ORDER[name]}" in method.note


@pytest.mark.parametrize("name", EVERY)
def test_a_method_claims_no_less_than_it_has(name: str) -> None:
    method, form = read_method(name), Classical(read_method(name))
    middle = form.weights_at(0.5)
    for weights, order, x in (
        (form.weights, method.order, 1.0),
        (form.weights - form.errors, method.embedded_order, 1.0),
        (middle, DENSE_ORDER[name], 0.5),
    ):
        assert np.max(np.abs(form.left(weights, order + 1, x))) > 1e-4


@pytest.mark.parametrize("name", EVERY)
def test_two_digits_exchanged_anywhere_are_seen(name: str) -> None:
    method, digits = read_method(name), np.random.default_rng(20)
    unseen = []
    for field, place in places(method):
        for _ in range(4):
            other = replace(method, **{field: changed(getattr(method, field), place, digits)})
            if worst(other, name) < CLOSE:
                unseen.append((field, place))
    assert not unseen
    assert len(places(method)) > (5 if name == "ros2" else 50)


@pytest.mark.parametrize("name", ROSENBROCK)
def test_a_rosenbrock_method_damps_all_that_is_fast(name: str) -> None:
    form = Classical(read_method(name))
    ones, identity = np.ones(len(form.beta)), np.eye(len(form.beta))
    left = np.concatenate([-np.logspace(-3, 6, 60), 1j * np.logspace(-3, 6, 60)])
    growth = np.array([abs(1.0 + z * form.weights @ np.linalg.solve(identity - z * form.beta, ones)) for z in left])
    assert growth.max() <= 1.0 + 1e-12
    assert growth[59] < 1e-4
    assert growth[-1] < 1e-4
