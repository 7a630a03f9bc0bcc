"""The terminal: help, the table of verdicts, an item of JSON, progress."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from cli_cases import RUN, SOURCE, answer, outcome, serdsim

from serdsim.claims.records import VERDICTS
from serdsim.cli import progress, screen
from serdsim.cli.json_out import statement_item
from serdsim.cli.progress import Lines


def test_help_and_version_go_to_stdout() -> None:
    done = serdsim("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(verb in done.stdout for verb in ("moa", "claim", "simulate", "check", "cite", "runs"))
    assert serdsim().stdout == done.stdout
    assert serdsim("--version").stdout.startswith("serdsim ")


def test_help_imports_no_heavy_package() -> None:
    heavy = {"numpy", "pandas", "xarray", "scipy", "duckdb", "libsbml", "llvmlite", "sksundae"}
    code = f"import sys, serdsim, serdsim.cli; print(sorted({heavy} & set(sys.modules)))"
    env = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.strip() == "[]"


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
    for second, done in ((30.0, 900), (36.0, 910)):  # what was done before does not make the rest look quick
        now[0] = second
        lines("resumed", done, 1000)
    assert stream.getvalue().endswith("resumed: 900 of 1000\nresumed: 910 of 1000, about 54 s left\n")


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
