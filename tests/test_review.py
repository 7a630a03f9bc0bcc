"""Age of statements: late only after the day of the review, said on the page, on the terminal and in JSON. All values are test data."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from library_cases import copied
from report_cases import Words, an_answer, page, statement
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import read_claim
from serdsim.claims.records import Answer
from serdsim.claims.review import Reviews, badges, is_due, reviews
from serdsim.cli.screen import print_answer
from serdsim.errors import ClaimError
from serdsim.references import read_references
from serdsim.report import view


def aged(*dates: str, day: str, superseded_by: str | None = None) -> Answer:
    """Return an answer whose statements are to be reviewed by these days; the first may be superseded."""
    answer = an_answer(as_of=day)
    others = [None] * len(dates)
    others[0] = superseded_by
    outcomes = tuple(
        replace(outcome, statement=replace(outcome.statement, review_by=date, superseded_by=other))
        for outcome, date, other in zip(answer.outcomes, dates, others, strict=False)
    )
    return replace(answer, outcomes=outcomes)


@pytest.mark.parametrize(("day", "late"), [("2027-01-01", False), ("2027-01-02", False), ("2027-01-03", True), ("2030-06-01", True)])
def test_a_review_is_late_from_the_day_after_on(day: str, late: bool) -> None:
    one = statement("MOA-01", "tested", review_by="2027-01-02")
    assert is_due(one, day) is late
    assert badges(one, day) == (("review due since 2027-01-02",) if late else ())
    answer = aged("2027-01-02", day=day)
    text = Words(page(answer)).text
    assert ("review due since 2 January 2027" in text) is late
    assert ("No review is late; the next is due by 2 January 2027." in text) is not late


def test_the_line_of_the_page_counts_what_is_late_and_names_the_next() -> None:
    answer = aged("2027-01-02", "2026-05-01", "2028-01-01", day="2027-06-01")
    assert reviews(answer.outcomes, answer.as_of) == Reviews(("MOA-01", "MOA-02"), "2026-05-01", "2028-01-01")
    line = view.review_line(answer)
    assert line == "The review of 2 of 3 statements is late (01, 02), the first since 1 May 2026. The next after that is on 1 January 2028."
    assert line in Words(page(answer)).text
    assert view.review_line(aged("2027-01-02", day="2028-01-01")) == "The review of 1 of 1 statements is late (01), since 2 January 2027."


def test_what_has_taken_the_place_of_a_statement_is_said_and_linked_where_it_is_on_the_page() -> None:
    seen = Words(page(aged("2027-01-02", "2027-01-02", day="2026-01-01", superseded_by="MOA-02")))
    assert "superseded by MOA-02" in seen.text and seen.links.count("#MOA-02") > Words(page()).links.count("#MOA-02")
    other = Words(page(aged("2027-01-02", day="2026-01-01", superseded_by="XYZ-09")))
    assert "superseded by XYZ-09" in other.text and "#XYZ-09" not in other.links
    assert "superseded" not in Words(page()).text


def test_the_terminal_says_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(aged("2027-01-02", "2029-01-02", day="2028-01-01", superseded_by="MOA-02"))
    out = " ".join(capsys.readouterr().out.split())
    assert out.count("review due since") == 1 and "superseded by MOA-02" in out and "is late (01)" in out
    print_answer(aged("2027-01-02", day="2026-01-01"))
    assert "review due" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"review_by": "next spring"}, 'review_by: "next spring" is not a date'),
        ({"as_of": "2024-13-02"}, 'as_of: "2024-13-02" is not a date'),
        ({"review_by": "2024-10-01"}, "review_by: the review on 2024-10-01 lies before the evidence"),
        ({"superseded_by": "MOA-01"}, 'superseded_by: "MOA-01" supersedes nothing'),
        ({"superseded_by": ["MOA-02a"]}, "supersedes nothing"),
    ],
)
def test_dates_that_are_none_are_refused_with_their_line(tmp_path, changes: dict[str, object], problem: str) -> None:
    library = copied(tmp_path)
    path = library / "claims" / "MOA-01.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | changes, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ClaimError) as caught:
        read_claim(path, library, read_facts(library), read_references(library / "references.bib"))
    assert problem in str(caught.value) and "claims/MOA-01.yaml:" in str(caught.value)
