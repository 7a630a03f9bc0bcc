"""``serdsim design --claim``: words, table, figures and page of what would decide a statement; the same question has the same id."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from serdsim.cli import main
from serdsim.errors import InputError
from serdsim.evidence.design import design_claim
from serdsim.report.design_page import design_figures, design_page


def test_the_verb_writes_table_figures_and_page_and_says_the_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["design", "--claim", "MOA-10", "--out", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert document["run"] == folder.name
    table = pd.read_csv(folder / "tables" / "measurements.csv")
    held = table[table["row"] == document["items"][0]["row"]]
    assert len(held) >= 3 and held["value"].is_monotonic_increasing
    assert held["p_pass"].between(0, 1).all()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "What would decide MOA-10?" in page and "serdsim design --claim MOA-10" in page
    figures = sorted(path.name for path in (folder / "figures").glob("*.svg"))
    assert len(figures) == 2 * table["row"].nunique()
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["verb"] == "design"


def test_the_same_question_has_the_same_id_and_page_and_another_seed_another() -> None:
    one, again, other = design_claim("MOA-10"), design_claim("MOA-10", workers=1), design_claim("MOA-10", seed=2)
    assert one.run == again.run != other.run
    assert one.deciding == again.deciding and design_page(one) == design_page(again) and design_figures(one) == design_figures(again)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["MOA-10", "--draws", "8"], "8 draws are too few"),
        (["MOA-02b"], "not tested"),
        (["MOA-11"], "derived from MOA-01"),
        (["MOA-1O"], "MOA-10"),
    ],
)
def test_what_cannot_be_looked_at_is_refused_with_what_can(
    asked: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["design", "--claim", *asked, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert words in said and "Traceback" not in said
    with pytest.raises(InputError):
        design_claim("nothing")
