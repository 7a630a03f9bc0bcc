"""The page and figures of ``design``: the deciding share over the values of each row, with the row's prior under it."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt
from statistics import NormalDist

from serdsim.claims.deciding_records import Decider, Deciding
from serdsim.claims.judge import HIGH, LOW, surely
from serdsim.evidence.design import Design
from serdsim.experiments.panel import Axis, Band, Level, Panel
from serdsim.report.figure import draw
from serdsim.report.numbers import with_interval
from serdsim.report.run_figures import RunFigure
from serdsim.report.run_page import Shown, render_run
from serdsim.results.run_record import serdsim_version

_HEIGHT = 0.3  # of the axis that the top of the prior reaches
_SPAN = 2.0 * NormalDist().inv_cdf(0.95)  # of the central 90 %, in standard deviations


def design_figures(design: Design) -> dict[str, str]:
    """Return the drawings of a design by the names of their files."""
    panels = _panels(design)
    return {panel.id: draw(panel) for panel in panels} | {f"{panel.id}-narrow": draw(panel, narrow=True) for panel in panels}


def design_page(design: Design) -> str:
    """Return the page of a design as one HTML text."""
    shown = [Shown(RunFigure("what would decide it", panel), draw(panel), draw(panel, narrow=True)) for panel in _panels(design)]
    found = design.deciding
    facts = [("Statement", design.statement.sentence), ("What would decide it", found.sentence)]
    facts += [(row.row, row_words(found, row)) for row in found.rows]
    facts += [("How", f"{found.looked_at} numbers compared over {found.draws} draws; each of these held over {found.held_draws} of them")]
    title = f"What would decide {design.statement.id}?"
    command = str(design.record["replay"])
    return render_run(shown, (), title=title, facts=facts, run=design.run, command=command, version=serdsim_version(), verb="design")


def row_words(found: Deciding, row: Decider) -> str:
    """Return in words what a row is, what its prior says, and how far it moves the share."""
    shares = [found.share(point) for point in row.points]
    prior = with_interval(row.median, row.lo90, row.hi90, row.unit)
    return f"{row.words}; prior {prior}, {row.grade}; {100 * min(shares):.0f} to {100 * max(shares):.0f} % of the draws"


def _panels(design: Design) -> list[Panel]:
    return [_panel(design, row, number) for number, row in enumerate(design.deciding.rows, start=1)]


def _panel(design: Design, row: Decider, number: int) -> Panel:
    found, count = design.deciding, design.deciding.held_draws
    x = tuple(point.value for point in row.points)
    shares = [found.share(point) for point in row.points]
    sure = [surely(share, count) for share in shares]
    what = "share in which the control holds" if found.control else "share that passes"
    bands = [Band(what, x, tuple(shares), tuple(low for low, _ in sure), tuple(high for _, high in sure))]
    if found.control:
        passes = [point.p_pass for point in row.points]
        both = [surely(share, count) for share in passes]
        ends = (tuple(low for low, _ in both), tuple(high for _, high in both))
        bands.append(Band("share that passes", x, tuple(passes), *ends, ink="rest", dash=True))
    bands.append(_prior(row, x))
    deciding = f'the control "{found.control}" holds' if found.control else "the statement passes"
    spread = row.hi90 / row.lo90
    levels = [Level(HIGH, f"{100 * HIGH:.0f} %")] + ([] if found.control else [Level(LOW, f"{100 * LOW:.0f} %")])
    return Panel(
        id=f"{design.statement.id}-design-{number}",
        title=f"How much hangs on {row.row.split(':')[-1]}?",
        x=Axis(row.row.split(":")[-1], row.unit, log=spread > sqrt(10.0)),
        y=Axis("share of draws", "dimensionless"),
        bands=tuple(bands),
        caption=f"Share of {count} draws in which {deciding} when {row.row} is held at a value over the central 90 % of its prior and all "
        "else is drawn as before, with what so many draws leave open (90 % on each side). "
        "The curve from the bottom is the prior, without a scale.",
        description=f"Share of draws over values of {row.row}.",
        draws=count,
        y_range=(0.0, 1.0),
        levels=tuple(levels),
    )


def _prior(row: Decider, x: Sequence[float]) -> Band:
    """Return the prior of a row over its values as a curve without a scale."""
    odds = [log(value / (1.0 - value)) if row.shares else log(value) for value in (row.lo90, row.median, row.hi90, *x)]
    low, middle, high, *at = odds
    density = tuple(_HEIGHT * exp(-0.5 * ((z - middle) * _SPAN / (high - low)) ** 2) for z in at)
    return Band("its prior", tuple(x), density, tuple(0.0 for _ in x), density, ink="rest")
