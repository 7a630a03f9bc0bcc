"""Clones of a tumour: what is a clone's own carries its suffix, every other number is shared, and recipes that say it badly are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from library_cases import copied, edit
from serdsim.errors import InputError
from serdsim.model.clones import Clones, own_names, shared_id, with_suffix
from serdsim.model.library import load
from serdsim.model.recipe import read_recipe, shipped_library

FRAGMENT = """// a cell with x
k has per_h;  f has dimensionless;
species x in cell, $b in cell;  x has nM;  b has nM;
make: -> x; k * f * cell;
y := 2 * x;  y has nM;
z' = k * (y - z);  z has nM;
xx has nM;
"""


def test_species_rules_and_reactions_are_a_clones_own_and_numbers_only_where_they_are_named() -> None:
    assert own_names([FRAGMENT], ()) == {"x", "b", "make", "y", "z"}
    assert own_names([FRAGMENT], ("f",)) == {"x", "b", "make", "y", "z", "f"}
    assert own_names([FRAGMENT, "w := y;"], ()) == {"x", "b", "make", "y", "z", "w"}


def test_the_suffix_goes_to_whole_words_and_no_line_moves() -> None:
    text = with_suffix(FRAGMENT, own_names([FRAGMENT], ("f",)), "_c1")
    assert [line.count("_c1") for line in text.splitlines()] == [1, 1, 4, 3, 3, 4, 0]  # the first line is a comment that says x
    assert "make_c1: -> x_c1; k * f_c1 * cell;" in text and "z_c1' = k * (y_c1 - z_c1);" in text and "xx has nM" in text


def test_a_quantity_of_a_clone_is_looked_up_without_its_suffix() -> None:
    clones = Clones((("_c1", ()), ("_c2", ())), ("f",))
    assert [shared_id(id, clones) for id in ("x_c1", "x_c2", "x", "x_c3", "x_c12")] == ["x", "x", "x", "x_c3", "x_c12"]
    assert shared_id("x_c1", None) == "x_c1"


def test_a_patient_has_each_clone_whole_and_every_shared_number_once() -> None:
    model, clones = load("patient", genotype="Y537S"), read_recipe("patient", shipped_library()).clones
    assert clones is not None
    texts = {path.name: path.read_text(encoding="utf-8") for path in clones.fragments}
    own = own_names(list(texts.values()), clones.own)
    ids = {*model.compartments, *model.species, *model.parameters}
    for suffix, paths in clones.each:
        mine = own_names([texts[path.name] for path in paths], ()) - {reaction.removesuffix(suffix) for reaction in model.reactions}
        assert mine and {id + suffix for id in mine} <= ids
    assert not own & ids, "a clone's own quantity stands there without a suffix"
    assert {"k_syn_er", "Kd_drug", "k_deg_nuc_drug", "cycle_speed", "PI3K_inhibition"} <= ids
    assert not {id for id in ids if id.startswith(("k_syn_er_", "k_deg_nuc_drug_"))}


def test_a_clones_quantity_stands_in_the_line_of_its_fragment() -> None:
    """So that an error in a fragment leads to the line, whichever clone was read."""
    model = load("patient")
    lines = (shipped_library() / "models" / "cell" / "transcription.ant").read_text(encoding="utf-8").splitlines()
    places = {model.parameters[f"PR{suffix}"].place for suffix in ("_c1", "_c2")}
    assert {place.file for place in places} == {"transcription.ant"}
    (line,) = {place.line for place in places}
    assert line is not None and "PR" in lines[line - 1]


def test_each_clone_has_the_numbers_of_its_genotype_and_the_others_are_drawn_from_one_row() -> None:
    model = load("patient", genotype="Y537S")
    rows = {id: model.evidence[id].row for id in ("f_mutant_c1", "f_mutant_c2", "pose_M_c1", "pose_M_c2", "PR_c1", "PR_c2")}
    assert (rows["f_mutant_c1"], rows["f_mutant_c2"]) == ("Y537S.f_mutant", "WT.f_mutant")
    assert (rows["pose_M_c1"], rows["pose_M_c2"]) == ("Y537S.pose", "WT.pose")
    assert rows["PR_c1"] == rows["PR_c2"]


BROKEN = {
    "no own": ("  own: [f_mutant, pose_M", "  mine: [f_mutant, pose_M", "own is missing"),
    "no fragments": ("clones:\n  fragments:", "clones:\n  parts:", "fragments is missing"),
    "a fragment that is not there": ("_c2: [cell/receptor, cell/receptor_wild,", "_c2: [cell/receptor, cell/receptor_wld,", "receptor_wld"),
    "an own number left out": ("own: [f_mutant, pose_M,", "own: [f_mutant,", "pose_M"),
    "plating of a clone that is not there": ("[quiescent_c1, g1_c1,", "[quiescent_c3, g1_c1,", "quiescent_c3"),
    "a share that is not there": ("share: share_c1}", "share: share_c9}", "share_c9"),
    "a rest that is not the last": ("share: share_resistant}", "share: rest}", "rest is not the last"),
    "a number above zero that is not there": ("above_zero: [n_cells,", "above_zero: [n_cels,", "n_cels"),
    "a group without a share": ("share: share_c1}", "part: share_c1}", "share is missing"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_recipe_that_says_clones_or_groups_badly_is_refused(tmp_path: Path, name: str) -> None:
    old, new, said = BROKEN[name]
    library = copied(tmp_path)
    edit(library, "models/patient.yaml", old, new)
    with pytest.raises(InputError, match=said):
        load("patient", library=library)


def test_a_number_that_differs_from_clone_to_clone_may_come_from_one_row(tmp_path: Path) -> None:
    library = copied(tmp_path)
    edit(library, "models/patient.yaml", "own: [f_mutant,", "own: [k_syn_er, f_mutant,")
    model = load("patient", library=library)
    assert model.evidence["k_syn_er_c1"].row == model.evidence["k_syn_er_c2"].row == load("patient").evidence["k_syn_er"].row
    assert "k_syn_er" not in model.parameters
