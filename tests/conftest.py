import os
from pathlib import Path

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
