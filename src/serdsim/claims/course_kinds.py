"""The arithmetic of measures that read a course over time, of the typical individual or of the animals beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from serdsim.claims.course_fields import CourseFields
from serdsim.claims.measures import Measure, locate
from serdsim.endpoints.passage import area, held_below, passage, survival
from serdsim.experiments.runner import Readings

_ROUNDING = 1e-9


def course(name: str, measure: Measure, readings: Readings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the times up to that of the arm, the output then, shape (time, draw) or (time, draw, animal), and its start."""
    reading, at, time = locate(measure.arms[name], measure, readings)
    every = reading.animals if _fields(measure).of_whom != "typical" or measure.kind == "share_alive" else reading.values
    values = every[measure.output][at]
    kept = reading.times <= time + _ROUNDING * max(1.0, time)
    return reading.times[kept], values[kept], values[0]


def _fields(measure: Measure) -> CourseFields:
    return measure.course or CourseFields()


def _since(times: np.ndarray, measure: Measure) -> np.ndarray:
    after = _fields(measure).after
    return np.asarray(times >= after - _ROUNDING * max(1.0, after))


def _change(measure: Measure, readings: Readings) -> np.ndarray:
    _, values, start = course("of", measure, readings)
    return np.asarray(values[-1] / start - 1.0)


def best_change(measure: Measure, readings: Readings) -> np.ndarray:
    """Return the lowest change from the start at any time after it."""
    times, values, start = course("of", measure, readings)
    return np.asarray(np.min(values[(times > times[0]) & _since(times, measure)], axis=0) / start - 1.0)


def time_to(measure: Measure, readings: Readings) -> np.ndarray:
    """Return when the output passes the level, infinity where it never does [h]."""
    fields, (times, values, start) = _fields(measure), course("of", measure, readings)
    return passage(times, values / start if fields.of_start else values, fields.level or 0.0, rises=fields.rises)


def _suppressed_for(measure: Measure, readings: Readings) -> np.ndarray:
    """Return for how long from `after` on the arm stays below a share of the reference arm [h]; at most up to the time."""
    (times, values, _), (_, reference, _) = course("of", measure, readings), course("to", measure, readings)
    shown = _since(times, measure)
    return held_below(times[shown], (values / reference)[shown], _fields(measure).level or 0.0)


def _share_alive(measure: Measure, readings: Readings) -> np.ndarray:
    """Return the share of the animals whose output has not passed the level up to the time."""
    _, _, time = locate(measure.arms["of"], measure, readings)
    return np.asarray(survival(time_to(measure, readings), np.array([time]))[0])


def _exposure(measure: Measure, readings: Readings, name: str = "of") -> np.ndarray:
    times, values, _ = course(name, measure, readings)
    shown = _since(times, measure)
    return area(times[shown], values[shown])


def _auc_ratio(measure: Measure, readings: Readings) -> np.ndarray:
    return np.asarray(_exposure(measure, readings) / _exposure(measure, readings, "to"))


def _of(kind: Callable[[Measure, Readings], np.ndarray]) -> Callable[[Measure, Readings], np.ndarray]:
    """Return the kind with the values of animals, where it reads them, made one per draw."""

    def found(measure: Measure, readings: Readings) -> np.ndarray:
        values, whom = kind(measure, readings), _fields(measure).of_whom
        return values if whom == "typical" else np.asarray((np.median if whom == "median" else np.mean)(values, axis=-1))

    return found


COURSE_KINDS: Mapping[str, Callable[[Measure, Readings], np.ndarray]] = {
    "change": _of(_change),
    "best_change": _of(best_change),
    "time_to": _of(time_to),
    "suppressed_for": _of(_suppressed_for),
    "share_alive": _share_alive,
    "auc_ratio": _of(_auc_ratio),
    "exposure": _of(_exposure),
}
