"""Measured matrices of two drugs: read without guessing, with an interval from their replicates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from serdsim.analysis.measured_matrix import read_matrix_file
from serdsim.cli import main
from serdsim.endpoints.synergy import excess
from serdsim.errors import TableError
from serdsim.report.measured_answer import answer_matrix

FIRST, SECOND = (0.0, 1.0, 10.0), (0.0, 2.0, 20.0)
EFFECTS = {(1.0, 0.0): 0.2, (10.0, 0.0): 0.5, (0.0, 2.0): 0.1, (0.0, 20.0): 0.4, (1.0, 2.0): 0.5, (10.0, 2.0): 0.8, (1.0, 20.0): 0.8}


def effect(a: float, b: float) -> float:
    return EFFECTS.get((a, b), 0.0 if a == b == 0 else 0.95)


def table(folder: Path, *, head: str = "drug1,drug2,conc1_uM,conc2_uM,replicate,inhibition_percent", scatter: float = 1.0) -> Path:
    """Write a table of three replicates, the middle one without scatter [points]."""
    rows = [head]
    for a in FIRST:
        for b in SECOND:
            rows += [f"A,B,{a / 1000},{b / 1000},{k},{100 * effect(a, b) + scatter * (k - 2)}" for k in (1, 2, 3)]
    path = folder / "matrix.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_long_table_becomes_a_matrix_in_nanomolar(tmp_path: Path) -> None:
    found = read_matrix_file(table(tmp_path))
    assert found.names == ("A", "B") and found.replicates == 3
    assert found.levels[0] == pytest.approx(FIRST) and found.levels[1] == pytest.approx(SECOND)
    assert found.means()[..., 0] == pytest.approx(np.array([[effect(a, b) for b in SECOND] for a in FIRST]))
    wide = np.sqrt(3 / 2)  # what three wells drawn with replacement scatter too little
    assert {value for values in found.drawn(200, 1)[1, 1].round(6)[None] for value in values} <= {
        round(0.5 + wide * k / 300, 6) for k in range(-3, 4)
    }


@pytest.mark.parametrize("replicates", [2, 3, 5])
def test_drawn_means_scatter_as_those_of_new_wells(tmp_path: Path, replicates: int) -> None:
    rows, wells = ["conc1_nM,conc2_nM,inhibition_percent"], np.linspace(-4.0, 4.0, replicates)
    rows += [f"{a},{b},{40 + well}" for a in FIRST for b in SECOND for well in wells]
    path = tmp_path / "m.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    found = read_matrix_file(path).drawn(4000, 1)
    assert found.std(axis=2) == pytest.approx(np.full((3, 3), np.std(wells / 100, ddof=1) / np.sqrt(replicates)), rel=0.06)


def test_scatter_of_the_vehicle_is_in_the_intervals_of_counts(tmp_path: Path) -> None:
    rows = ["conc1_nM,conc2_nM,cell_count"]
    for a in FIRST:
        for b in SECOND:
            rows += [f"{a},{b},{1000 * (1 - effect(a, b)) + (well if a == b == 0 else 0)}" for well in (-200, 0, 200)]
    path = tmp_path / "m.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    effects = read_matrix_file(path).drawn(500, 1)
    assert effects[0, 0] == pytest.approx(np.zeros(500), abs=1e-12)
    left = 1 - effects[2, 0]  # of the drug alone, whose wells are all alike: only the vehicle scatters
    assert left.std() / left.mean() == pytest.approx(0.2 / np.sqrt(3), rel=0.15)
    assert all(one.hi90 - one.lo90 > 0.02 for one in answer_matrix(path).against)


@pytest.mark.parametrize("name", ["viability_percent", "viability_fraction", "cell_count", "inhibition_fraction"])
def test_an_effect_is_read_by_its_name(tmp_path: Path, name: str) -> None:
    scale = {"viability_percent": 100.0, "cell_count": 4000.0}.get(name, 1.0)
    rows = [f"conc1_nM,conc2_nM,{name}"]
    for a in FIRST:
        for b in SECOND:
            rows.append(f"{a},{b},{scale * (effect(a, b) if name.startswith('inh') else 1 - effect(a, b))}")
    path = tmp_path / "m.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    found = read_matrix_file(path)
    assert found.means()[..., 0] == pytest.approx(np.array([[effect(a, b) for b in SECOND] for a in FIRST]), abs=1e-12)
    assert any("one replicate" in words for words in found.warnings)
    assert np.isnan([one.lo90 for one in answer_matrix(path).against]).all()
    assert answer_matrix(path).agreement.verdict == "neither"


def test_the_answer_is_the_mean_above_each_null_with_an_interval(tmp_path: Path) -> None:
    answer = answer_matrix(table(tmp_path), draws=100)
    effects = answer.measured.drawn(100, 1)
    for one in answer.against:
        means = excess(one.model, effects, *answer.measured.levels)[1:, 1:].mean(axis=(0, 1))
        assert one.above == pytest.approx(float(np.median(means)))
        assert one.lo90 < one.above < one.hi90
    # by Bliss: 0.5 - 0.28, 0.8 - 0.52, 0.8 - 0.55, 0.95 - 0.70, the mean of which is 0.25
    assert answer.against[1].above == pytest.approx(0.25, abs=0.01)
    assert answer.largest["bliss"] == pytest.approx((0.28, 1.0, 20.0))
    assert answer.agreement.verdict == "synergy"
    assert answer_matrix(table(tmp_path), draws=100).run == answer.run
    assert answer_matrix(table(tmp_path), draws=100, seed=2).run != answer.run


def test_the_verb_writes_a_run_and_says_the_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synergy", str(table(tmp_path)), "--draws", "50", "--out", str(tmp_path / "runs")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "A with B, inhibition percent" in printed and "Synergy: the central 90 % lies above Bliss, Loewe and ZIP" in printed
    run = next((tmp_path / "runs").iterdir())
    assert (run / "tables" / "null_models.csv").is_file() and len(list((run / "figures").glob("*.svg"))) == 8


@pytest.mark.parametrize("steep", [0.6, 1.0, 4.0])
def test_a_drug_with_itself_is_neither_synergy_nor_antagonism(tmp_path: Path, steep: float) -> None:
    rows, levels = ["conc1_nM,conc2_nM,inhibition_fraction"], (0.0, 3.0, 10.0, 30.0, 100.0)
    for a in levels:
        for b in levels:
            whole = 0.9 * (a + b) ** steep / (20.0**steep + (a + b) ** steep)
            rows += [f"{a},{b},{whole + scatter}" for scatter in (-0.01, 0.0, 0.01)]
    path = tmp_path / "m.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    answer = answer_matrix(path, draws=60)
    by = {one.model: one for one in answer.against}
    assert by["loewe"].lo90 < 0 < by["loewe"].hi90
    assert steep == 1.0 or by["bliss"].lo90 * by["bliss"].hi90 > 0  # which takes it for an interaction
    assert answer.agreement.verdict == "neither"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("conc1_uM", "conc1", "no concentrations with a unit"),
        ("conc1_uM", "conc1_log10M", "no unit of concentration"),
        ("inhibition_percent", "effect", "no effect that says what it is"),
        ("inhibition_percent", "inhibition_fraction", "inhibition_fraction reaches"),
        ("A,B,0.001,0.002,1,", "A,B,-3,0.002,1,", r"matrix.csv:14.*conc1_uM is -3"),
        ("A,B,0.001,0.002,1,", "C,B,0.001,0.002,1,", r"matrix.csv:14.*drug1 holds A, C"),
        ("A,B,0.001,0.002,1,49.0", "A,B,0.001,0.002,1,OVRFLW", "OVRFLW"),
        ("A,B,0.001,0.002,1,49.0", "A,B,0.001,0.002,1,49,0", "matrix.csv:14.*too many cells"),
        ("conc2_uM,replicate", "conc2_uM,conc2_nM", "several concentrations of one drug"),
        ("replicate", "Cell_Line", "Cell_Line holds 1, 2, 3"),
    ],
)
def test_what_could_mean_several_things_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = table(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(TableError, match=words):
        read_matrix_file(path)


def test_percent_that_are_fractions_and_holes_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path)
    rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(row for row in rows if not row.startswith("A,B,0.001,0.0,")), encoding="utf-8")
    with pytest.raises(TableError, match="1 cells are missing: 1 and 0 nM"):
        read_matrix_file(path)
    path.write_text("\n".join(row for row in rows if not row.startswith("A,B,0.0,")), encoding="utf-8")
    with pytest.raises(TableError, match="drug 1 has no rows without it"):
        read_matrix_file(path)
    small = [rows[0], *(f"{row.rsplit(',', 1)[0]},{float(row.rsplit(',', 1)[1]) / 100}" for row in rows[1:])]
    path.write_text("\n".join(small), encoding="utf-8")
    with pytest.raises(TableError, match="Rename the column inhibition_fraction"):
        read_matrix_file(path)
    with pytest.raises(TableError, match="cannot be read"):
        read_matrix_file(tmp_path / "none.csv")


@pytest.mark.shared
@pytest.mark.parametrize("name", ["oneil_ocubm_adavosertib_niraparib_long", "bt20_alpelisib_trametinib_72h"])
def test_published_tables_are_read_as_they_are(shared_dir: Path, name: str) -> None:
    found = read_matrix_file(shared_dir / "data" / "combination" / f"{name}.csv")
    assert found.replicates >= 3 and np.isfinite(found.means()).all()
