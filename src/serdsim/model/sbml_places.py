"""What every part of the SBML reader carries along: the model, its units and functions, and where things were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from serdsim.errors import Issue
from serdsim.model.entities import Place
from serdsim.model.expression import Expression
from serdsim.model.mathml import Function, Scope, to_expression
from serdsim.model.sbml_units import Units


@dataclass(frozen=True)
class Places:
    """Where entities were written.

    Parameters
    ----------
    file : str
        Name of the file.
    known : mapping of str to Place
        Places found in an Antimony text.
    written : bool
        True when the SBML was made from Antimony, so that its own line numbers mean nothing to a reader.
    """

    file: str
    known: Mapping[str, Place] = field(default_factory=dict)
    written: bool = False

    def of(self, element: Any, *keys: str) -> Place:
        """Return the place of a libSBML element, looked up by the first key that is known."""
        for key in keys:
            if key in self.known:
                return self.known[key]
        return Place(self.file) if self.written else Place(self.file, element.getLine() or None)


@dataclass(frozen=True)
class Reading:
    """What all parts of the reader need to know of the model."""

    model: Any
    units: Units
    functions: Mapping[str, Function]
    places: Places
    targets: Mapping[str, frozenset[str]]

    def formula(self, element: Any, place: Place, id: str, names: Mapping[str, str] | None = None) -> Expression | None:
        """Return the formula of an element, or None where it has none."""
        if element is None or not element.isSetMath():
            return None
        where = Issue("", file=place.file, line=place.line, id=id)
        scope = Scope(self.functions, self.units.find, names or {}, (), where)
        return to_expression(element.getMath(), scope)

    def computed(self, id: str) -> bool:
        """True when a rule or an initial assignment gives the starting value."""
        return bool(self.targets.get(id, frozenset()) & {"assignment", "initial"})
