"""Reads map.yaml: every value with its line, what is drawn twice or named and not drawn, and which source is unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from serdsim.errors import ClaimError, ReferenceError_
from serdsim.evidence.level_text import Condition, Level, read_condition, read_level
from serdsim.evidence.map_file import (
    FORMS,
    INKS,
    KINDS,
    LETTERS,
    OWN,
    SHAPES,
    Box,
    Caption,
    Edge,
    Node,
    PathwayMap,
    Point,
    Remark,
    Route,
    Stratum,
)
from serdsim.experiments.protocol import quantity
from serdsim.references import Reference, require
from serdsim.yaml_file import Field, read_yaml

_FIELDS = (
    *("title", "lede", "system", "numbers", "run", "frames", "moments", "headline", "captions", "words"),
    *("strata", "remarks", "nodes", "edges"),
)
_NAMED = re.compile(r"\{(\w+)\}")


def read_map(library: Path, references: Mapping[str, Reference]) -> PathwayMap:
    """Return the map of a library.

    Raises
    ------
    ClaimError
        For anything in the file that cannot be read, is named twice or names what is not there.
    ReferenceError_
        For a key that the bibliography does not have.
    """
    record = read_yaml(library / "map.yaml", "map.yaml", ClaimError, ", ".join(_FIELDS))
    record.require(*_FIELDS)
    found = _map(record)
    _check(found, record)
    _check_references(found, record, references)
    return found


def _map(record: Field) -> PathwayMap:
    run, lines = record["run"], record["edges"].each(least=1)
    run.require("experiment", "series")
    if len(lines) > len(LETTERS):
        raise record["edges"].wrong(f"the map has {len(lines)} lines", f"at most {len(LETTERS)}, a letter for each", "Join some of them")
    return PathwayMap(
        title=record["title"].text(),
        lede=record["lede"].text(),
        system=record["system"].text(),
        numbers=record["numbers"].text(),
        experiment=run["experiment"].text(),
        series=run["series"].text(),
        frames=tuple(time.number(low=0.0) for time in record["frames"].each(least=1)),
        moments=tuple(time.number(low=0.0) for time in record["moments"].each(least=1)),
        headline=tuple(_headline(entry) for entry in record["headline"].each()),
        captions=tuple(_caption(entry) for entry in record["captions"].each(least=1)),
        words=record["words"].texts(),
        strata=tuple(_stratum(entry) for entry in record["strata"].each(least=1)),
        remarks=tuple(
            Remark(entry["words"].text(), {form: _spot(entry[form]) for form in FORMS if entry.get(form)})
            for entry in record["remarks"].each()
        ),
        nodes=tuple(_node(entry) for entry in record["nodes"].each(least=1)),
        edges=tuple(_edge(entry, letter) for entry, letter in zip(lines, LETTERS, strict=False)),
        file=record.source.shown,
    )


def _headline(entry: Field) -> tuple[str, Level]:
    entry.require("words", "of")
    return entry["words"].text(), _level(entry["of"])


def _stratum(entry: Field) -> Stratum:
    entry.require("id", "words", *FORMS, *(f"label_{form}" for form in FORMS))
    spans = {form: entry[form].numbers(2) for form in FORMS}
    labels = {form: _spot(entry[f"label_{form}"]) for form in FORMS}
    return Stratum(entry["id"].text(), entry["words"].text(), {form: (a, b) for form, (a, b) in spans.items()}, labels)


def _spot(entry: Field) -> tuple[float, float, str]:
    parts = entry.each()
    if len(parts) != 3:
        raise entry.wrong(f"the place has {len(parts)} parts", "x, y and start, middle or end", "Write it like [8, 111, start]")
    return parts[0].number(), parts[1].number(), parts[2].one_of(("start", "middle", "end"))


def _caption(entry: Field) -> Caption:
    entry.require("at", "text", "when", example={"at": "0 h", "when": "[er_total > 0.5 of start]"})
    at, conditions = entry["at"], entry["when"]
    if not conditions.value:
        raise conditions.wrong("a caption states no condition", "what its words say", "Write such as [er_total < 0.5 of start]")
    hours = at.placed(lambda: quantity(at.value, "h", at.source.shown, "captions"))
    return Caption(hours, entry["text"].text(), tuple(_condition(condition, hours) for condition in conditions.each()))


def _condition(field: Field, hours: float) -> Condition:
    return field.placed(lambda: read_condition(field.value, f"caption at {hours:g} h", field.source.shown))


def _level(field: Field) -> Level:
    return field.placed(lambda: read_level(field.value, field.name, field.source.shown))


def _node(entry: Field) -> Node:
    entry.require("id", "words", "shape", "ink", "stratum", "level", "unit", *FORMS)
    full = entry.get("full")
    return Node(
        id=entry["id"].text(),
        words=entry["words"].text(),
        labels={form: tuple(_of(entry, "label", form).split("\n")) for form in FORMS},
        notes={form: _of(entry, "note", form) for form in FORMS},
        shape=entry["shape"].one_of(SHAPES),
        ink=entry["ink"].one_of(INKS),
        stratum=entry["stratum"].text(),
        holds=_names(entry, "holds"),
        shows=_names(entry, "shows"),
        level=_level(entry["level"]),
        full=None if full is None else full.number(above=0.0),
        unit=entry["unit"].text(),
        places={form: Box(*entry[form].numbers(4)) for form in FORMS},
    )


def _of(entry: Field, name: str, form: str) -> str:
    field = entry.get(f"{name}_{form}") or entry.get(name)
    return "" if field is None else field.text()


def _edge(entry: Field, letter: str) -> Edge:
    entry.require("id", "words", "from", "to", "kind", "ink", "references", *FORMS)
    flow, assumed, both = (entry.get(name) for name in ("flow", "assumed", "both_ways"))
    if not entry["references"].value:
        expected = f"keys of references.bib, {OWN} for our assumption"
        raise entry["references"].wrong("a line without a reference", expected, "Name where the step was read")
    return Edge(
        id=entry["id"].text(),
        letter=letter,
        words=entry["words"].text(),
        sources=entry["from"].texts(),
        targets=entry["to"].texts(),
        kind=entry["kind"].one_of(KINDS),
        both_ways=both is not None and both.truth(),
        ink=entry["ink"].one_of(INKS),
        holds=_names(entry, "holds"),
        shows=_names(entry, "shows"),
        flow=None if flow is None else _level(flow),
        references=entry["references"].texts(),
        assumed="" if assumed is None else assumed.text(),
        routes={form: _route(entry[form]) for form in FORMS},
    )


def _route(entry: Field) -> Route:
    entry.require("letter")
    return Route(_point(entry["letter"]), _arms(entry, "arms"), _arms(entry, "loose"))


def _arms(entry: Field, name: str) -> tuple[tuple[Point, ...], ...]:
    arms = entry.get(name)
    return () if arms is None else tuple(tuple(_point(point) for point in arm.each(least=2)) for arm in arms.each())


def _point(field: Field) -> Point:
    x, y = field.numbers(2)
    return x, y


def _names(entry: Field, name: str) -> tuple[str, ...]:
    names = entry.get(name)
    return () if names is None else names.texts()


def _check(found: PathwayMap, record: Field) -> None:
    """Check what can be seen without the model: names, times, who is drawn twice."""
    nodes, edges, strata = ([part.id for part in parts] for parts in (found.nodes, found.edges, found.strata))
    places = {entry["id"].value: entry for name in ("strata", "nodes", "edges") for entry in record[name].each()}
    issues = [
        places[id]["id"].issue("named twice", "each id once", "Rename one of the two")
        for ids in (nodes, edges)
        for id in dict.fromkeys(ids)
        if ids.count(id) > 1
    ]
    ends = [(edge.id, id, nodes) for edge in found.edges for id in (*edge.sources, *edge.targets)]
    ends += [(node.id, node.stratum, strata) for node in found.nodes]
    ends += [("words", id, edges) for text in found.words for id in _NAMED.findall(text)]
    for at, id, known in ends:
        if id not in known:
            near = ", ".join(get_close_matches(id, known, 3, 0.3)) or "one of " + ", ".join(known)
            issues.append(places.get(at, record["words"]).issue(f'"{id}" is not on the map', near, "Correct the name, or draw it"))
    for name, hours in (("frames", found.frames), ("moments", found.moments), ("captions", tuple(c.at for c in found.captions))):
        if hours[0] != 0 or list(hours) != sorted(set(hours)) or not set(hours) <= set(found.frames):
            problem, expected = "the times do not rise from 0 h among the frames", "times from 0 h on, each once and each one of frames"
            issues.append(record[name].issue(problem, expected, "Sort them, and add those that are missing to frames"))
    if issues:
        raise ClaimError(issues)


def _check_references(found: PathwayMap, record: Field, references: Mapping[str, Reference]) -> None:
    issues = []
    for edge, entry in zip(found.edges, record["edges"].each(), strict=True):
        for key in edge.references:
            if key not in references:
                near = get_close_matches(key, references, 1)
                repair = f"Did you mean {near[0]}?" if near else "Add the entry to references.bib"
                issues.append(entry["references"].issue(f'the reference "{key}" is unknown', "a key of references.bib", repair))
    if issues:
        raise ReferenceError_(issues)
    require([OWN], references)
