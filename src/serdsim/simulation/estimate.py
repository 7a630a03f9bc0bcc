"""What a run will need, said before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from serdsim.engine.pools import chunks, processors
from serdsim.results.table_files import ROW_GROUP
from serdsim.results.table_stream import MOST_CSV_ROWS
from serdsim.simulation.drawn_job import DrawnJob

_BASE = 330e6  # [bytes] the program without results
_WORKER = 60e6  # [bytes] what a process of its own adds
_BLOCK_COPIES = 12  # of a block of rows, while the final table is written
_CHUNK_COPIES = 3  # of the values of a chunk: as computed, as sent, as turned for the disk
_CSV_CELL = 20  # [bytes]


@dataclass(frozen=True)
class Estimate:
    """Rows of the result table, and an upper guess of bytes on disk and in memory."""

    individuals: int
    times: int
    disk: float
    memory: float

    def __str__(self) -> str:
        rows = self.individuals * self.times
        return (
            f"{self.individuals:,} individuals x {self.times:,} times = {rows:,} rows; "
            f"at most about {_mb(self.disk)} on disk while it runs and {_mb(self.memory)} of memory."
        )


def estimate(job: DrawnJob, workers: int | None = None) -> Estimate:
    """Return what a job will need with so many workers."""
    count = min(workers or processors(), len(chunks(job)))
    rows = job.individuals * len(job.times)
    columns = len(job.outputs) + 3 + len(job.who(range(0)))
    row = 8.0 * columns
    parts = 8.0 * rows * len(job.outputs)
    tables = rows * row * (2 if rows > ROW_GROUP else 1)
    sheet = rows * _CSV_CELL * columns if rows <= MOST_CSV_ROWS else 0.0
    chunk = 8.0 * min(job.chunk, job.individuals) * (len(job.times) * len(job.outputs) + 4 * len(job.marginals))
    held = (2 * count + 1 if count > 1 else 1) * chunk * _CHUNK_COPIES
    processes = count * _WORKER if count > 1 and job.engine.pool == "processes" else 0.0
    return Estimate(
        job.individuals, len(job.times), parts + tables + sheet, _BASE + processes + held + _BLOCK_COPIES * min(rows, ROW_GROUP) * row
    )


def _mb(size: float) -> str:
    return f"{max(size / 1e6, 1.0):,.0f} MB"
