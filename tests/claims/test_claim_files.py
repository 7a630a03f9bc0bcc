"""The shipped claims are complete; a claim that names what does not exist is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from library_cases import copied, edit, set_cell
from serdsim.analysis.ablation import read_ablations
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.fits import read_fits, rows_behind
from serdsim.claims.judge import data_role
from serdsim.claims.read import read_claim, read_claims
from serdsim.errors import ClaimError, InputError, ReferenceError_
from serdsim.evidence.answer import build_answer
from serdsim.experiments.protocol import read_experiment
from serdsim.model.library import load
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references, require

LIBRARY = shipped_library()
STATEMENTS = [
    *("MOA-01", "MOA-02a", "MOA-02b", "MOA-03", "MOA-04", "MOA-05", "MOA-06a", "MOA-06b", "MOA-06c", "MOA-06d", "MOA-07a", "MOA-07b"),
    *("MOA-08a", "MOA-08b", "MOA-08c", "MOA-09", "MOA-10", "MOA-11", "MOA-12a", "MOA-12b", "MOA-12c", "MOA-12d", "MOA-13"),
]
PAGE_REFERENCES = ["10.1158/1538-7445.AM2021-1236", "", "10.1016/j.esmoop.2023.101265", "", "10.1016/j.pharmthera.2017.12.012"]
PAGE_REFERENCES += ["10.1158/1078-0432.ccr-13-2332", "10.1016/j.cellsig.2017.03.011"]


@pytest.fixture(scope="module")
def references():
    return read_references(LIBRARY / "references.bib")


@pytest.fixture(scope="module")
def claims(references):
    return read_claims(LIBRARY, read_facts(LIBRARY, references), references)


def test_every_statement_of_the_page_has_a_claim_in_its_order(claims):
    assert [claim.statement.id for claim in claims] == STATEMENTS


def test_every_citation_resolves_and_all_references_of_the_page_are_cited(claims, references):
    keys = dict.fromkeys(citation.key for claim in claims for citation in claim.statement.citations)
    cited = {reference.doi.lower() for reference in require(keys, references)}
    assert {doi.lower() for doi in PAGE_REFERENCES} <= cited
    assert {citation.directness for claim in claims for citation in claim.statement.citations} <= {"direct", "indirect"}


def test_a_tested_statement_has_controls_and_numbers_and_the_others_say_why_not(claims):
    tested = [claim for claim in claims if claim.experiment is not None]
    assert {"MOA-01", "MOA-02a"} <= {claim.statement.id for claim in tested}
    for claim in claims:
        if claim.links:
            assert not claim.parts and claim.statement.limits and any(link in tested for link in claim.links)
        elif claim in tested:
            assert claim.parts and len(claim.controls) >= 2 and claim.statement.evidence and claim.statement.limits
        else:
            assert claim.statement.why and claim.statement.margin is None


def test_no_claim_is_past_its_review_when_it_was_written(claims):
    assert all(claim.statement.as_of < claim.statement.review_by for claim in claims)


def test_ablations_that_only_restate_a_claim_are_not_its_named_one(claims):
    restated = {ablation.id: set(ablation.restates) for ablation in read_ablations(LIBRARY)}
    for claim in claims:
        if claim.experiment is not None and claim.statement.named_ablation is not None:
            assert claim.statement.id not in restated[claim.statement.named_ablation]


def role_of(library: Path, id: str) -> str:
    """Return the data role of a claim as a run that passes in half of the draws would see it."""
    references = read_references(library / "references.bib")
    facts = read_facts(library, references)
    claim = read_claim(library / "claims" / f"{id}.yaml", library, facts, references)
    series = claim.experiment.series.values()
    models = [load(claim.experiment.model, library=library, drug=s.drug, genotype=s.genotype) for s in series]
    entries = [entry for model in models for entry in model.evidence.values()]
    driving = [e for e in entries if e.row.split(".")[0] in claim.statement.driving and e.distribution != "fixed"]
    used = rows_behind(entries, read_fits(library, facts))
    return data_role(claim.statement.evidence, facts, used, driving, 0.5, 0.5)


@pytest.mark.parametrize("id", ["MOA-01", "MOA-02a"])
def test_planting_a_held_out_row_in_a_number_makes_the_claim_calibrated(tmp_path, claims, id):
    library, facts = copied(tmp_path), read_facts()
    (claim,) = [claim for claim in claims if claim.statement.id == id]
    for row in claim.statement.evidence:
        assert facts[row].role == "validate"
        assert role_of(library, id) != "calibrated-on"
        set_cell(library, "drugs.tsv", ("imlunestrant", "k_deg_nuc"), "locator", f"centre taken from {row}")
        assert role_of(library, id) == "calibrated-on"
        set_cell(library, "drugs.tsv", ("imlunestrant", "k_deg_nuc"), "locator", "")


@pytest.mark.parametrize("id", ["MOA-01", "MOA-02a"])
def test_planting_a_held_out_row_in_the_fit_is_an_error_and_with_another_role_makes_the_claim_calibrated(tmp_path, claims, id):
    library = copied(tmp_path)
    row, path = next(c.statement.evidence[0] for c in claims if c.statement.id == id), library / "problems" / "cell" / "sources.tsv"
    path.write_text(path.read_text(encoding="utf-8").replace("\tB008;", f"\tB008;{row};", 1), encoding="utf-8")
    with pytest.raises(ClaimError, match=f'{row}: the row has the role "validate"; expected "calibrate"'):
        role_of(library, id)
    set_cell(library, "evidence.tsv", (row,), "role", "calibrate")
    assert role_of(library, id) == "calibrated-on"


def test_an_assumed_input_stops_being_one_when_one_driving_number_is_measured(tmp_path):
    library = copied(tmp_path)
    assert role_of(library, "MOA-01") == "assumed input"
    line = set_cell(library, "drugs.tsv", ("imlunestrant", "Kd"), "grade", "primary")
    set_cell(library, "drugs.tsv", ("imlunestrant", "Kd"), "source", "Rich2002")
    assert line > 1
    assert role_of(library, "MOA-01") == "prediction only"


def write(library: Path, id: str, change: dict[str, object]) -> None:
    path = library / "claims" / f"{id}.yaml"
    record = yaml.safe_load(path.read_text(encoding="utf-8")) | change
    path.write_text(yaml.safe_dump({k: v for k, v in record.items() if v != "REMOVED"}, allow_unicode=True), encoding="utf-8")


BROKEN = {
    "a field that is missing": ({"scope": "REMOVED"}, "scope: the field is missing", "MOA-01.yaml"),
    "a field that is not known": ({"verdict": "supported"}, "verdict: the field is not known", "one of id, page"),
    "another id than its file": ({"id": "MOA-99"}, 'the file says "MOA-99"', "MOA-01"),
    "an unknown state": ({"state": "proved"}, 'the state "proved" is not known', "tested, not_yet_tested, not_testable"),
    "no reference": ({"citations": []}, "a statement without a reference", "references.bib"),
    "a citation without its locator": ({"citations": [{"key": "Bhagwat2021"}]}, "a citation lacks locator", "key, locator"),
    "an unknown evidence row": ({"evidence": ["P0059"]}, "P0059: no such row in evidence.tsv", "P059"),
    "evidence that is no list": ({"evidence": None}, "evidence: this is not a list", "a list"),
    "a margin in words": ({"margin": "half"}, 'margin: "half" is not a number', "a number, or null"),
    "a margin that is not finite": ({"margin": float("nan")}, 'margin: "nan" is not a number', "a number, or null"),
    "a test without its experiment": ({"experiment": None}, "a tested statement without an experiment", "experiments/"),
    "an experiment that does not exist": ({"experiment": "MOA-77"}, "there is no such file", "a YAML record"),
    "primary parts that do not exist": ({"primary": ["left"]}, "primary parts that exist", "left_WT"),
    "no controls": ({"controls": []}, "needs parts, controls", "left_WT"),
    "another margin than its parts": ({"margin": 40.0}, "margin", "40"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_claim_is_refused_with_file_and_expectation(tmp_path, references, name):
    change, problem, expected = BROKEN[name]
    library = copied(tmp_path)
    write(library, "MOA-01", change)
    with pytest.raises(ClaimError) as caught:
        read_claim(library / "claims" / "MOA-01.yaml", library, read_facts(library), references)
    message = str(caught.value)
    assert "MOA-" in message and problem in message and expected in message
    assert caught.value.exit_status == 2


def test_an_unknown_citation_is_refused_with_its_neighbours(tmp_path, references):
    library = copied(tmp_path)
    write(library, "MOA-05", {"citations": [{"key": "Bhagwat2012", "locator": "", "directness": "direct", "quality": ""}]})
    with pytest.raises(ReferenceError_, match=r'MOA-05.yaml:\d+  citations: the reference "Bhagwat2012" is unknown'):
        read_claim(library / "claims" / "MOA-05.yaml", library, read_facts(library), references)


TOGETHER = {
    "an ablation of an unknown quantity": (
        ("ablations.yaml", "set: {k_deg_nuc_drug: k_deg_nuc_apo}", "set: {k_deg_nuc_drg: k_deg_nuc_apo}"),
        'ablations.yaml  nuclear_degradation_off: the ablation names "k_deg_nuc_drg", which the model does not have',
        "k_deg_nuc_drug",
    ),
    "an ablation that takes an unknown quantity": (
        ("ablations.yaml", '"4-hydroxytamoxifen: af1_drug"', '"4-hydroxytamoxifen: af2_drug"'),
        'ablations.yaml  af1_silencing_off: the ablation names "af2_drug"',
        "af1_drug",
    ),
    "an ablation that sets a negative value": (
        ("ablations.yaml", "set: {pref_drug: pref_E2}", "set: {pref_drug: -1}"),
        'set, pref_drug: this is "-1"',
        "ablations.yaml",
    ),
    "an ablation that restates no statement": (
        ("ablations.yaml", "restates:\n    MOA-01: without", "restates:\n    MOA-01x: without"),
        'ablations.yaml  degradation_off: restates "MOA-01x", which is no statement',
        "MOA-01",
    ),
}
NAMED = {
    "a claim that names no ablation": (
        {"named_ablation": "nuclear_off"},
        'named_ablation: there is no ablation "nuclear_off"',
        "one of degradation_off, antagonism_off",
    ),
    "a claim driven by no number": (
        {"driving": ["imlunestrat"]},
        'driving: no number of the model belongs to "imlunestrat"',
        "expected imlunestrant",
    ),
    "a claim that nothing drives": ({"driving": []}, "driving: nothing drives the outcome", "the drug whose rows"),
}


@pytest.mark.parametrize("name", NAMED)
def test_what_a_claim_names_must_exist_before_anything_runs(tmp_path, name):
    change, problem, expected = NAMED[name]
    library = copied(tmp_path)
    write(library, "MOA-01", change)
    with pytest.raises(ClaimError) as caught:
        build_answer(library=library, draws=10**6, only=["MOA-01"])
    assert "MOA-01.yaml" in str(caught.value) and problem in str(caught.value) and expected in str(caught.value)


@pytest.mark.parametrize("name", TOGETHER)
def test_what_ablations_name_must_exist_before_anything_runs(tmp_path, name):
    place, problem, expected = TOGETHER[name]
    library = copied(tmp_path)
    edit(library, *place)
    with pytest.raises(ClaimError) as caught:
        build_answer(library=library, draws=10**6, only=["MOA-01"])
    assert problem in str(caught.value) and expected in str(caught.value)


EXPERIMENTS = {
    "a drug dose in hours": ("concentrations: [1000 nM], set", "concentrations: [1000 h], set", '"1000 h"', "of the kind of nM"),
    "a dose without unit": ("concentrations: [1000 nM], set", "concentrations: [1000], set", '"1000"', "a number and a unit"),
    "a negative dose": ("concentrations: [1000 nM], set", "concentrations: [-1 nM], set", '"-1 nM"', "zero or more"),
    "a dose that is not a number": ("concentrations: [1000 nM], set", "concentrations: [nan nM], set", '"nan nM"', "zero or more"),
    "no dose": ("concentrations: [1000 nM], set", "concentrations: [], set", "do not rise", "each once"),
    "doses that do not rise": ("concentrations: [1000 nM], set", "concentrations: [10 nM, 10 nM], set", "do not rise", "each once"),
    "a setting that is not finite": ("set: {proteasome_block: 0.95}", "set: {proteasome_block: .nan}", '"nan"', "zero or more"),
    "a setting in words": ("1000 nM], set: {proteasome_block: 0.95}", "1000 nM], set: {proteasome_block: much}", '"much"', "a number"),
    "a negative setting": ("1000 nM], set: {proteasome_block: 0.95}", "1000 nM], set: {proteasome_block: -1}", '"-1"', "zero or more"),
    "likenesses that are no mapping": ("1000 nM], set: {proteasome_block: 0.95}", "1000 nM], like: 3", 'like is "3"', "names of the model"),
    "settings that are no mapping": ("1000 nM], set: {proteasome_block: 0.95}", "1000 nM], set: 3", 'set is "3"', "names of the model"),
    "a series given twice": ("id: chase_fulvestrant, drug", "id: chase_free, drug", "chase_free: a series is given twice", "Rename"),
    "no step between observations": ("every: 1 h", "every: 0 h", "observations every 0 h", "a whole number of steps"),
    "steps that miss the end": ("every: 1 h", "every: 7 h", "observations every 7 h in 24 h", "a whole number of steps"),
    "a field that is missing": ("pre_run: 96 h\n", "", "lacks pre_run", "id, title, model"),
    "yaml that does not close": ("outputs: [er_total]", "outputs: [er_total", "not well-formed YAML", "MOA-01.yaml:"),
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_broken_experiment_is_refused_with_file_and_expectation(tmp_path, name):
    old, new, problem, expected = EXPERIMENTS[name]
    library = copied(tmp_path)
    edit(library, "experiments/MOA-01.yaml", old, new)
    with pytest.raises(InputError) as caught:
        read_experiment(library / "experiments" / "MOA-01.yaml")
    message = str(caught.value)
    assert "MOA-01.yaml:" in message or "lacks" in problem
    assert "MOA-01.yaml" in message and problem in message and expected in message


FIGURES = {
    "an unknown series": ("{series: proteasome_blocked, label", "{series: proteasom, label", 'no series "proteasom"', "proteasome_blocked"),
    "an unknown evidence row": ("{row: P072,", "{row: P0072,", "P0072: no such row in evidence.tsv", "P072"),
    "a time that is not observed": ("until: 12 h", "until: 12.5 h", "does not observe 12.5 h", "0 to 24 h"),
    "a kind that cannot be drawn": (
        "title: How fast does it go?\n    kind: time",
        "title: How fast does it go?\n    kind: dose",
        "dose relative to start",
        "time relative to start",
    ),
    "a caption that is missing": (
        "    caption: MCF7 cells, wild type, no oestradiol",
        "    words: MCF7",
        "the figure lacks caption",
        "id, title",
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_that_names_what_the_experiment_has_not_is_refused_before_anything_runs(tmp_path, references, name):
    old, new, problem, expected = FIGURES[name]
    library = copied(tmp_path)
    edit(library, "experiments/MOA-01.yaml", old, new)
    with pytest.raises(ClaimError) as caught:
        read_claim(library / "claims" / "MOA-01.yaml", library, read_facts(library), references)
    message = str(caught.value)
    assert "MOA-01.yaml:" in message and problem in message and expected in message


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("proteasome_block: 0.95}", "proteasome_blok: 0.95}", '"proteasome_blok" cannot be set'),
        ("outputs: [er_total]", "outputs: [er_total, er_totl]", "er_totl: the model has no such output"),
        ("set: {proteasome_block: 0.95}", "like: {k_deg_cyt_drug: k_deg_apo}", '"k_deg_apo" is named by like'),
    ],
)
def test_an_experiment_that_names_what_the_model_has_not_is_refused(tmp_path, old, new, problem):
    library = copied(tmp_path)
    edit(library, "experiments/MOA-01.yaml", old, new)
    with pytest.raises(ClaimError) as caught:
        build_answer(library=library, draws=1, only=["MOA-01"])
    assert problem in str(caught.value) and "MOA-01.yaml" in str(caught.value)
