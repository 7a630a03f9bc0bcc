"""``serdsim runs``: the runs of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serdsim.cli import options
from serdsim.cli.json_out import print_document


def runs(*, as_json: options.Json = False, out: options.Out = Path("runs")) -> None:
    """List the runs, the newest first."""
    from serdsim.results.run_folder import list_runs

    entries = list_runs(out)
    if as_json:
        print_document(None, entries)
        return
    from serdsim.cli.screen import print_table, say

    if not entries:
        say(f"no runs in {out}")
        return
    rows = [(entry["run"], (entry["created"] or "")[:16].replace("T", " "), entry["verb"] or "", _words(entry)) for entry in entries]
    print_table(("Run", "Created (UTC)", "Verb", "Summary"), rows, widths=(16, 16, 8, 0))


def _words(entry: dict[str, Any]) -> str:
    if entry["state"] != "ok":
        return str(entry["state"])
    summary = entry["summary"]
    if isinstance(summary, dict):
        return ", ".join(f"{key} {value}" for key, value in summary.items())
    return "" if summary is None else str(summary)
