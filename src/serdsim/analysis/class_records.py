"""What class_prior.yaml says: sisters, scales, wide assumptions, the assay and the potencies that are predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from serdsim.errors import ClaimError
from serdsim.experiments.protocol import quantity
from serdsim.yaml_file import Field, read_yaml

_FIELDS = ("subject", "members", "also_called", "not_members", "least", "sensitivity", "ids", "assay", "potencies")


@dataclass(frozen=True)
class ClassId:
    """A quantity of a drug: its wide assumption and the scales of its random effects.

    `value`, `centre` [own unit]; `width`, `spread`, `tau` on the log10 scale, on that of the log odds for shares. With
    `over` the members share the ratio to that quantity, and `centre` is one. `of_subject` is what the subject itself takes where a
    row says more of it than of its class; no sister that is left out is predicted from it.
    """

    id: str
    distribution: str
    value: float
    width: float
    upper: float | None
    over: str
    centre: float
    spread: float
    tau: float
    source: tuple[str, ...]
    rows: tuple[str, ...]
    why: str
    of_subject: ClassId | None = None


@dataclass(frozen=True)
class Assay:
    """How a potency is simulated.

    Attributes
    ----------
    estradiol : float
        In the medium [nM].
    pre_run, hours : float
        Time without ligand before, time with it [h].
    concentrations : ndarray, shape (concentration,)
        Nominal concentration of the drug in the medium [nM]; the first is the vehicle.
    tolerance : float
        Relative tolerance of the solver.
    draws, seed : int
        Behind every prediction.
    """

    model: str
    output: str
    estradiol: float
    pre_run: float
    hours: float
    concentrations: np.ndarray
    tolerance: float
    draws: int
    seed: int


@dataclass(frozen=True)
class Potency:
    """An observed potency of a member; `error` is that of the assay, a standard deviation on the log10 scale."""

    drug: str
    row: str
    error: float
    read_as: str


@dataclass(frozen=True)
class ClassRecord:
    """The whole file."""

    subject: str
    members: tuple[str, ...]
    also_called: Mapping[str, tuple[str, ...]]
    not_members: Mapping[str, str]
    least: int
    sensitivity: tuple[float, ...]
    ids: tuple[ClassId, ...]
    assay: Assay
    potencies: tuple[Potency, ...]
    file: str


def read_class_record(library: Path) -> ClassRecord:
    """Return what class_prior.yaml of a library says.

    Raises
    ------
    ClaimError
        For a missing file or field, a value of another kind, a subject among its own sisters.
    """
    record = read_yaml(library / "class_prior.yaml", "class_prior.yaml", ClaimError, ", ".join(_FIELDS))
    record.require(*_FIELDS)
    found = _record(record)
    for field in record["members"].each():
        if field.value == found.subject:
            raise field.wrong(f'the subject "{found.subject}" is among its own sisters', "other drugs", "Take it out of members")
    _check_ids(record["ids"], found)
    for field in record["potencies"].each():
        if field["drug"].value not in found.members:
            repair = "Add the drug to members, or take the potency out"
            raise field["drug"].wrong(f'"{field["drug"].value}" is no member', "one of " + ", ".join(found.members), repair)
    return found


def _record(record: Field) -> ClassRecord:
    return ClassRecord(
        subject=record["subject"].text(),
        members=record["members"].texts(least=2),
        also_called={drug: names.texts() for drug, names in record["also_called"].items()},
        not_members=dict(_not_member(entry) for entry in record["not_members"].each()),
        least=max(record["least"].whole(low=0), 2),
        sensitivity=tuple(entry.number(above=0.0) for entry in record["sensitivity"].each()),
        ids=tuple(_id(entry) for entry in record["ids"].each(least=1)),
        assay=_assay(record["assay"]),
        potencies=tuple(_potency(entry) for entry in record["potencies"].each(least=1)),
        file=record.source.shown,
    )


def _check_ids(ids: Field, found: ClassRecord) -> None:
    known = [entry.id for entry in found.ids]
    for field, entry in zip(ids.each(), found.ids, strict=True):
        if known.count(entry.id) > 1:
            raise field["id"].wrong("an id is given twice", "each id once", "Keep one of the two")
        if entry.over and (entry.over not in known or entry.over == entry.id):
            raise field["over"].wrong(f'"{entry.over}" is no other id of this file', "one of " + ", ".join(known), "Correct the name")
        own = entry.of_subject
        if entry.distribution == "logitnormal" and (entry.value >= 1 or (own is not None and own.value >= 1)):
            place, value = (field["value"], entry.value) if entry.value >= 1 or own is None else (field["of_subject"]["value"], own.value)
            raise place.wrong(f"a logitnormal quantity is {value:g}", "a value between 0 and 1", "Give it as a share")
        if entry.distribution == "logitnormal" and not entry.over and entry.centre >= 1:
            raise field["centre"].wrong(f"a logitnormal quantity is {entry.centre:g}", "a value between 0 and 1", "Give it as a share")


def _not_member(entry: Field) -> tuple[str, str]:
    entry.require("drug", "why")
    return entry["drug"].text(), entry["why"].text()


def _potency(entry: Field) -> Potency:
    entry.require("drug", "row", "error", "read_as")
    return Potency(entry["drug"].text(), entry["row"].text(), entry["error"].number(above=0.0), entry["read_as"].text())


def _assay(assay: Field) -> Assay:
    assay.require("model", "output", "estradiol", "pre_run", "hours", "concentrations", "tolerance", "draws", "seed")
    concentrations = [_amount(entry, "nM") for entry in assay["concentrations"].each(least=3)]
    if concentrations[0] != 0 or any(b <= a for a, b in pairwise(concentrations)):
        expected = "0 nM first, the vehicle, and then each from the smallest to the largest"
        raise assay["concentrations"].wrong("the concentrations do not rise from 0 nM", expected, "Sort them, and begin with 0 nM")
    return Assay(
        model=assay["model"].text(),
        output=assay["output"].text(),
        estradiol=_amount(assay["estradiol"], "nM"),
        pre_run=_amount(assay["pre_run"], "h"),
        hours=_amount(assay["hours"], "h"),
        concentrations=np.array(concentrations),
        tolerance=assay["tolerance"].number(above=0.0),
        draws=assay["draws"].whole(low=1),
        seed=assay["seed"].whole(low=0),
    )


def _id(entry: Field) -> ClassId:
    entry.require("id", "distribution", "value", "width", "centre", "spread", "tau", "source", "rows", "why")
    over, upper = entry.get("over"), entry.get("upper")
    found = ClassId(
        id=entry["id"].text(),
        distribution=entry["distribution"].one_of(("lognormal", "logitnormal")),
        value=entry["value"].number(above=0.0),
        width=entry["width"].number(above=0.0),
        upper=None if upper is None else upper.number(above=0.0),
        over="" if over is None else over.text(),
        centre=entry["centre"].number(above=0.0),
        spread=entry["spread"].number(above=0.0),
        tau=entry["tau"].number(above=0.0),
        source=_words(entry["source"]),
        rows=_words(entry["rows"]),
        why=entry["why"].text(),
    )
    own = entry.get("of_subject")
    if own is None:
        return found
    own.require("value", "source", "rows", "why")
    said = replace(
        found, value=own["value"].number(above=0.0), source=_words(own["source"]), rows=_words(own["rows"]), why=own["why"].text()
    )
    return replace(found, of_subject=said)


def _words(field: Field) -> tuple[str, ...]:
    return tuple(word.strip() for word in field.text().split(";") if word.strip())


def _amount(field: Field, unit: str) -> float:
    return field.placed(lambda: quantity(field.value, unit, field.source.shown, field.name))
