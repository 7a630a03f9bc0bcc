"""Streamed tables: the bytes of the table in memory, for any workers and any order, in memory that does not grow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from ensemble_cases import FAKE, THREADS, hashes, made_up, tiny_library

import serdsim.results.table_stream as table_stream
from serdsim.dosing.regimen import parse_regimen
from serdsim.engine.engines import REFERENCE, Engine
from serdsim.engine.plan import Arrays, Plan
from serdsim.engine.pools import spread
from serdsim.results.run_folder import list_runs, read_run
from serdsim.results.table_files import ROW_GROUP, write_table
from serdsim.results.table_stream import write_stream
from serdsim.simulation import simulate_named, streamed
from serdsim.simulation.estimate import estimate
from serdsim.simulation.prepared import prepare
from serdsim.simulation.streamed import Streamed, stream

DOSES = parse_regimen("any 1 nM q4h x 2")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_library(tmp_path_factory.mktemp("streaming"))


def options(library: Path, engine: Engine, draws: int = 10) -> dict[str, Any]:
    return {"duration_h": 9.0, "every_h": 2.0, "draws": draws, "library": library, "engine": engine}


def streaming(library: Path, root: Path, engine: Engine, draws: int = 10, **more: Any) -> Streamed:
    return stream(prepare("tiny", DOSES, **options(library, engine, draws)), root, **more)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("engine", [THREADS, replace(REFERENCE, chunk=4)], ids=["threads", "processes"])
def test_the_tables_are_those_of_the_run_in_memory(library: Path, tmp_path: Path, engine: Engine, workers: int) -> None:
    result = simulate_named("tiny", DOSES, **options(library, replace(REFERENCE, chunk=100)), workers=1)
    frame = result.dataset[["A", "B", "status"]].to_dataframe(dim_order=["individual", "time"]).reset_index()
    (tmp_path / "tables").mkdir()
    write_table(frame, tmp_path / "tables", "trajectories")
    found = streaming(library, tmp_path / "runs", engine, workers=workers)
    assert found.run == result.run
    assert hashes(tmp_path).items() <= hashes(found.folder).items()
    assert len(frame) == 60 and frame["A"].nunique() > 50
    assert {path.name for path in found.folder.iterdir()} == {"run.json", "tables"}
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {found.run}
    assert read_run(tmp_path / "runs", found.run)["status"] == {"ok": 10, "failed": 0}
    assert found.items[0]["max"] == frame["A"].max()
    assert found.items[1]["last"] == float(np.median(frame["B"][frame["time"] == 9.0]))


def test_the_order_in_which_chunks_are_done_does_not_matter(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = streaming(library, tmp_path / "plain", replace(FAKE, chunk=3))

    def backwards(*given: Any) -> Iterator[tuple[int, Arrays]]:
        yield from reversed(list(spread(*given)))

    monkeypatch.setattr(streamed, "spread", backwards)
    assert hashes(streaming(library, tmp_path / "turned", replace(FAKE, chunk=3)).folder) == hashes(plain.folder)


@pytest.mark.parametrize("rows", [ROW_GROUP - 1, ROW_GROUP, ROW_GROUP + 1, 2 * ROW_GROUP + 777])
def test_pieces_of_any_length_give_the_bytes_of_the_whole(tmp_path: Path, rows: int) -> None:
    numbers = np.random.default_rng(rows)
    values = np.where(numbers.random(rows) < 0.1, np.nan, np.round(numbers.normal(size=rows), 2))
    columns = {"individual": np.arange(rows) // 7, "y": values, "status": np.where(numbers.random(rows) < 0.5, "ok", "no").astype(object)}
    cuts = [0, *sorted(numbers.integers(0, rows, 5).tolist()), rows]
    pieces = [{name: column[a:b] for name, column in columns.items()} for a, b in pairwise(cuts)]
    (tmp_path / "whole" / "tables").mkdir(parents=True)
    (tmp_path / "cut" / "tables").mkdir(parents=True)
    write_table(pd.DataFrame(columns), tmp_path / "whole" / "tables", "t")
    write_stream(pieces, rows, tmp_path / "cut" / "tables", "t")
    assert hashes(tmp_path / "whole") == hashes(tmp_path / "cut")


def test_a_table_too_long_for_a_spreadsheet_is_parquet_only(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_stream, "MOST_CSV_ROWS", 59)
    names = set(hashes(streaming(library, tmp_path, FAKE).folder))
    assert names == {"trajectories.parquet", "columns.csv", "columns.parquet", "failures.csv", "failures.parquet"}


def failing(kernel: Any, plan: Plan) -> Arrays:
    """Fail high numbers in the pre-run, where nothing is observed, and low ones later."""
    arrays, own = made_up(kernel, plan), plan.given.sum(axis=0)
    lost = own < 2.3 if plan.outputs else own > 3.0
    arrays.values[:, :, lost] = np.nan
    message = tuple(f"at {number:.3f}" if gone else "" for gone, number in zip(lost, own, strict=True))
    return replace(arrays, status=np.where(lost, "step_limit", "ok").astype(object), message=message)


def test_individuals_that_fail_are_listed(library: Path, tmp_path: Path) -> None:
    found = streaming(library, tmp_path, replace(FAKE, run=failing, chunk=4), 40)
    query = "SELECT individual FROM read_parquet(?) WHERE A IS NULL AND B IS NULL AND status = 'step_limit' GROUP BY 1 ORDER BY 1"
    with duckdb.connect() as reader:
        lost = [row[0] for row in reader.execute(query, [f"{found.folder}/tables/trajectories.parquet"]).fetchall()]
        rows = reader.execute("FROM read_parquet(?)", [f"{found.folder}/tables/failures.parquet"]).fetchall()
    assert [row[0] for row in rows] == lost == found.failures["individual"].tolist()
    assert {row[1] for row in rows} == {"step_limit"}
    early = [row[2] for row in rows if row[2].startswith("pre-run: at ")]
    late = [row[2] for row in rows if row[2].startswith("at ")]
    assert early and late and len(early) + len(late) == len(rows) < 40
    assert read_run(tmp_path, found.run)["status"] == {"ok": 40 - len(lost), "failed": len(lost)}
    assert [entry["state"] for entry in list_runs(tmp_path)] == ["ok"]


MEASURED = """
import resource, sys
from pathlib import Path
from ensemble_cases import FAKE
from serdsim.dosing.regimen import parse_regimen
from serdsim.simulation.estimate import estimate
from serdsim.simulation.prepared import prepare
from serdsim.simulation.streamed import stream
doses = parse_regimen("any 1 nM q24h x 28")
ready = prepare("tiny", doses, library=Path(sys.argv[1]), duration_h=672.0, every_h=24.0, draws=int(sys.argv[3]), engine=FAKE)
stream(ready, Path(sys.argv[2]), workers=2)
status = Path("/proc/self/status")  # getrusage would count the memory of the process that started this one
if status.exists():
    peak = next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(peak, estimate(ready.job, 2).memory)
"""


def test_memory_does_not_grow_with_individuals_and_stays_below_the_estimate(library: Path, tmp_path: Path) -> None:
    peaks = []
    for draws in ("10000", "80000"):
        words = [sys.executable, "-c", MEASURED, str(library), str(tmp_path / draws), draws]
        done = subprocess.run(words, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
        peak, guess = map(float, done.stdout.split())
        assert peak < guess
        peaks.append(peak)
    grown = 80_000 * 29 * 4 * 8  # the columns of the larger table
    assert peaks[1] - peaks[0] < 0.5 * grown


def test_the_estimate_counts_rows_and_is_no_less_than_the_files(library: Path, tmp_path: Path) -> None:
    ready = prepare("tiny", DOSES, **options(library, FAKE, 5000))
    guess = estimate(ready.job, 1)
    assert str(guess).startswith("5,000 individuals x 6 times = 30,000 rows; ")
    found = stream(ready, tmp_path, workers=1)
    size = sum(path.stat().st_size for path in found.folder.rglob("*") if path.is_file())
    assert 0.2 * guess.disk < size < guess.disk
