"""What a run rests on: rows in use, their conflicts, and what was public at a date."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serdsim.claims.evidence_rows import Fact, read_facts
from serdsim.claims.read import read_claims
from serdsim.evidence.in_use import citations, used_facts
from serdsim.model.library import load
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references

LIBRARY = shipped_library()


@pytest.fixture(scope="module")
def references():
    return read_references(LIBRARY / "references.bib")


@pytest.fixture(scope="module")
def facts(references):
    return dict(read_facts(LIBRARY, references))


@pytest.fixture(scope="module")
def claims(facts, references):
    return [claim for claim in read_claims(LIBRARY, facts, references) if claim.statement.id == "MOA-01"]


@pytest.fixture(scope="module")
def model():
    return load("cell", drug="imlunestrant", genotype="Y537S")


def test_every_row_behind_a_number_or_a_judgement_is_in_use_and_nothing_else(claims, model, facts, references):
    used = {entry.fact.id for entry in used_facts(claims, [model], facts, references, "2100-01-01")}
    named = {id for entry in model.evidence.values() for id in entry.rows} | set(claims[0].statement.evidence)
    named |= {id for sister in claims[0].sisters for id in sister.evidence}
    stems = {id.split(".")[0] for id in named}
    assert named & set(facts) - {id for id in named if id in facts and facts[id].role == "gap"} <= used
    assert {id.split(".")[0] for id in used} <= stems


def test_only_what_was_public_is_shown(claims, model, facts, references):
    years = [references[e.fact.source].year for e in used_facts(claims, [model], facts, references, "2010-06-30")]
    later = [references[e.fact.source].year for e in used_facts(claims, [model], facts, references, "2100-01-01")]
    assert years and max(years) <= 2010 < max(later)


def test_everything_that_is_cited_is_in_the_bibliography(claims, model, facts, references):
    keys = citations(claims, [model], facts)
    assert len(keys) == len(set(keys)) and set(keys) <= set(references)
    assert {source for entry in model.evidence.values() for source in entry.source} <= set(keys)


def kd(id: str, value: float | None, **more: str) -> Fact:
    base = Fact(id, "Kd", value, None, None, "nM", "", "WT", "estradiol", "", None, "Rich2002", "calibrate", "primary", "")
    return replace(base, **more)


@pytest.mark.parametrize(
    ("other", "far"),
    [
        (kd("P902", 0.5), False),
        (kd("P902", 2.0), False),
        (kd("P902", 2.01), True),
        (kd("P902", 0.49), True),
        (kd("P902", 9.0, drug="4-OHT"), False),
        (kd("P902", 9.0, genotype="Y537S"), False),
        (kd("P902", 9.0, unit="uM"), False),
        (kd("P902", 9.0, quantity="Ki"), False),
        (kd("P902", None), False),
    ],
)
def test_rows_conflict_when_the_same_quantity_differs_more_than_twofold(claims, model, references, other, far):
    mine = kd("P901", 1.0)
    claim = replace(claims[0], statement=replace(claims[0].statement, evidence=("P901",)))
    (entry,) = used_facts([claim], [], {"P901": mine, "P902": other}, references, "2100-01-01")
    assert (entry.conflicts != "") == far
    assert not far or entry.conflicts == f"P902: {other.value:g} nM"
