"""The shipped pathway map with its run, computed once, and copies of the library in which the map is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from report_cases import an_answer
from serdsim.claims.records import Answer
from serdsim.evidence.map_file import PathwayMap
from serdsim.evidence.map_read import read_map
from serdsim.evidence.pathway import Shown, over_time, run_map
from serdsim.experiments.protocol import read_experiment
from serdsim.model.entities import Model
from serdsim.model.recipe import shipped_library
from serdsim.references import Reference, read_references
from serdsim.report.map_page import render_map


@dataclass(frozen=True)
class Played:
    """The map, the model behind it and what its run gave at every observed time."""

    map: PathwayMap
    model: Model
    times: np.ndarray
    values: dict[str, np.ndarray]
    references: dict[str, Reference]

    def shown(self, **changes: object) -> Shown:
        """The map over time, with parts of the file changed."""
        return over_time(replace(self.map, **changes), self.model, self.times, self.values)  # type: ignore[arg-type]


@cache
def played() -> Played:
    library = shipped_library()
    references = dict(read_references(library / "references.bib"))
    found = read_map(library, references)
    reading, model = run_map(found, read_experiment(library / "experiments" / f"{found.experiment}.yaml"), library)
    values = {id: value[-1, :, 0] for id, value in reading.values.items()}
    return Played(found, model, reading.times, values, references)


def answer() -> Answer:
    return an_answer(outcomes=())


@cache
def map_page() -> str:
    return render_map(played().shown(), played().references, answer())
