"""What a fitted problem rests on: the evidence rows of each data set, the library row behind each prior, their references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serdsim.claims.evidence_rows import Fact, read_facts
from serdsim.evidence.passports import number_tables
from serdsim.fit.problem import Problem
from serdsim.model.library_rows import rows_of, sources_of
from serdsim.model.recipe import shipped_library
from serdsim.references import Reference, read_references, require
from serdsim.report.evidence_table import value_of
from serdsim.report.passport_page import short_name


@dataclass(frozen=True)
class Behind:
    """An evidence row, or a row of the library's numbers, in words, with the numbers and names of its references."""

    id: str
    words: str
    references: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Sources:
    """By data set its evidence rows, by parameter its library row, and the list of references."""

    sets: Mapping[str, tuple[Behind, ...]]
    parameters: Mapping[str, Behind]
    listed: tuple[Reference, ...]


def sources_of_fit(problem: Problem, library: Path | None = None) -> Sources:
    """Return what stands behind a problem; nothing for one that names no rows of the library."""
    if not (problem.sources or problem.rows):
        return Sources({}, {}, ())
    root = library or shipped_library()
    references = read_references(root / "references.bib")
    facts = read_facts(root, references)
    held = {id: [facts[row] for row in one.evidence] for id, one in problem.sources.items()}
    numbers = _numbers(problem, root)
    used = [fact.source for rows in held.values() for fact in rows] + [key for _, keys in numbers.values() for key in keys]
    listed = require(list(dict.fromkeys(used)), references)
    places = {reference.key: (number, short_name(reference)) for number, reference in enumerate(listed, 1)}
    return Sources(
        {id: tuple(Behind(fact.id, _words(fact), (places[fact.source],)) for fact in rows) for id, rows in held.items()},
        {id: Behind(problem.rows[id].name, words, tuple(places[key] for key in keys)) for id, (words, keys) in numbers.items()},
        listed,
    )


def _words(fact: Fact) -> str:
    about = [fact.quantity, fact.system, fact.genotype, fact.drug, fact.condition]
    return f"{', '.join(part for part in about if part)}: {value_of(fact)} ({fact.reliability}{_n(fact)})"


def _n(fact: Fact) -> str:
    return "" if fact.n is None else f", n = {fact.n}"


def _numbers(problem: Problem, root: Path) -> dict[str, tuple[str, Sequence[str]]]:
    """Return by parameter the grade of the library row that it fills, in words, and the keys of its sources."""
    keys = number_tables(root)
    found: dict[str, tuple[str, Sequence[str]]] = {}
    for id, one in problem.rows.items():
        key = keys.get(one.table)
        for row in rows_of(root / one.table, key):
            if row.text("id") == one.id and (not key or row.text(key) == one.key):
                found[id] = (f"{'as its odds, ' if one.transform == 'odds' else ''}grade {row.text('grade')}", sources_of(row))
    return found
