"""``fit``: what a finished search leaves behind: record, tables, figures, page, and the parameter table with the best values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from serdsim.fit.data_sets import DataSet, data_sets
from serdsim.fit.estimates import Estimate, estimates
from serdsim.fit.parameter_table import parameter_table
from serdsim.fit.question import NUMERICS, Question
from serdsim.fit.result_tables import result_tables
from serdsim.fit.search import Fit
from serdsim.report.fit_figures import fit_figures
from serdsim.report.fit_page import render_fit
from serdsim.report.fit_sources import sources_of_fit
from serdsim.report.waterfall_figure import draw_waterfall
from serdsim.results.run_record import serdsim_version


@dataclass(frozen=True)
class FitAnswer:
    """A fit with its record for run.json, tables, figures (SVG by id), page, and files by path."""

    fit: Fit
    sets: tuple[DataSet, ...]
    rows: tuple[Estimate, ...]
    record: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame]
    figures: Mapping[str, str]
    page: str
    files: Mapping[str, str]


def answer_fit(question: Question, fit: Fit) -> FitAnswer:
    """Return everything that the run folder of a fit holds.

    Raises
    ------
    InputError
        When the library lacks what the problem names.
    """
    problem, found = fit.problem, fit.found
    sets, rows = data_sets(problem, fit.best), estimates(problem, fit.space, fit.local)
    figures = fit_figures(fit.objective, fit.values, sets)
    sources = sources_of_fit(problem, question.library)
    title = f"Starts of the fit of {problem.name}"
    waterfall = draw_waterfall(found, title), draw_waterfall(found, title, narrow=True)
    page = render_fit(fit, sets, rows, figures, sources, waterfall, run=question.run, command=question.command, version=serdsim_version())
    drawings = {"starts": waterfall[0], "starts-narrow": waterfall[1]} | {one.id: one.svg for of in figures.values() for one in of}
    return FitAnswer(
        fit=fit,
        sets=sets,
        rows=rows,
        record=_record(question, fit, sets) | {"citations": [one.key for one in sources.listed]},
        tables=result_tables(problem, rows, fit.best, found, fit.local),
        figures=drawings,
        page=page,
        files={"found.json": found.json(), "fitted/parameters.tsv": parameter_table(problem, fit.values)},
    )


def _record(question: Question, fit: Fit, sets: tuple[DataSet, ...]) -> dict[str, object]:
    found = fit.found
    count = {name: sum(one.outcome == name for one in found.descents) for name in ("converged", "stopped", "failed")}
    seen = [one for data in sets for one in data.seen]
    return {
        "verb": "fit",
        "seed": question.seed,
        "model_hash": question.model_hash,
        "plan": question.plan,
        "numerics": NUMERICS,
        "inputs": {"problem": Path(question.name).name},
        "replay": question.command,
        "status": count,
        "seconds": dict(fit.cost.seconds),
        "summary": {
            "problem": question.problem.name,
            "starts": len(found.descents),
            "near": len(found.within()),
            "misfits": f"{sum(one.far for one in seen)} of {len(seen)}",
            "lowest": f"{found.best.value:.6g}",
        },
    }
