"""Several lesions of one patient: they share its numbers and its exposure; each has its own size and place and grows for itself."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.errors import InputError, Issue
from serdsim.model.entities import Model
from serdsim.model.lesions import LesionNumbers
from serdsim.units import convert

BRAIN = "brain"
_LESION = re.compile(r"\s*([A-Za-z][\w-]*)\s*:\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*(mm|cm)\s*")
_FORM = 'for example "liver: 15 mm, brain: 8 mm"'
_MOST = 100


@dataclass(frozen=True)
class Lesion:
    """A lesion at the start of treatment: its name, its diameter [mm], and whether it lies in the brain."""

    name: str
    diameter: float
    in_brain: bool


def parse_lesions(text: str) -> tuple[Lesion, ...]:
    """Return the lesions that a list such as ``liver: 15 mm, brain: 8 mm`` says; those whose name begins with brain lie there.

    Raises
    ------
    InputError
        For what is no such list, a diameter that is no finite number above 0, and a name that comes twice.
    """
    found: list[Lesion] = []
    for words in text.split(","):
        match = _LESION.fullmatch(words)
        diameter = _diameter(match) if match else math.nan
        if match is None or not 0.0 < diameter < math.inf:
            problem = f'"{words.strip()}" is no lesion'
            raise InputError(
                Issue(problem, id="lesions", expected=f"a name, a colon, a diameter in mm or cm, {_FORM}", repair="Correct it")
            )
        found.append(Lesion(match[1], diameter, match[1].lower().startswith(BRAIN)))
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


def lesions_of(each: Sequence[Lesion], numbers: LesionNumbers | None, model: Model, equations: Equations, name: str) -> Lesions | None:
    """Return the lesions of a question, None where none are given.

    Raises
    ------
    InputError
        For a model that has no lesions.
    """
    if not each:
        return None
    if numbers is None:
        problem, repair = f"the model {name} has no lesions", "Leave --lesions out, or name the model of a patient"
        raise InputError(Issue(problem, id="lesions", expected="a model whose recipe says lesions, such as patient", repair=repair))
    place = {id: equations.given.index(id) for id in (numbers.count, numbers.in_brain, numbers.cell_volume, numbers.cell_share)}
    litres = convert(1.0, f"mm^3/({model.quantity(numbers.count).unit})", model.quantity(numbers.cell_volume).unit or "L")
    return Lesions(
        tuple(each), place[numbers.count], place[numbers.in_brain], place[numbers.cell_volume], place[numbers.cell_share], litres
    )
