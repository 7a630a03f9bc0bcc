"""A claim: a statement with its test, and which experiments and arms that test reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from serdsim.claims.measures import Part
from serdsim.claims.records import Statement
from serdsim.claims.sisters import Sister, in_place
from serdsim.experiments.protocol import Experiment


@dataclass(frozen=True)
class Claim:
    """A statement with the parts of its test, its controls and the experiments that it runs.

    `experiment` is the first and `also` are the others that parts read, such as a dish and a mouse; each part names its own. `shown` is
    another experiment that is drawn beside them and that no part of the test reads. `hypotheses` are measured like parts, each an
    explanation by itself, and decide nothing; `definitions` are the same conclusion measured in other ways, and decide nothing either.

    A derived claim has no experiment: `derived_from` are the ids of the statements that must all hold in a draw, and `links` their claims,
    filled in when all claims of a question are read.
    """

    statement: Statement
    experiment: Experiment | None
    parts: tuple[Part, ...] = ()
    controls: tuple[Part, ...] = ()
    primary: tuple[str, ...] = ()
    combine: str = "largest"
    shown: Experiment | None = None
    hypotheses: tuple[Part, ...] = ()
    also: tuple[Experiment, ...] = ()
    definitions: tuple[Part, ...] = ()
    sisters: tuple[Sister, ...] = ()
    derived_from: tuple[str, ...] = ()
    links: tuple[Claim, ...] = ()

    @property
    def measured(self) -> tuple[Experiment, ...]:
        """Return the experiments that parts, controls and the like read, the first one first."""
        return () if self.experiment is None else (self.experiment, *self.also)

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """Return the experiments that are run for the claim."""
        return self.measured if self.shown is None else (*self.measured, self.shown)

    @property
    def tested(self) -> tuple[Experiment, ...]:
        """Return the experiments that parts read, with nothing else: without animals where no part reads any."""
        read = ((one, [part for part in self.parts if self.is_read(one, part)]) for one in self.measured)
        return tuple(one if any(part.measure.reads_animals for part in parts) else replace(one, animals=0) for one, parts in read if parts)

    @property
    def swapped(self) -> tuple[tuple[Experiment, Sister], ...]:
        """Return for each sister that takes the place of the subject the experiment that it is read in, with it there."""
        known = {one.id: one for one in self.measured}
        return tuple((in_place(known[one.part.reads], one.drug), one) for one in self.sisters if one.part is not None and not one.own_arms)

    @property
    def every_part(self) -> tuple[Part, ...]:
        """Return all that is measured: parts, controls, hypotheses, definitions, and what sisters must show."""
        sisters = (one.part for one in self.sisters if one.part is not None)
        return (*self.parts, *self.controls, *self.hypotheses, *self.definitions, *sisters)

    def is_read(self, experiment: Experiment, part: Part) -> bool:
        """Return whether a part reads an experiment; a part that names none reads the first."""
        return experiment.id == (part.reads or self.measured[0].id)

    def arms(self, experiment: Experiment, parts: Iterable[Part] | None = None) -> Mapping[str, tuple[float, ...]]:
        """Return the concentrations or doses of each series of an experiment that the parts of the test, or those given, read."""
        found: dict[str, frozenset[float]] = {}
        for part in self.parts if parts is None else parts:
            for id, concentrations in part.measure.needs(experiment).items() if self.is_read(experiment, part) else ():
                found[id] = found.get(id, frozenset()) | concentrations
        return {id: tuple(sorted(concentrations)) for id, concentrations in found.items()}


def with_links(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return the claims and those that they are derived from, each once."""
    wanted = list(claims)
    return tuple({claim.statement.id: claim for claim in (*wanted, *(link for claim in wanted for link in claim.links))}.values())
