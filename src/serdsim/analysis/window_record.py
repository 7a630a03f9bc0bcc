"""What window.yaml says: which arms, markers and days of window trials the page shows, and which arms it compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serdsim.claims.evidence_rows import Fact, require_facts
from serdsim.errors import ClaimError
from serdsim.experiments.protocol import quantity
from serdsim.yaml_file import Field, read_yaml

FILE = "window.yaml"
_FIELDS = (
    "subject",
    "experiment",
    "later",
    "problem",
    "draws",
    "seed",
    "far",
    "alike",
    "decided",
    "markers",
    "arms",
    "comparisons",
    "volumes",
)


@dataclass(frozen=True)
class Marker:
    """A biomarker: the output of the model, and what the fit calls what is left of it."""

    id: str
    output: str
    label: str
    observable: str


@dataclass(frozen=True)
class WindowArm:
    """An arm at one time [h]: its series and dose, the experiment of the fit, and the evidence row of each marker that was seen."""

    id: str
    label: str
    series: str
    dose: float
    time: float
    fitted: str
    seen: Mapping[str, str]


@dataclass(frozen=True)
class Pair:
    """Two arms of which the second is taken from the first."""

    label: str
    first: str
    second: str


@dataclass(frozen=True)
class Comparison:
    """A question to several pairs of arms and markers."""

    id: str
    title: str
    markers: tuple[str, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class VolumeArm:
    """An arm of the later experiment; `against` are those whose volume is compared with its own."""

    id: str
    label: str
    genotype: str
    series: str
    against: tuple[str, ...]


@dataclass(frozen=True)
class WindowRecord:
    """The whole file."""

    subject: str
    experiment: str
    later: str
    problem: str
    draws: int
    seed: int
    far: float
    alike: float
    decided: float
    markers: tuple[Marker, ...]
    arms: tuple[WindowArm, ...]
    comparisons: tuple[Comparison, ...]
    volumes: tuple[VolumeArm, ...]


def read_window_record(library: Path, facts: Mapping[str, Fact]) -> WindowRecord:
    """Return what window.yaml of a library says.

    Raises
    ------
    ClaimError
        For a missing field, an unknown marker or arm, a row that is not open to fits, and a row beside the subject.
    """
    record = read_yaml(library / FILE, FILE, ClaimError, ", ".join(_FIELDS))
    record.require(*_FIELDS)
    markers = tuple(_marker(entry) for entry in record["markers"].each(least=1))
    found = WindowRecord(
        subject=record["subject"].text(),
        experiment=record["experiment"].text(),
        later=record["later"].text(),
        problem=record["problem"].text(),
        draws=record["draws"].whole(low=2),
        seed=record["seed"].whole(low=0),
        far=record["far"].number(above=0.0),
        alike=record["alike"].number(above=0.0),
        decided=record["decided"].number(above=0.5),
        markers=markers,
        arms=tuple(_arm(entry, [marker.id for marker in markers]) for entry in record["arms"].each(least=1)),
        comparisons=tuple(_comparison(entry) for entry in record["comparisons"].each()),
        volumes=tuple(_volume(entry) for entry in record["volumes"].each()),
    )
    _check(record, found, facts)
    return found


def _check(record: Field, found: WindowRecord, facts: Mapping[str, Fact]) -> None:
    for field, arm in zip(record["arms"].each(), found.arms, strict=True):
        rows = require_facts(arm.seen.values(), facts, role="calibrate", file=FILE)
        if any(row.drug == found.subject for row in rows):
            repair = "Take the row out; what was measured under the subject is never shown beside its prediction"
            raise field["seen"].wrong(f"a row stands beside {found.subject}", "rows of other drugs", repair)
        for row in rows:
            if row.value is None or row.unit != "%" or row.value >= 100.0:
                raise field["seen"].wrong(f"the row {row.id} is no fall in %", "a value below 100 %", "Take another row")
    arms, markers = [arm.id for arm in found.arms], [marker.id for marker in found.markers]
    for field, comparison in zip(record["comparisons"].each(), found.comparisons, strict=True):
        for named, known in ((comparison.markers, markers), ([id for p in comparison.pairs for id in (p.first, p.second)], arms)):
            strange = [id for id in named if id not in known]
            if strange:
                raise field.wrong(f'"{strange[0]}" is not in this file', "one of " + ", ".join(known), "Correct the name")
    volumes = [arm.id for arm in found.volumes]
    for field, volume in zip(record["volumes"].each(), found.volumes, strict=True):
        for id in volume.against:
            if id not in volumes:
                raise field["against"].wrong(f'"{id}" is no volume of this file', "one of " + ", ".join(volumes), "Correct the name")


def _marker(entry: Field) -> Marker:
    entry.require("id", "output", "label", "observable")
    return Marker(*(entry[name].text() for name in ("id", "output", "label", "observable")))


def _arm(entry: Field, markers: list[str]) -> WindowArm:
    entry.require("id", "label", "series", "dose", "at")
    seen, fitted = entry.get("seen"), entry.get("fitted")
    rows = {} if seen is None else {id: row.text() for id, row in seen.items()}
    strange = [id for id in rows if id not in markers]
    if seen is not None and strange:
        raise seen.wrong(f'"{strange[0]}" is no marker of this file', "one of " + ", ".join(markers), "Correct the name")
    if rows and fitted is None:
        raise entry.wrong("an arm with rows has no experiment of the fit", "fitted: its id", "Add the field fitted")
    at = entry["at"]
    time = at.placed(lambda: quantity(at.value, "h", FILE, at.name))
    id, label, series = (entry[name].text() for name in ("id", "label", "series"))
    return WindowArm(id, label, series, entry["dose"].number(above=0.0), time, "" if fitted is None else fitted.text(), rows)


def _comparison(entry: Field) -> Comparison:
    entry.require("id", "title", "markers", "pairs")
    pairs = tuple(Pair(*(pair[name].text() for name in ("label", "first", "second"))) for pair in entry["pairs"].each(least=1))
    return Comparison(entry["id"].text(), entry["title"].text(), entry["markers"].texts(least=1), pairs)


def _volume(entry: Field) -> VolumeArm:
    entry.require("id", "label", "genotype", "series")
    against = entry.get("against")
    id, label, genotype, series = (entry[name].text() for name in ("id", "label", "genotype", "series"))
    return VolumeArm(id, label, genotype, series, () if against is None else against.texts())
