"""``serdsim score LOCK_OR_PREDICTIONS OBSERVED``: log error, coverage, and null models beside."""

from __future__ import annotations

from dataclasses import asdict
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serdsim.cli import options
from serdsim.cli.json_out import print_document

if TYPE_CHECKING:
    from serdsim.analysis.lock import Lock
    from serdsim.analysis.score import Score, Scored


_PREDICTED = "A lock (.json), or a table with the columns scenario, time_h, observable, unit, median, lo90, hi90."
_SEEN = "Table with the columns scenario, time_h, observable, unit, value, replicate."


def score(
    predictions: Annotated[Path, typer.Argument(metavar="LOCK_OR_PREDICTIONS", help=_PREDICTED)],
    observed: Annotated[Path, typer.Argument(metavar="OBSERVED", help=_SEEN)],
    *,
    as_json: options.Json = False,
) -> None:
    """Score predictions against what was observed.

    Replicates are averaged on the log scale. The null model is, for each observable, the geometric mean of all that was observed of
    it: it knows nothing of scenario and time. A lock brings a null model of its own, such as treatments that do not act on each other;
    a lock that was changed after it was written is refused.
    """
    from serdsim.analysis.score import score as scored

    found = scored(predictions, observed)
    everything = (*found.scenarios, *([found.held_out] if found.held_out else []), found.total)
    if as_json:
        print_document(None, [asdict(one) | {"covered_share": one.covered / one.points} for one in everything])
        return
    from serdsim.cli.screen import print_table, print_words

    heads = ("Scenario", "Points", "Error", "Bias", "Inside 90 %", "Null model", *(["Lock's null"] if found.lock else []))
    print_table(heads, [_row(one) for one in everything], right=tuple(range(1, len(heads))))
    print_words("Error: root mean square of the log error, as a factor. Bias: predicted over observed in the geometric mean.")
    if found.lock:
        _print_lock(found, found.lock)
    if found.unobserved:
        print_words(f"{found.unobserved} predictions were not observed and are not scored.")


def _print_lock(found: Scored, lock: Lock) -> None:
    """Print what single treatments would have been off by, and which lock this was."""
    from serdsim.cli.screen import print_table, print_words

    alone = [(one.name, id, f"{exp(error):.2f}-fold") for one in found.scenarios for id, error in one.alone.items()]
    if alone:
        print_table(("Scenario", "This alone", "Error"), alone, right=(2,))
    if found.held_out:
        print_words("Held out: without points up to which a scenario is still a single treatment, which fits of growth read.")
    print_words(f"Locked {lock.record['created']} at commit {lock.record['git_commit']}; the lock is as it was written.")
    if lock.unchecked:
        print_words("Not beside the lock and not checked: " + ", ".join(lock.unchecked) + ".")


def _row(one: Score) -> tuple[str, ...]:
    folds = (f"{exp(one.error):.2f}-fold", f"{exp(one.bias):.2f}")
    locked = () if one.locked_null is None else (f"{exp(one.locked_null):.2f}-fold",)
    return one.name, str(one.points), *folds, f"{one.covered} of {one.points}", f"{exp(one.null):.2f}-fold", *locked
