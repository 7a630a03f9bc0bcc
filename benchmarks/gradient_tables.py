"""What was measured of gradients, as tables: ratios at equal error, and what each way of AMICI costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import gradient_amici, gradient_ours
from benchmarks.rounds import Row

_TAIL = 10.0


@dataclass(frozen=True)
class Compared:
    """Our way and AMICI's cheapest at one error of one course; `ratios` has one number per round."""

    ours: Row
    theirs: Row

    @property
    def ratios(self) -> list[float]:
        """How many times as fast ours is, round by round."""
        return [mine / other for mine, other in zip(self.ours.speeds, self.theirs.speeds, strict=True)]


def reaches(row: Row, target: float) -> bool:
    """Return whether the median error is small enough, the 99th percentile is at most ten times that, and no vector failed."""
    return bool(row.speeds) and row.errors.median <= target and row.errors.p99 <= _TAIL * target and not row.errors.failed


def cheapest(rows: Sequence[Row], target: float) -> Row | None:
    """Return the fastest row that reaches an error."""
    return max((row for row in rows if reaches(row, target)), key=lambda row: row.speed, default=None)


def compared(rows: Sequence[Row], problem: str, variant: str, target: float) -> Compared | None:
    """Return our variant beside AMICI's cheapest way, or nothing where one of them does not reach the error."""
    here = [row for row in rows if row.problem == problem]
    rounds = max((len(row.speeds) for row in here), default=0)
    here = [row for row in here if len(row.speeds) == rounds]  # the others were left behind after the first round
    ours = cheapest([row for row in here if row.tool == gradient_ours.NAME and row.variant == variant], target)
    theirs = cheapest([row for row in here if row.tool == gradient_amici.NAME], target)
    return Compared(ours, theirs) if ours and theirs else None


def ratio_table(rows: Sequence[Row], targets: Sequence[float]) -> str:
    """Return Markdown: one line per course and error."""
    lines = [
        "| course | error <= | AMICI's cheapest way | its error | ms | serdsim, error | ms | times faster | alone, ms | times faster |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for problem in dict.fromkeys(row.problem for row in rows):
        for target in targets:
            both = compared(rows, problem, gradient_ours.TOGETHER, target)
            alone = compared(rows, problem, gradient_ours.ALONE, target)
            if both is None or alone is None:
                lines.append(f"| {problem} | {target:g} | not reached by both | | | | | | | |")
                continue
            cells = (
                problem, f"{target:g}", f"{both.theirs.variant}, rtol {both.theirs.rtol:.2g}", f"{both.theirs.errors.median:.1e}",
                _ms(both.theirs), f"{both.ours.errors.median:.1e} (rtol {both.ours.rtol:.2g})", _ms(both.ours), _times(both),
                _ms(alone.ours), _times(alone),
            )  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def ways_table(swept: Sequence[Row], targets: Sequence[float]) -> str:
    """Return Markdown: the milliseconds of every way of AMICI at each error, from the sweep."""
    head = " | ".join(f"error <= {target:g}" for target in targets)
    lines = [f"| course | AMICI, ms per gradient | {head} |", "|---" * (2 + len(targets)) + "|"]
    theirs = [row for row in swept if row.tool == gradient_amici.NAME]
    for problem, variant in dict.fromkeys((row.problem, row.variant) for row in theirs):
        here = [row for row in theirs if (row.problem, row.variant) == (problem, variant)]
        found = [cheapest(here, target) for target in targets]
        cells = [_ms(row) if row else next((one.note for one in here if one.note), "-") for row in found]
        lines.append(f"| {problem} | {variant} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def report(measured: Sequence[Row], swept: Sequence[Row], notes: Sequence[str], targets: Sequence[float]) -> str:
    """Return all tables as Markdown."""
    rounds = max((len(row.speeds) for row in measured), default=0)
    parts = [
        "# Gradient of 20 parameters: serdsim beside AMICI's cheapest way",
        "One thread each, processor time per gradient, building excluded. Error: |g - ref| / |ref| of the gradient by logarithms of "
        "parameters, median over the vectors (99th percentile at most ten times that). Ratios: median over "
        f'{rounds} interleaved rounds (smallest to largest). "Alone": one vector per call of serdsim, seven of eight lanes empty.',
        "\n".join(f"- {note}" for note in notes),
        ratio_table(measured, targets),
        "## Every way of AMICI, once, on a few vectors",
        "-: no tolerance reaches the error before the way costs twice what the cheapest takes for the smallest error.",
        ways_table(swept, targets),
    ]
    return "\n\n".join(part.rstrip() for part in parts if part) + "\n"


def _ms(row: Row) -> str:
    return f"{1e3 / row.speed:.3g}"


def _times(both: Compared) -> str:
    ratios = both.ratios
    return f"{median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g})"
