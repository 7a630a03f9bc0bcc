"""Raster copies of figures, for documents that cannot hold SVG."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from serdsim.report.svg import FONT

_FONTS = Path(__file__).parent / "assets" / "raster"
_FAMILY = "'Serdsim Figure', sans-serif"


@cache
def _register() -> None:
    """Make the shipped figure font known to the renderer, once."""
    import vl_convert

    vl_convert.register_font_directory(str(_FONTS))


def svg_to_png(svg: str, width: int) -> bytes:
    """The drawing as PNG on white, so many pixels wide, lettered in the shipped font.

    Parameters
    ----------
    svg : str
        A standalone SVG document, as `figure.draw` returns it.
    width : int
        Width of the image in pixels.
    """
    import vl_convert

    _register()
    found = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg)
    if found is None:
        raise ValueError("the drawing has no viewBox that begins at 0 0")
    ground = f'<rect width="{found.group(1)}" height="{found.group(2)}" fill="#fff"/>'
    lettered = svg.replace(f'font-family="{FONT}"', f'font-family="{_FAMILY}"').replace("\u202f", "\u2009")
    drawing = lettered.replace("</desc>", f"</desc>{ground}", 1)
    data: bytes = vl_convert.svg_to_png(drawing, scale=width / float(found.group(1)))
    return data
