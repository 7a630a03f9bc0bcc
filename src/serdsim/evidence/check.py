"""What claims, ablations and models say about each other, checked before anything is simulated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path

from serdsim.analysis.ablation import Ablation, concerned, quantities
from serdsim.claims.claim import Claim, with_links
from serdsim.errors import ClaimError, InputError, Issue
from serdsim.evidence.questions import statement_ids
from serdsim.experiments.arms import equations_of, unknown_quantity
from serdsim.model.entities import Model


def check_together(
    claims: tuple[Claim, ...], main: tuple[Claim, ...], ablations: tuple[Ablation, ...], models: Mapping[str, Model], library: Path
) -> None:
    """Check that claims name ablations, driving rows and quantities that exist; an ablation needs one model that has all it names.

    Parameters
    ----------
    claims : tuple of Claim
        Those that are asked for.
    main : tuple of Claim
        All claims of the main question, in whose models all ablations must be found; none where another question is asked.
    ablations : tuple of Ablation
    models : mapping of str to Model
    library : Path

    Raises
    ------
    ClaimError
        Once, with everything that is named and does not exist.
    """
    issues = [*_restated(statement_ids(library), ablations)]
    names = dict.fromkeys(experiment.model for claim in main for experiment in claim.experiments)
    structures = [equations_of(name, library).given for name in names]
    for ablation in ablations if structures else ():
        missing = min(([id for id in quantities(ablation) if id not in known] for known in structures), key=len, default=[])
        issues += [unknown_quantity(id, ablation.change, structures[0]) for id in missing]
    rows = {entry.row.split(".")[0] for model in models.values() for entry in model.evidence.values()}
    for claim in with_links(claims):
        if claim.experiment is not None or claim.links:
            issues += _claim_issues(claim, ablations, rows, library)
    if issues:
        raise ClaimError(list(dict.fromkeys(issues)))


def require_date(as_of: str) -> str:
    """Return the ISO date, or "today".

    Raises
    ------
    InputError
        For anything else.
    """
    try:
        if as_of == "today" or date.fromisoformat(as_of) <= datetime.now(UTC).date():
            return as_of
        raise InputError(Issue(f'"{as_of}" has not come yet', id="as_of", expected='"today" or a day that is past'))
    except ValueError:
        raise InputError(Issue(f'"{as_of}" is not a date', id="as_of", expected='"today" or a date such as 2024-10-02')) from None


def _restated(ids: Sequence[str], ablations: tuple[Ablation, ...]) -> Iterator[Issue]:
    for ablation in ablations:
        for id in ablation.restates:
            if id not in ids:
                near = ", ".join(get_close_matches(id, ids, 3, 0.3)) or "an id of a statement"
                yield Issue(f'restates "{id}", which is no statement', file=ablation.change.file, id=ablation.id, expected=near)


def _claim_issues(claim: Claim, ablations: tuple[Ablation, ...], rows: set[str], library: Path) -> Iterator[Issue]:
    statement, known = claim.statement, [ablation.id for ablation in ablations]
    if statement.named_ablation is not None and statement.named_ablation not in known:
        problem = f'there is no ablation "{statement.named_ablation}"'
        yield Issue(problem, file=statement.file, id="named_ablation", expected="one of " + ", ".join(known))
    tested = claim.links or (claim,)
    for ablation in ablations:
        if ablation.id == statement.named_ablation and not any(concerned(one, ablation, library) for one in tested):
            problem = f'the ablation "{ablation.id}" changes what the model of the experiment does not have'
            fitting = (
                ", ".join(other.id for other in ablations if any(concerned(one, other, library) for one in tested)) or "none; write null"
            )
            yield Issue(problem, file=statement.file, id="named_ablation", expected=fitting)
    for word in statement.driving:
        if word not in rows:
            near = ", ".join(get_close_matches(word, rows, 3)) or "a drug, genotype, cell line or row of parameters.tsv"
            yield Issue(f'no number of the model belongs to "{word}"', file=statement.file, id="driving", expected=near)
    if not statement.driving and not claim.links:
        yield Issue("nothing drives the outcome", file=statement.file, id="driving", expected="the drug whose rows it rests on")
