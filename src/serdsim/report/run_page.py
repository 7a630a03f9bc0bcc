"""The page of a run: what was asked, its figures, what was read from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from serdsim.analysis.host_course import HostReading
from serdsim.report import numbers
from serdsim.report.run_figures import RunFigure
from serdsim.report.shell import environment, read_assets

_GROUPS = {
    "exposure": "Exposure",
    "receptor": "Receptor",
    "markers": "Markers",
    "tumour": "Tumour",
    "growth": "Growth",
    "tolerability": "Tolerability",
    "medium": "Medium",
}


@dataclass(frozen=True)
class Shown:
    """A figure with its drawings for desks and for phones."""

    figure: RunFigure
    wide: str
    narrow: str


def render_run(
    figures: Sequence[Shown],
    readings: Sequence[HostReading],
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    run: str,
    command: str,
    version: str,
    verb: str = "simulate",
) -> str:
    """Return the page as one HTML text; `facts` are words about the run and what they say."""
    groups: dict[str, list[tuple[RunFigure, Markup, Markup]]] = {}
    for one in figures:
        wide, narrow = (Markup(drawing.replace("<svg ", '<svg class="plot" ', 1)) for drawing in (one.wide, one.narrow))
        groups.setdefault(one.figure.group, []).append((one.figure, wide, narrow))
    template = environment().get_template("run.html.j2")
    return template.render(
        title=title,
        facts=facts,
        groups=[(name, _GROUPS.get(name, first_up(name)), found) for name, found in groups.items()],
        rows=[_row(one) for one in readings],
        run=run,
        command=command,
        version=version,
        verb=verb,
        **read_assets().parts,
    )


def first_up(words: str) -> str:
    """Return the words with a capital letter first."""
    return words[:1].upper() + words[1:]


def _row(one: HostReading) -> tuple[str, str, str, str, str]:
    low, high = (one.lo90, one.hi90) if one.hi90 > one.lo90 else (None, None)
    day = "" if math.isnan(one.day) else numbers.significant(one.day, 3)
    return (
        first_up(one.title),
        one.measure,
        one.interval,
        numbers.with_interval(one.value, low, high, one.unit.replace("*", "·").replace("^3", "³")),
        day,
    )
