"""The server in a browser: found by keyboard alone, read without script."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serve_cases import LIBRARY, page, write_run

if os.environ.get("CI") != "true":
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    import uvicorn

    from serdsim.app.server import build_app, listen

    root = tmp_path_factory.mktemp("served")
    every = [f"MUT-0{n}" for n in range(1, 8)]
    write_run(
        root, "a" * 16, "by-mutation", "2026-01-01T00:00:00+00:00", {"report.html": page(*every)}, dict.fromkeys(every, "inconclusive")
    )
    bound = listen(0)
    server = uvicorn.Server(uvicorn.Config(build_app(LIBRARY, Path(root)), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    bound.close()


def test_a_statement_is_found_and_opened_by_keyboard_alone(browser: Any, address: str) -> None:
    context = browser.new_context()
    tab = context.new_page()
    trouble: list[str] = []
    requests: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(address)
    tab.keyboard.press("/")
    tab.keyboard.type("Y537S")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search?q=Y537S")
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("() => (document.activeElement.getAttribute('href') || '').includes('#MUT-')"):
            break
    wanted = tab.evaluate("() => document.activeElement.getAttribute('href')")
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"**{wanted}")
    assert tab.evaluate("() => document.querySelector(':target').textContent") == wanted.partition("#")[2]
    assert trouble == []
    assert all(url.startswith((address, "data:")) for url in requests)
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["/", "/search?q=ESR1", "/runs", "/nowhere"])
def test_pages_are_read_without_script_and_fit(browser: Any, address: str, path: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address + path)
    assert tab.locator("h1").count() == 1
    box = tab.locator("html").bounding_box()
    wide = [one["width"] for one in (tab.locator("main").bounding_box(), tab.locator("header.masthead").bounding_box(), box)]
    assert max(wide) <= width
    tab.fill("#q", "imlunestrent")
    tab.press("#q", "Enter")
    assert "read as imlunestrant" in tab.locator("main").inner_text()
    context.close()
