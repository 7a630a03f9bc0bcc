"""Experiments as data: a pre-run, and series of arms that differ in drug, genotype and concentration in a medium, or in dose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from serdsim.errors import ClaimError, Issue
from serdsim.experiments.medium import Pour, read_beside, read_pours, read_times
from serdsim.experiments.record import located, quantity, read_record, shown_name
from serdsim.experiments.treatment import read_treatment
from serdsim.model.outputs import Mrecist, Recist, read_outputs
from serdsim.yaml_file import said

__all__ = ["Experiment", "Pour", "Series", "located", "observed", "quantity", "read_experiment", "read_record", "shown_name"]

_FIELDS = ("id", "title", "model", "cell_line", "subject", "pre_run", "hours", "every", "outputs", "series")
_EXAMPLES = {"model": "cell", "cell_line": "MCF7", "pre_run": "96 h", "hours": "24 h", "every": "6 h", "outputs": "[er_total]"}


@dataclass(frozen=True)
class Series:
    """Arms that share drug, genotype and conditions and differ in the drug's concentration in the medium, or in its dose.

    Attributes
    ----------
    concentrations : tuple of float
        Nominal concentration in the medium [nM], or where there is a regimen the dose [unit]; the first is the vehicle where it is 0.
    estradiol : float
        Nominal estradiol in the medium [nM].
    settings : mapping
        Quantities set when the series starts, for example ``proteasome_block``.
    like : mapping
        Quantities that take the value of another one from the start, for example the drug's degradation that of the
        free receptor.
    given : mapping
        Quantities that have a number of the experiment instead of the table's from the pre-run on, for example ``n_cells``.
    cell_line : str
    pre_estradiol : float
        Nominal estradiol in the medium of the pre-run [nM].
    beside : mapping
        Nominal concentrations of further drugs [nM], each in a place of its own in the model; in a regimen their first amounts.
    medium : tuple of Pour
        When the medium is changed to one of another content.
    regimen : str
        What is given to an animal or a patient, with ``{dose}`` for the dose of `drug`; empty in a dish.
    unit : str
        Of `concentrations`.
    select : mapping
        Further tables' rows that fill the model, for example the host.
    """

    id: str
    drug: str
    genotype: str
    concentrations: tuple[float, ...]
    estradiol: float
    settings: Mapping[str, float]
    like: Mapping[str, str]
    given: Mapping[str, float]
    cell_line: str
    file: str
    pre_estradiol: float = 0.0
    beside: Mapping[str, float] = field(default_factory=dict)
    medium: tuple[Pour, ...] = ()
    regimen: str = ""
    unit: str = "nM"
    select: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """One in-silico experiment.

    Attributes
    ----------
    pre_run : float
        Hours before the series start, in medium without drug.
    hours : float
        Duration; `every` is the distance of observations [h].
    outputs : tuple of str
    series : mapping of id to Series
    medium_changes : tuple of float
        When the medium is replaced by a fresh one of the same content [h].
    replate : tuple of float
        When cells are counted and plated anew as many as at the start, in fresh medium [h]; each is an observed time, and what is
        observed then are the cells before.
    animals : int
        Animals or patients beside the typical one in each arm, who differ by the variances between individuals.
    by_diameter, by_volume : Recist, Mrecist or None
        What the library says about how tumours are called; None in a dish.
    """

    id: str
    title: str
    model: str
    cell_line: str
    subject: str
    pre_run: float
    hours: float
    every: float
    outputs: tuple[str, ...]
    series: Mapping[str, Series]
    file: str
    medium_changes: tuple[float, ...] = ()
    replate: tuple[float, ...] = ()
    animals: int = 0
    by_diameter: Recist | None = None
    by_volume: Mrecist | None = None

    @property
    def treated(self) -> bool:
        """Whether its series are animals or patients who are given doses, and not dishes."""
        return any(series.regimen for series in self.series.values())

    def times(self) -> np.ndarray:
        """Return when the outputs are observed [h]; the first is the start of the series."""
        return np.arange(0.0, self.hours + 0.5 * self.every, self.every)


def observed(times: np.ndarray, time: float) -> int | None:
    """Return which of the observed times this one is; None where it was not observed."""
    nearest = int(np.argmin(np.abs(times - time)))
    return nearest if abs(times[nearest] - time) <= 1e-9 * max(1.0, abs(time)) else None


def read_experiment(path: Path) -> Experiment:
    """Return the experiment of a YAML file.

    Raises
    ------
    ClaimError
        For a missing file, malformed YAML, a missing field, or a number with a wrong or missing unit.
    """
    with located(path):
        return _experiment(path)


def _experiment(path: Path) -> Experiment:
    record = read_record(path)
    file = shown_name(path)
    treated = isinstance(record.get("series"), list) and all(isinstance(one, dict) and "regimen" in one for one in record["series"])
    missing = [name for name in _FIELDS if name not in record and not (treated and name == "cell_line")]
    if missing:
        repair = f'Add "{missing[0]}: {_EXAMPLES.get(missing[0], "...")}"'
        raise ClaimError(Issue("the experiment lacks " + ", ".join(missing), file=file, expected=", ".join(_FIELDS), repair=repair))
    outputs = record["outputs"]
    named = isinstance(outputs, list) and outputs and all(isinstance(id, str) for id in outputs)
    if not isinstance(record["series"], list) or not record["series"] or not named:
        repair = "Write outputs: [er_total], and below series: one entry after a dash for each"
        problem = "the experiment has no series or no outputs"
        raise ClaimError(Issue(problem, file=file, id="series, outputs", expected="a list of each", repair=repair))
    hours = quantity(record["hours"], "h", file, "hours")
    series = [_series(entry, record, file, hours) for entry in record["series"]]
    twice = {entry.id for entry in series if [e.id for e in series].count(entry.id) > 1}
    if twice:
        expected, repair = "each id once", "Rename one of the two"
        raise ClaimError(Issue("a series is given twice", file=file, id=sorted(twice)[0], expected=expected, repair=repair))
    names = read_outputs(path.parent.parent, {}) if treated else None
    experiment = Experiment(
        id=str(record["id"]),
        title=str(record["title"]),
        model=str(record["model"]),
        cell_line=str(record.get("cell_line", "")),
        subject=str(record["subject"]),
        pre_run=quantity(record["pre_run"], "h", file, "pre_run"),
        hours=hours,
        every=quantity(record["every"], "h", file, "every"),
        outputs=tuple(record["outputs"]),
        series={entry.id: entry for entry in series},
        file=file,
        medium_changes=read_times(record, "medium_changes", hours, file),
        replate=read_times(record, "replate", hours, file),
        animals=_animals(record, file, treated=treated),
        by_diameter=names.response if names else None,
        by_volume=names.xenografts if names else None,
    )
    if experiment.treated and not treated:
        problem, repair = "some series have a regimen and others not", "Write two experiments"
        raise ClaimError(Issue(problem, file=file, id="series", expected="all in dishes, or all animals or patients", repair=repair))
    if not 0 < experiment.every <= experiment.hours or observed(experiment.times(), experiment.hours) is None:
        problem, expected = f"observations every {experiment.every:g} h in {experiment.hours:g} h", "a whole number of steps, at least one"
        repair = "Change every so that it divides hours"
        raise ClaimError(Issue(problem, file=file, id="every", expected=expected, repair=repair))
    unseen = [time for time in experiment.replate if observed(experiment.times(), time) is None]
    if unseen:
        problem, expected = f"cells are plated anew at {unseen[0]:g} h, when nothing is observed", f"multiples of {experiment.every:g} h"
        raise ClaimError(Issue(problem, file=file, id="replate", expected=expected, repair="Change every or the times of replating"))
    return experiment


def _series(entry: Mapping[str, Any], record: Mapping[str, Any], file: str, hours: float) -> Series:
    """Return a series; what it does not say itself is that of the experiment."""
    if isinstance(entry, dict) and "id" in entry and "regimen" in entry:
        treatment = read_treatment(entry, record, file)
        return Series(
            drug=treatment.drug,
            concentrations=treatment.levels,
            estradiol=0.0,
            beside=treatment.beside,
            regimen=treatment.sentence,
            unit=treatment.unit,
            **_conditions(entry, record, file),
        )
    if not isinstance(entry, dict) or any(name not in entry for name in ("id", "drug", "concentrations")):
        id = str(entry["id"]) if isinstance(entry, dict) and "id" in entry else "series"
        problem, expected = "a series lacks id, drug or concentrations", "id, drug, genotype, concentrations"
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair="Add the field to the series"))
    id = str(entry["id"])
    if not isinstance(entry["concentrations"], list):
        expected, repair = "a list such as [0 nM, 100 nM]", "Put the concentrations in square brackets"
        raise ClaimError(Issue("the concentrations are no list", file=file, id=id, expected=expected, repair=repair))
    values = tuple(quantity(text, "nM", file, id) for text in entry["concentrations"])
    if not values or any(b <= a for a, b in pairwise(values)):
        expected, repair = "each once, from the smallest to the largest", "Sort the concentrations"
        raise ClaimError(Issue("the concentrations do not rise", file=file, id=id, expected=expected, repair=repair))
    return Series(
        drug=str(entry["drug"]),
        concentrations=values,
        estradiol=_medium("estradiol", entry, record, file),
        **_conditions(entry, record, file),
        pre_estradiol=_medium("pre_estradiol", entry, record, file),
        beside=read_beside(entry, file),
        medium=read_pours(entry, file, hours),
    )


def _conditions(entry: Mapping[str, Any], record: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Return what series of every kind say: genotype, line, what is set, given and taken from elsewhere."""
    id = str(entry["id"])
    shared = {name: _setting(value, name, file, "given") for name, value in _pairs(record, "given", file, "given").items()}
    chosen = {**_pairs(record, "select", file, "select"), **_pairs(entry, "select", file, id)}
    return {
        "id": id,
        "genotype": str(entry.get("genotype", "WT")),
        "settings": {name: _setting(value, name, file, id) for name, value in _pairs(entry, "set", file, id).items()},
        "like": {name: str(source) for name, source in _pairs(entry, "like", file, id).items()},
        "given": shared | {name: _setting(value, name, file, id) for name, value in _pairs(entry, "given", file, id).items()},
        "cell_line": str(entry.get("cell_line", record.get("cell_line", ""))),
        "file": file,
        "select": {name: str(value) for name, value in chosen.items()},
    }


def _animals(record: Mapping[str, Any], file: str, *, treated: bool) -> int:
    count = record.get("animals", 0)
    if isinstance(count, bool) or not isinstance(count, int) or count < 0 or (count and not treated):
        problem = f"animals is {said(count)}" if treated or not isinstance(count, int) else "a dish has no animals"
        expected, repair = "a whole number, in an experiment whose series have a regimen", "Write how many beside the typical one"
        raise ClaimError(Issue(problem, file=file, id="animals", expected=expected, repair=repair))
    return count


def _medium(name: str, entry: Mapping[str, Any], record: Mapping[str, Any], file: str) -> float:
    """Return a ligand [nM] in the medium of a series; what the series does not say is said by the experiment, in a line of its own."""
    if name in entry:
        return quantity(entry[name], "nM", file, str(entry["id"]))
    return quantity(record.get(name, "0 nM"), "nM", file, name)


def _pairs(entry: Mapping[str, Any], name: str, file: str, id: str) -> dict[str, object]:
    pairs = entry.get(name, {})
    if not isinstance(pairs, dict):
        expected = "names of the model with their values, such as {n_cells: 2000}"
        raise ClaimError(
            Issue(f"{name} is {said(pairs)}", file=file, id=id, expected=expected, repair="Put names and values in curly brackets")
        )
    return {str(key): value for key, value in pairs.items()}


def _setting(value: object, name: str, file: str, id: str) -> float:
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
    if not 0 <= number < float("inf"):
        problem, expected = f'"{name}" cannot be set to "{value}"', "a number, zero or more, in its own unit"
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair="Write the number alone, without its unit"))
    return number
