"""``serdsim cite RUN``: the references that a run rests on."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from serdsim.cli import options


class Format(StrEnum):
    """Formats of a bibliography."""

    bibtex = "bibtex"
    ris = "ris"


def cite(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or its first letters.")],
    *,
    format: Annotated[Format, typer.Option("--format", help="How references are written.")] = Format.bibtex,
    out: options.Out = Path("runs"),
    library: options.Library = None,
) -> None:
    """Print the references that a run rests on."""
    from serdsim.cli.screen import say
    from serdsim.model.recipe import shipped_library
    from serdsim.references import read_references, require, to_bibtex, to_ris
    from serdsim.results.run_folder import read_run

    record = read_run(out, run)
    keys = record.get("citations") or []
    if not keys:
        say(f"run {record['run']} rests on no reference")
        return
    references = require(keys, read_references((library or shipped_library()) / "references.bib"))
    print((to_ris if format is Format.ris else to_bibtex)(references), end="")
