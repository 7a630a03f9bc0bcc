"""What a fit shows on a terminal, and its JSON item."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from serdsim.cli.screen import NARROW, Screen, print_table, print_words
from serdsim.fit.data_sets import FAR, DataSet
from serdsim.fit.estimates import Estimate, together
from serdsim.report import fit_words as words

if TYPE_CHECKING:
    from serdsim.report.fit_answer import FitAnswer


_LONGEST = 28


def print_fit(answer: FitAnswer) -> None:
    """Print how the search went, where time went, data sets, parameters, and what is not identified."""
    fit, total = answer.fit, math.fsum(answer.fit.cost.seconds.values())
    print_words(f"Gradient: {words.cost_words(fit)}.")
    print_words(fit.found.text())
    print()
    rows = [(name, f"{spent:.1f}", f"{100 * spent / total:.0f}") for name, spent in fit.cost.seconds.items()]
    print_table(("Time", "s", "%"), [*rows, ("all", f"{total:.1f}", "100")], right=(1, 2))
    print()
    heads: tuple[str, ...] = ("Data set", "Points", "Squares", "Beyond", "Worst", "Which is")
    _print_rows(heads, [_set_row(data) for data in answer.sets], right=(1, 2, 3, 4))
    print_words(f"Squares: sum of squared residuals, in widths of the noise. Beyond: how many lie beyond {FAR:g} widths.")
    print()
    heads = ("Parameter", "Value", "Local 95 %", "Prior (95 %)", "Moved")
    _print_rows(heads, [_parameter_row(one) for one in answer.rows], right=(1, 4), whole=True)
    print_words("Moved: from the prior's median, in its standard deviations. Priors are assumptions unless a source says otherwise.")
    print()
    for one in fit.local.unknown:
        print_words(one.text())
    for a, b, r in together(fit.local):
        print_words(f"known only together: {a} and {b}, correlation {r:+.2f}")
    if not fit.local.unknown:
        print_words("No direction is wider than the bounds are apart.")


def _print_rows(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int], *, whole: bool = False) -> None:
    """Print a table, names `whole` where they are short enough; where it has no room, each row as lines."""
    if Screen().width >= NARROW:
        longest = max(len(row[0]) for row in rows)
        print_table(headings, rows, widths=(longest,) if whole and longest <= _LONGEST else (), right=right)
        return
    for row in rows:
        print_words(row[0])
        parts = (f"{head[0].lower()}{head[1:]} {cell}" for head, cell in zip(headings[1:], row[1:], strict=True) if cell)
        print_words("  " + "; ".join(parts))


def _set_row(data: DataSet) -> tuple[str, ...]:
    worst = data.worst
    return data.title, str(len(data.seen)), f"{data.squares:.1f}", str(len(data.misfits) or ""), words.off_words(worst), worst.name


def _parameter_row(one: Estimate) -> tuple[str, ...]:
    low, high = one.interval.lower, one.interval.upper
    count = words.figures(low, high)
    known = math.isfinite(low) and math.isfinite(high)
    ends = f"{_short(low, count)} to {_short(high, count)}{' cut' if one.interval.cut else ''}" if known else one.note or "not known"
    middle, *around = (_short(value) for value in (one.median, one.low, one.high))
    prior = f"{middle} ({' to '.join(around)})" if one.prior else f"flat {_short(one.lower, 3)} to {_short(one.upper, 3)}"
    return one.name, _short(one.interval.value, max(3, count)), ends, prior, words.signed(one.moved, 1) if one.prior else ""


def _short(value: float, figures: int = 2) -> str:
    """Return a number with so many figures, in as few signs as say it."""
    return f"{float(f'{value:.{figures}g}'):.{max(figures, 6)}g}"


def fit_item(answer: FitAnswer) -> dict[str, Any]:
    """Return the JSON item of a fit; what is not known is null."""
    fit, found = answer.fit, answer.fit.found
    return {
        "problem": fit.problem.name,
        "measurements": len(fit.problem.measurements),
        "terms": len(fit.problem.terms),
        "starts": len(found.descents),
        "converged": sum(one.outcome == "converged" for one in found.descents),
        "near": len(found.within()),
        "minimised": found.best.value,
        "log_likelihood": fit.best.log_likelihood,
        "log_prior": fit.own_prior(),
        "log_prior_petab": fit.best.log_prior,
        "gradient": {"way": fit.cost.way, "seconds": fit.cost.gradient, "plain_seconds": fit.cost.plain, "vectors": fit.cost.vectors},
        "seconds": dict(fit.cost.seconds),
        "parameters": [_parameter_item(one) for one in answer.rows],
        "data_sets": [_set_item(data) for data in answer.sets],
        "not_identified": [asdict(one) for one in fit.local.unknown],
        "correlated": [{"parameters": [a, b], "correlation": r} for a, b, r in together(fit.local)],
    }


def _parameter_item(one: Estimate) -> dict[str, Any]:
    item = {"parameter": one.name, "value": one.interval.value, "lo95": one.interval.lower, "hi95": one.interval.upper}
    prior = {"prior": one.prior or None, "prior_median": one.median, "prior_lo95": one.low, "prior_hi95": one.high}
    return item | prior | {"prior_widths_moved": one.moved, "at_bound": one.interval.at_bound or None, "cut": one.interval.cut}


def _set_item(data: DataSet) -> dict[str, Any]:
    worst = {"what": data.worst.name, "residual": data.worst.residual}
    counts = {"points": len(data.seen), "squares": data.squares, "misfits": [one.name for one in data.misfits]}
    return {"data_set": data.id, "title": data.title, "evidence": list(data.evidence), **counts, "worst": worst}
