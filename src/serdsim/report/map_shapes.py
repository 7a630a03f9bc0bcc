"""Shapes of the pathway map after SBGN process description: outlines as paths, their fill, their label."""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

from serdsim.evidence.map_file import Box, Node
from serdsim.report import svg
from serdsim.report.svg import num

INK, PAPER, VIAL = "#15191c", "#fff", "#fff"
STROKE = {"signal": ("f-signal-s", "#a85a00"), "drug": ("f-drug-s", "#195a9b"), "rest": ("f-rest-s", "#5f6a70")}
TINT = {"signal": ("f-signalt", "#f7d9a6"), "drug": ("f-drugt", "#bfd9f1"), "rest": ("f-restt", "#d9dfdd")}
SIZE = {"wide": 17.0, "tall": 12.5}
Look = dict[str, str | float | None]  # attributes of an element
SCALE = {"wide": 1.0, "tall": 0.68}  # of strokes, corners and heads


def outline(shape: str, box: Box, scale: float) -> str:
    """Path data of a shape: circle, capsule, rounded, cut corners, square top and round foot, hexagon."""
    left, top, right, foot = box.x - box.width / 2, box.y - box.height / 2, box.x + box.width / 2, box.y + box.height / 2
    if shape in ("small", "capsule"):
        r = box.height / 2
        return (
            f"M{num(left + r)} {num(top)}H{num(right - r)}A{num(r)} {num(r)} 0 0 1 {num(right - r)} {num(foot)}"
            f"H{num(left + r)}A{num(r)} {num(r)} 0 0 1 {num(left + r)} {num(top)}Z"
        )
    if shape == "outcome":
        cut = box.height * 0.38
        return _polygon([(left, box.y), (left + cut, top), (right - cut, top), (right, box.y), (right - cut, foot), (left + cut, foot)])
    if shape in ("complex", "dimer"):
        c = 11 * scale
        corners = [(left + c, top), (right - c, top), (right, top + c), (right, foot - c), (right - c, foot), (left + c, foot)]
        return _polygon([*corners, (left, foot - c), (left, top + c)])
    r = (12 if shape == "protein" else 15) * scale
    turn = f"A{num(r)} {num(r)} 0 0 1"
    below = f"V{num(foot - r)}{turn} {num(right - r)} {num(foot)}H{num(left + r)}{turn} {num(left)} {num(foot - r)}Z"
    if shape == "protein":
        return f"M{num(left)} {num(top + r)}{turn} {num(left + r)} {num(top)}H{num(right - r)}{turn} {num(right)} {num(top + r)}{below}"
    return f"M{num(left)} {num(top)}H{num(right)}{below}"


def _polygon(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{num(x)} {num(y)}" for x, y in points) + "Z"


def multimer(box: Box, scale: float) -> Box:
    """The second outline of a dimer, a little below and to the right."""
    return Box(box.x + 6 * scale, box.y + 6 * scale, box.width, box.height)


def node(item: Node, form: str, level: float, prefix: str) -> str:
    """One shape: vial, fill up to its level with a mark at each side, outline, label."""
    box, scale = item.places[form], SCALE[form]
    path, clip = outline(item.shape, box, scale), f"{prefix}-{item.id}"
    ink, colour = STROKE[item.ink]
    line = 2.2 * (1.0 if form == "wide" else 0.8)
    parts = [svg.element("clipPath", {"id": clip}, svg.element("path", {"d": path}))]
    if item.shape == "dimer":
        behind = outline(item.shape, multimer(box, scale), scale)
        parts.append(svg.element("path", {"class": f"m-vial {ink}", "d": behind, "fill": VIAL, "stroke": colour, "stroke-width": line}))
    if item.shape == "gene":
        parts.append(_start_arrow(box, scale, ink, colour))
    parts.append(svg.element("path", {"class": "m-vial", "d": path, "fill": VIAL}))
    parts.append(_fill(item, box, level, clip, scale))
    parts.append(svg.element("path", {"class": f"m-box {ink}", "d": path, "fill": "none", "stroke": colour, "stroke-width": line}))
    parts += _label(item, form)
    words = f"{item.words}: {100 * level:.0f} % full"
    attributes: Look = {"class": "m-node", "data-n": item.id, "role": "img", "aria-label": words}
    return svg.element("g", attributes | {"data-w": item.words}, *parts)


def _fill(item: Node, box: Box, level: float, clip: str, scale: float) -> str:
    """The level as a rectangle cut by the shape, and two marks at its surface."""
    tint, tint_colour = TINT[item.ink]
    ink, colour = STROKE[item.ink]
    left, foot = box.x - box.width / 2, box.y + box.height / 2
    surface = foot - box.height * level
    rect = svg.element(
        "rect",
        {
            "class": f"m-lvl {tint}",
            "data-l": item.id,
            "data-y": foot,
            "data-h": box.height,
            "x": left,
            "y": surface,
            "width": box.width,
            "height": box.height * level,
            "fill": tint_colour,
        },
    )
    reach = min(0.2 * box.width, 15 * scale) + (box.width * 0.1 if item.shape in ("small", "outcome") else 0)
    marks = f"M{num(left)} 0h{num(reach)}M{num(left + box.width)} 0h{num(-reach)}"
    mark = svg.element("path", {"class": ink, "d": marks, "stroke": colour, "stroke-width": 3 * scale})
    held = svg.element("g", {"class": "m-mark", "transform": f"translate(0 {num(surface)})"}, mark)
    return svg.element("g", {"clip-path": f"url(#{clip})"}, rect, held)


def _label(item: Node, form: str) -> list[str]:
    """The name in one or two lines, and a note above the shape."""
    box, size = item.places[form], SIZE[form]
    lines = item.labels[form]
    lead = size * 1.08
    first = box.y + size * 0.345 - lead * (len(lines) - 1) / 2
    slanted = "italic" if item.shape in ("gene", "message") else None
    out = []
    for i, words in enumerate(lines):
        place: Look = {"class": "f-ink", "x": box.x, "y": first + i * lead, "text-anchor": "middle"}
        look: Look = {"font-size": size, "font-weight": "600", "font-style": slanted, "fill": INK}
        out.append(svg.element("text", place | look, escape(svg.clean(words))))
    if item.notes[form]:
        out.append(svg.text(box.x, box.y - box.height / 2 - size * 0.55, item.notes[form], ("f-ink2", "#434b51"), "middle", size=size))
    return out


def _start_arrow(box: Box, scale: float, ink: str, colour: str) -> str:
    """The bent arrow at which reading of a gene starts."""
    x, y = box.x - box.width / 2 + 5 * scale, box.y - box.height / 2
    up, along, head = 14 * scale, 15 * scale, 4.5 * scale
    path = f"M{num(x)} {num(y)}v{num(-up)}h{num(along)}m{num(-head)} {num(-head)}l{num(head)} {num(head)}l{num(-head)} {num(head)}"
    return svg.element(
        "path", {"class": f"m-start {ink}", "d": path, "fill": "none", "stroke": colour, "stroke-width": 1.5 * math.sqrt(scale)}
    )
