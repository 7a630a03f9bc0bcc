"""The page of a fit in a browser: it fits at desk and phone width, in light and dark, and reads without a script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fit_cases import needs_petab
from fit_page_cases import answered
from test_page_browser import OVERLAPS, browser  # noqa: F401

pytestmark = [pytest.mark.browser, needs_petab]


@pytest.fixture(scope="module", params=["plain", "extended"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("fit") / "report.html"
    path.write_text(answered(request.param).page, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
def test_page_fits_and_asks_for_nothing(browser: Any, address: str, width: int, scheme: str) -> None:  # noqa: F811
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab = context.new_page()
    trouble: list[str] = []
    requests: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(address)
    tab.evaluate("() => document.fonts.ready.then(() => true)")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate(OVERLAPS) == []
    assert trouble == []
    assert [url for url in requests if not url.startswith("data:")] == [address]
    context.close()


def test_page_reads_without_script(browser: Any, address: str) -> None:  # noqa: F811
    context = browser.new_context(viewport={"width": 390, "height": 900}, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address)
    assert tab.locator("article.set").count() == 2
    assert tab.locator("svg.plot:visible").count() == 1 + tab.locator(".set-f").count()
    assert not tab.locator("#theme").is_visible()
    tab.locator("summary").first.click()
    assert tab.locator("table.points").first.is_visible()
    context.close()
