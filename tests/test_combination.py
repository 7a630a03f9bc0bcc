"""Two drugs together, predicted: what is asked, what the null models say of it, and what a run leaves."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import serdsim as ss
from serdsim.analysis import combination as module
from serdsim.analysis.combination import Against, Combination, drugs_named, predict_combination, read_assay
from serdsim.cli import main
from serdsim.endpoints.synergy import excess
from serdsim.errors import InputError
from serdsim.experiments.reached import reached
from serdsim.model.recipe import shipped_library
from serdsim.report.combination_answer import alone_and_together, strip

LIBRARY = shipped_library()


@pytest.fixture(scope="module")
def found() -> Combination:
    return predict_combination("imlunestrant+palbociclib", genotype="Y537S", draws=4)


def test_the_cell_is_what_patients_reach_on_average(found: Combination) -> None:
    for levels, at, name in zip(found.levels, found.at, found.drugs, strict=True):
        usual = reached(name, LIBRARY)
        assert usual is not None
        assert levels[0] == 0
        assert levels[at] == pytest.approx(float(np.median(usual.nominal("mean"))), rel=0.05)
        assert np.all(usual.lowest <= usual.mean) and np.all(usual.mean <= usual.highest)
        assert usual.nominal("mean") * usual.per_nominal == pytest.approx(usual.mean)


def test_null_models_are_those_of_the_matrix(found: Combination) -> None:
    assert found.effects.shape == (6, 6, 4)
    assert found.effects[0, 0] == pytest.approx(np.zeros(4))
    for one in found.against:
        above = excess(one.model, found.effects, *found.levels)[found.at]
        assert (one.above, one.p_above) == pytest.approx((float(np.median(above)), float(np.mean(above > 0))))
        assert one.lo90 <= one.above <= one.hi90
    assert [name for name, _ in alone_and_together(found)] == [f"imlunestrant {found.levels[0][3]:g} nM", "palbociclib 41 nM", "both"]


def test_order_does_not_matter_and_the_terminal_gives_the_same_run(
    found: Combination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["predict", "palbociclib+imlunestrant", "--genotype", "Y537S", "--draws", "4", "--out", str(tmp_path)]
    assert main(asked) == 0
    folder = tmp_path / found.run
    assert {path.name for path in folder.iterdir()} == {"run.json", "tables", "figures", "report.html"}
    assert len(list((folder / "figures").glob("*.svg"))) == 8
    printed = capsys.readouterr().out
    assert "Bliss" in printed and re.search(r"imlunestrant [0-9.]+ nM", printed)
    answer = ss.predict("imlunestrant+palbociclib", genotype="Y537S", draws=4)
    assert answer.found.run == found.run
    assert (folder / "report.html").read_text(encoding="utf-8") == answer.page
    cells = answer.tables["surfaces"]
    assert len(cells) == 4 * 36 and cells["p_above"].isna().sum() == 4 * 11


@pytest.mark.parametrize(
    ("spans", "verdict"),
    [
        ({"bliss": (0.1, 0.2), "loewe": (0.1, 0.2), "zip": (-0.1, 0.2)}, "synergy"),
        ({"hsa": (0.1, 0.2), "bliss": (-0.1, 0.2), "loewe": (0.1, 0.2), "zip": (-0.1, 0.2)}, "neither"),
        ({"bliss": (-0.2, -0.1), "loewe": (-0.2, -0.1), "zip": (-0.2, 0.1)}, "antagonism"),
        ({"bliss": (0.1, 0.2), "loewe": (-0.1, 0.2), "zip": (0.1, 0.2)}, "neither"),
        ({"bliss": (0.0, 0.1), "loewe": (0.0, 0.1), "zip": (0.0, 0.1)}, "neither"),
    ],
)
def test_synergy_needs_loewe_and_another_null_model(found: Combination, spans: dict[str, tuple[float, float]], verdict: str) -> None:
    against = tuple(Against(name, name, 0.5, sum(span) / 2, *span, 0.5) for name, span in spans.items())
    made = replace(found, against=against)
    assert made.agreement.verdict == verdict
    assert strip(made.agreement).lower().startswith({"neither": "no synergy"}.get(verdict, verdict))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("imlunestrant", "names one drug"),
        ("imlunestrant+imlunestrant", "twice"),
        ("imlunestrant+abemaciclib+alpelisib", "3 drugs"),
        ("imlunestrant+", "without name"),
        ("imlunestrant+abemacicib", "Did you mean abemaciclib"),
        ("imlunestrant+fulvestrant", "both act on the receptor"),
        ("palbociclib+abemaciclib", "both are partners"),
    ],
)
def test_what_is_no_pair_is_refused(words: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        drugs_named(words, LIBRARY)


def test_a_drug_whose_exposure_nobody_says_and_a_negative_concentration_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="not known here"):
        predict_combination("giredestrant+abemaciclib", draws=1)
    assert main(["predict", "imlunestrant+abemaciclib", "--estradiol", "-1"]) == 2
    assert "oestradiol" in capsys.readouterr().err


def test_the_dish_is_data_and_a_broken_one_is_named(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    shutil.copy(LIBRARY / "reached.yaml", library / "reached.yaml")
    assert read_assay(library).multiples[0] < 1.0
    text = (library / "reached.yaml").read_text(encoding="utf-8")
    (library / "reached.yaml").write_text(text.replace("multiples: [0.1, 0.3, 1, 2, 4]", "multiples: [0.1, 0.3]"), encoding="utf-8")
    with pytest.raises(InputError, match=r"reached\.yaml:\d+.*1 is not among them"):
        module.read_assay(library)


def test_palbociclib_does_nothing_where_rb1_is_lost(found: Combination) -> None:
    without = predict_combination("imlunestrant+palbociclib", cell_line="MDA-MB-468", draws=2)
    assert np.abs(without.effects[0]).max() < 1e-3
    assert found.effects[0, -1].min() > 0.1
    assert found.run != without.run
