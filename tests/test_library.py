"""Every number of the library says where it comes from; no number hides in a formula or in code; units fit."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

import serdsim
from library_cases import copied, edit, set_cell
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.fits import read_fits
from serdsim.cli import main
from serdsim.model.antimony import antimony_to_sbml, join_fragments
from serdsim.model.digest import model_digest
from serdsim.model.entities import Evidence, Model
from serdsim.model.library import COLUMNS, load
from serdsim.model.recipe import choices, read_recipe, shipped_library, shipped_models, takers
from serdsim.model.unit_check import check_units, libsbml_opinion
from serdsim.references import read_references
from serdsim.tables import Column, Row, read_table
from serdsim.units import parse_unit

LIBRARY = shipped_library()
TABLES = {"parameters.tsv": None, "drugs.tsv": "drug", "genotypes.tsv": "genotype", "cell_lines.tsv": "cell_line"} | {
    "pk_common.tsv": None, "pk_hosts.tsv": "host", "pk_human.tsv": "drug", "pk_mouse.tsv": "drug"
} | {"hosts.tsv": "host", "tissue.tsv": "drug", "tolerability.tsv": "drug"}  # fmt: skip
GENOTYPES = choices(LIBRARY, "genotypes.tsv", "genotype")
MODELS = [
    (name, ((slot, drug), *((("genotype", genotype),) if genotype else ())))
    for name in shipped_models(LIBRARY)
    for slot in ("drug", "partner")
    for drug in takers(name, slot, LIBRARY)
    if drug != "estradiol"
    for genotype in (GENOTYPES if "genotype" in read_recipe(name, LIBRARY).defaults else ("",))
]
FRAGMENTS = sorted((LIBRARY / "models").rglob("*.ant"))


def rows(table: str) -> list[Row]:
    key = TABLES[table]
    return read_table(LIBRARY / table, [*([Column(key)] if key else []), *COLUMNS])


EVERY = [(table, row) for table in TABLES for row in rows(table)]


def numbers_of(model: Model) -> dict[str, Evidence]:
    """Return the evidence of each quantity that needs a number, and no other."""
    ruled = {rule.target for rule in model.rules if rule.kind != "rate"}
    needed = [id for table in (model.compartments, model.species, model.parameters) for id in table if id not in ruled]
    assert set(needed) == set(model.evidence)
    return dict(model.evidence)


@pytest.mark.parametrize(("name", "selected"), MODELS)
def test_all_numbers_of_a_model_have_unit_grade_origin_and_distribution(name, selected):
    model = load(name, **dict(selected))
    for id, entry in numbers_of(model).items():
        quantity = model.quantity(id)
        assert quantity.value is not None and quantity.value >= 0, id
        parse_unit(quantity.unit or "")
        assert entry.grade in ("primary", "secondary", "derived", "fitted", "recalled", "assumption"), id
        assert entry.source, id
        assert entry.distribution == "fixed" or (entry.prior or 0.0) > 0, id
        assert entry.table and entry.line and entry.row, id


def test_the_library_holds_the_first_drugs_genotypes_and_cells():
    assert {"estradiol", "4-hydroxytamoxifen", "fulvestrant", "imlunestrant"} <= set(choices(LIBRARY, "drugs.tsv", "drug"))
    assert {"WT", "Y537S", "D538G"} <= set(GENOTYPES)
    assert "MCF7" in choices(LIBRARY, "cell_lines.tsv", "cell_line")


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=[path.name for path in FRAGMENTS])
def test_a_fragment_holds_structural_literals_only(fragment):
    """0 to 4 (counts, whole powers, the root of a quadratic, a ball); anything else belongs in a table. Units define themselves."""
    text = re.sub(r"//.*", "", fragment.read_text(encoding="utf-8"))
    statements = [part for part in re.split(r"[;\n]", text) if part.strip() and not part.strip().startswith("unit ")]
    literals = {word for part in statements for word in re.findall(r"(?<![\w.])\d+(?:\.\d*)?(?:[eE][-+]?\d+)?", part)}
    assert literals <= {"0", "1", "2", "3", "4"}
    assert not [part for part in statements if re.match(r"\s*\w+\s*=\s*[-\d.]", part)]


def test_whole_powers_of_the_cell_cycle_are_those_of_the_table():
    """They stand in the formulas because a whole power is cheap; the rows say where they come from, the first prototype takes them."""
    text = (LIBRARY / "models" / "cell" / "g1s.ant").read_text(encoding="utf-8")
    powers = {row.text("id"): row.number("value") for row in rows("parameters.tsv") if row.text("id") in ("h_drive", "h_ppRb")}
    written = {"h_drive": r"\(drive / K_drive\)\^(\w+)", "h_ppRb": r"\(ppRb / K_ppRb\)\^(\w+)"}
    assert {id: {float(power) for power in re.findall(law, text)} for id, law in written.items()} == {id: {n} for id, n in powers.items()}


def test_no_number_of_biology_stands_in_the_code():
    """Where experiments, claims and ablations are computed, a float literal is a tolerance, a quantile or a share."""
    allowed = {0.0, 1e-5, 0.001, 0.05, 0.1, 0.25, 0.3, 0.4, 0.5, 0.75, 0.90, 0.95, 1.0, 2.0, 10.0, 100.0}
    root = Path(serdsim.__file__).parent
    files = [path for room in ("experiments", "claims", "analysis", "evidence") for path in sorted((root / room).glob("*.py"))]
    files.append(root / "simulation" / "draws.py")
    assert len(files) > 15
    found = []
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value not in allowed and node.value > 1e-6:
                found.append(f"{path.name}:{node.lineno} {node.value}")
    assert found == []


def test_a_fitted_number_names_rows_that_may_be_fitted_and_that_the_problem_lists():
    facts = read_facts(LIBRARY)
    folders = sorted(path.parent.name for path in (LIBRARY / "problems").glob("*/sources.tsv"))
    fits = dict(zip(folders, read_fits(LIBRARY, facts), strict=True))
    hosts = {"pk", "window", "xenograft"}
    assert set(fits) == {"cell", *hosts}
    written = {"cell": "verification/take_fit.py"} | {name: f"verification/take_host_fit.py ({name})" for name in hosts}
    seen = set()
    for name, fit in fits.items():
        listed = {id.split(".")[0] if id.startswith("D") else id for id in fit.evidence} | set(fit.evidence)
        by_the_fit = {(table, row.line): row for table, row in EVERY if written[name] in row.text("note")}
        assert not seen & set(by_the_fit)
        seen |= set(by_the_fit)
        for row in by_the_fit.values():
            # a number that the rows did not move stays an assumption, and still names them: a hand-set number counts as fitted
            assert row.text("grade") in {"fitted", "assumption"}
            assert {word.strip() for word in row.text("locator").split(";")} <= listed, row
        assert {name_of(table, row) for (table, _), row in by_the_fit.items()} == fit.filled | alike(by_the_fit, fit.filled)
    assert {(table, row.line) for table, row in EVERY if row.text("grade") == "fitted"} <= seen
    assert len(fits["cell"].filled) > 40


def name_of(table: str, row: Row) -> str:
    """Return what models call a row."""
    return f"{row.text(str(TABLES[table]))}.{row.text('id')}" if TABLES[table] else row.text("id")


def alike(filled: dict[tuple[str, int], Row], by_the_fit: frozenset[str]) -> set[str]:
    """Return rows that take the number of a fitted one whole: a stain in mice, the second stage of absorption of fulvestrant."""
    human = {row.text("id"): row for (table, _), row in filled.items() if table == "hosts.tsv" and row.text("host") == "human"}
    mouse = [row for (table, _), row in filled.items() if table == "hosts.tsv" and row.text("host") == "mouse"]
    taken = {id for row in mouse if (id := f"mouse.{row.text('id')}") not in by_the_fit}
    for row in mouse:
        if f"mouse.{row.text('id')}" in taken:
            assert dict(row.values) == dict(human[row.text("id")].values) | {"host": "mouse"}
    own = {f"{row.text('drug')}.{row.text('id')}": row for (table, _), row in filled.items() if table == "pk_human.tsv"}
    if (equal := own.get("fulvestrant.ktr")) is not None:
        taken |= {"fulvestrant.ktr"}
        assert dict(equal.values) | {"id": "ka", "iiv": None} == dict(own["fulvestrant.ka"].values) | {"iiv": None}
    return taken


def test_imlunestrants_own_numbers_are_assumptions():
    own = [row for table, row in EVERY if table == "drugs.tsv" and row.text("drug") == "imlunestrant"]
    assert len(own) > 10
    assert {row.text("grade") for row in own} == {"assumption"}


def test_no_number_names_a_row_that_is_kept_for_validation_or_is_a_gap():
    facts = read_facts(LIBRARY)
    kept = {id.split(".")[0]: found.role for id, found in facts.items() if found.role in ("validate", "gap")}
    assert kept
    for table, row in EVERY:
        for column in ("locator", "note", "assay", "source"):
            for id in re.findall(r"\b[A-Z]\d{3}\b", row.text(column)):
                assert id not in kept, f"{table}:{row.line} names {id}, {kept[id]}"


def test_a_row_that_may_only_centre_a_prior_is_never_graded_as_a_measurement():
    facts = read_facts(LIBRARY)
    prior = {id.split(".")[0] for id, found in facts.items() if found.role == "prior"}
    named = [row for _, row in EVERY if set(re.findall(r"\b[A-Z]\d{3}\b", row.text("locator"))) & prior]
    assert named
    assert {row.text("grade") for row in named} <= {"recalled", "assumption"}
    calls = [row for row in named if row.number("value") in (0.0, 1.0)]  # a gene is there or lost: nothing to be wide about
    assert {row.text("distribution") for row in named if row not in calls} <= {"lognormal", "logitnormal"}


def test_every_source_is_in_the_bibliography():
    known = read_references(LIBRARY / "references.bib")
    sources = {key.strip() for _, row in EVERY for key in row.text("source").split(";") if key.strip()}
    assert len(sources) > 10
    assert sources <= set(known)


@pytest.mark.parametrize(("name", "selected"), MODELS)
def test_units_of_every_model_fit(name, selected):
    assert check_units(load(name, **dict(selected))) == []


@pytest.mark.parametrize("name", shipped_models(LIBRARY))
def test_libsbml_finds_nothing_against_the_units(name):
    recipe = read_recipe(name, LIBRARY)
    assert libsbml_opinion(antimony_to_sbml(join_fragments(recipe.fragments, recipe.id, recipe.clones))) == []


CHANGES = {
    "a value": lambda library: set_cell(library, "drugs.tsv", ("imlunestrant", "Kd"), "value", "0.31"),
    "the width of a prior": lambda library: set_cell(library, "drugs.tsv", ("imlunestrant", "Kd"), "prior", "0.51"),
    "a distribution": lambda library: set_cell(library, "drugs.tsv", ("imlunestrant", "Kd"), "distribution", "fixed"),
    "a law": lambda library: edit(
        library,
        "models/cell/receptor.ant",
        "deg_cyt_apo_W: er_cyt_apo_W -> ; k_deg_cyt_apo",
        "deg_cyt_apo_W: er_cyt_apo_W -> ; 2 * k_deg_cyt_apo",
    ),
    "a rule": lambda library: edit(
        library, "models/cell/transcription.ant", "PR' = k_PR * mPGR - k_PR * PR", "PR' = k_PR * mPGR - 2 * k_PR * PR"
    ),
    "a participant": lambda library: edit(
        library, "models/cell/receptor.ant", "deg_cyt_E2_W: er_cyt_E2_W -> E2_cell;", "deg_cyt_E2_W: er_cyt_E2_W -> ;"
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_digest_changes_with_what_the_model_says(tmp_path, name):
    library = copied(tmp_path)
    before = model_digest(load("cell", library=library))
    assert before == model_digest(load("cell")) == model_digest(load("cell", library=library))
    CHANGES[name](library)
    assert model_digest(load("cell", library=library)) != before


def test_the_digest_does_not_change_with_a_note_or_a_comment(tmp_path):
    library = copied(tmp_path)
    before = model_digest(load("cell", library=library))
    set_cell(library, "drugs.tsv", ("imlunestrant", "Kd"), "note", "said otherwise")
    path = library / "models" / "cell" / "receptor.ant"
    path.write_text("// a word\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert model_digest(load("cell", library=library)) == before


def test_a_changed_file_of_the_same_size_is_read_again(tmp_path):
    """No result of an earlier reading is shown, however fast the file changed."""
    library = copied(tmp_path)
    for value in ("0.31", "0.32", "0.33", "0.34"):
        set_cell(library, "drugs.tsv", ("imlunestrant", "Kd"), "value", value)
        assert load("cell", library=library).quantity("Kd_drug").value == float(value)


@pytest.mark.parametrize(
    ("old", "new"),
    [("k_deg_cyt_apo * (1 - proteasome_block) * er_cyt_apo_W * cell", "k_deg_cyt_apo * (1 - K_proteasome) * er_cyt_apo_W * cell")],
)
def test_libsbml_sees_an_error_behind_a_literal(tmp_path, old, new):
    """Left alone it stops at the first bare number of a formula and says nothing about the rest."""
    library = copied(tmp_path)
    edit(library, "models/cell/receptor.ant", old, new)
    recipe = read_recipe("cell", library)
    opinion = libsbml_opinion(antimony_to_sbml(join_fragments(recipe.fragments, recipe.id)))
    assert any("10501" in issue.problem for issue in opinion)


def test_models_of_one_recipe_differ_in_numbers_only():
    first = load("cell", drug="fulvestrant", genotype="WT")
    for _, selected in (entry for entry in MODELS if entry[0] == "cell"):
        other = load("cell", **dict(selected))
        assert (other.reactions, other.rules, other.events) == (first.reactions, first.rules, first.events)


@pytest.mark.parametrize("command", ["simulate cell", "simulate cel", "check cell", 'simulate dish "imlunestrant 100 nM once"'])
def test_a_library_without_models_says_so(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    assert main([*shlex.split(command), "--library", str(tmp_path)]) == 2
    said = "the library has no models; expected a recipe for each model, such as cell.yaml.\nCheck the folder of the library\n"
    assert capsys.readouterr().err == f"ModelError: {tmp_path / 'models'}  {said}"
    assert list(tmp_path.iterdir()) == []
