"""``serdsim resume RUN``: go on with a run that was cancelled or killed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serdsim.cli import options
from serdsim.cli.fit import resume_fit
from serdsim.cli.outcome import run_and_show


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or its first letters.")],
    *,
    plot: options.Plot = False,
    as_json: options.Json = False,
    out: options.Out = Path("runs"),
    workers: options.Workers = None,
) -> None:
    """Finish a run that was cancelled or killed.

    What is done is kept, and the tables have the same bytes as those of a run that was never interrupted.
    """
    from serdsim.cli.screen import say
    from serdsim.results.run_folder import find_run
    from serdsim.results.run_lock import locked
    from serdsim.results.unfinished import Unfinished
    from serdsim.simulation.resumed import reopen

    folder = find_run(out, run)
    said = Unfinished(out, folder.name).read()
    if (folder / "run.json").is_file() and said is None:
        with locked(out, folder.name):
            Unfinished(out, folder.name).clear()  # a kill at the very end may have left the parts
        say(f"The run {folder.name} is finished: {folder}")
        return
    if said is not None and said.get("verb") == "fit":
        resume_fit(said, out, workers, as_json)
        return
    run_and_show(reopen(out, folder.name), out, workers, as_json, plot)
