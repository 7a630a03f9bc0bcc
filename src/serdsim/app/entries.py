"""What a search can find: questions, statements, drugs, genes, mutations, lines and references of a library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serdsim.app.names import Names, padded, read_names
from serdsim.claims.claim import Claim
from serdsim.claims.evidence_rows import read_facts
from serdsim.evidence.questions import EVERY, Question, ask
from serdsim.experiments.protocol import Series
from serdsim.references import cite_text, read_references

GROUPS = {
    "question": "Questions",
    "statement": "Statements",
    "drug": "Drugs",
    "gene": "Genes",
    "mutation": "Mutations of ESR1",
    "line": "Cell lines",
    "reference": "References",
}


@dataclass(frozen=True)
class Entry:
    """One thing that can be found.

    `names` are what else it is called, `question` the one on whose page it stands, `statements` the ids of those that test or cite it.
    """

    kind: str
    key: str
    title: str
    text: str
    names: tuple[str, ...] = ()
    question: str = ""
    statements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """The entries of a library, its questions in their order, the question of each statement and the names."""

    entries: tuple[Entry, ...]
    questions: tuple[Question, ...]
    homes: Mapping[str, str]
    names: Names


def read_catalogue(library: Path) -> Catalogue:
    """Return everything of a library that can be found.

    Raises
    ------
    InputError
        For anything wrong in the files that are read.
    """
    references = read_references(library / "references.bib")
    asked = ask(library, EVERY, None, read_facts(library, references), references)
    names = read_names(library)
    claims = [claim for one in asked for claim in one.every]
    homes = {claim.statement.id: one.question.id for one in asked for claim in one.every}
    questions = tuple(one.question for one in asked)
    entries = [Entry("question", one.id, one.title, one.scope, question=one.id, statements=one.claims) for one in questions]
    entries += [_statement(claim, homes[claim.statement.id]) for claim in claims]
    entries += _things("drug", names.others, "drugs", claims, lambda one: (one.drug, *one.beside))
    entries += [_gene(group, claims) for group in names.groups.get("genes", ())]
    entries += _things("mutation", names.others, "mutations", claims, lambda one: (one.genotype,))
    entries += _things("line", names.others, "lines", claims, lambda one: (one.cell_line,))
    for key, reference in references.items():
        cited = tuple(claim.statement.id for claim in claims if key in {one.key for one in claim.statement.citations})
        entries.append(Entry("reference", key, cite_text(reference), "", (key, reference.doi), statements=cited))
    return Catalogue(tuple(entries), questions, homes, names)


def _statement(claim: Claim, question: str) -> Entry:
    one = claim.statement
    used = dict.fromkeys(name for series in _series(claim) for name in (series.drug, *series.beside, series.genotype, series.cell_line))
    parts = (one.sentence, one.scope, one.section, one.metric, *one.limits, *used, *(citation.key for citation in one.citations))
    return Entry("statement", one.id, one.title, " ".join(parts), (one.id,), question, (one.id,))


def _series(claim: Claim) -> tuple[Series, ...]:
    return tuple(series for experiment in claim.experiments for series in experiment.series.values())


def _things(
    kind: str, others: Callable[[str, str], tuple[str, ...]], names: str, claims: Sequence[Claim], read: Callable[[Series], Iterable[str]]
) -> list[Entry]:
    """Return what the experiments of the statements name, each with the statements that read it."""
    found: dict[str, dict[str, None]] = {}
    for claim in claims:
        for series in _series(claim):
            for name in filter(None, read(series)):
                found.setdefault(name, {})[claim.statement.id] = None
    return [Entry(kind, name, name, "", others(names, name), statements=tuple(ids)) for name, ids in sorted(found.items())]


def _gene(group: tuple[str, ...], claims: Sequence[Claim]) -> Entry:
    """Return a gene with the statements whose words name it."""
    wanted = [padded(name) for name in group]
    spoken = []
    for claim in claims:
        one = claim.statement
        words = padded(" ".join((one.title, one.sentence, one.scope, one.metric)))
        if any(name in words for name in wanted):
            spoken.append(one.id)
    return Entry("gene", group[0], group[0], "", group[1:], statements=tuple(spoken))
