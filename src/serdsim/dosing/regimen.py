"""Doses in time as a frozen value, read from and written as one dosing sentence.

The sentence is ``drug amount unit [po|im|iv|iv-inf D] [qNh x COUNT | once] [from T] [+ ...]``, for example
``imlunestrant 400 mg po q24h x 28 + abemaciclib 150 mg po q12h x 56 from 0 h``, or for a dish
``imlunestrant 100 nM once + estradiol 15 pM once``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from serdsim.dosing.dose import MAX_COUNT, ROUTES, Dose, Route, kind_of
from serdsim.dosing.reader import read_doses

__all__ = ["MAX_COUNT", "ROUTES", "Dose", "Regimen", "Route", "format_regimen", "kind_of", "parse_regimen"]


@dataclass(frozen=True)
class Regimen:
    """All doses of one individual, in the order in which they were said; none at all means untreated."""

    doses: tuple[Dose, ...] = ()

    def __add__(self, other: Regimen) -> Regimen:
        return Regimen(self.doses + other.doses)

    def __iter__(self) -> Iterator[Dose]:
        return iter(self.doses)

    def __len__(self) -> int:
        return len(self.doses)

    def __str__(self) -> str:
        return format_regimen(self)

    @property
    def drugs(self) -> tuple[str, ...]:
        """Each drug once, in the order of its first dose."""
        return tuple(dict.fromkeys(dose.drug for dose in self.doses))


def parse_regimen(text: str, known_drugs: Sequence[str] = ()) -> Regimen:
    """Return the doses that the dosing sentence `text` says.

    Parameters
    ----------
    text : str
        The sentence. What may be left out stands for no route, `once` and `from 0 h`.
    known_drugs : sequence of str
        The drugs that may be named, in any case of letters; empty allows every name.

    Raises
    ------
    RegimenError
        With the text, carets under the offending word, what was expected and the likely repair.

    Examples
    --------
    >>> parse_regimen("imlunestrant 400 mg po q24h x 28 from 2 d").doses[0].start_h
    48.0
    """
    return Regimen(read_doses(text, known_drugs))


def format_regimen(regimen: Regimen) -> str:
    """Return the sentence that `parse_regimen` reads back as exactly this `regimen`; empty without doses.

    Examples
    --------
    >>> format_regimen(parse_regimen("estradiol 15pM  q1h x 1 + imlunestrant 400 mg iv-inf 30 min"))
    'estradiol 15 pM once + imlunestrant 400 mg iv-inf 0.5 h once'
    """
    return " + ".join(_format_dose(dose) for dose in regimen.doses)


def _format_dose(dose: Dose) -> str:
    route = f" {dose.route}" if dose.route else ""
    route += f" {_spell(dose.duration_h)} h" if dose.duration_h else ""
    times = f" q{_spell(dose.interval_h)}h x {dose.count}" if dose.interval_h else " once"
    start = f" from {_spell(dose.start_h)} h" if dose.start_h else ""
    return f"{dose.drug} {_spell(dose.amount)} {dose.unit}{route}{times}{start}"


def _spell(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
