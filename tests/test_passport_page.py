"""The page of all numbers: every row once, at its own address, with value, prior, grade, source and statements."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from library_cases import copied, edit, set_cell
from report_cases import Words, an_answer
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import read_claims
from serdsim.evidence.passports import Passport, number_tables, passports
from serdsim.model.library_rows import GRADES, rows_of
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from serdsim.report.numbers import count
from serdsim.report.passport_page import OWN, anchor_of, exactly, render_passports
from serdsim.report.prior import prior
from serdsim.report.view import anchor

ROW = re.compile(r'<tr id="([^"]+)" class="g-(\w+)( used)?">(.*?)</tr>', re.DOTALL)


def page_of(library: Path) -> tuple[tuple[Passport, ...], str]:
    """The passports of a library and its page, beside a run that answers every statement."""
    references = read_references(library / "references.bib")
    claims = read_claims(library, read_facts(library, references), references)
    every = passports(library, claims)
    answer = an_answer()
    outcomes = tuple(replace(answer.outcomes[0], statement=claim.statement) for claim in claims)
    return every, render_passports(every, references, replace(answer, outcomes=outcomes))


@pytest.fixture(scope="module")
def shown() -> tuple[tuple[Passport, ...], str]:
    return page_of(shipped_library())


def test_every_row_of_every_table_is_on_the_page_exactly_once(shown: tuple[tuple[Passport, ...], str]) -> None:
    library = shipped_library()
    addresses = [f"{table}:{row.line}" for table, key in number_tables(library).items() for row in rows_of(library / table, key)]
    found = re.findall(r"<span>(\w+\.tsv:\d+)</span></th>", shown[1])
    assert sorted(found) == sorted(addresses)
    anchors = [match[1] for match in ROW.finditer(shown[1])]
    assert len(anchors) == len(set(anchors)) == len(addresses)
    assert "drugs.tsv-imlunestrant-Kd" in anchors and "parameters.tsv-kappa" in anchors


def test_a_row_says_value_unit_grade_source_note_and_statements(shown: tuple[tuple[Passport, ...], str]) -> None:
    every, text = shown
    rows = {match[1]: match for match in ROW.finditer(text)}
    for passport in every:
        row = rows[anchor_of(passport)]
        words = " ".join(Words(row[4]).text.replace("\u2212", "-").split())
        assert row[2] == passport.grade in GRADES and passport.grade in words
        assert bool(row[3]) == bool(passport.claims)
        assert exactly(passport.value).replace("\u202f", " ").replace("\u2212", "-") in words
        assert passport.unit in words or "(no unit)" in words
        for text_of in (passport.note, passport.locator, passport.species, passport.assay):
            assert " ".join(text_of.split()).replace("\u2212", "-") in words
        assert len(re.findall(r'href="#ref-\d+"', row[4])) == len(passport.source) > 0
        assert re.findall(r'href="report\.html#([^"]+)"', row[4]) == list(passport.claims)
        assert ("<svg" in row[4].split('class="role"')[0]) == (passport.distribution != "fixed")


def test_the_page_counts_every_grade_in_words(shown: tuple[tuple[Passport, ...], str]) -> None:
    every, text = shown
    words = Words(text).text
    for grade in GRADES:
        n = sum(passport.grade == grade for passport in every)
        assert re.search(rf'#g-{grade}"/></svg>{grade}</span></th><td class="n"><b>{count(n)}</b>', text), grade
    for table in {passport.table for passport in every}:
        own = [count(sum((p.table, p.grade) == (table, grade) for p in every)) for grade in GRADES]
        cells = "".join(f'<td class="n">{n}</td>' for n in own)
        assert re.search(rf'<th scope="row"><a href="#{anchor(table)}">[^<]+</a></th>{cells}</tr>', text), table
    all_of, assumed = (count(n).replace("\u202f", " ") for n in (len(every), sum(p.grade == "assumption" for p in every)))
    assert f"{all_of} numbers: {assumed} are assumptions" in words
    assert "Assumption means not known" in words and "medical advice" in words


def test_every_link_leads_somewhere_and_nothing_is_loaded(shown: tuple[tuple[Passport, ...], str]) -> None:
    _, text = shown
    seen = Words(text)
    assert {link[1:] for link in seen.links if link.startswith("#")} <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))
    assert all(link.startswith(("#", "https://doi.org/", "report.html")) for link in seen.links)
    assert all(load.startswith(("#", "data:")) for load in seen.loads)
    assert seen.styles == 0 and "unsafe" not in text.split("</head>")[0].split("<style>")[0]
    listed = text[text.index('id="references"') :]
    assert listed.count("<li ") == listed.count("https://doi.org/") + len(re.findall(r'"nodoi">no DOI<', listed))


def test_a_row_that_is_added_and_one_that_says_something_odd(tmp_path: Path) -> None:
    library = copied(tmp_path)
    row = "new drug\tKd\t2\tnM\tlognormal\t\t\t2.5\t0.5\tassumption\tSerdsim2026\t\t\t\t\n"
    edit(library, "drugs.tsv", "imlunestrant\tKd\t", f"{row}imlunestrant\tKd\t")
    set_cell(library, "drugs.tsv", ("imlunestrant", "Kd"), "note", "<script>alert(1)</script>")
    every, text = page_of(library)
    anchors = [match[1] for match in ROW.finditer(text)]
    assert len(anchors) == len(every) and "drugs.tsv-new-drug-Kd" in anchors
    assert "no word on why" in text
    assert "&lt;script&gt;alert(1)" in text and text.count("<script") == 1
    assert "not above 2.5; 90&nbsp;% 0.3 to 2.5</span>" in text


def test_statements_that_the_run_does_not_answer_are_not_linked() -> None:
    library = shipped_library()
    references = read_references(library / "references.bib")
    every = passports(library, read_claims(library, read_facts(library, references), references))
    linked = Words(render_passports(every, references, replace(an_answer(), outcomes=an_answer().outcomes[:1]))).links
    assert {link for link in linked if link.startswith("report.html#")} == {"report.html#MOA-01"}


def test_the_names_of_own_entries_are_keys_of_the_bibliography() -> None:
    assert set(OWN) <= set(read_references(shipped_library() / "references.bib"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.3492, "0.3492"),
        (2e-12, "2\u202f×\u202f10⁻¹²"),
        (602214076000000.0, "6.02214076\u202f×\u202f10¹⁴"),
        (1e9, "10⁹"),
        (300000.0, "300\u202f000"),
        (0.0001, "0.0001"),
        (0.0, "0"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_a_value_is_shown_with_every_digit_of_its_table(value: float, words: str) -> None:
    assert exactly(value) == words


def test_the_drawing_holds_the_interval_and_every_decade_is_equally_wide() -> None:
    def bar(drawing: str) -> tuple[float, float]:
        found = re.search(r'd="M([\d.]+) 4H([\d.]+)v6', drawing)
        assert found is not None
        return float(found[1]), float(found[2])

    one, two = bar(prior(1.0, 0.1, 10.0)), bar(prior(200.0, 20.0, 2000.0))
    assert one[1] - one[0] == pytest.approx(two[1] - two[0], abs=0.2)
    low, high = bar(prior(1.0, 1e-8, 1e8))
    assert 0 <= low < high <= 184
    assert prior(0.0, 0.0, 0.0) == "" == prior(1.0, 1.0, 1.0)


def test_the_page_is_made_in_less_than_half_a_second() -> None:
    library = shipped_library()
    references = read_references(library / "references.bib")
    claims = read_claims(library, read_facts(library, references), references)

    def seconds() -> float:
        start = time.process_time()
        render_passports(passports(library, claims), references, an_answer())
        return time.process_time() - start

    assert min(seconds() for _ in range(3)) < 0.5
