"""Records of experiments and claims: the YAML file, the name that messages give it, quantities with their unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

from serdsim.errors import ClaimError, InputError, Issue
from serdsim.units import convert, parse_unit
from serdsim.yaml_file import read_yaml, said

_FOLDERS = ("claims", "experiments", "predictions")


@contextmanager
def located(path: Path) -> Iterator[None]:
    """Give issues about a YAML file the line where the id that they name stands."""
    try:
        yield
    except InputError as error:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
        raise type(error)([_placed(issue, shown_name(path), lines) for issue in error.issues]) from None


def _placed(issue: Issue, file: str, lines: list[str]) -> Issue:
    if issue.file != file or issue.line is not None or not issue.id:
        return issue
    wanted = re.compile(rf"(\bid:\s*|^\s*-?\s*|\brow:\s*){re.escape(issue.id)}\b")
    return replace(issue, line=next((number for number, line in enumerate(lines, 1) if wanted.search(line)), None))


def read_record(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Raises
    ------
    ClaimError
        For a missing, empty or malformed file, with its line.
    """
    read = read_yaml(path, shown_name(path), ClaimError, "a YAML record with fields such as id and title")
    if not isinstance(read.value, dict):
        raise read.wrong(f"the file is not a mapping but {said(read.value)}", "fields such as id and title", 'Write each as "name: value"')
    return read.value


def shown_name(path: Path) -> str:
    """Return how messages name a record: by its place in the library, since claims and experiments have the same names."""
    for depth, folder in enumerate(path.parents[:2], start=2):
        if folder.name in _FOLDERS:
            return "/".join(path.parts[-depth:])
    return path.name


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
        repair = f'Write the unit after the number, such as "{text} {unit}"' if _is_number(text) else "Write digits, a space and the unit"
        raise ClaimError(Issue(f'"{text}" cannot be read', file=file, id=id, expected=expected, repair=repair)) from None
    except InputError as error:
        problem, repair = f'"{text}": {error.issues[0].problem}', f"Give the quantity in {unit}"
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair=repair)) from None
    if not 0 <= value < float("inf"):
        repair = "Check the sign" if value < 0 else "Write a finite number"
        raise ClaimError(Issue(f'"{text}" is not allowed', file=file, id=id, expected=expected + ", zero or more", repair=repair))
    return value


def _is_number(text: object) -> bool:
    try:
        return isfinite(float(str(text)))
    except ValueError:
        return False
