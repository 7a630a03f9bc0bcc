"""The verbs: what each writes to stdout, to stderr and into its run folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_cases import RUN, answering, outcome

from serdsim.cli import main
from serdsim.results.run_folder import read_run, write_run


def test_json_is_one_document_on_stdout(public: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    seen = answering(public, outcome(), outcome("MOA-02b", None, "not_testable"))
    assert main(["moa", "--json", "--draws", "8", "--as-of", "2024-10-02", "--out", "here"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert (document["schema"], document["run"]) == (1, RUN)
    assert [item["id"] for item in document["items"]] == ["MOA-01", "MOA-02b"]
    assert "report.html" in captured.err
    assert (seen["draws"], seen["seed"], seen["only"], seen["as_of"]) == (8, 1, None, "2024-10-02")
    assert read_run(Path("here"), RUN)["verb"] == "moa"
    assert Path("here", RUN, "tables", "outcomes.parquet").exists()


def test_a_statement_that_cannot_be_tested_is_said_so(public: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    seen = answering(public, outcome("MOA-02b", None, "not_testable"))
    assert main(["claim", "MOA-02b"]) == 0
    out = capsys.readouterr().out
    assert "◌ not testable on public data" in out
    assert "no public number" in out
    assert seen["only"] == ["MOA-02b"]


def test_failed_draws_give_status_3_after_everything_is_written(public: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    answering(public, outcome(failed=2))
    assert main(["moa", "--json"]) == 3
    captured = capsys.readouterr()
    assert json.loads(captured.out)["items"]
    assert "MOA-01: 2 of 64" in captured.err
    assert read_run(Path("runs"), RUN)


TURNING = "species A = 2; species B = 0; k = 1; A -> B; k*A; seen := A + B;"
RUNNING_AWAY = "x = 1; x' = x*x;"


def test_a_simulation_is_summed_up_and_written(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("turning.ant").write_text(TURNING)
    assert main(["simulate", "turning.ant", "A 3 nM", "--output", "seen", "--output", "A", "--hours", "2"]) == 2
    assert not Path("runs").exists()
    capsys.readouterr()
    assert main(["simulate", "turning.ant", "--output", "seen", "--output", "A", "--hours", "2", "--seed", "3"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1].split() == ["seen", "not", "given", "2", "2", "2", "2"]
    assert captured.out.splitlines()[2].split() == ["A", "not", "given", "2", "0.2707", "0.2707", "2"]
    (run,) = (path for path in Path("runs").iterdir() if path.is_dir())
    table = (run / "tables" / "trajectories.csv").read_text().splitlines()
    assert table[:2] == ["individual,time,seen,A,status", "0,0.0,2.0,2.0,ok"]
    record = read_run(Path("runs"), run.name)
    assert (record["verb"], record["status"]) == ("simulate", {"ok": 1, "failed": 0})
    assert record["replay"] == "serdsim simulate turning.ant --hours 2 --every 1 --draws 1 --seed 3 --output seen --output A"


def test_individuals_that_failed_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("away.ant").write_text(RUNNING_AWAY)
    assert main(["simulate", "away.ant", "--hours", "2", "--draws", "3", "--workers", "1", "--json"]) == 3
    captured = capsys.readouterr()
    item = json.loads(captured.out)["items"][0]
    assert item == {"observable": "x", "unit": "not given", "first": None, "last": None, "min": None, "max": None, "title": "x"}
    assert re.search(r"3 of 3 individuals failed \(\w+: 0, 1, 2\); their values are missing in the tables\n.* at time ", captured.err)
    (run,) = (path for path in Path("runs").iterdir() if path.is_dir())
    assert read_run(Path("runs"), run.name)["status"] == {"ok": 0, "failed": 3}
    assert (run / "tables" / "failures.csv").read_text().startswith("individual,status,message\n0,")


def test_runs_are_listed_and_cited(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["runs", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
    write_run(tmp_path, RUN, {"verb": "moa", "summary": "3 of [9] supported", "citations": ["Rich2002"]})
    (tmp_path / "torn").mkdir()
    assert main(["runs", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert RUN in out
    assert "3 of [9] supported" in out
    assert "broken: run.json is missing" in out
    assert main(["runs", "--json", "--out", str(tmp_path)]) == 0
    assert [item["state"] for item in json.loads(capsys.readouterr().out)["items"]] == ["ok", "broken: run.json is missing"]
    assert main(["cite", "0123", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("@article{Rich2002,")
    assert main(["cite", "0123", "--format", "ris", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("TY  - JOUR")


def test_cite_says_when_there_is_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_run(tmp_path, RUN, {})
    assert main(["cite", RUN, "--out", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"run {RUN} rests on no reference\n")


def test_check_judges_shipped_models_and_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["check", "cell"]) == 0
    assert "Its units fit." in capsys.readouterr().out
    bare = tmp_path / "bare.ant"
    bare.write_text("model bare\n  compartment c = 1; species A in c = 1; k = 0.1;\n  R: A -> ; k*A;\nend\n")
    assert main(["check", str(bare)]) == 0
    assert "Units that are missing" in capsys.readouterr().out
    wrong = tmp_path / "wrong.ant"
    wrong.write_text(
        "model wrong\n  unit time_unit = 3600 second; unit extent = 1e-9 mole; unit nM = 1e-9 mole/litre; unit per_min = 1/(60 second);\n"
        "  unit L = litre;\n  compartment c = 1; c has L; species A in c = 1; A has nM; k = 0.1; k has per_min;\n  R: A -> ; c*k*A;\nend\n"
    )
    assert main(["check", str(wrong)]) == 2
    assert "Units that do not fit" in capsys.readouterr().out
    broken = tmp_path / "broken.xml"
    broken.write_text("<sbml>")
    assert main(["check", str(broken)]) == 2
    assert "Traceback" not in capsys.readouterr().err
