"""Draw the exposure-margin ladder: for each drug and genotype free drug over what is needed, in each host, on one logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serdsim.analysis.ladder import Ladder, Rung, interval
from serdsim.experiments.panel import Axis, Panel
from serdsim.report import numbers, shapes, svg
from serdsim.report.document import document

LOW, HIGH = 1e-3, 1e3  # ends of the axis; what lies beyond is drawn to them
TICKS = (1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3)
INKS = ("drug", "signal", "rest")  # of the hosts, in their order
_SIZE, _TRACK, _HEAD, _TOP, _EDGE, _BAR = 13.0, 19.0, 30.0, 30.0, 4.0, 4.0


@dataclass(frozen=True)
class _Places:
    width: float
    hosts: float  # where the name of a host begins
    left: float
    right: float
    words: bool  # whether numbers stand at the right

    def at(self, margin: float) -> float:
        share = math.log(min(max(margin, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
        return self.left + share * (self.right - self.left)


WIDE = _Places(760.0, 66.0, 128.0, 566.0, True)
NARROW = _Places(400.0, 58.0, 118.0, 384.0, False)


def draw_ladder(ladder: Ladder, *, narrow: bool = False) -> str:
    """The ladder as a standalone SVG document, 760 wide, or 400 for phones."""
    places = NARROW if narrow else WIDE
    inks = _inks(ladder)
    body: list[str] = []
    y = _TOP
    for drug in dict.fromkeys(rung.seen.usual.drug for rung in ladder.rungs):
        body.append(svg.text(_EDGE, y + 18, drug, ("f-ink", shapes.INK), size=_SIZE + 1, bold=True))
        y += _HEAD
        for genotype in ladder.file.genotypes:
            rungs = [rung for rung in ladder.rungs if (rung.seen.usual.drug, rung.genotype) == (drug, genotype)]
            body.append(svg.text(_EDGE, y + 13, genotype, ("f-ink", shapes.INK), size=_SIZE))
            for rung in rungs:
                body += _track(rung, places, y + _TRACK / 2 - 1, inks[rung.seen.usual.host.title])
                y += _TRACK
            y += 5
    return document(_panel(ladder), places.width, y + 30, "n" if narrow else "w", "".join([*_axis(places, y), *body]))


def _inks(ladder: Ladder) -> Mapping[str, str]:
    hosts = dict.fromkeys(rung.seen.usual.host.title for rung in ladder.rungs)
    return {host: INKS[number % len(INKS)] for number, host in enumerate(hosts)}


def _axis(places: _Places, bottom: float) -> list[str]:
    out = []
    for tick in TICKS:
        x, one = places.at(tick), tick == 1.0
        cls, colour = ("f-axis", shapes.AXIS) if one else ("f-rule-s", shapes.HAIR)
        out.append(
            shapes.stroke(
                f"M{svg.num(x)} {svg.num(_TOP - 4)}V{svg.num(bottom)}", cls, colour, 1.2 if one else 1.0, None if one else "1.5 3"
            )
        )
        words = numbers.plain(tick) if places.words or tick in (1e-3, 1.0, 1e3) else ""
        out.append(svg.text(x, 18, words, ("f-ink2", shapes.INK2), "middle", size=_SIZE))
    middle = (places.left + places.right) / 2
    return [*out, svg.text(middle, bottom + 20, "free drug over free IC90, log scale", ("f-ink", shapes.INK), "middle", size=_SIZE)]


def _track(rung: Rung, places: _Places, y: float, ink: str) -> list[str]:
    """The central 90 % of the mean as a line, the medians from lowest to highest as a bar, the median of the mean as a mark."""
    area, line, text, colour = shapes.inks(ink)
    low, mean, high = interval(rung.margin("mean"))
    trough, peak = (interval(rung.margin(what))[1] for what in ("lowest", "highest"))
    a, b = places.at(trough), places.at(peak)
    out = [
        svg.text(places.hosts, y + 4.5, rung.seen.usual.host.title, (text, colour), size=_SIZE),
        shapes.stroke(f"M{svg.num(places.at(low))} {svg.num(y)}H{svg.num(places.at(high))}", line, colour, 1.3),
        shapes.area(f"M{svg.num(a)} {svg.num(y - _BAR)}H{svg.num(max(b, a + 1))}v{svg.num(2 * _BAR)}H{svg.num(a)}Z", area, colour, 0.4),
        shapes.stroke(f"M{svg.num(places.at(mean))} {svg.num(y - 6)}v12", line, colour, 2.6),
    ]
    ends = [(low, -1.0) for _ in range(low < LOW)] + [(high, 1.0) for _ in range(high > HIGH)]
    for value, side in ends:
        x = places.at(value)
        out.append(
            shapes.stroke(
                f"M{svg.num(x - 5 * side)} {svg.num(y - 4)}L{svg.num(x)} {svg.num(y)}L{svg.num(x - 5 * side)} {svg.num(y + 4)}",
                line,
                colour,
                1.3,
            )
        )
    if places.words:
        out.append(svg.text(places.right + 14, y + 4.5, margin_words(rung), ("f-ink2", shapes.INK2), size=_SIZE))
    return out


def margin_words(rung: Rung) -> str:
    """The margin of the mean with its central 90 %."""
    low, mean, high = (numbers.significant(value) for value in interval(rung.margin("mean")))
    return f"{mean} ({low} to {high})" if low != "0" else f"{mean} (none to {high})"


def _panel(ladder: Ladder) -> Panel:
    said = [f"{r.seen.usual.drug}, {r.genotype}, {r.seen.usual.host.title}: {margin_words(r)}" for r in ladder.rungs]
    return Panel(
        id="ladder",
        title="Free drug over what stops transcription",
        x=Axis("free drug over free IC90", "dimensionless", log=True),
        y=Axis("drug, genotype, host", "dimensionless"),
        bands=(),
        caption="",
        description=f"Mean free drug over the last dosing interval over the IC90, median with central 90 %. {_joined(said)}.",
    )


def _joined(words: Sequence[str]) -> str:
    return "; ".join(words)
