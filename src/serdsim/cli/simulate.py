"""``serdsim simulate MODEL REGIMEN``: a shipped model or a file, dosed and run."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serdsim.cli import options
from serdsim.cli.json_out import print_document
from serdsim.errors import IndividualsFailed

if TYPE_CHECKING:
    import xarray as xr

    from serdsim.dosing.regimen import Regimen

_REGIMEN = 'For example "imlunestrant 100 nM once"; left out: untreated.'


def simulate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A shipped model or the path of an SBML or Antimony file.")],
    regimen: Annotated[str | None, typer.Argument(metavar="REGIMEN", help=_REGIMEN)] = None,
    *,
    genotype: Annotated[str | None, typer.Option("--genotype", help="ESR1 genotype of a shipped model [default: WT]")] = None,
    cell_line: Annotated[str | None, typer.Option("--cell-line", help="Cell line of a shipped model [default: MCF7]")] = None,
    hours: Annotated[float, typer.Option("--hours", help="Length in h.")] = 72.0,
    every: Annotated[float, typer.Option("--every", help="Time between outputs in h.")] = 1.0,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Individuals; 1 uses the central parameters.")] = 1,
    seed: options.Seed = 1,
    output: Annotated[list[str] | None, typer.Option("--output", metavar="NAME", help="Observable to keep; may be repeated.")] = None,
    as_json: options.Json = False,
    out: options.Out = Path("runs"),
    library: options.Library = None,
    workers: options.Workers = None,
) -> None:
    """Run a model under a regimen.

    The trajectories go to a run folder; a summary is printed.
    """
    from serdsim.cli.progress import shown_progress
    from serdsim.cli.screen import say
    from serdsim.results.run_folder import require_room, write_run

    require_room(out)
    doses = _doses(regimen, model, library)
    _report_on_own_model(model, library)
    from serdsim.simulation import simulate_named

    with shown_progress() as progress:
        result = simulate_named(
            model,
            doses,
            genotype=genotype,
            cell_line=cell_line,
            duration_h=hours,
            every_h=every,
            draws=draws,
            seed=seed,
            outputs=output or None,
            library=library,
            workers=workers,
            progress=progress,
        )
    dataset = result.dataset
    folder = write_run(out, result.run, {"verb": "simulate"} | dict(result.record), tables={"trajectories": _table(dataset)})
    _show(dataset, result.run, folder, as_json)
    late = dataset.attrs.get("doses_after_the_end", 0)
    if late:
        say(f"{late} doses lie after {hours:g} h and were not given.")
    _raise_failed(dataset)


def _report_on_own_model(model: str, library: Path | None) -> None:
    """Say on stderr, before anything runs, what a model that is not shipped holds and what is odd about it."""
    from serdsim.model.library import shipped_models

    if model in shipped_models(library) or not Path(model).is_file():
        return
    from serdsim.cli.screen import say
    from serdsim.model.compatibility import compatibility
    from serdsim.model.sbml import read_model

    own = read_model(Path(model))
    say(compatibility(own).text())
    if "time" not in own.units:
        say("It gives no unit of time: --hours and --every are taken in its own unit.")


def _doses(regimen: str | None, model: str, library: Path | None) -> Regimen | None:
    from serdsim.dosing.regimen import parse_regimen
    from serdsim.model.library import choices, shipped_library, shipped_models

    if regimen is None:
        return None
    known = choices(library or shipped_library(), "drugs.tsv", "drug") if model in shipped_models(library) else ()
    return parse_regimen(regimen, known)


def _observables(dataset: xr.Dataset) -> list[str]:
    return [str(name) for name, values in dataset.data_vars.items() if "time" in values.dims]


def _table(dataset: xr.Dataset) -> Any:
    """Return one row per individual and time, sorted, with the status of the individual."""
    names = _observables(dataset) + (["status"] if "status" in dataset else [])
    order = ["individual", "time"]
    order += [str(dim) for dim in dataset[names].dims if dim not in order]
    present = [dim for dim in order if dim in dataset[names].dims]
    return dataset[names].to_dataframe(dim_order=present).reset_index().sort_values(present, ignore_index=True)


def _summary(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Return per observable the first and last value (median over individuals), minimum and maximum (over all)."""
    import numpy as np

    items = []
    for name in _observables(dataset):
        values = dataset[name]
        ends = [_over(np.median, values.isel(time=place)) for place in (0, -1)]
        lowest, highest = _over(np.min, values), _over(np.max, values)
        unit = str(values.attrs.get("units", values.attrs.get("unit", "")))
        items.append({"observable": name, "unit": unit, "first": ends[0], "last": ends[1], "min": lowest, "max": highest})
    return items


def _over(measure: Callable[[Any], Any], values: xr.DataArray) -> float:
    """Return the measure of the values that are there, NaN when there are none."""
    import numpy as np

    there = values.values[np.isfinite(values.values)]
    return float(measure(there)) if there.size else math.nan


def _show(dataset: xr.Dataset, run: str, folder: Path, as_json: bool) -> None:
    from serdsim.cli.screen import print_table, say

    items = _summary(dataset)
    if as_json:
        print_document(run, items)
    else:
        headings = ("Observable", "Unit", "First", "Last", "Min", "Max")
        rows = [(item["observable"], item["unit"], *(f"{item[key.lower()]:.4g}" for key in headings[2:])) for item in items]
        print_table(headings, rows, right=(2, 3, 4, 5))
        print()
    (say if as_json else print)(f"Run: {folder}")


def _raise_failed(dataset: xr.Dataset) -> None:
    if "status" not in dataset:
        return
    from serdsim.engine.plan import STATUSES

    said = [word if isinstance(word, str) else STATUSES[int(word)] for word in dataset["status"].values.ravel().tolist()]
    words = dict.fromkeys(text for text in dataset["message"].values.ravel().tolist() if text) if "message" in dataset else {}
    names = dataset["individual"].values.tolist() if "individual" in dataset.coords else range(len(said))
    failed: dict[str, list[str]] = {}
    for name, status in zip(names, said, strict=True):
        if status != "ok":
            failed.setdefault(status, []).append(str(name))
    if failed:
        count = sum(map(len, failed.values()))
        which = "; ".join(f"{status}: {', '.join(ids[:10])}{', ...' if len(ids) > 10 else ''}" for status, ids in failed.items())
        reasons = ("\n" + "\n".join(list(words)[:5])) if words else ""
        raise IndividualsFailed(f"{count} of {len(said)} individuals failed ({which}); their values are missing in the tables{reasons}")
