"""The lock of imlunestrant before surgery: what is predicted, from which rows its null model is, and that score takes it."""

from __future__ import annotations

import os
import subprocess
import sys
from math import log
from pathlib import Path

import numpy as np
import pytest

from serdsim.analysis.lock import Lock, read_lock
from serdsim.analysis.predicted import predictions, read_observables, read_scenarios
from serdsim.analysis.score import score
from serdsim.claims.evidence_rows import read_facts
from serdsim.errors import TableError
from serdsim.experiments.protocol import read_experiment
from serdsim.experiments.runner import Reading, Readings
from serdsim.model.recipe import shipped_library

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = shipped_library() / "predictions" / "window"
NAME = "imlunestrant_window.lock.json"
MARKERS = {"ER_H_score_left": "C130", "PgR_H_score_left": "P165", "Ki67_left": "C126"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lock of three draws."""
    folder = tmp_path_factory.mktemp("lock")
    words = ["--draws", "3", "--git-commit", "abc", "--created", "2026-01-01T00:00:00Z", "--out", str(folder)]
    script = str(ROOT / "verification" / "lock_window.py")
    subprocess.run([sys.executable, script, *words], check=True, capture_output=True, env=dict(os.environ))
    return folder


def test_every_arm_and_marker_is_predicted_with_what_was_measured_under_letrozole(made: Path) -> None:
    lock: Lock = read_lock(made / NAME)
    assert [(p["arm"], p["endpoint"]) for p in lock.predictions] == [
        (f"imlunestrant_{dose}", marker) for dose in (200, 400, 800) for marker in MARKERS
    ]
    facts = read_facts()
    for one in lock.predictions:
        fact = facts[MARKERS[one["endpoint"]]]
        assert (fact.role, fact.drug) == ("calibrate", "letrozole") and one["null_model"] == "as_measured"
        assert one["null"] == pytest.approx(1.0 - (fact.value or 0.0) / 100.0)
        assert 0 < one["lo90"] <= one["estimate"] <= one["hi90"] and one["time"] == 360 and one["held_out"]
        assert set(one["alone"]) == {"letrozole"}


def test_score_takes_the_lock(made: Path, tmp_path: Path) -> None:
    lock = read_lock(made / NAME)
    rows = [f"{p['arm']},360,{p['endpoint']},dimensionless,{p['estimate'] * 1.1},1" for p in lock.predictions]
    (tmp_path / "o.csv").write_text("\n".join(["scenario,time_h,observable,unit,value,replicate", *rows]) + "\n", encoding="utf-8")
    found = score(made / NAME, tmp_path / "o.csv")
    assert found.total.points == 9 and found.unobserved == 0 and found.total.error == pytest.approx(log(1.1))
    first = lock.predictions[0]
    assert found.points[0].locked_null == pytest.approx(log(first["null"] / first["estimate"] / 1.1))
    changed = (made / "observables.tsv").read_text(encoding="utf-8").replace("0.25", "0.5")
    for name in (NAME, "observables.tsv", "scenarios.tsv", "nulls.tsv", "WINDOW.yaml"):
        text = changed if name == "observables.tsv" else (made / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(Exception, match="the protocol beside the lock is not the one that was locked"):
        read_lock(tmp_path / NAME)


def test_a_prediction_is_what_is_left_by_hand() -> None:
    experiment = read_experiment(SHIPPED / "WINDOW.yaml")
    left = {"imlunestrant_200": 0.5, "imlunestrant_400": 0.25, "imlunestrant_800": 0.75, "letrozole": 0.1}
    found = {}
    for id, series in experiment.series.items():
        course = np.full((1, len(experiment.times()), 5), 40.0 * left[id])
        course[:, 0] = 40.0
        found[id] = Reading(series, experiment.times(), dict.fromkeys(experiment.outputs, course), 0)
    readings = Readings(experiment, found, {}, (), 0.0, 5)
    observables = read_observables(SHIPPED, {}, {"C130": 0.9, "P165": 0.2, "C126": 0.3})["WINDOW"]
    rows = [row for scenario in read_scenarios(SHIPPED, {"WINDOW": experiment}) for row in predictions(scenario, readings, observables)]
    assert [row.median for row in rows] == [0.5] * 3 + [0.25] * 3 + [0.75] * 3
    assert [row.null for row in rows] == [0.9, 0.2, 0.3] * 3 and {row.alone for row in rows} == {(("letrozole", 0.1),)}
    assert rows[0].lo90 == pytest.approx(0.5 * np.exp(-1.644854 * 0.25), rel=1e-4)


def test_the_null_model_takes_no_row_that_fits_may_not_read() -> None:
    with pytest.raises(TableError, match="the null model may not take this row"):
        read_observables(SHIPPED, {}, {"C130": 0.9, "P165": 0.2})


def test_the_shipped_lock_is_whole() -> None:
    """It is written once and stays: nothing here says that today's model would predict the same."""
    lock = read_lock(SHIPPED / NAME)
    assert lock.unchecked == () and len(lock.predictions) == 9
    assert lock.record["draws"] >= 500 and "changes" not in lock.record["git_commit"]
