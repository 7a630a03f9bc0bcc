"""References and evidence rows in use: what a run rests on, and where rows disagree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from serdsim.claims.claim import Claim, with_links
from serdsim.claims.evidence_rows import Fact
from serdsim.model.entities import Model
from serdsim.references import Reference

OWN = ("Serdsim2026", "Recalled2026")


@dataclass(frozen=True)
class UsedFact:
    """An evidence row with what it is used for and what it conflicts with."""

    fact: Fact
    used_for: str
    conflicts: str


def citations(claims: Iterable[Claim], models: Iterable[Model], facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """Return the keys of everything that a run rests on, in order of first use."""
    keys: dict[str, None] = {}
    for claim in with_links(claims):
        keys.update(dict.fromkeys(citation.key for citation in claim.statement.citations))
        keys.update(dict.fromkeys(facts[id].source for id in claim.statement.evidence))
        keys.update(dict.fromkeys(facts[id].source for sister in claim.sisters for id in sister.evidence))
    for model in models:
        for entry in model.evidence.values():
            keys.update(dict.fromkeys(entry.source))
    return tuple(keys)


def used_facts(
    claims: Iterable[Claim], models: Iterable[Model], facts: Mapping[str, Fact], references: Mapping[str, Reference], as_of: str
) -> tuple[UsedFact, ...]:
    """Return the rows behind judged statements and behind fitted or hand-set numbers, public at `as_of` (ISO date)."""
    used: dict[str, dict[str, None]] = {}
    for claim in with_links(claims):
        for id in claim.statement.evidence:
            used.setdefault(id, {})[f"{claim.statement.id.removeprefix('MOA-')}, judged against"] = None
        for id, drug in ((id, one.drug) for one in claim.sisters for id in one.evidence):
            used.setdefault(id, {})[f"{claim.statement.id.removeprefix('MOA-')}, known of {drug}"] = None
    named = {id: [id] for id in facts}  # a row by its own id, several of one source by what stands before the dot
    for id in (id for id in facts if "." in id):
        named.setdefault(id.split(".")[0], []).append(id)
    for model in models:
        for entry in model.evidence.values():
            word = "fit of" if entry.grade == "fitted" else "number of"
            for id in entry.rows:
                for found in named.get(id, ()):
                    used.setdefault(found, {})[f"{word} {entry.row}"] = None
    known = [id for id in used if id in facts and references[facts[id].source].year <= int(as_of[:4])]
    return tuple(UsedFact(facts[id], _short(list(used[id])), _conflicts(facts[id], facts)) for id in known if facts[id].role != "gap")


def _compared(fact: Fact) -> tuple[str, ...]:
    """Return what two rows must share to speak of one thing."""
    return fact.quantity, fact.system, fact.drug, fact.genotype, fact.condition, fact.unit


def _short(words: list[str]) -> str:
    return "; ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")


def _conflicts(fact: Fact, facts: Mapping[str, Fact]) -> str:
    """Return rows about the same quantity under the same condition whose number is more than twice as far away."""
    if fact.value is None or fact.value <= 0:
        return ""
    same = (other for other in facts.values() if other.id != fact.id and other.value and _compared(other) == _compared(fact))
    far = [f"{o.id}: {o.value:g} {o.unit}" for o in same if o.value and not 0.5 <= o.value / fact.value <= 2.0]
    return "; ".join(far)
