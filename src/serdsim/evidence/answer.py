"""The answer: every statement tested or said not to be, with what it rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from serdsim.analysis.ablation import mechanisms, read_ablations
from serdsim.analysis.leave_one_out import ClassSection, class_prior_section
from serdsim.claims.claim import Claim, with_links
from serdsim.claims.evidence_rows import Fact, read_facts
from serdsim.claims.fits import read_fits
from serdsim.claims.read import MAIN
from serdsim.claims.records import Answer, Outcome
from serdsim.engine.engines import NATIVE
from serdsim.engine.ensemble import Progress
from serdsim.evidence.beside import Beside, beside_statements
from serdsim.evidence.check import check_together, require_date
from serdsim.evidence.class_record import class_record
from serdsim.evidence.in_use import citations
from serdsim.evidence.own import Own
from serdsim.evidence.questions import EVERY, Asked, ask
from serdsim.evidence.resolved import resolved_plan
from serdsim.evidence.runs import Runs, jobs
from serdsim.evidence.sheets import Sheet, sheet
from serdsim.evidence.statement import answer_statement
from serdsim.evidence.tables import outcome_tables
from serdsim.evidence.trial import Setting
from serdsim.experiments.arms import model_of
from serdsim.experiments.protocol import Experiment, Series
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
    """An answer with everything that pages, tables and run.json need; one sheet for each question."""

    answer: Answer
    references: Mapping[str, Reference]
    sheets: tuple[Sheet, ...]
    asked: tuple[Asked, ...]
    record: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame]
    class_prior: ClassSection


def build_answer(
    question: str = MAIN,
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
    """Return the answer to a question.

    Parameters
    ----------
    question : str
        The name of a question, or "all".
    library : Path, optional
    draws, seed : int
        Draws from the distributions of the parameters, at least one.
    workers : int, optional
        Processes; no number depends on it.
    as_of : str
        An ISO date or "today": evidence of later years is not shown.
    only : sequence of str, optional
        Ids of the statements to answer, of whatever question; all of the question, with what stands beside them, when left out.
    progress, own : callable and Own, optional
        Called with title, done and to do; own values in force, whose library takes the place of `library`.

    Raises
    ------
    InputError
        For anything wrong in the library, an unknown question or statement, no draws.
    """
    root, as_of, today = own.library if own else library or shipped_library(), require_date(as_of), datetime.now(UTC).date().isoformat()
    facts = read_facts(root, references := read_references(root / "references.bib"))
    asked = ask(root, question, only, facts, references)
    claims, ablations = tuple(claim for one in asked for claim in one.claims), read_ablations(root)
    plan = resolved_plan(claims, facts, ablations, Draws(draws, seed).count, root) | {"as_of": as_of, "question": _named(asked)}
    check_together(claims, _main(asked), ablations, models := _models(claims, root), root)
    digest = content_hash({id: model_digest(model) for id, model in models.items()})
    shown_as_of = today if as_of == "today" else as_of
    wanted = {section for one in asked if one.whole for section in one.question.sections}
    runs = Runs(jobs(claims, ablations, root), Draws(draws, seed), root, workers).shown(progress)
    with runs.ahead():
        sisters = class_prior_section(root, workers=workers)
        beside = beside_statements(root, int(shown_as_of[:4]), references, workers, wanted)
        plan |= {"class_prior": sisters.rests_on, **beside.rests_on, **(own.rests_on if own else {})}
        run = run_id(digest, plan, seed, NATIVE.numerics)
        setting = Setting(facts, read_fits(root, facts), ablations, root, run, runs)
        done = [answer_statement(claim, setting) for claim in claims]
    outcomes, replay = tuple(outcome for outcome, _ in done), _replay(question, only, draws, seed, as_of, library, own)
    answer = Answer(run, SUBJECT, serdsim_version(), digest, today, shown_as_of, seed, draws, outcomes, replay, mechanisms(ablations))
    rests_on = _RestsOn(asked, claims, models, facts, references, sisters, beside)
    return _answered(answer, rests_on, plan, _each([read for _, reads in done for read in reads]), root)


@dataclass(frozen=True)
class _RestsOn:
    asked: tuple[Asked, ...]
    claims: tuple[Claim, ...]
    models: Mapping[str, Model]
    facts: Mapping[str, Fact]
    references: Mapping[str, Reference]
    sisters: ClassSection
    beside: Beside


def _answered(answer: Answer, rests_on: _RestsOn, plan: Mapping[str, object], readings: list[Readings], root: Path) -> Answered:
    facts, references, beside = rests_on.facts, rests_on.references, rests_on.beside
    keys = citations(rests_on.claims, rests_on.models.values(), facts)
    failed = _failed(readings)
    record = {
        "question": plan["question"],
        "seed": answer.seed,
        "model_hash": answer.model_hash,
        "plan": plan,
        "numerics": NATIVE.numerics,
        "inputs": _input_hashes(root),
        "replay": answer.replay,
        "status": {"ok": sum(r.individuals for r in readings) - failed, "failed": failed},
        "citations": list(dict.fromkeys((*keys, *beside.sources))),
        "summary": _summary(answer.outcomes),
        "class_prior": class_record(rests_on.sisters),
        **beside.record,
    }
    models = {one.question.id: [rests_on.models[key] for key in _arms(one.claims)] for one in rests_on.asked}
    sheets = tuple(sheet(one, answer, models[one.question.id], facts, references, beside) for one in rests_on.asked)
    tables = {**outcome_tables(answer, readings), **beside.tables}
    return Answered(answer, references, sheets, rests_on.asked, record, tables, rests_on.sisters)


def _named(asked: Sequence[Asked]) -> str:
    """Return how the plan names what is asked: the question, or that it is several."""
    return asked[0].question.id if len(asked) == 1 else EVERY


def _main(asked: Sequence[Asked]) -> tuple[Claim, ...]:
    """Return the claims of the main question where it is asked."""
    return next((one.every for one in asked if one.question.id == MAIN), ())


def _replay(question: str, only: Sequence[str] | None, draws: int, seed: int, as_of: str, library: Path | None, own: Own | None) -> str:
    asked = ["claim", only[0]] if only else ["moa", *([] if question == MAIN else [question])]
    words = ["serdsim", *asked, f"--draws {draws}", f"--seed {seed}"]
    words += [] if as_of == "today" else [f"--as-of {as_of}"]
    words += [] if own is None else [f'--with "{own.file}"']
    return " ".join(words + ([] if library is None else [f'--library "{library}"']))


def _summary(outcomes: Sequence[Outcome]) -> str:
    found = [outcome.verdict or outcome.state.replace("_", " ") for outcome in outcomes]
    return ", ".join(f"{found.count(word)} {word}" for word in dict.fromkeys(found))


def _models(claims: tuple[Claim, ...], root: Path) -> dict[str, Model]:
    return {key: model_of(experiment, series, root) for key, (experiment, series) in _arms(claims).items()}


def _arms(claims: tuple[Claim, ...]) -> dict[str, tuple[Experiment, Series]]:
    """Return one series for each model that the claims run."""
    found: dict[str, tuple[Experiment, Series]] = {}
    for experiment in (one for claim in with_links(claims) for one in (*claim.experiments, *(own for own, _ in claim.swapped))):
        for series in experiment.series.values():
            key = " ".join([experiment.model, series.drug, *series.beside, series.genotype, series.cell_line, *series.select.values()])
            found.setdefault(key, (experiment, series))
    return found


def _each(readings: Sequence[Readings]) -> list[Readings]:
    """Return what ran, each once, since several statements may read one run."""
    return list({id(read): read for read in readings}.values())


def _failed(readings: Sequence[Readings]) -> int:
    return sum(reading.failed for read in readings for reading in read.series.values())


def _input_hashes(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix in (".tsv", ".yaml", ".ant", ".bib"))
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in files}
