"""What the page, the terminal and run.json say of the class prior. Every value here is test data; none is a result."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from report_cases import ROWS, Words, a_question, an_answer, references
from serdsim.analysis.class_prior import ClassRow
from serdsim.analysis.leave_one_out import ClassSection, LeaveOneOut
from serdsim.evidence.answer import build_answer
from serdsim.evidence.class_record import class_record
from serdsim.report.class_view import class_line, class_view
from serdsim.report.page import render_page

INSIDE = LeaveOneOut("sister-a", "P001", "EC50 of degradation", "recalled", 0.1, 0.4, 0.02, 0.15, 0.3, 0.6, 7.0, True, True, False, 0)
OUTSIDE = replace(INSIDE, drug="sister-b", row="P002", reliability="primary", low=33.0, high=33.0, hi90=math.inf, lo90=40.0, inside=False)
ROW = ClassRow("Kd", 0.41, "lognormal", 0.53, None, ("sister-a", "sister-b"), (0.36, 0.69), ("Rich2002",), ("P001", "P002"), "why")
WIDE = replace(ROW, id="af1", members=(), widths=(), rows=())
SECTION = ClassSection(
    "imlunestrant", ("sister-a", "sister-b"), {"cousin": "a modulator"}, (INSIDE, OUTSIDE), (ROW, WIDE), (0.5, 2.0), 40, 1, "abc"
)


def seen(section: ClassSection = SECTION) -> str:
    return Words(render_page(an_answer(), references(), ROWS, class_prior=class_view(section), question=a_question())).text


def test_the_count_stands_before_any_verdict() -> None:
    text = seen()
    assert "1 of 2 observed potencies lie inside the central 90 %" in text and "2 of 2 inside the central 50 %" in text
    assert "with 40 draws" in text
    assert text.index("How well the class predicts") < text.index("statements, 2 of them put to a test") < text.index("Sentence of MOA-01")
    assert "How well the class predicts" not in Words(render_page(an_answer(), references(), ROWS, question=a_question())).text


def test_the_table_shows_what_was_observed_and_predicted() -> None:
    text = seen()
    for words in (
        "0.1 to 0.4",
        "0.30 (0.020 to 7.0)",
        "0.30 (40 to not reached)",
        "P001, recalled",
        "P002, primary",
        "cousin is no sister",
    ):
        assert words in text
    assert "0.41, standard deviation 0.53" in text and "0.36 and 0.69" in text and "about af1: a wide" in text
    assert "9.9 (0.020 to 7.0)" in seen(replace(SECTION, outcomes=(replace(INSIDE, median=9.9), OUTSIDE)))


def test_the_page_says_how_weak_the_test_is() -> None:
    text = seen()
    assert "spans 350-fold or more" in text and "1 of the 2 observed potencies are recalled" in text
    assert "at the edge" not in text
    assert "sister-a: at the edge, where 40 draws" in seen(replace(SECTION, outcomes=(replace(INSIDE, edge=True), OUTSIDE)))
    assert "3 draws failed" in seen(replace(SECTION, outcomes=(replace(INSIDE, failed=3), OUTSIDE)))


def test_the_terminal_has_one_line() -> None:
    assert class_line(SECTION).startswith("Class prior: 1 of 2 sisters that were left out lie inside the central 90 %")
    assert "2 of 2 inside the central 50 %; 40 draws each" in class_line(SECTION)


def test_the_record_is_json_without_infinities() -> None:
    record = json.loads(json.dumps(class_record(SECTION), allow_nan=False))
    assert record["inside_90"] == "1 of 2" and record["left_out"][1]["hi90"] is None
    assert record["left_out"][0]["median"] == INSIDE.median and record["rows"][0]["members"] == ["sister-a", "sister-b"]


@pytest.mark.parametrize("part", ["record", "plan"])
def test_an_answer_carries_the_class_prior_of_its_library(part: str) -> None:
    done = build_answer(draws=1, only=["MOA-02b"])
    if part == "record":
        assert done.record["class_prior"] == class_record(done.class_prior)
    else:
        assert done.record["plan"]["class_prior"] == done.class_prior.rests_on
