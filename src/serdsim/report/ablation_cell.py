"""One cell of the ablation figure: P(pass) with all parts on and with one off, upright, told apart by shape and never by colour alone."""

from __future__ import annotations

import math

from serdsim.claims.records import AblationOutcome
from serdsim.report import shapes, svg

UNCHANGED = 0.05  # of P(pass), below which a cell says that nothing moved
HEIGHT = 30.0  # from P(pass) 0 to 1
_HALF = 7.0  # of the stroke for all parts on


def draw_cell(found: AblationOutcome | None, x: float, top: float, width: float) -> list[str]:
    """The cell with its middle at `x` and P(pass) 1 at `top`; None for a model that does not have the part."""
    if found is None:
        return [shapes.stroke(f"M{svg.num(x - 3)} {svg.num(top + HEIGHT / 2)}h6", "f-rule-s", shapes.HAIR, 1.4)]
    if not (math.isfinite(found.p_on) and math.isfinite(found.p_off)):
        return [svg.text(x, top + HEIGHT / 2 + 4.5, "?", ("f-ink2", shapes.INK2), "middle", size=13)]
    on, off = (top + HEIGHT * (1.0 - min(max(p, 0.0), 1.0)) for p in (found.p_on, found.p_off))
    left, wide = x - width / 2 + 2, width - 4
    ground = f"M{svg.num(left)} {svg.num(top)}h{svg.num(wide)}v{HEIGHT:g}h{svg.num(-wide)}Z"
    out = _hatch(x, top, width) if found.tautological else [shapes.area(ground, "f-pass", "#d9dfdd", 0.45)]
    out.append(shapes.stroke(f"M{svg.num(left)} {svg.num(top + HEIGHT / 2)}h{svg.num(wide)}", "f-rule-s", shapes.HAIR, 0.7))
    return out + _change(found, x, on, off)


def moved(found: AblationOutcome) -> str:
    """What the cell says: breaks, frees, falls, rises or still."""
    if found.flips:
        return "breaks"
    if found.holds_back:
        return "frees"
    if abs(found.p_off - found.p_on) <= UNCHANGED:
        return "still"
    return "falls" if found.p_off < found.p_on else "rises"


def _change(found: AblationOutcome, x: float, on: float, off: float) -> list[str]:
    what = moved(found)
    if what == "still":
        return [svg.element("circle", {"class": "f-rest", "cx": x, "cy": off, "r": 2.4, "fill": shapes.CONTROL})]
    cls, colour, line = {
        "breaks": ("f-signal-s", shapes.REFERENCE, 3.0),
        "frees": ("f-drug-s", "#195a9b", 3.0),
        "falls": ("f-rest-s", shapes.CONTROL, 1.6),
        "rises": ("f-drug-s", "#195a9b", 1.6),
    }[what]
    return [
        shapes.stroke(f"M{svg.num(x)} {svg.num(on)}V{svg.num(off)}", cls, colour, line),
        shapes.stroke(f"M{svg.num(x - _HALF)} {svg.num(on)}h{svg.num(2 * _HALF)}", "f-ink-s", shapes.INK, 1.6),
        _end(what, x, off, cls, colour),
    ]


def _end(what: str, x: float, y: float, cls: str, colour: str) -> str:
    """A diamond where it breaks, a triangle where it passes only without the part, else a ring."""
    at = f"M{svg.num(x)} {svg.num(y)}"
    if what == "breaks":
        return shapes.area(f"{at}m0 -6l6 6-6 6-6-6z", "f-signal", colour, 1)
    if what == "frees":
        return shapes.area(f"{at}m0 -6.5l6.5 10.5h-13z", "f-cell", colour, 1)
    ring: dict[str, str | float | None] = {"class": f"f-paper {cls}", "cx": x, "cy": y, "r": 3.8, "fill": shapes.PAPER}
    return svg.element("circle", {**ring, "stroke": colour, "stroke-width": 1.6})


def _hatch(x: float, top: float, width: float) -> list[str]:
    """A hatched ground in a dashed frame, for what only restates the statement."""
    left, right, low, high = x - width / 2 + 1.5, x + width / 2 - 1.5, top - 7.0, top + HEIGHT + 7.0
    lines = []
    start = left - (high - low)
    while start < right:
        a, b = max(start, left), min(start + high - low, right)
        lines.append(f"M{svg.num(a)} {svg.num(high - (a - start))}L{svg.num(b)} {svg.num(high - (b - start))}")
        start += 6.0
    frame = f"M{svg.num(left)} {svg.num(low)}H{svg.num(right)}V{svg.num(high)}H{svg.num(left)}Z"
    return [shapes.stroke("".join(lines), "f-rule-s", shapes.HAIR, 0.7), shapes.stroke(frame, "f-rule-s", shapes.HAIR, 1, "3 3")]
