"""The page of a fit: how well it went, every data set beside its simulation, every parameter beside its prior."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from serdsim.fit.data_sets import FAR, DataSet, Seen
from serdsim.fit.estimates import Estimate, together
from serdsim.fit.found import WITHIN, Multistart
from serdsim.fit.search import Fit
from serdsim.report import numbers
from serdsim.report.estimate_drawing import estimate_drawing
from serdsim.report.fit_figures import Drawn
from serdsim.report.fit_sources import Behind, Sources
from serdsim.report.shell import environment, read_assets

_BEST = 5  # starts that the page lists


@dataclass(frozen=True)
class SetView:
    """A data set as the page shows it."""

    anchor: str
    data: DataSet
    squares: str
    worst: str
    figures: tuple[Markup, ...]
    rows: tuple[tuple[str, str, str, str, str, bool], ...]
    evidence: tuple[Behind, ...]


@dataclass(frozen=True)
class EstimateView:
    """A parameter as the page shows it."""

    estimate: Estimate
    value: str
    interval: str
    prior: str
    moved: str
    drawing: Markup
    behind: Behind | None


def render_fit(
    fit: Fit,
    sets: Sequence[DataSet],
    rows: Sequence[Estimate],
    figures: Mapping[str, Sequence[Drawn]],
    sources: Sources,
    waterfall: tuple[str, str],
    *,
    run: str,
    command: str,
    version: str,
) -> str:
    """The page as one HTML text.

    Parameters
    ----------
    fit : Fit
    sets, rows, figures
        What `data_sets`, `estimates` and `fit_figures` give for it.
    sources : Sources
        What stands behind the data and the priors.
    waterfall : tuple of str
        The drawing of the starts, for desks and for phones.
    run, command, version : str
        The run id, the command that asks the same, and the version of serdsim.
    """
    found, seen = fit.found, [one for data in sets for one in data.seen]
    total = math.fsum(fit.cost.seconds.values())
    return (
        environment()
        .get_template("fit.html.j2")
        .render(
            name=fit.problem.name,
            sentence=sentence(fit, sets),
            problem=fit.problem,
            fit=fit,
            found=found,
            near=len(found.within()),
            within=WITHIN,
            far=FAR,
            misfits=sum(one.far for one in seen),
            points=len(seen),
            waterfall=tuple(Markup(_inline(drawing)) for drawing in waterfall),
            sets=[_set(data, figures.get(data.id, ()), sources.sets.get(data.id, ())) for data in sets],
            rows=[_estimate(one, sources.parameters.get(one.name)) for one in rows],
            held=[one for one in rows if one.interval.at_bound],
            cut=[one for one in rows if one.interval.cut],
            pairs=[(a, b, _signed(r)) for a, b, r in together(fit.local)],
            starts=_starts(found),
            scores=_scores(fit),
            seconds=[(name, numbers.significant(spent, 3), f"{100 * spent / total:.0f}") for name, spent in fit.cost.seconds.items()],
            total=numbers.significant(total, 3),
            cost=cost_words(fit),
            sources=sources,
            run=run,
            command=command,
            version=version,
            **read_assets("fit.css").parts,
        )
    )


def sentence(fit: Fit, sets: Sequence[DataSet]) -> str:
    """What was fitted and how well, in one sentence."""
    problem, found = fit.problem, fit.found
    seen = [one for data in sets for one in data.seen]
    good = sum(not one.far for one in seen)
    what = [(len(problem.measurements), "measurement"), (len(problem.terms), "term")]
    data = " and ".join(_counted(count, noun) for count, noun in what if count)
    starts = f"{len(found.within())} of {len(found.descents)} starts ended within {WITHIN} of the best"
    return (
        f"{_counted(len(fit.space.names), 'parameter')} fitted to {data}: {good} of {len(seen)} lie within {FAR:g} widths of their noise, "
        f"and {starts}."
    )


def cost_words(fit: Fit) -> str:
    """What one vector with its gradient costs, by which way."""
    cost = fit.cost
    ratio = cost.gradient / cost.plain if cost.plain > 0.0 else math.nan
    return (
        f"{cost.way}; {1000 * cost.gradient:.3g} ms per vector with its gradient, {numbers.significant(ratio)} plain scores "
        f"of {1000 * cost.plain:.3g} ms; {_counted(cost.vectors, 'vector')}"
    )


def _counted(count: int, noun: str) -> str:
    return f"{numbers.count(count)} {noun}{'' if count == 1 else 's'}"


def _inline(drawing: str) -> str:
    return drawing.replace("<svg ", '<svg class="plot" ', 1)


def _signed(value: float, places: int = 2) -> str:
    return "no value" if not math.isfinite(value) else f"{value:+.{places}f}".replace("-", numbers.MINUS)


def _set(data: DataSet, figures: Sequence[Drawn], evidence: tuple[Behind, ...]) -> SetView:
    return SetView(
        anchor="set-" + (figures[0].id.rpartition("-")[0] if figures else data.id),
        data=data,
        squares=numbers.significant(data.squares, 3),
        worst=_signed(data.worst.residual, 1),
        figures=tuple(Markup(_inline(one.svg)) for one in figures),
        rows=tuple(_row(one) for one in data.seen),
        evidence=evidence,
    )


def _row(one: Seen) -> tuple[str, str, str, str, str, bool]:
    width = numbers.significant(one.width, 3) + (f" ({one.scale})" if one.scale != "lin" else "")
    return one.name, observed_words(one), numbers.significant(one.simulated, 3), width, _signed(one.residual), one.far


def observed_words(one: Seen) -> str:
    """What was observed: a number, an interval or a bound."""
    if one.number:
        return numbers.plain(one.lower)
    if math.isinf(one.lower):
        return f"at most {numbers.plain(one.upper)}"
    return f"at least {numbers.plain(one.lower)}" if math.isinf(one.upper) else f"{numbers.plain(one.lower)} to {numbers.plain(one.upper)}"


def interval_words(one: Estimate) -> tuple[str, str]:
    """The value and its 95 % interval, or what stands in the place of one."""
    if one.interval.at_bound:
        return numbers.significant(one.interval.value, 3), one.note
    return numbers.interval(one.interval.value, one.interval.lower, one.interval.upper)


def prior_words(one: Estimate) -> str:
    """The prior's median with its central 95 %, or the bounds of a flat one."""
    if one.prior:
        middle, ends = numbers.interval(one.median, one.low, one.high)
        return f"{middle} ({ends})"
    return f"flat, {numbers.plain(one.lower)} to {numbers.plain(one.upper)}"


def moved_words(one: Estimate) -> str:
    """How far it lies from the prior's median, in the prior's standard deviation."""
    return _signed(one.moved, 1) if one.prior else ""


def _estimate(one: Estimate, behind: Behind | None) -> EstimateView:
    value, ends = interval_words(one)
    return EstimateView(one, value, ends, prior_words(one), moved_words(one), Markup(estimate_drawing(one)), behind)


def _starts(found: Multistart) -> list[tuple[str, ...]]:
    best = found.best.value
    return [
        (str(one.index), score(one.value), _signed(one.value - best), one.outcome, one.why, numbers.count(one.evaluations))
        for one in found.ranked[:_BEST]
        if math.isfinite(one.value)
    ]


def _scores(fit: Fit) -> list[tuple[str, str, str]]:
    pairs = [("log-likelihood", fit.best.log_likelihood, fit.nominal.log_likelihood)]
    pairs += [("logarithm of the prior", fit.best.log_prior, fit.nominal.log_prior)]
    pairs += [("both: log posterior, not normalised", fit.best.log_posterior, fit.nominal.log_posterior)]
    pairs += [("sum of squared residuals of measurements", fit.best.chi2, fit.nominal.chi2)]
    return [(words, score(best), score(nominal)) for words, best, nominal in pairs]


def score(value: float) -> str:
    """A log-likelihood or the like, to two decimals."""
    return "no value" if not math.isfinite(value) else numbers.at_place(value, -2)
