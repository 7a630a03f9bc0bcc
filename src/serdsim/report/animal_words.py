"""The words and the table that follow a figure of animals: what bars, lines and steps are, and the values behind them."""

from __future__ import annotations

import math

from serdsim.experiments.panel import Bars, Panel, Paths
from serdsim.report import numbers
from serdsim.report.grid_words import TableRow

MOST_TIMES = 13


def sentences(panel: Panel) -> list[str]:
    """What the marks of the figure are, how many animals there are and in what they differ."""
    draws = f"{numbers.count(panel.draws)} parameter draws" if panel.draws else "the parameter draws"
    group = f"{numbers.count(panel.animals)} simulated {panel.whom}"
    differ = "They differ by the variances between individuals of the tables, and are the same in all arms."
    if panel.bars:
        out = [f"Bars: {group} of each arm, sorted anew in each draw; median and central 90 % (whisker) of {draws} for each rank. {differ}"]
    elif panel.paths:
        out = [f"Thin lines: {group} of one of {draws}, that whose typical one ends in the middle; thick: its typical one. {differ}"]
    else:
        out = [
            f"Steps and band: share of {group} that is left, median and central 90 % of {draws}. {differ} None leaves for another reason."
        ]
    out += [f"Cut off at {numbers.plain(panel.cut)}: {cut}." for cut in [_cut(panel)] if cut]
    missing = sum(not math.isfinite(v) for bars in panel.bars for v in bars.median)
    missing += sum(not math.isfinite(v) for one in panel.paths for line in (one.typical, *one.animals) for v in line)
    return out + ([f"Not drawn, because not computed: {missing} point{'s' if missing > 1 else ''}."] if missing else [])


def _cut(panel: Panel) -> str:
    """What is not shown in full, in words; empty without any."""
    if panel.cut is None:
        return ""
    bars = sum(v > panel.cut for bars in panel.bars for v in bars.median)
    lines = sum(any(v > panel.cut for v in line) for one in panel.paths for line in (one.typical, *one.animals))
    counted = [(bars, "bar"), (lines, "line")]
    return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counted if count)


def rows(panel: Panel) -> list[TableRow]:
    """The values behind bars and courses: each rank; of courses the typical animal with the range of the others."""
    return [row for bars in panel.bars for row in _bar_rows(bars)] + [row for one in panel.paths for row in _path_rows(one, panel.whom)]


def _bar_rows(bars: Bars) -> list[TableRow]:
    out = []
    for rank, (middle, low, high) in enumerate(zip(bars.median, bars.lo90, bars.hi90, strict=True), 1):
        value, ends = numbers.interval(middle, low, high)
        out.append(TableRow(bars.label, str(rank), value, ends, "control" if bars.control else "simulated", "", ""))
    return out


def _path_rows(one: Paths, whom: str) -> list[TableRow]:
    count = len(one.x)
    shown = range(count) if count <= MOST_TIMES else sorted({round(i * (count - 1) / (MOST_TIMES - 1)) for i in range(MOST_TIMES)})
    out = []
    for i in shown:
        each = [line[i] for line in one.animals if math.isfinite(line[i])]
        value, ends = numbers.interval(one.typical[i], min(each), max(each)) if each else (numbers.MISSING, "")
        note = f"the typical one; interval: lowest to highest of the {whom}"
        out.append(TableRow(one.label, numbers.grid(one.x[i]), value, ends, "simulated", str(len(each)), note))
    return out


def risk_rows(panel: Panel) -> list[TableRow]:
    """How many animals are at risk where the number changes."""
    out = []
    for arm in panel.at_risk:
        for i, (x, count) in enumerate(zip(arm.x, arm.count, strict=True)):
            if i == 0 or count != arm.count[i - 1]:
                out.append(
                    TableRow(arm.label, numbers.grid(x), numbers.count(count), "", "at risk", "", f"{panel.whom} left, median of the draws")
                )
    return out
