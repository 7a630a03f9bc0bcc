"""Claim files -> statements and their tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any

from serdsim.claims.claim import Claim
from serdsim.claims.evidence_rows import Fact, require_facts
from serdsim.claims.measures import Part, read_part
from serdsim.claims.panels import check_panels
from serdsim.claims.records import STATES, Citation, Statement
from serdsim.claims.review import date_issues
from serdsim.claims.sisters import read_sister
from serdsim.errors import ClaimError, Issue, ReferenceError_
from serdsim.experiments.protocol import Experiment, located, read_experiment, read_record, shown_name
from serdsim.references import Reference

__all__ = ["MAIN", "Claim", "claim_files", "read_claim", "read_claims"]

MAIN = "moa"  # the question whose claims lie in claims/ itself; those of another lie in a folder that is called like it
_FIELDS = [
    "id",
    "page",
    "title",
    "sentence",
    "scale",
    "section",
    "scope",
    "citations",
    "state",
    "why",
    "experiment",
    "metric",
    "unit",
    "test",
    "margin",
    "evidence",
    "driving",
    "named_ablation",
    "parts",
    "controls",
    "as_of",
    "review_by",
    "superseded_by",
    "limits",
]
_OPTIONAL = ("primary", "combine", "shows", "hypotheses", "definitions", "sisters", "also", "derived_from")
_PARTS = ("parts", "controls", "hypotheses", "definitions")
_LISTS = ("hypotheses", "definitions", "sisters", "also", "derived_from")  # of the optional fields


def claim_files(library: Path, question: str = MAIN) -> tuple[Path, ...]:
    """Return the files of a question's claims, sorted by name."""
    folder = library / "claims" if question == MAIN else library / "claims" / question
    return tuple(sorted(folder.glob("*.yaml")))


def read_claims(library: Path, facts: Mapping[str, Fact], references: Mapping[str, Reference], question: str = MAIN) -> tuple[Claim, ...]:
    """Return all claims of a question, sorted by id.

    Raises
    ------
    ClaimError, ReferenceError_
        With everything that is wrong in a file: fields, states, citation keys, evidence ids, arms.
    """
    paths = claim_files(library, question)
    if not paths:
        repair = "Check the folder of the library, or write the file of a statement there"
        place, expected = str(library / "claims"), "one YAML file per statement"
        raise ClaimError(Issue("the library has no claims", file=place, expected=expected, repair=repair))
    return _linked(tuple(read_claim(path, library, facts, references) for path in paths))


def _linked(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    """Return the claims, those that are derived with the claims that they are derived from."""
    known, issues = {claim.statement.id: claim for claim in claims}, []
    for claim in claims:
        for id in claim.derived_from:
            if id not in known or known[id].derived_from:
                problem = f'it is derived from "{id}", which is ' + ("derived itself" if id in known else "no statement of this question")
                repair, expected = "Name statements that have an experiment", ", ".join(get_close_matches(id, known, 3, 0.3))
                issues.append(Issue(problem, file=claim.statement.file, id="derived_from", expected=expected or None, repair=repair))
        if claim.derived_from and not issues and all(known[id].experiment is None for id in claim.derived_from):
            problem, expected = "nothing that it is derived from is tested", "at least one statement with an experiment"
            issues.append(Issue(problem, file=claim.statement.file, id="derived_from", expected=expected))
    if issues:
        raise ClaimError(issues)
    return tuple(replace(claim, links=tuple(known[id] for id in claim.derived_from)) for claim in claims)


def read_claim(path: Path, library: Path, facts: Mapping[str, Fact], references: Mapping[str, Reference]) -> Claim:
    """Return the claim of one file.

    Raises
    ------
    ClaimError, ReferenceError_
        With everything that is wrong in the file.
    """
    with located(path):
        return _claim(path, library, facts, references)


def _claim(path: Path, library: Path, facts: Mapping[str, Fact], references: Mapping[str, Reference]) -> Claim:
    record = read_record(path)
    file = shown_name(path)
    _check_fields(record, file)
    _check_citations(record, file, references)
    require_facts(record["evidence"], facts, file=file)
    statement = _statement(record, file)
    if statement.state != "tested" or record.get("derived_from"):
        return Claim(statement, None, derived_from=tuple(record.get("derived_from", [])))
    ids = [str(statement.experiment), *record.get("also", [])]
    experiments = {id: _experiment(id, library, facts) for id in ids}
    shown = _experiment(str(record["shows"]), library, facts) if record.get("shows") else None
    parts, controls, hypotheses, definitions = (tuple(_part(entry, experiments, file) for entry in record.get(name, [])) for name in _PARTS)
    first, *also = experiments.values()
    primary, combine = tuple(record.get("primary", [part.id for part in parts[:1]])), record.get("combine", "largest")
    sisters = tuple(read_sister(entry, experiments, file, facts) for entry in record.get("sisters", []))
    claim = Claim(statement, first, parts, controls, primary, combine, shown, hypotheses, tuple(also), definitions, sisters)
    _check_parts(claim, file)
    _check_in_use(ids, claim, file)
    return claim


def _check_parts(claim: Claim, file: str) -> None:
    parts, margin = claim.parts, claim.statement.margin
    known = [part.id for part in parts]
    if not parts or not claim.controls or any(id not in known for id in claim.primary) or claim.combine not in ("largest", "smallest"):
        problem, expected = "a tested claim needs parts, controls, and primary parts that exist", ", ".join(known) or "at least one part"
        repair = "Add what is missing; primary names ids of parts, combine is largest or smallest"
        raise ClaimError(Issue(problem, file=file, id=claim.statement.id, expected=expected, repair=repair))
    if any(margin not in (part.below, part.above) for part in parts if part.id in claim.primary):
        expected, repair = f"{margin} as below or above of each primary part", "Give margin and bound the same number"
        problem = "the margin is not the bound of the primary parts"
        raise ClaimError(Issue(problem, file=file, id="margin", expected=expected, repair=repair))


def _part(entry: Mapping[str, object], experiments: Mapping[str, Experiment], file: str) -> Part:
    """Return a part that reads the experiment that its field ``in`` names, else the first."""
    first = next(iter(experiments))
    named = str(entry.get("in", first)) if isinstance(entry, dict) else first
    if named not in experiments:
        expected, repair = "one of " + ", ".join(experiments), f'Write one of these, or add "also: [{named}]" to the claim'
        problem = f'it reads "{named}", which is not among the experiments of the claim'
        raise ClaimError(Issue(problem, file=file, id=str(entry.get("id", "in")), expected=expected, repair=repair))
    return read_part(entry, experiments[named], file)


def _check_in_use(ids: list[str], claim: Claim, file: str) -> None:
    """Raise a ClaimError for an experiment that is named twice or that nothing reads; the first is one that a part of the test reads."""
    by_parts, by_any = ({part.reads for part in parts} for parts in (claim.parts, claim.every_part))
    issues = []
    if ids[0] not in by_parts:
        repair = "Give another experiment as the first, or a part without a field in"
        issues.append(Issue(f"no part reads {ids[0]}", file=file, id="experiment", expected="a part that reads the first", repair=repair))
    for id in ids[1:]:
        if ids.count(id) > 1:
            issues.append(
                Issue(f"{id} is named twice", file=file, id="also", expected="each experiment once", repair="Remove one of the two")
            )
        elif id not in by_any:
            repair = f'Write "in: {id}" in a part or control, or draw it with shows'
            issues.append(Issue(f"nothing reads {id}", file=file, id="also", expected="experiments that are read", repair=repair))
    if issues:
        raise ClaimError(list(dict.fromkeys(issues)))


def _experiment(id: str, library: Path, facts: Mapping[str, Fact]) -> Experiment:
    experiment = read_experiment(library / "experiments" / f"{id}.yaml")
    if experiment.id != id:
        repair = f'Write "id: {id}", or rename the file'
        raise ClaimError(Issue(f'the file says "{experiment.id}"', file=experiment.file, id="id", expected=id, repair=repair))
    check_panels(library / experiment.file, experiment, facts)
    return experiment


def _check_fields(record: Mapping[str, Any], file: str) -> None:
    issues = [
        Issue("the field is missing", file=file, id=name, expected="all fields of a claim", repair=f'Add a line "{name}: ..."')
        for name in _FIELDS
        if name not in record
    ]
    extra = set(record) - {*_FIELDS, *_OPTIONAL}
    issues += [
        Issue("the field is not known", file=file, id=name, expected="one of " + ", ".join(_FIELDS), repair="Correct its name or remove it")
        for name in sorted(map(str, extra))
    ]
    if not issues and record["id"] != Path(file).stem:
        repair = f'Write "id: {Path(file).stem}", or rename the file'
        issues.append(Issue(f'the file says "{record["id"]}"', file=file, id="id", expected=Path(file).stem, repair=repair))
    if not issues and record["state"] not in STATES:
        near = get_close_matches(str(record["state"]), STATES, 1)
        repair = f"Did you mean {near[0]}?" if near else "Write one of these"
        problem = f'the state "{record["state"]}" is not known'
        issues.append(Issue(problem, file=file, id="state", expected=", ".join(STATES), repair=repair))
    if not issues:
        issues += _kinds(record, file)
    if not issues and not record["citations"]:
        expected, repair = "at least one key of references.bib", "Cite what the statement was read in"
        issues.append(Issue("a statement without a reference", file=file, id="citations", expected=expected, repair=repair))
    if issues:
        raise ClaimError(issues)


def _kinds(record: Mapping[str, Any], file: str) -> list[Issue]:
    """Return fields that are not of their kind: lists, a margin that is no number, a tested claim without experiment."""
    lists = ("citations", "evidence", "driving", "parts", "controls", "limits", *(name for name in _LISTS if name in record))
    issues = [
        Issue("this is not a list", file=file, id=name, expected="a list", repair="Put what is there in square brackets; [] for none")
        for name in lists
        if not isinstance(record[name], list)
    ]
    issues += [
        Issue("an entry is no name or sentence", file=file, id=name, expected="a list of words", repair="Put each entry in quotes")
        for name in ("evidence", "driving", "limits", "primary", "also", "derived_from")
        if isinstance(record.get(name, []), list) and not all(isinstance(entry, str) for entry in record.get(name, []))
    ]
    if not isinstance(record.get("primary", []), list):
        expected, repair = "a list of ids of parts", "Put the ids in square brackets"
        issues.append(Issue("this is not a list", file=file, id="primary", expected=expected, repair=repair))
    margin = record["margin"]
    if margin is not None and (isinstance(margin, bool) or not isinstance(margin, int | float) or not isfinite(margin)):
        repair = "Write the number alone; its unit stands in the field unit"
        issues.append(Issue(f'"{margin}" is not a number', file=file, id="margin", expected="a number, or null", repair=repair))
    if record.get("derived_from") and (record["experiment"] or record["parts"] or record["controls"] or record["state"] != "tested"):
        expected, repair = "experiment: null, no parts and no controls, state: tested", "Take out derived_from, or what stands beside it"
        problem = "a statement that is derived from others has nothing of its own to test"
        issues.append(Issue(problem, file=file, id="derived_from", expected=expected, repair=repair))
    if record["state"] == "tested" and not record["experiment"] and not record.get("derived_from"):
        expected, repair = "a file of experiments/", "Name the experiment, or give the statement another state"
        issues.append(Issue("a tested statement without an experiment", file=file, id="experiment", expected=expected, repair=repair))
    return [*issues, *date_issues(record, file)]


def _check_citations(record: Mapping[str, Any], file: str, references: Mapping[str, Reference]) -> None:
    issues = []
    for entry in record["citations"]:
        lacks = [name for name in ("key", "locator", "directness", "quality") if not isinstance(entry, dict) or name not in entry]
        if lacks:
            expected = "key, locator, directness, quality"
            problem, repair = f"a citation lacks {', '.join(lacks)}", "Add the fields to the citation"
            raise ClaimError(Issue(problem, file=file, id="citations", expected=expected, repair=repair))
        if str(entry["key"]) not in references:
            near = get_close_matches(str(entry["key"]), list(references), 3)
            repair = "Did you mean " + " or ".join(near) + "?" if near else "Add the entry to references.bib"
            problem = f'the reference "{entry["key"]}" is unknown'
            issues.append(Issue(problem, file=file, id="citations", expected="a key of references.bib", repair=repair))
    if issues:
        raise ReferenceError_(issues)


def _statement(record: Mapping[str, Any], file: str) -> Statement:
    words = {
        name: str(record[name])
        for name in ("id", "page", "title", "sentence", "scale", "section", "scope", "state", "why", "metric", "unit", "test")
    }
    margin = None if record["margin"] is None else float(record["margin"])
    words["test"] = words["test"].replace("{margin}", "" if margin is None else f"{margin:g}")
    return Statement(
        **words,
        citations=tuple(Citation(str(c["key"]), str(c["locator"]), str(c["directness"]), str(c["quality"])) for c in record["citations"]),
        experiment=record["experiment"],
        margin=margin,
        evidence=tuple(record["evidence"]),
        driving=tuple(record["driving"]),
        named_ablation=record["named_ablation"],
        as_of=str(record["as_of"]),
        review_by=str(record["review_by"]),
        superseded_by=record["superseded_by"],
        limits=tuple(record["limits"]),
        file=file,
    )
