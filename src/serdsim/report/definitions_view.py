"""The same conclusion by other definitions: how one is signed, and statements side by side by definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.claims.judge import HIGH, LOW
from serdsim.claims.records import Outcome, PartOutcome
from serdsim.report import numbers, shapes, svg

_LEFT, _RIGHT, _MIDDLE = 4.0, 96.0, 10.0


@dataclass(frozen=True)
class Robustness:
    """Statements that name definitions, the definitions of all of them, and for each statement the outcome by each, None for none."""

    definitions: tuple[str, ...]
    rows: tuple[tuple[Outcome, tuple[PartOutcome | None, ...]], ...]

    @property
    def finding(self) -> str:
        """How many conclusions survive all definitions, in a sentence."""
        survive = sum(all(part.p_pass >= HIGH for part in outcome.definitions) for outcome, _ in self.rows)
        agree = sum(len({held(part) for part in outcome.definitions}) == 1 for outcome, _ in self.rows)
        return (
            f"{len(self.rows)} statements are measured by several definitions; {survive} of them hold by every one of theirs, "
            f"and in {agree} all definitions say the same."
        )


def robustness(outcomes: Sequence[Outcome]) -> Robustness | None:
    """Return the matrix of statements and definitions, None where no statement names two."""
    measured = [outcome for outcome in outcomes if len(outcome.definitions) > 1]
    if not measured:
        return None
    names = tuple(dict.fromkeys(part.title for outcome in measured for part in outcome.definitions))
    rows = []
    for outcome in measured:
        known = {part.title: part for part in outcome.definitions}
        rows.append((outcome, tuple(known.get(name) for name in names)))
    return Robustness(names, tuple(rows))


def held(part: PartOutcome) -> str:
    """What a definition says: it holds in at least 90 % of the draws, in at most 10 %, or in between."""
    if part.p_pass >= HIGH:
        return "holds"
    return "does not hold" if part.p_pass <= LOW else "open"


def held_sign(part: PartOutcome) -> str:
    """The class and symbol of what a definition says."""
    return {"holds": "supported", "does not hold": "notsupported", "open": "inconclusive"}[held(part)]


def share(p: float) -> str:
    """A share of draws on a scale from 0 to 1 with lines at the bounds from which a definition holds and does not."""
    if not 0 <= p <= 1:
        return ""
    at = _LEFT + (_RIGHT - _LEFT) * p
    bounds = "".join(f"M{svg.num(_LEFT + (_RIGHT - _LEFT) * bound)} 3v14" for bound in (LOW, HIGH))
    parts = [
        shapes.stroke(f"M{_LEFT} {_MIDDLE}H{_RIGHT}", "f-grid", "#e4e8e5", 1),
        shapes.stroke(bounds, "f-rule-s", shapes.HAIR, 1),
        shapes.stroke(f"M{_LEFT} {_MIDDLE}H{svg.num(at)}", "f-rest-s", shapes.CONTROL, 2.2),
        svg.element("circle", {"class": "f-obs", "cx": at, "cy": _MIDDLE, "r": 3.6, "fill": shapes.INK}),
    ]
    head: dict[str, str | float | None] = {"class": "share", "viewBox": "0 0 100 20", "width": 100.0, "height": 20.0, "role": "img"}
    return svg.element("svg", {**head, "aria-label": f"{numbers.probability(p)} of the draws; lines at {LOW:g} and {HIGH:g}"}, *parts)
