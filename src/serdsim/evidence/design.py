"""``design``: what one would measure for a statement, looked at closely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from serdsim.analysis.deciding import needed_arms, what_decides
from serdsim.claims.claim import Claim
from serdsim.claims.deciding_records import Deciding
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.judge import ENOUGH
from serdsim.claims.read import MAIN
from serdsim.claims.records import Statement
from serdsim.engine.engines import NATIVE
from serdsim.engine.ensemble import Progress
from serdsim.errors import ClaimError, InputError, Issue
from serdsim.evidence.deciding import measurement_rows
from serdsim.evidence.questions import ask
from serdsim.evidence.resolved import resolved_plan
from serdsim.experiments.runner import run_experiment
from serdsim.model.digest import model_digest
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from serdsim.results.run_id import content_hash, run_id
from serdsim.simulation.draws import Draws


@dataclass(frozen=True)
class Design:
    """What would decide a statement, with the run id, the record of run.json and the tables."""

    statement: Statement
    deciding: Deciding
    run: str
    record: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame]


def design_claim(
    id: str,
    *,
    library: Path | None = None,
    draws: int = 64,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Design:
    """Return which number of the model decides a statement most, and at which values of it.

    Parameters
    ----------
    id : str
        A statement that is tested by an experiment of its own.
    library : Path, optional
    draws, seed : int
    workers : int, optional
        Processes; no number depends on it.
    progress : callable, optional
        Called with title, done and to do.

    Raises
    ------
    InputError
        For an unknown statement, one that is not tested or is derived from others, and too few draws.
    """
    root = library or shipped_library()
    if draws < ENOUGH:
        raise InputError(Issue(f"{draws} draws are too few for a verdict", id="draws", expected=f"{ENOUGH} or more"))
    facts = read_facts(root, references := read_references(root / "references.bib"))
    asked = ask(root, MAIN, [id], facts, references)
    claim = asked[0].claims[0]
    _require_own(claim)
    all_draws = Draws(draws, seed)
    settings = {"library": root, "workers": workers}
    readings = [run_experiment(one, all_draws, only=arms, progress=progress, **settings) for one, arms in needed_arms(claim)]  # type: ignore[arg-type]
    models = {f"{read.experiment.id} {name}": model_digest(model) for read in readings for name, model in read.models.items()}
    digest, plan = content_hash(models), resolved_plan((claim,), facts, (), draws, root) | {"question": "design"}
    found = what_decides(claim, readings, all_draws, root, workers=workers, deep=True)
    words = ["serdsim design", f"--claim {id}", f"--draws {draws}", f"--seed {seed}", *([f'--library "{library}"'] if library else [])]
    record = {
        "verb": "design",
        "seed": seed,
        "model_hash": digest,
        "plan": plan,
        "numerics": NATIVE.numerics,
        "replay": " ".join(words),
        "status": {"ok": sum(read.individuals for read in readings), "failed": 0},
        "summary": f"{id}: {found.sentence}",
    }
    table = pd.DataFrame(measurement_rows(id, found))
    return Design(
        claim.statement, found, run_id(digest, plan, seed, NATIVE.numerics), record, {"measurements": table} if len(table) else {}
    )


def _require_own(claim: Claim) -> None:
    """Raise a ClaimError for a statement that no experiment of its own tests."""
    if claim.experiment is not None:
        return
    links = ", ".join(link.statement.id for link in claim.links if link.experiment is not None)
    problem = f"it is derived from {links}" if links else f"it is not tested: {claim.statement.why}"
    repair = "Ask for one of these" if links else "Ask for a statement that is tested, such as MOA-01"
    raise ClaimError(Issue(problem, id=claim.statement.id, expected="a statement with an experiment of its own", repair=repair))
