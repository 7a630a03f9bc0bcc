"""Inks and mark shapes: presentation attributes in the print palette, classes that re-ink for the screen."""

from __future__ import annotations

from serdsim.report import svg

INK, INK2, AXIS, HAIR, PAPER = "#15191c", "#434b51", "#434b51", "#868f8b", "#fff"
CONTROL, REFERENCE = "#5f6a70", "#a85a00"
BAND = {
    "drug": ("f-band", "f-median", "f-mediantext", "#195a9b"),
    "signal": ("f-band-signal", "f-signal-s", "f-signal", "#a85a00"),
    "rest": ("f-band-rest", "f-rest-s", "f-rest", "#5f6a70"),
}
ORDER = ("circle", "square", "triangle", "diamond", "wedge")
CONTROL_ORDER = ("square", "triangle", "diamond", "wedge", "circle")
_CORNERS = {
    "triangle": ((0, -5.4), (5.2, 4), (-5.2, 4)),
    "wedge": ((0, 5.4), (5.2, -4), (-5.2, -4)),
    "diamond": ((0, -5.8), (5.8, 0), (0, 5.8), (-5.8, 0)),
    "square": ((-4.3, -4.3), (4.3, -4.3), (4.3, 4.3), (-4.3, 4.3)),
}


def inks(name: str) -> tuple[str, str, str, str]:
    """Classes of area, line and text, and the print colour, of a band's ink."""
    return BAND.get(name, BAND["rest"])


def mark(shape: str, x: float, y: float, kind: str) -> str:
    """An observed (filled), control (open, grey) or reference (open, amber) mark."""
    looks = {
        "observed": ("f-obs", INK, INK, 1.2),
        "control": ("f-ctl", PAPER, CONTROL, 1.6),
        "reference": ("f-refmark", PAPER, REFERENCE, 1.6),
    }
    cls, fill, stroke, line = looks[kind]
    common: dict[str, str | float | None] = {"class": cls, "fill": fill, "stroke": stroke, "stroke-width": line}
    if shape == "circle":
        return svg.element("circle", {**common, "cx": x, "cy": y, "r": 4.3})
    corners = "M" + "L".join(f"{svg.num(x + dx)} {svg.num(y + dy)}" for dx, dy in _CORNERS[shape]) + "Z"
    return svg.element("path", {**common, "d": corners})


def in_label(shape: str, kind: str) -> str:
    """The mark as a label carries it: drawn at the origin of a group that the label moves."""
    return f'<g transform="translate({{x}} {{y}})">{mark(shape, 0, 0, kind)}</g>'


def line_in_label(ink: str, *, dash: bool, dots: bool = False) -> str:
    """A short piece of line for a label."""
    cls, colour = ("f-ref", REFERENCE) if dots else (inks(ink)[1], inks(ink)[3])
    pattern = "1.5 3" if dots else ("5 3" if dash else None)
    return '<g transform="translate({x} {y})">' + stroke("M-5 0H6", cls, colour, 2.2, pattern) + "</g>"


def stroke(path: str, cls: str, colour: str, line: float, dash: str | None = None, *, opacity: float | None = None) -> str:
    """An open path."""
    return svg.element(
        "path",
        {
            "class": cls,
            "d": path,
            "fill": "none",
            "stroke": colour,
            "stroke-width": line,
            "stroke-dasharray": dash,
            "stroke-linejoin": "round",
            "stroke-opacity": None if opacity is None else f"{opacity:g}",
        },
    )


def area(path: str, cls: str, colour: str, opacity: float) -> str:
    """A filled area."""
    return svg.element("path", {"class": cls, "d": path, "fill": colour, "fill-opacity": f"{opacity:g}"})
