"""The class check on the page. Every value here is test data; none is a result."""

from __future__ import annotations

from dataclasses import replace

from report_cases import Words, an_answer, page
from serdsim.claims.records import Answer, SisterOutcome
from serdsim.claims.sisters import class_check

HELD = SisterOutcome("a", "sister-a", "half is gone within 3-fold of 2 nM", ("P001", "P002"), "nM", 1.8, 0.9, 4.1, 0.77)
FAILED = replace(HELD, id="b", drug="sister-b", value=90.0, lo90=40.0, hi90=210.0, p=0.03)
NOT_RUN = SisterOutcome("c", "sister-c", "it holds on", ("P003",), cannot="no row of its rates was read")


def checked(*sisters: SisterOutcome) -> Answer:
    answer = an_answer()
    first = replace(answer.outcomes[0], sisters=sisters, class_check=class_check(sisters))
    return replace(answer, outcomes=(first, *answer.outcomes[1:]))


def test_every_sister_stands_with_what_is_known_what_was_seen_and_whether_it_holds() -> None:
    seen = Words(page(checked(HELD, FAILED, NOT_RUN)))
    assert "sister-a Half is gone within 3-fold of 2 nM (P001, P002) 1.8 (0.9 to 4.1) nM 0.77 held" in seen.text
    assert "90 (40 to 210) nM 0.03 failed" in seen.text and "Not run: no row of its rates was read" in seen.text
    assert "Class check: 1 of 2 held" in seen.text and "#sisters" in seen.links and "sisters" in seen.ids
    assert "failed" not in Words(page(checked(HELD))).text.replace("lost to a failed simulation", "")


def test_where_no_sister_can_be_run_the_margin_says_so() -> None:
    seen = Words(page(checked(NOT_RUN)))
    assert f"Class check: {class_check((NOT_RUN,))}" in seen.text and "0 of 0" not in seen.text


def test_a_statement_without_sisters_says_so_and_makes_no_section() -> None:
    seen = Words(page(checked()))
    assert class_check(()) in seen.text and "sisters" not in seen.ids and "#sisters" not in seen.links
    assert "Class check" not in Words(page()).text
