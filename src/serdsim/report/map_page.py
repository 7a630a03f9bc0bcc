"""The page of the pathway map: the drawing that a reader moves, still moments, words, lines, values, references."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from serdsim.claims.records import Answer
from serdsim.evidence.map_file import OWN, Edge, Node
from serdsim.evidence.pathway import Shown
from serdsim.references import Reference, require
from serdsim.report import numbers
from serdsim.report.map_drawing import cited, draw_map, miniature, miniature_parts
from serdsim.report.map_lines import FAINTEST, opacity
from serdsim.report.shell import environment, read_assets

PACE = 800  # milliseconds that a frame is shown while the map plays
HINT = "Choose a shape to see only what touches it, a letter to see its reference."
SAID = {
    "becomes": "becomes",
    "makes": "makes, and is not used up",
    "stimulates": "stimulates",
    "catalyses": "catalyses",
    "inhibits": "inhibits",
    "modulates": "modulates",
    "degraded": "is degraded",
}


@dataclass(frozen=True)
class Moment:
    """One still moment: time, miniature, caption, numbers."""

    hours: str
    drawing: Markup
    caption: str
    shares: str


@dataclass(frozen=True)
class Line:
    """One line of the key: from what to what, and the references with their numbers in the list."""

    edge: Edge
    ends: str
    said: str
    cited: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Row:
    """The values of one shape at the moments."""

    words: str
    unit: str
    numbers: tuple[str, ...]


def render_map(shown: Shown, references: Mapping[str, Reference], answer: Answer) -> str:
    """The map as one HTML text that asks the network for nothing; the same run gives the same bytes.

    Parameters
    ----------
    shown : Shown
        The map with its run.
    references : mapping of str to Reference
        The bibliography by key.
    answer : Answer
        The run beside whose page this one stands.
    """
    found = shown.map
    listed = require(cited(found), references)
    places = {reference.key: i for i, reference in enumerate(listed, start=1)}
    frames = [found.frames.index(time) for time in found.moments]
    return (
        environment()
        .get_template("map.html.j2")
        .render(
            answer=answer,
            map=found,
            hours=[f"{time:g}" for time in found.frames],
            captions=shown.captions,
            shares=[(words, [_percent(value) for value in values]) for words, values in shown.headline.items()],
            wide=Markup(_linked(draw_map(shown, references, "wide"), places)),
            tall=Markup(_linked(draw_map(shown, references, "tall"), places)),
            shared=Markup(miniature_parts(found)),
            moments=[_moment(shown, frame) for frame in frames],
            told=list(dict.fromkeys((f"{caption.at:g}", shown.captions[found.frames.index(caption.at)]) for caption in found.captions)),
            words=[_paragraph(text, found.edges) for text in found.words],
            lines=[_line(edge, {node.id: node for node in found.nodes}, references, places) for edge in found.edges],
            own=places[OWN],
            table=[_row(node, shown, frames) for node in found.nodes],
            listed=listed,
            undrawn=shown.undrawn,
            faintest=round(100 * FAINTEST),
            data=Markup(_data(shown)),
            **read_assets("map.css", "map.js").parts,
        )
    )


def _linked(drawing: str, places: Mapping[str, int]) -> str:
    """The drawing with links to entries of the list by their number, as all pages have them."""
    return re.sub(r'href="#ref-(\w+)"', lambda match: f'href="#ref-{places[match.group(1)]}"', drawing)


def _percent(share: float) -> str:
    return "not a number" if np.isnan(share) else f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def _moment(shown: Shown, frame: int) -> Moment:
    shares = ", ".join(f"{words} {_percent(values[frame])}" for words, values in shown.headline.items())
    hours = f"{shown.map.frames[frame]:g}"
    return Moment(hours, Markup(miniature(shown, frame)), shown.captions[frame], f"As share of 0 h: {shares}.")


def _paragraph(text: str, edges: Sequence[Edge]) -> Markup:
    """A paragraph in which the id of a line in braces is its letter, as a link to the key."""
    letters = {edge.id: edge.letter for edge in edges}
    parts = re.split(r"\{(\w+)\}", text)
    out = [escape(part) if i % 2 == 0 else Markup('<a href="#line-{}">{}</a>').format(part, letters[part]) for i, part in enumerate(parts)]
    return Markup("").join(out)


def _line(edge: Edge, nodes: Mapping[str, Node], references: Mapping[str, Reference], places: Mapping[str, int]) -> Line:
    ends = [" and ".join(re.split("[,:]", nodes[id].words)[0] for id in ids) for ids in (edge.sources, edge.targets) if ids]
    cited_here = tuple((_short(references[key]), places[key]) for key in edge.references if key != OWN)
    return Line(edge, " → ".join(ends), SAID[edge.kind], cited_here)


def _short(reference: Reference) -> str:
    """Who and when, as a key to the list."""
    family = reference.authors[0].split(",")[0] if reference.authors else reference.title
    return "recalled, not read" if reference.key == "Recalled2026" else f"{family} {reference.year}"


def _row(node: Node, shown: Shown, frames: Sequence[int]) -> Row:
    return Row(node.words, node.unit, tuple(numbers.significant(float(shown.values[node.id][frame]), 2) for frame in frames))


def _data(shown: Shown) -> str:
    """What the script needs, as JSON that cannot end its own element."""
    found = shown.map
    record = {
        "hours": [f"{time:g}" for time in found.frames],
        "levels": {id: [round(float(level), 4) for level in levels] for id, levels in shown.levels.items()},
        "opacities": {id: [round(opacity(float(flow)), 2) for flow in flows] for id, flows in shown.flows.items()},
        "captions": list(shown.captions),
        "shares": [[_percent(value) for value in values] for values in shown.headline.values()],
        "pace": PACE,
        "hint": HINT,
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
