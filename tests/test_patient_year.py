"""What the tolerances of a host lose: judged against a reference that makes its own time before treatment, states of the cell included."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serdsim.engine.plan import Arrays

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "verification"))
import patient_year


@pytest.fixture(scope="module", params=sorted({words for _, words in patient_year.REGIMENS}))
def job(request: pytest.FixtureRequest):
    _, apart, shown = patient_year.jobs(4, request.param, 6, 6)
    assert apart.outputs[shown] == "E2_cell" and len(apart.outputs) - shown > 15
    return apart, shown


def test_shown_outputs_are_within_a_thousandth(job) -> None:
    apart, shown = job
    seen, states = patient_year.lost(apart, shown)
    assert 0.0 < seen.median <= seen.p99 < 1e-3
    assert seen.p99 < states.p99 < 0.03


def test_what_is_lost_before_treatment_counts(job) -> None:
    apart, shown = job
    start = replace(apart, times=np.array([0.0]), balances=None)
    assert patient_year.lost(start, shown)[0].largest > 1e-7


def test_errors_are_over_the_value_or_a_thousandth_of_the_largest() -> None:
    true = np.array([[[1000.0], [10.0], [0.0]]])
    loose = true + np.array([[[1.0], [0.1], [0.02]]])
    arrays = [Arrays(values, np.array(["ok"], dtype=object), ("",), values[0], np.array([1])) for values in (loose, true)]
    assert patient_year.errors_of(*arrays)[0, 0] == pytest.approx(0.02)
