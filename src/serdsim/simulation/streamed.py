"""Many individuals in fixed memory: each finished chunk goes to disk, the parts become the tables of the run at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serdsim.engine.ensemble import Progress
from serdsim.engine.pools import STOPPED, chunks, members, spread
from serdsim.errors import Cancelled, SerdsimError
from serdsim.results.dataset import unit_of
from serdsim.results.disk import disk_errors
from serdsim.results.parts import Part
from serdsim.results.run_folder import require_room
from serdsim.results.run_lock import locked
from serdsim.results.summary import summarise
from serdsim.results.table_files import write_table
from serdsim.results.table_stream import write_stream
from serdsim.results.unfinished import Unfinished
from serdsim.simulation.columns import columns_table
from serdsim.simulation.drawn_job import DrawnJob
from serdsim.simulation.prepared import Prepared

TABLE, FAILURES, COLUMNS = "trajectories", "failures", "columns"


@dataclass(frozen=True)
class Streamed:
    """A finished run.

    Attributes
    ----------
    run : str
    folder : Path
    items : list of dict
        Per output its unit, first and last value (median over individuals), minimum and maximum.
    individuals : int
    failures : DataFrame
        individual, status and message of those that failed; also the table `failures` of the run.
    late : int
        Doses after the end, which were not given.
    """

    run: str
    folder: Path
    items: list[dict[str, Any]]
    individuals: int
    failures: pd.DataFrame
    late: int


def stream(ready: Prepared, root: Path, *, workers: int | None = None, progress: Progress | None = None) -> Streamed:
    """Run what is ready, or what is not yet done of it, and write its folder below `root`.

    Parameters
    ----------
    ready : Prepared
    root : Path
        Folder of all runs.
    workers : int, optional
        Processes or threads, as the engine wants it; no byte of a table depends on it.
    progress : callable, optional
        Called with a title, what is done and what there is to do.

    Raises
    ------
    Cancelled
        When the user interrupts; finished chunks are kept and `resume` goes on with them.
    InputError
        When the disk refuses, or another process is at work on this run.
    """
    require_room(root)
    work = Unfinished(root, ready.run)
    again = f"serdsim resume {ready.run}" + (f' --out "{root}"' if root != Path("runs") else "")
    with disk_errors(root, f"what is done is kept; then: {again}"), locked(root, ready.run), _said_when_stopped(ready, work, again):
        done = work.kept(ready.marks)
        _compute(ready, work, done, workers, progress)
        failures: list[pd.DataFrame] = []
        record = {"verb": "simulate"} | dict(ready.record)
        record["status"] = _status(ready, work)
        work.finish(record, lambda folder: failures.append(_write_tables(ready, work, folder, progress)))
    units = {id: unit_of(ready.question.model, id) for id in ready.job.outputs}
    items = summarise(work.folder / "tables" / f"{TABLE}.parquet", units)
    late = ready.record["doses_after_the_end"]
    return Streamed(ready.run, work.folder, items, ready.job.individuals, failures[0], late if isinstance(late, int) else 0)


def _compute(ready: Prepared, work: Unfinished, done: set[int], workers: int | None, progress: Progress | None) -> None:
    """Write the parts that are not there yet."""
    job = ready.job
    count = sum(len(members(job, number)) for number in done)
    if progress:
        progress("simulating", count, job.individuals)
    begun = bool(done)
    for number, arrays in spread(job, [number for number in chunks(job) if number not in done], workers):
        if not begun:
            work.begin(ready.marks)
            begun = True
        work.parts.write(number, arrays)
        count += len(members(job, number))
        if progress:
            progress("simulating", count, job.individuals)


def _status(ready: Prepared, work: Unfinished) -> dict[str, int]:
    failed = sum(work.parts.failed(number) for number in chunks(ready.job))
    return {"ok": ready.job.individuals - failed, "failed": failed}


def _write_tables(ready: Prepared, work: Unfinished, folder: Path, progress: Progress | None) -> pd.DataFrame:
    """Write the tables of all parts and return the failures."""
    job = ready.job
    lost: list[tuple[int, str, str]] = []

    def pieces() -> Iterator[Mapping[str, np.ndarray]]:
        for number in chunks(job):
            rows, part = members(job, number), work.parts.read(number)
            lost.extend((rows[i], str(part.status[i]), str(part.messages[i])) for i in np.flatnonzero(part.status != "ok"))
            yield _columns(job, rows, ready.times, part)
            if progress:
                progress("writing tables", rows.stop, job.individuals)

    write_stream(pieces(), job.individuals * len(ready.times), folder, TABLE)
    failures = pd.DataFrame(lost, columns=["individual", "status", "message"]).astype({"individual": np.int64})
    write_table(failures, folder, FAILURES)
    write_table(columns_table(ready), folder, COLUMNS)
    return failures


def _columns(job: DrawnJob, individuals: range, times: np.ndarray, part: Part) -> dict[str, np.ndarray]:
    """Return one row per individual and time, with draw and patient where there are several in a draw."""
    who = {"individual": np.arange(individuals.start, individuals.stop, dtype=np.int64), **job.who(individuals)}
    columns = {name: np.repeat(numbers, len(times)) for name, numbers in who.items()}
    columns["time"] = np.tile(times, len(individuals))
    columns |= {id: part.values[i].ravel() for i, id in enumerate(job.outputs)}
    return columns | {"status": np.repeat(part.status.astype(object), len(times))}


@contextmanager
def _said_when_stopped(ready: Prepared, work: Unfinished, again: str) -> Iterator[None]:
    """Turn an interrupt, and a worker that is gone, into an error that says what is kept and how to go on."""
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt) or STOPPED.is_set()
        if not stopped and not isinstance(error, BrokenExecutor):
            raise
        kept = sum(len(members(ready.job, number)) for number in work.parts.present())
        how = f"{kept} of {ready.job.individuals} individuals are kept; to go on: {again}" if kept else "nothing was finished"
        if stopped:
            raise Cancelled(f"cancelled: {how}") from None
        raise SerdsimError(f"a worker process was ended from outside, perhaps for want of memory: {how}") from error
