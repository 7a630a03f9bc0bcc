"""The runs of an answer: each once, ahead of those who ask, the longest first; an error belongs to who asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from measure_cases import experiment_of
from serdsim.errors import ClaimError
from serdsim.evidence import runs
from serdsim.evidence.runs import Job, Runs
from serdsim.simulation.draws import Draws


def asked(*ids: str) -> dict[tuple[str, str], Job]:
    """Return jobs of so many series as the id has letters."""
    return {(id, ""): Job(replace(experiment_of(list(id)), id=id), None) for id in ids}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []

    def run(experiment: Any, *_: object, **__: object) -> str:
        found.append(experiment.id)
        if experiment.id == "bad":
            raise ClaimError("bad")
        return f"readings of {experiment.id}"

    monkeypatch.setattr(runs, "run_experiment", run)
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_each_run_is_computed_once_whoever_asks(ran: list[str], workers: int) -> None:
    found = Runs(asked("a", "abc", "ab"), Draws(2, 1), Path(), workers)
    with found.ahead():
        assert [found.of(id) for id in ("a", "ab", "a")] == ["readings of a", "readings of ab", "readings of a"]
    assert sorted(ran) == ["a", "ab", "abc"] and found.of("abc") == "readings of abc"
    if workers == 1:
        assert ran == ["abc", "ab", "a"]


def test_an_error_comes_out_where_its_run_is_asked_for(ran: list[str]) -> None:
    found = Runs(asked("a", "bad"), Draws(2, 1), Path(), 1)
    with found.ahead():
        assert found.of("a") == "readings of a"
        with pytest.raises(ClaimError):
            found.of("bad")


def test_without_threads_a_run_is_computed_when_it_is_asked_for(ran: list[str]) -> None:
    found = Runs(asked("a", "ab"), Draws(2, 1), Path())
    assert found.of("a") == found.of("a") and ran == ["a"]
