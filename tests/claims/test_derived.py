"""A statement that is derived from others: joined draw by draw, no stronger than the weakest, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from library_cases import copied
from report_cases import statement
from serdsim.analysis.ablation import Ablation, ablation_outcome, told
from serdsim.claims import testing
from serdsim.claims.chained import chained, weakest
from serdsim.claims.claim import Claim, with_links
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.judge import DATA_ROLES_BY_WEAKNESS, surely, weakest_role
from serdsim.claims.read import read_claims
from serdsim.claims.records import DATA_ROLES, ControlOutcome
from serdsim.errors import ClaimError
from serdsim.evidence.answer import build_answer
from serdsim.experiments.arms import Change
from serdsim.references import read_references
from test_animal_claim import library_with


def link(id: str, passes: str) -> tuple[Claim, testing.Tested]:
    """Return a claim and its draws: + passes, - does not, x failed."""
    ok = np.array([sign != "x" for sign in passes])
    found = np.array([sign == "+" for sign in passes if sign != "x"])
    control = ControlOutcome("c", f"control of {id}", 1.0, 1.0, 1.0, "fold", 0.95, True)
    claim = Claim(statement(id, "tested"), None)
    return claim, testing.Tested((), (control,), 0.0, 0.0, 0.0, float(found.mean()), found, ok, int((~ok).sum()))


def test_all_links_hold_in_the_same_draw() -> None:
    found = chained([link("A", "++-+"), link("B", "+-++")])
    assert found.passes.tolist() == [True, False, False, True] and found.p_pass == 0.5
    assert [part.p_pass for part in found.parts] == [0.75, 0.75]  # each alone passes in more draws than both together
    assert [control.id for control in found.controls] == ["A: c", "B: c"]


def test_a_draw_that_failed_in_one_link_is_left_out() -> None:
    found = chained([link("A", "+x-+"), link("B", "+-x-")])
    assert found.passes.tolist() == [True, False] and found.failed == 2 and found.ok.tolist() == [True, False, False, True]


def test_the_value_is_the_share_of_the_weakest_link_with_the_interval_of_a_share() -> None:
    found = chained([link("A", "++++++++--"), link("B", "++--------"), link("C", "++++++++++")])
    assert weakest(found).id == "B" and found.value == pytest.approx(20.0)
    assert (found.lo90, found.hi90) == pytest.approx(tuple(100 * end for end in surely(0.2, 10, 0.95)))
    assert found.decided_by.startswith("B") and found.p_without == pytest.approx(0.8)


def test_the_role_is_the_weakest() -> None:
    assert set(DATA_ROLES_BY_WEAKNESS) == set(DATA_ROLES)
    assert weakest_role(["held-out", "structural", "prediction only"]) == "structural"
    assert weakest_role(["held-out", "assumed input", "calibrated-on"]) == "assumed input"


def test_a_flip_is_tautological_where_only_restated_links_break() -> None:
    off = Ablation("off", "off", "off", Change("off", {"x": 0}), {"A": "restated"})
    most, few, some = (link("X", signs)[1] for signs in ("+++++++++-", "+---------", "++++------"))
    assert ablation_outcome(off, "D", most, few, 0.9).tautological
    assert not ablation_outcome(off, "D", most, few, 0.2).tautological
    assert not ablation_outcome(off, "D", some, few, 0.9).tautological  # no flip, nothing to explain away
    assert ablation_outcome(off, "A", most, most).tautological and not ablation_outcome(off, "B", most, few).tautological


@pytest.mark.parametrize(
    ("on", "off", "tells"),
    [
        ("++++++----", "++--------", True),  # four draws of four fall: 1 in 16 by chance
        ("++++++----", "+++-------", False),  # three of three: 1 in 8
        ("++++++----", "---+------", True),  # six of six
        ("+++++++---", "-----+++++", False),  # five fall and two rise: 29 in 128
        ("++++++----", "++++++----", False),  # nothing changes
    ],
)
def test_so_few_draws_tell_no_flip(on: str, off: str, tells: bool) -> None:
    part = Ablation("off", "off", "off", Change("off", {"x": 0}), {})
    before, after = link("X", on)[1], link("X", off)[1]
    assert told(before, after) is tells
    found, back = ablation_outcome(part, "X", before, after), ablation_outcome(part, "X", after, before)
    crosses = (before.p_pass > 0.5) != (after.p_pass > 0.5)
    assert (found.flips, back.holds_back) == (crosses and tells,) * 2
    assert found.untold is back.untold is (crosses and not tells)


def test_a_draw_that_failed_with_the_part_off_tells_nothing() -> None:
    assert told(link("X", "++++------")[1], link("X", "----------")[1])
    assert not told(link("X", "++++------")[1], link("X", "x---------")[1])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = library_with(tmp_path_factory.mktemp("derived"), "killing_off")
    derive(found, "[MOA-06a, MOA-02b, MOA-12c]")
    return found


def derive(library: Path, ids: str) -> None:
    path = library / "claims" / "MOA-11.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [f"derived_from: {ids}" if line.startswith("derived_from") else line for line in lines]
    path.write_text("\n".join(kept).replace("named_ablation: antagonism_off", "named_ablation: killing_off") + "\n", encoding="utf-8")


def test_a_derived_statement_runs_what_it_needs(library: Path) -> None:
    answered = build_answer(library=library, draws=6, only=["MOA-11"], workers=1)
    (outcome,) = answered.answer.outcomes
    both = build_answer(library=library, draws=6, only=["MOA-06a", "MOA-12c"], workers=1)
    links = {one.statement.id: one for one in both.answer.outcomes}
    assert [part.id for part in outcome.parts] == ["MOA-06a", "MOA-12c"]
    assert [part.p_pass for part in outcome.parts] == [links[part.id].p_pass for part in outcome.parts]
    assert outcome.p_pass is not None and outcome.p_pass <= min(part.p_pass for part in outcome.parts)
    off = {one.id: one.p_off for one in outcome.ablations}
    assert set(off) == {one.id for found in links.values() for one in found.ablations} and off["killing_off"] == 0.0
    assert any("the weakest link is MOA-" in reason for reason in outcome.reasons)
    assert "MOA-02b is not testable on public data and is left out" in outcome.reasons
    assert "individuals_BODY" in answered.tables and answered.record["plan"]["experiments"].keys() == {"BODY", "MOA-12c"}


def test_what_derives_from_other_numbers_is_another_question(library: Path) -> None:
    references = read_references(library / "references.bib")
    claims = read_claims(library, read_facts(library, references), references)
    derived = next(claim for claim in claims if claim.derived_from)
    assert [one.statement.id for one in with_links([derived])] == ["MOA-11", "MOA-06a", "MOA-02b", "MOA-12c"]
    assert with_links([derived, *derived.links]) == (derived, *derived.links)
    assert with_links([replace(derived, links=())]) == (replace(derived, links=()),)


BROKEN = {
    "a link that does not exist": ("[MOA-99]", 'it is derived from "MOA-99", which is no statement of this question', "Name statements"),
    "a link to itself": ("[MOA-11, MOA-12c]", '"MOA-11", which is derived itself', "Name statements"),
    "no link that is tested": ("[MOA-02b]", "nothing that it is derived from is tested", "with an experiment"),
    "no list": ("MOA-01", "derived_from: this is not a list", "a list"),
    "an experiment of its own": ("[MOA-12c]\nalso: []", "has nothing of its own to test", "experiment: null"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_chain_that_cannot_be_meant_is_refused(tmp_path: Path, name: str) -> None:
    ids, problem, expected = BROKEN[name]
    found = copied(tmp_path)
    derive(found, ids)
    if "own" in name:
        path = found / "claims" / "MOA-11.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("experiment: null", "experiment: MOA-01"), encoding="utf-8")
    references = read_references(found / "references.bib")
    with pytest.raises(ClaimError) as caught:
        read_claims(found, read_facts(found, references), references)
    assert problem in str(caught.value) and expected in str(caught.value) and "MOA-11.yaml" in str(caught.value)
