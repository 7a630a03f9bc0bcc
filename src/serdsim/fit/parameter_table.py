"""The parameter table of a problem with other nominal values, in the version of the format that the problem has."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from serdsim.fit.formula_text import number_text
from serdsim.fit.prior import KINDS_ONE, Prior
from serdsim.fit.problem import Problem, Quantity


def parameter_table(problem: Problem, values: Mapping[str, float]) -> str:
    """Return the parameter table as tab-separated text; `values` on the linear scale are the new nominal ones."""
    row = _row_of_one if problem.version == 1 else _row_of_two
    rows = [row(one, number_text(values.get(id, one.nominal))) for id, one in problem.parameters.items()]
    priors = [column for column in rows[0] if "rior" in column and not any(one[column] for one in rows)]
    buffer = io.StringIO()
    columns = [column for column in rows[0] if column not in priors]
    writer = csv.DictWriter(buffer, columns, delimiter="\t", lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _row_of_one(one: Quantity, nominal: str) -> dict[str, str]:
    return {
        "parameterId": one.id,
        "parameterScale": one.scale,
        **_bounds(one),
        "nominalValue": nominal,
        "estimate": str(int(one.estimate)),
        "objectivePriorType": _word(one.prior) if one.prior else "",
        "objectivePriorParameters": _numbers(one.prior),
    }


def _row_of_two(one: Quantity, nominal: str) -> dict[str, str]:
    return {
        "parameterId": one.id,
        **_bounds(one),
        "nominalValue": nominal,
        "estimate": str(one.estimate).lower(),
        "priorDistribution": one.prior.kind if one.prior else "",
        "priorParameters": _numbers(one.prior),
    }


def _bounds(one: Quantity) -> dict[str, str]:
    ends = {"lowerBound": one.lower, "upperBound": one.upper}
    return {column: "" if end is None else number_text(end) for column, end in ends.items()}


def _numbers(prior: Prior | None) -> str:
    return ";".join(number_text(number) for number in prior.numbers) if prior else ""


def _word(prior: Prior) -> str:
    """Return the name that version 1 has for a prior that was read from it."""
    kinds = {found: word for word, found in KINDS_ONE.items()}
    return kinds.get((prior.kind, prior.scale != "lin")) or kinds[(prior.kind, True)]
