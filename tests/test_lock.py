"""Locked predictions: what is written down by hand, and what no longer is what was written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from math import erf, exp, log, sqrt
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from serdsim.analysis.lock import Lock, read_lock, write_lock
from serdsim.analysis.null_model import in_turn, level_in_turn, no_interaction, repeated
from serdsim.analysis.predicted import Observable
from serdsim.analysis.predictive import predictive_interval
from serdsim.analysis.score import score
from serdsim.cli import main
from serdsim.errors import InputError
from serdsim.model.recipe import shipped_library
from serdsim.report.standalone import standalone
from serdsim.tables import Column, read_table

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "verification" / "lock_predictions.py"
SHIPPED = shipped_library() / "predictions"
NAME = "mcf7_combinations.lock.json"


def one(arm: str, time: float, estimate: float, null: float, held_out: bool = True, **alone: float) -> dict[str, object]:
    ends = {"estimate": estimate, "lo90": estimate / 2, "hi90": estimate * 2, "unit": "dimensionless"}
    words = {"population": "MCF7", "arm": arm, "comparator": "c", "endpoint": "fold", "time": time, "null_model": "in_turn"}
    return words | ends | {"null": null, "alone": alone, "held_out": held_out}


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """Two scenarios: a is predicted well, its null model misses by 3, drug x alone by 9; b is missed by 2."""
    (tmp_path / "P.yaml").write_text("what: is predicted\n", encoding="utf-8")
    rests_on = {"model_sha256": "1", "calibration_sha256": "2", "git_commit": "abc", "created": "2026-01-01T00:00:00Z"}
    found = [one("a", 24, 4.0, 12.0, False, x=36.0), one("a", 48, 4.0, 12.0, x=36.0), one("b", 24, 8.0, 4.0)]
    write_lock(tmp_path / "l.lock.json", found, ["P.yaml"], rests_on | {"draws": 3, "seed": 1, "numerics": "n"})
    return tmp_path / "l.lock.json"


def seen(folder: Path) -> Path:
    rows = "a,24,fold,dimensionless,4,\na,48,fold,dimensionless,2,1\na,48,fold,dimensionless,8,2\nb,24,fold,dimensionless,4,\n"
    (folder / "o.csv").write_text("scenario,time_h,observable,unit,value,replicate\n" + rows, encoding="utf-8")
    return folder / "o.csv"


def test_the_interval_is_that_of_draws_and_noise_together() -> None:
    assert predictive_interval(np.array([5.0]), 0.4) == pytest.approx((5.0, 5.0 * exp(-1.6448536 * 0.4), 5.0 * exp(1.6448536 * 0.4)))
    draws = np.array([1.0, 2.0, 2.5, 40.0, 7.0])
    median, low, high = predictive_interval(draws, 0.3)
    for end, share in ((low, 0.05), (high, 0.95)):
        below = [0.5 * (1.0 + erf(log(end / draw) / 0.3 / sqrt(2.0))) for draw in draws.tolist()]
        assert sum(below) / len(below) == pytest.approx(share, abs=1e-6)
    assert median == 2.5
    assert predictive_interval(draws, 0.0) == pytest.approx((2.5, *np.exp(np.quantile(np.log(draws), [0.05, 0.95]))))


def test_null_models_by_hand() -> None:
    """One draw: untreated cells double a day, drug a halves that, drug b leaves no growth."""
    times = np.array([0.0, 24.0, 48.0, 72.0, 96.0])
    untreated, a, b = (np.array([[factor**day] for day in range(5)]) for factor in (2.0, 1.5, 1.0))
    assert no_interaction([a, b], untreated)[:, 0] == pytest.approx([0.75**day for day in range(5)])
    assert in_turn([a, b], times, (24.0, 72.0))[:, 0] == pytest.approx([1.0, 1.5, 1.5, 1.5, 2.25])
    assert level_in_turn([a, b], times, (24.0, 72.0))[:, 0] == pytest.approx([1.0, 1.5, 1.0, 1.0, 1.5**4])
    slowing = np.array([[1.0], [3.0], [5.0], [6.0], [7.0]])
    assert repeated(slowing, times, (48.0,), grows=True)[:, 0] == pytest.approx([1.0, 3.0, 5.0, 15.0, 25.0])
    assert repeated(slowing, times, (48.0,), grows=False)[:, 0] == pytest.approx([1.0, 3.0, 5.0, 3.0, 5.0])
    with pytest.raises(ValueError, match="not equally long"):
        repeated(slowing, times, (24.0, 72.0), grows=True)


def test_noise_counts_from_the_last_plating() -> None:
    fold, total, level = (Observable("o", "dimensionless", "live", how, 0.2, rate, "") for how, rate in
                          (("fold", 0.1), ("expansion", 0.1), ("level", 0.0)))  # fmt: skip
    assert fold.noise(336.0, ()) == pytest.approx(0.4)
    assert [fold.noise(time, (336.0,)) for time in (336.0, 504.0)] == pytest.approx([0.4, 0.3])
    assert total.noise(504.0, (336.0,)) == pytest.approx(sqrt(0.4**2 + 0.3**2))
    assert level.noise(504.0, (336.0,)) == pytest.approx(0.2)


def test_a_lock_is_scored_with_its_own_null_model(locked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = score(locked, seen(tmp_path))
    a, b = found.scenarios
    assert (a.error, a.locked_null, a.alone) == (pytest.approx(0.0), pytest.approx(log(3.0)), {"x": pytest.approx(log(9.0))})
    assert (b.error, b.locked_null, b.alone) == (pytest.approx(log(2.0)), pytest.approx(0.0), {})
    assert found.total.locked_null == pytest.approx(log(3.0) * sqrt(2.0 / 3.0))
    assert found.held_out is not None and (found.held_out.points, found.total.points) == (2, 3)
    assert main(["score", str(locked), str(tmp_path / "o.csv")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("Lock's null", "3.00-fold", "a x 9.00-fold", "held out 2", "commit abc"):
        assert words in shown
    assert "not checked" not in shown
    table = score(tmp_path / "l.csv", tmp_path / "o.csv")
    assert [point.log_error for point in table.points] == [point.log_error for point in found.points]
    assert table.total.locked_null is None and table.held_out is None


def test_an_unknown_scenario_of_a_lock_is_refused(locked: Path, tmp_path: Path) -> None:
    observed = seen(tmp_path)
    observed.write_text(observed.read_text(encoding="utf-8").replace("b,24", "c,24"), encoding="utf-8")
    with pytest.raises(InputError, match='no prediction speaks of the scenario "c"'):
        score(locked, observed)


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    text = path.read_text(encoding="utf-8")
    assert change(text) != text
    path.write_text(change(text), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("l.lock.json", '"estimate": 8.0', '"estimate": 4.0', "the lock was changed after it was written"),
        ("l.lock.json", '"null": 12.0', '"null": 40.0', "the lock was changed"),
        ("l.lock.json", '"git_commit": "abc"', '"git_commit": "abd"', "the lock was changed"),
        ("l.lock.json", '"held_out": false', '"held_out": true', "the lock was changed"),
        ("l.lock.json", "serdsim-lock-1", "serdsim-lock-9", "the schema is serdsim-lock-9"),
        ("l.lock.json", '"draws": 3,', "", "the lock lacks draws"),
        ("l.lock.json", '"endpoint": "fold"', '"endpoint": 3', "prediction 1 has not the fields"),
        ("l.lock.json", '["P.yaml"]', '"P.yaml"', "protocol and predictions lists"),
        ("l.lock.json", "{", "", "cannot be read as a lock"),
        ("P.yaml", "is predicted", "was seen", "the protocol beside the lock is not the one that was locked"),
        ("l.csv", "b,24,fold,dimensionless,8", "b,24,fold,dimensionless,7", "the table l.csv beside the lock was changed"),
    ],
)
def test_what_was_changed_after_locking_is_refused(locked: Path, tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    rewrite(tmp_path / file, lambda text: text.replace(old, new, 1))
    with pytest.raises(InputError, match=words):
        score(locked, seen(tmp_path))
    assert main(["score", str(locked), str(tmp_path / "o.csv")]) == 2


def test_a_lock_stands_without_its_folder_and_is_never_overwritten(locked: Path, tmp_path: Path) -> None:
    (tmp_path / "P.yaml").unlink()
    assert read_lock(locked).unchecked == ("P.yaml",)
    rewrite(locked, lambda text: text.replace(", ", ",  "))  # laid out anew, the same content
    assert len(read_lock(locked).predictions) == 3
    with pytest.raises(InputError, match="there is a lock of that name"):
        write_lock(locked, [], [], {})


def test_line_ends_are_not_content(locked: Path, tmp_path: Path) -> None:
    for name in ("P.yaml", "l.csv", "l.lock.json"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes().replace(b"\n", b"\r\n"))
    assert read_lock(locked).unchecked == ()


def made(folder: Path) -> Lock:
    words = ["--draws", "3", "--git-commit", "abc", "--created", "2026-01-01T00:00:00Z", "--out", str(folder)]
    subprocess.run([sys.executable, str(SCRIPT), *words], check=True, capture_output=True)
    return read_lock(folder / NAME)


def test_the_script_predicts_every_scenario_and_gives_the_same_again(tmp_path: Path) -> None:
    lock = made(tmp_path / "a")
    made(tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
    asked = read_table(SHIPPED / "scenarios.tsv", [Column(name) for name in ("scenario", "experiment", "comparator", "null", "hours",
                       "seen_h", "says")] + [Column("parts", required=False)])  # fmt: skip
    assert list(dict.fromkeys(p["arm"] for p in lock.predictions)) == [row.text("scenario") for row in asked]
    assert {p["time"] for p in lock.predictions if p["arm"].startswith("alt_")} == {144, 168, 312, 336, 480, 504, 648, 672}
    assert all(0 < p["lo90"] <= p["estimate"] <= p["hi90"] and p["null"] > 0 for p in lock.predictions)
    first = {p["time"] for p in lock.predictions if not p["held_out"]}
    assert first == {144, 168, 672} and not [p for p in lock.predictions if not p["held_out"] and p["arm"].startswith("fulv200")]
    by_key = {(p["arm"], p["endpoint"], p["time"]): p for p in lock.predictions}
    months = [by_key["long_alt_palbo750_fulv750", "fold_change_within_month", 672.0 * month] for month in (1, 2)]
    total = by_key["long_alt_palbo750_fulv750", "total_expansion", 672.0]
    assert months[0]["estimate"] == total["estimate"]  # nothing was taken away before the end of the first month
    assert [months[0]["null"], total["null"]] == [months[0]["estimate"]] * 2  # then it is still the drug alone
    assert months[0]["alone"]["long_palbo750"] == pytest.approx(months[0]["estimate"], rel=1e-5)
    count, fold = (by_key["fulv200_palbo50", id, 408.0]["estimate"] for id in ("cell_count", "fold_vs_start"))
    assert count / fold == pytest.approx(43000.0, rel=1e-4)


def test_the_shipped_lock_is_whole() -> None:
    """It is written once and stays: nothing here says that today's model would predict the same."""
    if not (SHIPPED / NAME).is_file():
        pytest.skip("no lock yet: python verification/lock_predictions.py")
    lock = read_lock(SHIPPED / NAME)
    assert lock.unchecked == () and len(lock.predictions) > 400
    assert lock.record["draws"] >= 500 and "changes" not in lock.record["git_commit"]
    rows = (SHIPPED / lock.record["table"]).read_text(encoding="utf-8").splitlines()
    assert len(rows) == len(lock.predictions) + 1
    first, last = rows[1].split(","), rows[-1].split(",")
    for row, prediction in ((first, lock.predictions[0]), (last, lock.predictions[-1])):
        assert [row[0], float(row[1]), float(row[4])] == [prediction["arm"], prediction["time"], prediction["estimate"]]


def test_the_readme_is_what_the_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SCRIPT), "--text", "--out", str(tmp_path)], check=True, capture_output=True)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_a_figure_of_its_own_brings_light_and_dark() -> None:
    from serdsim.experiments.panel import Axis, Band, Panel
    from serdsim.report.figure import draw

    band = Band("a", (0.0, 1.0), (1.0, 2.0), (0.5, 1.0), (2.0, 4.0))
    text = standalone(draw(Panel("p", "p", Axis("time", "h"), Axis("fold", "dimensionless"), (band,))))
    root = ElementTree.fromstring(text)
    style = next(part.text or "" for part in root if part.tag.endswith("style"))
    light, dark = style.split("@media (prefers-color-scheme:dark)")
    assert "--paper:#fbfcfa" in light and "--paper:#101417" in dark.split("}}")[0] and ".f-median{" in dark
    assert [name for name in ("--ink:", "--median:", "--band-o:") if name not in light] == []
    with pytest.raises(ValueError, match="no viewBox"):
        standalone("<svg></svg>")
