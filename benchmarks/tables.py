"""What was measured, as tables: all rungs, the fastest at a wanted error, and ratios at equal error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.measure import geometric_mean, speed_at
from benchmarks.rounds import Row

COLUMNS = (
    "problem", "tool", "variant", "rtol", "median_error", "p99_error", "largest_error", "failed", "per_second", "slowest", "fastest",
    "rounds", "build_s", "memory_mib", "note",
)  # fmt: skip
WANTED = 1e-5
_TAIL = 10.0
_PEER_RTOL = 1e-6


@dataclass(frozen=True)
class Ratio:
    """How many times as fast one tool is as a peer at one median error of one problem."""

    problem: str
    peer: str
    error: float
    ours: float
    theirs: float

    @property
    def value(self) -> float:
        """The ratio of the speeds."""
        return self.ours / self.theirs


def tsv(rows: Iterable[Row]) -> str:
    """Return every row with every number."""
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        low, high = (min(row.speeds), max(row.speeds)) if row.speeds else (math.nan, math.nan)
        found = row.errors
        cells = (
            row.problem, row.tool, row.variant, row.rtol, found.median, found.p99, found.largest, found.failed, row.speed, low, high,
            len(row.speeds), row.build_s, row.memory, row.note,
        )  # fmt: skip
        lines.append("\t".join(cell if isinstance(cell, str) else f"{cell:.6g}" for cell in cells))
    return "\n".join(lines) + "\n"


def fastest(rows: Iterable[Row], wanted: float = WANTED) -> dict[str, Row]:
    """Return per tool the fastest row whose median error is small enough and whose 99th percentile is at most ten times that."""
    best: dict[str, Row] = {}
    for row in rows:
        if row.speeds and row.errors.median <= wanted and row.errors.p99 <= _TAIL * wanted:
            held = best.get(row.tool)
            if held is None or row.speed > held.speed:
                best[row.tool] = row
    return best


def ratios(rows: Sequence[Row], ours: str, peer: str) -> list[Ratio]:
    """Return per problem the ratio of speeds at the error that the peer has at rtol 1e-6, at its best variant there."""
    found = []
    for problem in dict.fromkeys(row.problem for row in rows):
        here = [row for row in rows if row.problem == problem and row.speeds and math.isfinite(row.errors.median)]
        theirs = [row for row in here if row.tool == peer and row.rtol == _PEER_RTOL]
        mine = [(row.errors.median, row.speed) for row in here if row.tool == ours]
        if not theirs or not mine:
            continue
        ladder = [(row.errors.median, row.speed) for row in here if row.tool == peer]
        error = min(theirs, key=lambda row: row.errors.median).errors.median
        found.append(Ratio(problem, peer, error, speed_at(error, mine), speed_at(error, ladder)))
    return found


def ladder_table(rows: Sequence[Row]) -> str:
    """Return Markdown: every rung of every tool."""
    head = ("problem", "tool", "rtol", "median error", "99th percentile", "failed", "per second", "spread", "build s")
    body = []
    for row in rows:
        name = f"{row.tool} ({row.variant})" if row.variant else row.tool
        if not row.speeds:
            body.append((row.problem, name, row.note, *[""] * 6))
            continue
        e = row.errors
        numbers = (f"{row.rtol:g}", f"{e.median:.1e}", f"{e.p99:.1e}", str(e.failed), f"{row.speed:.3g}", f"{row.spread:.2f}")
        body.append((row.problem, name, *numbers, f"{row.build_s:.3g}"))
    return _markdown(head, body)


def fastest_table(rows: Sequence[Row], ours: str, wanted: float = WANTED) -> str:
    """Return Markdown: per problem the fastest setting of each tool at the wanted error, and our ratio to it."""
    body = []
    for problem in dict.fromkeys(row.problem for row in rows):
        best = fastest([row for row in rows if row.problem == problem], wanted)
        mine = best.get(ours)
        for tool in dict.fromkeys(row.tool for row in rows if row.problem == problem):
            row = best.get(tool)
            if row is None:
                notes = [one.note for one in rows if (one.problem, one.tool) == (problem, tool) and one.note]
                body.append((problem, tool, "", "", "", "", notes[0] if notes else f"no setting reaches {wanted:g}"))
                continue
            ratio = f"{mine.speed / row.speed:.3g}" if mine and tool != ours else ""
            setting = f"{row.variant} {row.rtol:g}".strip()
            body.append((problem, tool, setting, f"{row.errors.median:.1e}", f"{row.errors.p99:.1e}", f"{row.speed:.3g}", ratio))
    return _markdown(("problem", "tool", "setting", "median error", "99th percentile", "per second", f"{ours} is faster by"), body)


def ratio_table(found: Sequence[Ratio]) -> str:
    """Return Markdown: ratios at equal error, then per peer the geometric mean and the worst model by name."""
    body = [(r.problem, r.peer, f"{r.error:.1e}", f"{r.ours:.3g}", f"{r.theirs:.3g}", f"{r.value:.3g}") for r in found]
    text = _markdown(("problem", "peer", "median error", "ours per second", "peer per second", "ratio"), body)
    for peer in dict.fromkeys(r.peer for r in found):
        known = [r for r in found if r.peer == peer and math.isfinite(r.value)]
        left = [r.problem for r in found if r.peer == peer and not math.isfinite(r.value)]
        if known:
            worst = min(known, key=lambda r: r.value)
            mean = geometric_mean([r.value for r in known])
            text += f"\nAgainst {peer}: geometric mean {mean:.3g} over {len(known)} models, worst {worst.value:.3g} ({worst.problem}).\n"
        if left:
            text += f"\nAgainst {peer}: no rung of ours is as exact for {', '.join(left)}.\n"
    return text


def _markdown(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(cells) + " |" for cells in body)]) + "\n"
