"""The command line: exit statuses, what goes to stdout and what to stderr, no traceback ever."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from serdsim.claims.records import VERDICTS, Answer, Outcome, Statement
from serdsim.cli import main, progress, screen
from serdsim.cli.json_out import statement_item
from serdsim.cli.progress import Lines
from serdsim.errors import Cancelled, IndividualsFailed, InputError, Issue, ModelError
from serdsim.results.run_folder import read_run, write_run

SOURCE = Path(__file__).resolve().parents[1] / "src"
RUN = "0123456789abcdef"


def statement(id: str = "MOA-01", state: str = "tested") -> Statement:
    return Statement(
        id=id,
        page="moa",
        title="Degrades the oestrogen receptor, wild type [and] mutant",
        sentence="Imlunestrant degrades ERα.",
        scale="cell",
        section="s",
        scope="",
        citations=(),
        state=state,
        why="" if state == "tested" else "no public number exists",
        experiment=None,
        metric="DC50",
        unit="nM",
        test="DC50 < 10 nM in wild type and mutant",
        margin=10.0,
        evidence=(),
        driving=(),
        named_ablation=None,
        as_of="2024-10-02",
        review_by="2026-10-02",
        superseded_by=None,
        limits=(),
        file="moa.yaml",
    )


def outcome(id: str = "MOA-01", verdict: str | None = "supported", state: str = "tested", **more: Any) -> Outcome:
    numbers = {"value": 3.1, "lo90": 1.2, "hi90": 7.9, "draws": 64} if state == "tested" else {}
    return Outcome(statement(id, state), state, data_role="prediction only", verdict=verdict, **(numbers | more))


def answer(*outcomes: Outcome) -> Answer:
    replay = "serdsim moa --draws 64 --seed 1"
    return Answer(RUN, "imlunestrant", "0.1.0", "abc", "2026-01-01", "today", 1, 64, outcomes, replay)


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str, Callable[..., Any]], None]:
    """Put a function in the place of a public one, and work in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def put(module: str, name: str, function: Callable[..., Any]) -> None:
        fake = types.ModuleType(module)
        setattr(fake, name, function)
        monkeypatch.setitem(sys.modules, module, fake)

    return put


def answering(put: Callable[..., None], *outcomes: Outcome, **seen: Any) -> dict[str, Any]:
    def answer_moa(**options: Any) -> Any:
        seen.update(options)
        options["progress"]("draws", 1, 64)
        tables = {"outcomes": pd.DataFrame({"id": [one.statement.id for one in outcomes]})}
        return types.SimpleNamespace(answer=answer(*outcomes), record={"seed": 1}, tables=tables, page="<p>", figures={})

    put("serdsim.report.answer", "answer_moa", answer_moa)
    return seen


def raising(error: BaseException) -> Callable[..., Any]:
    def function(*_: Any, **__: Any) -> Any:
        raise error

    return function


def serdsim(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(SOURCE)} | environment
    return subprocess.run([sys.executable, "-m", "serdsim.cli", *words], capture_output=True, text=True, env=env, check=False)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (InputError(Issue("a [bold]word[/bold]", expected="[x]")), 2, "InputError: a [bold]word[/bold]; expected [x]."),
        (ModelError([Issue("one"), Issue("two")]), 2, "ModelError: one.\nModelError: two."),
        (IndividualsFailed("3 of 64 individuals failed"), 3, "3 of 64 individuals failed"),
        (Cancelled("cancelled; 12 of 64 are kept"), 130, "cancelled; 12 of 64 are kept"),
        (Cancelled(), 130, "cancelled; what was finished is kept"),
        (KeyboardInterrupt(), 130, "cancelled; what was finished is kept"),
        (ValueError("odd\nvalue"), 1, "internal error: ValueError: odd value (run with SERDSIM_DEBUG=1 for the traceback)"),
        (MemoryError(), 1, "internal error: MemoryError: (run with SERDSIM_DEBUG=1 for the traceback)"),
        (SystemExit("stop"), 1, ""),
    ],
)
def test_every_error_has_its_status_and_its_words(
    public: Callable[..., None], capsys: pytest.CaptureFixture[str], error: BaseException, status: int, words: str
) -> None:
    public("serdsim.report.answer", "answer_moa", raising(error))
    assert main(["moa", "--json"]) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (words + "\n" if words else "")
    assert not Path("runs").exists()


def test_a_traceback_is_shown_only_when_asked_for(
    public: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERDSIM_DEBUG", "1")
    public("serdsim.report.answer", "answer_moa", raising(ValueError("odd")))
    assert main(["moa"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mao"], "moa"),
        (["moa", "--draws", "0"], "--draws"),
        (["moa", "--draws", "few"], "--draws"),
        (["moa", "--seed", "-1"], "--seed"),
        (["moa", "--seed", str(2**53)], "--seed"),
        (["moa", "--workers", "0"], "--workers"),
        (["moa", "--drows", "3"], "--draws"),
        (["moa", "--library", "nowhere"], "--library"),
        (["moa", "--as-of", "yesterday"], "expected today or a date such as 2024-10-02"),
        (["claim"], "ID"),
        (["simulate"], "MODEL"),
        (["simulate", "cell", "--hours", "nan"], "--hours is nan; expected a finite number of hours above 0"),
        (["simulate", "cell", "--hours", "-1", "--every", "0"], "--every is 0"),
        (["simulate", "cell", "--hours", "1e9", "--every", "1e-9"], "asks for 1e+18 outputs; expected at most"),
        (["simulate", "cell", "imlunestant 1 nM"], 'Perhaps you mean "imlunestrant"'),
        (["check", "celll"], 'Perhaps you mean "cell"'),
        (["cite", "abc", "--format", "word"], "--format"),
        (["cite", "abc"], 'no run "abc"'),
    ],
)
def test_wrong_usage_is_refused_in_words(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    public_answer = types.ModuleType("serdsim.report.answer")
    public_answer.answer_moa = raising(AssertionError("must not run"))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "serdsim.report.answer", public_answer)
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert list(tmp_path.iterdir()) == []


def test_help_and_version_are_fast_and_go_to_stdout() -> None:
    best = 9.0
    for _ in range(3):
        begin = time.perf_counter()
        done = serdsim("--help")
        best = min(best, time.perf_counter() - begin)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(verb in done.stdout for verb in ("moa", "claim", "simulate", "check", "cite", "runs"))
    assert best < 0.5
    assert serdsim().stdout == done.stdout
    assert serdsim("--version").stdout.startswith("serdsim ")


def test_help_imports_no_heavy_package() -> None:
    code = "import sys, serdsim.cli; print(sorted({'numpy', 'pandas', 'xarray', 'scipy', 'duckdb', 'libsbml'} & set(sys.modules)))"
    env = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    for number in range(300):
        write_run(tmp_path, f"run{number:04d}", {"summary": "words " * 60})
    command = f'"{sys.executable}" -m serdsim.cli runs --out "{tmp_path}" | true; exit "${{PIPESTATUS[0]}}"'
    env = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stderr) == (141, "")


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


def test_the_item_of_a_statement() -> None:
    assert statement_item(outcome(), RUN) == {
        "id": "MOA-01",
        "statement": "Imlunestrant degrades ERα.",
        "state": "tested",
        "data_role": "prediction only",
        "metric": "DC50",
        "value": 3.1,
        "lo90": 1.2,
        "hi90": 7.9,
        "test": "DC50 < 10 nM in wild type and mutant",
        "margin": 10.0,
        "verdict": "supported",
        "run": RUN,
    }
    untested = statement_item(outcome(verdict="supported", state="not_yet_tested", value=1.0))
    assert (untested["verdict"], untested["value"], untested["run"]) == (None, None, None)


@pytest.mark.parametrize("columns", [80, 120])
def test_verdict_words_are_not_broken(columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    screen.print_answer(answer(*(outcome(f"MOA-{number:02d}", verdict) for number, verdict in enumerate(VERDICTS))))
    out = capsys.readouterr().out
    table = out.split("\n\n● supported 1")[0]
    for verdict in VERDICTS:
        assert any(f"{screen.SYMBOLS[verdict]} {verdict}" in line for line in table.splitlines())
    assert table.count("prediction only") == len(VERDICTS)
    assert max(map(len, out.splitlines())) <= columns
    assert "[and]" in " ".join(out.split())
    assert "not yet tested 0" in " ".join(out.split())


def test_numbers_survive_a_terminal_without_their_signs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    screen.print_answer(answer(outcome(value=-3.1, lo90=-7.9, hi90=-1.2)))
    stream.flush()
    assert b"-3.1 (-7.9 to -1.2) nM" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_an_unknown_statement_is_refused(public: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    answering(public)
    assert main(["claim", "MOA-99"]) == 2
    assert "no statement MOA-99" in capsys.readouterr().err
    assert not Path("runs").exists()


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

    put("serdsim.simulate", "simulate_named", simulate_named)
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


def test_progress_off_a_terminal_is_a_line_every_few_seconds_with_the_time_left() -> None:
    now, stream = [0.0], io.StringIO()
    lines = Lines(stream, clock=lambda: now[0])
    for second in range(13):
        now[0] = float(second)
        lines("draws", second, 1000)
    assert stream.getvalue() == "draws: 5 of 1000, about 17 min left\ndraws: 10 of 1000, about 16 min left\n"
    now[0] = 20.0
    lines("ablations", 3, 0)
    assert stream.getvalue().endswith("ablations: 3\n")


def test_progress_on_a_terminal_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with progress.shown_progress() as show:
        show("draws [of] parameters", 1, 4)
        show("draws [of] parameters", 4, 4)
        show("unknown length", 1, 0)
    assert "draws [of] parameters" in stream.getvalue()
