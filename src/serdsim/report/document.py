"""A drawing as a document: its size, its title and what it shows in words."""

from __future__ import annotations

import math
import re
from xml.sax.saxutils import escape

from serdsim.experiments.panel import Panel
from serdsim.report import svg
from serdsim.report.frame import SIZE, title_of


def document(panel: Panel, width: float, height: float, suffix: str, body: str) -> str:
    """The drawing as a standalone SVG with its size, title and description.

    Parameters
    ----------
    panel : Panel
        Gives the id, the title and the words.
    width, height : float
        Of the drawing [units of the SVG].
    suffix : str
        Told apart by it are the ids of the wide and the narrow drawing of one panel on one page.
    body : str
        Markup.
    """
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", panel.id) + "-" + suffix
    title = escape(svg.clean(panel.title or panel.id))
    words = escape(svg.clean(panel.description or f"{panel.title}: {title_of(panel.y)} against {title_of(panel.x)}."))
    return svg.element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {svg.num(width)} {svg.num(math.ceil(height))}",
            "width": width,
            "height": float(math.ceil(height)),
            "role": "img",
            "aria-labelledby": f"{name}-t {name}-d",
            "font-family": svg.FONT,
            "font-size": SIZE,
        },
        f'<title id="{name}-t">{title}</title>',
        f'<desc id="{name}-d">{words}</desc>',
        body,
    )
