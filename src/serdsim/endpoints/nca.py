"""Non-compartmental analysis: what a concentration curve says without a model.

The rules. Area: linear where the concentration rises or stays, logarithmic where it falls (linear-up log-down). Terminal slope: a line
through the logarithms of the last three or more measurable concentrations after the peak; of all such numbers of points the one with the
best adjusted R2 counts, of those within 0.0001 of it the one with most points. Below the limit of quantification: zero before the
first measurable concentration, left out after it. Without an observation at the dose the curve starts at zero, after a dose into
the vein at the value to which the first two points lead back. A slope must be more than rounding over its points and explain more than
chance (adjusted R2 above 0). Where more than a fifth of an area to infinity was never observed, a warning says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serdsim.errors import InputError, Issue

LEAST_POINTS = 3
MOST_BEYOND = 0.20
_SAME_R2 = 1e-4
_LEAST_FALL = 1e-9  # of the logarithm, over the points of a terminal slope: less is rounding
_FLAT = 1e-6  # of the logarithm, between two points: there the linear area is exact, and the logarithmic one loses digits
_NO_SLOPE = f"no line through {LEAST_POINTS} or more points after the peak falls and fits: no terminal slope"
_NOT_BACK = "the first two points lead back to no finite concentration at the dose: it starts at the first"


@dataclass(frozen=True)
class Terminal:
    """The terminal slope [1/time] with its points, adjusted R2 and the concentration that the line gives at the last point."""

    slope: float
    points: int
    r2: float
    last: float


@dataclass(frozen=True)
class Nca:
    """What a curve says; NaN where it does not say it. Units follow from those of time, concentration and dose.

    Attributes
    ----------
    cmax, tmax : float
        The highest concentration and its first time after the dose.
    clast, tlast : float
        The last measurable one.
    auc_last : float
        Area from the dose to `tlast`.
    lambda_z, half_life, r2, points : float
        The terminal slope, ln 2 over it, its adjusted R2 and number of points.
    auc_inf, beyond : float
        Area to infinity, with the observed last concentration, and the share of it after `tlast`.
    clearance, volume : float
        Dose over `auc_inf`, and that over `lambda_z`; apparent ones unless all of the dose arrives.
    warnings : tuple of str
    """

    cmax: float
    tmax: float
    clast: float
    tlast: float
    auc_last: float
    lambda_z: float
    half_life: float
    r2: float
    points: int
    auc_inf: float
    beyond: float
    clearance: float
    volume: float
    warnings: tuple[str, ...] = ()


def analyse(
    times: Sequence[float],
    concentrations: Sequence[float],
    dose: float = float("nan"),
    *,
    quantifiable: float = 0.0,
    into_vein: bool = False,
) -> Nca:
    """Return the non-compartmental analysis of one curve after one dose at time 0.

    Parameters
    ----------
    times, concentrations : sequence of float
        Observations, times since the dose and rising; NaN counts as below the limit.
    dose : float
        Of the drug whose concentrations these are.
    quantifiable : float
        The limit of quantification: what does not lie above it was not measured.
    into_vein : bool
        Whether the whole dose was in plasma at time 0.

    Raises
    ------
    InputError
        For times that do not rise or lie before the dose, and for negative concentrations.
    """
    t, c = np.asarray(times, float), np.asarray(concentrations, float)
    _check(t, c)
    with np.errstate(all="ignore"):
        return _analysed(t, c, dose, quantifiable, into_vein)


def _analysed(t: np.ndarray, c: np.ndarray, dose: float, quantifiable: float, into_vein: bool) -> Nca:
    t, c, said = _measurable(t, c, quantifiable, into_vein)
    if not np.any(c > 0):
        nothing = float("nan")
        return Nca(0.0, nothing, nothing, nothing, 0.0, *(nothing,) * 3, 0, *(nothing,) * 4, ("no concentration is measurable",))
    peak, last = int(np.argmax(c)), int(np.flatnonzero(c > 0)[-1])
    t, c = t[: last + 1], c[: last + 1]
    area = area_under(t, c)
    end = terminal(t[peak + 1 :], c[peak + 1 :])
    head = (float(c[peak]), float(t[peak]), float(c[-1]), float(t[-1]), area)
    if end is None:
        unsaid = float("nan")
        return Nca(*head, *(unsaid,) * 3, 0, *(unsaid,) * 4, (*said, _NO_SLOPE))
    tail = float(c[-1]) / end.slope
    beyond = tail / (area + tail)
    warnings = (f"{100 * beyond:.0f} % of the area to infinity lies after the last point",) if beyond > MOST_BEYOND else ()
    clearance = dose / (area + tail)
    ending = (end.slope, float(np.log(2.0)) / end.slope, end.r2, end.points)
    return Nca(*head, *ending, area + tail, beyond, clearance, clearance / end.slope, (*said, *warnings))


def area_under(times: np.ndarray, values: np.ndarray) -> float:
    """Return the area under a curve, linear-up log-down."""
    return float(np.sum(areas(times, values)))


def areas(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the area of each interval between observations, linear-up log-down; axis 0 is time."""
    first, second = np.asarray(values[:-1], float), np.asarray(values[1:], float)
    steps = np.diff(times).reshape(-1, *(1,) * (first.ndim - 1))
    falls = (second < first) & (second > 0)
    ratio = np.log(np.where(falls, first, 2.0) / np.where(falls, second, 1.0))
    falls &= ratio > _FLAT
    ratio = np.where(falls, ratio, 1.0)
    return np.asarray(steps * np.where(falls, (first - second) / ratio, 0.5 * (first + second)))


def terminal(times: np.ndarray, values: np.ndarray) -> Terminal | None:
    """Return the terminal slope of what comes after the peak; None where no three points fall and fit."""
    positive = values > 0
    t, y = times[positive], np.log(values[positive])
    lines = [_line(t[-count:], y[-count:]) for count in range(LEAST_POINTS, len(t) + 1)]
    fits = [fit for fit in lines if fit.slope * (t[-1] - t[-fit.points]) > _LEAST_FALL and fit.r2 > 0.0]
    if not fits:
        return None
    best = max(fit.r2 for fit in fits)
    return max((fit for fit in fits if fit.r2 >= best - _SAME_R2), key=lambda fit: fit.points)


def _line(t: np.ndarray, y: np.ndarray) -> Terminal:
    count = len(t)
    off, up = t - np.mean(t), y - np.mean(y)
    slope = float(np.sum(off * up) / np.sum(off**2))
    spread, left = float(np.sum(up**2)), float(np.sum((up - slope * off) ** 2))
    r2 = 1.0 - left / spread if spread > 0 else 0.0
    return Terminal(-slope, count, 1.0 - (1.0 - r2) * (count - 1) / (count - 2), float(np.exp(np.mean(y) + slope * off[-1])))


def _check(t: np.ndarray, c: np.ndarray) -> None:
    issues = []
    if t.ndim != 1 or t.shape != c.shape or not t.size:
        issues.append(Issue(f"{t.size} times and {c.size} concentrations", expected="as many of one as of the other, at least one"))
    elif not np.all(np.isfinite(t)) or np.any(np.diff(t) <= 0) or t[0] < 0:
        repair = "Count time from the dose, and give one concentration for each time"
        issues.append(Issue("the times do not rise from the dose on", expected="finite, rising times of 0 or more", repair=repair))
    elif np.any(c < 0) or np.any(np.isinf(c)):
        repair = "Write what lies below the limit of quantification as 0 or leave it empty"
        issues.append(Issue("a concentration is negative or infinite", expected="finite concentrations of 0 or more", repair=repair))
    if issues:
        raise InputError(issues)


def _measurable(t: np.ndarray, c: np.ndarray, quantifiable: float, into_vein: bool) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return the curve from the dose on without what was not measured after its first measurable point, and what is to be said of it."""
    seen = np.nan_to_num(c) > quantifiable
    first = int(np.argmax(seen)) if np.any(seen) else len(t)
    values = np.where(seen, c, 0.0)
    keep = seen | (np.arange(len(t)) < first)
    t, values = t[keep], values[keep]
    if into_vein and len(t) and t[0] == 0.0 and values[0] == 0.0:
        t, values = t[1:], values[1:]
    if len(t) and t[0] == 0.0:
        return t, values, ()
    start = _back(t, values) if into_vein else 0.0
    said = () if np.isfinite(start) else (_NOT_BACK,)
    return np.concatenate([[0.0], t]), np.concatenate([[values[0] if said else start], values]), said


def _back(t: np.ndarray, c: np.ndarray) -> float:
    """Return to what the first two points lead back at time 0, infinite where no number holds it; the first where they do not fall."""
    if len(t) < 2 or not c[0] > c[1] > 0:
        return float(c[0]) if len(c) else 0.0
    return float(c[0] * (c[0] / c[1]) ** (t[0] / (t[1] - t[0])))
