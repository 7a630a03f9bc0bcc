"""Options that several verbs share, and the words in which wrong ones are refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from serdsim.errors import InputError, Issue

LARGEST_SEED = 2**53 - 1

Draws = Annotated[int, typer.Option("--draws", min=1, help="Parameter draws; more make verdicts surer.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of all random numbers.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes or threads; no result depends on it. Left out: all cores.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, everything else on stderr.")]
Plot = Annotated[bool, typer.Option("--plot", help="Write figures (SVG, PNG) and a page into the run folder.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of all runs.")]
Library = Annotated[
    Path | None,
    typer.Option("--library", metavar="DIR", exists=True, file_okay=False, help="Another library than the shipped one."),
]
_WITH = "A table (CSV, TSV) of your own values: id, value, unit, lower, upper, source, note. Nothing leaves this machine."
With = Annotated[Path | None, typer.Option("--with", metavar="FILE", help=_WITH)]
_AS_OF = "Show only evidence rows that were public on that day, as 2024-10-02; numbers of the model may be later."
AsOf = Annotated[str, typer.Option("--as-of", metavar="DATE|today", help=_AS_OF)]


def day(text: str) -> str:
    """Return `text` when it is ``today`` or a date as 2024-10-02.

    Raises
    ------
    InputError
        For anything else.
    """
    try:
        return text if text == "today" else date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError(Issue(f'--as-of is "{text}"', expected="today or a date such as 2024-10-02")) from None
