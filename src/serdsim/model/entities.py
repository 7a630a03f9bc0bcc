"""The frozen `Model`: what biology says. Every number has a unit and a source; no numerics here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from serdsim.errors import Issue, ModelError
from serdsim.model.expression import Expression


@dataclass(frozen=True)
class Place:
    """Where an entity was written: file name and line, both as a person would look them up."""

    file: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Compartment:
    """A volume. `value` is None where a rule or an initial assignment gives it."""

    id: str
    value: float | None
    unit: str | None
    constant: bool = True
    dimensions: float | None = 3
    place: Place = Place()


@dataclass(frozen=True)
class Species:
    """A pool in a compartment.

    `value` is an amount where `initial_amount`, else a concentration. In mathematics the id means the amount
    where `only_amount`, else amount over size. A `boundary` species is not changed by reactions.
    """

    id: str
    compartment: str
    value: float | None
    unit: str | None
    initial_amount: bool = False
    only_amount: bool = False
    boundary: bool = False
    constant: bool = False
    conversion_factor: str | None = None
    place: Place = Place()


@dataclass(frozen=True)
class Parameter:
    """A number of the model with its unit."""

    id: str
    value: float | None
    unit: str | None
    constant: bool = True
    place: Place = Place()


@dataclass(frozen=True)
class Participant:
    """A reactant or product with its stoichiometry (a number, or an expression of L2 `stoichiometryMath`)."""

    species: str
    stoichiometry: float | Expression
    id: str | None = None
    constant: bool = True


@dataclass(frozen=True)
class Reaction:
    """A process; its law gives amount per time."""

    id: str
    reactants: tuple[Participant, ...]
    products: tuple[Participant, ...]
    law: Expression
    modifiers: tuple[str, ...] = ()
    place: Place = Place()


@dataclass(frozen=True)
class Rule:
    """`assignment`: target equals; `rate`: target changes by; `initial`: target starts as; `algebraic`: zero equals."""

    kind: str
    target: str
    expression: Expression
    place: Place = Place()


@dataclass(frozen=True)
class Event:
    """Assignments that happen when the trigger turns true."""

    id: str
    trigger: Expression
    assignments: tuple[tuple[str, Expression], ...]
    delay: Expression | None = None
    priority: Expression | None = None
    initial_value: bool = True
    persistent: bool = True
    values_from_trigger_time: bool = True
    place: Place = Place()


@dataclass(frozen=True)
class Evidence:
    """Where a number comes from: the table row with its grade and source.

    `grade` is one of primary, secondary, derived, fitted, recalled, assumption. `rows` are ids of the evidence
    table that the number was read from, fitted to or suggested by. `mixture` names the rows, with weights, whose standard
    normals make up that of a number which was fitted together with others. `iiv` is the variance between individuals, of the log or,
    for a share, of the log odds, and `iiv_mixture` is to it what `mixture` is to the width.
    """

    grade: str
    source: tuple[str, ...]
    distribution: str = "fixed"
    prior: float | None = None
    lower: float | None = None
    upper: float | None = None
    locator: str = ""
    species: str = ""
    assay: str = ""
    note: str = ""
    rows: tuple[str, ...] = ()
    table: str = ""
    line: int | None = None
    row: str = ""
    mixture: tuple[tuple[str, float], ...] = ()
    iiv: float | None = None
    iiv_mixture: tuple[tuple[str, float], ...] = ()


Quantity = Compartment | Species | Parameter


@dataclass(frozen=True)
class Model:
    """A model as the biologist wrote it. All mappings are keyed by id and keep the written order."""

    id: str
    compartments: Mapping[str, Compartment] = field(default_factory=dict)
    species: Mapping[str, Species] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    reactions: Mapping[str, Reaction] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    events: Mapping[str, Event] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""

    def __post_init__(self) -> None:
        for name in ("compartments", "species", "parameters", "reactions", "events", "evidence", "units"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __reduce__(self) -> tuple[object, ...]:
        mappings = ("compartments", "species", "parameters", "reactions", "events", "evidence", "units")
        parts = {name: dict(getattr(self, name)) for name in mappings}
        return _restore, ({"id": self.id, "rules": self.rules, "origin": self.origin, **parts},)

    def quantity(self, id: str) -> Quantity:
        """Return the compartment, species or parameter of that id.

        Raises
        ------
        ModelError
            When the model has no such quantity; near names are listed.
        """
        tables: tuple[Mapping[str, Quantity], ...] = (self.parameters, self.species, self.compartments)
        for table in tables:
            if id in table:
                return table[id]
        import difflib

        near = difflib.get_close_matches(id, [*self.parameters, *self.species, *self.compartments], 3, 0.5)
        raise ModelError(
            Issue("the model has no such quantity", file=self.origin or None, id=id, expected="one of " + ", ".join(near) if near else None)
        )

    __getitem__ = quantity

    def replace(self, values: Mapping[str, float]) -> Model:
        """Return a model with other values for the named quantities [each in its own unit]."""
        for id in values:
            self.quantity(id)
        changed = {id: float(value) for id, value in values.items()}
        return replace(
            self,
            parameters={id: replace(p, value=changed.get(id, p.value)) for id, p in self.parameters.items()},
            species={id: replace(s, value=changed.get(id, s.value)) for id, s in self.species.items()},
            compartments={id: replace(c, value=changed.get(id, c.value)) for id, c in self.compartments.items()},
        )


def _restore(parts: dict[str, object]) -> Model:
    return Model(**parts)  # type: ignore[arg-type]
