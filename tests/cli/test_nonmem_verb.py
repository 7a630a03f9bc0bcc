"""``serdsim simulate MODEL --nonmem FILE``: what it writes, what it says and what it refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from serdsim.cli import main

MODEL = """model oral
  species gut = 0; species central = 0; ka = 1.5; k = 0.1;
  A: gut -> central; ka*gut;
  E: central -> ; k*central;
end
"""
FILE = """ID,TIME,AMT,RATE,II,SS,EVID,CMT,WT,k
b,0,100,0,12,1,1,2,70,0.1
b,0,.,.,.,.,0,2,70,0.1
b,5,.,.,.,.,0,2,70,0.2
a,1,20,10,0,0,1,2,70,0.1
a,3,.,.,.,.,0,2,70,0.1
"""
WAYS = ("--compartments", "1=gut,2=central")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("oral.ant").write_text(MODEL, encoding="utf-8")
    Path("data.csv").write_text(FILE, encoding="utf-8")


def table() -> pd.DataFrame:
    (folder,) = Path("runs").iterdir()
    return pd.read_csv(folder / "tables" / "observations.csv")


def test_observations_are_written_in_the_order_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "oral.ant", "--nonmem", "data.csv", *WAYS, "--output", "central", "--json"]) == 0
    captured = capsys.readouterr()
    found = table()
    assert found[["individual", "time", "status"]].values.tolist() == [["b", 0.0, "ok"], ["b", 5.0, "ok"], ["a", 3.0, "ok"]]
    peak = 100 / -math.expm1(-1.2)
    assert found["central"].tolist() == pytest.approx([peak, peak * math.exp(-1.0), 100 * -math.expm1(-0.2)], rel=1e-6)
    (item,) = json.loads(captured.out)["items"]
    assert item["max"] == pytest.approx(peak, rel=1e-6)
    assert "Read as inputs of the model: the column k." in captured.err
    assert "Passed over: the column WT." in captured.err


def test_an_individual_without_steady_state_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("oral.ant").write_text(MODEL.replace("central -> ;", "central -> sink;").replace("species gut", "species sink = 0, gut"))
    assert main(["simulate", "oral.ant", "--nonmem", "data.csv", *WAYS]) == 3
    said = capsys.readouterr().err
    assert "1 of 2 individuals failed (no_steady_state: b)" in said
    assert "no steady state: nothing ever leaves" in said
    found = table()
    assert found["central"].notna().tolist() == [False, False, True]
    assert found["status"].tolist() == ["no_steady_state", "no_steady_state", "ok"]


def test_compartments_are_never_guessed_among_several(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "oral.ant", "--nonmem", "data.csv"]) == 2
    said = capsys.readouterr().err
    assert "the file doses compartment 2; which species of oral.ant that is must be said; expected one of gut, central" in said
    assert "--compartments 2=gut" in said
    assert not Path("runs").exists()
    Path("one.ant").write_text("model one\n  species central = 0;\n  E: central -> ; 0.1*central;\nend\n", encoding="utf-8")
    Path("one.csv").write_text("ID,TIME,AMT\n1,0,8\n1,0,.\n", encoding="utf-8")
    assert main(["simulate", "one.ant", "--nonmem", "one.csv"]) == 0
    assert table()["central"].tolist() == [8.0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["oral.ant", "gut 1 umol", "--nonmem", "data.csv"], "a regimen cannot stand beside --nonmem"),
        (["oral.ant", "--nonmem", "data.csv", "--hours", "5", "--draws", "3"], "--hours or --every and --draws cannot stand beside"),
        (["oral.ant", *WAYS], "--compartments is for the records of a file"),
        (["cell", "--nonmem", "data.csv"], "the shipped model cell takes a regimen, not records"),
        (["oral.ant", "--nonmem", "gone.csv"], "gone.csv  the file cannot be read"),
        (["oral.ant", "--nonmem", "data.csv", "--compartments", "2"], '"2" in --compartments is no pair'),
        (["oral.ant", "--nonmem", "data.csv", "--compartments", "2=gut,2=central"], '"2=central" in --compartments is no pair'),
        (["oral.ant", "--nonmem", "data.csv", "--compartments", "2=plasma"], "plasma: --compartments names no species"),
        (["oral.ant", "--nonmem", "data.csv", "--compartments", "1=gut"], "data.csv:2  CMT is 2, which stands for no species"),
        (["oral.ant", "--nonmem", "data.csv", *WAYS, "--output", "plasma"], "plasma: the model has no such output"),
    ],
)
def test_wrong_questions_are_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *words]) == 2
    assert said in capsys.readouterr().err
    assert not Path("runs").exists()
