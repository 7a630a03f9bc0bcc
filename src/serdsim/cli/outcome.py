"""Running what is ready and saying what came of it, the same for ``simulate`` and ``resume``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serdsim.cli.json_out import print_document
from serdsim.errors import IndividualsFailed

if TYPE_CHECKING:
    import pandas as pd

    from serdsim.simulation.prepared import Prepared
    from serdsim.simulation.streamed import Streamed

_MOST_NAMED = 10
_MOST_REASONS = 5


def run_and_show(ready: Prepared, out: Path, workers: int | None, as_json: bool, plot: bool = False) -> None:
    """Say what the run will need, run it, write its folder, with figures and a page if `plot`, and print its summary.

    Raises
    ------
    IndividualsFailed
        After everything is written and printed, when some individuals failed.
    """
    from serdsim.cli.progress import shown_progress
    from serdsim.cli.screen import say
    from serdsim.results.disk import free_bytes
    from serdsim.simulation.estimate import estimate
    from serdsim.simulation.streamed import stream

    if ready.question.pre_run:
        asked = str(ready.marks["asked"])
        absent = {drug for drug in ready.question.ways if drug not in asked}
        rows = [f"{key.replace('_', ' ')} {value}" for key, value in ready.question.selection.items() if value not in absent]
        counted = "; cells are counted anew at 0 h" if ready.question.plating else ""
        what = "doses" if ready.question.ways else "ligand"
        say(f"Before 0 h: {ready.question.pre_run:g} h without {what}{counted}. Rows of {', '.join(rows)}.")
    if ready.observed:
        say(f"To {ready.times[-1]:g} h, observed {ready.observed}.")
    if "individuals" in ready.record:
        say(str(ready.record["individuals"]))
    if ready.job.individuals > 1:
        needed = estimate(ready.job, workers)
        say(str(needed))
        if free_bytes(out) < needed.disk:
            say(f"Only {free_bytes(out) / 1e6:,.0f} MB are free there; should the disk fill up, what is done is kept.")
    with shown_progress() as progress:
        found = stream(ready, out, workers=workers, progress=progress)
    drawn = _answer(ready, found, as_json, plot)
    if drawn:
        (say if as_json else print)(f"Page: {found.folder / 'report.html'} with {drawn} figures")
    if found.late:
        say(f"{found.late} doses do not arrive before {ready.times[-1]:g} h and were not given.")
    if not (found.folder / "tables" / "trajectories.csv").exists():
        say("The trajectories are there as Parquet only: they have more rows than a spreadsheet opens.")
    raise_failed(found.failures, found.individuals)


def _answer(ready: Prepared, found: Streamed, as_json: bool, plot: bool) -> int:
    """Read what the run shows, print it, and draw it if `plot`; return how many figures there are."""
    from serdsim.cli.host_screen import reading_item, show_readings
    from serdsim.cli.screen import say
    from serdsim.report.run_answer import answer_run, draw_run
    from serdsim.simulation.columns import label_of

    answer = answer_run(ready, found.folder)
    if answer.unseen:
        say(answer.unseen)
    items = []
    for item in found.items:
        label = label_of(ready, item["observable"])
        items.append({**item, "title": label.title, "unit": label.unit})
    if answer.readings and not as_json:
        show_readings(answer.readings)
        if answer.courses.partial:
            say(f"Read from the first {answer.courses.individuals} individuals that ended well, of {answer.courses.every}.")
        print(f"Run: {found.folder}")
    else:
        show(found.run, [*items, *map(reading_item, answer.readings)] if as_json else items, found.folder, as_json)
    return draw_run(ready, answer, found.folder) if plot else 0


def show(run: str, items: Sequence[dict[str, Any]], folder: Path, as_json: bool) -> None:
    """Print what a run shows at a glance, and where it lies."""
    from serdsim.cli.screen import print_table, say

    if as_json:
        print_document(run, items)
    else:
        headings = ("Observable", "Unit", "First", "Last", "Min", "Max")
        rows = [(item["observable"], item["unit"], *(f"{item[key.lower()]:.4g}" for key in headings[2:])) for item in items]
        print_table(headings, rows, right=(2, 3, 4, 5))
        print()
    (say if as_json else print)(f"Run: {folder}")


def raise_failed(failures: pd.DataFrame, individuals: int) -> None:
    """Raise an IndividualsFailed that names them when there are any."""
    if failures.empty:
        return
    named = []
    for status, rows in failures.groupby("status", sort=False):
        ids = [str(id) for id in rows["individual"].head(_MOST_NAMED)]
        named.append(f"{status}: {', '.join(ids)}{', ...' if len(rows) > _MOST_NAMED else ''}")
    reasons = [text for text in failures["message"].unique() if text][:_MOST_REASONS]
    words = f"{len(failures)} of {individuals} individuals failed ({'; '.join(named)}); their values are missing in the tables"
    raise IndividualsFailed("\n".join([words, *reasons]))
