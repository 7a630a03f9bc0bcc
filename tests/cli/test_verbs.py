"""The verbs: what each writes to stdout, to stderr and into its run folder."""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
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


def dataset(status: list[str] | np.ndarray) -> xr.Dataset:
    values = np.array([[1.0, 2.0, 4.0], [3.0, 1.0, 6.0]])
    values[np.array([word not in ("ok", 0) for word in status])] = np.nan
    return xr.Dataset(
        {"er_total": (("individual", "time"), values, {"units": "nM"}), "status": (("individual",), status)},
        coords={"individual": [0, 1], "time": [0.0, 1.0, 2.0]},
    )


def simulating(put: Callable[..., None], data: xr.Dataset) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def simulate_named(model: str, regimen: Any, **options: Any) -> Any:
        seen.update(options, model=model, regimen=regimen)
        return types.SimpleNamespace(dataset=data, record={"seed": 1}, run=RUN)

    put("serdsim.simulation", "simulate_named", simulate_named)
    return seen


def test_a_simulation_is_summed_up_and_written(public: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    seen = simulating(public, dataset(["ok", "ok"]))
    assert main(["simulate", "cell", "imlunestrant 100 nM", "--output", "er_total", "--hours", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["er_total", "nM", "2", "5", "1", "6"]
    assert (str(seen["regimen"]), seen["outputs"], seen["duration_h"]) == ("imlunestrant 100 nM once", ["er_total"], 2.0)
    table = Path("runs", RUN, "tables", "trajectories.csv").read_text()
    assert table.startswith("individual,time,er_total,status\n0,0.0,1.0,ok\n")


@pytest.mark.parametrize("status", [["ok", "step_limit"], np.array([0, 1])])
def test_individuals_that_failed_are_named(public: Callable[..., None], capsys: pytest.CaptureFixture[str], status: Any) -> None:
    simulating(public, dataset(status))
    assert main(["simulate", "cell", "--json"]) == 3
    captured = capsys.readouterr()
    item = json.loads(captured.out)["items"][0]
    assert item == {"observable": "er_total", "unit": "nM", "first": 1.0, "last": 4.0, "min": 1.0, "max": 4.0}
    assert "1 of 2 individuals failed (step_limit: 1)" in captured.err


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
