"""A parameter as a small drawing: the prior as a bar, the local interval as a line over it with the value."""

from __future__ import annotations

import math

from serdsim.fit.estimates import Estimate
from serdsim.report import shapes, svg

WIDTH, HEIGHT = 150.0, 22.0
_LEFT, _RIGHT, _MIDDLE = 8.0, 142.0, 11.0
_MOST = 1.5  # an interval wider than the prior by this is cut, with an arrow


def estimate_drawing(one: Estimate) -> str:
    """The prior's central 95 % (bounds where there is no prior) and the 95 % local interval, on the scale of estimation.

    Both share one axis: the prior always fills the same part of it. Empty where nothing can be drawn.
    """
    low, high = (one.low, one.high) if one.prior else (one.lower, one.upper)
    ends = [_scaled(value, one.logarithmic) for value in (low, high)]
    value = _scaled(one.interval.value, one.logarithmic)
    if not (all(map(math.isfinite, (*ends, value))) and ends[0] < ends[1]):
        return ""
    middle, half = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2

    def at(scaled: float) -> float:
        share = (scaled - middle) / (2 * _MOST * half) + 0.5
        return _LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT)

    bar = f"M{svg.num(at(ends[0]))} {_MIDDLE - 5:.0f}H{svg.num(at(ends[1]))}v10H{svg.num(at(ends[0]))}Z"
    parts = [shapes.area(bar, "f-restt", "#d9dfdd", 1)]
    if one.prior:
        parts.append(
            shapes.stroke(f"M{svg.num(at(_scaled(one.median, one.logarithmic)))} {_MIDDLE - 5:.0f}v10", "f-rule-s", shapes.HAIR, 1.2)
        )
    lower, upper = (_scaled(end, one.logarithmic) for end in (one.interval.lower, one.interval.upper))
    cls, colour = shapes.inks("drug")[1], shapes.inks("drug")[3]
    if not math.isnan(lower):
        parts.append(shapes.stroke(f"M{svg.num(at(lower))} {_MIDDLE:.0f}H{svg.num(at(upper))}", cls, colour, 2.0))
        parts.append(svg.element("circle", {"class": "f-cell", "fill": colour, "cx": at(value), "cy": _MIDDLE, "r": 3.8}))
    else:
        parts.append(shapes.mark("diamond", at(value), _MIDDLE, "reference"))
    head: dict[str, str | float | None] = {
        "class": "estimate",
        "viewBox": f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        "width": WIDTH,
        "height": HEIGHT,
    }
    return svg.element("svg", {**head, "aria-hidden": "true"}, *parts)


def _scaled(value: float, logarithmic: bool) -> float:
    if not logarithmic:
        return value
    return math.log(value) if value > 0.0 else -math.inf
