"""No result depends on batch, order, worker or the origin of time; doses superpose where the model is linear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_models import course, kernel
from serdsim.engine.engines import REFERENCE
from serdsim.engine.ensemble import run_ensemble
from serdsim.engine.plan import Arrays, Plan, Schedule
from serdsim.engine.randomness import normals, uniforms
from serdsim.engine.reference import run
from serdsim.errors import Cancelled

TEXT = "species A = 1; k = 1; hits = 0; A -> ; k*A; y = 0; y' = A*piecewise(1, A > 0.4, 0.3); at (A < 0.5): hits = hits + 1"
LINEAR = "compartment V = 3; species G = 0; species C in V; C = 0; species P = 0; G -> C; 0.9*G; C -> P; 0.6*C; P -> C; 0.1*P; C -> ; 0.5*C"


def plan_of(rates: np.ndarray) -> Plan:
    equations = kernel(TEXT).equations
    values = {"A": np.full_like(rates, 2.0), "k": rates, "hits": np.zeros_like(rates), "y": np.zeros_like(rates)}
    given_values = np.array([values.get(id, np.ones_like(rates)) for id in equations.given])
    doses = Schedule.shared((1.0, 2.5), ("add", "set"), ("A", "k"), np.array([rates, rates[::-1] * 0 + 0.7]))
    return Plan(given_values, (0.0, 0.5, 1.0, 3.0, 9.0), ("A", "y", "hits"), schedule=doses)


def same(a: Arrays, b: Arrays) -> bool:
    return all(np.array_equal(x, y) for x, y in ((a.values, b.values), (a.status, b.status), (a.final, b.final)))


RATES = np.random.default_rng(3).lognormal(size=31)


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(len(RATES))))
def test_the_order_of_individuals_changes_no_bit(order: list[int]) -> None:
    plain, shuffled = run(kernel(TEXT), plan_of(RATES)), run(kernel(TEXT), plan_of(RATES[order]))
    assert np.array_equal(plain.values[:, :, order], shuffled.values)


@pytest.mark.parametrize("chunk", [1, 7, 31, 100])
def test_the_size_of_a_batch_changes_no_bit(chunk: int) -> None:
    found = run_ensemble(kernel(TEXT).equations, plan_of(RATES), workers=1, engine=replace(REFERENCE, chunk=chunk))
    assert same(found, run(kernel(TEXT), plan_of(RATES)))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_says_how_far_the_run_came(workers: int) -> None:
    def interrupt(_: str, done: int, __: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(Cancelled, match=r"cancelled while testing: (24|7) of 31 individuals were done"):
        run_ensemble(kernel(TEXT).equations, plan_of(RATES), workers=workers, progress=interrupt, title="testing", engine=REFERENCE)


def test_the_number_of_workers_changes_no_bit() -> None:
    seen: list[tuple[int, int]] = []
    two = run_ensemble(kernel(TEXT).equations, plan_of(RATES), workers=2, progress=lambda _, done, total: seen.append((done, total)))
    assert same(two, run_ensemble(kernel(TEXT).equations, plan_of(RATES), workers=1))
    assert seen[0] == (0, 31)
    assert seen[-1] == (31, 31)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.5, 500.0))
def test_a_later_start_gives_the_same_course(shift: float) -> None:
    times = np.linspace(0.0, 10.0, 11)
    early = course(LINEAR, tuple(times), "C", ((0.0, "add", "G", 5.0), (4.0, "add", "G", 2.0)))
    moved = course(LINEAR, tuple(times + shift), "C", ((shift, "add", "G", 5.0), (4.0 + shift, "add", "G", 2.0)), start_time=shift)
    assert np.allclose(early, moved, rtol=1e-6, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 100.0), st.floats(0.1, 100.0), st.floats(0.5, 8.0))
def test_doses_superpose_in_a_linear_model(first: float, second: float, at: float) -> None:
    times = tuple(np.linspace(0.0, 12.0, 13))
    both = course(LINEAR, times, "C", ((0.0, "add", "G", first), (at, "add", "C", second)))
    one = course(LINEAR, times, "C", ((0.0, "add", "G", first),))
    other = course(LINEAR, times, "C", ((at, "add", "C", second),))
    assert np.allclose(both, one + other, rtol=1e-6, atol=1e-7 * (first + second))


def test_draws_do_not_depend_on_how_many_are_drawn() -> None:
    ten, kd = range(10), ["kd"]
    assert np.array_equal(uniforms(7, range(100), kd)[:, :10], uniforms(7, ten, kd))
    assert not np.any(uniforms(7, ten, kd) == uniforms(7, ten, ["kdx"]))
    assert not np.any(uniforms(7, ten, kd) == uniforms(8, ten, kd))
    assert not np.any(uniforms(7, ten, kd, 0) == uniforms(7, ten, kd, 1))


def test_philox_gives_its_known_answers() -> None:
    """Salmon et al. 2011, kat_vectors of Random123: philox4x64-10 of zero counter and zero key."""
    raw = np.random.Philox(key=0, counter=[2**64 - 1] * 4).random_raw(4)  # numpy counts up before it draws
    assert [f"{int(word):016x}" for word in raw] == ["16554d9eca36314c", "db20fe9d672d0fdc", "d7e772cee186176b", "7e68b68aec7ba23b"]


def test_draws_have_the_distribution_they_claim() -> None:
    u, z = uniforms(1, range(4000), ["u"])[0], normals(1, range(4000), ["z"])[0]
    assert 0.0 < u.min() < u.max() < 1.0
    assert np.max(np.abs(np.sort(u) - (np.arange(4000) + 0.5) / 4000)) < 1.63 / np.sqrt(4000)
    assert abs(z.mean()) < 4 / np.sqrt(4000)
    assert abs(z.std() - 1.0) < 4 / np.sqrt(8000)
