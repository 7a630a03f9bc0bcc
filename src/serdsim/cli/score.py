"""``serdsim score PREDICTIONS OBSERVED``: log error, coverage, and the null model beside."""

from __future__ import annotations

from dataclasses import asdict
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serdsim.cli import options
from serdsim.cli.json_out import print_document

if TYPE_CHECKING:
    from serdsim.analysis.score import Score


_PREDICTED = "Table with the columns scenario, time_h, observable, unit, median, lo90, hi90."
_SEEN = "Table with the columns scenario, time_h, observable, unit, value, replicate."


def score(
    predictions: Annotated[Path, typer.Argument(metavar="PREDICTIONS", help=_PREDICTED)],
    observed: Annotated[Path, typer.Argument(metavar="OBSERVED", help=_SEEN)],
    *,
    as_json: options.Json = False,
) -> None:
    """Score predictions against what was observed.

    Replicates are averaged on the log scale. The null model is, for each observable, the geometric mean of all that was observed of
    it: it knows nothing of scenario and time.
    """
    from serdsim.analysis.score import score as scored

    found = scored(predictions, observed)
    if as_json:
        print_document(None, [asdict(one) | {"covered_share": one.covered / one.points} for one in (*found.scenarios, found.total)])
        return
    from serdsim.cli.screen import print_table, print_words

    heads = ("Scenario", "Points", "Error", "Bias", "Inside 90 %", "Null model")
    rows = [_row(one) for one in (*found.scenarios, found.total)]
    print_table(heads, rows, right=(1, 2, 3, 4, 5))
    print_words("Error: root mean square of the log error, as a factor. Bias: predicted over observed in the geometric mean.")
    if found.unobserved:
        print_words(f"{found.unobserved} predictions were not observed and are not scored.")


def _row(one: Score) -> tuple[str, ...]:
    folds = (f"{exp(one.error):.2f}-fold", f"{exp(one.bias):.2f}")
    return one.name, str(one.points), *folds, f"{one.covered} of {one.points}", f"{exp(one.null):.2f}-fold"
