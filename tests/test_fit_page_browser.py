"""The page of a fit in a browser: it fits at desk and phone width, in light and dark, and reads without a script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from browser_cases import OVERLAPS, opened
from fit_cases import needs_petab
from fit_page_cases import answered

pytestmark = [pytest.mark.browser, needs_petab]


@pytest.fixture(scope="module", params=["plain", "extended"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("fit") / "report.html"
    path.write_text(answered(request.param).page, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
def test_page_fits_and_asks_for_nothing(browser: Any, address: str, width: int, scheme: str) -> None:
    with opened(browser, address, width, color_scheme=scheme) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate(OVERLAPS) == []


def test_page_reads_without_script(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 900}, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address)
    assert tab.locator("article.set").count() == 2
    assert tab.locator("svg.plot:visible").count() == 1 + tab.locator(".set-f").count()
    assert not tab.locator("#theme").is_visible()
    tab.locator("summary").first.click()
    assert tab.locator("table.points").first.is_visible()
    context.close()
