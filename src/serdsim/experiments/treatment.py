"""How an animal or a patient is treated, as data: a dosing sentence in which the dose of one drug varies between the arms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from serdsim.dosing.regimen import Dose, Regimen, parse_regimen
from serdsim.errors import ClaimError, Issue, RegimenError
from serdsim.experiments.record import quantity

DOSE = "{dose}"
_GAP = re.compile(r"(\S+)\s+\{dose\}(?=\s|$)")
_EXAMPLE = 'such as "imlunestrant {dose} po q24h x 28 + abemaciclib 50 mg/kg po q24h x 28"'
_DISH = ("concentrations", "estradiol", "pre_estradiol", "beside", "medium", "medium_changes", "replate")


@dataclass(frozen=True)
class Treatment:
    """A dosing sentence with a gap for the dose of `drug`, the doses that the arms fill in, and the other drugs of the sentence.

    Attributes
    ----------
    levels : tuple of float
        Doses of the arms [unit], rising; the first is the vehicle where it is 0.
    beside : mapping
        Amount of the first dose of each other drug, in its own unit.
    """

    sentence: str
    drug: str
    levels: tuple[float, ...]
    unit: str
    beside: Mapping[str, float]


def read_treatment(entry: Mapping[str, Any], record: Mapping[str, Any], file: str) -> Treatment:
    """Return how the animals or patients of a series are treated.

    Raises
    ------
    ClaimError
        For a sentence that cannot be read or has no gap, doses that do not rise or differ in unit, and fields of a dish.
    """
    id, sentence = str(entry["id"]), str(entry["regimen"])
    strange = [name for name in _DISH if name in entry or name in record]
    if strange:
        problem, repair = f"{strange[0]} is said of a medium, and the series has a regimen", "Take it out; a regimen says what is given"
        raise ClaimError(Issue(problem, file=file, id=id, expected="a regimen and its doses", repair=repair))
    gaps = dict.fromkeys(_GAP.findall(sentence))
    if len(gaps) != 1 or len(_GAP.findall(sentence)) != sentence.count(DOSE):
        problem = "the regimen leaves open the dose of two drugs" if len(gaps) > 1 else "the regimen has no dose that the arms fill in"
        repair = f"Write {DOSE} where the amount and the unit of one drug stand"
        raise ClaimError(Issue(problem, file=file, id=id, expected=_EXAMPLE, repair=repair))
    levels, unit = _levels(entry, file, id)
    drug = next(iter(gaps))
    if str(entry.get("drug", drug)) != drug:
        repair = "Take the field drug out; the regimen says it"
        raise ClaimError(Issue(f"the series says {entry['drug']}, its regimen {drug}", file=file, id=id, expected=drug, repair=repair))
    try:
        regimen = parse_regimen(_filled(sentence, levels[0], unit))
    except RegimenError as error:
        raise ClaimError(
            [replace(issue, problem=f"the regimen cannot be read: {issue.problem}", file=file, id=id) for issue in error.issues]
        ) from None
    if any(dose.kind == "concentration" for dose in regimen):
        problem, repair = "the regimen gives a concentration", "Write amounts, such as 10 mg/kg"
        raise ClaimError(Issue(problem, file=file, id=id, expected="a mass, a mass per weight or an amount", repair=repair))
    beside = {dose.drug: dose.amount for dose in reversed(regimen.doses) if dose.drug != drug}
    return Treatment(sentence, drug, levels, unit, {name: beside[name] for name in regimen.drugs if name != drug})


def _levels(entry: Mapping[str, Any], file: str, id: str) -> tuple[tuple[float, ...], str]:
    texts = entry.get("doses")
    if not isinstance(texts, list) or not texts:
        problem, expected = "the series has a regimen and no list of doses", "a list such as [0 mg/kg, 10 mg/kg]"
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair="Put the doses in square brackets"))
    words = str(texts[0]).split(maxsplit=1)
    unit = words[1].strip() if len(words) == 2 else "mg"
    other = [str(text) for text in texts if str(text).split(maxsplit=1)[1:] not in ([], [unit])]
    if other:
        problem, repair = f'the doses "{texts[0]}" and "{other[0]}" differ in unit', "Write all doses of a series in one unit"
        raise ClaimError(Issue(problem, file=file, id=id, expected=unit, repair=repair))
    levels = tuple(quantity(text, unit, file, id) for text in texts)
    if any(b <= a for a, b in pairwise(levels)):
        expected, repair = "each once, from the smallest to the largest", "Sort the doses"
        raise ClaimError(Issue("the doses do not rise", file=file, id=id, expected=expected, repair=repair))
    return levels, unit


def _filled(sentence: str, level: float, unit: str) -> str:
    return sentence.replace(DOSE, f"{repr(float(level)).removesuffix('.0')} {unit}")


def regimen_of(sentence: str, level: float, unit: str, drugs: Mapping[str, str]) -> Regimen:
    """Return the doses of an arm.

    Parameters
    ----------
    sentence : str
        With a gap for the dose.
    level : float
        What stands in the gap [unit].
    drugs : mapping
        Under which name each drug of the sentence is given; one that is not there is left out.
    """
    doses: list[Dose] = [
        replace(dose, drug=drugs[dose.drug]) for dose in parse_regimen(_filled(sentence, level, unit)) if dose.drug in drugs
    ]
    return Regimen(tuple(doses))


def drug_of(sentence: str) -> str:
    """Return the drug whose dose a sentence leaves open."""
    return str(_GAP.findall(sentence)[0])
