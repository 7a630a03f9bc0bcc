"""Scores by hand, and observations that nothing speaks of are never dropped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from serdsim.analysis.score import score
from serdsim.cli import main
from serdsim.errors import InputError

HEAD = "scenario,time_h,observable,unit,median,lo90,hi90\n"
SEEN = "scenario,time_h,observable,unit,value,replicate\n"


def files(folder: Path, predictions: str, observed: str) -> tuple[Path, Path]:
    (folder / "p.csv").write_text(HEAD + predictions, encoding="utf-8")
    (folder / "o.csv").write_text(SEEN + observed, encoding="utf-8")
    return folder / "p.csv", folder / "o.csv"


def test_scores_by_hand(tmp_path: Path) -> None:
    """Two scenarios: one met within a factor 2, one missed by 8; replicates are averaged on the log scale."""
    found = score(*files(tmp_path, "a,24,fold,dimensionless,2,1,4\nb,24,fold,dimensionless,8,6,10\nb,48,fold,dimensionless,5,1,9\n",
                         "a,24,fold,dimensionless,1,1\na,24,fold,dimensionless,4,2\nb,24,fold,dimensionless,1,\n"))  # fmt: skip
    a, b = found.points
    assert (a.observed, a.n, a.log_error, a.inside) == (pytest.approx(2.0), 2, pytest.approx(0.0), True)
    assert (b.log_error, b.inside) == (pytest.approx(np.log(8.0)), False)
    level = np.log(4.0) / 3.0  # the geometric mean of 1, 4 and 1
    assert (a.null_error, b.null_error) == (pytest.approx(level - np.log(2.0)), pytest.approx(level))
    assert found.unobserved == 1
    assert found.total.error == pytest.approx(np.log(8.0) / np.sqrt(2.0))
    assert (found.total.covered, found.total.points, found.total.bias) == (1, 2, pytest.approx(np.log(8.0) / 2.0))
    assert [one.name for one in found.scenarios] == ["a", "b"]


def test_units_of_one_kind_are_converted(tmp_path: Path) -> None:
    (point,) = score(*files(tmp_path, "a,1,drug,nM,100,50,200\n", "a,1,drug,uM,0.1,\n")).points
    assert (point.observed, point.log_error) == (pytest.approx(100.0), pytest.approx(0.0))


@pytest.mark.parametrize(
    ("predictions", "observed", "words"),
    [
        ("a,1,x,nM,2,1,3\n", "b,1,x,nM,2,\n", ("o.csv:2", 'scenario "b"', "one of a")),
        ("a,1,x,nM,2,1,3\n", "a,2,x,nM,2,\n", ("o.csv:2", "x at 2 h was not predicted", "x at 1 h")),
        ("a,1,x,nM,2,1,3\n", "a,1,x,mg/L,2,\n", ("o.csv:2", '"mg/L"', "of the kind of nM")),
        ("a,1,x,nM,2,1,3\n", "a,1,x,nM,0,\n", ("o.csv:2", "value is 0", "no logarithm")),
        ("a,1,x,nM,5,1,3\n", "a,1,x,nM,2,\n", ("p.csv:2", "median 5 lies outside", "1 to 3")),
        ("a,1,x,nM,2,1,3\na,1,x,nM,2,1,3\n", "a,1,x,nM,2,\n", ("p.csv:3", "line 2")),
        ("", "a,1,x,nM,2,\n", ("p.csv", "no row")),
        ("a,1,x,nM,nan,1,3\n", "a,1,x,nM,2,\n", ("p.csv:2", "nan")),
    ],
)
def test_what_cannot_be_scored_is_refused(tmp_path: Path, predictions: str, observed: str, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        score(*files(tmp_path, predictions, observed))
    assert all(word in str(caught.value) for word in words), caught.value


def test_the_verb_prints_a_table_and_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(path) for path in files(tmp_path, "a,1,x,nM,2,1,3\nb,1,x,nM,2,1,3\n", "a,1,x,nM,4,\n")]
    assert main(["score", *paths]) == 0
    shown = capsys.readouterr().out
    assert "2.00-fold" in shown and "0 of 1" in shown and "1 predictions were not observed" in shown
    assert main(["score", *paths, "--json"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert [item["name"] for item in items] == ["a", "all"] and items[1]["covered_share"] == 0.0
    assert main(["score", paths[0], str(tmp_path / "none.csv")]) == 2
