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
from serdsim.report import fit_words as words_of
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
    figures: tuple[tuple[str, Markup], ...]
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
            sentence=words_of.sentence(fit, sets),
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
            pairs=[(a, b, words_of.signed(r)) for a, b, r in together(fit.local)],
            starts=_starts(found),
            scores=_scores(fit),
            seconds=[(name, numbers.significant(spent, 3), f"{100 * spent / total:.0f}") for name, spent in fit.cost.seconds.items()],
            total=numbers.significant(total, 3),
            cost=words_of.cost_words(fit),
            sources=sources,
            run=run,
            command=command,
            version=version,
            **read_assets("fit.css").parts,
        )
    )


def _inline(drawing: str) -> str:
    return drawing.replace("<svg ", '<svg class="plot" ', 1)


def _set(data: DataSet, figures: Sequence[Drawn], evidence: tuple[Behind, ...]) -> SetView:
    return SetView(
        anchor="set-" + (figures[0].id.rpartition("-")[0] if figures else data.id),
        data=data,
        squares=numbers.significant(data.squares, 3),
        worst=words_of.off_words(data.worst),
        figures=tuple((one.apart, Markup(_inline(one.svg))) for one in figures),
        rows=tuple(_row(one) for one in data.seen),
        evidence=evidence,
    )


def _row(one: Seen) -> tuple[str, str, str, str, str, bool]:
    width = numbers.significant(one.width, 3) + (f" ({one.scale})" if one.scale != "lin" else "")
    return one.name, words_of.observed_words(one), numbers.significant(one.simulated, 3), width, words_of.off_words(one, 2), one.far


def _estimate(one: Estimate, behind: Behind | None) -> EstimateView:
    moved = words_of.signed(one.moved, 1) if one.prior else "no prior"
    words = words_of.value_words(one), words_of.interval_words(one), words_of.prior_words(one), moved
    return EstimateView(one, *words, Markup(estimate_drawing(one)), behind)


def _starts(found: Multistart) -> list[tuple[str, ...]]:
    best = found.best.value
    return [
        (str(one.index), words_of.score(one.value), words_of.signed(one.value - best), one.outcome, one.why, numbers.count(one.evaluations))
        for one in found.ranked[:_BEST]
        if math.isfinite(one.value)
    ]


def _scores(fit: Fit) -> list[tuple[str, str, str]]:
    """Scores at the best and at the nominal parameters."""
    own = [fit.own_prior(), fit.own_prior(fit.problem.nominal)]
    likelihood = [fit.best.log_likelihood, fit.nominal.log_likelihood]
    rows = [
        ("log-likelihood", likelihood),
        ("log prior, each as density on its own scale, without constants", own),
        ("what was minimised: minus the sum of both", [-a - b for a, b in zip(likelihood, own, strict=True)]),
        ("log prior as PEtab counts it: density of the value itself", [fit.best.log_prior, fit.nominal.log_prior]),
        ("sum of squared residuals of measurements", [fit.best.chi2, fit.nominal.chi2]),
    ]
    return [(words, words_of.score(best), words_of.score(nominal)) for words, (best, nominal) in rows]
