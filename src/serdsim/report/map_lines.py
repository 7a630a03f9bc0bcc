"""Lines of the pathway map: rounded routes, heads after SBGN, gaps where they cross, the letter of the key."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from serdsim.evidence.map_file import Edge, Point, Route, Stratum
from serdsim.report import svg
from serdsim.report.map_shapes import INK, SCALE, SIZE, STROKE, Look
from serdsim.report.svg import num

GROUND = {"outside": "#fbfcfa", "cytoplasm": "#f1f4ec", "nucleus": "#e6edf0", "fate": "#fbfcfa"}
FILL = {"signal": "f-signal", "drug": "f-drug", "rest": "f-rest"}
FAINTEST = 0.42
_PROCESS = ("becomes", "degraded")  # lines that pass a process square; the others carry a bare letter


@dataclass(frozen=True)
class Ground:
    """Which stratum lies where, for what must cover a line."""

    strata: tuple[Stratum, ...]
    form: str

    def at(self, y: float) -> str:
        """The stratum at a height."""
        return next((s.id for s in self.strata if s.spans[self.form][0] <= y < s.spans[self.form][1]), self.strata[-1].id)


def opacity(flow: float) -> float:
    """How strong a line is drawn: never too faint to be seen."""
    return FAINTEST + (1 - FAINTEST) * min(max(flow, 0.0), 1.0)


def segments(route: Route) -> list[tuple[Point, Point]]:
    """All straight pieces of a route."""
    return [piece for arm in (*route.arms, *route.loose) for piece in pairwise(arm)]


def rounded(points: Sequence[Point], radius: float) -> str:
    """Path data through the points with round corners."""
    out = [f"M{num(points[0][0])} {num(points[0][1])}"]
    for before, at, after in zip(points, points[1:], points[2:], strict=False):
        r = min(radius, math.dist(before, at) / 2, math.dist(at, after) / 2)
        into, out_of = _toward(at, before, r), _toward(at, after, r)
        out.append(f"L{num(into[0])} {num(into[1])}Q{num(at[0])} {num(at[1])} {num(out_of[0])} {num(out_of[1])}")
    return "".join(out) + f"L{num(points[-1][0])} {num(points[-1][1])}"


def _toward(start: Point, end: Point, length: float) -> Point:
    whole = math.dist(start, end)
    share = length / whole if whole else 0.0
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def crossings(own: Sequence[tuple[Point, Point]], others: Sequence[tuple[Point, Point]]) -> list[tuple[Point, Point]]:
    """Where own pieces cross others: the point and the direction of the own piece."""
    found = []
    for a, b in own:
        for c, d in others:
            flat, upright = (a[1] == b[1] and c[0] == d[0]), (a[0] == b[0] and c[1] == d[1])
            if not (flat or upright):
                continue
            x, y = (c[0], a[1]) if flat else (a[0], c[1])
            inside = min(a[0], b[0]) <= x <= max(a[0], b[0]) and min(a[1], b[1]) <= y <= max(a[1], b[1])
            within = min(c[0], d[0]) < x < max(c[0], d[0]) or min(c[1], d[1]) < y < max(c[1], d[1])
            strictly = min(a[0], b[0]) < x < max(a[0], b[0]) or min(a[1], b[1]) < y < max(a[1], b[1])
            if inside and within and strictly:
                found.append(((x, y), (1.0, 0.0) if flat else (0.0, 1.0)))
    return found


def line_width(item: Edge, form: str) -> float:
    """Strokes of what becomes something else are heavier than those of influences."""
    return (2.4 if item.kind in _PROCESS else 1.8) * (1.0 if form == "wide" else 0.75)


def edge(item: Edge, form: str, flow: float, ground: Ground, before: Sequence[tuple[Point, Point]], link: str) -> str:
    """One line with its heads and its letter, as a link to its reference; gaps keep it apart from lines drawn `before`."""
    route, scale = item.routes[form], SCALE[form]
    cls, colour = STROKE[item.ink]
    width = line_width(item, form)
    lines = [rounded(arm, 10 * scale) for arm in (*route.arms, *route.loose)]
    covers = []
    for (x, y), (dx, dy) in crossings(segments(route), before):
        half, where = 7 * scale, ground.at(y)
        path = f"M{num(x - half * dx)} {num(y - half * dy)}L{num(x + half * dx)} {num(y + half * dy)}"
        covers.append(_stroke(path, f"m-halo-{where}", GROUND[where], width + 7 * scale))
    parts = [_stroke("".join(lines), cls, colour, width)]
    parts += [head for arm in route.arms for head in heads(item, arm, scale, ground)]
    words = f"{item.letter}: {item.words}"
    drawn = [
        *covers,
        svg.element("g", {"class": "m-flow", "opacity": f"{opacity(flow):.2f}"}, *parts),
        svg.element(
            "path",
            {"class": "m-hit", "d": "".join(lines), "fill": "none", "stroke": "#000", "stroke-opacity": "0", "stroke-width": 14 * scale},
        ),
        *_letter(item, route.letter, form, ground),
    ]
    attributes: Look = {"class": "m-edge", "href": link, "data-e": item.id}
    ends: Look = {"data-from": " ".join(item.sources), "data-to": " ".join(item.targets)}
    return svg.element("a", attributes | ends, f"<title>{escape(svg.clean(words))}</title>", *drawn)


def _stroke(path: str, cls: str, colour: str, width: float) -> str:
    return svg.element(
        "path", {"class": cls, "d": path, "fill": "none", "stroke": colour, "stroke-width": width, "stroke-linejoin": "round"}
    )


def _letter(item: Edge, at: Point, form: str, ground: Ground) -> list[str]:
    """The letter: in a process square on what becomes, on bare ground otherwise."""
    size, scale = SIZE[form], SCALE[form]
    half = (10.5 if form == "wide" else 8) * (1.0 if item.kind in _PROCESS else 0.82)
    cls, colour = STROKE[item.ink]
    where = ground.at(at[1])
    box: Look = {"x": at[0] - half, "y": at[1] - half, "width": 2 * half, "height": 2 * half}
    if item.kind in _PROCESS:
        box |= {"class": f"m-vial {cls}", "fill": "#fff", "stroke": colour, "stroke-width": 1.4 * math.sqrt(scale)}
    else:
        box |= {"class": f"m-bg-{where}", "fill": GROUND[where]}
    text: Look = {"class": "f-ink m-letter", "x": at[0], "y": at[1] + size * 0.33, "text-anchor": "middle", "font-size": size}
    return [svg.element("rect", box), svg.element("text", {**text, "font-weight": "600", "fill": INK}, item.letter)]


def heads(item: Edge, arm: Sequence[Point], scale: float, ground: Ground) -> list[str]:
    """What stands at the end of an arm, and for what goes both ways at its start."""
    out = _head(item, arm[-2], arm[-1], scale, ground)
    if item.both_ways:
        out += _head(item, arm[1], arm[0], scale, ground)
    return out


def _head(item: Edge, before: Point, end: Point, scale: float, ground: Ground) -> list[str]:
    length = math.dist(before, end) or 1.0
    ux, uy = (end[0] - before[0]) / length, (end[1] - before[1]) / length
    cls, colour = STROKE[item.ink]
    where = ground.at(end[1])
    hollow: Look = {"class": f"m-bg-{where} {cls}", "fill": GROUND[where], "stroke": colour, "stroke-width": 1.7 * math.sqrt(scale)}
    full: Look = {"class": f"{FILL[item.ink]} {cls}", "fill": colour, "stroke": colour, "stroke-width": 1.0}

    def point(back: float, side: float) -> str:
        return f"{num(end[0] - ux * back * scale - uy * side * scale)} {num(end[1] - uy * back * scale + ux * side * scale)}"

    def shape(points: str, look: Look) -> str:
        return svg.element("path", {**look, "d": points})

    triangle = f"M{point(0, 0)}L{point(13, 6.5)}L{point(13, -6.5)}Z"
    if item.kind in _PROCESS:
        return [shape(triangle, full), *(_sink(end, (ux, uy), scale, cls, colour) if item.kind == "degraded" else [])]
    if item.kind == "stimulates":
        return [shape(triangle, hollow)]
    if item.kind == "makes":
        return [shape(triangle, hollow), shape(f"M{point(17, 7)}L{point(17, -7)}", {**hollow, "fill": "none"})]
    if item.kind == "catalyses":
        cx, cy = end[0] - ux * 6.5 * scale, end[1] - uy * 6.5 * scale
        return [svg.element("circle", {**hollow, "cx": cx, "cy": cy, "r": 6.5 * scale})]
    if item.kind == "modulates":
        return [shape(f"M{point(0, 0)}L{point(9, 6.5)}L{point(18, 0)}L{point(9, -6.5)}Z", hollow)]
    return [shape(f"M{point(1.5, 10)}L{point(1.5, -10)}", {"class": cls, "fill": "none", "stroke": colour, "stroke-width": 3.4 * scale})]


def _sink(end: Point, direction: Point, scale: float, cls: str, colour: str) -> list[str]:
    """The empty set, behind the head of what is degraded."""
    r = 11 * scale if scale == 1 else 9
    cx, cy = end[0] + direction[0] * (r + 1), end[1] + direction[1] * (r + 1)
    ring = svg.element(
        "circle", {"class": f"m-vial {cls}", "cx": cx, "cy": cy, "r": r, "fill": "#fff", "stroke": colour, "stroke-width": 1.5}
    )
    d = r * 1.05
    return [ring, _stroke(f"M{num(cx - d)} {num(cy + d)}L{num(cx + d)} {num(cy - d)}", cls, colour, 1.5)]
