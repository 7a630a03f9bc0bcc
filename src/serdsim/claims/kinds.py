"""The arithmetic of each kind of measure: readings -> a number per draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from serdsim.claims.course_kinds import COURSE_KINDS
from serdsim.claims.matrix_kinds import MATRIX_KINDS
from serdsim.claims.measures import Measure, Part, arm, locate
from serdsim.claims.tumour_kinds import TUMOUR_KINDS
from serdsim.endpoints.dose_response import dc50, ec50, half_life
from serdsim.endpoints.growth_rate import gr50, gr_aoc, gr_value
from serdsim.endpoints.order import half_change
from serdsim.experiments.runner import Readings

Kind = Callable[[Measure, Readings], np.ndarray]


def values_of(part: Part, readings: Readings) -> np.ndarray:
    """Return the value of a part for each draw, in its shown unit, shape (draw,)."""
    measure = part.measure
    with np.errstate(divide="ignore", invalid="ignore"):  # a window of zero width gives no number, and so does not hold
        return np.asarray(part.scale * KINDS[measure.kind](measure, readings))


def gr_curve(series: str, measure: Measure, readings: Readings) -> tuple[np.ndarray, np.ndarray]:
    """Return the concentrations above 0 [nM] and the GR values at the measure's time, shape (concentration, draw).

    Each arm counts from its own start; the first concentration of the series is its vehicle.
    """
    reading = readings.series[series]
    start, end = reading.at(measure.output, 0.0), reading.at(measure.output, measure.time)
    return np.array(reading.series.concentrations)[1:], gr_value(end[1:], start[1:], end[:1], start[:1])


def concentration_ratio(half: np.ndarray, other: np.ndarray, first: float, first_other: float) -> np.ndarray:
    """Return half / other, shape (draw,); NaN where either lies outside its range, since a ratio of bounds says nothing.

    Parameters
    ----------
    half, other : ndarray, shape (draw,)
        Concentrations of half of an effect [nM].
    first, first_other : float
        The lowest concentration above 0 of each series [nM]: a value there, or below, is an upper bound.
    """
    inside = np.isfinite(half) & np.isfinite(other) & (half > first) & (other > first_other)
    return np.where(inside, half / other, np.nan)


def _ratio(measure: Measure, readings: Readings) -> np.ndarray:
    return np.asarray(arm(measure.arms["of"], measure, readings) / arm(measure.arms["to"], measure, readings))


def _relative_ratio(measure: Measure, readings: Readings) -> np.ndarray:
    """Return what one arm leaves of its own vehicle over what the other leaves of its own."""
    own, other = (
        arm(measure.arms[name], measure, readings) / arm(measure.arms[f"{name}_vehicle"], measure, readings) for name in ("of", "to")
    )
    return np.asarray(own / other)


def _level(measure: Measure, readings: Readings) -> np.ndarray:
    return arm(measure.arms["of"], measure, readings)


def _difference(measure: Measure, readings: Readings) -> np.ndarray:
    return np.asarray(arm(measure.arms["of"], measure, readings) - arm(measure.arms["to"], measure, readings))


def _window(measure: Measure, readings: Readings) -> np.ndarray:
    low = arm(measure.arms["low"], measure, readings)
    return np.asarray((arm(measure.arms["of"], measure, readings) - low) / (arm(measure.arms["high"], measure, readings) - low))


def _half_life(measure: Measure, readings: Readings) -> np.ndarray:
    reading, at, _ = locate(measure.arms["of"], measure, readings)
    return half_life(reading.times, reading.values[measure.output][at])


def _later(measure: Measure, readings: Readings) -> np.ndarray:
    """Return half-change of `then` minus that of `output` [h]; inf or -inf where one of them never moved, NaN for both."""
    reading, at, _ = locate(measure.arms["of"], measure, readings)
    kept = reading.times <= measure.time * (1.0 + 1e-9)
    first, then = (half_change(reading.times[kept], reading.values[id][at][kept], measure.least) for id in (measure.output, measure.then))
    return np.asarray(then - first)


def _gr(measure: Measure, readings: Readings) -> np.ndarray:
    (treated, own), (vehicle, first) = (
        (arm(measure.arms[name], measure, readings), arm(f"{measure.arms[name]} @ 0 h", measure, readings)) for name in ("of", "to")
    )
    return gr_value(treated, own, vehicle, first)


def _gr_difference(measure: Measure, readings: Readings) -> np.ndarray:
    """Return the GR value of `of` minus that of `to`, each against the vehicle of its own series."""
    values = []
    for name in ("of", "to"):
        reading, at, _ = locate(measure.arms[name], measure, readings)
        values.append(gr_curve(reading.series.id, measure, readings)[1][at - 1])
    return np.asarray(values[0] - values[1])


def _gr50(measure: Measure, readings: Readings, name: str = "of") -> np.ndarray:
    """Return GR50 [nM]; like DC50, the lowest concentration, an upper bound, where it lies below all of them."""
    concentrations, values = gr_curve(measure.arms[name].strip(), measure, readings)
    found = gr50(concentrations, values)
    return np.where(np.isneginf(found), concentrations[0], found)


def _gr_aoc(measure: Measure, readings: Readings) -> np.ndarray:
    return gr_aoc(*gr_curve(measure.arms["of"].strip(), measure, readings))


def _of_series(endpoint: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    def found(measure: Measure, readings: Readings, name: str = "of") -> np.ndarray:
        reading = readings.series[measure.arms[name].strip()]
        return endpoint(np.array(reading.series.concentrations), reading.at(measure.output, measure.time))

    return found


def _over(kind: Callable[..., np.ndarray]) -> Kind:
    def found(measure: Measure, readings: Readings) -> np.ndarray:
        lowest = {name: readings.series[measure.arms[name].strip()].series.concentrations[1] for name in ("of", "to")}
        return concentration_ratio(kind(measure, readings), kind(measure, readings, "to"), lowest["of"], lowest["to"])

    return found


_dc50, _ec50 = _of_series(dc50), _of_series(ec50)


def _dc50_ratio(measure: Measure, readings: Readings) -> np.ndarray:
    return np.asarray(_dc50(measure, readings) / _dc50(measure, readings, "to"))


KINDS: Mapping[str, Kind] = {
    "ratio": _ratio,
    "relative_ratio": _relative_ratio,
    "level": _level,
    "difference": _difference,
    "window": _window,
    "half_life": _half_life,
    "later": _later,
    "gr": _gr,
    "gr_difference": _gr_difference,
    "gr50": _gr50,
    "gr50_ratio": _over(_gr50),
    "gr_aoc": _gr_aoc,
    "dc50": _dc50,
    "dc50_ratio": _dc50_ratio,
    "ec50": _ec50,
    "ec50_ratio": _over(_ec50),
    "ic50": _dc50,  # half of the vehicle's value in a falling output, whatever the output is
    "ic50_ratio": _over(_dc50),
    **COURSE_KINDS,
    **MATRIX_KINDS,
    **TUMOUR_KINDS,
}
