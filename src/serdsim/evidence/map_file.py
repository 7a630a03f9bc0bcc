"""The pathway map as data: what is drawn where, what it stands for in the model, and on whose word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from serdsim.errors import ClaimError, Issue, ReferenceError_
from serdsim.evidence.level_text import Condition, Level, read_condition, read_level
from serdsim.experiments.protocol import quantity, read_record
from serdsim.references import Reference, require

FORMS = ("wide", "tall")
KINDS = ("becomes", "makes", "stimulates", "catalyses", "inhibits", "modulates", "degraded")
SHAPES = ("small", "capsule", "protein", "complex", "dimer", "message", "gene", "outcome")
INKS = ("signal", "drug", "rest")
LETTERS = [*"abcdefghijkmnopqrstuvwxyz", *"ABCDEFGHJKLMNOPQRSTUVWXYZ"]  # l and I look alike
OWN = "Serdsim2026"
_NAMED = re.compile(r"\{(\w+)\}")

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


def read_map(library: Path, references: Mapping[str, Reference]) -> PathwayMap:
    """Return the map of a library.

    Raises
    ------
    ClaimError
        For anything in the file that cannot be read, is named twice or names what is not there.
    ReferenceError_
        For a key that the bibliography does not have.
    """
    path = library / "map.yaml"
    record = read_record(path)
    try:
        found = _map(record, path.name)
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise ClaimError(Issue(f"the map cannot be read: {problem!r}", file=path.name, expected="the fields of a map")) from None
    _check(found)
    try:
        require([key for edge in found.edges for key in edge.references] + [OWN], references)
    except ReferenceError_ as error:
        raise ReferenceError_([Issue(issue.problem, file=path.name, id=issue.id) for issue in error.issues]) from None
    return found


def _map(record: Mapping[str, Any], file: str) -> PathwayMap:
    edges = [_edge(entry, letter, file) for entry, letter in zip(record["edges"], LETTERS, strict=False)]
    if len(edges) < len(record["edges"]):
        raise ClaimError(Issue(f"the map has more than {len(LETTERS)} lines", file=file, id="edges", expected="one letter for each"))
    return PathwayMap(
        title=str(record["title"]),
        lede=str(record["lede"]),
        system=str(record["system"]),
        numbers=str(record["numbers"]),
        experiment=str(record["run"]["experiment"]),
        series=str(record["run"]["series"]),
        frames=tuple(float(time) for time in record["frames"]),
        moments=tuple(float(time) for time in record["moments"]),
        headline=tuple((str(entry["words"]), read_level(entry["of"], str(entry["words"]), file)) for entry in record["headline"]),
        captions=tuple(_caption(entry, file) for entry in record["captions"]),
        words=tuple(str(text) for text in record["words"]),
        strata=tuple(
            Stratum(
                str(entry["id"]),
                str(entry["words"]),
                {form: (float(entry[form][0]), float(entry[form][1])) for form in FORMS},
                {form: _spot(entry[f"label_{form}"]) for form in FORMS},
            )
            for entry in record["strata"]
        ),
        remarks=tuple(
            Remark(str(entry["words"]), {form: _spot(entry[form]) for form in FORMS if form in entry}) for entry in record["remarks"]
        ),
        nodes=tuple(_node(entry, file) for entry in record["nodes"]),
        edges=tuple(edges),
        file=file,
    )


def _spot(entry: Sequence[Any]) -> tuple[float, float, str]:
    x, y, anchor = entry
    return float(x), float(y), str(anchor)


def _caption(entry: Mapping[str, Any], file: str) -> Caption:
    at = quantity(entry["at"], "h", file, "captions")
    if not entry["when"]:
        raise ClaimError(Issue("a caption states no condition", file=file, id=str(entry["at"]), expected="when: what its words say"))
    return Caption(at, str(entry["text"]), tuple(read_condition(text, f"caption at {at:g} h", file) for text in entry["when"]))


def _node(entry: Mapping[str, Any], file: str) -> Node:
    id = str(entry["id"])
    full = entry.get("full")
    return Node(
        id=id,
        words=str(entry["words"]),
        labels={form: tuple(str(_of(entry, "label", form)).split("\n")) for form in FORMS},
        notes={form: str(_of(entry, "note", form) or "") for form in FORMS},
        shape=_one_of(entry["shape"], SHAPES, id, file),
        ink=_one_of(entry["ink"], INKS, id, file),
        stratum=str(entry["stratum"]),
        holds=_names(entry.get("holds", [])),
        shows=_names(entry.get("shows", [])),
        level=read_level(entry["level"], id, file),
        full=None if full is None else float(full),
        unit=str(entry["unit"]),
        places={form: Box(*(float(value) for value in entry[form])) for form in FORMS},
    )


def _of(entry: Mapping[str, Any], field: str, form: str) -> object:
    return entry.get(f"{field}_{form}", entry.get(field))


def _edge(entry: Mapping[str, Any], letter: str, file: str) -> Edge:
    id = str(entry["id"])
    if not entry["references"]:
        raise ClaimError(
            Issue("a line without a reference", file=file, id=id, expected=f"keys of references.bib, {OWN} for our assumption")
        )
    return Edge(
        id=id,
        letter=letter,
        words=str(entry["words"]),
        sources=_names(entry["from"]),
        targets=_names(entry["to"]),
        kind=_one_of(entry["kind"], KINDS, id, file),
        both_ways=bool(entry.get("both_ways", False)),
        ink=_one_of(entry["ink"], INKS, id, file),
        holds=_names(entry.get("holds", [])),
        shows=_names(entry.get("shows", [])),
        flow=read_level(entry["flow"], id, file) if "flow" in entry else None,
        references=_names(entry["references"]),
        assumed=str(entry.get("assumed", "")),
        routes={form: _route(entry[form]) for form in FORMS},
    )


def _route(entry: Mapping[str, Any]) -> Route:
    def arms(name: str) -> tuple[tuple[Point, ...], ...]:
        return tuple(tuple((float(x), float(y)) for x, y in arm) for arm in entry.get(name, []))

    x, y = entry["letter"]
    return Route((float(x), float(y)), arms("arms"), arms("loose"))


def _names(found: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(name) for name in found)


def _one_of(value: object, known: Sequence[str], id: str, file: str) -> str:
    if value not in known:
        raise ClaimError(Issue(f'"{value}" is not known', file=file, id=id, expected="one of " + ", ".join(known)))
    return str(value)


def _check(found: PathwayMap) -> None:
    """Check what can be seen without the model: names, times, who is drawn twice."""
    nodes, edges = [node.id for node in found.nodes], [edge.id for edge in found.edges]
    strata = [stratum.id for stratum in found.strata]
    issues = [Issue("named twice", file=found.file, id=id) for ids in (nodes, edges) for id in ids if ids.count(id) > 1]
    ends = [(edge.id, id, nodes) for edge in found.edges for id in (*edge.sources, *edge.targets)]
    ends += [(node.id, node.stratum, strata) for node in found.nodes]
    ends += [("words", id, edges) for text in found.words for id in _NAMED.findall(text)]
    for at, id, known in ends:
        if id not in known:
            issues.append(
                Issue(f'"{id}" is not on the map', file=found.file, id=at, expected=", ".join(get_close_matches(id, known, 3, 0.3)))
            )
    times = [caption.at for caption in found.captions]
    for name, hours in (("frames", found.frames), ("moments", found.moments), ("captions", tuple(times))):
        if not hours or hours[0] != 0 or list(hours) != sorted(set(hours)) or not set(hours) <= set(found.frames):
            issues.append(Issue("the times do not rise from 0 h among the frames", file=found.file, id=name))
    if issues:
        raise ClaimError(issues)
