"""Events in the compiled driver are those of the reference engine, also where it has to hand an individual over."""

from __future__ import annotations

import numpy as np
import pytest

from little_models import given, kernel, model
from serdsim.engine.native import run_native, supported
from serdsim.engine.plan import Plan
from serdsim.engine.reference import run

SAW = "x = 1; hits = 0; k = 1; x' = -k*x; at (x < 0.2): x = 1, hits = hits + 1"
RANKED = "x = 0; y = 1; x' = 1; y' = 0; at (x > 2), priority = 1: y = 2*y; at (x > 2), priority = 5: y = y + 10"
TIED = "x = 0; y = 1; k = 1; x' = k; y' = 0; at (x > 2), priority = 3: y = 2*y; at (x > 2), priority = 3: y = y + 10"
CHAIN = "x = 0; n = 0; x' = 1; n' = 0; at (time >= 1): n = n + 1; at (n > 0.5 && x > 3): x = -1"
LATE = "x = 1; x' = -x; at 1 after (time > 2): x = 3"
TIMES = np.linspace(0.0, 10.0, 41)


@pytest.mark.parametrize("text", [SAW, RANKED, TIED, CHAIN])
def test_events_are_those_of_the_reference_engine(text: str) -> None:
    built = kernel(text)
    assert supported(built.equations)
    values = np.repeat(given(model(text), built.equations.given), 11, axis=1)
    if "k" in built.equations.given:
        values[built.equations.given.index("k")] = np.linspace(0.5, 2.0, 11)
    plan = Plan(values, TIMES, built.equations.states, rtol=1e-9, atol=1e-12)
    fast, slow = run_native(built.equations, plan), run(built, plan)
    assert list(fast.status) == list(slow.status) == ["ok"] * 11
    assert np.allclose(fast.values, slow.values, rtol=1e-6, atol=1e-6)
    assert np.ptp(slow.values[1]) > 0.0  # an event happened


def test_a_delay_is_left_to_the_reference_engine() -> None:
    assert not supported(kernel(LATE).equations)
