"""What the last change of the library's numbers did to the verdicts: `changed_verdicts.tsv`, written from two runs."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import NormalDist

from serdsim.claims.records import VERDICTS
from serdsim.tables import Column, read_table

FILE = "changed_verdicts.tsv"
COLUMNS = [
    Column("statement"),
    Column("cause"),
    Column("date"),
    Column("draws", "number"),
    Column("seed", "number"),
    Column("before", "choice", VERDICTS),
    Column("p_before", "number"),
    Column("after", "choice", VERDICTS),
    Column("p_after", "number"),
]


@dataclass(frozen=True)
class Change:
    """A statement before and after: verdict and P(pass), from runs with the same draws and seed."""

    statement: str
    before: str
    p_before: float
    after: str
    p_after: float

    @property
    def changed(self) -> bool:
        """Whether the verdict is another."""
        return self.before != self.after


@dataclass(frozen=True)
class Changes:
    """One change of the numbers with all statements that were tested before and after it."""

    cause: str
    date: str
    draws: int
    seed: int
    rows: tuple[Change, ...]

    @property
    def finding(self) -> str:
        """The change in one sentence."""
        other = [f"{row.statement} from {row.before} to {row.after}" for row in self.rows if row.changed]
        told = f"{len(other)} of {len(self.rows)} verdicts changed: {'; '.join(other)}"
        told = told if other else f"none of {len(self.rows)} verdicts changed"
        return f"On {self.date} {self.cause}; {told}."

    @property
    def caution(self) -> str:
        """How little so many draws can tell apart."""
        room = NormalDist().inv_cdf(0.95) * sqrt(0.05 * 0.95 / self.draws)
        return (
            f"With {self.draws} draws a P(pass) of 0.05 or 0.95 is uncertain by {room:.2f} (90 %): a verdict near its bound may change "
            "with the seed."
        )


def read_changes(library: Path) -> Changes | None:
    """Return the last change of the numbers, None where the library tells of none."""
    if not (library / FILE).is_file():
        return None
    lines = read_table(library / FILE, COLUMNS)
    numbers = [(line.number("p_before") or 0.0, line.number("p_after") or 0.0) for line in lines]
    rows = tuple(
        Change(line.text("statement"), line.text("before"), p_before, line.text("after"), p_after)
        for line, (p_before, p_after) in zip(lines, numbers, strict=True)
    )
    if not rows:
        return None
    first = lines[0]
    return Changes(first.text("cause"), first.text("date"), int(first.number("draws") or 0), int(first.number("seed") or 0), rows)
