"""What class_prior.yaml says: sisters, scales, wide assumptions, the assay and the potencies that are predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serdsim.errors import ClaimError, InputError, Issue
from serdsim.experiments.protocol import located, read_record
from serdsim.units import convert


@dataclass(frozen=True)
class ClassId:
    """A quantity of a drug: its wide assumption and the scales of its random effects.

    `value`, `centre` [own unit]; `width`, `spread`, `tau` on the log10 scale, on that of the log odds for shares. With
    `over` the members share the ratio to that quantity, and `centre` is one.
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
        For a missing file or field, a number that is none, a subject among its own sisters.
    """
    path = library / "class_prior.yaml"
    with located(path):
        record = read_record(path)
        try:
            found = _record(record, path.name)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            expected = "subject, members, least, sensitivity, ids, assay, potencies"
            raise ClaimError(Issue(f"the class prior cannot be read: {problem}", file=path.name, expected=expected)) from None
        if found.subject in found.members:
            raise ClaimError(Issue("the subject is among its own sisters", file=path.name, id=found.subject))
        members = ", ".join(found.members)
        strange = [potency.drug for potency in found.potencies if potency.drug not in found.members]
        if strange:
            raise ClaimError(Issue("a potency of a drug that is no member", file=path.name, id=strange[0], expected=members))
        return found


def _record(record: Mapping[str, Any], file: str) -> ClassRecord:
    assay = record["assay"]
    return ClassRecord(
        subject=str(record["subject"]),
        members=tuple(map(str, record["members"])),
        also_called={str(drug): tuple(map(str, names)) for drug, names in record["also_called"].items()},
        not_members={str(entry["drug"]): str(entry["why"]) for entry in record["not_members"]},
        least=max(int(record["least"]), 2),
        sensitivity=tuple(map(float, record["sensitivity"])),
        ids=tuple(_id(entry) for entry in record["ids"]),
        assay=Assay(
            model=str(assay["model"]),
            output=str(assay["output"]),
            estradiol=_amount(assay["estradiol"], "nM", file),
            pre_run=_amount(assay["pre_run"], "h", file),
            hours=_amount(assay["hours"], "h", file),
            concentrations=np.array([_amount(one, "nM", file) for one in assay["concentrations"]]),
            tolerance=float(assay["tolerance"]),
            draws=int(assay["draws"]),
            seed=int(assay["seed"]),
        ),
        potencies=tuple(Potency(str(p["drug"]), str(p["row"]), float(p["error"]), str(p["read_as"])) for p in record["potencies"]),
        file=file,
    )


def _id(entry: Mapping[str, Any]) -> ClassId:
    return ClassId(
        id=str(entry["id"]),
        distribution=str(entry["distribution"]),
        value=float(entry["value"]),
        width=float(entry["width"]),
        upper=float(entry["upper"]) if "upper" in entry else None,
        over=str(entry.get("over", "")),
        centre=float(entry["centre"]),
        spread=float(entry["spread"]),
        tau=float(entry["tau"]),
        source=tuple(word.strip() for word in str(entry["source"]).split(";") if word.strip()),
        rows=tuple(word.strip() for word in str(entry["rows"]).split(";") if word.strip()),
        why=str(entry["why"]),
    )


def _amount(text: object, unit: str, file: str) -> float:
    number, _, word = str(text).partition(" ")
    try:
        return convert(float(number), word, unit)
    except (ValueError, InputError):
        raise ClaimError(Issue(f'"{text}" is no amount', file=file, expected=f"a number and a unit such as {unit}")) from None
