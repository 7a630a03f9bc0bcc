"""A small SVG writer: escaped elements, rounded coordinates, estimated text widths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

FONT = "'Source Sans 3', 'Segoe UI', Arial, sans-serif"
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SUPERSCRIPT = re.compile("[\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+")
_PLAIN = str.maketrans("\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "\u22120123456789")
_WIDTHS = {"iljI|.,:;'!\u202f": 0.28, "tfr()[]- /": 0.34, "mwMW%@": 0.88, "µ≤≥×±→": 0.6}


def clean(text: str) -> str:
    """The text without characters that XML forbids."""
    return _FORBIDDEN.sub("\ufffd", text)


def num(value: float) -> str:
    """A coordinate with one decimal, without a trailing zero."""
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def element(tag: str, attributes: dict[str, str | float | None], *children: str) -> str:
    """One element; children are markup, attributes are escaped, None leaves an attribute out."""
    parts = [f"<{tag}"]
    for name, value in attributes.items():
        if value is not None:
            shown = value if isinstance(value, str) else num(value)
            parts.append(f" {name}={quoteattr(clean(shown))}")
    inner = "".join(children)
    return "".join(parts) + (f">{inner}</{tag}>" if inner else "/>")


def text(
    x: float,
    y: float,
    words: str,
    ink: tuple[str, str],
    anchor: str = "start",
    *,
    size: float | None = None,
    bold: bool = False,
    halo: bool = False,
) -> str:
    """A line of text; `ink` is its class for the screen and its fill for print, `halo` lifts it off what it lies on."""
    attributes: dict[str, str | float | None] = {
        "x": x,
        "y": y,
        "class": f"{ink[0]} f-halo" if halo else ink[0],
        "fill": ink[1],
        "stroke": "#fff" if halo else None,
        "stroke-width": 4.0 if halo else None,
        "paint-order": "stroke" if halo else None,
        "text-anchor": None if anchor == "start" else anchor,
        "font-size": size,
        "font-weight": "600" if bold else None,
    }
    return element("text", attributes, _raised(escape(clean(words)), size or 14.0))


def _raised(words: str, size: float) -> str:
    """Superscript figures as raised ordinary ones, which every font has."""

    def raise_(found: re.Match[str]) -> str:
        after = found.end() < len(words)
        figures = found.group().translate(_PLAIN)
        back = f'<tspan dy="{num(size * 0.36)}">&#8203;</tspan>' if after else ""
        return f'<tspan dy="-{num(size * 0.36)}" font-size="{num(max(12.5, size * 0.8))}">{figures}</tspan>{back}'

    return _SUPERSCRIPT.sub(raise_, words)


def width(words: str, size: float) -> float:
    """Estimated width of a text: the metrics of Arial, which is wider than Source Sans 3."""
    total = 0.0
    for letter in words:
        for group, em in _WIDTHS.items():
            if letter in group:
                total += em
                break
        else:
            total += 0.7 if letter.isupper() else 0.56
    return total * size


def wrap(words: str, limit: float, size: float) -> tuple[str, ...]:
    """Break a text into lines no wider than the limit; a word that is too long alone is cut."""
    lines: list[str] = []
    current = ""
    for word in _pieces(words.split(" "), limit, size):
        joined = f"{current} {word}" if current else word
        if current and width(joined, size) > limit:
            lines.append(current)
            current = word
        else:
            current = joined
    return tuple([*lines, current] if current else lines) or ("",)


def _pieces(words: Sequence[str], limit: float, size: float) -> list[str]:
    """The words, those wider than the limit cut into parts that fit."""
    out: list[str] = []
    for word in words:
        rest = word
        while width(rest, size) > limit and len(rest) > 1:
            cut = len(rest)
            while cut > 1 and width(rest[:cut], size) > limit:
                cut -= 1
            out.append(rest[:cut])
            rest = rest[cut:]
        if rest:
            out.append(rest)
    return out


def simplify(points: Sequence[tuple[float, float]], tolerance: float = 0.12) -> list[tuple[float, float]]:
    """Leave out points that lie within the tolerance of the line between their neighbours (Douglas and Peucker)."""
    if len(points) < 3:
        return list(points)
    keep = {0, len(points) - 1}
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        (x0, y0), (x1, y1) = points[first], points[last]
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
        worst, at = 0.0, -1
        for i in range(first + 1, last):
            px, py = points[i]
            off = abs((x1 - x0) * (y0 - py) - (x0 - px) * (y1 - y0)) / length
            if off > worst:
                worst, at = off, i
        if worst > tolerance:
            keep.add(at)
            stack += [(first, at), (at, last)]
    return [points[i] for i in sorted(keep)]


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """Path data through the points."""
    return "M" + "L".join(f"{num(x)} {num(y)}" for x, y in points)
