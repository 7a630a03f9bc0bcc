"""The evidence page in a browser: what a reader sees at desk and phone width. Test data only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ablation_cases import wide_answer
from browser_cases import OVERLAPS, opened
from report_cases import PANELS, an_answer, page
from serdsim.model.recipe import shipped_library

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page that carries every kind of panel that the drawing tests know, definitions, late reviews and a matrix of 23 statements."""
    answer, wide = an_answer(as_of="2028-01-01"), wide_answer(23, 11)
    outcome = answer.outcomes[0]
    first = replace(outcome, panels=tuple(PANELS.values()), definitions=outcome.parts * 2, survives="The conclusion survives.")
    path: Path = tmp_path_factory.mktemp("page") / "page.html"
    everything = replace(answer, outcomes=(first, *answer.outcomes[1:], *wide.outcomes[5:]), mechanisms=wide.mechanisms)
    path.write_text(page(everything), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (800, "light"), (390, "light"), (390, "dark")])
def test_page_fits_and_asks_for_nothing(browser: Any, address: str, width: int, scheme: str) -> None:
    with opened(browser, address, width, color_scheme=scheme) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate(OVERLAPS) == []
        assert tab.evaluate("[...document.fonts].filter(f => f.status === 'error').length") == 0


def test_skip_link_and_theme_button_work_by_keyboard(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    tab = context.new_page()
    tab.goto(address)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    before = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.focus("#theme")
    tab.keyboard.press("Enter")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != before
    context.close()


def test_page_reads_without_script(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 900}, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address)
    assert tab.locator("article.statement").count() == 22
    assert not tab.locator("#theme").is_visible()
    assert tab.locator("svg.plot:visible").count() == len(PANELS) + 1  # the matrix
    context.close()


def test_print_opens_the_tables(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 627, "height": 900})
    tab = context.new_page()
    tab.emulate_media(media="print")
    tab.goto(address)
    assert tab.locator("figure table").first.is_visible()
    assert not tab.locator("#theme").is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 627
    context.close()


@pytest.fixture(scope="module")
def numbers_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of all numbers of the shipped library."""
    from test_passport_page import page_of

    path: Path = tmp_path_factory.mktemp("numbers") / "parameters.html"
    path.write_text(page_of(shipped_library())[1], encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(1920, "light"), (1280, "dark"), (800, "light"), (390, "light"), (390, "dark")])
def test_page_of_numbers_fits_and_leads_to_its_rows(browser: Any, numbers_address: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab = context.new_page()
    trouble: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None)
    tab.goto(numbers_address + "#drugs.tsv-imlunestrant-Kd")
    row = tab.locator("tr:target")
    box = row.bounding_box()
    assert row.locator("th a").inner_text() == "Kd"
    assert 0 <= box["y"] < 900 and box["x"] >= 0 and box["x"] + box["width"] <= width + 1
    row.locator("td:nth-child(4) a").first.click()
    assert tab.locator("li:target").bounding_box()["y"] < 900
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.locator(".passports b").first.is_visible()
    assert trouble == []
    context.close()


def test_rows_are_chosen_by_grade_without_script(browser: Any, numbers_address: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(numbers_address)
    total = tab.locator(".passports tbody tr:visible").count()
    tab.check("#only-fitted")
    fitted = tab.locator(".passports tbody tr:visible").count()
    assert 0 < fitted == tab.locator(".passports tbody tr.g-fitted").count() < total
    tab.check("#only-all")
    tab.check("#only-used")
    assert tab.locator(".passports tbody tr:visible").count() == tab.locator(".passports tbody tr.used").count()
    context.close()


def test_page_of_numbers_prints_as_tables_within_the_sheet(browser: Any, numbers_address: str) -> None:
    context = browser.new_context(viewport={"width": 627, "height": 900})
    tab = context.new_page()
    tab.emulate_media(media="print")
    tab.goto(numbers_address)
    assert not tab.locator(".only").is_visible()
    assert tab.evaluate("getComputedStyle(document.querySelector('.passports tr')).display") == "table-row"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 627
    context.close()
