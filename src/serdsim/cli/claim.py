"""``serdsim claim ID``: one statement, tested."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serdsim.cli import options
from serdsim.cli.moa import answer_statements


def claim(
    id: Annotated[str, typer.Argument(metavar="ID", help="A statement, for example MOA-04.")],
    *,
    draws: options.Draws = 64,
    seed: options.Seed = 1,
    workers: options.Workers = None,
    as_json: options.Json = False,
    out: options.Out = Path("runs"),
    library: options.Library = None,
    as_of: options.AsOf = "today",
    with_values: options.With = None,
) -> None:
    """Test one statement; write the run folder."""
    answer_statements(
        "claim",
        [id],
        draws=draws,
        seed=seed,
        workers=workers,
        as_json=as_json,
        out=out,
        library=library,
        as_of=as_of,
        with_values=with_values,
    )
