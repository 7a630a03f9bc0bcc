"""Growth-rate inhibition: GR values, and the metrics of simulated curves and of data.

GR compares growth rates instead of end counts, so that it does not depend on how fast a line divides (Hafner et al. 2016, Nat
Methods, doi 10.1038/nmeth.3853): 1 is growth as in the vehicle, 0 no net growth, below 0 net loss, and -1 no cell left.

Simulated curves have no scatter, so their metrics are read off the curve itself, interpolated on log concentration. The
sigmoid is fitted to data only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serdsim.endpoints.dose_response import crossing
from serdsim.errors import InputError, Issue

HALF = 0.5
_FLAT = 0.05  # level of the F test against the flat line
_SHAPE = 3  # parameters of the sigmoid: GRinf, GEC50, h
_HILL = (0.1, 5.0)
_INF = (-1.0, 1.0)
_BEYOND = 2.0  # how far outside the concentrations GEC50 may lie [log10]


@dataclass(frozen=True)
class GrowthFit:
    """Metrics of a measured GR curve.

    Attributes
    ----------
    gr50 : float
        Concentration of GR = 0.5 [unit of the concentrations]; inf where the curve stays above it, -inf where a flat one
        lies below it.
    gr_max : float
        The lower of the mean GR values of the two highest concentrations, as measured.
    aoc : float
        Area over the measured curve per decade of concentration.
    gec50, gr_inf, hill : float
        Concentration of half of the effect, GR at endless concentration, steepness. When the flat line is kept, `gr_inf` is
        the mean of the GR values, and the other two are NaN.
    r2, p : float
        Share of the variance that the sigmoid explains, and the p value of the F test of the sigmoid against the flat line.
    flat : bool
        Whether the flat line is kept, that is `p` >= 0.05.
    """

    gr50: float
    gr_max: float
    aoc: float
    gec50: float
    gr_inf: float
    hill: float
    r2: float
    p: float
    flat: bool


def gr_value(treated: np.ndarray, start: np.ndarray, vehicle: np.ndarray, vehicle_start: np.ndarray | None = None) -> np.ndarray:
    """Return 2^(log2(treated/start) / log2(vehicle/vehicle_start)) - 1, dimensionless, in the common shape.

    NaN where the vehicle did not grow, where a start count is not positive, or a count is negative or not finite: without
    growth there is no rate to compare with. A treated count of zero is -1.

    Parameters
    ----------
    treated, start, vehicle : ndarray, shapes that broadcast
        Counts in one unit: treated and vehicle at the end, and at the start of the treatment.
    vehicle_start : ndarray, optional
        Count at the start of the vehicle arm; `start` when left out.
    """
    first = start if vehicle_start is None else vehicle_start
    treated, start, vehicle, first = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (treated, start, vehicle, first)))
    good = np.isfinite(treated) & np.isfinite(start) & np.isfinite(vehicle) & (treated >= 0) & (start > 0) & (first > 0) & (vehicle > first)
    result = np.full(treated.shape, np.nan)
    with np.errstate(divide="ignore"):  # no cell left: the logarithm is -inf, and GR is -1
        own = np.log2(treated[good] / start[good])
    result[good] = np.exp2(own / np.log2(vehicle[good] / first[good])) - 1.0
    return result


def gr_value_of_counts(treated: np.ndarray, start: float, vehicle: float, *, name: str = "vehicle") -> np.ndarray:
    """Return the GR values of measured counts, dimensionless, in the shape of `treated`.

    Raises
    ------
    InputError
        When the vehicle, called `name`, did not grow, or a count is not a number, negative, or a start of zero.
    """
    if not start < vehicle:
        raise InputError(
            Issue(
                f"the vehicle did not grow: {vehicle:g} at the end, {start:g} at the start",
                id=name,
                expected="more at the end than at the start, since GR compares with the vehicle's growth",
            )
        )
    values = gr_value(np.asarray(treated), np.asarray(start), np.asarray(vehicle))
    if not np.isfinite(values).all():
        raise InputError(Issue("a count cannot be used", id=name, expected="finite counts, not negative, and a start above zero"))
    return values


def gr50(concentrations: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the concentration at which a simulated curve crosses GR = 0.5, shape (draw,) [unit of concentrations].

    Interpolated on log concentration, not fitted. Infinity where it is not reached, -infinity where GR lies at or below 0.5
    at the lowest concentration already, NaN where a value is not finite.

    Parameters
    ----------
    concentrations : ndarray, shape (concentration,)
        Positive and rising; without the vehicle.
    values : ndarray, shape (concentration, draw)
        GR values.
    """
    whole = np.isfinite(values).all(axis=0)
    found = crossing(concentrations, values, HALF)
    result = np.where(np.isnan(found), np.inf, found)
    result = np.where(values[0] <= HALF, -np.inf, result)
    return np.where(whole, result, np.nan)


def gr_max(values: np.ndarray) -> np.ndarray:
    """Return the lower of the GR values at the two highest concentrations, shape (draw,); of (concentration, draw)."""
    return np.asarray(np.min(values[-2:], axis=0))


def gr_aoc(concentrations: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the area over the curve, 1 - GR over log10 concentration by trapezia, per decade, shape (draw,).

    0 for a drug without effect, 1 for one that holds the cells, up to 2 for one that kills all at every concentration.

    Parameters
    ----------
    concentrations : ndarray, shape (concentration,)
        Positive and rising, at least two; without the vehicle.
    values : ndarray, shape (concentration, draw)
        GR values.
    """
    decades = np.log10(concentrations)
    return np.asarray(np.trapezoid(1.0 - values, decades, axis=0) / (decades[-1] - decades[0]))


def fit_gr(concentrations: np.ndarray, values: np.ndarray) -> GrowthFit:
    """Return the metrics of measured GR values: the sigmoid GRinf + (1 - GRinf) / (1 + (c/GEC50)^h), or the flat line.

    Least squares within -1 <= GRinf <= 1, 0.1 <= h <= 5 and GEC50 within two decades around the concentrations. The flat
    line is kept where the F test (2 and n - 2 degrees of freedom) does not prefer the sigmoid at 0.05.

    Parameters
    ----------
    concentrations, values : ndarray, shape (point,)
        Positive concentrations and GR values, in any order; a concentration may be given several times.

    Raises
    ------
    InputError
        For fewer than four points or two concentrations, a concentration that is not positive, or a value not finite.
    """
    c, y = np.asarray(concentrations, dtype=float), np.asarray(values, dtype=float)
    _check_points(c, y)
    hill, inf, place, left = _sigmoid(np.log10(c), y)
    around = float(np.sum((y - y.mean()) ** 2))
    p = _p_of_sigmoid(around, left, len(y))
    doses = np.unique(c)
    mean = np.array([y[c == dose].mean() for dose in doses])
    flat = not p < _FLAT
    if flat:
        level = float(y.mean())
        middle, shape = (np.inf if level > HALF else -np.inf), (np.nan, level, np.nan)
    else:
        middle = 10.0**place * ((1.0 - inf) / (HALF - inf) - 1.0) ** (1.0 / hill) if inf < HALF else np.inf
        shape = (10.0**place, inf, hill)
    return GrowthFit(
        gr50=middle,
        gr_max=float(gr_max(mean)),
        aoc=float(gr_aoc(doses, mean)),
        gec50=shape[0],
        gr_inf=shape[1],
        hill=shape[2],
        r2=1.0 - left / around if around else np.nan,
        p=p,
        flat=flat,
    )


def _check_points(c: np.ndarray, y: np.ndarray) -> None:
    if c.shape != y.shape or c.ndim != 1 or len(c) < _SHAPE + 1 or len(np.unique(c)) < 2:
        raise InputError(Issue(f"{c.size} concentrations, {y.size} GR values", expected="a GR value for each of at least four points"))
    if not (np.isfinite(c).all() and np.isfinite(y).all() and np.all(c > 0)):
        raise InputError(Issue("a point cannot be used", expected="positive concentrations and finite GR values"))


def _sigmoid(log_c: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """Return h, GRinf, log10 GEC50 and the sum of squares of the best of several starts."""
    from scipy.optimize import least_squares  # takes a moment, and simulated curves are not fitted

    bounds = ([_HILL[0], _INF[0], log_c.min() - _BEYOND], [_HILL[1], _INF[1], log_c.max() + _BEYOND])

    def off(q: np.ndarray) -> np.ndarray:
        return np.asarray(q[1] + (1.0 - q[1]) / (1.0 + 10.0 ** (q[0] * (log_c - q[2]))) - y)

    starts = [(2.0, 0.1, float(at)) for at in np.quantile(log_c, [0.5, 0.25, 0.75])]
    tight = {"xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-12}
    best = min((least_squares(off, start, bounds=bounds, **tight) for start in starts), key=lambda found: float(found.cost))
    hill, inf, place = (float(v) for v in best.x)
    return hill, inf, place, 2.0 * float(best.cost)


def _p_of_sigmoid(around: float, left: float, points: int) -> float:
    """Return the p value of the F test; 1 where the sigmoid explains nothing."""
    above, below = _SHAPE - 1, points - _SHAPE + 1
    if around <= 0.0 or left >= around:
        return 1.0
    from scipy.stats import f as f_distribution  # takes half a second, and simulated curves are not fitted

    return float(f_distribution.sf((around - left) / above / (left / below), above, below)) if left > 0.0 else 0.0
