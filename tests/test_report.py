"""The evidence page. Every value here is test data; none is a result."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from report_cases import ROWS, Words, a_panel, a_question, an_answer, page, reference, references, statement
from serdsim.claims.records import (
    VERDICTS,
)
from serdsim.errors import ReferenceError_
from serdsim.experiments.panel import Axis
from serdsim.report import view
from serdsim.report.biblio import PAGE_ORDER
from serdsim.report.figure import draw
from serdsim.report.page import render_page


def test_page_shows_all_statements_in_order_with_counts_and_zeros() -> None:
    answer = an_answer()
    seen = Words(page())
    for outcome in answer.outcomes:
        assert outcome.statement.sentence in seen.text
        assert outcome.statement.id in seen.ids
    for words, n in zip((*VERDICTS, view.NOT_YET), (0, 0, 1, 0, 1, 1, 1), strict=True):
        assert f"{n} {words}" in seen.text.replace("  ", " ")
    assert "reason of MOA-03" in seen.text and "reason of MOA-04" in seen.text
    assert "limit of MOA-04" in seen.text
    assert seen.text.index("Sentence of MOA-01") < seen.text.index("Sentence of MOA-02") < seen.text.index("Sentence of MOA-03")


def test_numbers_on_the_page_are_the_answers() -> None:
    answer = an_answer()
    text = Words(page()).text
    for expected in (
        "31 (18 to 47) % of vehicle",
        "0.84",
        "0.61",
        "30 (17 to 45) % of vehicle",
        "0.91",
        "0.23",
        "0.02",
        "0.79",
        "2 of them lost",
    ):
        assert expected in text
    first = answer.outcomes[0]
    for changed, expected in (
        (replace(first, value=27.9), "28 (18 to 47)"),
        (replace(first, p_pass=0.567), "0.57"),
        (replace(first, parts=(replace(first.parts[0], value=22.7),)), "23 (17 to 45)"),
        (replace(first, controls=(replace(first.controls[1], p=0.456),)), "0.46"),
        (replace(first, ablations=(replace(first.ablations[0], p_off=0.341),)), "0.34"),
    ):
        assert expected not in text
        assert expected in Words(page(replace(answer, outcomes=(changed, *answer.outcomes[1:])))).text


def test_untested_statements_show_no_number() -> None:
    text = page()
    block = text[text.index('id="MOA-03"') : text.index('id="MOA-04"')]
    assert "P(pass)" not in block and "median" not in block and "not yet tested" in block


def test_short_answer_is_short_and_counts() -> None:
    words = view.short_answer(an_answer(), a_question())
    assert len(words.split()) <= 35
    assert "Of 4 statements, 2 were tested" in words and "0 supported" in words and "1 not supported" in words
    assert " will " not in Words(page()).text


def test_page_escapes_what_it_is_given() -> None:
    evil = '<script>alert("x")</script>'
    answer = an_answer()
    changed = replace(
        answer.outcomes[0],
        statement=statement("MOA-01", "tested", title=evil, sentence=evil, metric=evil, test=evil),
        panels=(
            a_panel(
                title=evil, caption=evil, description=evil, id=evil, x=Axis(evil, evil), bands=(replace(a_panel().bands[0], label=evil),)
            ),
        ),
    )
    text = page(replace(answer, drug=evil, replay=evil, outcomes=(changed, *answer.outcomes[1:])))
    assert "alert(" in text and evil not in text
    assert text.count("<script") == 1
    for drawing in re.findall(r"<svg class=\"plot\".*?</svg>", text, re.S):
        ET.fromstring(drawing)


def test_page_asks_the_network_for_nothing() -> None:
    text = page()
    seen = Words(text)
    assert all(load.startswith(("#", "data:")) for load in seen.loads)
    assert all(link.startswith(("#", "https://doi.org/")) or link == "parameters.html" for link in seen.links)
    style = "".join(re.findall(r"<style[^>]*>(.*?)</style>", text, re.S))
    assert all(address.startswith("data:font/woff2;base64,") for address in re.findall(r"url\(([^)]*)\)", style))
    assert "@import" not in style
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy and "default-src &#39;none&#39;" in policy.group(1) and "unsafe" not in policy.group(1)
    assert seen.styles == 0, "style attributes are refused by the policy"


def test_page_has_no_illustration_mark_no_dead_anchor_no_double_id_and_is_light() -> None:
    text = page()
    seen = Words(text)
    assert not {c for c in seen.classes if c.startswith("ill")}
    assert {link[1:] for link in seen.links if link.startswith("#")} <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))
    assert len(text.encode()) < 900_000


def test_references_are_numbered_in_the_order_of_the_page() -> None:
    text = Words(page()).text
    places = [text.index(f"Test title {key}.") for key in PAGE_ORDER]
    assert places == sorted(places)
    assert text.index("Also used") < text.index("Test title Other2020.")
    assert text.count("no DOI") == 2
    assert "@article{Bhagwat2021" in text
    assert "TY - JOUR" in re.sub(r" +", " ", text)
    more = references() | {"More2021": reference("More2021")}
    assert "Test title More2021." not in Words(render_page(an_answer(), more, ROWS, question=a_question())).text
    assert "Test title More2021." in Words(render_page(an_answer(), more, ROWS, also=("More2021",), question=a_question())).text
    with pytest.raises(ReferenceError_, match="Nowhere1999"):
        page(rows=(replace(ROWS[0], ref_number_or_key="Nowhere1999"),))


def test_same_answer_gives_the_same_bytes() -> None:
    assert page() == page()
    assert draw(a_panel()) == draw(a_panel())


def test_a_figure_that_two_statements_share_is_drawn_once_and_named_with_the_second() -> None:
    answer = an_answer()
    first, second = [outcome for outcome in answer.outcomes if outcome.state == "tested"][:2]
    panels = first.panels or (a_panel(),)
    kept = {first.statement.id: panels, second.statement.id: panels}
    outcomes = tuple(replace(one, panels=kept.get(one.statement.id, ())) for one in answer.outcomes)
    html = page(replace(answer, outcomes=outcomes))
    assert 'aria-labelledby="fh-1"' in html and f'aria-labelledby="fh-{len(panels) + 1}"' not in html
    assert Words(html).links.count("#fh-1") == 1 and "Drawn above" in Words(html).text
