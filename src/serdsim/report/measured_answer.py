"""``synergy``: what a measured matrix of two drugs says against four null models, with the tables and surfaces of a run folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from serdsim.analysis.combination import Against, Agreement, agreement
from serdsim.analysis.measured_matrix import Measured, read_matrix_file
from serdsim.claims.surfaces import surface
from serdsim.endpoints.synergy import NULL_MODELS, TITLES, excess
from serdsim.evidence.surface_table import surface_rows
from serdsim.experiments.panel import Axis, Panel
from serdsim.report.combination_answer import null_item
from serdsim.report.figure import draw
from serdsim.results.run_id import run_id

NUMERICS = "synergy-2"


@dataclass(frozen=True)
class MeasuredAnswer:
    """A measured matrix against four null models: the mean over all cells with both drugs, and the cell with the most."""

    run: str
    measured: Measured
    against: tuple[Against, ...]
    largest: Mapping[str, tuple[float, float, float]]
    record: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame]
    figures: Mapping[str, str]

    @property
    def agreement(self) -> Agreement:
        """Return which null models agree; none without an interval."""
        return agreement(self.against)


def answer_matrix(path: Path, *, draws: int = 200, seed: int = 1) -> MeasuredAnswer:
    """Return what a measured matrix says; intervals are those of its replicates, drawn with replacement within each cell.

    Counts and viabilities are divided by the mean of all untreated wells, in each draw by that of the draw.

    Parameters
    ----------
    path : Path
        A long table, see `serdsim.analysis.measured_matrix.read_matrix_file`.
    draws, seed : int

    Raises
    ------
    TableError
        For a table that cannot be read without guessing.
    """
    measured = read_matrix_file(path)
    single = measured.replicates < 2
    effects = measured.means() if single else measured.drawn(draws, seed)
    drug, partner = measured.levels
    above = {model: excess(model, effects, drug, partner)[1:, 1:] for model in NULL_MODELS}
    middle = {model: excess(model, measured.means(), drug, partner)[1:, 1:, 0] for model in NULL_MODELS}
    against = tuple(_mean(model, effects, measured, above[model], single=single) for model in NULL_MODELS)
    largest = {model: _largest(values, measured) for model, values in middle.items()}
    panels = [_panel(measured, model, effects, 0 if single else draws) for model in NULL_MODELS]
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    plan = {"verb": "synergy", "file": content, "draws": draws}
    rows = [null_item(one) | dict(zip(("largest", "at_1_nM", "at_2_nM"), largest[one.model], strict=True)) for one in against]
    record = {
        "verb": "synergy",
        "seed": seed,
        "plan": plan,
        "numerics": NUMERICS,
        "inputs": {"table": path.name},
        "replay": f'serdsim synergy "{path.name}" --draws {draws} --seed {seed}',
        "summary": f"{' with '.join(measured.names)}: {agreement(against).verdict}",
    }
    figures = {panel.id: draw(panel) for panel in panels} | {f"{panel.id}-narrow": draw(panel, narrow=True) for panel in panels}
    tables = {"null_models": pd.DataFrame(rows), "surfaces": surface_rows(panels)}
    return MeasuredAnswer(run_id(content, plan, seed, NUMERICS), measured, against, largest, record, tables, figures)


def _mean(model: str, effects: np.ndarray, measured: Measured, above: np.ndarray, *, single: bool) -> Against:
    """Return the mean over all cells with both drugs; without replicates it has no interval, and decides nothing."""
    means = above.mean(axis=(0, 1))
    expected = NULL_MODELS[model](effects, *measured.levels)[1:, 1:].mean(axis=(0, 1))
    lo, middle, hi = np.quantile(means, [0.05, 0.5, 0.95])
    ends = (np.nan, np.nan, np.nan) if single else (float(lo), float(hi), float(np.mean(means > 0)))
    return Against(model, TITLES[model], float(np.median(expected)), float(middle), *ends)


def _largest(values: np.ndarray, measured: Measured) -> tuple[float, float, float]:
    """Return the largest excess and its concentrations [nM]."""
    i, j = np.unravel_index(int(np.argmax(values)), values.shape)
    return float(values[i, j]), float(measured.levels[0][i + 1]), float(measured.levels[1][j + 1])


def _panel(measured: Measured, model: str, effects: np.ndarray, draws: int) -> Panel:
    first, second = measured.names
    return Panel(
        id=f"SYNERGY-{model}",
        title=f"Against {TITLES[model]}",
        x=Axis(first, "nM"),
        y=Axis(second, "nM"),
        bands=(),
        caption=f"Measured, {measured.effect.replace('_', ' ')}.",
        description=f"Measured effect of {first} and {second} together against {TITLES[model]}.",
        draws=draws,
        surface=surface(effects, *measured.levels, model, "affected"),
    )
