"""A run that ended too soon goes on where it was, and its tables are those of one that was left alone."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ensemble_cases import command, hashes, started, tiny_library, until

from serdsim.cli import main
from serdsim.engine.engines import NATIVE
from serdsim.results import parts
from serdsim.results.parts import Parts
from serdsim.results.run_folder import list_runs, read_run
from serdsim.results.run_lock import locked

CHUNK = NATIVE.chunk
DRAWS = 2 * CHUNK + 52  # three chunks of the compiled engine
MANY = 200 * CHUNK
QUESTION = ("simulate", "tiny", "any 1 nM q4h x 2", "--hours", "9", "--draws", str(DRAWS), "--library", "library")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library and the run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("alone")
    tiny_library(folder)
    done = subprocess.run(command(*QUESTION, "--workers", "1"), cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr.startswith("Before 0 h: 2 h without ligand. Rows of drug any.\n")
    assert done.stderr.splitlines()[1].startswith(f"{DRAWS:,} individuals x 10 times = {10 * DRAWS:,} rows; ")
    return folder


@pytest.fixture
def place(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own folder with the same library."""
    shutil.copytree(alone / "library", tmp_path / "library")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def the_run(folder: Path) -> Path:
    (found,) = [path for path in (folder / "runs").iterdir() if path.is_dir()]
    return found


def same_as_alone(folder: Path, alone: Path) -> bool:
    run = the_run(folder)
    tidy = {path.name for path in run.iterdir()} == {"run.json", "tables"} and [path.name for path in (folder / "runs").iterdir()] == [
        run.name
    ]
    return tidy and hashes(run) == hashes(the_run(alone)) and read_run(folder / "runs", run.name)["status"] == {"ok": DRAWS, "failed": 0}


DEADLY = """
import importlib, os, signal, sys
place, name, left = importlib.import_module(sys.argv[1]), sys.argv[2], int(sys.argv[3])
real = getattr(place, name)
def deadly(*given, **named):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)
setattr(place, name, deadly)
from serdsim.cli import main
sys.exit(main(sys.argv[4:]))
"""
KILLS = {
    "while the second part is written": ("numpy", "savez", 2, 24),
    "before the second part has its name": ("os", "fsync", 3, 24),
    "before the first table is written": ("serdsim.simulation.streamed", "write_stream", 1, 60),
    "between the tables": ("serdsim.results.unfinished", "put", 4, 60),
    "before run.json is there": ("serdsim.results.unfinished", "put", 6, 60),
    "before the parts are gone": ("shutil", "rmtree", 2, 60),
}


@pytest.mark.parametrize("when", KILLS)
def test_a_run_killed_at_any_point_is_resumed(alone: Path, place: Path, when: str, capsys: pytest.CaptureFixture[str]) -> None:
    module, name, count, kept = KILLS[when]
    words = [sys.executable, "-c", DEADLY, module, name, str(count), *QUESTION, "--workers", "1"]
    killed = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    run = the_run(place)
    if when != "before the parts are gone":
        assert list_runs(place / "runs")[0]["state"] == f"unfinished: serdsim resume {run.name} goes on with it"
        assert sum(24 if part < 2 else 12 for part in Parts(run / "parts").present()) == kept
    assert main(["resume", run.name[:5], "--workers", "1"]) == 0
    assert same_as_alone(place, alone)
    assert main(["resume", run.name]) == 0
    assert f"The run {run.name} is finished" in capsys.readouterr().err


def test_a_run_killed_with_its_workers_at_work_is_resumed(alone: Path, place: Path) -> None:
    process = started(place, *QUESTION, "--workers", "2")
    until(lambda: bool(list(place.glob("runs/*/parts/*.npz"))), process)
    process.kill()
    process.communicate()
    assert main(["resume", the_run(place).name, "--workers", "1"]) == 0
    assert same_as_alone(place, alone)


@pytest.mark.parametrize(("kind", "workers"), [(signal.SIGINT, "1"), (signal.SIGINT, "2"), (signal.SIGTERM, "2")])
def test_a_cancelled_run_keeps_what_is_done(alone: Path, place: Path, kind: signal.Signals, workers: str) -> None:
    more = [word if word != str(DRAWS) else str(MANY) for word in QUESTION]
    process = started(place, *more, "--workers", workers)
    until(lambda: bool(list(place.glob("runs/*/parts/*.npz"))), process)
    process.send_signal(kind)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    run = the_run(place)
    kept = CHUNK * len(Parts(run / "parts").present())
    assert f"cancelled: {kept} of {MANY} individuals are kept; to go on: serdsim resume {run.name}\n" in said
    assert 0 < kept < MANY
    assert "Traceback" not in said


def test_the_same_question_goes_on_with_what_a_cancel_kept(alone: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted_after(2, monkeypatch)
    assert main([*QUESTION, "--workers", "1"]) == 130
    monkeypatch.undo()
    monkeypatch.chdir(place)
    before = {path: path.stat().st_mtime_ns for path in the_run(place).glob("parts/*.npz")}
    assert len(before) == 2
    interrupted_after(1, monkeypatch)
    assert main([*QUESTION, "--workers", "1"]) == 130
    monkeypatch.undo()
    monkeypatch.chdir(place)
    after = {path: path.stat().st_mtime_ns for path in the_run(place).glob("parts/*.npz")}
    assert before.items() < after.items()
    assert main([*QUESTION, "--workers", "1"]) == 0
    assert same_as_alone(place, alone)


def interrupted_after(parts_written: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, left = Parts.write, [parts_written]

    def write(self: Parts, *given: Any) -> None:
        real(self, *given)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(Parts, "write", write)


@pytest.fixture
def halted(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run with one part."""
    interrupted_after(1, monkeypatch)
    assert main([*QUESTION, "--workers", "1"]) == 130
    monkeypatch.undo()
    monkeypatch.chdir(place)
    return the_run(place)


def change_table(run: Path) -> None:
    table = run.parents[1] / "library" / "parameters.tsv"
    table.write_text(table.read_text().replace("0.5\t1/h", "0.25\t1/h"))


def change_recipe_words(run: Path) -> None:
    recipe = run.parents[1] / "library" / "models" / "tiny.yaml"
    recipe.write_text(recipe.read_text().replace("title: a", "title: another"))


def say(key: str, value: object) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        said = json.loads((run / "resume.json").read_text())
        (run / "resume.json").write_text(json.dumps(said | {key: value}))

    return change


CHANGES: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "a number of the library": (change_table, ["parameters.tsv of the library is not what it was", "the model is "]),
    "a word of the library": (change_recipe_words, ["models/tiny.yaml of the library is not what it was"]),
    "the instruction set": (say("instruction_set", "x86_64-sse2"), ["the instruction set is ", "and was x86_64-sse2 when the run began"]),
    "the numerics": (say("numerics", "reference-0"), ["the numerics version is rosenbrock-1, and was reference-0"]),
    "a package": (say("versions", {"numpy": "0.1"}), ["the version of numpy is ", "and was 0.1"]),
    "the model": (say("model_hash", "0" * 64), ["the model is ", "and was 0000000000000000"]),
    "the size of a chunk": (say("chunk", 7), ["the size of a chunk is 1024, and was 7"]),
    "another schema": (say("schema", 2), ["of another run or another schema"]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_mixture_is_refused_by_name(halted: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    change, words = CHANGES[what]
    change(halted)
    before = {path: path.read_bytes() for path in halted.rglob("*") if path.is_file()}
    assert main(["resume", halted.name]) == 2
    said = capsys.readouterr().err
    assert all(word in said for word in words), said
    assert {path: path.read_bytes() for path in halted.rglob("*") if path.is_file()} == before


def test_parts_of_another_machine_are_not_taken_over(alone: Path, halted: Path) -> None:
    say("instruction_set", "x86_64-sse2")(halted)
    (place,) = (halted / "parts").iterdir()
    with np.load(place) as held:
        numbers = dict(held)
    np.savez(place, **(numbers | {"values": numbers["values"] + 1.0}))
    assert main([*QUESTION, "--workers", "1"]) == 0
    assert same_as_alone(halted.parents[1], alone)


@pytest.mark.parametrize("harm", ["cut short", "a bit turned", "empty"])
def test_a_part_that_is_damaged_is_computed_again(alone: Path, halted: Path, harm: str) -> None:
    (part,) = (halted / "parts").glob("*.npz")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes({"cut short": data[: len(data) // 2], "a bit turned": data, "empty": b""}[harm])
    assert main(["resume", halted.name, "--workers", "1"]) == 0
    assert same_as_alone(halted.parents[1], alone)


HOLDING = """
import sys, time
from pathlib import Path
from serdsim.results.run_lock import locked
with locked(Path("runs"), sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_processes_cannot_work_on_one_run(alone: Path, halted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLDING, halted.name], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        for words in (["resume", halted.name], list(QUESTION)):
            assert main(words) == 2
            assert f"process {other.pid} is at work on the run {halted.name}" in capsys.readouterr().err
    finally:
        other.kill()
        other.communicate()
    with locked(Path("runs"), halted.name):
        assert main(["resume", halted.name]) == 2
    assert f"process {os.getpid()} is at work" in capsys.readouterr().err
    assert main(["resume", halted.name, "--workers", "1"]) == 0
    assert same_as_alone(halted.parents[1], alone)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_and_the_run_goes_on_later(
    alone: Path, halted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(parts.np, "savez", full)
    assert main(["resume", halted.name, "--workers", "1"]) == 2
    said = capsys.readouterr().err
    assert "the disk" in said and f"what is done is kept; then: serdsim resume {halted.name}" in said
    monkeypatch.undo()
    monkeypatch.chdir(halted.parents[1])
    assert main(["resume", halted.name, "--workers", "1"]) == 0
    assert same_as_alone(halted.parents[1], alone)


def test_a_disk_with_too_little_room_is_said_first(
    halted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage(halted)._replace(free=5_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert main(["resume", halted.name, "--workers", "1"]) == 0
    assert "\nOnly 0 MB are free there; " in capsys.readouterr().err


def test_what_cannot_be_resumed_is_said(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resume", "abc"]) == 2
    assert 'no run "abc"' in capsys.readouterr().err
    (place / "runs" / "0123456789abcdef").mkdir(parents=True)
    assert main(["resume", "0123"]) == 2
    assert "the run 0123456789abcdef has no resume.json" in capsys.readouterr().err


def test_a_cancel_before_anything_is_done_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("serdsim.simulation.streamed.spread", interrupt)
    assert main(list(QUESTION)) == 130
    assert "cancelled: nothing was finished" in capsys.readouterr().err
    assert not (place / "runs").exists()
