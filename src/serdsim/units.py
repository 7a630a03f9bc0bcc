"""Units as frozen values: a factor and the exponents of the seven SI bases and `item`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from serdsim.errors import Issue, UnitError

BASES = ("kg", "m", "s", "mol", "item", "K", "A", "cd")
_ZERO = (Fraction(0),) * len(BASES)


@dataclass(frozen=True)
class Unit:
    """A unit: `factor` times the product of the SI bases to `powers`.

    Parameters
    ----------
    factor : float
        Size in SI base units, for example 3600.0 for the hour.
    powers : tuple of Fraction, shape (8,)
        Exponents in the order of `BASES`.
    """

    factor: float = 1.0
    powers: tuple[Fraction, ...] = _ZERO

    def __mul__(self, other: Unit) -> Unit:
        return Unit(self.factor * other.factor, tuple(a + b for a, b in zip(self.powers, other.powers, strict=True)))

    def __truediv__(self, other: Unit) -> Unit:
        return self * other**-1

    def __pow__(self, exponent: int | Fraction) -> Unit:
        power = Fraction(exponent)
        return Unit(self.factor ** float(power), tuple(p * power for p in self.powers))

    @property
    def dimensionless(self) -> bool:
        """True when all exponents are zero and the factor is one."""
        return self.powers == _ZERO and math.isclose(self.factor, 1.0, rel_tol=1e-9)

    def same_dimension(self, other: Unit) -> bool:
        """True when a conversion factor exists between both units."""
        return self.powers == other.powers

    def matches(self, other: Unit) -> bool:
        """True when both units are the same up to rounding of the factor."""
        return self.same_dimension(other) and math.isclose(self.factor, other.factor, rel_tol=1e-9)

    def __str__(self) -> str:
        return _spell(self)


def _base(name: str, factor: float = 1.0) -> Unit:
    return Unit(factor, tuple(Fraction(int(b == name)) for b in BASES))


DIMENSIONLESS = Unit()
_litre = _base("m") ** 3 * Unit(1e-3)
_mole = _base("mol")
_second = _base("s")
KNOWN: dict[str, Unit] = {
    "dimensionless": DIMENSIONLESS,
    "1": DIMENSIONLESS,
    "%": Unit(0.01),
    "s": _second,
    "min": _base("s", 60.0),
    "h": _base("s", 3600.0),
    "d": _base("s", 86400.0),
    "week": _base("s", 604800.0),
    "mol": _mole,
    "cells": _base("item"),
    "copies": _base("item"),
    "item": _base("item"),
    "g": _base("kg", 1e-3),
    "m": _base("m"),
    "L": _litre,
    "l": _litre,
    "M": _mole / _litre,
    "K": _base("K"),
    "A": _base("A"),
    "cd": _base("cd"),
    "Da": _base("kg", 1e-3) / _mole,
}
_PREFIXES = {"k": 1e3, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
_PREFIXABLE = ("mol", "g", "L", "l", "M", "m", "s")
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|([A-Za-zµμ%]+)|([()*/^·-]))")


def _symbol(name: str, text: str) -> Unit:
    if name in KNOWN:
        return KNOWN[name]
    for prefix, scale in _PREFIXES.items():
        if name.startswith(prefix) and name[len(prefix) :] in _PREFIXABLE:
            return Unit(scale) * KNOWN[name[len(prefix) :]]
    raise UnitError(
        Issue(
            f'unknown unit "{name}" in "{text}"',
            expected="a product of known symbols such as 1/h, nM, nmol/h, 1/(nM*h), mg, L, dimensionless",
            repair="Spell the unit with symbols of that list; the prefixes are k, m, u, n, p and f",
        )
    )


@lru_cache(maxsize=1024)
def parse_unit(text: str) -> Unit:
    """Return the unit that `text` spells, for example ``1/(nM*h)``.

    Raises
    ------
    UnitError
        For an empty text, an unknown symbol or a malformed expression.
    """
    tokens: list[str] = []
    position = 0
    stripped = text.strip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if not match:
            raise UnitError(Issue(f'unit "{text}" has an unexpected sign "{stripped[position]}"', expected="a unit such as 1/(nM*h)"))
        tokens.append(next(group for group in match.groups() if group))
        position = match.end()
    if not tokens:
        raise UnitError(Issue("a unit is missing", expected="a unit such as nM, or the word dimensionless"))
    unit, rest = _product(tokens, text)
    if rest:
        raise UnitError(Issue(f'unit "{text}" does not end properly', expected="a unit such as 1/(nM*h)"))
    return unit


def _product(tokens: list[str], text: str) -> tuple[Unit, list[str]]:
    unit, tokens = _power(tokens, text)
    while tokens and tokens[0] in "*/·":
        sign, (factor, tokens) = tokens[0], _power(tokens[1:], text)
        unit = unit / factor if sign == "/" else unit * factor
    return unit, tokens


def _power(tokens: list[str], text: str) -> tuple[Unit, list[str]]:
    if not tokens:
        raise UnitError(Issue(f'unit "{text}" ends too early', expected="a unit such as 1/(nM*h)"))
    head, tokens = tokens[0], tokens[1:]
    if head == "(":
        unit, tokens = _product(tokens, text)
        if not tokens or tokens[0] != ")":
            raise UnitError(Issue(f'unit "{text}" lacks a closing bracket', expected="a unit such as 1/(nM*h)"))
        tokens = tokens[1:]
    elif head[0].isdigit():
        unit = Unit(float(head))
    else:
        unit = _symbol(head, text)
    if tokens and tokens[0] == "^":
        sign = -1 if len(tokens) > 1 and tokens[1] == "-" else 1
        tokens = tokens[2:] if sign < 0 else tokens[1:]
        if not tokens or not tokens[0].isdigit():
            raise UnitError(Issue(f'unit "{text}" lacks a whole exponent after ^', expected="for example L^-1"))
        unit, tokens = unit ** (sign * int(tokens[0])), tokens[1:]
    return unit, tokens


_SPELLINGS = (
    "dimensionless 1/h h nM nmol nmol/h nM/h 1/nM 1/(nM*h) L L/h cells cells/h 1/cells 1/(cells*h) L/cells nmol/L/s 1/s 1/min s min "
    "mol mol/L mol/s mM uM pM mg ng/mL g/mol copies/nmol copies/cells/nM"
).split()


def _spell(unit: Unit) -> str:
    for text in _SPELLINGS:
        if parse_unit(text).matches(unit):
            return text
    parts = [f"{base}^{power}" if power != 1 else base for base, power in zip(BASES, unit.powers, strict=True) if power]
    scale = "" if math.isclose(unit.factor, 1.0, rel_tol=1e-9) else f"{unit.factor:g}*"
    return (scale + "*".join(parts)).rstrip("*") or "dimensionless"


def convert(value: float, source: str, target: str) -> float:
    """Return `value` [source] expressed in [target].

    Raises
    ------
    UnitError
        When no factor exists between both units, for example mass and amount.
    """
    a, b = parse_unit(source), parse_unit(target)
    if not a.same_dimension(b):
        raise UnitError(Issue(f'"{source}" cannot be converted to "{target}"', expected=f"a unit of the kind of {target}"))
    return float(f"{value * a.factor / b.factor:.15g}")  # 1 uM is 1000 nM, not 999.9999999999999
