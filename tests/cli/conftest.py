from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str, Callable[..., Any]], None]:
    """Put a function in the place of a public one, and work in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def put(module: str, name: str, function: Callable[..., Any]) -> None:
        fake = types.ModuleType(module)
        setattr(fake, name, function)
        monkeypatch.setitem(sys.modules, module, fake)

    return put
