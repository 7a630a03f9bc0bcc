"""Unit definitions of an SBML file -> `Unit` and its spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import libsbml

from serdsim.errors import UnitError
from serdsim.model.expression import AVOGADRO
from serdsim.units import BASES, DIMENSIONLESS, KNOWN, Unit, parse_unit


def _si(**powers: int) -> Unit:
    return Unit(1.0, tuple(Fraction(powers.get(base, 0)) for base in BASES))


_JOULE = _si(kg=1, m=2, s=-2)
_COULOMB = _si(A=1, s=1)
_VOLT = _JOULE / _COULOMB
_KINDS: Mapping[str, Unit] = MappingProxyType({
    "ampere": _si(A=1), "avogadro": Unit(AVOGADRO), "becquerel": _si(s=-1), "candela": _si(cd=1), "coulomb": _COULOMB,
    "dimensionless": DIMENSIONLESS, "farad": _COULOMB / _VOLT, "gram": KNOWN["g"], "gray": _si(m=2, s=-2), "henry": _JOULE / _si(A=2),
    "hertz": _si(s=-1), "item": _si(item=1), "joule": _JOULE, "katal": _si(mol=1, s=-1), "kelvin": _si(K=1), "kilogram": _si(kg=1),
    "litre": KNOWN["L"], "liter": KNOWN["L"], "lumen": _si(cd=1), "lux": _si(cd=1, m=-2), "metre": _si(m=1), "meter": _si(m=1),
    "mole": _si(mol=1), "newton": _si(kg=1, m=1, s=-2), "ohm": _VOLT / _si(A=1), "pascal": _si(kg=1, m=-1, s=-2), "radian": DIMENSIONLESS,
    "second": _si(s=1), "siemens": _si(A=1) / _VOLT, "sievert": _si(m=2, s=-2), "steradian": DIMENSIONLESS, "tesla": _VOLT * _si(s=1, m=-2),
    "volt": _VOLT, "watt": _JOULE / _si(s=1), "weber": _VOLT * _si(s=1),
})  # fmt: skip
_LEVEL_2 = {"substance": "mole", "volume": "litre", "length": "metre", "time": "second"}
_BY_DIMENSION = {3.0: "volume", 2.0: "area", 1.0: "length"}


@lru_cache(maxsize=4096)
def spell_unit(unit: Unit) -> str | None:
    """Return a text that `parse_unit` reads back as the same unit; None where an exponent is not whole."""
    text = str(unit)
    try:
        if parse_unit(text).matches(unit):
            return text
    except UnitError:
        pass
    if any(power.denominator != 1 for power in unit.powers):
        return None
    parts = [f"{base}^{power}" for base, power in zip(BASES, unit.powers, strict=True) if power]
    return "*".join([repr(unit.factor), *parts])


@dataclass(frozen=True)
class Units:
    """The units of one file.

    Parameters
    ----------
    defined : mapping of str to (Unit or None)
        Unit definitions; None where a definition cannot be expressed (an exponent that is not rational).
    model : mapping of str to Unit
        Units of the whole model under `substance`, `time`, `volume`, `area`, `length`, `extent`, where given.
    empty : tuple of str
        Ids of definitions without content: Antimony writes one for every unit that its text does not define.
    """

    defined: Mapping[str, Unit | None] = field(default_factory=dict)
    model: Mapping[str, Unit] = field(default_factory=dict)
    empty: tuple[str, ...] = ()

    def find(self, id: str) -> Unit | None:
        """Return the unit of a unit id, of a kind of SBML or of a default of Level 2; None where there is none."""
        return self.defined[id] if id in self.defined else _KINDS.get(id, self.model.get(id))

    def size(self, dimensions: float | None) -> Unit | None:
        """Return the unit of a compartment without one of its own."""
        if dimensions == 0:
            return DIMENSIONLESS
        return self.model.get(_BY_DIMENSION.get(dimensions if dimensions is not None else 3.0, ""))


def _definition(definition: Any) -> Unit | None:
    result = DIMENSIONLESS
    for part in definition.getListOfUnits():
        base = _KINDS.get(libsbml.UnitKind_toString(part.getKind()))
        exponent = Fraction(part.getExponentAsDouble()).limit_denominator(1000)
        if base is None or (part.isSetOffset() and part.getOffset()):
            return None
        result *= (Unit(part.getMultiplier() * 10.0 ** part.getScale()) * base) ** exponent
    return result


def read_units(model: Any) -> Units:
    """Return the unit definitions and the model-wide units of a libSBML model."""
    definitions = model.getListOfUnitDefinitions()
    defined = {definition.getId(): _definition(definition) for definition in definitions if definition.getNumUnits()}
    empty = tuple(definition.getId() for definition in definitions if not definition.getNumUnits())
    found: dict[str, Unit] = {}
    if model.getLevel() < 3:
        wide = {name: defined[name] if name in defined else _KINDS[kind] for name, kind in _LEVEL_2.items()}
        wide["area"] = defined["area"] if "area" in defined else _KINDS["metre"] ** 2
        wide["extent"] = wide["substance"]
    else:
        local = Units(defined)
        names = ("substance", "time", "volume", "area", "length", "extent")
        wide = {name: local.find(getattr(model, f"get{name.capitalize()}Units")()) for name in names}
    for name, unit in wide.items():
        if unit is not None:
            found[name] = unit
    return Units(defined, found, empty)
