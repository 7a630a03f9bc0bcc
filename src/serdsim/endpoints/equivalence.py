"""Equivalence of two quantities by their ratio: share of draws inside a margin, smallest margin, two one-sided tests."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from serdsim.errors import InputError, Issue

_TESTED = 0.90  # two one-sided tests at 5 % each: the central 90 % interval lies inside the margin


def share_inside(ratios: np.ndarray, lower: float, upper: float) -> float:
    """Return P(equivalent): the share of draws whose ratio lies in lower..upper, ends included; NaN without draws.

    A ratio that does not exist (NaN, infinite) is not inside.

    Parameters
    ----------
    ratios : ndarray, shape (draw,)
        Dimensionless.
    lower, upper : float
        The margin, 0 < lower < upper.
    """
    _check_margin(lower, upper)
    return float(np.mean(np.isfinite(ratios) & (ratios >= lower) & (ratios <= upper))) if ratios.size else float("nan")


def smallest_margin(ratios: np.ndarray, level: float = 0.9) -> float:
    """Return the smallest m >= 1 such that at least `level` of the draws lie within 1/m to m (a factor, dimensionless).

    Infinity where fewer draws have a ratio that exists and is positive; NaN without draws.

    Parameters
    ----------
    ratios : ndarray, shape (draw,)
        Dimensionless.
    level : float
        Share of the draws, above 0 and at most 1.
    """
    if not ratios.size:
        return float("nan")
    away = np.full(ratios.shape, np.inf)
    good = np.isfinite(ratios) & (ratios > 0)
    away[good] = np.maximum(ratios[good], 1.0 / ratios[good])
    needed = int(np.ceil(level * ratios.size - 1e-9))  # 0.9 * 10 must not ask for ten draws
    return float(np.sort(away)[needed - 1])


def two_one_sided(low: float, high: float, lower: float, upper: float, *, confidence: float = _TESTED) -> bool:
    """Return whether a measured ratio is equivalent: its 90 % interval lies inside the margin (two one-sided tests at 5 %).

    An interval of another confidence is first brought to 90 %, normal on the logarithm about the middle of its ends.

    Parameters
    ----------
    low, high : float
        Ends of the confidence interval of the ratio, 0 < low <= high.
    lower, upper : float
        The margin, 0 < lower < upper.
    confidence : float
        Of the interval that is given, between 0 and 1.

    Raises
    ------
    InputError
        For ends or a margin that cannot be, or a confidence outside 0 to 1.
    """
    _check_margin(lower, upper)
    if not (0 < low <= high < float("inf") and 0 < confidence < 1):
        expected = "0 < low <= high, and a confidence between 0 and 1"
        raise InputError(Issue(f"an interval from {low:g} to {high:g} at {confidence:g}", expected=expected))
    middle, half = (np.log(low) + np.log(high)) / 2, (np.log(high) - np.log(low)) / 2
    half *= _quantile(_TESTED) / _quantile(confidence) if confidence != _TESTED else 1.0
    return bool(np.log(lower) < middle - half and middle + half < np.log(upper))


def _quantile(confidence: float) -> float:
    """Return how many standard deviations the central share reaches to each side."""
    return NormalDist().inv_cdf((1.0 + confidence) / 2)


def _check_margin(lower: float, upper: float) -> None:
    if not 0 < lower < upper < float("inf"):
        raise InputError(Issue(f"a margin from {lower:g} to {upper:g}", expected="0 < lower < upper, such as 0.8 to 1.25"))
