"""The class check: a sister in the place of the subject, what is known of it, and one step down where the experiment fails on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from library_cases import copied
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import read_claim
from serdsim.claims.records import SisterOutcome
from serdsim.claims.sisters import after_class_check, class_check, in_place, run_name
from serdsim.errors import ClaimError
from serdsim.evidence.answer import build_answer
from serdsim.evidence.runs import jobs
from serdsim.experiments.protocol import read_experiment
from serdsim.experiments.runner import run_experiment
from serdsim.references import read_references
from serdsim.simulation.draws import Draws
from test_animal_claim import library_with

SISTERS = """sisters:
- {id: shrinks, drug: fulvestrant, must_show: it shrinks, evidence: [P121], unit: '%', scale: 100, below: 0,
   measure: {kind: change, of: treated @ 400 nmol, output: tumour, time: 672 h}}
- {id: own, drug: fulvestrant, must_show: it grows, evidence: [P121], own_arms: true, unit: '%', scale: 100, above: 1e6,
   measure: {kind: change, of: other @ 400 nmol, output: tumour, time: 672 h}}
- {id: unread, drug: giredestrant, must_show: it regresses, evidence: [P073.giredestrant], cannot: no exposure was read}
"""


def sister(drug: str, p: float | None) -> SisterOutcome:
    return SisterOutcome("s", drug, f"{drug} works", ("P121",), "%", 1.0, 0.0, 2.0, p, "" if p is not None else "why not")


GOOD, BAD, LEFT = sister("A", 0.51), sister("B", 0.5), sister("C", None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("supported", "consistent (assumption-driven)"),
        ("consistent (assumption-driven)", "inconclusive"),
        ("inconclusive", "inconclusive"),
        ("not supported", "not supported"),
        ("contradicted", "contradicted"),
    ],
)
def test_a_verdict_goes_one_step_down_where_the_experiment_fails_on_a_sister(before: str, after: str) -> None:
    word, reasons = after_class_check(before, [GOOD, BAD, BAD])
    assert word == after and bool(reasons) == (before != after)
    assert after_class_check(before, [GOOD, LEFT]) == (before, ()) and after_class_check(before, []) == (before, ())
    if reasons:
        assert f"one step down from {before}" in reasons[0] and "B: B works" in reasons[0] and "A" not in reasons[0]


def test_the_sentence_says_what_was_found_and_what_cannot_be() -> None:
    assert class_check([]).startswith("No row of the evidence says what a sister drug does")
    assert class_check([GOOD]) == "With a sister in its place the experiment shows all 1 results that are known (A)."
    assert "fails on 1 of 2 known results: B, B works (50 % of the draws)" in class_check([GOOD, BAD, LEFT])
    assert class_check([GOOD, LEFT]).endswith("What is known of C cannot be run here.")
    assert class_check([LEFT]) == "What is known of C cannot be run here."


def test_a_sister_takes_the_place_everywhere_and_nothing_else_moves(tmp_path: Path) -> None:
    path = tmp_path / "X.yaml"
    path.write_text(
        "id: X\ntitle: x\nmodel: cell\ncell_line: MCF7\nsubject: imlunestrant\n"
        "pre_run: 1 h\nhours: 2 h\nevery: 1 h\noutputs: [y]\nseries:\n"
        "- {id: a, drug: imlunestrant, genotype: Y537S, concentrations: [0 nM, 5 nM]}\n"
        "- {id: b, drug: fulvestrant, concentrations: [1 nM]}\n"
        "- {id: c, drug: palbociclib, concentrations: [1 nM], beside: {imlunestrant: 3 nM}}\n"
    )
    before = read_experiment(path)
    after = in_place(before, "elacestrant")
    assert [(one.drug, dict(one.beside)) for one in after.series.values()] == [
        ("elacestrant", {}),
        ("fulvestrant", {}),
        ("palbociclib", {"elacestrant": 3.0}),
    ]
    assert after.series["a"] == replace(before.series["a"], drug="elacestrant") and after.times().tolist() == before.times().tolist()
    assert after.subject == "elacestrant" and in_place(after, "imlunestrant") == before


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = library_with(tmp_path_factory.mktemp("sisters"), "killing_off")
    path = found / "claims" / "MOA-06a.yaml"
    path.write_text(path.read_text() + SISTERS)
    return found


def test_the_class_check_is_that_of_the_experiment_with_the_sister_in_it(library: Path) -> None:
    answered = build_answer(library=library, draws=5, only=["MOA-06a"], workers=1)
    (outcome,) = answered.answer.outcomes
    swapped = in_place(read_experiment(library / "experiments" / "BODY.yaml"), "fulvestrant")
    reading = run_experiment(swapped, Draws(5, 1), library=library, workers=1).series["treated"]
    assert reading.series.regimen.startswith("fulvestrant")
    change = 100 * (reading.at("tumour", 672.0)[1] / reading.at("tumour", 0.0)[1] - 1)
    shrinks, own, unread = outcome.sisters
    assert shrinks.p == np.mean(change <= 0) and shrinks.value == pytest.approx(float(np.quantile(change, 0.5, method="inverted_cdf")))
    assert own.p == 0.0 and not own.held and own.evidence == ("P121",)
    assert (unread.p, unread.held, unread.cannot) == (None, False, "no exposure was read")
    assert "fails on" in outcome.class_check and len(answered.tables["sisters"]) == 3
    plain = build_answer(library=library_with(library.parent / "plain", "killing_off"), draws=5, only=["MOA-06a"], workers=1)
    assert plain.answer.run != answered.answer.run and plain.answer.outcomes[0].class_check == class_check([])
    assert plain.answer.outcomes[0].controls == outcome.controls and plain.answer.outcomes[0].p_pass == outcome.p_pass


def test_only_the_arms_that_a_sister_needs_are_run_and_none_for_its_own(library: Path) -> None:
    references = read_references(library / "references.bib")
    claim = read_claim(library / "claims" / "MOA-06a.yaml", library, read_facts(library, references), references)
    found = {name: job for (_, name), job in jobs([claim], (), library).items()}
    assert found[run_name("fulvestrant")].arms == {"treated": (400.0,)} and found[run_name("fulvestrant")].experiment.animals == 0
    assert run_name("giredestrant") not in found


BROKEN = {
    "no evidence": ("evidence: [P121], unit", "evidence: [], unit", "a sister lacks a field", "id, drug, must_show, evidence"),
    "an unknown row": ("[P073.giredestrant]", "[P0733]", "P0733: no such row in evidence.tsv", "evidence.tsv"),
    "the subject itself": ("id: shrinks, drug: fulvestrant", "id: shrinks, drug: imlunestrant", "is the subject itself", "another drug"),
    "own arms of a drug without any": ("id: own, drug: fulvestrant", "id: own, drug: elacestrant", "own_arms is True", "gives elacestrant"),
    "no bound": ("above: 1e6,", "", "the part has no bound", "below or above"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_sister_that_cannot_be_meant_is_refused(tmp_path: Path, name: str) -> None:
    old, new, problem, expected = BROKEN[name]
    found = library_with(tmp_path)
    path = found / "claims" / "MOA-06a.yaml"
    assert SISTERS.count(old) == 1
    path.write_text(path.read_text() + SISTERS.replace(old, new))
    references = read_references(found / "references.bib")
    with pytest.raises(ClaimError) as caught:
        read_claim(path, found, read_facts(found, references), references)
    assert problem in str(caught.value) and expected in str(caught.value) and "MOA-06a.yaml" in str(caught.value)


def test_known_results_of_sisters_are_no_results_of_the_subject(tmp_path: Path) -> None:
    """Rows behind the class check speak of the sister that they are listed under, and of no other drug of the page."""
    library = copied(tmp_path)
    references = read_references(library / "references.bib")
    facts = read_facts(library, references)
    found = []
    for path in sorted((library / "claims").glob("*.yaml")):
        for one in read_claim(path, library, facts, references).sisters:
            found.append(one.drug)
            for id in one.evidence:
                assert one.drug in f"{facts[id].drug} {facts[id].quantity}" and "imlunestrant" not in facts[id].drug, (path.name, id)
    assert len(set(found)) >= 5
