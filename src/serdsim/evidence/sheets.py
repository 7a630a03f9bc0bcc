"""What each page of a run shows: one sheet for each question, with its outcomes and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from serdsim.claims.evidence_rows import Fact
from serdsim.claims.records import Answer
from serdsim.evidence.beside import Beside
from serdsim.evidence.in_use import UsedFact, citations, used_facts
from serdsim.evidence.questions import Asked, Question
from serdsim.model.entities import Model
from serdsim.references import Reference


@dataclass(frozen=True)
class Sheet:
    """A page as data: the question, the outcomes of its statements, evidence rows and further references that they rest on.

    `also` are keys of references behind numbers, `related` the questions beside it that can be asked, `whole` says that all its
    statements were asked for, `beside` is what stands beside them.
    """

    question: Question
    answer: Answer
    facts: tuple[UsedFact, ...]
    also: tuple[str, ...]
    related: tuple[Question, ...]
    whole: bool
    beside: Beside

    def shows(self, section: str) -> bool:
        """Whether the page has a section of this name."""
        return self.whole and section in self.question.sections


def sheet(
    asked: Asked,
    answer: Answer,
    models: Iterable[Model],
    facts: Mapping[str, Fact],
    references: Mapping[str, Reference],
    beside: Beside,
) -> Sheet:
    """Return the sheet of a question from an answer that may hold the statements of others as well."""
    ids = [claim.statement.id for claim in asked.claims]
    own = replace(answer, outcomes=tuple(outcome for outcome in answer.outcomes if outcome.statement.id in ids))
    shown = beside.only(asked.question.sections if asked.whole else ())
    models = tuple(models)
    keys = dict.fromkeys((*citations(asked.claims, models, facts), *shown.sources))
    page = [citation.key for claim in asked.every for citation in claim.statement.citations]
    also = tuple(key for key in keys if key not in page and references[key].year <= int(answer.as_of[:4]))
    used = used_facts(asked.claims, models, facts, references, answer.as_of)
    return Sheet(asked.question, own, used, also, asked.beside, asked.whole, shown)


def page_of(sheets: Sequence[Sheet], question: str) -> str:
    """Return the file of a question's page in the run folder; the first page is the report."""
    return "report.html" if question == sheets[0].question.id else f"{question}.html"
