"""The arithmetic of measures that call tumours: growth inhibition against an arm, mRECIST, RECIST."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from serdsim.claims.course_fields import CourseFields
from serdsim.claims.course_kinds import course
from serdsim.claims.measures import Measure
from serdsim.endpoints.tumour import CATEGORIES, TGI, best_response, mrecist, recist
from serdsim.experiments.runner import Readings

_ROUNDING = 1e-6


def _fields(measure: Measure) -> CourseFields:
    return measure.course or CourseFields()


def _tgi(measure: Measure, readings: Readings) -> np.ndarray:
    """Return the growth inhibition of `of` against `to`; of animals it is that of their mean or median volumes, as studies print it."""
    fields = _fields(measure)
    times, treated, _ = course("of", measure, readings)
    control = course("to", measure, readings)[1]
    if fields.of_whom != "typical":
        middle = np.median if fields.of_whom == "median" else np.mean
        treated, control = middle(treated, axis=-1), middle(control, axis=-1)
    return TGI[fields.definition](times, treated, control)


def _at_visits(measure: Measure, readings: Readings) -> tuple[np.ndarray, np.ndarray]:
    """Return the times of the visits, the start among them, and what is seen then."""
    visits, (times, values, _) = _fields(measure).visits, course("of", measure, readings)
    if not visits:
        return times, values
    seen = np.abs(times / visits - np.rint(times / visits)) < _ROUNDING
    return times[seen], values[seen]


def _share(calls: np.ndarray, measure: Measure) -> np.ndarray:
    """Return the share of animals that are called so or better, of the typical one 1 or 0."""
    fields = _fields(measure)
    reached = np.where(np.isfinite(calls), calls >= CATEGORIES.index(fields.category), np.nan)
    return np.asarray(reached if fields.of_whom == "typical" else np.mean(reached, axis=-1))


def _mrecist(measure: Measure, readings: Readings) -> np.ndarray:
    rule = readings.experiment.by_volume
    assert rule is not None  # `course_issues` refuses the measure otherwise
    return _share(mrecist(*_at_visits(measure, readings), rule), measure)


def _recist(measure: Measure, readings: Readings) -> np.ndarray:
    rule = readings.experiment.by_diameter
    assert rule is not None
    return _share(best_response(recist(_at_visits(measure, readings)[1], rule)), measure)


TUMOUR_KINDS: Mapping[str, Callable[[Measure, Readings], np.ndarray]] = {"tgi": _tgi, "mrecist": _mrecist, "recist": _recist}
