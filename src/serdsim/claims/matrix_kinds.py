"""The arithmetic of measures of two drugs: readings -> how far an effect lies above a null model, for each draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from serdsim.claims.matrix_fields import KIND, MatrixFields, level_of
from serdsim.claims.measures import Measure, row
from serdsim.endpoints.growth_rate import gr_value
from serdsim.endpoints.synergy import excess, growth_stopped, share_affected
from serdsim.endpoints.tumour import TGI
from serdsim.experiments.runner import Readings


def effects_of(names: tuple[str, ...], measure: Measure, readings: Readings, effect: str) -> np.ndarray:
    """Return the effects of series then, shape (concentration, series, draw); the vehicle is the first arm of the first."""
    read = [readings.series[name] for name in names]
    if effect in TGI:
        kept = read[0].times <= measure.time * (1.0 + 1e-9)
        courses = np.stack([one.values[measure.output][:, kept] for one in read])  # (series, concentration, time, draw)
        return np.stack([np.stack([TGI[effect](read[0].times[kept], arm, courses[0, 0]) for arm in one]) for one in courses], axis=1)
    end = np.stack([one.at(measure.output, measure.time) for one in read], axis=1)
    if effect == "affected":
        return share_affected(end, end[:1, :1])
    if effect == "halvings":
        return np.asarray(np.log2(end[:1, :1] / end))
    start = np.stack([one.at(measure.output, 0.0) for one in read], axis=1)
    return growth_stopped(gr_value(end, start, end[:1, :1], start[:1, :1]))


def _excess(measure: Measure, readings: Readings) -> np.ndarray:
    fields = measure.matrix
    assert fields is not None
    if fields.itself:
        return _with_itself(fields, measure, readings)
    names = (fields.of[0], fields.at.split("@")[0].strip()) if fields.of_cell else fields.of
    series = [readings.series[name].series for name in names]
    drug, partner = np.array(series[0].concentrations), np.array([level_of(one) for one in series])
    effects = effects_of(names, measure, readings, fields.effect)
    if fields.of_cell:
        at = row(series[0], fields.at.split("@")[1], measure.file)
        effects, drug = effects[[0, at]], drug[[0, at]]
        return np.asarray(excess(fields.model, effects, drug, partner)[1, 1])
    above = excess(fields.model, effects, drug, partner)
    if fields.over:
        cells = above[1:, 1:].reshape(-1, above.shape[2])
        return np.asarray(np.max(cells, axis=0) if fields.over == "max" else np.mean(cells, axis=0))
    name, level = fields.at.split("@")
    return np.asarray(above[row(series[0], level, measure.file), names.index(name.strip())])


def _with_itself(fields: MatrixFields, measure: Measure, readings: Readings) -> np.ndarray:
    """Return how far twice the concentration lies above the null of the concentration with as much of itself, shape (draw,)."""
    series = readings.series[fields.of[0]].series
    alone = effects_of(fields.of, measure, readings, fields.effect)[:, 0]
    once = row(series, fields.itself, measure.file)
    number, unit = fields.itself.split(maxsplit=1)
    twice = row(series, f"{2 * float(number)!r} {unit}", measure.file)
    levels = np.array(series.concentrations)
    effects = np.zeros((len(levels), len(levels), alone.shape[1]))
    effects[:, 0], effects[0], effects[once, once] = alone, alone, alone[twice]
    return np.asarray(excess(fields.model, effects, levels, levels)[once, once])


MATRIX_KINDS: Mapping[str, Callable[[Measure, Readings], np.ndarray]] = {KIND: _excess}
