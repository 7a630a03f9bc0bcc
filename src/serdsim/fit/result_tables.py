"""Tables of a finished fit: parameters, measurements and terms with residuals, starts, covariance."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from serdsim.fit.estimates import Estimate
from serdsim.fit.found import Multistart
from serdsim.fit.interval import Local
from serdsim.fit.objective import Evaluation
from serdsim.fit.problem import Problem


def result_tables(
    problem: Problem, rows: tuple[Estimate, ...], best: Evaluation, found: Multistart, local: Local
) -> Mapping[str, pd.DataFrame]:
    """Return the tables by name; no number in them depends on time, workers or machine load."""
    tables = {"parameters": _parameters(rows), "measurements": _measurements(problem, best), "terms": best.terms}
    tables |= {"starts": _starts(found), "covariance": _covariance(local)}
    return {name: table for name, table in tables.items() if len(table)}


def _parameters(rows: tuple[Estimate, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "parameter": one.name,
                "value": one.interval.value,
                "lo95": one.interval.lower,
                "hi95": one.interval.upper,
                "deviation": one.interval.deviation,
                "scale": "logarithm" if one.logarithmic else "linear",
                "note": one.note,
                "lower_bound": one.lower,
                "upper_bound": one.upper,
                "prior": one.prior or "flat between the bounds",
                "prior_median": one.median,
                "prior_lo95": one.low,
                "prior_hi95": one.high,
                "prior_widths_moved": one.moved,
                "row": one.row.name if one.row else "",
                "transform": one.row.transform if one.row else "",
            }
            for one in rows
        ]
    )


def _measurements(problem: Problem, best: Evaluation) -> pd.DataFrame:
    table = best.table.copy()
    table.insert(0, "dataset", [one.dataset for one in problem.measurements])
    return table


def _starts(found: Multistart) -> pd.DataFrame:
    rows = []
    for rank, one in enumerate(found.ranked, 1):
        told = {"rank": rank, "start": one.index, "outcome": one.outcome, "why": one.why, "value": one.value}
        told |= {"value_at_start": one.value_at_start, "gradient_norm": one.gradient_norm}
        told |= {"evaluations": one.evaluations, "iterations": one.iterations}
        rows.append(told | {f"end {name}": at for name, at in zip(found.names, one.end, strict=True)})
    return pd.DataFrame(rows)


def _covariance(local: Local) -> pd.DataFrame:
    return pd.DataFrame(local.covariance, columns=list(local.free)).assign(parameter=list(local.free))[["parameter", *local.free]]
