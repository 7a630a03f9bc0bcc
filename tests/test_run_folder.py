"""A run folder is there whole or not at all, reads back exactly, and has the same bytes when written twice."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import math
import threading
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serdsim.errors import InputError
from serdsim.results import run_folder
from serdsim.results.run_folder import find_run, list_runs, read_run, write_run
from serdsim.results.table_files import write_table

RUN = "0123456789abcdef"
RECORD = {"verb": "moa", "seed": 1, "plan": {"draws": 4}, "citations": ["jeselsohn2014"]}
TABLE = pd.DataFrame(
    {"individual": [0, 0, 1], "time": [0.0, 0.1, 1 / 3], "er_total": [1e-300, math.nan, 2.5], "status": ["ok", None, "ok"]},
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def write(root: Path, run: str = RUN, **more: Any) -> Path:
    return write_run(root, run, RECORD, **({"tables": {"trajectories": TABLE}} | more))


def test_what_a_run_folder_holds(tmp_path: Path) -> None:
    extra = {"page": "<p>", "extra_files": {"data/a.csv": b"x"}, "to_png": lambda svg: svg[:4].encode()}
    folder = write(tmp_path / "runs", figures={"moa-01": SVG}, **extra)
    assert set(hashes(folder)) == {
        "run.json",
        "report.html",
        "data/a.csv",
        "figures/moa-01.svg",
        "figures/moa-01.png",
        "tables/trajectories.csv",
        "tables/trajectories.parquet",
    }
    record = json.loads((folder / "run.json").read_text())
    assert record["schema"] == 1
    assert record["run"] == RUN
    assert record["plan"] == {"draws": 4}
    assert record["created"].endswith("+00:00")
    assert {"version", "versions", "instruction_set", "numerics", "model_hash", "inputs", "replay", "status"} <= set(record)
    assert record["versions"]["numpy"] == np.__version__
    assert [path.name for path in folder.parent.iterdir()] == [RUN]


def test_tables_have_the_same_bytes_when_written_twice(tmp_path: Path) -> None:
    wide = pd.DataFrame({"time": np.linspace(0, 1, 300_000), "y": np.random.default_rng(1).normal(size=300_000)})
    first, second = (hashes(write(tmp_path / name, tables={"a": TABLE, "wide": wide}) / "tables") for name in ("one", "two"))
    assert first == second


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_floats_read_back_exactly(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    folder = tmp_path_factory.mktemp("floats")
    write_table(pd.DataFrame({"y": values}), folder, "a")
    with (folder / "a.csv").open(newline="") as stream:
        from_csv = [float(row["y"] or "nan") for row in csv.DictReader(stream)]
    from_parquet = duckdb.sql(f"FROM '{folder}/a.parquet'").df()["y"].tolist()
    for read in (from_csv, from_parquet):
        assert [value.hex() for value in read] == [value.hex() for value in values]


def test_cells_of_every_kind(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "number": pd.Series([1, None], dtype=object),
            "mixed": ["a", 1.5],
            "flag": [True, False],
            "nullable": pd.array([1, None], dtype="Int64"),
            "small": np.array([1, 2], dtype=np.int8),
            "word": pd.Categorical(["x", "y"]),
            "nothing": [None, None],
            'odd "name"': [0.5, 1.5],
        }
    ).set_index(pd.Index([5, 6], name="individual"))
    write_table(table, tmp_path, "it's")
    with duckdb.connect() as connection:
        rows = connection.execute("DESCRIBE FROM read_parquet(?)", [str(tmp_path / "it's.parquet")]).fetchall()
    assert {name: kind for name, kind, *_ in rows} == {
        "individual": "BIGINT",
        "number": "DOUBLE",
        "mixed": "VARCHAR",
        "flag": "BOOLEAN",
        "nullable": "DOUBLE",
        "small": "BIGINT",
        "word": "VARCHAR",
        "nothing": "VARCHAR",
        'odd "name"': "DOUBLE",
    }
    assert (tmp_path / "it's.csv").read_text().splitlines()[1] == "5,1.0,a,True,1.0,1,x,,0.5"


def test_an_empty_table_keeps_its_columns_and_one_without_columns_is_refused(tmp_path: Path) -> None:
    write_table(TABLE.iloc[:0], tmp_path, "a")
    assert (tmp_path / "a.csv").read_text() == "individual,time,er_total,status\n"
    with pytest.raises(InputError, match="no columns"):
        write_table(pd.DataFrame(), tmp_path, "b")
    with pytest.raises(InputError, match="same name"):
        write_table(pd.DataFrame([[1, 2]], columns=["a", "A"]), tmp_path, "b")


@pytest.mark.parametrize("stop", [ValueError("no drawing"), KeyboardInterrupt(), MemoryError()])
def test_an_interrupted_run_leaves_nothing_and_the_old_one_untouched(tmp_path: Path, stop: BaseException) -> None:
    def broken(svg: str) -> bytes:
        raise stop

    with pytest.raises(type(stop)):
        write(tmp_path, figures={"a": SVG}, to_png=broken)
    assert list(tmp_path.iterdir()) == []
    before = hashes(write(tmp_path))
    with pytest.raises(type(stop)):
        write(tmp_path, figures={"a": SVG}, to_png=broken)
    assert [path.name for path in tmp_path.iterdir()] == [RUN]
    assert hashes(tmp_path / RUN) == before


def test_an_interruption_between_the_two_renames_brings_the_old_run_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = hashes(write(tmp_path))
    calls: list[Path] = []

    def interrupted(partial: Path, final: Path) -> bool:
        calls.append(partial)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return False

    monkeypatch.setattr(run_folder, "_renamed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path)
    assert hashes(tmp_path / RUN) == before
    assert [path.name for path in tmp_path.iterdir()] == [RUN]


def test_a_run_is_replaced_whole(tmp_path: Path) -> None:
    write(tmp_path, page="old", extra_files={"only_in_the_old_one": ""})
    write(tmp_path, page="new")
    assert (tmp_path / RUN / "report.html").read_text() == "new"
    assert not (tmp_path / RUN / "only_in_the_old_one").exists()


def test_two_writers_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    pages = [f"writer {number}" for number in range(4)]
    failures: list[BaseException] = []

    def work(page: str) -> None:
        try:
            for _ in range(15):
                write_run(tmp_path, RUN, RECORD, page=page, extra_files={"mark": page})
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(page,)) for page in pages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [path.name for path in tmp_path.iterdir()] == [RUN]
    page = (tmp_path / RUN / "report.html").read_text()
    assert page in pages
    assert (tmp_path / RUN / "mark").read_text() == page
    assert read_run(tmp_path, RUN)["run"] == RUN


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "not permitted"), (errno.EROFS, "read-only"), (errno.EIO, "Input/output error")],
)
def test_a_disk_that_refuses_is_named_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "Input/output error")

    monkeypatch.setattr(run_folder, "write_table", refuse)
    with pytest.raises(InputError, match=words):
        write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "runs")
    (tmp_path / RUN).write_text("a file")
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path)
    assert (tmp_path / RUN).read_text() == "a file"


@pytest.mark.parametrize("name", ["../up", "", ".hidden", "a/b", "a b", "/etc"])
def test_names_that_could_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    for wrong in ({"run": name}, {"tables": {name: TABLE}}, {"figures": {name: SVG}}):
        with pytest.raises(InputError, match="cannot name"):
            write(tmp_path, **wrong)  # type: ignore[arg-type]
    if name != "a/b":
        with pytest.raises(InputError, match="cannot name"):
            write(tmp_path, extra_files={name: ""})
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_finite_is_null_in_the_record(tmp_path: Path) -> None:
    folder = write_run(tmp_path, RUN, {"summary": {"value": math.nan, "n": np.int64(3)}})
    assert json.loads((folder / "run.json").read_text())["summary"] == {"value": None, "n": 3}


def test_runs_are_listed_newest_first_and_broken_ones_named(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere") == []
    for run, created in (("aa01", "2026-01-01T00:00:00+00:00"), ("ab02", "2026-02-01T00:00:00+00:00")):
        write_run(tmp_path, run, {"created": created, "verb": "moa", "summary": "words"})
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "run.json").write_text('{"schema": 1, "ru')
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run.json").write_text('{"schema": 1, "run": "aa01"}')
    (tmp_path / ".aa01.partial-1-2").mkdir()
    entries = list_runs(tmp_path)
    assert [entry["run"] for entry in entries[:2]] == ["ab02", "aa01"]
    assert entries[0] == {"run": "ab02", "created": "2026-02-01T00:00:00+00:00", "verb": "moa", "summary": "words", "state": "ok"}
    assert {entry["run"]: entry["state"] for entry in entries[2:]} == {
        "empty": "broken: run.json is missing",
        "torn": "broken: run.json is not JSON",
        "other": "broken: run.json is of another run or another schema",
    }


def test_runs_are_found_by_their_first_letters(tmp_path: Path) -> None:
    for run in ("aa01", "aa02", "bc03"):
        write_run(tmp_path, run, {})
    assert read_run(tmp_path, "b")["run"] == "bc03"
    assert find_run(tmp_path, "aa01") == tmp_path / "aa01"
    with pytest.raises(InputError, match='"aa" begins 2 runs: aa01, aa02'):
        read_run(tmp_path, "aa")
    with pytest.raises(InputError, match=r'no run "bc04"(.|\n)*Near ones: bc03'):
        read_run(tmp_path, "bc04")
    for unusable in ("", "../aa01", "zzzzzz"):
        with pytest.raises(InputError):
            read_run(tmp_path, unusable)
    (tmp_path / "bc03" / "run.json").write_text("[]")
    with pytest.raises(InputError, match="broken"):
        read_run(tmp_path, "bc03")
