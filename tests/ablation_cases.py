"""Cells and matrices of ablations for tests. Every value here is test data; none is a result."""

from __future__ import annotations

from dataclasses import replace

from report_cases import an_answer, statement
from serdsim.claims.records import AblationOutcome, Answer, Mechanism, Outcome


def cell(p_on: float, p_off: float, **changes: object) -> AblationOutcome:
    made = AblationOutcome("off-a", "part a off", p_on, p_off, p_on > 0.5 >= p_off, False, "why", p_on <= 0.5 < p_off)
    return replace(made, **changes)  # type: ignore[arg-type]


def wide_answer(columns: int, rows: int) -> Answer:
    """Return so many statements, every fourth untested, and so many mechanisms, of which statement i lacks every (i + 2)nd."""
    first = an_answer().outcomes[0]
    names = tuple(Mechanism(f"off-{i}", f"a part with a rather long name {i} off", "what", i >= rows - 2) for i in range(rows))
    outcomes = []
    for i in range(columns):
        state = "tested" if i % 4 else "not_testable"
        cells = tuple(cell(0.9, i / columns, id=one.id, title=one.title) for j, one in enumerate(names) if j % (i + 2) or not i)
        base = replace(first, statement=statement(f"MOA-{i:02d}a", state), panels=(), ablations=cells, no_flip="" if i % 3 else "nothing")
        outcomes.append(base if state == "tested" else Outcome(statement(f"MOA-{i:02d}a", state), state))
    return replace(an_answer(), outcomes=tuple(outcomes), mechanisms=names)
