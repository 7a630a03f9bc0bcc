"""The bibliography reads without warnings, names its faults by line, and survives a round trip."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from house_cases import MACHINE_PATH
from serdsim.errors import ReferenceError_
from serdsim.references import cite_text, read_references, require, to_bibtex, to_ris

LIBRARY = Path(__file__).resolve().parents[1] / "library" / "references.bib"
GOOD = "@article{Rich2002,\n  author = {Rich, R. L.},\n  title = {Kinetics},\n  year = {2002},\n}\n"
HOSTS = {"medical.lilly.com", "dtp.cancer.gov"}


@pytest.fixture(scope="module")
def library():
    return read_references(LIBRARY)


def _issues(tmp_path: Path, text: str) -> list[tuple[int | None, str | None, str]]:
    path = tmp_path / "r.bib"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReferenceError_) as caught:
        read_references(path)
    assert all(issue.file == str(path) and issue.expected and issue.repair for issue in caught.value.issues)
    return [(issue.line, issue.id, issue.problem) for issue in caught.value.issues]


def test_missing_fields_are_all_named(tmp_path):
    text = "% head\n" + GOOD + "\n@article{A1,\n  title = {T},\n}\n@misc{B2,\n  author = {B, C.},\n  title = {{}},\n  year = {2001},\n}\n"
    assert _issues(tmp_path, text) == [
        (8, "A1", "the entry has no author"),
        (8, "A1", "the entry has no year"),
        (11, "B2", "the entry has no title"),
    ]


def test_a_repeated_key_names_both_lines(tmp_path):
    assert _issues(tmp_path, GOOD + "\n" + GOOD.replace("Rich2002", "rich2002")) == [(7, "rich2002", "the key is already used in line 1")]


def test_a_malformed_file_says_where(tmp_path):
    ((line, _, problem),) = _issues(tmp_path, GOOD + "@article{A1,\n  title = {T}\n  year = {2001},\n}\n")
    assert line == 8 and problem.startswith("the file is not BibTeX from here on")


def test_year_and_doi_are_checked(tmp_path):
    text = GOOD.replace("{2002}", "{n.d.}").replace("title", "doi = {https://doi.org/10.1073/x},\n  title")
    assert [problem for *_, problem in _issues(tmp_path, text)] == ['"n.d." is not a year', '"https://doi.org/10.1073/x" is not a DOI']


def test_files_that_are_no_bibliography(tmp_path):
    assert _issues(tmp_path, "")[0][2] == "the bibliography is empty"
    assert _issues(tmp_path, "% nothing here\n")[0][2] == "the bibliography is empty"
    with pytest.raises(ReferenceError_, match="the file is missing"):
        read_references(tmp_path / "none.bib")
    with pytest.raises(ReferenceError_, match="directory"):
        read_references(tmp_path)
    (tmp_path / "latin.bib").write_bytes(b"@misc{A,\n\xe9}")
    with pytest.raises(ReferenceError_, match=r"latin.bib:2  the text is not UTF-8"):
        read_references(tmp_path / "latin.bib")


def test_an_unknown_key_names_its_neighbours(library):
    assert [reference.key for reference in require(["Rich2002", "Fanning2016", "Rich2002"], library)] == ["Rich2002", "Fanning2016"]
    with pytest.raises(ReferenceError_) as caught:
        require(["Faning2016", "Qqq"], library)
    first, second = caught.value.issues
    assert first.id == "Faning2016" and "Fanning2016" in str(first.repair)
    assert second.repair == "Add the entry to references.bib"


def test_the_line_of_an_entry_is_that_of_the_file(library):
    lines = LIBRARY.read_text(encoding="utf-8").splitlines()
    for key, reference in library.items():
        assert lines[reference.line - 1].startswith(f"@{reference.entry_type}{{{key},")
    assert len(library) == sum(line.startswith("@") for line in lines)


def test_citations_read_as_in_a_journal(library):
    assert cite_text(library["Bhagwat2021"]) == (
        "Bhagwat SV, Zhao B, Shen W, et al. Preclinical characterization of LY3484356, a novel, potent and orally bioavailable "
        "selective estrogen receptor degrader (SERD). Cancer Res. 2021;81(13 suppl):1236."
    )
    assert cite_text(library["TecalcoCruz2017"]).startswith("Tecalco-Cruz AC, Pérez-Alvarado IA, Ramírez-Jarquín JO, Rocha-Zavaleta L. ")
    assert cite_text(library["MOApage"]).startswith("Eli Lilly and Company. What is the mechanism of action of imlunestrant? Medical")
    seven = replace(library["Rich2002"], authors=tuple(f"A{n}, B." for n in range(7)))
    assert cite_text(seven).startswith("A0 B, A1 B, A2 B, et al. Kinetic")


def test_bibtex_round_trips_and_does_not_depend_on_order(library, tmp_path):
    text = to_bibtex(library.values())
    assert text == to_bibtex(reversed(list(library.values())))
    path = tmp_path / "again.bib"
    path.write_text(text, encoding="utf-8")
    again = read_references(path)
    assert {key: replace(value, file="", line=0) for key, value in again.items()} == {
        key: replace(value, file="", line=0) for key, value in library.items()
    }
    odd = replace(library["Rich2002"], title="50 % of R&D_x #1 costs $2", note="a & b")
    path.write_text(to_bibtex([odd]), encoding="utf-8")
    assert replace(read_references(path)["Rich2002"], file=odd.file, line=odd.line) == odd


def test_ris_has_one_record_for_each_reference(library):
    text = to_ris(library.values())
    assert text.count("TY  - ") == text.count("ER  - \n") == len(library)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in text.splitlines() if line)
    record = to_ris([library["Rich2002"]])
    assert "TY  - JOUR\n" in record and "SP  - 8562\nEP  - 8567\nDO  - 10.1073/pnas.142288199\n" in record


def test_the_seven_references_of_the_page_are_there(library):
    dois = {
        "Bhagwat2021": "10.1158/1538-7445.AM2021-1236",
        "Bhagwat2021poster": "",
        "Vandekopple2023": "10.1016/j.esmoop.2023.101265",
        "Vandekopple2023poster": "",
        "Patel2018": "10.1016/j.pharmthera.2017.12.012",
        "Jeselsohn2014": "10.1158/1078-0432.ccr-13-2332",
        "TecalcoCruz2017": "10.1016/j.cellsig.2017.03.011",
    }
    assert {key: library[key].doi for key in dois} == dois


def test_an_entry_without_doi_says_so(library):
    assert [key for key, reference in library.items() if not reference.doi and "no DOI" not in reference.note] == []


def test_addresses_are_those_of_the_primary_documents(library):
    text = LIBRARY.read_text(encoding="utf-8")
    assert set(re.findall(r"https?://([^/\s}]+)", text)) == HOSTS
    assert "www." not in text and MACHINE_PATH.search(text) is None
    assert [key for key, reference in library.items() if "medical.lilly.com" in reference.url] == ["MOApage"]
