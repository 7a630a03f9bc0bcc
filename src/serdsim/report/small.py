"""Small drawings inside the text: the interval against the pass region, and one cell of the ablation matrix."""

from __future__ import annotations

import math

from serdsim.claims.records import AblationOutcome, Outcome
from serdsim.report import numbers, shapes, svg
from serdsim.report.view import Bounds, bounds, value_text

_LEFT, _RIGHT, _TOP, _BASE = 4.0, 246.0, 3.0, 19.0
UNCHANGED = 0.05


def _domain(values: list[float]) -> tuple[float, float, bool]:
    """Ends of the spark's axis and whether it is logarithmic (positive and spanning more than a factor of 20)."""
    lo, hi = min(values), max(values)
    if lo > 0 and hi / lo > 20:
        return lo / 1.6, hi * 1.6, True
    pad = (hi - lo) * 0.18 or abs(hi) * 0.2 or 1.0
    return (0.0 if lo >= 0 and lo - pad < 0.35 * hi else lo - pad), hi + pad, False


def spark(outcome: Outcome) -> str:
    """The value and its central 90 % against the region where the test passes; empty where nothing can be drawn."""
    limit = bounds(outcome)
    value, lo, hi = outcome.value, outcome.lo90, outcome.hi90
    if limit is None or value is None or lo is None or hi is None or not all(math.isfinite(v) for v in (value, lo, hi)):
        return ""
    marks = [v for v in (limit.below, limit.above) if v is not None]
    start, end, log = _domain([value, lo, hi, *marks])

    def at(v: float) -> float:
        share = math.log(v / start) / math.log(end / start) if log else (v - start) / (end - start)
        return _LEFT + share * (_RIGHT - _LEFT)

    parts = _ground(limit, at(limit.below) if limit.below is not None else _RIGHT, at(limit.above) if limit.above is not None else _LEFT)
    parts.append(shapes.stroke(f"M{_LEFT} {_BASE + 0.5}H{_RIGHT}", "f-axis", shapes.AXIS, 0.8))
    for v in marks:
        parts.append(shapes.stroke(f"M{svg.num(at(v))} {_TOP}V{_BASE + 5}", "f-rule-s", shapes.HAIR, 1))
        half = svg.width(numbers.bound(v), 12) / 2
        x = min(max(at(v), _LEFT + half), _RIGHT - half)
        parts.append(svg.text(x, _BASE + 17, numbers.bound(v), ("f-ink2", shapes.INK2), "middle", size=12))
    parts.append(shapes.stroke(f"M{svg.num(at(lo))} 11H{svg.num(at(hi))}", "f-ink-s", shapes.INK, 1.8))
    parts.append(svg.element("circle", {"class": "f-obs", "cx": at(value), "cy": 11.0, "r": 3.6, "fill": shapes.INK}))
    words = f"{value_text(outcome)}; {_words(limit)}{', logarithmic' if log else ''}"
    head: dict[str, str | float | None] = {"class": "spark", "viewBox": "0 0 250 38", "width": 250.0, "height": 38.0}
    return svg.element("svg", {**head, "role": "img", "aria-label": words}, *parts)


def _ground(limit: Bounds, below: float, above: float) -> list[str]:
    """The pass region as a light ground, only where the test's words say on which side it lies."""
    if not limit.known:
        return []
    return [shapes.area(f"M{svg.num(above)} {_TOP}H{svg.num(below)}V{_BASE}H{svg.num(above)}Z", "f-restt", "#d9dfdd", 1)]


def _words(limit: Bounds) -> str:
    if not limit.known:
        return f"bound at {numbers.bound(limit.below)}"
    if limit.below is not None and limit.above is not None:
        return f"passes from {numbers.bound(limit.above)} to {numbers.bound(limit.below)}"
    if limit.below is not None:
        return f"passes below {numbers.bound(limit.below)}"
    return f"passes above {numbers.bound(limit.above)}"


def change(ablation: AblationOutcome) -> str:
    """What switching the part off does, in words."""
    tail = " (only restates the statement, does not count)" if ablation.tautological else ""
    step = ablation.p_off - ablation.p_on
    if not (math.isfinite(ablation.p_on) and math.isfinite(ablation.p_off)):
        return "not computed" + tail
    on, off = numbers.probability(ablation.p_on), numbers.probability(ablation.p_off)
    if ablation.flips:
        return f"breaks: {on} to {off}{tail}"
    if ablation.holds_back:
        return f"held back by it: {on} to {off}{tail}"
    if ablation.untold:
        return f"crosses the half in too few draws to tell: {on} to {off}{tail}"
    if abs(step) <= UNCHANGED:
        return f"unchanged: {on} to {off}{tail}"
    return f"{'falls' if step < 0 else 'rises'}, does not break: {on} to {off}{tail}"


def cell(ablation: AblationOutcome) -> str:
    """A bar from P(pass) with all parts on to P(pass) with one off, on a scale from 0 to 1 with a line at 0.5."""
    if not (math.isfinite(ablation.p_on) and math.isfinite(ablation.p_off)):
        return ""
    on, off = (4 + 53 * min(max(p, 0.0), 1.0) for p in (ablation.p_on, ablation.p_off))
    parts = [shapes.stroke("M4 20.5h53M30.5 3.5v17", "f-grid", "#e4e8e5", 1)]
    if ablation.tautological:
        frame: dict[str, str | float | None] = {"class": "f-rule-s", "x": 0.5, "y": 1.5, "width": 60.0, "height": 21.0}
        parts.append(svg.element("rect", {**frame, "fill": "none", "stroke": shapes.HAIR, "stroke-dasharray": "3 3"}))
    cls, colour, line = ("f-rest-s", "#5f6a70", 1.6) if off < on else ("f-drug-s", "#195a9b", 1.6)
    if ablation.flips:
        cls, colour, line = "f-signal-s", "#a85a00", 3.0
    elif ablation.holds_back:
        cls, colour, line = "f-drug-s", "#195a9b", 3.0
    still = not (ablation.flips or ablation.holds_back) and abs(ablation.p_off - ablation.p_on) <= UNCHANGED
    if not still:
        parts.append(shapes.stroke(f"M{svg.num(on)} 12H{svg.num(off)}", cls, colour, line))
        parts.append(shapes.stroke(f"M{svg.num(on)} 6.5v11", "f-ink-s", shapes.INK, 1.6))
    parts.append(_end(off, ablation, still, cls, colour))
    parts.append(
        svg.text(
            65, 16.5, numbers.probability(ablation.p_off), ("f-ink", shapes.INK), size=13.5, bold=ablation.flips or ablation.holds_back
        )
    )
    head: dict[str, str | float | None] = {"class": "cell", "viewBox": "0 0 110 24", "width": 110.0, "height": 24.0, "aria-hidden": "true"}
    return svg.element("svg", head, *parts)


def _end(x: float, ablation: AblationOutcome, still: bool, cls: str, colour: str) -> str:
    """The mark at P(pass) with the part off: diamond when it breaks, triangle when it is held back, dot when unchanged, else a ring."""
    if ablation.holds_back:
        return svg.element("path", {"class": "f-cell", "d": f"M{svg.num(x)} 5.5l6.5 11h-13z", "fill": colour})
    if ablation.flips:
        return svg.element("path", {"class": "f-signal", "d": f"M{svg.num(x)} 5.5l6.5 6.5-6.5 6.5-6.5-6.5z", "fill": colour})
    if still:
        return svg.element("circle", {"class": "f-rest", "cx": x, "cy": 12.0, "r": 2.2, "fill": "#5f6a70"})
    ring: dict[str, str | float | None] = {"class": f"f-paper {cls}", "cx": x, "cy": 12.0, "r": 4.0, "fill": "#fff"}
    return svg.element("circle", {**ring, "stroke": colour, "stroke-width": 1.6})
