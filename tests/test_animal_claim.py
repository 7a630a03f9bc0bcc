"""A statement tested in animals, from the files to the page: a made-up tumour in a copy of the library."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from body_cases import add_body
from library_cases import copied, edit
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import read_claims
from serdsim.errors import ClaimError
from serdsim.evidence.answer import Answered, build_answer
from serdsim.evidence.passports import passports
from serdsim.references import read_references
from serdsim.report.answer import answer_moa

EXPERIMENT = """id: BODY
title: Tumours
model: body
subject: imlunestrant
pre_run: 0 h
hours: 1344 h
every: 24 h
outputs: [tumour, burden, drug_plasma]
animals: 5
given: {kill: 0.05}
series:
  - {id: treated, regimen: "imlunestrant {dose} q24h x 28", doses: [0 nmol, 400 nmol]}
  - {id: other, regimen: "fulvestrant {dose} q168h x 4", doses: [400 nmol]}
figures:
  - id: BODY-best
    title: How far?
    kind: waterfall_change
    output: tumour
    until: 672 h
    y: {label: best change, unit: "%", most: 100}
    bands:
      - {series: treated, dose: 0 nmol, label: vehicle, control: true}
      - {series: treated, dose: 400 nmol, label: treated}
    caption: Made up.
    description: Made up.
  - id: BODY-alive
    title: How long?
    kind: survival
    output: tumour
    until: 1344 h
    rises_above: 400
    x: {label: time, unit: d}
    y: {label: alive, unit: "%"}
    bands: [{series: treated, dose: 400 nmol, label: treated}]
    caption: Made up.
    description: Made up.
"""
CLAIM = """id: MOA-06a
page: made up
title: Tumours shrink
sentence: They are said to shrink.
scale: in mice
section: Animals
scope: a tumour, made up
citations: [{key: Bhagwat2021, locator: abstract, directness: direct, quality: abstract}]
state: tested
why: ''
experiment: BODY
metric: change
unit: '%'
test: below {margin}
margin: 0
evidence: []
driving: [imlunestrant]
named_ablation: NAMED
as_of: '2024-10-02'
review_by: '2027-05-22'
superseded_by: null
limits: []
parts:
- {id: shrinks, title: change at four weeks, unit: '%', scale: 100, below: 0,
   measure: {kind: change, of: treated @ 400 nmol, output: tumour, time: 672 h}}
- {id: alive, title: alive at four weeks, unit: '%', scale: 100, above: 1,
   measure: {kind: share_alive, of: treated @ 400 nmol, output: tumour, time: 672 h, rises_above: 400}}
controls:
- {id: grows, must_show: the vehicle grows, unit: '%', scale: 100, above: 50,
   measure: {kind: change, of: treated @ 0 nmol, output: tumour, time: 672 h}}
"""


def library_with(folder: Path, named: str = "null") -> Path:
    library = copied(folder)
    add_body(library)
    (library / "experiments" / "BODY.yaml").write_text(EXPERIMENT)
    (library / "claims" / "MOA-06a.yaml").write_text(CLAIM.replace("NAMED", named))
    with (library / "ablations.yaml").open("a", encoding="utf-8") as file:
        file.write("- {id: killing_off, title: Killing off, what: the drug kills nothing, set: {kill: 0}, restates: {}}\n")
    return library


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answered]:
    library = library_with(tmp_path_factory.mktemp("animals"), "killing_off")
    return library, build_answer(library=library, draws=6, only=["MOA-06a", "MOA-12c"], workers=1)


def test_each_statement_meets_the_ablations_of_its_own_model(answered: tuple[Path, Answered]) -> None:
    animals, cells = answered[1].answer.outcomes
    assert [a.id for a in animals.ablations] == ["killing_off"]
    assert "killing_off" not in [a.id for a in cells.ablations] and len(cells.ablations) > 3
    assert animals.ablations[0].p_off == 0.0


def test_the_outcome_says_how_many_animals_were_read(answered: tuple[Path, Answered]) -> None:
    outcome = answered[1].answer.outcomes[0]
    assert outcome.state == "tested" and outcome.failed == 0 and outcome.draws == 6
    assert [part.note for part in outcome.parts] == ["", "5 animals in each arm"]
    assert [(panel.id, panel.animals) for panel in outcome.panels] == [("BODY-best", 5), ("BODY-alive", 5)]


def test_tables_have_the_typical_course_and_every_animal(answered: tuple[Path, Answered]) -> None:
    table = answered[1].tables["individuals_BODY"]
    assert isinstance(table, pd.DataFrame)
    assert list(table.columns) == ["series", "dose", "dose_unit", "draw", "time_h", "tumour", "burden", "drug_plasma"]
    assert len(table) == 3 * 6 * 57 and set(table["dose_unit"]) == {"nmol"}
    assert (table[table["time_h"] == 0.0]["tumour"] == 100.0).all()
    assert table[(table["dose"] == 0.0) & (table["series"] == "treated")]["drug_plasma"].max() == 0.0
    each = answered[1].tables["animals_BODY"]
    assert len(each) == 3 * 6 * 6 and set(each["animal"]) == set(range(6)) and (each["tumour_start"] == 100.0).all()
    arm = (each["series"] == "treated") & (each["dose"] == 400.0) & (each["draw"] == 2)
    course = table[(table["series"] == "treated") & (table["dose"] == 400.0) & (table["draw"] == 2)]["tumour"]
    typical = each[arm & (each["animal"] == 0)].iloc[0]
    assert (typical["tumour_end"], typical["tumour_lowest"], typical["tumour_highest"]) == (course.iloc[-1], course.min(), course.max())
    assert each[arm]["tumour_end"].nunique() == 6
    assert "animals_MOA-12c" not in answered[1].tables
    curves = answered[1].tables["curves"]
    assert set(curves["figure"]) >= {"BODY-best", "BODY-alive"}


def test_numbers_of_the_animal_know_their_statement(answered: tuple[Path, Answered]) -> None:
    library, _ = answered
    references = read_references(library / "references.bib")
    claims = read_claims(library, read_facts(library, references), references)
    found = {(p.table, p.key, p.id): p for p in passports(library, claims)}
    assert "MOA-06a" in found["body_drugs.tsv", "imlunestrant", "CL"].claims
    assert found["body_drugs.tsv", "imlunestrant", "CL"].iiv == 0.09


def test_an_ablation_that_the_model_does_not_have_cannot_be_named(tmp_path: Path) -> None:
    library = library_with(tmp_path, "degradation_off")
    with pytest.raises(ClaimError, match=r'"degradation_off" changes what the model of the experiment does not have; expected killing_off'):
        build_answer(library=library, draws=1, only=["MOA-06a"], workers=1)


def test_an_ablation_that_no_model_has_is_refused(tmp_path: Path) -> None:
    library = library_with(tmp_path)
    edit(library, "ablations.yaml", "set: {kill: 0}", "set: {kil: 0}")
    with pytest.raises(ClaimError, match='the ablation names "kil", which the model does not have'):
        build_answer(library=library, draws=1, only=["MOA-06a"], workers=1)


def test_the_page_shows_figures_of_animals(tmp_path: Path) -> None:
    shown = answer_moa(library=library_with(tmp_path), draws=2, only=["MOA-06a"], workers=1)
    assert "Bars: 5 simulated animals of each arm" in shown.page and "animals at risk, median of the draws" in shown.page
    assert {"BODY-best", "BODY-best-narrow", "BODY-alive"} <= set(shown.figures)
