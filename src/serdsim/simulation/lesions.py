"""Several lesions of one patient: they share its numbers and its exposure; each has its own size and place and grows for itself."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.errors import InputError, Issue
from serdsim.model.entities import Model
from serdsim.model.lesions import LesionNumbers
from serdsim.units import convert

BRAIN = "brain"
_NAME = re.compile(r"[A-Za-z][\w-]*")
_LESION = re.compile(rf"\s*({_NAME.pattern})\s*:\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*(mm|cm)\s*")
_FORM = 'for example "liver: 15 mm, brain: 8 mm"'
_MOST = 100
_SMALLEST, _LARGEST = 0.1, 500.0  # [mm] what a scan can see, and what a body can hold


@dataclass(frozen=True)
class Lesion:
    """A lesion at the start of treatment: its name and its diameter [mm]; one whose name begins with brain lies there.

    Raises
    ------
    InputError
        For a name that is no word, and a diameter that is no number from 0.1 to 500 mm.
    """

    name: str
    diameter: float

    def __post_init__(self) -> None:
        """Check what no list in words went through."""
        try:
            object.__setattr__(self, "diameter", float(self.diameter))
        except (TypeError, ValueError):
            raise _no_lesion(f"{self.name}: {self.diameter}") from None
        if not _NAME.fullmatch(self.name):
            raise _no_lesion(f"{self.name}: {self.diameter:g} mm")
        if not _SMALLEST <= self.diameter <= _LARGEST:
            problem, expected = f"the lesion {self.name} has a diameter of {self.diameter:g} mm", f"{_SMALLEST:g} to {_LARGEST:g} mm"
            raise InputError(Issue(problem, id="lesions", expected=expected, repair="Correct the diameter or its unit"))

    @property
    def in_brain(self) -> bool:
        """Whether it lies inside the skull."""
        return self.name.lower().startswith(BRAIN)


def parse_lesions(text: str) -> tuple[Lesion, ...]:
    """Return the lesions that a list such as ``liver: 15 mm, brain: 8 mm`` says; those whose name begins with brain lie there.

    Raises
    ------
    InputError
        For what is no such list, a diameter that is no number from 0.1 to 500 mm, and a name that comes twice.
    """
    found: list[Lesion] = []
    for words in text.split(","):
        match = _LESION.fullmatch(words)
        diameter = _diameter(match) if match else math.nan
        if match is None or math.isnan(diameter):
            raise _no_lesion(words.strip())
        found.append(Lesion(match[1], diameter))
    return _apart(found)


def _no_lesion(words: str) -> InputError:
    expected = f"a name, a colon, a diameter in mm or cm, {_FORM}"
    return InputError(Issue(f'"{words}" is no lesion', id="lesions", expected=expected, repair="Correct it"))


def _apart(found: Sequence[Lesion]) -> tuple[Lesion, ...]:
    """Return lesions of which each has its own name."""
    names = [one.name for one in found]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice or len(found) > _MOST:
        problem = f"the name {twice[0]} stands for two lesions" if twice else f"{len(found)} lesions"
        raise InputError(
            Issue(problem, id="lesions", expected=f"names of their own, at most {_MOST}", repair=f"Give each its name, {_FORM}")
        )
    return tuple(found)


def _diameter(match: re.Match[str]) -> float:
    try:
        return convert(float(match[2]), match[3], "mm")
    except ValueError:
        return math.nan


def lesions_in_words(lesions: Sequence[Lesion]) -> str:
    """Return the list that `parse_lesions` reads back as these lesions."""
    return ", ".join(f"{one.name}: {one.diameter!r} mm" for one in lesions)


@dataclass(frozen=True)
class Lesions:
    """The lesions of each patient, and the rows of a model's numbers that they set."""

    each: tuple[Lesion, ...]
    count: int
    in_brain: int
    cell_volume: int
    cell_share: int
    litres: float

    def set_in(self, given: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return the numbers of individuals who are lesions with these numbers: cells that fill a ball, and the place."""
        diameter, brain = np.array([one.diameter for one in self.each]), np.array([float(one.in_brain) for one in self.each])
        result = given.copy()
        ball = math.pi / 6.0 * diameter[number] ** 3 * self.litres
        result[self.count] = ball * given[self.cell_share] / given[self.cell_volume]
        result[self.in_brain] = brain[number]
        return result


def require_unset(each: Sequence[Lesion], numbers: LesionNumbers | None, settings: Mapping[str, float]) -> None:
    """Raise an InputError for lesions beside settings of the numbers that each lesion has of its own."""
    own = (numbers.count, numbers.in_brain) if numbers is not None and each else ()
    issues = [
        Issue(f"--set {id} stands beside --lesions", id=id, expected="one of the two", repair="Each lesion has its own: leave --set out")
        for id in own
        if id in settings
    ]
    if issues:
        raise InputError(issues)


def lesions_of(each: Sequence[Lesion], numbers: LesionNumbers | None, model: Model, equations: Equations, name: str) -> Lesions | None:
    """Return the lesions of a question, None where none are given.

    Raises
    ------
    InputError
        For a model that has no lesions, and for names that come twice.
    """
    if not each:
        return None
    if numbers is None:
        problem, repair = f"the model {name} has no lesions", "Leave --lesions out, or name the model of a patient"
        raise InputError(Issue(problem, id="lesions", expected="a model whose recipe says lesions, such as patient", repair=repair))
    place = {id: equations.given.index(id) for id in (numbers.count, numbers.in_brain, numbers.cell_volume, numbers.cell_share)}
    litres = convert(1.0, f"mm^3/({model.quantity(numbers.count).unit})", model.quantity(numbers.cell_volume).unit or "L")
    return Lesions(
        _apart(each), place[numbers.count], place[numbers.in_brain], place[numbers.cell_volume], place[numbers.cell_share], litres
    )
