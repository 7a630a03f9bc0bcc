"""Numbers that were fitted together are drawn together, and a table that cannot be meant is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from serdsim.errors import TableError
from serdsim.model.correlations import joined, mixtures_of
from serdsim.model.library import load
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws, Marginal, drawn, given_values, quantile

HEAD = "first\tsecond\tvalue\tunit\tgrade\tsource\tnote\n"
REST = "\tdimensionless\tfitted\tSerdsim2026\tby hand\n"


def table(folder: Path, *pairs: tuple[str, str, float]) -> Path:
    path = folder / "correlations.tsv"
    path.write_text(HEAD + "".join(f"{a}\t{b}\t{value}{REST}" for a, b, value in pairs), encoding="utf-8")
    return path


def test_two_rows_share_their_normals_by_the_correlation(tmp_path):
    """By hand: with correlation 0.8 the second is 0.8 of the first and 0.6 of its own."""
    found = mixtures_of(table(tmp_path, ("a", "b", 0.8)))
    assert found["a"] == (("a", 1.0),)
    assert found["b"] == (("a", pytest.approx(0.8)), ("b", pytest.approx(0.6)))


def test_draws_have_the_correlation_and_keep_their_widths(tmp_path):
    mixture = mixtures_of(table(tmp_path, ("a", "b", -0.9), ("b", "c", 0.5), ("a", "c", -0.3)))
    marginals = [Marginal(2.0, "lognormal", 0.3, row=name, mixture=mixture[name]) for name in "abc"]
    logs = np.log10(drawn(marginals, Draws(20_000, 7)))
    assert np.std(logs, axis=1) == pytest.approx(0.3, rel=0.03)
    assert np.corrcoef(logs) == pytest.approx(np.array([[1.0, -0.9, -0.3], [-0.9, 1.0, 0.5], [-0.3, 0.5, 1.0]]), abs=0.02)
    # what lies below a quantile does not depend on the others
    assert np.mean(logs[1] < np.log10(quantile(marginals[1], 0.25))) == pytest.approx(0.25, abs=0.02)


def test_a_row_alone_is_drawn_as_among_the_others(tmp_path):
    mixture = mixtures_of(table(tmp_path, ("a", "b", 0.7)))
    a, b = (Marginal(1.0, "lognormal", 0.2, row=name, mixture=mixture[name]) for name in "ab")
    other = Marginal(3.0, "lognormal", 0.2, row="other")
    both = drawn([a, b, other], Draws(10, 3))
    assert np.array_equal(drawn([b], Draws(10, 3))[0], both[1])
    assert np.array_equal(drawn([other], Draws(10, 3))[0], both[2])
    assert np.array_equal(drawn([b, a], Draws(4, 3, first=6)), both[[1, 0], 6:])


def test_the_fitted_growth_of_the_shipped_model_is_drawn_together():
    model = load("cell")
    ids = ("K_drive", "k_div", "k_mPGR")
    assert len(model.evidence["K_drive"].mixture) + len(model.evidence["k_div"].mixture) > 2
    assert model.evidence["k_mPGR"].mixture == ()
    assert given_values(model, ids, Draws(5, 1)).shape == (3, 5)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("a", "a", 0.5)], "correlated with itself"),
        ([("a", "b", 1.0)], "the correlation is 1"),
        ([("a", "b", 0.5), ("b", "a", 0.5)], "given twice, first in line 2"),
        ([("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)], "contradict each other"),
    ],
)
def test_correlations_that_cannot_be_meant_are_refused(tmp_path, pairs, words):
    with pytest.raises(TableError, match=words):
        mixtures_of(table(tmp_path, *pairs))


def test_a_library_without_the_table_has_none(tmp_path):
    assert mixtures_of(tmp_path / "correlations.tsv") == {}


def test_one_draw_alone_has_the_digits_that_it_has_among_all():
    """A part of exactly one draw too: a sum must not be grouped by how many draws there are."""
    model = load("cell")
    ids = tuple(id for id, entry in model.evidence.items() if entry.mixture)
    assert len(ids) > 40
    every = given_values(model, ids, Draws(40, 5))
    for first, count in ((0, 1), (39, 1), (7, 2), (3, 17)):
        assert np.array_equal(given_values(model, ids, Draws(count, 5, first=first)), every[:, first : first + count])


def test_a_name_that_no_row_has_is_said(tmp_path):
    library = tmp_path / "library"
    shutil.copytree(shipped_library(), library)
    path = library / "correlations.tsv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + f"K_drve\tk_div\t0.1{REST}", encoding="utf-8")
    with pytest.raises(TableError, match=r"correlations.tsv:\d+  K_drve: no row has this name.*\n*.*Did you mean K_drive"):
        load("cell", library=library)
    path.write_text(text.replace("Serdsim2026", "Nobody1900", 1), encoding="utf-8")
    with pytest.raises(TableError, match='the source "Nobody1900" is unknown'):
        load("cell", library=library)
    path.write_text(text, encoding="utf-8")
    assert load("cell", library=library).evidence["K_drive"].mixture
    path.unlink()
    with pytest.raises(TableError, match=r"correlations\.tsv  the file is missing"):
        load("cell", library=library)
    path.write_text(HEAD, encoding="utf-8")
    assert load("cell", library=library).evidence["K_drive"].mixture == ()


def test_rows_are_joined_directly_or_through_others(tmp_path):
    path = table(tmp_path, ("a", "b", 0.5), ("b", "c", 0.4), ("d", "e", 0.3))
    assert joined(path) == {"a": 3, "b": 3, "c": 3, "d": 2, "e": 2}


def test_the_class_is_drawn_as_it_is_known_by_the_ratio_of_affinity_and_free_fraction():
    """Kd and free fraction of imlunestrant go together, so that their ratio has the width of the class and not that of both."""
    model = load("cell", drug="imlunestrant")
    kd, fu = np.log10(given_values(model, ("Kd_drug", "fu_plasma_drug"), Draws(20_000, 2)))
    assert np.std(kd - fu) < 0.8 * np.std(kd)
    assert np.std(kd - fu) == pytest.approx(np.sqrt(np.var(kd) - np.var(fu)), rel=0.1)
