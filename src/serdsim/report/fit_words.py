"""What a fit is in words: how well it went, what a vector cost, a parameter and a point as text. The page and the terminal share them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from serdsim.fit.data_sets import FAR, DataSet, Seen
from serdsim.fit.estimates import Estimate
from serdsim.fit.found import WITHIN
from serdsim.fit.search import Fit
from serdsim.report import numbers


def sentence(fit: Fit, sets: Sequence[DataSet]) -> str:
    """What was fitted and how well, in one sentence."""
    problem, found = fit.problem, fit.found
    seen = [one for data in sets for one in data.seen]
    good = sum(not one.far for one in seen)
    what = [(len(problem.measurements), "measurement"), (len(problem.terms), "term")]
    data = " and ".join(counted(count, noun) for count, noun in what if count)
    starts = f"{len(found.within())} of {len(found.descents)} starts ended within {WITHIN} of the best"
    return (
        f"{counted(len(fit.space.names), 'parameter')} fitted to {data}: {good} of {len(seen)} lie within {FAR:g} widths of their noise, "
        f"and {starts}."
    )


def cost_words(fit: Fit) -> str:
    """What one vector with its gradient costs, by which way."""
    cost = fit.cost
    ratio = cost.gradient / cost.plain if cost.plain > 0.0 else math.nan
    return (
        f"{cost.way}; {1000 * cost.gradient:.3g} ms per vector with its gradient, {numbers.significant(ratio)} plain scores "
        f"of {1000 * cost.plain:.3g} ms; {counted(cost.vectors, 'vector')}"
    )


def counted(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{numbers.count(count)} {noun}{'' if count == 1 else 's'}"


def signed(value: float, places: int = 2) -> str:
    """A number with its sign, zero without one."""
    if not math.isfinite(value):
        return "no value"
    text = f"{round(value, places) + 0.0:+.{places}f}".replace("-", numbers.MINUS)
    return text if round(value, places) else text[1:]


def off_words(one: Seen, places: int = 1) -> str:
    """The residual of a point; an interval that holds what is simulated has none."""
    return "inside" if not one.number and one.residual == 0.0 else signed(one.residual, places)


def observed_words(one: Seen) -> str:
    """What was observed: a number, an interval or a bound."""
    if one.number:
        return numbers.plain(one.lower)
    if math.isinf(one.lower):
        return f"at most {numbers.plain(one.upper)}"
    return f"at least {numbers.plain(one.lower)}" if math.isinf(one.upper) else f"{numbers.plain(one.lower)} to {numbers.plain(one.upper)}"


def figures(low: float, high: float) -> int:
    """Return how many significant figures tell the ends of an interval apart."""
    size = max(abs(low), abs(high))
    if not (math.isfinite(low) and math.isfinite(high) and high > low and size > 0.0):
        return 2
    return min(max(2, math.ceil(-math.log10((high - low) / size)) + 1), 8)


def value_words(one: Estimate) -> str:
    """The value of a parameter, to a figure that its interval supports."""
    return numbers.significant(one.interval.value, max(3, figures(one.interval.lower, one.interval.upper)))


def interval_words(one: Estimate) -> str:
    """The 95 % interval of a parameter, or what stands in the place of one."""
    low, high = one.interval.lower, one.interval.upper
    if one.interval.at_bound or not (math.isfinite(low) and math.isfinite(high)):
        return one.note or "not known"
    ends = " to ".join(numbers.significant(end, figures(low, high)) for end in (low, high))
    return f"{ends}, cut at a bound" if one.interval.cut else ends


def prior_words(one: Estimate) -> str:
    """The prior's median with its central 95 %, or the bounds of a flat one."""
    if not one.prior:
        return f"flat, {numbers.plain(one.lower)} to {numbers.plain(one.upper)}"
    count = figures(one.low, one.high)
    middle, low, high = (numbers.significant(value, count) for value in (one.median, one.low, one.high))
    return f"{middle} ({low} to {high})"


def score(value: float) -> str:
    """A log-likelihood or the like, to two decimals."""
    return "no value" if not math.isfinite(value) else numbers.at_place(value, -2)
