"""Numbers of the references: those of the statements first, the main page's seven in its order, then what else was used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serdsim.claims.records import Answer
from serdsim.references import Reference, require
from serdsim.report.evidence_table import EvidenceRow

PAGE_ORDER = (
    "Bhagwat2021",
    "Bhagwat2021poster",
    "Vandekopple2023",
    "Vandekopple2023poster",
    "Patel2018",
    "Jeselsohn2014",
    "TecalcoCruz2017",
)


@dataclass(frozen=True)
class Bibliography:
    """The two lists and the number of each key."""

    page: tuple[Reference, ...]
    also: tuple[Reference, ...]
    numbers: dict[str, int]

    @property
    def all(self) -> tuple[Reference, ...]:
        """Both lists in order of their numbers."""
        return self.page + self.also


def _used_keys(answer: Answer, rows: Sequence[EvidenceRow]) -> list[str]:
    """Keys in the order in which the page meets them, beside those of the statements."""
    found = {mark.source: None for outcome in answer.outcomes for panel in outcome.panels for mark in panel.marks if mark.source}
    for row in rows:
        if row.ref_number_or_key and not row.ref_number_or_key.isdigit():
            found.setdefault(row.ref_number_or_key)
    return list(found)


def bibliography(
    answer: Answer,
    references: Mapping[str, Reference],
    rows: Sequence[EvidenceRow],
    also: Sequence[str] = (),
    *,
    first: Sequence[str] = PAGE_ORDER,
) -> Bibliography:
    """Number every reference that the page uses: those of `first`, those that statements cite, those that marks and rows name, `also`.

    The list of the page itself is `first` where that is given, and what statements cite where it is not.

    Raises
    ------
    ReferenceError_
        If a key that the page needs is not in `references`; all missing keys are named.
    """
    cited = dict.fromkeys(citation.key for outcome in answer.outcomes for citation in outcome.statement.citations)
    own = list(first or cited)
    found = require([*own, *cited, *_used_keys(answer, rows), *also], references)
    numbers = {reference.key: i for i, reference in enumerate(found, start=1)}
    return Bibliography(found[: len(own)], found[len(own) :], numbers)
