"""What outputs are called, which are drawn together, and what is read from the course of a host: data of the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from serdsim.errors import ModelError
from serdsim.model.library_rows import content
from serdsim.yaml_file import Field, parse_yaml

FILE = "outputs.yaml"
SHOWN = ("value", "percent of start", "change from start")


@dataclass(frozen=True)
class Label:
    """What an output is called.

    Attributes
    ----------
    title, short : str
        Alone, and beside its curve.
    unit : str
        As it is written.
    place : str
        The place whose drug it is of; empty for none.
    molar_mass : str
        The number of the model that turns nM into ng/mL; empty where it is not one drug alone.
    alone : bool
        It means something of one lesion alone, not of one among several.
    """

    title: str
    short: str
    unit: str
    place: str = ""
    molar_mass: str = ""
    alone: bool = False


@dataclass(frozen=True)
class Drawing:
    """Outputs that are drawn together.

    Attributes
    ----------
    id, group, title, axis, unit : str
        `unit` is that of the axis; ``ng/mL`` of outputs in nM.
    outputs : tuple of str
    shown : str
        One of `SHOWN`.
    log : bool
    last : str
        The place whose last dosing interval alone is drawn; empty for the whole course.
    levels : tuple of (float, str)
        Heights with a name.
    """

    id: str
    group: str
    title: str
    axis: str
    unit: str
    outputs: tuple[str, ...]
    shown: str = "value"
    log: bool = False
    last: str = ""
    levels: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Arrest:
    """Arrest of the cell cycle: the output `of` is at most `at_most`, in its own unit."""

    title: str
    of: str
    at_most: float


@dataclass(frozen=True)
class Recist:
    """Response by diameters: partial at this change from the start, progression at that from the smallest and by so much [mm]."""

    diameter: str
    partial: float
    progression: float
    progression_mm: float
    models: tuple[str, ...]


@dataclass(frozen=True)
class Mrecist:
    """Response of xenografts by volumes, read from `since` on [h].

    `limits` has for each category, from the worst to the best, its name and the changes from the start, as shares, below which the best
    single change and the best mean change must lie.
    """

    volume: str
    since: float
    limits: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class OutputNames:
    """All of the file; nothing where the library has none."""

    labels: Mapping[str, Label]
    drawings: tuple[Drawing, ...] = ()
    exposure: tuple[str, ...] = ()
    lowest: tuple[str, ...] = ()
    change: tuple[str, ...] = ()
    response: Recist | None = None
    arrest: Arrest | None = None
    xenografts: Mrecist | None = None


def read_outputs(library: Path, drugs: Mapping[str, str]) -> OutputNames:
    """Return what outputs are called with these drugs in the places of a model.

    Raises
    ------
    ModelError
        For a broken file.
    """
    path = library / FILE
    return _read(content(path), tuple(drugs.items())) if path.is_file() else OutputNames(MappingProxyType({}))


@lru_cache(maxsize=32)
def _read(held: bytes | None, drugs: tuple[tuple[str, str], ...]) -> OutputNames:
    record = parse_yaml(held or b"", FILE, ModelError, "outputs, figures, readings")
    record.require("outputs", "figures", "readings")
    labels = {id: _label(entry, dict(drugs)) for id, entry in record["outputs"].items()}
    readings = record["readings"]
    readings.require("exposure", "lowest", "change")
    known = tuple(labels)
    named = {name: tuple(word.one_of(known) for word in readings[name].each()) for name in ("exposure", "lowest", "change")}
    drawings = tuple(_drawing(entry, dict(drugs), known) for entry in record["figures"].each())
    response, arrest, xenografts = (readings.get(name) for name in ("response", "arrest", "response_of_xenografts"))
    return OutputNames(
        MappingProxyType(labels),
        drawings,
        **named,
        response=None if response is None else _recist(response, known),
        arrest=None if arrest is None else Arrest(arrest["title"].text(), arrest["of"].one_of(known), arrest["at_most"].number(low=0.0)),
        xenografts=None if xenografts is None else _mrecist(xenografts, known),
    )


def _label(entry: Field, drugs: Mapping[str, str]) -> Label:
    entry.require("title", "short", "unit")
    place, mass, alone = (entry.get(name) for name in ("place", "molar_mass", "alone"))
    title, short = (_with_names(entry[name].text(), drugs) for name in ("title", "short"))
    return Label(
        title, short, entry["unit"].text(), place.text() if place else "", mass.text() if mass else "", bool(alone and alone.truth())
    )


def _drawing(entry: Field, drugs: Mapping[str, str], known: Sequence[str]) -> Drawing:
    entry.require("id", "group", "title", "axis", "unit", "outputs")
    shown, log, last, levels = (entry.get(name) for name in ("shown", "log", "last", "levels"))
    return Drawing(
        id=entry["id"].text(),
        group=entry["group"].text(),
        title=_with_names(entry["title"].text(), drugs),
        axis=entry["axis"].text(),
        unit=entry["unit"].text(),
        outputs=tuple(word.one_of(known) for word in entry["outputs"].each(least=1)),
        shown=shown.one_of(SHOWN) if shown else SHOWN[0],
        log=log.truth() if log else False,
        last=last.text() if last else "",
        levels=tuple((level["value"].number(), level["label"].text()) for level in (levels.each() if levels else ())),
    )


def _recist(entry: Field, known: Sequence[str]) -> Recist:
    entry.require("diameter", "partial", "progression", "progression_mm", "models")
    partial, progression, least = (entry[name].number() for name in ("partial", "progression", "progression_mm"))
    return Recist(entry["diameter"].one_of(known), partial, progression, least, entry["models"].texts())


def _mrecist(entry: Field, known: Sequence[str]) -> Mrecist:
    entry.require("volume", "since_h", "categories")
    limits = []
    for category in entry["categories"].each(least=1):
        category.require("id", "best", "average")
        limits.append((category["id"].text(), category["best"].number(), category["average"].number()))
    return Mrecist(entry["volume"].one_of(known), entry["since_h"].number(low=0.0), tuple(limits))


def _with_names(text: str, drugs: Mapping[str, str]) -> str:
    for place, drug in drugs.items():
        text = text.replace(f"{{{place}}}", drug)
    return text
