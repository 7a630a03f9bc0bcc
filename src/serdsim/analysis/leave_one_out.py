"""How well the class prior predicts a member that is left out of it, counted before anything is said of the subject."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from serdsim.analysis.class_prior import ClassRow, class_rows
from serdsim.analysis.class_records import ClassRecord, Potency, read_class_record
from serdsim.analysis.potency import half_fall, levels
from serdsim.claims.evidence_rows import Fact, read_facts, require_facts
from serdsim.codegen.equations import derive
from serdsim.engine.engines import NATIVE
from serdsim.engine.randomness import normals
from serdsim.errors import ClaimError, Issue
from serdsim.kept import kept_object
from serdsim.model.digest import model_digest
from serdsim.model.entities import Evidence, Model
from serdsim.model.library import load
from serdsim.model.library_rows import content
from serdsim.model.recipe import files_of, read_recipe, shipped_library
from serdsim.results.run_id import content_hash
from serdsim.simulation.draws import Draws, given_values


@dataclass(frozen=True)
class LeaveOneOut:
    """A member as the others predict it.

    `low` and `high` are what was observed, equal where it is a number; the prediction is its median with the central 90 and
    50 % [nM], infinite where the course has no half. `inside` says that all of what was observed lies in the
    central 90 %, `near` that its geometric middle lies in the central 50 %, `edge` that with so few draws `inside` could as well
    be the opposite: the ends of the prediction are uncertain by two standard errors of their share.
    """

    drug: str
    row: str
    read_as: str
    reliability: str
    low: float
    high: float
    lo90: float
    lo50: float
    median: float
    hi50: float
    hi90: float
    inside: bool
    near: bool
    edge: bool
    failed: int


@dataclass(frozen=True)
class ClassSection:
    """What the page says of the class prior before any verdict."""

    subject: str
    members: tuple[str, ...]
    not_members: Mapping[str, str]
    outcomes: tuple[LeaveOneOut, ...]
    rows: tuple[ClassRow, ...]
    sensitivity: tuple[float, ...]
    draws: int
    seed: int
    rests_on: str

    @property
    def summary(self) -> str:
        """How many members lie inside the central 90 % of their prediction, such as "5 of 6"."""
        return f"{sum(one.inside for one in self.outcomes)} of {len(self.outcomes)}"

    @property
    def near(self) -> str:
        """The same for the central 50 %."""
        return f"{sum(one.near for one in self.outcomes)} of {len(self.outcomes)}"


def class_prior_section(library: Path | None = None, *, workers: int | None = None) -> ClassSection:
    """Return the class prior of a library with the prediction of every member that is left out.

    It is computed once for each content of the library and kept; what is returned is that of the library in use.

    Parameters
    ----------
    library : Path, optional
        Another library folder than the shipped one.
    workers : int, optional
        No number depends on it.

    Raises
    ------
    InputError
        For anything wrong in the library.
    """
    root = library or shipped_library()
    record = read_class_record(root)
    return kept_object("class_prior", _rests_on(root, record), lambda: _section(root, record, workers))


def _rests_on(root: Path, record: ClassRecord) -> bytes:
    """Return all that the numbers depend on: the library's files, the numerics of the engine, the code of this room."""
    here = Path(__file__).parent
    code = [*sorted(here.glob("*.py")), here.parent / "endpoints" / "dose_response.py", here.parent / "simulation" / "draws.py"]
    files = [*files_of(read_recipe(record.assay.model, root), root), root / "evidence.tsv", root / record.file]
    return b"\n".join([NATIVE.numerics.encode(), *(hashlib.sha256(content(path) or b"").digest() for path in (*files, *code))])


def _section(root: Path, record: ClassRecord, workers: int | None) -> ClassSection:
    facts = read_facts(root)
    outcomes = left_out(record, root, facts, workers=workers)
    models = _models(record, root, facts)
    observed = [[p.row, p.error, *_observed(facts[p.row], record)] for p in record.potencies]
    assay = [record.assay.estradiol, record.assay.pre_run, record.assay.hours, *record.assay.concentrations.tolist()]
    sampled = [record.assay.output, record.assay.tolerance, record.assay.draws, record.assay.seed]
    return ClassSection(
        record.subject,
        record.members,
        record.not_members,
        outcomes,
        tuple(class_rows(record, root, facts).values()),
        record.sensitivity,
        record.assay.draws,
        record.assay.seed,
        content_hash([*map(model_digest, models), observed, assay, sampled]),
    )


def left_out(record: ClassRecord, library: Path, facts: Mapping[str, Fact], *, workers: int | None = None) -> tuple[LeaveOneOut, ...]:
    """Return every member with an observed potency as the others predict it, by simulation.

    Raises
    ------
    ClaimError
        For a potency whose row may not be used or carries no number in nM.
    """
    observed = {fact.id: _observed(fact, record) for fact in require_facts([p.row for p in record.potencies], facts, file=record.file)}
    draws = Draws(record.assay.draws, record.assay.seed)
    models = _models(record, library, facts)
    equations = derive(models[0])
    found = levels(equations, [given_values(model, equations.given, draws) for model in models], record.assay, workers)
    return tuple(
        _outcome(potency, observed[potency.row], facts[potency.row].reliability, half_fall(values, record.assay), draws)
        for potency, values in zip(record.potencies, found, strict=True)
    )


def _models(record: ClassRecord, library: Path, facts: Mapping[str, Fact]) -> list[Model]:
    return [_predicted(load(record.assay.model, library=library, drug=p.drug), record, library, facts, p.drug) for p in record.potencies]


def _observed(fact: Fact, record: ClassRecord) -> tuple[float, float]:
    low, high = (fact.value, fact.value) if fact.value is not None else (fact.low, fact.high)
    if fact.role not in ("calibrate", "prior") or low is None or high is None or fact.unit != "nM":
        expected = "a number in nM and the role calibrate or prior"
        raise ClaimError(
            Issue(f'a member cannot be held against this row of role "{fact.role}"', record.file, id=fact.id, expected=expected)
        )
    return low, high


def _predicted(model: Model, record: ClassRecord, library: Path, facts: Mapping[str, Fact], drug: str) -> Model:
    """Return the model with the rows of one drug as the others predict them; nothing of its own rows stays, no correlation either."""
    rows = {f"{id}_drug": row for id, row in class_rows(record, library, facts, left_out=drug).items() if f"{id}_drug" in model.evidence}
    own = {
        id: Evidence(
            "assumption", row.source, row.distribution, row.prior, upper=row.upper, row=_name(drug, row.id), mixture=_mixture(drug, row)
        )
        for id, row in rows.items()
    }
    return replace(model.replace({id: row.value for id, row in rows.items()}), evidence={**model.evidence, **own})


def _name(drug: str, id: str) -> str:
    return f"{drug}.{id} left out"


def _mixture(drug: str, row: ClassRow) -> tuple[tuple[str, float], ...]:
    if not row.over:
        return ()
    return ((_name(drug, row.over), row.together), (_name(drug, row.id), math.sqrt(1.0 - row.together**2)))


def _outcome(potency: Potency, observed: tuple[float, float], reliability: str, simulated: np.ndarray, draws: Draws) -> LeaveOneOut:
    """Return the prediction, error of the assay included, beside what was observed."""
    error = potency.error * normals(draws.seed, range(draws.first, draws.first + draws.count), (f"{potency.drug}.assay",))[0]
    predicted = simulated[~np.isnan(simulated)] * 10.0 ** error[~np.isnan(simulated)]
    if not predicted.size:
        raise ClaimError(Issue("every draw of the prediction failed", file="class_prior.yaml", id=potency.drug))
    lo90, lo50, median, hi50, hi90 = _quantiles(predicted, 0.05, 1 / 4, 0.5, 3 / 4, 0.95)
    low, high = observed
    inside, near = lo90 <= low and high <= hi90, lo50 <= float(np.sqrt(low * high)) <= hi50
    slack = 2.0 * float(np.sqrt(0.05 * 0.95 / predicted.size))
    most, least = (_quantiles(predicted, max(0.05 + by, 0.0), min(0.95 - by, 1.0)) for by in (-slack, slack))
    edge = (most[0] <= low and high <= most[1]) != (least[0] <= low and high <= least[1])
    failed = int(np.isnan(simulated).sum())
    words = (potency.drug, potency.row, potency.read_as, reliability)
    return LeaveOneOut(*words, low, high, lo90, lo50, median, hi50, hi90, inside, near, edge, failed)


def _quantiles(values: np.ndarray, *shares: float) -> tuple[float, ...]:
    return tuple(float(np.quantile(values, share, method="closest_observation")) for share in shares)
