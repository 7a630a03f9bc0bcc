from __future__ import annotations

from pathlib import Path

import pytest

from serdsim.app.entries import Catalogue, Entry, read_catalogue
from serdsim.app.names import Names, folded_words, read_names
from serdsim.app.search import LONGEST, MOST, Found, Index, build_index, search
from serdsim.errors import InputError
from serve_cases import LIBRARY


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue(LIBRARY)


@pytest.fixture(scope="module")
def index(catalogue: Catalogue) -> Index:
    return build_index(catalogue.entries, catalogue.names)


def keys(found: Found, title: str) -> list[str]:
    return [entry.key for group in found.groups if group.title == title for entry in group.entries]


@pytest.mark.parametrize(
    ("asked", "group", "key"),
    [
        ("Y537S", "Mutations of ESR1", "Y537S"),
        ("LY3484356", "Drugs", "imlunestrant"),
        ("ICI 182,780", "Drugs", "fulvestrant"),
        ("ERα", "Genes", "ESR1"),
        ("ER alpha", "Genes", "ESR1"),
        ("estrogen receptor", "Genes", "ESR1"),
        ("oestrogen receptor", "Genes", "ESR1"),
        ("progesterone receptor", "Genes", "PGR"),
        ("pgr", "Genes", "PGR"),
        ("mcf-7", "Cell lines", "MCF7"),
        ("MDAMB231", "Cell lines", "MDA-MB-231"),
        ("palbo", "Drugs", "palbociclib"),
        ("moa-06a", "Statements", "MOA-06a"),
        ("Bhagwat2021", "References", "Bhagwat2021"),
        ("food", "Questions", "food-and-cyp3a"),
    ],
)
def test_a_thing_is_found_by_each_of_its_names(index: Index, asked: str, group: str, key: str) -> None:
    found = search(index, asked)
    assert key in keys(found, group)
    assert found.read_as == ()


@pytest.mark.parametrize(
    ("asked", "read_as", "group"),
    [("Y573S", "Y537S", "Mutations of ESR1"), ("imlunestrent", "imlunestrant", "Drugs"), ("palbocicilb", "palbociclib", "Drugs")],
)
def test_a_misspelt_name_is_read_as_the_nearest_and_said(index: Index, asked: str, read_as: str, group: str) -> None:
    found = search(index, asked)
    assert found.read_as[0][0] == asked
    assert read_as in found.read_as[0][1]
    assert read_as in keys(found, group)


def test_all_words_must_be_there(index: Index) -> None:
    both = {entry.key for group in search(index, "brain survival").groups for entry in group.entries}
    one = {entry.key for group in search(index, "survival").groups for entry in group.entries}
    assert both and both < one


@pytest.mark.parametrize(
    "asked", ["", "   ", '"', "* OR NOT (", "title:", "\0", "'; DROP TABLE entries; --", "é" * 5000, "NEAR(", "-", "^"]
)
def test_no_question_breaks_the_search(index: Index, asked: str) -> None:
    assert len(search(index, asked).query) <= LONGEST
    assert search(index, "Y537S").count > 0


def test_what_is_nothing_like_a_word_finds_nothing(index: Index) -> None:
    found = search(index, "qqqxxqqq")
    assert (found.count, found.groups, found.read_as) == (0, (), ())


def test_statements_are_those_that_read_a_thing(catalogue: Catalogue) -> None:
    drug = next(entry for entry in catalogue.entries if (entry.kind, entry.key) == ("drug", "everolimus"))
    assert "MOA-08c" in drug.statements
    assert "MOA-01" not in drug.statements
    assert set(drug.statements) <= set(catalogue.homes)


def test_a_title_ranks_before_a_text_and_what_is_not_shown_is_counted() -> None:
    entries = [Entry("statement", f"S-{n}", "other", "much about amber") for n in range(MOST + 3)]
    found = search(build_index([*entries, Entry("statement", "S-last", "amber", "")], Names({})), "amber")
    assert found.groups[0].entries[0].key == "S-last"
    assert (len(found.groups[0].entries), found.groups[0].more, found.count) == (MOST, 4, MOST + 4)


def test_words_are_folded() -> None:
    assert folded_words("ERα Über 17β-E2") == ("eralpha", "uber", "17beta", "e2")


def test_names_of_drugs_and_lines_are_those_of_the_tables(catalogue: Catalogue) -> None:
    for kind, table in (("drugs", "drugs"), ("lines", "cell_lines"), ("mutations", "genotypes")):
        known = {line.split("\t")[0] for line in (LIBRARY / f"{table}.tsv").read_text(encoding="utf-8").splitlines()[1:]}
        known |= {line.split("\t")[0] for line in (LIBRARY / "pk_human.tsv").read_text(encoding="utf-8").splitlines()[1:]}
        assert {group[0] for group in catalogue.names.groups[kind]} <= known


@pytest.mark.parametrize(("text", "said"), [("pets: [[a, b]]", "not known"), ("drugs: [[]]", "empty"), ("drugs: 3", "synonyms.yaml")])
def test_a_wrong_file_of_names_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "synonyms.yaml").write_text(text)
    with pytest.raises(InputError, match=said):
        read_names(tmp_path)


def test_a_library_without_names_has_none(tmp_path: Path) -> None:
    assert read_names(tmp_path).spoken_of("fulvestrant") == ()
