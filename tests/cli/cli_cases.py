"""Answers made up by hand, and public functions put in the place of the real ones."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from serdsim.analysis.leave_one_out import ClassSection, LeaveOneOut
from serdsim.claims.records import Answer, Outcome, Statement

SOURCE = Path(__file__).resolve().parents[2] / "src"
RUN = "0123456789abcdef"


def statement(id: str = "MOA-01", state: str = "tested") -> Statement:
    return Statement(
        id=id,
        page="moa",
        title="Degrades the oestrogen receptor, wild type [and] mutant",
        sentence="Imlunestrant degrades ERα.",
        scale="cell",
        section="s",
        scope="",
        citations=(),
        state=state,
        why="" if state == "tested" else "no public number exists",
        experiment=None,
        metric="DC50",
        unit="nM",
        test="DC50 < 10 nM in wild type and mutant",
        margin=10.0,
        evidence=(),
        driving=(),
        named_ablation=None,
        as_of="2024-10-02",
        review_by="2026-10-02",
        superseded_by=None,
        limits=(),
        file="moa.yaml",
    )


def outcome(id: str = "MOA-01", verdict: str | None = "supported", state: str = "tested", **more: Any) -> Outcome:
    numbers = {"value": 3.1, "lo90": 1.2, "hi90": 7.9, "draws": 64} if state == "tested" else {}
    return Outcome(statement(id, state), state, data_role="prediction only", verdict=verdict, **(numbers | more))


def answer(*outcomes: Outcome) -> Answer:
    replay = "serdsim moa --draws 64 --seed 1"
    return Answer(RUN, "imlunestrant", "0.1.0", "abc", "2026-01-01", "2026-01-01", 1, 64, outcomes, replay)


def sisters() -> ClassSection:
    """Return a class of two sisters, of which one is predicted."""
    inside = LeaveOneOut("aaa", "P001", "EC50", "recalled", 1.0, 2.0, 0.5, 0.9, 1.5, 2.5, 6.0, True, True, False, 0)
    outside = replace(inside, drug="bbb", row="P002", low=70.0, high=70.0, hi90=math.inf, lo90=80.0, inside=False, near=False)
    return ClassSection("imlunestrant", ("aaa", "bbb"), {"ccc": "it is another kind"}, (inside, outside), (), (2.0,), 40, 1, "abc")


def answering(put: Callable[..., None], *outcomes: Outcome, **seen: Any) -> dict[str, Any]:
    def answer_moa(question: str, **options: Any) -> Any:
        seen.update(options, question=question)
        options["progress"]("draws", 1, 64)
        tables = {"outcomes": pd.DataFrame({"id": [one.statement.id for one in outcomes]})}
        pages = {"page": "<p>", "more": {}, "parameters": "<p>", "map": None, "figures": {}}
        parts = (("What is it?", answer(*outcomes)),)
        return types.SimpleNamespace(
            answer=answer(*outcomes), parts=parts, record={"seed": 1}, tables=tables, class_prior=sisters(), **pages
        )

    put("serdsim.report.answer", "answer_moa", answer_moa)
    return seen


def raising(error: BaseException) -> Callable[..., Any]:
    def function(*_: Any, **__: Any) -> Any:
        raise error

    return function


def serdsim(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(SOURCE)} | environment
    return subprocess.run([sys.executable, "-m", "serdsim.cli", *words], capture_output=True, text=True, env=env, check=False)
