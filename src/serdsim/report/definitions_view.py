"""The same conclusion by other definitions: how one is signed, and statements side by side by definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.claims.judge import HIGH, LOW
from serdsim.claims.records import Outcome, PartOutcome
from serdsim.report import numbers, shapes, svg

_LEFT, _RIGHT, _MIDDLE = 4.0, 96.0, 10.0


@dataclass(frozen=True)
class Matrix:
    """Statements that share definitions, and for each definition the outcome of each statement by it, None for none."""

    outcomes: tuple[Outcome, ...]
    rows: tuple[tuple[str, tuple[PartOutcome | None, ...]], ...]


@dataclass(frozen=True)
class Robustness:
    """Statements that name several definitions, in groups that share some."""

    matrices: tuple[Matrix, ...]

    @property
    def finding(self) -> str:
        """In how many statements all definitions hold, and in how many they agree, in a sentence."""
        found = [outcome for matrix in self.matrices for outcome in matrix.outcomes]
        hold = sum(all(part.p_pass >= HIGH for part in outcome.definitions) for outcome in found)
        agree = sum(len({held(part) for part in outcome.definitions}) == 1 for outcome in found)
        head = "1 statement is" if len(found) == 1 else f"{len(found)} statements are"
        return (
            f"{head} measured by several definitions: every definition holds in {hold or 'none'} of them, "
            f"and all definitions say the same in {agree or 'none'}."
        )


def robustness(outcomes: Sequence[Outcome]) -> Robustness | None:
    """Return statements side by side by definition, None where none names two."""
    groups: list[list[Outcome]] = []
    for outcome in (one for one in outcomes if len(one.definitions) > 1):
        names = _names([outcome])
        akin = [group for group in groups if set(names) & set(_names(group))]
        groups = [group for group in groups if group not in akin] + [[*(one for group in akin for one in group), outcome]]
    return Robustness(tuple(map(_matrix, groups))) if groups else None


def _matrix(group: Sequence[Outcome]) -> Matrix:
    known = [{part.title: part for part in outcome.definitions} for outcome in group]
    return Matrix(tuple(group), tuple((name, tuple(parts.get(name) for parts in known)) for name in _names(group)))


def _names(group: Sequence[Outcome]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.title for outcome in group for part in outcome.definitions))


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
