import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # no test of the suite is timed: a first import may take a moment
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("SERDSIM_SHARED", root.parent / "shared"))
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no shared folder at {folder}")
        pytest.skip("no shared folder")
    return folder


def _executable() -> str:
    found = os.environ.get("SERDSIM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail("no chromium, and CI must test the page in one: install it or set SERDSIM_CHROMIUM")
    pytest.skip("no chromium: install it or set SERDSIM_CHROMIUM to test the page in a browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = _executable()
    sync_api = pytest.importorskip("playwright.sync_api") if os.environ.get("CI") != "true" else __import__("playwright.sync_api").sync_api
    with sync_api.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()
