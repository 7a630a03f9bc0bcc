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
    place: Place = NOWHERE


@dataclass(frozen=True)
class Change:
    """What a condition sets, and to which formula; the formula sees the values just before."""

    target: str
    value: Expression
    place: Place = NOWHERE


@dataclass(frozen=True)
class Condition:
    """Changes that are made at once."""

    id: str
    changes: tuple[Change, ...] = ()
    place: Place = NOWHERE


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
    place: Place = NOWHERE

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
    place: Place = NOWHERE


@dataclass(frozen=True)
class Measurement:
    """One row of the measurement table."""

    observable: str
    experiment: str
    time: float
    value: float
    overrides: tuple[Expression, ...] = ()
    noise_overrides: tuple[Expression, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True)
class Problem:
    """A PEtab problem of version 1 or 2. All mappings are keyed by id and keep the written order."""

    name: str
    version: int
    model: Model
    parameters: Mapping[str, Quantity] = field(default_factory=dict)
    observables: Mapping[str, Observable] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()

    def __post_init__(self) -> None:
        for name in ("parameters", "observables", "conditions", "experiments"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

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
