"""`serdsim bench` tells what it measures: errors fall with the tolerance, and a model that cannot be measured is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serdsim.cli import main
from serdsim.errors import InputError
from serdsim.simulation.speed import measure_speed


def test_errors_fall_with_the_tolerance_and_steps_grow() -> None:
    found = measure_speed("cell", duration_h=72.0, individuals=8, rtols=(1e-3, 1e-6), rounds=1)
    loose, tight, reference = found.rungs
    assert tight.median_error < loose.median_error < 1e-2
    assert tight.steps > loose.steps
    assert reference.engine == "reference" and reference.median_error < 1e-6
    assert all(rung.per_second > 0.0 for rung in found.rungs)


def test_a_delayed_event_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "late.ant"
    path.write_text("model late()\n x = 1; x' = -x; at 1 after time > 2: x = 3;\nend\n")
    with pytest.raises(InputError, match="delay"):
        measure_speed(str(path), duration_h=5.0, individuals=2)


def test_the_verb_prints_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "cell", "--hours", "4", "--individuals", "2", "--json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert item["states"] == 33 and len(item["rungs"]) == 6
