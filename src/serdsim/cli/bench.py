"""``serdsim bench``: how fast the engine is on this machine."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from typing import Annotated

import typer

from serdsim.cli import options
from serdsim.cli.json_out import print_document

_REGIMEN = "imlunestrant 100 nM q24h x 28"


def bench(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A shipped model or the path of an SBML or Antimony file.")] = "cell",
    regimen: Annotated[str | None, typer.Argument(metavar="REGIMEN", help=f'Left out: "{_REGIMEN}" for a shipped model.')] = None,
    *,
    hours: Annotated[float, typer.Option("--hours", help="Length in h.")] = 672.0,
    individuals: Annotated[int, typer.Option("--individuals", min=1, max=100_000, help="Individuals per run.")] = 256,
    as_json: options.Json = False,
    library: options.Library = None,
) -> None:
    """Measure individuals per second at measured errors, on one thread.

    Hourly outputs of all states, the hours after a dose included. The errors are those of the first four individuals against
    CVODE at a relative tolerance of 1e-11. Other simulators are measured beside this one by `python -m benchmarks` in a checkout.
    """
    from serdsim.dosing.regimen import parse_regimen
    from serdsim.engine.instruction_set import instruction_set
    from serdsim.model.recipe import shipped_library, shipped_models
    from serdsim.simulation.speed import measure_speed

    text = regimen or (_REGIMEN if model in shipped_models(library or shipped_library()) else None)
    found = measure_speed(model, parse_regimen(text) if text else None, duration_h=hours, individuals=individuals, library=library)
    if as_json:
        print_document(None, [asdict(found)])
        return
    from serdsim.cli.screen import print_table, say

    say(f"{found.model}: {found.states} states, {found.hours:g} h, {found.individuals} individuals, {instruction_set()}")
    say(f"kernel ready in {found.build_s:.2f} s")
    heads = ("Engine", "rtol", "Individuals/s", "Steps", "Median error", "Largest error")
    rows = [
        (
            r.engine,
            f"{r.rtol:.0e}",
            f"{r.per_second:,.0f}",
            "" if isnan(r.steps) else f"{r.steps:.0f}",
            *_shown(r.median_error, r.largest_error),
        )
        for r in found.rungs
    ]
    print_table(heads, rows, widths=(10, 8, 14, 8, 14, 14), right=(1, 2, 3, 4, 5))


def _shown(*errors: float) -> tuple[str, ...]:
    return tuple(f"{error:.1e}" for error in errors)
