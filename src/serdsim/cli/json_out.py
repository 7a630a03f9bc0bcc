"""The JSON that `--json` prints: one document, ``{"schema": 1, "run": id, "items": [...]}``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from serdsim.claims.records import Outcome


def statement_item(outcome: Outcome, run: str | None = None) -> dict[str, Any]:
    """Return the JSON item of one statement; all but its words is null unless it was tested.

    Parameters
    ----------
    outcome : Outcome
        The answer for the statement.
    run : str or None
        Id of the whole run, where the outcome names no run of its own.
    """
    statement, tested = outcome.statement, outcome.state == "tested"
    return {
        "id": statement.id,
        "statement": statement.sentence,
        "state": outcome.state,
        "data_role": outcome.data_role,
        "metric": statement.metric,
        "value": outcome.value if tested else None,
        "lo90": outcome.lo90 if tested else None,
        "hi90": outcome.hi90 if tested else None,
        "test": statement.test,
        "margin": statement.margin,
        "verdict": outcome.verdict if tested else None,
        "run": outcome.run or run,
    }


def print_document(run: str | None, items: Sequence[dict[str, Any]]) -> None:
    """Print the one JSON document on stdout; NaN and infinities become null, signs beyond ASCII are escaped."""
    from serdsim.results.run_id import plain

    document = plain({"schema": 1, "run": run, "items": list(items)}, not_finite=True)
    print(json.dumps(document, indent=2, allow_nan=False))
