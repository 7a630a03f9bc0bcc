"""A claim whose parts read more than one experiment: draws that count in all of them, arms of each, parts that are switched off in one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from measure_cases import DOSES, FACTORS, TIMES, readings_of
from report_cases import statement
from serdsim.analysis.ablation import Ablation, concerned, switched_off
from serdsim.claims import testing
from serdsim.claims.claim import Claim
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.measures import Part, read_part
from serdsim.claims.read import read_claim, read_claims
from serdsim.errors import ClaimError
from serdsim.evidence.answer import build_answer
from serdsim.evidence.runs import MAIN, SCEPTICAL, jobs
from serdsim.experiments.arms import Change
from serdsim.experiments.runner import Readings
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from test_animal_claim import CLAIM, library_with

PART = """- {id: seen, title: receptor in the dish, unit: fold, scale: 1, below: 1, in: MOA-12c,
   measure: {kind: ratio, of: imlunestrant @ 1000 nM, to: free @ 0 nM, output: er_total, time: 24 h}}
controls:
"""
DEFINITION = """definitions:
- {id: nuclear, title: by the share in the nucleus, unit: '%', scale: 100, below: 101, in: MOA-12c,
   measure: {kind: level, of: imlunestrant @ 1000 nM, output: er_nuclear_fraction, time: 24 h}}
"""


def readings(id: str, levels: np.ndarray, series: str = "a") -> Readings:
    """Return readings of one output that is the same at all times and doses, shape (draw,), and of a series that nothing reads."""
    values = np.broadcast_to(levels, (len(DOSES), len(TIMES), len(levels))).copy()
    found = readings_of({series: {"y": values}, "unread": {"y": values.copy()}})
    return replace(found, experiment=replace(found.experiment, id=id))


def part(id: str, found: Readings, *, below: float, series: str = "a") -> Part:
    measure = {"kind": "level", "output": "y", "time": "24 h", "of": f"{series} @ 1 nM"}
    return read_part({"id": id, "unit": "fold", "scale": 1, "below": below, "measure": measure}, found.experiment, "M.yaml")


def claim_of(dish: Readings, mouse: Readings) -> Claim:
    parts = (part("in the dish", dish, below=3.0), part("in the mouse", mouse, below=2.5, series="b"))
    controls = (part("control", mouse, below=9.0, series="b"),)
    return Claim(statement("MOA-01", "tested"), dish.experiment, parts, controls, ("in the dish",), also=(mouse.experiment,))


@pytest.fixture
def dish() -> Readings:
    return readings("DISH", FACTORS)  # 1, 2, 4


@pytest.fixture
def mouse() -> Readings:
    return readings("MOUSE", np.array([2.0, 3.0, 1.0]), "b")


def test_a_draw_passes_when_the_parts_hold_in_all_experiments(dish: Readings, mouse: Readings) -> None:
    found = testing.test_claim(claim_of(dish, mouse), dish, mouse)
    assert found.passes.tolist() == [True, False, False]
    assert [one.p_pass for one in found.parts] == pytest.approx([2 / 3, 2 / 3]) and found.controls[0].p == 1.0


def test_a_draw_that_failed_in_one_of_them_is_left_out(dish: Readings, mouse: Readings) -> None:
    mouse.series["b"].values["y"][:, :, 1] = np.nan
    found = testing.test_claim(claim_of(dish, mouse), dish, mouse)
    assert found.passes.tolist() == [True, False] and found.failed == 1
    assert found.parts[0].value in (1.0, 4.0)  # the dish of the draw that failed in the mouse is not counted


def test_without_controls_only_what_the_parts_read_can_fail(dish: Readings, mouse: Readings) -> None:
    claim = claim_of(dish, mouse)
    dish.series["unread"].values["y"][:, :, 0] = np.nan
    dish.series["a"].values["y"][DOSES.index(0.0), :, 1] = np.nan  # a dose that no part reads
    assert testing.test_claim(claim, dish, mouse, controls=False).failed == 0
    assert testing.test_claim(claim, dish, mouse).failed == 2


def test_arms_and_tested_experiments_are_those_of_parts(dish: Readings, mouse: Readings) -> None:
    claim = claim_of(dish, mouse)
    at = min(DOSES, key=lambda dose: abs(dose - 1.0))
    assert claim.arms(dish.experiment) == {"a": (at,)} and claim.arms(mouse.experiment) == {"b": (at,)}
    assert [one.id for one in claim.tested] == ["DISH", "MOUSE"]
    only_control = replace(claim, parts=claim.parts[:1])
    assert [one.id for one in only_control.tested] == ["DISH"] and len(only_control.measured) == 2


def test_an_ablation_leaves_an_experiment_alone_whose_model_lacks_the_part(dish: Readings, mouse: Readings) -> None:
    claim = claim_of(dish, replace(mouse, experiment=replace(mouse.experiment, model="mouse")))
    brain = Ablation("brain_off", "off", "off", Change("brain_off", {"Kp_uu_brain_drug": 0}), {})
    nothing = Ablation("no_such", "off", "off", Change("no_such", {"no_such_quantity": 0}), {})
    library, asked = shipped_library(), []

    def of(experiment: str, name: str) -> Readings:
        asked.append((experiment, name))
        return dish if experiment == "DISH" else mouse

    assert concerned(claim, brain, library) == ("MOUSE",) and concerned(claim, nothing, library) == ()
    found = switched_off(claim, [brain, nothing], library, of)
    assert asked == [("DISH", ""), ("MOUSE", "brain_off")]
    assert list(found) == ["brain_off"] and found["brain_off"].p_pass == pytest.approx(1 / 3)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = library_with(tmp_path_factory.mktemp("several"), "killing_off")
    text = (found / "claims" / "MOA-06a.yaml").read_text().replace("experiment: BODY", "experiment: BODY\nalso: [MOA-12c]")
    (found / "claims" / "MOA-06a.yaml").write_text(text.replace("controls:\n", PART) + DEFINITION)
    return found


def test_a_claim_is_read_run_and_ablated_over_both(library: Path) -> None:
    answered = build_answer(library=library, draws=3, only=["MOA-06a"], workers=1)
    (outcome,) = answered.answer.outcomes
    assert [one.id for one in outcome.parts] == ["shrinks", "alive", "seen"] and outcome.failed == 0
    assert [one.note for one in outcome.parts] == ["", "5 animals in each arm", ""]  # the dish has none
    assert {"killing_off", "degradation_off"} <= {one.id for one in outcome.ablations}
    assert {"individuals_BODY", "individuals_MOA-12c"} <= set(answered.tables)
    assert {panel.id for panel in outcome.panels} >= {"BODY-best", "MOA-12c-place"}
    assert [(one.id, one.p_pass) for one in outcome.definitions] == [("nuclear", 1.0)] and "survives" in outcome.survives
    assert answered.tables["definitions"]["statement"].tolist() == ["MOA-06a"]
    alone = build_answer(library=library_with(library.parent / "alone", "killing_off"), draws=3, only=["MOA-06a"], workers=1)
    assert outcome.parts[:2] == alone.answer.outcomes[0].parts


def test_what_several_claims_read_is_run_once(library: Path) -> None:
    references = read_references(library / "references.bib")
    every = {claim.statement.id: claim for claim in read_claims(library, read_facts(library, references), references)}
    two = [every["MOA-06a"], every["MOA-12c"]]
    found = jobs(two, (), library)
    assert set(found) == {(id, name) for id in ("BODY", "MOA-12c") for name in (MAIN, SCEPTICAL)}
    assert set(found["MOA-12c", SCEPTICAL].arms or {}) == {*two[0].arms(two[0].also[0]), *two[1].arms(two[1].measured[0])}
    together = build_answer(library=library, draws=3, only=["MOA-06a", "MOA-12c"], workers=1).answer.outcomes
    alone = [build_answer(library=library, draws=3, only=[id], workers=1).answer.outcomes[0] for id in ("MOA-06a", "MOA-12c")]
    assert [replace(one, run="") for one in together] == [replace(one, run="") for one in alone]


BROKEN = {
    "a part of no experiment": (("in: MOA-12c", "in: MOA-12"), 'it reads "MOA-12", which is not among', "one of BODY, MOA-12c"),
    "an experiment that nothing reads": (("also: [MOA-12c]", "also: [MOA-12c, MOA-12a]"), "nothing reads MOA-12a", "in: MOA-12a"),
    "an experiment named twice": (("also: [MOA-12c]", "also: [MOA-12c, MOA-12c]"), "MOA-12c is named twice", "Remove"),
    "a first that nothing reads": (
        ("experiment: BODY\nalso: [MOA-12c]", "experiment: MOA-10\nalso: [BODY, MOA-12c]"),
        'no series "treated"',
        "MOA-10.yaml",
    ),
    "experiments in words": (("also: [MOA-12c]", "also: MOA-12c"), "also: this is not a list", "a list"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_claim_that_names_experiments_wrongly_is_refused(tmp_path: Path, name: str) -> None:
    (old, new), problem, expected = BROKEN[name]
    found = library_with(tmp_path)
    text = CLAIM.replace("experiment: BODY", "experiment: BODY\nalso: [MOA-12c]").replace("controls:\n", PART).replace("NAMED", "null")
    assert old in text
    path = found / "claims" / "MOA-06a.yaml"
    path.write_text(text.replace(old, new))
    references = read_references(found / "references.bib")
    with pytest.raises(ClaimError) as caught:
        read_claim(path, found, read_facts(found, references), references)
    assert problem in str(caught.value) and expected in str(caught.value) and "MOA-06a.yaml" in str(caught.value)
