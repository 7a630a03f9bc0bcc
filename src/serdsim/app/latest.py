"""The latest finished run of each question: its page, and what it found."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from serdsim.claims.read import MAIN
from serdsim.errors import InputError
from serdsim.evidence.questions import EVERY, Question
from serdsim.report.view import NOT_YET
from serdsim.results.run_folder import list_runs, read_run

_UNTESTED = {"not_testable": "not testable on public data", "not_yet_tested": NOT_YET}


@dataclass(frozen=True)
class Answered:
    """A run that answered a question: when, in which file of its folder, and how often each verdict was given."""

    run: str
    created: str
    page: str
    verdicts: tuple[tuple[str, int], ...]
    own_values: bool

    @property
    def address(self) -> str:
        """Where the server has the page."""
        return f"/runs/{self.run}/{self.page}"


@dataclass(frozen=True)
class _Run:
    question: str
    created: str
    own_values: bool


def latest_answers(root: Path, questions: Sequence[Question]) -> Mapping[str, Answered]:
    """Return by question the latest finished run in `root` that answered all of it; a question without one is left out."""
    found: dict[str, Answered] = {}
    for entry in list_runs(root):
        if entry["state"] != "ok" or entry["verb"] != "moa":
            continue
        name = str(entry["run"])
        run = _read(root, name, (root / name / "run.json").stat().st_mtime_ns)
        for question in questions:
            page = _page(run, question.id, root / name) if run and question.id not in found else None
            if run and page:
                verdicts = _verdicts(root / name / "tables" / "statements.csv", question.claims)
                found[question.id] = Answered(name, run.created, page, verdicts, run.own_values)
    return found


@lru_cache(maxsize=4096)
def _read(root: Path, name: str, _: int) -> _Run | None:
    """Return what a run is about; kept until its record changes."""
    try:
        record = read_run(root, name)
    except InputError:
        return None
    plan = record.get("plan")
    own = isinstance(plan, dict) and "own_values" in plan
    return _Run(str(record.get("question") or ""), str(record.get("created") or ""), own)


def _page(run: _Run, question: str, folder: Path) -> str | None:
    """Return the file with the page of a question, if the run wrote one."""
    if run.question not in (question, EVERY):
        return None
    page = f"{question}.html" if run.question == EVERY and question != MAIN else "report.html"
    return page if (folder / page).is_file() else None


def _verdicts(path: Path, claims: Sequence[str]) -> tuple[tuple[str, int], ...]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if row.get("id") in claims]
    except (OSError, ValueError, csv.Error):
        return ()
    words = [row.get("verdict") or _UNTESTED.get(str(row.get("state")), "") for row in rows]
    return tuple((word, words.count(word)) for word in dict.fromkeys(words))
