"""The pathway map as data: what is drawn where, what it stands for in the model, and on whose word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serdsim.evidence.level_text import Condition, Level

FORMS = ("wide", "tall")
KINDS = ("becomes", "makes", "stimulates", "catalyses", "inhibits", "modulates", "degraded")
SHAPES = ("small", "capsule", "protein", "complex", "dimer", "message", "gene", "outcome")
INKS = ("signal", "drug", "rest")
LETTERS = [*"abcdefghijkmnopqrstuvwxyz", *"ABCDEFGHJKLMNOPQRSTUVWXYZ"]  # l and I look alike
OWN = "Serdsim2026"
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A place: centre and size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Route:
    """A line: its letter's place, arms that end in a head, arms without one."""

    letter: Point
    arms: tuple[tuple[Point, ...], ...]
    loose: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True)
class Node:
    """A shape. `holds` are states of the model, `shows` other rules; `full` is None for the highest value of the run."""

    id: str
    words: str
    labels: Mapping[str, tuple[str, ...]]
    notes: Mapping[str, str]
    shape: str
    ink: str
    stratum: str
    holds: tuple[str, ...]
    shows: tuple[str, ...]
    level: Level
    full: float | None
    unit: str
    places: Mapping[str, Box]


@dataclass(frozen=True)
class Edge:
    """A line. `holds` are reactions and rate rules, `shows` other rules and numbers; `assumed` says what no source was read for."""

    id: str
    letter: str
    words: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    kind: str
    both_ways: bool
    ink: str
    holds: tuple[str, ...]
    shows: tuple[str, ...]
    flow: Level | None
    references: tuple[str, ...]
    assumed: str
    routes: Mapping[str, Route]


@dataclass(frozen=True)
class Caption:
    """Words that are shown from `at` [h] on, if all conditions hold until the next caption."""

    at: float
    text: str
    when: tuple[Condition, ...]


@dataclass(frozen=True)
class Stratum:
    """A layer of the drawing: where it begins and ends, downwards, and where its name stands."""

    id: str
    words: str
    spans: Mapping[str, tuple[float, float]]
    labels: Mapping[str, tuple[float, float, str]]


@dataclass(frozen=True)
class Remark:
    """Words beside a line, and where they stand in the drawings that have them."""

    words: str
    places: Mapping[str, tuple[float, float, str]]


@dataclass(frozen=True)
class PathwayMap:
    """The whole file. `frames` and `moments` are hours; `words` hold the ids of edges in braces."""

    title: str
    lede: str
    system: str
    numbers: str
    experiment: str
    series: str
    frames: tuple[float, ...]
    moments: tuple[float, ...]
    headline: tuple[tuple[str, Level], ...]
    captions: tuple[Caption, ...]
    words: tuple[str, ...]
    strata: tuple[Stratum, ...]
    remarks: tuple[Remark, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    file: str

    def named(self) -> tuple[str, ...]:
        """Return every model id that the map reads from a run, each once."""
        levels = [node.level for node in self.nodes] + [level for _, level in self.headline]
        levels += [edge.flow for edge in self.edges if edge.flow is not None]
        for caption in self.captions:
            levels += [side for condition in caption.when for side in (condition.left, condition.right)]
        return tuple(dict.fromkeys(id for level in levels for id in level.ids))
