"""The answer: every statement tested or said not to be, with what it rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from serdsim.analysis.ablation import read_ablations
from serdsim.analysis.leave_one_out import ClassSection, class_prior_section
from serdsim.claims.claim import Claim
from serdsim.claims.evidence_rows import Fact, read_facts
from serdsim.claims.fits import read_fits
from serdsim.claims.read import read_claims
from serdsim.claims.records import Answer, Outcome
from serdsim.engine.engines import NATIVE
from serdsim.engine.ensemble import Progress
from serdsim.errors import ClaimError, Issue
from serdsim.evidence.beside import Beside, beside_statements
from serdsim.evidence.check import check_together, require_date
from serdsim.evidence.class_record import class_record
from serdsim.evidence.in_use import UsedFact, citations, used_facts
from serdsim.evidence.own import Own
from serdsim.evidence.resolved import resolved_plan
from serdsim.evidence.runs import Runs, jobs
from serdsim.evidence.statement import Setting, answer_statement
from serdsim.evidence.tables import outcome_tables
from serdsim.experiments.arms import model_of
from serdsim.experiments.runner import Readings
from serdsim.model.digest import model_digest
from serdsim.model.entities import Model
from serdsim.model.recipe import shipped_library
from serdsim.references import Reference, read_references
from serdsim.results.run_id import content_hash, run_id
from serdsim.results.run_record import serdsim_version
from serdsim.simulation.draws import Draws

SUBJECT = "imlunestrant"


@dataclass(frozen=True)
class Answered:
    """An answer with everything that page, tables and run.json need."""

    answer: Answer
    references: Mapping[str, Reference]
    facts: tuple[UsedFact, ...]
    also: tuple[str, ...]
    record: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame]
    class_prior: ClassSection
    beside: Beside = field(default_factory=Beside)


def build_answer(
    *,
    library: Path | None = None,
    draws: int = 64,
    seed: int = 1,
    workers: int | None = None,
    as_of: str = "today",
    only: Sequence[str] | None = None,
    progress: Progress | None = None,
    own: Own | None = None,
) -> Answered:
    """Return the answer to the question of the page.

    Parameters
    ----------
    library : Path, optional
    draws, seed : int
        Draws from the distributions of the parameters, at least one.
    workers : int, optional
        Processes; no number depends on it.
    as_of : str
        An ISO date or "today": evidence of later years is not shown.
    only : sequence of str, optional
        Ids of the statements to answer; all, with what stands beside them, when left out.
    progress, own : callable and Own, optional
        Called with title, done and to do; own values in force, whose library takes the place of `library`.

    Raises
    ------
    InputError
        For anything wrong in the library, an unknown statement, no draws.
    """
    root, as_of, today = own.library if own else library or shipped_library(), require_date(as_of), datetime.now(UTC).date().isoformat()
    facts = read_facts(root, references := read_references(root / "references.bib"))
    every = read_claims(root, facts, references)
    claims, ablations = _selected(every, only), read_ablations(root)
    plan = resolved_plan(claims, facts, ablations, Draws(draws, seed).count, root) | {"as_of": as_of}
    check_together(claims, every, ablations, models := _models(claims, root), root)
    sisters = class_prior_section(root, workers=workers)
    digest = content_hash({id: model_digest(model) for id, model in models.items()})
    shown_as_of = today if as_of == "today" else as_of
    beside = beside_statements(root, int(shown_as_of[:4]), references, workers) if only is None else Beside()
    plan |= {"class_prior": sisters.rests_on, **beside.rests_on, **(own.rests_on if own else {})}
    run = run_id(digest, plan, seed, NATIVE.numerics)
    runs = Runs(jobs(claims, ablations, root), Draws(draws, seed), root, workers).shown(progress)
    setting = Setting(facts, read_fits(root, facts), ablations, root, run, runs)
    done = [answer_statement(claim, setting) for claim in claims]
    answer = Answer(
        run=run,
        drug=SUBJECT,
        version=serdsim_version(),
        model_hash=digest,
        created=today,
        as_of=shown_as_of,
        seed=seed,
        draws=draws,
        outcomes=tuple(outcome for outcome, _ in done),
        replay=_replay(only, draws, seed, as_of, own.given_base if own else library, own),
    )
    rests_on = _RestsOn(claims, every, tuple(models.values()), facts, references, sisters, beside)
    return _answered(answer, rests_on, plan, _each([read for _, reads in done for read in reads]), root)


@dataclass(frozen=True)
class _RestsOn:
    claims: tuple[Claim, ...]
    every: tuple[Claim, ...]
    models: tuple[Model, ...]
    facts: Mapping[str, Fact]
    references: Mapping[str, Reference]
    sisters: ClassSection
    beside: Beside


def _answered(answer: Answer, rests_on: _RestsOn, plan: Mapping[str, object], readings: list[Readings], root: Path) -> Answered:
    keys = citations(rests_on.claims, rests_on.models, rests_on.facts)
    keys = tuple(dict.fromkeys((*keys, *rests_on.beside.sources)))
    page = [citation.key for claim in rests_on.every for citation in claim.statement.citations]
    public = [key for key in keys if key not in page and rests_on.references[key].year <= int(answer.as_of[:4])]
    failed = _failed(readings)
    record = {
        "seed": answer.seed,
        "model_hash": answer.model_hash,
        "plan": plan,
        "numerics": NATIVE.numerics,
        "inputs": _input_hashes(root),
        "replay": answer.replay,
        "status": {"ok": sum(r.individuals for r in readings) - failed, "failed": failed},
        "citations": list(keys),
        "summary": _summary(answer.outcomes),
        "class_prior": class_record(rests_on.sisters),
        **rests_on.beside.record,
    }
    shown = used_facts(rests_on.claims, rests_on.models, rests_on.facts, rests_on.references, answer.as_of)
    tables = {**outcome_tables(answer, readings), **rests_on.beside.tables}
    return Answered(
        answer,
        rests_on.references,
        shown,
        tuple(public),
        record,
        tables,
        rests_on.sisters,
        rests_on.beside,
    )


def _replay(only: Sequence[str] | None, draws: int, seed: int, as_of: str, library: Path | None, own: Own | None) -> str:
    words = ["serdsim", *(["claim", only[0]] if only else ["moa"]), f"--draws {draws}", f"--seed {seed}"]
    words += [] if as_of == "today" else [f"--as-of {as_of}"]
    words += [] if own is None else [f'--with "{own.file}"']
    return " ".join(words + ([] if library is None else [f'--library "{library}"']))


def _summary(outcomes: Sequence[Outcome]) -> str:
    found = [outcome.verdict or outcome.state.replace("_", " ") for outcome in outcomes]
    return ", ".join(f"{found.count(word)} {word}" for word in dict.fromkeys(found))


def _selected(claims: tuple[Claim, ...], only: Sequence[str] | None) -> tuple[Claim, ...]:
    if only is None:
        return claims
    known = {claim.statement.id: claim for claim in claims}
    issues = [
        Issue(f'no statement is called "{id}"', expected="an id such as " + ", ".join(get_close_matches(id, known, 3, 0.3) or known))
        for id in only
        if id not in known
    ]
    if issues or not only:
        raise ClaimError(issues or Issue("no statement is asked for", expected="ids such as MOA-01"))
    return tuple(known[id] for id in dict.fromkeys(only))


def _models(claims: tuple[Claim, ...], root: Path) -> dict[str, Model]:
    models: dict[str, Model] = {}
    for experiment in (experiment for claim in claims for experiment in claim.experiments):
        for series in experiment.series.values():
            key = " ".join([experiment.model, series.drug, *series.beside, series.genotype, series.cell_line, *series.select.values()])
            if key not in models:
                models[key] = model_of(experiment, series, root)
    return models


def _each(readings: Sequence[Readings]) -> list[Readings]:
    """Return what ran, each once, since several statements may read one run."""
    return list({id(read): read for read in readings}.values())


def _failed(readings: Sequence[Readings]) -> int:
    return sum(reading.failed for read in readings for reading in read.series.values())


def _input_hashes(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix in (".tsv", ".yaml", ".ant", ".bib"))
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in files}
