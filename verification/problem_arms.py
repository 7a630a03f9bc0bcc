"""Arms of experiments as conditions and periods of a PEtab problem.

An arm is one concentration of a series. Its first period says what it is made of (drug, line, genotype, cells), the second starts
at 0 h with plating, references for folds and the ligands; each change of medium sets the ligands again. Conditions are small and
shared: one for each drug, line, count of cells or level in the medium.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serdsim.experiments.arms import model_of, place_of
from serdsim.experiments.protocol import Experiment, Series
from serdsim.model.entities import Model
from serdsim.model.plating import Plating
from serdsim.tables import format_number

Changes = tuple[tuple[str, str], ...]  # target and formula


@dataclass(frozen=True)
class Arm:
    """Periods by their time, each with its conditions; the conditions by name."""

    id: str
    periods: tuple[tuple[float, tuple[str, ...]], ...]
    conditions: Mapping[str, Changes]


@dataclass(frozen=True)
class Frame:
    """What all arms of a problem share.

    Attributes
    ----------
    base : Model
        The model as the problem holds it.
    fills : mapping
        Formula by row (``drug.id``) of the library for rows that parameters of the problem fill.
    shares : tuple
        What every arm sets first: shares that are estimated as odds.
    references : mapping
        Parameter that keeps the value of 0 h -> whose value it keeps.
    """

    base: Model
    fills: Mapping[str, str]
    shares: Changes
    references: Mapping[str, str]
    plating: Plating
    library: Path


def arm_id(series: Series, concentration: float) -> str:
    """Return the id of an arm; the concentration belongs to it where the series has several."""
    return series.id if len(series.concentrations) == 1 else f"{series.id}_{word(concentration)}nM"


def arms_of(experiment: Experiment) -> Iterator[tuple[str, Series, float]]:
    """Yield id, series and concentration of every arm."""
    for series in experiment.series.values():
        for concentration in series.concentrations:
            yield arm_id(series, concentration), series, concentration


def arm(frame: Frame, experiment: Experiment, series: Series, concentration: float, last: float) -> Arm:
    """Return an arm with changes of medium up to the last hour that is read."""
    if series.beside or series.medium or experiment.replate:
        raise ValueError(f"{series.id}: drugs beside each other, media that change and replating are not written as PEtab")
    before = _level("E2_medium", "E2", series.pre_estradiol) if series.pre_estradiol else {}
    first = {"shares": frame.shares, **_made_of(frame, experiment, series, concentration), **before}
    place = place_of(experiment, series, frame.library)[1]
    ligands = {**_level("E2_medium", "E2", series.estradiol), **(_level(place, series.drug, concentration) if concentration else {})}
    begun = {"start": _start(frame), **ligands, **{_set(id, value): ((id, format_number(value)),) for id, value in series.settings.items()}}
    changes = [(time, tuple(ligands)) for time in experiment.medium_changes if time < last]
    periods = ((-experiment.pre_run, tuple(first)), (0.0, tuple(begun)), *changes)
    return Arm(arm_id(series, concentration), periods, {**first, **begun})


def word(value: object) -> str:
    """Return a number or a name as a part of an id."""
    text = format_number(value) if isinstance(value, float | int) else str(value)
    return re.sub(r"\W", "_", text)


def _set(id: str, value: float) -> str:
    return f"set_{id}_{word(value)}"


def _level(target: str, name: str, value: float) -> dict[str, Changes]:
    return {f"medium_{word(name)}_{word(value)}nM": ((target, format_number(value)),)}


def _made_of(frame: Frame, experiment: Experiment, series: Series, concentration: float) -> dict[str, Changes]:
    """Return what differs from the model of the problem, by drug, line and genotype, and the numbers of the experiment."""
    model = model_of(experiment, series, frame.library)
    owners = {series.cell_line: f"line_{word(series.cell_line)}", series.genotype: f"genotype_{word(series.genotype)}"}
    if concentration:  # the numbers of a drug that is not there change nothing
        owners |= {series.drug: f"with_{word(series.drug)}"}
    found: dict[str, list[tuple[str, str]]] = {}
    for id, evidence in model.evidence.items():
        owner = evidence.row.rpartition(".")[0]
        value, usual = model.quantity(id).value, frame.base.quantity(id).value
        if owner not in owners or owner == "WT":  # the wild-type allele is in all
            continue
        name = owners[owner] + (f"_at_{word(series.genotype)}" if id == "shift_drug_M" and series.genotype != "WT" else "")
        if evidence.row in frame.fills:
            found.setdefault(name, []).append((id, frame.fills[evidence.row]))
        elif value is not None and value != usual:
            found.setdefault(name, []).append((id, format_number(value)))
    result = {name: tuple(changes) for name, changes in found.items()}
    return result | {_set(id, value): ((id, format_number(value)),) for id, value in series.given.items()}


def _start(frame: Frame) -> Changes:
    """Return plating and references; all formulas see the values just before."""
    cells = frame.plating.cells
    counted = [(id, f"{frame.plating.count} * {id} / ({' + '.join(cells)})") for id in cells]
    cleared = [(id, "0") for id in frame.plating.cleared]
    return (*counted, *cleared, *frame.references.items())


def unlike(arms: Sequence[Arm]) -> dict[str, Changes]:
    """Return all conditions of the arms.

    Raises
    ------
    ValueError
        When two arms mean different things by one name.
    """
    found: dict[str, Changes] = {}
    for one in arms:
        for name, changes in one.conditions.items():
            if found.setdefault(name, changes) != changes:
                raise ValueError(f"the condition {name} has two meanings")
    return found
