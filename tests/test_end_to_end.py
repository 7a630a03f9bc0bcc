"""The commands on the shipped library, each in a process of its own, as a person would run them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "src/serdsim/cli/statements.schema.json").read_text())
TESTED = {"MOA-01", "MOA-02a", "MOA-03", "MOA-04", "MOA-11", "MOA-12a", "MOA-12b", "MOA-12c", "MOA-12d"} | {
    *("MOA-05", "MOA-06a", "MOA-06b", "MOA-06c", "MOA-06d", "MOA-07a", "MOA-07b", "MOA-08a", "MOA-08b", "MOA-08c", "MOA-10", "MOA-13")
}
STATEMENTS = (
    "MOA-01 MOA-02a MOA-02b MOA-03 MOA-04 MOA-05 MOA-06a MOA-06b MOA-06c MOA-06d MOA-07a MOA-07b MOA-08a MOA-08b MOA-08c MOA-09 "
    "MOA-10 MOA-11 MOA-12a MOA-12b MOA-12c MOA-12d MOA-13"
).split()


def serdsim(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-m", "serdsim.cli", *words], cwd=cwd, capture_output=True, text=True, timeout=300, env=environment, check=False
    )


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict]]:
    """Run `moa --json` twice in one folder, with one and with two workers."""
    folder = tmp_path_factory.mktemp("moa")
    found = []
    for workers in ("1", "2"):
        done = serdsim("moa", "--json", "--draws", "2", "--workers", workers, cwd=folder)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    return folder, found


def test_the_answer_follows_the_schema_and_lists_every_statement(answers: tuple[Path, list[dict]]) -> None:
    _, (first, _) = answers
    jsonschema.validate(first, SCHEMA)
    assert [item["id"] for item in first["items"]] == STATEMENTS
    states = {item["id"]: item["state"] for item in first["items"]}
    assert {id for id, state in states.items() if state == "tested"} == TESTED


def test_the_same_question_gives_the_same_run_id_and_numbers(answers: tuple[Path, list[dict]]) -> None:
    _, (first, second) = answers
    assert first == second


def test_the_run_folder_holds_page_tables_figures_and_replay(answers: tuple[Path, list[dict]]) -> None:
    folder, (first, _) = answers
    run = folder / "runs" / first["run"]
    record = json.loads((run / "run.json").read_text())
    assert record["run"] == first["run"]
    assert record["replay"] == "serdsim moa --draws 2 --seed 1"
    assert record["status"]["failed"] == 0
    for name in (
        "report.html",
        "map.html",
        "parameters.html",
        "figures/MAP.svg",
        "tables/statements.csv",
        "tables/statements.parquet",
        "figures/MOA-01-concentration.svg",
    ):
        assert (run / name).stat().st_size > 0, name
    page = (run / "report.html").read_text()
    assert all(f">{id}<" in page or id in page for id in STATEMENTS)
    assert [entry.name for entry in (folder / "runs").iterdir()] == [first["run"]]


def test_cite_gives_what_the_run_rests_on(answers: tuple[Path, list[dict]]) -> None:
    folder, (first, _) = answers
    done = serdsim("cite", first["run"][:6], cwd=folder)
    assert done.returncode == 0
    keys = {line.split("{")[1].rstrip(",") for line in done.stdout.splitlines() if line.startswith("@")}
    assert {"Bhagwat2021", "Fanning2016", "Rich2002"} <= keys


def test_a_changed_parameter_changes_number_run_and_page(tmp_path: Path) -> None:
    """No cached or shipped result is read."""
    library = tmp_path / "library"
    shutil.copytree(ROOT / "library", library)
    plain = serdsim("claim", "MOA-01", "--json", "--draws", "1", "--library", str(library), cwd=tmp_path)
    table = library / "drugs.tsv"
    lines = table.read_text().splitlines()
    i = next(i for i, line in enumerate(lines) if line.startswith("imlunestrant\tk_deg_nuc\t"))
    cells = lines[i].split("\t")
    cells[2] = repr(float(cells[2]) * 0.5)
    table.write_text("\n".join([*lines[:i], "\t".join(cells), *lines[i + 1 :]]) + "\n")
    changed = serdsim("claim", "MOA-01", "--json", "--draws", "1", "--library", str(library), cwd=tmp_path)
    before, after = json.loads(plain.stdout), json.loads(changed.stdout)
    assert before["run"] != after["run"]
    assert before["items"][0]["value"] < after["items"][0]["value"]
    pages = [(tmp_path / "runs" / answer["run"] / "report.html").read_text() for answer in (before, after)]
    assert pages[0] != pages[1]


def test_simulate_writes_labelled_trajectories(tmp_path: Path) -> None:
    done = serdsim("simulate", "cell", "fulvestrant 100 nM once from 2 h", "--hours", "12", "--json", "--output", "er_total", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    (item,) = answer["items"]
    assert item["observable"] == "er_total"
    assert item["unit"] == "nM"
    assert item["last"] < 0.7 * item["first"]
    header = (tmp_path / "runs" / answer["run"] / "tables/trajectories.csv").read_text().splitlines()[0]
    assert header == "individual,time,er_total,status"


BAD = {
    "unknown statement": (["claim", "MOA-99"], "MOA-99"),
    "no draws": (["moa", "--draws", "0"], "--draws"),
    "unknown model": (["simulate", "cel"], "cell"),
    "unknown drug": (["simulate", "cell", "imlunestran 100 nM once"], "imlunestrant"),
    "two drugs": (["simulate", "cell", "imlunestrant 1 nM once + fulvestrant 1 nM once"], "has one place for a drug"),
    "a mass in a dish": (["simulate", "cell", "imlunestrant 400 mg once"], "since the model is a dish"),
    "negative dose": (["simulate", "cell", "imlunestrant -5 nM once"], "-5"),
    "NaN dose": (["simulate", "cell", "imlunestrant nan nM once"], "nan"),
    "unknown unit": (["simulate", "cell", "imlunestrant 5 foo once"], "foo"),
    "unknown genotype": (["simulate", "cell", "--genotype", "Y537X"], "Y537S"),
    "unknown cell line": (["simulate", "cell", "--cell-line", "MCF8"], "MCF7"),
    "unknown output": (["simulate", "cell", "--output", "er_totl"], "er_total"),
    "no time": (["simulate", "cell", "--hours", "0"], "--hours"),
    "missing file": (["check", "nowhere.xml"], "nowhere.xml"),
    "empty file": (["check", "empty.ant"], "empty"),
    "not a model": (["check", "noise.xml"], "noise.xml"),
    "syntax error": (["check", "broken.ant"], "broken.ant:2"),
    "wrong unit": (["check", "units.ant"], "units.ant:6"),
    "no library": (["moa", "--library", "nowhere"], "nowhere"),
    "an output folder that is a file": (["moa", "--out", "noise.xml/runs"], "noise.xml/runs"),
    "a day to come": (["moa", "--as-of", "2999-01-01"], "has not come yet"),
    "unknown run": (["cite", "ffffffffffffffff"], "ffffffffffffffff"),
}
FILES = {
    "empty.ant": "",
    "noise.xml": "hello",
    "broken.ant": "model m()\n  S -> ; k*S*;\n  k = 1;\nend\n",
    "units.ant": (
        "model m()\n  unit substance = 1e-9 mole; unit time_unit = 3600 second; unit volume = litre; unit extent = 1e-9 mole;\n"
        "  unit per_min = 1/(60 second); unit nM = 1e-9 mole/litre;\n  compartment c = 1; c has volume;\n"
        "  species S in c; S = 1; S has nM; k = 1; k has per_min;\n  J: S -> ; c*k*S;\nend\n"
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_a_short_message_and_nothing_is_written(case: str, tmp_path: Path) -> None:
    words, expected = BAD[case]
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    done = serdsim(*words, cwd=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert expected in said
    assert "Traceback" not in said
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130_and_leaves_no_half_run(tmp_path: Path, kind: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "serdsim.cli", "moa", "--draws", "2000"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        first = process.stderr.readline()  # a line of progress: it is at work
        process.send_signal(kind)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "testing statements" in first
    assert process.returncode == 130, said
    assert "cancelled" in said
    assert "Traceback" not in said
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "serdsim.cli", "moa", "--draws", "2000", "--workers", "2"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    process.stderr.readline()
    process.kill()
    process.communicate(timeout=60)  # ends only when the last worker has closed its end of the pipe
    assert process.returncode == -signal.SIGKILL
