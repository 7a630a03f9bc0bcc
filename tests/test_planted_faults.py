"""Faults planted in a copy of the library change verdicts; which way they change is nobody's to say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from serdsim.model.recipe import shipped_library

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "verification"))
import planted_faults

FAULTS = {fault["id"]: fault for fault in planted_faults.faults()}
HELD = [id for id, fault in FAULTS.items() if "changes" in fault]


def test_the_three_kinds_are_there():
    """The sign of a feedback, a swapped genotype, a halved free fraction."""
    assert {"feedback_sign", "swapped_genotype", "halved_free_fraction"} <= set(HELD)


@pytest.mark.parametrize("id", HELD)
def test_a_fault_changes_a_verdict(id, tmp_path):
    fault = FAULTS[id]
    broken = planted_faults.planted(fault, tmp_path)
    seen = []
    for statement in fault["changes"]:
        before, after = (planted_faults.outcomes(library=one, only=[statement])[statement] for one in (shipped_library(), broken))
        seen.append((statement, before.verdict, before.p_pass, after.verdict, after.p_pass))
        if before.verdict != after.verdict:
            return
    raise AssertionError(seen)
