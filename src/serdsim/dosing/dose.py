"""One drug given once or at equal intervals, as a frozen value that cannot hold an impossible dose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from serdsim.dosing.sentence import is_name, is_word
from serdsim.errors import Issue, RegimenError, UnitError
from serdsim.units import Unit, parse_unit

Route = Literal["po", "im", "iv", "iv-inf"]
Kind = Literal["mass", "mass per weight", "amount", "concentration"]
ROUTES: tuple[Route, ...] = ("po", "im", "iv", "iv-inf")
MAX_COUNT = 100_000
PER_WEIGHT = "/kg"
_KINDS: tuple[tuple[Kind, Unit], ...] = (
    ("mass", parse_unit("mg")),
    ("amount", parse_unit("nmol")),
    ("concentration", parse_unit("nM")),
)


@dataclass(frozen=True)
class Dose:
    """One drug given `count` times, every `interval_h` from `start_h` on.

    Parameters
    ----------
    drug : str
        Name of the drug, one word.
    amount : float
        How much each time [`unit`]; at least 0 and finite.
    unit : str
        A mass (mg), a mass per body weight (mg/kg), an amount (nmol) or, for a dish, a concentration (nM).
    route : {"po", "im", "iv", "iv-inf"} or None
        By mouth, into muscle, into a vein at once, into a vein over `duration_h`; None where the model has one way in.
    duration_h : float or None
        Length of the infusion [h]; a number exactly when `route` is ``iv-inf``.
    interval_h : float or None
        Time between doses [h]; a number exactly when `count` is above 1.
    count : int
        Number of doses, 1 to 100000.
    start_h : float
        Time of the first dose [h].

    Raises
    ------
    RegimenError
        When a value is outside what is said above.
    """

    drug: str
    amount: float
    unit: str
    route: Route | None = None
    duration_h: float | None = None
    interval_h: float | None = None
    count: int = 1
    start_h: float = 0.0

    def __post_init__(self) -> None:
        concentration = self.kind == "concentration"
        checks = (
            (is_name(self.drug), "drug", self.drug, "a name of one word without +"),
            (_finite(self.amount) and self.amount >= 0, "amount", self.amount, "a finite number that is not negative"),
            (self.route in (None, *ROUTES), "route", self.route, "po, im, iv, iv-inf or None"),
            (self.route is None or not concentration, "route", self.route, f"None, because {self.unit} is a concentration"),
            (_fits(self.duration_h, self.route == "iv-inf"), "duration_h", self.duration_h, "hours above 0 for iv-inf, else None"),
            (type(self.count) is int and 1 <= self.count <= MAX_COUNT, "count", self.count, f"a whole number from 1 to {MAX_COUNT}"),
            (_fits(self.interval_h, self.count != 1), "interval_h", self.interval_h, "hours above 0 for repeated doses, else None"),
            (_finite(self.start_h) and self.start_h >= 0, "start_h", self.start_h, "a finite number of hours that is not negative"),
        )
        wrong = [Issue(f"{name} is {value!r}", id=str(self.drug), expected=expected) for fine, name, value, expected in checks if not fine]
        if wrong:
            raise RegimenError(wrong)

    @property
    def kind(self) -> Kind:
        """The kind of quantity that `unit` measures."""
        return kind_of(self.unit)

    @property
    def times_h(self) -> tuple[float, ...]:
        """Start of every single dose [h], each from `start_h` directly, so that rounding does not add up."""
        return tuple(self.start_h + number * (self.interval_h or 0.0) for number in range(self.count))


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _fits(hours: float | None, needed: bool) -> bool:
    if hours is None or not needed:
        return (hours is None) is not needed
    return _finite(hours) and hours > 0


def kind_of(unit: str) -> Kind:
    """Return what `unit` measures: mass, amount or (amount) concentration.

    Raises
    ------
    RegimenError
        For an unknown unit and for one of another kind.
    """
    expected = "a mass, an amount or an amount concentration such as mg, nmol or nM"
    if unit.endswith(PER_WEIGHT) and unit != PER_WEIGHT and kind_of(unit.removesuffix(PER_WEIGHT)) == "mass":
        return "mass per weight"
    try:
        parsed = parse_unit(unit)
    except UnitError as error:
        raise RegimenError(Issue(f'unknown unit "{unit}"', expected=expected)) from error
    kind = next((kind for kind, example in _KINDS if parsed.same_dimension(example)), None)
    if kind is None or not is_word(unit):
        raise RegimenError(Issue(f'"{unit}" is not the unit of a dose', expected=expected))
    return kind
