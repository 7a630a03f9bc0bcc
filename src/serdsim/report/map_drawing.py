"""The pathway map as a drawing: strata, membranes, DNA, lines, shapes, the time; wide, tall and in miniature."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from serdsim.evidence.map_file import OWN, Edge, PathwayMap, Point
from serdsim.evidence.pathway import Shown
from serdsim.references import Reference
from serdsim.report import map_lines, map_shapes, svg
from serdsim.report.map_lines import GROUND, Ground
from serdsim.report.map_shapes import SCALE, SIZE, TINT, Look
from serdsim.report.svg import num

WIDTH = {"wide": 1600.0, "tall": 390.0}
_CLOCK = {"wide": (24.0, 1008.0, 38.0, 22.0), "tall": (8.0, 34.0, 24.0, 17.0)}  # x, y, size, distance of the line below
_UNVERIFIED = "recalled"


def link(item: Edge, references: Mapping[str, Reference]) -> str:
    """Where a line leads: the DOI of its first reference that has a verified one, else the list at the page's foot."""
    for key in item.references:
        reference = references[key]
        if reference.doi and _UNVERIFIED not in reference.note:
            return f"https://doi.org/{reference.doi}"
    return f"#ref-{item.references[0]}"


def draw_map(shown: Shown, references: Mapping[str, Reference], form: str, frame: int = 0) -> str:
    """The map at one frame as a standalone SVG document.

    Parameters
    ----------
    shown : Shown
        The map and its run.
    references : mapping of str to Reference
        The bibliography, for the links of the lines.
    form : str
        "wide" or "tall".
    frame : int
        Position among the frames of the map.
    """
    found = shown.map
    ground = Ground(found.strata, form)
    name = f"map-{form}"
    body = _background(found, form)
    done: list[tuple[Point, Point]] = []
    for item in found.edges:
        body.append(map_lines.edge(item, form, float(shown.flows[item.id][frame]), ground, done, link(item, references)))
        done += map_lines.segments(item.routes[form])
    body += [map_shapes.node(item, form, float(shown.levels[item.id][frame]), name) for item in found.nodes]
    body += _clock(form, found.frames[frame])
    height = found.strata[-1].spans[form][1]
    return svg.element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "id": name,
            "class": "m-map",
            "viewBox": f"0 0 {num(WIDTH[form])} {num(height)}",
            "width": WIDTH[form],
            "height": height,
            "role": "group",
            "aria-labelledby": f"{name}-t {name}-d",
            "font-family": svg.FONT,
            "font-size": SIZE[form],
        },
        f'<title id="{name}-t">{escape(found.title)}</title>',
        f'<desc id="{name}-d">{escape(description(found))}</desc>',
        *body,
    )


def description(found: PathwayMap) -> str:
    """What the drawing shows, for those who cannot see it; the page says the mechanism in words."""
    layers = ", ".join(stratum.words for stratum in found.strata)
    parts = f"{len(found.nodes)} shapes and {len(found.edges)} lettered lines"
    return f"Layers from top to bottom: {layers}. {parts}. {found.system} The map in words follows."


def _background(found: PathwayMap, form: str) -> list[str]:
    width, out = WIDTH[form], []
    for stratum in found.strata:
        top, foot = stratum.spans[form]
        place: Look = {"x": 0.0, "y": top, "width": width, "height": foot - top}
        out.append(svg.element("rect", {"class": f"m-bg-{stratum.id}", **place, "fill": GROUND[stratum.id]}))
    spans = {stratum.id: stratum.spans[form] for stratum in found.strata}
    out += _membrane(spans["cytoplasm"][0], width, SCALE[form])
    out += _envelope(spans["nucleus"][0], _pores(found, form, spans["nucleus"][0]), width, SCALE[form])
    out += _envelope(spans["nucleus"][1], [], width, SCALE[form])
    out += _helix(found, form)
    for stratum in found.strata:
        x, y, anchor = stratum.labels[form]
        look: Look = {"class": "m-strat", "x": x, "y": y, "text-anchor": anchor, "font-size": SIZE[form]}
        out.append(svg.element("text", look | {"font-style": "italic", "fill": "#5f686e"}, escape(stratum.words)))
    for remark in (one for one in found.remarks if form in one.places):
        x, y, anchor = remark.places[form]
        out.append(svg.text(x, y, remark.words, ("m-strat", "#5f686e"), anchor, size=SIZE[form]))
    return out


def _membrane(y: float, width: float, scale: float) -> list[str]:
    """Two leaflets with a dotted core."""
    gap = 4.5 * scale
    lines = f"M0 {num(y - gap)}H{num(width)}M0 {num(y + gap)}H{num(width)}"
    look: Look = {"class": "m-membrane", "fill": "none", "stroke": "#8b9a8c"}
    dots: Look = {
        "d": f"M2 {num(y)}H{num(width)}",
        "stroke-width": 3 * scale,
        "stroke-linecap": "round",
        "stroke-dasharray": f"0 {num(8 * scale)}",
    }
    return [svg.element("path", {**look, "d": lines, "stroke-width": 1.4}), svg.element("path", {**look, **dots})]


def _pores(found: PathwayMap, form: str, y: float) -> list[float]:
    """Where lines that go both ways pass the envelope."""
    pieces = [piece for item in found.edges if item.both_ways for piece in map_lines.segments(item.routes[form])]
    return sorted(a[0] for a, b in pieces if a[0] == b[0] and min(a[1], b[1]) < y < max(a[1], b[1]))


def _envelope(y: float, pores: list[float], width: float, scale: float) -> list[str]:
    """Two hairlines, open at the pores, with a bead at each side of a pore."""
    gap, half = 4.5 * scale, 19 * scale
    ends = [0.0, *(x + side for x in pores for side in (-half, half)), width]
    lines = "".join(f"M{num(a)} {num(y + d)}H{num(b)}" for d in (-gap, gap) for a, b in zip(ends[::2], ends[1::2], strict=True))
    look: Look = {"class": "m-env", "fill": "none", "stroke": "#7f95a1", "stroke-width": 1.4}
    out = [svg.element("path", {**look, "d": lines})]
    for x in (x + side for x in pores for side in (-half, half)):
        box: Look = {
            "x": x - 4 * scale,
            "y": y - 11 * scale,
            "width": 8 * scale,
            "height": 22 * scale,
            "rx": 4 * scale,
        }
        out.append(svg.element("rect", {**look, "class": "m-env m-bg-nucleus", "fill": GROUND["nucleus"], **box}))
    return out


def _helix(found: PathwayMap, form: str) -> list[str]:
    """DNA behind the genes: two strands and their rungs."""
    genes = [item.places[form] for item in found.nodes if item.shape == "gene"]
    if not genes:
        return []
    scale, y = SCALE[form], genes[0].y
    lobe = 16 * scale
    count = round((max(box.x + box.width / 2 for box in genes) + 24 * scale) / lobe)
    strands = "".join(f"M0 {num(y)}q{num(lobe / 2)} {num(s * 13 * scale)} {num(lobe)} 0" + f"t{num(lobe)} 0" * (count - 1) for s in (-1, 1))
    rungs = "".join(
        f"M{num((i + at) * lobe)} {num(y - h * scale)}v{num(2 * h * scale)}"
        for i in range(count)
        for at, h in ((0.25, 4.6), (0.5, 6.2), (0.75, 4.6))
    )
    look: Look = {"class": "m-dna", "fill": "none", "stroke": "#7f95a1"}
    return [
        svg.element("path", {**look, "d": rungs, "stroke-width": 0.8}),
        svg.element("path", {**look, "d": strands, "stroke-width": 1.3}),
    ]


def _clock(form: str, hours: float) -> list[str]:
    x, y, size, below = _CLOCK[form]
    look: Look = {
        "class": "f-ink m-clock",
        "x": x,
        "y": y,
        "font-size": size,
        "font-weight": "600",
        "fill": "#15191c",
    }
    return [
        svg.element("text", look, f"{hours:g} h"),
        svg.text(x, y + below, "after the drug", ("f-ink2", "#434b51"), size=SIZE[form]),
    ]


def miniature_parts(found: PathwayMap) -> str:
    """What all miniatures share: clip paths, and one symbol with ground, lines and outlines."""
    height = found.strata[-1].spans["wide"][1]
    clips, shapes, lines = [], [], []
    for item in found.nodes:
        path = map_shapes.outline(item.shape, item.places["wide"], 1.0)
        clips.append(svg.element("clipPath", {"id": f"mini-{item.id}"}, svg.element("path", {"d": path})))
        cls, colour = map_shapes.STROKE[item.ink]
        shapes.append(svg.element("path", {"class": cls, "d": path, "fill": "none", "stroke": colour, "stroke-width": 5.0}))
    for edge in found.edges:
        cls, colour = map_shapes.STROKE[edge.ink]
        paths = "".join(map_lines.rounded(arm, 10) for arm in (*edge.routes["wide"].arms, *edge.routes["wide"].loose))
        look: Look = {
            "class": cls,
            "d": paths,
            "fill": "none",
            "stroke": colour,
            "stroke-width": 3.0,
            "opacity": "0.5",
        }
        lines.append(svg.element("path", look))
    grounds = [
        svg.element(
            "rect",
            {
                "class": f"m-bg-{s.id}",
                "x": 0.0,
                "y": s.spans["wide"][0],
                "width": 1600.0,
                "height": s.spans["wide"][1] - s.spans["wide"][0],
                "fill": GROUND[s.id],
            },
        )
        for s in found.strata
    ]
    box: Look = {"viewBox": f"0 0 1600 {num(height)}"}
    whole = svg.element("symbol", {"id": "mini-ground", **box}, *grounds, *lines)
    return svg.element("defs", {}, *clips, whole, svg.element("symbol", {"id": "mini-shapes", **box}, *shapes))


def miniature(shown: Shown, frame: int) -> str:
    """The map at one frame without words, for a row of moments; its colours and places are those of the map."""
    height = shown.map.strata[-1].spans["wide"][1]
    parts = [f'<use href="#mini-ground" width="1600" height="{num(height)}"/>']
    for item in shown.map.nodes:
        box, level = item.places["wide"], float(shown.levels[item.id][frame])
        left, top, filled = box.x - box.width / 2, box.y - box.height / 2, box.height * level
        clip = {"clip-path": f"url(#mini-{item.id})"}
        tint, colour = TINT[item.ink]
        strong = {"signal": ("f-signal", "#a85a00"), "drug": ("f-drug", "#195a9b"), "rest": (tint, colour)}[item.ink]
        whole: Look = {"x": left, "width": box.width, **clip}
        parts.append(svg.element("rect", {"class": "m-vial", **whole, "y": top, "height": box.height, "fill": "#fff"}))
        if filled > 0:
            parts.append(
                svg.element("rect", {"class": strong[0], **whole, "y": top + box.height - filled, "height": filled, "fill": strong[1]})
            )
    parts.append(f'<use href="#mini-shapes" width="1600" height="{num(height)}"/>')
    words = f"The map at {shown.map.frames[frame]:g} hours, without words"
    head: Look = {
        "class": "m-mini",
        "viewBox": f"0 0 1600 {num(height)}",
        "width": 400.0,
        "height": 400.0 * height / 1600,
    }
    return svg.element("svg", {**head, "role": "img", "aria-label": words}, *parts)


def cited(found: PathwayMap) -> tuple[str, ...]:
    """Keys of all references of the map in the order of its lines, our own assumptions last."""
    keys = dict.fromkeys(key for item in found.edges for key in item.references if key != OWN)
    return (*keys, OWN)
