"""The frozen `Problem`: what a PEtab problem asks, in either version of the format, without numerics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from serdsim.fit.prior import Prior
from serdsim.model.entities import Model, Place
from serdsim.model.expression import Expression, substitute, symbols

NOWHERE = Place()
STEADY = float("-inf")  # the time of a period that lasts until nothing changes any more


@dataclass(frozen=True)
class Quantity:
    """A row of the parameter table; `nominal` and the bounds are on the linear scale."""

    id: str
    nominal: float
    estimate: bool
    lower: float | None = None
    upper: float | None = None
    scale: str = "lin"
    prior: Prior | None = None
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Change:
    """What a condition sets, and to which formula; the formula sees the values just before."""

    target: str
    value: Expression
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Condition:
    """Changes that are made at once."""

    id: str
    changes: tuple[Change, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Period:
    """From `time` on (`STEADY`: until nothing changes any more) these conditions hold."""

    time: float
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """Periods in the order of time. Version 1 has one or two of them and names them by their conditions."""

    id: str
    periods: tuple[Period, ...]
    place: Place = field(default=NOWHERE, compare=False)

    @property
    def start(self) -> float:
        """Time at which observation begins."""
        return next((period.time for period in self.periods if period.time != STEADY), 0.0)


@dataclass(frozen=True)
class Noise:
    """How measurements scatter: `normal` or `laplace` on the `lin`, `log` or `log10` scale, with a width."""

    formula: Expression
    distribution: str = "normal"
    scale: str = "lin"


@dataclass(frozen=True)
class Observable:
    """What is measured; `placeholders` stand for numbers that each measurement brings."""

    id: str
    formula: Expression
    noise: Noise
    placeholders: tuple[str, ...] = ()
    noise_placeholders: tuple[str, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Measurement:
    """One row of the measurement table."""

    observable: str
    experiment: str
    time: float
    value: float
    overrides: tuple[Expression, ...] = ()
    noise_overrides: tuple[Expression, ...] = ()
    dataset: str = ""
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Readout:
    """A simulated value of an observable, without noise, under a name that terms read."""

    id: str
    observable: str
    experiment: str
    time: float
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Term:
    """A formula of readings and parameters, held against a number or an interval; a bound that is not given is infinite."""

    id: str
    formula: Expression
    lower: float
    upper: float
    noise: Noise
    dataset: str
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Source:
    """A data set: the rows of the evidence table that it holds, and what plots call it."""

    id: str
    evidence: tuple[str, ...]
    title: str
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Filled:
    """The row of the library's tables that a parameter fills: with its value, or with its `odds`, when the row is p / (1 + p)."""

    parameter: str
    table: str
    key: str
    id: str
    transform: str = "identity"
    place: Place = field(default=NOWHERE, compare=False)

    @property
    def name(self) -> str:
        """Name of the row: ``table:key:id``."""
        return f"{self.table}:{self.key}:{self.id}"


@dataclass(frozen=True)
class Problem:
    """A PEtab problem of version 1 or 2. All mappings are keyed by id and keep the written order.

    `readings`, `terms`, `sources` and `rows` come from the extension `serdsim`; `rows` is keyed by parameter. `model_text` is the
    SBML file as it was read.
    """

    name: str
    version: int
    model: Model
    parameters: Mapping[str, Quantity] = field(default_factory=dict)
    observables: Mapping[str, Observable] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()
    readings: Mapping[str, Readout] = field(default_factory=dict)
    terms: Mapping[str, Term] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    rows: Mapping[str, Filled] = field(default_factory=dict)
    model_text: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name in ("parameters", "observables", "conditions", "experiments", "readings", "terms", "sources", "rows"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def extended(self) -> bool:
        """Whether the problem says more than PEtab alone can."""
        return bool(self.readings or self.terms or self.sources or self.rows)

    @property
    def nominal(self) -> dict[str, float]:
        """Nominal value of every parameter, on the linear scale."""
        return {id: one.nominal for id, one in self.parameters.items()}

    def text(self) -> str:
        """Return what the problem holds as sentences for a terminal."""
        counts = (
            (len(self.measurements), "measurement"),
            (len(self.observables), "observable"),
            (len(self.experiments), "experiment"),
            (len(self.conditions), "condition"),
            *([(len(self.terms), "term")] if self.terms else []),
            (len(self.parameters), "parameter"),
        )
        words = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
        estimated = sum(one.estimate for one in self.parameters.values())
        first = f"Problem {self.name} (PEtab {self.version}): {words}, of which {estimated} estimated; model {self.model.id}."
        return f"{first}\nIt can be simulated and scored here."

    def changes(self, period: Period) -> tuple[Change, ...]:
        """Return what the conditions of a period change."""
        return tuple(change for id in period.conditions for change in self.conditions[id].changes)


def written_out(problem: Problem, formula: Expression, inside: tuple[str, ...] = ()) -> Expression:
    """Return a formula with the formulas of observables in the place of their ids; one that reads itself stays as it is."""
    read = symbols(formula).intersection(problem.observables).difference(inside)
    own = {id: written_out(problem, problem.observables[id].formula, (*inside, id)) for id in read}
    return substitute(formula, own) if own else formula
