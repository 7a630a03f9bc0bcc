"""What is in the medium over time, as data: drugs beside the first, levels that change, changes of medium, replating."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from serdsim.errors import ClaimError, Issue
from serdsim.experiments.record import quantity
from serdsim.yaml_file import said

ESTRADIOL = "estradiol"


@dataclass(frozen=True)
class Pour:
    """From `time` [h] on the medium holds other levels [nM], by ``estradiol`` or a drug's name; what is not named stays as it is.

    The medium is changed at that time.
    """

    time: float
    levels: Mapping[str, float]


def read_beside(entry: Mapping[str, Any], file: str) -> dict[str, float]:
    """Return the drugs beside the first one of a series, with their levels [nM]."""
    id, beside = str(entry["id"]), entry.get("beside", {})
    if not isinstance(beside, dict) or str(entry["drug"]) in beside:
        problem = f"beside is {said(beside)}" if not isinstance(beside, dict) else "beside names the drug of the series itself"
        expected, repair = "other drugs with their levels, such as {fulvestrant: 200 nM}", "Put name and level in curly brackets"
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair=repair))
    return {str(drug): quantity(text, "nM", file, id) for drug, text in beside.items()}


def read_pours(entry: Mapping[str, Any], file: str, hours: float) -> tuple[Pour, ...]:
    """Return how the medium of a series changes; times rise between the start and the end."""
    id, pours = str(entry["id"]), entry.get("medium", [])
    known = (ESTRADIOL, str(entry["drug"]), *map(str, entry.get("beside", {})))
    expected = f"a list such as [{{at: 168 h, {known[1]}: 0 nM}}], with levels of {', '.join(known)}"
    if not isinstance(pours, list) or not all(isinstance(pour, dict) and "at" in pour and len(pour) > 1 for pour in pours):
        repair = "Write a time and a level in curly brackets for each change"
        raise ClaimError(Issue("the medium cannot be read", file=file, id=id, expected=expected, repair=repair))
    unknown = [str(name) for pour in pours for name in pour if name != "at" and name not in known]
    if unknown:
        problem, repair = (
            f'the medium names "{unknown[0]}", which this series does not have',
            "Name it under beside, at 0 nM where it comes later",
        )
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair=repair))
    found = tuple(
        Pour(
            quantity(pour["at"], "h", file, id), {str(name): quantity(text, "nM", file, id) for name, text in pour.items() if name != "at"}
        )
        for pour in pours
    )
    check_rise((pour.time for pour in found), hours, "the changes of what is in the medium do", file, id)
    return found


def read_times(record: Mapping[str, Any], name: str, hours: float, file: str) -> tuple[float, ...]:
    """Return the times [h] of a list, or every so many hours up to the end; they rise between the start and the end."""
    given = record.get(name, [])
    if isinstance(given, dict) and set(given) == {"every"}:
        every = quantity(given["every"], "h", file, name)
        count = int(hours / every * (1.0 - 1e-9)) if every else 0
        times = tuple(every * step for step in range(1, count + 1))
    elif isinstance(given, list):
        times = tuple(quantity(text, "h", file, name) for text in given)
    else:
        expected, repair = "a list such as [24 h, 48 h], or {every: 24 h}", "Put the times in square brackets"
        raise ClaimError(Issue("this is not a list", file=file, id=name, expected=expected, repair=repair))
    check_rise(times, hours, "the changes of medium do" if name == "medium_changes" else f"the times of {name} do", file, name)
    return times


def check_rise(times: Iterable[float], hours: float, what: str, file: str, id: str) -> None:
    """Raise a ClaimError for times that do not rise between the start and the end."""
    rising = (0.0, *times, hours)
    if len(rising) > 2 and any(b <= a for a, b in pairwise(rising)):
        expected, repair = "times that rise, after the start and before the end", "Write them in order of time, each once"
        raise ClaimError(Issue(f"{what} not rise", file=file, id=id, expected=expected, repair=repair))
