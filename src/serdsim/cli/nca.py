"""``serdsim nca FILE``: what concentration curves say without a model."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serdsim.cli import options
from serdsim.cli.json_out import print_document
from serdsim.errors import InputError, Issue

if TYPE_CHECKING:
    from serdsim.endpoints.nca import Nca

_FILE = "CSV file with the columns ID, TIME, DV and AMT, and as needed EVID, MDV, DVID; one dose for each ID."
_LIMIT = "Limit of quantification; what does not lie above it was not measured."
_HEADS = ("ID", "Cmax", "tmax", "AUClast", "Half-life", "n", "AUCinf", "Beyond", "CL/F", "Vz/F")


def nca(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_FILE)],
    *,
    limit: Annotated[float, typer.Option("--limit", help=_LIMIT)] = 0.0,
    into_vein: Annotated[bool, typer.Option("--iv", help="All doses were given into a vein at once.")] = False,
    dvid: Annotated[str | None, typer.Option("--dvid", metavar="N", help="Which DVID is analysed.")] = None,
    as_json: options.Json = False,
) -> None:
    """Non-compartmental analysis of each individual after one dose.

    Area linear-up log-down; terminal slope by the best adjusted R2 of three or more points after the peak. Times, concentrations and
    doses are taken in the units of the file, and results are in these. n is how many points the slope has, Beyond the share of AUCinf
    after the last point; slope and adjusted R2 are in --json.
    """
    from serdsim.dosing.observed import read_observed
    from serdsim.endpoints.nca import analyse

    if not 0 <= limit < math.inf:
        raise InputError(Issue(f"--limit is {limit:g}", expected="a finite concentration of 0 or more"))
    curves = read_observed(file, dvid)
    found = [(one.id, analyse(one.times, one.concentrations, one.dose, quantifiable=limit, into_vein=into_vein)) for one in curves]
    if as_json:
        print_document(None, [{"id": id} | {name: _plain(value) for name, value in asdict(one).items()} for id, one in found])
        return
    from serdsim.cli.screen import print_table, print_words

    print_table(_HEADS, [_row(id, one) for id, one in found], right=tuple(range(1, len(_HEADS))))
    for id, one in found:
        for words in one.warnings:
            print_words(f"ID {id}: {words}.")


def _row(id: str, one: Nca) -> tuple[str, ...]:
    first = (one.cmax, one.tmax, one.auc_last, one.half_life)
    points = str(one.points) if one.points else "-"
    share = "-" if math.isnan(one.beyond) else f"{100 * one.beyond:.0f} %"
    return (id, *map(_shown, first), points, _shown(one.auc_inf), share, _shown(one.clearance), _shown(one.volume))


def _shown(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}"


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
