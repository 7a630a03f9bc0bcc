"""A drawing that stands in a document of its own: it brings its inks, light and dark, and the paper under it."""

from __future__ import annotations

import re
from pathlib import Path

_ASSETS = Path(__file__).parent / "assets"
_VARIABLE = re.compile(r"--(paper|ink|ink-2|signal|drug|rest|rest-tint|rule-2|axis|grid|band|band-o|median|obs|control|ref):[^;]+;")


def standalone(drawing: str) -> str:
    """Return the drawing with the page's inks inside, so that it follows light and dark where it is shown as an image.

    Parameters
    ----------
    drawing : str
        A standalone SVG document, as `figure.draw` returns it.

    Raises
    ------
    ValueError
        When the drawing has no viewBox that begins at 0 0.
    """
    found = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', drawing)
    if found is None:
        raise ValueError("the drawing has no viewBox that begins at 0 0")
    tokens = (_ASSETS / "tokens.css").read_text(encoding="utf-8")
    light, dark = (_inks(tokens, start) for start in (":root{", ":root[data-theme=dark]{"))
    rules = "".join(re.findall(r"^\.f-.*$", (_ASSETS / "site.css").read_text(encoding="utf-8"), re.MULTILINE))
    style = f"<style>svg{{{light}}}@media (prefers-color-scheme:dark){{svg{{{dark}}}}}{rules}</style>"
    ground = f'<rect class="f-paper" width="{found.group(1)}" height="{found.group(2)}" fill="#fff"/>'
    return drawing.replace("</desc>", f"</desc>{style}{ground}", 1)


def _inks(tokens: str, start: str) -> str:
    """Return the inks of the block that begins so."""
    block = tokens[tokens.index(start) :]
    return "".join(found.group(0) for found in _VARIABLE.finditer(block[: block.index("}")]))
