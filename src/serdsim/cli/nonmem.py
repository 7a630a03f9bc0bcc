"""``serdsim simulate MODEL --nonmem FILE``: the records of a file, run and shown."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serdsim.cli.outcome import raise_failed, show

if TYPE_CHECKING:
    import xarray as xr


def run_records_and_show(
    model: str,
    file: Path,
    compartments: str | None,
    outputs: list[str] | None,
    library: Path | None,
    out: Path,
    workers: int | None,
    as_json: bool,
) -> None:
    """Run a model under the records of a file, write the run folder and print the summary.

    Raises
    ------
    IndividualsFailed
        After everything is written and printed, when some individuals failed.
    """
    from serdsim.cli.progress import shown_progress
    from serdsim.cli.screen import say
    from serdsim.results.dataset import rows_of
    from serdsim.results.run_folder import write_run
    from serdsim.simulation.nonmem import simulate_nonmem

    with shown_progress() as progress:
        result = simulate_nonmem(
            model, file, compartments=compartments, outputs=outputs, library=library, workers=workers, progress=progress
        )
    dataset, record = result.dataset, result.record
    folder = write_run(out, result.run, {"verb": "simulate"} | dict(record), tables={"observations": rows_of(dataset)})
    for words, key in (("Read as inputs of the model", "columns_read_as_inputs"), ("Passed over", "columns_passed_over")):
        columns = record[key]
        if isinstance(columns, list) and columns:
            say(f"{words}: the column{'s' if len(columns) > 1 else ''} {', '.join(columns)}.")
    show(result.run, _summary(dataset), folder, as_json)
    failed = dataset[["status", "message"]].to_dataframe().reset_index()
    raise_failed(failed[failed["status"] != "ok"], len(failed))


def _summary(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Return per output the first and last value (median over individuals), minimum and maximum (over all)."""
    import numpy as np

    items = []
    for name, values in dataset.data_vars.items():
        if "observation" not in values.dims:
            continue
        rows = [row[np.isfinite(row)] for row in values.values]
        full = [row for row in rows if row.size]
        ends = [float(np.median([row[place] for row in full])) if full else math.nan for place in (0, -1)]
        bounds = [float(bound(np.concatenate(full))) if full else math.nan for bound in (np.min, np.max)]
        unit = str(values.attrs.get("units", ""))
        items.append({"observable": str(name), "unit": unit, "first": ends[0], "last": ends[1], "min": bounds[0], "max": bounds[1]})
    return items
