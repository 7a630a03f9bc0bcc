"""What is kept is what was made: damaged, empty and unwritable files only cost time."""

from __future__ import annotations

from pathlib import Path

import pytest

from serdsim.kept import kept_bytes, kept_object


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SERDSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def made(calls: list[int]) -> bytes:
    calls.append(1)
    return b"machine code"


def test_a_result_is_made_once_for_what_it_rests_on(folder: Path) -> None:
    calls: list[int] = []
    for rests_on in (b"a", b"a", b"b"):
        assert kept_bytes("kind", rests_on, lambda: made(calls)) == b"machine code"
    assert len(calls) == 2


@pytest.mark.parametrize("harm", [b"", b"machine code", b"x" * 40])
def test_a_damaged_file_is_made_again(folder: Path, harm: bytes) -> None:
    calls: list[int] = []
    kept_bytes("kind", b"a", lambda: made(calls))
    (file,) = (path for path in folder.rglob("*") if path.is_file())
    file.write_bytes(harm)
    assert kept_bytes("kind", b"a", lambda: made(calls)) == b"machine code"
    assert kept_bytes("kind", b"a", lambda: made(calls)) == b"machine code"
    assert len(calls) == 2


def test_a_folder_that_cannot_be_made_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SERDSIM_CACHE", str(tmp_path / "file" / "cache"))
    calls: list[int] = []
    for _ in range(2):
        assert kept_object("kind", b"a", lambda: {"x": len(made(calls))}) == {"x": 12}
    assert len(calls) == 2
