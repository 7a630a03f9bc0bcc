"""Surfaces of a figure file: two drugs together, how far each cell lies above a null model, and what patients reach."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serdsim.claims.matrix_fields import SHARES, MatrixFields, level_of, matrix_issues
from serdsim.claims.matrix_kinds import effects_of
from serdsim.claims.measures import Measure
from serdsim.endpoints.synergy import NULL_MODELS, TITLES, excess
from serdsim.errors import Issue
from serdsim.experiments.panel import Axis, Cell, Panel, Surface, Usual
from serdsim.experiments.protocol import Experiment, Series, observed, quantity
from serdsim.experiments.reached import Reached, reached
from serdsim.experiments.runner import Readings

_FIELDS = ("id", "title", "kind", "output", "time", "model", "of", "x", "y", "caption", "description")
_REPAIR = "Correct the figure, or what it draws in the same file"
_MOST = 8  # columns whose numbers can still be read on a phone


def surface_issues(entry: Mapping[str, Any], experiment: Experiment) -> list[Issue]:
    """Return what is wrong with a surface before anything runs: fields, model, effect, series, output, time."""
    id, file = str(entry.get("id", "figures")), experiment.file
    lacks = [name for name in _FIELDS if name not in entry]
    if lacks or not isinstance(entry["of"], list) or not all("label" in entry[axis] and "unit" in entry[axis] for axis in ("x", "y")):
        words = "the figure lacks " + ", ".join(lacks) if lacks else "of is no list, or an axis has no label or unit"
        return [Issue(words, file=file, id=id, expected=", ".join(_FIELDS), repair="Complete the figure")]
    fields = _fields(entry)
    issues = matrix_issues(fields, experiment, file, id)
    wrong: list[tuple[str, str]] = []
    if fields.model not in NULL_MODELS:
        wrong.append((f'the null model "{fields.model}" is not known', ", ".join(NULL_MODELS)))
    if fields.effect not in SHARES:
        wrong.append((f'the effect "{fields.effect}" is not known', ", ".join(SHARES)))
    if entry["output"] not in experiment.outputs:
        wrong.append((f'the experiment does not observe "{entry["output"]}"', ", ".join(experiment.outputs)))
    time = quantity(entry["time"], "h", file, id)
    if observed(experiment.times(), time) is None:
        wrong.append((f"the experiment does not observe {time:g} h", f"0 to {experiment.hours:g} h in steps of {experiment.every:g} h"))
    if not issues and (len(fields.of) < 2 or len(experiment.series[fields.of[0]].concentrations) > _MOST or len(fields.of) > _MOST):
        wrong.append(("a surface of this size cannot be read", f"2 to {_MOST} series, of at most {_MOST} concentrations"))
    return [*issues, *(Issue(problem, file=file, id=id, expected=expected, repair=_REPAIR) for problem, expected in wrong)]


def surface_panel(entry: Mapping[str, Any], readings: Readings, draws: int, path: Path, file: str) -> Panel:
    """Return the surface that a figure of an experiment file asks for; `path` is that of the file, in its library.

    Raises
    ------
    InputError
        For an output or a time that was not observed, and for exposures of patients that cannot be computed.
    """
    fields = _fields(entry)
    measure = Measure("", str(entry["output"]), quantity(entry["time"], "h", file, str(entry["id"])), {}, file)
    series = [readings.series[name].series for name in fields.of]
    library = path.parent.parent
    found = [] if series[0].regimen else [reached(drug, library, series[0].given) for drug in (series[0].drug, *series[-1].beside)]
    return Panel(
        id=str(entry["id"]),
        title=str(entry["title"]),
        x=Axis(str(entry["x"]["label"]), str(entry["x"]["unit"])),
        y=Axis(str(entry["y"]["label"]), str(entry["y"]["unit"])),
        bands=(),
        caption=str(entry["caption"]),
        description=str(entry["description"]),
        draws=draws,
        surface=surface_of(effects_of(fields.of, measure, readings, fields.effect), series, fields, found),
    )


def surface_of(effects: np.ndarray, series: list[Series], fields: MatrixFields, found: list[Reached | None]) -> Surface:
    """Return the surface of effects of shape (drug, partner, draw); draws with a cell that was not computed are left out."""
    drug, partner = np.array(series[0].concentrations), np.array([level_of(one) for one in series])
    return surface(effects, drug, partner, fields.model, fields.effect, found)


def surface(
    effects: np.ndarray, drug: np.ndarray, partner: np.ndarray, model: str, effect: str, found: list[Reached | None] | None = None
) -> Surface:
    """Return the surface of effects of shape (drug, partner, draw) beside a null model, with what patients reach of both drugs."""
    whole = effects[:, :, np.isfinite(effects).all(axis=(0, 1))]
    above = excess(model, whole, drug, partner) if whole.size else whole
    alone = np.zeros((len(drug), len(partner)), bool)
    alone[0], alone[:, 0] = True, True
    cells = [
        [_cell(whole[i, j] if alone[i, j] else above[i, j], alone=bool(alone[i, j])) for i in range(len(drug))] for j in range(len(partner))
    ]
    usual = tuple(_usual(one) for one in found or () if one is not None)
    return Surface(tuple(drug.tolist()), tuple(partner.tolist()), tuple(map(tuple, cells)), TITLES[model], effect, usual)


def _cell(values: np.ndarray, *, alone: bool) -> Cell:
    if not values.size:
        return Cell(*(float("nan"),) * 4)
    lo, middle, hi = np.quantile(values, [0.05, 0.5, 0.95])
    return Cell(float("nan") if alone else float(np.mean(values > 0)), float(middle), float(lo), float(hi))


def _usual(one: Reached) -> Usual:
    low, mean, high = one.nominal("lowest"), one.nominal("mean"), one.nominal("highest")
    return Usual(one.drug, one.regimen, float(np.quantile(low, 0.05)), float(np.median(mean)), float(np.quantile(high, 0.95)))


def _fields(entry: Mapping[str, Any]) -> MatrixFields:
    return MatrixFields(str(entry["model"]), tuple(map(str, entry["of"])), str(entry.get("effect", SHARES[0])), over="max")
