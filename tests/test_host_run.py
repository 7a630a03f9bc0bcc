"""The run of a host: tables with names and readings, figures with doses, a page; what means nothing is refused in words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from serdsim.cli import main
from serdsim.experiments.panel import Axis, Band, Given, Panel
from serdsim.report.figure import draw

ASKED = ["simulate", "patient", "imlunestrant 400 mg po q24h x 7 + abemaciclib 150 mg po q12h x 14", "--genotype", "Y537S"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    assert main([*ASKED, "--patients", "4", "--plot", "--out", str(root)]) == 0
    (run,) = (path for path in root.iterdir() if path.is_dir())
    return run


def test_tables_are_labelled(folder: Path) -> None:
    rows, columns = (pd.read_csv(folder / "tables" / f"{name}.csv") for name in ("trajectories", "columns"))
    assert columns["column"].tolist() == rows.columns.tolist()
    units = dict(zip(columns["column"], columns["unit"], strict=True))
    assert units["drug_plasma"] == "nM"
    assert units["time"] == "h"
    assert units["tumour_volume"] == "mm^3"
    assert columns.set_index("column").loc["partner_plasma", "title"] == "abemaciclib in plasma, total"


def test_readings_are_those_of_the_trajectories(folder: Path) -> None:
    rows = pd.read_csv(folder / "tables" / "trajectories.csv")
    readings = pd.read_csv(folder / "tables" / "readings.csv")
    last = rows[(rows["time"] >= 144.0) & (rows["time"] <= 168.0)]
    highest = last.groupby("individual")["drug_plasma"].max()
    found = readings[
        (readings["output"] == "drug_plasma") & (readings["measure"] == "highest") & readings["interval"].str.startswith("last")
    ]
    assert found.set_index("unit").loc["nM", "value"] == pytest.approx(highest.median(), rel=1e-12)
    assert found.set_index("unit").loc["ng/mL", "value"] == pytest.approx(highest.median() * 0.5245, rel=1e-9)
    assert found.set_index("unit").loc["nM", "hi90"] == pytest.approx(np.quantile(highest, 0.95), rel=1e-12)
    volume = rows.pivot_table(index="individual", columns="time", values="tumour_volume")
    end = readings[(readings["output"] == "tumour_volume") & (readings["measure"] == "change at the end")]["value"].item()
    assert end == pytest.approx(float((100.0 * (volume[168.0] / volume[0.0] - 1.0)).median()), rel=1e-9)
    shares = readings[(readings["kind"] == "response") & readings["measure"].str.startswith("at the end")]["value"]
    assert shares.sum() == pytest.approx(100.0)


def test_figures_are_drawn_wide_and_narrow_with_doses(folder: Path) -> None:
    names = {path.stem for path in (folder / "figures").glob("*.svg")}
    for id in ("exposure-drug", "exposure-partner-last", "receptor", "markers-ki67", "markers-hscore", "tumour-diameter", "ctdna"):
        assert {id, f"{id}-narrow"} <= names
        assert (folder / "figures" / f"{id}.png").read_bytes().startswith(b"\x89PNG")
    for path in (folder / "figures").glob("*.svg"):
        drawing = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        words = " ".join(drawing.itertext())
        assert "nan" not in words
        assert "central 90 % of 5" in words
        assert ("imlunestrant 400 mg po every 24 h" in words) == ("-last" not in path.stem)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "no medical advice" in page
    assert page.count("<figure") == len(names) // 2
    assert not re.search(r'(src|href)="https?:', page)


def test_the_json_has_the_contracts_form(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([*ASKED[:2], "imlunestrant 400 mg po once", "--hours", "24", "--json", "--plot", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    said = json.loads(printed.out)
    assert set(said) == {"schema", "run", "items"}
    assert {item["unit"] for item in said["items"] if item.get("reading") == "exposure"} == {"nM", "ng/mL", "h", "nM*h", "ng*h/mL"}
    assert not any(item.get("title", "").startswith("abemaciclib") for item in said["items"] if "reading" in item)
    assert "report.html" in printed.err


def test_exposures_are_not_read_from_a_coarse_grid(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Steps of 6 h miss a peak at 4 h; every half hour is close enough for a day, but no grid is for a dose into a vein."""
    for said, every, shown, left in (
        ("imlunestrant 400 mg po q24h x 3", "6", 0, "imlunestrant (first interval), imlunestrant (last interval)"),
        ("imlunestrant 400 mg po q24h x 3", "0.5", 2, ""),
        ("imlunestrant 400 mg iv q24h x 3", "0.5", 1, "imlunestrant (first interval)"),
    ):
        assert main(["simulate", "pk_human", said, "--every", every, "--json", "--out", str(tmp_path)]) == 0
        out, err = capsys.readouterr()
        intervals = {item["interval"] for item in json.loads(out)["items"] if item.get("reading") == "exposure"}
        assert len(intervals) == shown
        assert f"Exposures of {left} are left out" in err if left else "left out" not in err


def test_an_untreated_patient_is_an_honest_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["simulate", "patient", "--hours", "48", "--out", str(tmp_path)]) == 0
    words = capsys.readouterr().out
    assert "no medical advice" in words
    assert "dosing interval" not in words
    assert "nan" not in words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["imlunestrant 400 nM once"], "concentration"),
        (["imlunestrant 400 nmoll po once"], "nmol"),
        (["imlunestrnt 400 mg po once"], "imlunestrant"),
        (["imlunestrant nan mg po once"], "finite"),
        ([""], "empty"),
        (["imlunestrant 400 mg po once", "--genotype", "Y537"], "Y537S"),
        (["imlunestrant 400 mg po once", "--set", "fed=nan"], "finite"),
        (["imlunestrant 400 mg po once", "--set", "host_death=-1"], "outside its bounds"),
        (["imlunestrant 400 mg po once", "--set", "share_c1=1.5"], "outside its bounds"),
        (["imlunestrant 400 mg po once", "--set", "in_brain=2"], "outside its bounds"),
        (["imlunestrant 400 mg po once", "--set", "n_cells=0"], "above 0"),
        (["imlunestrant 400 mg po once", "--set", "v_cell=0"], "above 0"),
        (["imlunestrant 400 mg po once", "--set", "cell_share=0"], "above 0"),
        (["imlunestrant 400 mg po once", "--every", "0"], "above 0"),
        (["imlunestrant 400 mg po once", "--patients", "-1"], "patients"),
    ],
)
def test_what_means_nothing_is_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["simulate", "patient", *words, "--out", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_individual_of_whom_an_output_is_no_number_has_failed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = ["simulate", "patient", "--hours", "2", "--set", "n_cells=1e308", "--set", "v_cell=1e3", "--output", "tumour_volume"]
    assert main([*asked, "--output", "ki67_percent", "--out", str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert "not_finite: 0" in said
    assert "tumour_volume is no finite number at time 0" in said


def test_a_huge_dose_is_finite_or_fails_by_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["simulate", "pk_human", "imlunestrant 1e12 mg po once", "--hours", "24", "--out", str(tmp_path)]) == 0
    assert "nan" not in capsys.readouterr().out
    assert main(["simulate", "pk_human", "imlunestrant 1e305 mg po once", "--hours", "24", "--out", str(tmp_path)]) in (2, 3)


def test_own_models_and_dishes_are_drawn_too(tmp_path: Path) -> None:
    own = tmp_path / "two.ant"
    own.write_text("model two\ncompartment c = 1; species a in c = 3, b in c = 0; k = 1; a -> b; k*a*c;\nend\n", encoding="utf-8")
    assert main(["simulate", str(own), "--hours", "3", "--plot", "--out", str(tmp_path / "runs")]) == 0
    assert main(["simulate", "cell", "imlunestrant 10 nM once", "--hours", "3", "--plot", "--out", str(tmp_path / "runs")]) == 0
    drawn = [sorted(path.stem for path in run.glob("figures/*.png")) for run in (tmp_path / "runs").iterdir() if run.is_dir()]
    assert ["other-1-1"] in drawn
    assert any("targets" in names for names in drawn)


def test_doses_that_run_together_become_a_bar() -> None:
    line = Band("a", (0.0, 84.0), (1.0, 2.0), (1.0, 2.0), (1.0, 2.0))
    panel = Panel("id", "title", Axis("time", "d"), Axis("level", "nM"), (line,))
    bare = draw(panel)
    few, many = (
        draw(Panel(**{**panel.__dict__, "given": (Given("drug 1 mg", tuple(np.arange(n) * 84.0 / n), 84.0 / n),)})) for n in (12, 900)
    )
    assert bare.count("drug 1 mg") == 0
    height = [float(re.search(r'viewBox="0 0 [0-9.]+ ([0-9.]+)"', text).group(1)) for text in (bare, few, many)]
    assert height[0] < height[1] == height[2]
    assert few.count("v9") == 12
    assert many.count("v9") == 1
