"""A prior as a small drawing: median and central 90 % on a log axis on which every decade is equally wide in every row."""

from __future__ import annotations

import math

from serdsim.report import shapes, svg
from serdsim.report.scale import Scale

WIDTH, HEIGHT = 184.0, 34.0
_LEFT, _RIGHT, _MIDDLE, _BASE = 16.0, 168.0, 7.0, 14.0
DECADES = 6


def prior(median: float, lo90: float, hi90: float) -> str:
    """The interval over six decades around the median, more where it needs them; empty where nothing can be drawn."""
    if not (0 < lo90 < hi90 and math.isfinite(hi90)):
        return ""
    axis = _axis(median, lo90, hi90)
    ticks = "".join(f"M{svg.num(axis(tick))} {svg.num(_BASE)}v4" for tick in axis.ticks)
    parts = [shapes.stroke(f"M{_LEFT:.0f} {_BASE:.0f}H{_RIGHT:.0f}{ticks}", "f-axis", shapes.AXIS, 0.8)]
    low, high = axis(lo90), max(axis(hi90), axis(lo90) + 1.0)
    parts.append(shapes.area(f"M{svg.num(low)} {_MIDDLE - 3:.0f}H{svg.num(high)}v6H{svg.num(low)}Z", "f-rest", shapes.CONTROL, 1))
    parts.append(shapes.stroke(f"M{svg.num(axis(median))} {_MIDDLE - 6:.0f}v12", "f-ink-s", shapes.INK, 2))
    for tick in axis.labelled:
        parts.append(svg.text(axis(tick), HEIGHT - 4, axis.label(tick), ("f-ink2", shapes.INK2), "middle", size=12))
    head: dict[str, str | float | None] = {"class": "prior", "viewBox": f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", "width": WIDTH, "height": HEIGHT}
    return svg.element("svg", {**head, "aria-hidden": "true"}, *parts)


def _axis(median: float, lo90: float, hi90: float) -> Scale:
    """An axis from power to power of ten with the median in its middle, and a number at its ends and in the middle."""
    middle = round(math.log10(median))
    half = max(DECADES // 2, math.ceil(max(math.log10(hi90) - middle, middle - math.log10(lo90))))
    ticks = tuple(float(f"1e{middle + step}") for step in range(-half, half + 1))
    return Scale(ticks[0], ticks[-1], _LEFT, _RIGHT, True, ticks, half)
