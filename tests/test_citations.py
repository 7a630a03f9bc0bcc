"""Citations name the primary document: no vendor, no mirror, and no DOI that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from citation_hosts import citation_faults, faults_of
from library_cases import copied, edit, set_cell
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references

BAD = (
    "https://www.benchchem.com/product/b1", "https://www.curehunter.com/public/x", "https://www.erk5inhibitor.com/a", "www.selleckchem.com",
    "https://buddha-blend.com/x", "https://www.cancer-research-network.com/x", "https://www.scilit.net/x", "https://scilit.com/x",
    "https://acemap.info/x", "https://www.semanticscholar.org/paper/x", "https://madgenderscience.miraheze.org/wiki/x", "https://medluna.com/x",
    "https://ch.oddb.org:443/de/x", "https://cnes.jsintl.com.cn/x", "https://discovery.researcher.life/x", "https://ouci.dntb.gov.ua/en/x",
    "https://cris.biu.ac.il/en/x", "https://experts.illinois.edu/en/x", "https://acnpsearch.tweb-dev.unibo.it/x", "https://en.wikipedia.org/x",
    "doi:10.13140/RG.2.2.1",
)  # fmt: skip
GOOD = (
    "https://doi.org/10.7554/eLife.12792", "https://pubmed.ncbi.nlm.nih.gov/3398853", "https://www.accessdata.fda.gov/x.pdf",
    "https://aacrjournals.org/x", "https://dtp.cancer.gov/x", "https://github.com/weihevt/E2ICIpalboAZD", "https://medical.lilly.com/x",
    "an inhibitor. Its action", "CDK4/6 inhibitors, proteasome inhibitor MG132. Then", "academia and others", "steep, fast. no",
)  # fmt: skip


def test_no_citation_of_the_library_names_a_vendor_or_a_mirror() -> None:
    assert citation_faults(shipped_library()) == []


@pytest.mark.parametrize("text", BAD)
def test_a_vendor_or_a_mirror_is_found(text: str) -> None:
    assert list(faults_of(text))


@pytest.mark.parametrize("text", GOOD)
def test_primary_documents_and_plain_words_are_let_through(text: str) -> None:
    assert not list(faults_of(text))


def test_a_planted_address_is_named_with_file_and_line(tmp_path: Path) -> None:
    library = copied(tmp_path)
    doi = "  doi = {10.7554/eLife.12792},"
    lines = [("references.bib", edit(library, "references.bib", doi, f"  url = {{https://www.scilit.net/publications/1}},\n{doi}"))]
    lines.append(("drugs.tsv", set_cell(library, "drugs.tsv", ("imlunestrant", "Kd"), "locator", "www.benchchem.com/product")))
    lines.append(("evidence.tsv", set_cell(library, "evidence.tsv", ("B001",), "note", "from https://ch.oddb.org/de/gcc/fachinfo")))
    found = citation_faults(library)
    assert len(found) == len(lines)
    for file, line in lines:
        assert any(fault.startswith(f"{file}:{line}  ") for fault in found)


def test_an_entry_without_doi_says_so() -> None:
    for reference in read_references(shipped_library() / "references.bib").values():
        assert bool(reference.doi) != ("no DOI" in reference.note), reference.key
