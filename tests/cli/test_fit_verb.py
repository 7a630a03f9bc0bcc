"""``serdsim fit PROBLEM``: what it writes, what it prints, what it refuses, and how it goes on after Ctrl-C."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fit_cases import example, extended, needs_petab
from serdsim.cli import main
from serdsim.fit import read_problem
from serdsim.fit.found import read_multistart

pytestmark = needs_petab
WAYS = ("--optimiser", "L-BFGS-B", "--starts", "3")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def folder_of(root: str = "runs") -> Path:
    (found,) = (path for path in Path(root).iterdir() if not path.name.startswith("."))
    return found


def bits(folder: Path) -> dict[str, bytes]:
    """All files that must not depend on time, by path."""
    kinds = ("tables/*.csv", "tables/*.parquet", "figures/*", "fitted/*")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for kind in kinds for path in folder.glob(kind)}


def test_a_fit_writes_a_run_and_says_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    file = extended(Path("mine"))
    assert main(["fit", "mine", *WAYS]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "1 measurement" in said and "5 terms" in said and "4 parameters, of which 3 estimated" in said
    assert "forward sensitivities" in said and "plain scores" in said and "3 starts by L-BFGS-B: 3 converged" in said
    assert "within 1.92 of the lowest value" in said and "integration with slopes" in said
    assert "One blot" in said and "Another gel" in said and "flat 0.01 to 10" in said
    assert "Again: serdsim fit mine --starts 3 --seed 1 --optimiser L-BFGS-B" in said
    folder = folder_of()
    assert f"Page: {folder}/report.html" in said
    problem, found = read_problem(file), read_multistart((folder / "found.json").read_text())
    assert len(found.descents) == 3 and found.problem
    assert not list(folder.rglob("resume.json")) and not (folder / "parts").exists()
    parameters = pd.read_csv(folder / "tables/parameters.csv")
    assert parameters["parameter"].tolist() == ["k", "factor", "spread"]
    terms = pd.read_csv(folder / "tables/terms.csv")
    assert terms["term"].tolist() == list(problem.terms) and terms["residual"].notna().all()
    assert pd.read_csv(folder / "tables/measurements.csv")["dataset"].tolist() == ["blot"]
    covariance = pd.read_csv(folder / "tables/covariance.csv")
    assert covariance.columns.tolist() == ["parameter", "k", "factor", "spread"] == ["parameter", *covariance["parameter"]]
    starts = pd.read_csv(folder / "tables/starts.csv")
    assert starts["rank"].tolist() == [1, 2, 3] and starts["value"].is_monotonic_increasing
    record = json.loads((folder / "run.json").read_text())
    assert record["verb"] == "fit" and record["run"] == folder.name and record["summary"]["starts"] == 3
    assert main(["runs"]) == 0
    assert "problem mine, starts 3" in " ".join(capsys.readouterr().out.split())


def test_the_fitted_table_is_read_as_the_nominal_values() -> None:
    file = example(Path("mine"))
    assert main(["fit", str(file), *WAYS]) == 0
    folder = folder_of()
    (file.parent / "parameters.tsv").write_bytes((folder / "fitted/parameters.tsv").read_bytes())
    again, table = read_problem(file), pd.read_csv(folder / "tables/parameters.csv")
    assert [one.nominal for one in again.parameters.values()] == table["value"].tolist()
    assert [one.lower for one in again.parameters.values()] == table["lower_bound"].tolist()
    # least squares by hand: the rate is the slope of the logarithms, pooled over both doses
    data = pd.read_csv(file.parent / "measurements.tsv", sep="\t")
    data["log"] = [math.log(value) for value in data["measurement"]]
    dose = data["experimentId"].map({"low_dose": 10.0, "high_dose": 100.0})
    scaled = data["log"] - [math.log(one) for one in dose]
    slope = ((data["time"] - data["time"].mean()) * (scaled - scaled.mean())).sum() / ((data["time"] - data["time"].mean()) ** 2).sum()
    assert table.set_index("parameter")["value"]["elimination"] == pytest.approx(-slope, rel=1e-3)


def test_a_second_run_has_the_same_bits() -> None:
    example(Path("mine"))
    for out, workers in (("one", "1"), ("two", "2")):
        assert main(["fit", "mine", *WAYS, "--out", out, "--workers", workers]) == 0
    first, second = folder_of("one"), folder_of("two")
    assert first.name == second.name and bits(first) == bits(second) and len(bits(first)) > 10
    assert main(["fit", "mine", *WAYS, "--seed", "2", "--out", "three"]) == 0
    assert folder_of("three").name != first.name and bits(folder_of("three")) != bits(first)


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    file = extended(Path("mine"))
    assert main(["fit", str(file), *WAYS, "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    (item,) = document["items"]
    assert document["schema"] == 1 and document["run"] == folder_of().name
    assert [one["parameter"] for one in item["parameters"]] == ["k", "factor", "spread"]
    assert [one["data_set"] for one in item["data_sets"]] == ["blot", "gel"] and item["data_sets"][1]["points"] == 4
    assert item["minimised"] == pytest.approx(-item["log_likelihood"] - item["log_prior"], abs=1e-4)
    assert "Page: " in captured.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fit"], "PROBLEM"),
        (["fit", "cel"], 'Perhaps you mean "cell"'),
        (["fit", "gone.yaml"], "neither a shipped problem nor a file"),
        (["fit", "empty"], "the folder holds 0 YAML files"),
        (["fit", "empty.yaml"], "empty.yaml cannot be used; it has 1 issue"),
        (["fit", "mine", "--starts", "0"], "--starts"),
        (["fit", "mine", "--seed", "-1"], "--seed"),
        (["fit", "mine", "--optimiser", "annealing"], "--optimiser"),
        (["fit", "mine", "--library", "nowhere"], "--library"),
        (["fit", "mine", "--out", "empty.yaml/runs"], "runs cannot be written"),
        (["fit", "fixed"], "the problem estimates no parameter"),
        (["fit", "broken"], "measurements.tsv:2"),
        (["fit", "hopeless", *WAYS], "none of 3 starts found a point with a value"),
    ],
)
def test_what_cannot_be_fitted_is_refused_and_nothing_is_left(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    Path("empty.yaml").touch()
    example(Path("mine"))
    table = (Path("mine") / "parameters.tsv").read_text()
    example(Path("fixed"))
    (Path("fixed") / "parameters.tsv").write_text(table.replace("true", "false"))
    example(Path("broken"), measurements=("signal\tlow_dose\t0", "sgnal\tlow_dse\t0"))
    example(Path("hopeless"), observables=("scaling * drug", "scaling * log(0 - drug)"))
    assert main(words) == 2
    assert said in capsys.readouterr().err
    assert not list(Path("runs").rglob("*")) and not Path("runs").exists()


def test_every_issue_of_a_problem_is_named_as_check_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    file = example(Path("mine"), measurements=("signal\tlow_dose\t0", "sgnal\tlow_dse\t0"))
    assert main(["check", str(file)]) == 2
    checked = capsys.readouterr().out
    assert main(["fit", str(file)]) == 2
    assert capsys.readouterr().err == checked and checked.count("measurements.tsv:2") == 2


def interrupting(monkeypatch: pytest.MonkeyPatch, done: int) -> None:
    """Press Ctrl-C once so many starts are kept; one start is under way at a time."""
    from serdsim.fit import multistart, search

    answers = multistart._answers

    def stopping(*arguments: Any) -> Any:
        (kept,) = Path("runs").rglob("starts.jsonl")
        if len(kept.read_text().splitlines()) > done:
            raise KeyboardInterrupt
        return answers(*arguments)

    monkeypatch.setattr(search, "SIDE_BY_SIDE", 1)
    monkeypatch.setattr(multistart, "_answers", stopping)


@pytest.mark.parametrize("way", ["resume", "again"])
def test_after_ctrl_c_it_goes_on_to_the_same_bits(way: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    example(Path("mine"))
    command = ["fit", "mine", *WAYS]
    assert main([*command, "--out", "whole"]) == 0
    with monkeypatch.context() as patch:
        interrupting(patch, 1)
        assert main(command) == 130
    run = folder_of().name
    assert f"cancelled: 1 of 3 starts are done and kept; go on with: serdsim resume {run}" in capsys.readouterr().err
    assert main(["runs"]) == 0
    assert "unfinished" in capsys.readouterr().out
    assert main(["resume", run] if way == "resume" else command) == 0
    assert bits(folder_of()) == bits(folder_of("whole"))
    assert not (folder_of() / "resume.json").exists() and not (folder_of() / "parts").exists()
    assert main(["resume", run]) == 0
    assert "is finished" in capsys.readouterr().err


def test_ctrl_c_before_the_first_start_leaves_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    example(Path("mine"))
    interrupting(monkeypatch, 0)
    assert main(["fit", "mine", *WAYS]) == 130
    assert "cancelled before the first of 3 starts was done; nothing is kept" in capsys.readouterr().err
    assert not list(Path("runs").rglob("*"))


def test_a_changed_problem_is_not_gone_on_with(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    file = example(Path("mine"))
    with monkeypatch.context() as patch:
        interrupting(patch, 1)
        assert main(["fit", str(file), *WAYS]) == 130
    run, kept = folder_of().name, (folder_of() / "parts/starts.jsonl").read_bytes()
    table = file.parent / "measurements.tsv"
    table.write_text(table.read_text().replace("21.2", "22.2"))
    assert main(["resume", run]) == 2
    assert "is not what it was when the run began" in capsys.readouterr().err
    assert (folder_of() / "parts/starts.jsonl").read_bytes() == kept
