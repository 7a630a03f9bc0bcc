"""What goes wrong: exit statuses, words on stderr, no traceback ever."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_cases import SOURCE, answering, raising

from serdsim.cli import main
from serdsim.errors import Cancelled, IndividualsFailed, InputError, Issue, ModelError
from serdsim.results.run_folder import write_run


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (InputError(Issue("a [bold]word[/bold]", expected="[x]")), 2, "InputError: a [bold]word[/bold]; expected [x]."),
        (ModelError([Issue("one"), Issue("two")]), 2, "ModelError: one.\nModelError: two."),
        (IndividualsFailed("3 of 64 individuals failed"), 3, "3 of 64 individuals failed"),
        (Cancelled("cancelled; 12 of 64 are kept"), 130, "cancelled; 12 of 64 are kept"),
        (Cancelled(), 130, "cancelled; what simulate and fit finished is kept"),
        (KeyboardInterrupt(), 130, "cancelled; what simulate and fit finished is kept"),
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


def test_an_unknown_statement_is_refused(public: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    answering(public)
    assert main(["claim", "MOA-99"]) == 2
    assert "no statement MOA-99" in capsys.readouterr().err
    assert not Path("runs").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    for number in range(300):
        write_run(tmp_path, f"run{number:04d}", {"summary": "words " * 60})
    command = f'"{sys.executable}" -m serdsim.cli runs --out "{tmp_path}" | true; exit "${{PIPESTATUS[0]}}"'
    env = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stderr) == (141, "")
