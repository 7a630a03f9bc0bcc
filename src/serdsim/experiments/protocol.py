"""Experiments as data: a pre-run, a medium, and series of arms that differ in drug, genotype and concentration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from serdsim.errors import ClaimError, InputError, Issue
from serdsim.units import convert, parse_unit

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same records, ten times faster where libyaml is there


@dataclass(frozen=True)
class Series:
    """Arms that share drug, genotype and conditions and differ in the drug's concentration in the medium.

    Attributes
    ----------
    concentrations : tuple of float
        Nominal concentration in the medium [nM]; the first is the vehicle where it is 0.
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


@contextmanager
def located(path: Path) -> Iterator[None]:
    """Give issues about a YAML file the line where the id that they name stands."""
    try:
        yield
    except InputError as error:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
        raise type(error)([_placed(issue, path.name, lines) for issue in error.issues]) from None


def _placed(issue: Issue, file: str, lines: list[str]) -> Issue:
    if issue.file != file or issue.line is not None or not issue.id:
        return issue
    wanted = re.compile(rf"(\bid:\s*|^\s*-?\s*|\brow:\s*){re.escape(issue.id)}\b")
    return replace(issue, line=next((number for number, line in enumerate(lines, 1) if wanted.search(line)), None))


def _experiment(path: Path) -> Experiment:
    record = read_record(path)
    file = path.name
    missing = [
        name
        for name in ("id", "title", "model", "cell_line", "subject", "pre_run", "hours", "every", "outputs", "series")
        if name not in record
    ]
    if missing:
        raise ClaimError(Issue("the experiment lacks " + ", ".join(missing), file=file, expected="all fields of an experiment"))
    if not isinstance(record["series"], list) or not record["series"] or not isinstance(record["outputs"], list) or not record["outputs"]:
        raise ClaimError(Issue("the experiment has no series or no outputs", file=file, id="series, outputs", expected="a list of each"))
    series = [_series(entry, record, file) for entry in record["series"]]
    twice = {entry.id for entry in series if [e.id for e in series].count(entry.id) > 1}
    if twice:
        raise ClaimError(Issue("a series is given twice", file=file, id=sorted(twice)[0], repair="Rename one of the two"))
    experiment = Experiment(
        id=str(record["id"]),
        title=str(record["title"]),
        model=str(record["model"]),
        cell_line=str(record["cell_line"]),
        subject=str(record["subject"]),
        pre_run=quantity(record["pre_run"], "h", file, "pre_run"),
        hours=quantity(record["hours"], "h", file, "hours"),
        every=quantity(record["every"], "h", file, "every"),
        outputs=tuple(record["outputs"]),
        series={entry.id: entry for entry in series},
        file=file,
        medium_changes=tuple(quantity(text, "h", file, "medium_changes") for text in record.get("medium_changes", [])),
    )
    changes = (0.0, *experiment.medium_changes, experiment.hours)
    if any(b <= a for a, b in pairwise(changes)):
        expected = "times that rise, after the start and before the end"
        raise ClaimError(Issue("the changes of medium do not rise", file=file, id="medium_changes", expected=expected))
    if not 0 < experiment.every <= experiment.hours or observed(experiment.times(), experiment.hours) is None:
        problem, expected = f"observations every {experiment.every:g} h in {experiment.hours:g} h", "a whole number of steps, at least one"
        raise ClaimError(Issue(problem, file=file, id="every", expected=expected))
    return experiment


def read_record(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Raises
    ------
    ClaimError
        For a missing, empty or malformed file, with its line.
    """
    try:
        record = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except FileNotFoundError:
        raise ClaimError(Issue("there is no such file", file=str(path), expected="a YAML record")) from None
    except (UnicodeDecodeError, OSError) as problem:
        raise ClaimError(Issue(f"the file cannot be read: {problem}", file=path.name)) from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise ClaimError(Issue(f"not well-formed YAML: {getattr(problem, 'problem', problem)}", file=path.name, line=line)) from None
    if not isinstance(record, dict):
        raise ClaimError(Issue("the file is empty or not a mapping", file=path.name, expected="fields such as id and title"))
    return record


def quantity(text: object, unit: str, file: str, id: str) -> float:
    """Return a number with unit, such as ``24 h``, in `unit`.

    Raises
    ------
    ClaimError
        When it is not a number and a unit of that kind, or negative, or not finite.
    """
    expected = f'a number and a unit of the kind of {unit}, such as "1 {unit}"'
    words = str(text).split(maxsplit=1)
    try:
        number = float(words[0])
        value = convert(number, words[1], unit) if len(words) == 2 else float("nan")
        parse_unit(words[1])
    except (ValueError, IndexError):
        raise ClaimError(Issue(f'"{text}" cannot be read', file=file, id=id, expected=expected)) from None
    except InputError as error:
        raise ClaimError(Issue(f'"{text}": {error.issues[0].problem}', file=file, id=id, expected=expected)) from None
    if not 0 <= value < float("inf"):
        raise ClaimError(Issue(f'"{text}" is not allowed', file=file, id=id, expected=expected + ", zero or more"))
    return value


def _series(entry: Mapping[str, Any], record: Mapping[str, Any], file: str) -> Series:
    """Return a series; what it does not say itself is that of the experiment."""
    try:
        id, drug = str(entry["id"]), str(entry["drug"])
        values = tuple(quantity(text, "nM", file, id) for text in entry["concentrations"])
        settings = {str(name): _setting(value, str(name), file, id) for name, value in dict(entry.get("set", {})).items()}
        like = {str(name): str(source) for name, source in dict(entry.get("like", {})).items()}
        numbers = {**dict(record.get("given", {})), **dict(entry.get("given", {}))}
        given = {str(name): _setting(value, str(name), file, id) for name, value in numbers.items()}
    except (KeyError, TypeError, AttributeError):
        raise ClaimError(
            Issue("a series lacks id, drug or concentrations", file=file, expected="id, drug, genotype, concentrations")
        ) from None
    if not values or any(b <= a for a, b in pairwise(values)):
        raise ClaimError(Issue("the concentrations do not rise", file=file, id=id, expected="each once, from the smallest to the largest"))
    return Series(
        id=id,
        drug=drug,
        genotype=str(entry.get("genotype", "WT")),
        concentrations=values,
        estradiol=quantity(entry.get("estradiol", record.get("estradiol", "0 nM")), "nM", file, id),
        settings=settings,
        like=like,
        given=given,
        cell_line=str(entry.get("cell_line", record["cell_line"])),
        file=file,
        pre_estradiol=quantity(entry.get("pre_estradiol", record.get("pre_estradiol", "0 nM")), "nM", file, id),
    )


def _setting(value: object, name: str, file: str, id: str) -> float:
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
    if not 0 <= number < float("inf"):
        raise ClaimError(
            Issue(f'"{name}" cannot be set to "{value}"', file=file, id=id, expected="a number, zero or more, in its own unit")
        )
    return number
