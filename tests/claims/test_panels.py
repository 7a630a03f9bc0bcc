"""Growth-rate figures and grids of an experiment file: what is drawn, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from measure_cases import DOSES, FACTORS, TIMES, readings_of
from serdsim.claims.evidence_rows import Fact
from serdsim.claims.grids import series_name
from serdsim.claims.marks import marks_of
from serdsim.claims.panels import check_panels, read_panels
from serdsim.errors import ClaimError
from serdsim.experiments.panel import Panel
from serdsim.experiments.runner import Readings


def fact(id: str, value: float | None, unit: str, **change: Any) -> Fact:
    words = dict.fromkeys(("system", "genotype", "drug", "condition", "note"), "")
    fields = {"quantity": "x", "low": None, "high": None, "n": None, "source": "S", "role": "validate", "reliability": "primary"}
    return Fact(id=id, value=value, unit=unit, **{**words, **fields, **change})


FACTS = {
    "G1": fact("G1", 0.2, "dimensionless", low=0.1, high=0.3, n=4),
    "C1": fact("C1", 0.03, "µM"),
    "C2": fact("C2", None, "nM"),
}
GR: dict[str, Any] = {
    "id": "x-gr",
    "title": "t",
    "kind": "gr",
    "output": "cells",
    "time": "24 h",
    "relative_to": "vehicle",
    "x": {"label": "drug", "unit": "nM"},
    "y": {"label": "GR value", "unit": "dimensionless"},
    "bands": [{"series": "a", "label": "line a"}],
    "marks": [{"row": "G1", "concentration": "C1", "label": "seen"}, {"row": "G1", "concentration": "10 nM", "label": "seen"}],
    "caption": "c.",
    "description": "d",
}
GRID: dict[str, Any] = {
    "id": "x-grid",
    "title": "t",
    "kind": "grid",
    "output": "y",
    "time": "24 h",
    "metric": "ic50_ratio",
    "of": "mutant_s{y}_e{x}",
    "to": "wild_e{x}",
    "x": {"label": "oestradiol", "unit": "nM", "values": [0.01, 1]},
    "y": {"label": "shift", "unit": "fold", "values": [1, 10]},
    "inside": {"lower": 0.3333, "upper": 3},
    "assay": {"x": 0.01, "y": 10, "label": "the assay"},
    "caption": "c",
    "description": "d",
}


def drawn(entry: dict[str, Any], readings: Readings, folder: Path) -> Panel:
    path = folder / "x.yaml"
    path.write_text(yaml.safe_dump({"figures": [entry]}), encoding="utf-8")
    check_panels(path, readings.experiment, FACTS)
    (panel,) = read_panels(path, readings, FACTS, 3)
    return panel


def grown(half: np.ndarray, doublings: np.ndarray) -> dict[str, np.ndarray]:
    share = 1.0 / (1.0 + np.array(DOSES)[:, None, None] / half[None, None, :])
    return {"cells": 100.0 * 2.0 ** (doublings[None, None, :] * share * TIMES[None, :, None] / TIMES[-1])}


def falling(half: np.ndarray) -> dict[str, np.ndarray]:
    level = 1.0 / (1.0 + np.array(DOSES)[:, None, None] / half[None, None, :])
    return {"y": np.repeat(level, len(TIMES), axis=1)}


def cells() -> Readings:
    """Ratios to the wild type at the four conditions: 1, 2 and 4; at shift 10 ten times as much; 1 nM has no ratio in one draw."""
    wild, lost = np.ones(3), np.array([1.0, 1.0, 1e9])
    return readings_of(
        {
            "wild_e0.01": falling(wild),
            "wild_e1": falling(wild),
            "mutant_s1_e0.01": falling(FACTORS),
            "mutant_s10_e0.01": falling(10.0 * FACTORS),
            "mutant_s1_e1": falling(lost),
            "mutant_s10_e1": falling(0.5 * lost),
        }
    )


def test_a_gr_figure_shows_gr_values_over_concentrations_above_zero(tmp_path: Path) -> None:
    panel = drawn(GR, readings_of({"a": grown(FACTORS, np.full(3, 2.0))}), tmp_path)
    (band,) = panel.bands
    assert band.x == pytest.approx(DOSES[1:]) and panel.x.log and panel.y_range == (-1.0, 1.0)
    at = int(np.argmin(np.abs(np.array(band.x) - 1.0)))
    assert band.median[at] == pytest.approx(2.0 ** (2.0 / 3.0) - 1.0, rel=1e-9)  # the draw whose half is at 2 nM
    assert [(level.value, level.label) for level in panel.levels] == [(0.5, "GR50"), (0.0, "no net growth")]
    assert panel.caption == "c."


def test_an_observed_gr_value_stands_at_its_concentration_with_its_range(tmp_path: Path) -> None:
    panel = drawn(GR, readings_of({"a": grown(FACTORS, np.full(3, 2.0))}), tmp_path)
    assert [mark.x for mark in panel.marks] == pytest.approx([30.0, 10.0])  # 0.03 µM in the axis' nM, and as written
    assert {(m.y, m.lo, m.hi, m.n, m.kind, m.interval) for m in panel.marks} == {(0.2, 0.1, 0.3, 4, "observed", "range, primary")}


def test_draws_whose_vehicle_did_not_grow_are_counted_in_words(tmp_path: Path) -> None:
    panel = drawn(GR, readings_of({"a": grown(FACTORS, np.array([2.0, 0.0, 2.0]))}), tmp_path)
    assert panel.caption == "c. Draws whose vehicle did not grow have no GR value and are left out: line a, 1 of 3."
    assert np.isfinite(panel.bands[0].median).all()


@pytest.mark.parametrize(
    ("unit", "relative_to", "first"), [("nM", "none", 1.0), ("% of all", "none", 100.0), ("fold of 0 h", "start", 1.0)]
)
def test_a_course_is_drawn_in_its_unit_and_a_hundredfold_only_in_percent(tmp_path: Path, unit: str, relative_to: str, first: float) -> None:
    band = {"series": "a", "concentration": "0 nM", "label": "line a"}
    course = GR | {"kind": "time", "until": "24 h", "relative_to": relative_to, "bands": [band], "marks": [], "output": "y"}
    course |= {"x": {"label": "time", "unit": "h"}, "y": {"label": "level", "unit": unit}}
    panel = drawn(course, readings_of({"a": falling(FACTORS)}), tmp_path)
    assert panel.bands[0].median[0] == pytest.approx(first, rel=1e-9)


def test_a_grid_counts_the_draws_inside_the_margin(tmp_path: Path) -> None:
    grid = drawn(GRID, cells(), tmp_path).grid
    assert grid is not None and grid.columns == (0.01, 1.0) and grid.rows == (1.0, 10.0)
    assert [[cell.p for cell in line] for line in grid.cells] == [[pytest.approx(2 / 3), pytest.approx(2 / 3)], [0.0, pytest.approx(2 / 3)]]
    assert grid.cells[0][0].median == pytest.approx(2.0, rel=0.02)
    assert grid.cells[0][1].hi90 == np.inf  # one draw never falls to half
    assert (grid.what, grid.assay, grid.assay_label, grid.level) == ("IC50", (0.01, 10.0), "the assay", 0.9)


def test_a_failed_draw_is_left_out_of_a_cell_and_a_cell_without_draws_has_no_share(tmp_path: Path) -> None:
    readings = cells()
    readings.series["mutant_s1_e0.01"].values["y"][5, :, 2] = np.nan
    readings.series["mutant_s10_e1"].values["y"][:] = np.nan
    grid = drawn(GRID, readings, tmp_path).grid
    assert grid is not None and grid.cells[0][0].p == 1.0 and np.isnan(grid.cells[1][1].p)


def test_a_series_is_named_by_the_shortest_form_of_its_values() -> None:
    assert series_name("m_s{y}_e{x}", 0.01, 10.0) == "m_s10_e0.01"
    assert series_name("wild_e{x}", 1e-5, 3) == "wild_e1e-05"


WRONG = {
    "no metric": ({"metric": "slope"}, 'metric "slope"', "ic50_ratio"),
    "a margin the wrong way round": ({"inside": {"lower": 3, "upper": 0.3}}, "inside 3 to 0.3", "0 < lower < upper"),
    "a margin without its end": ({"inside": {"lower": 3}}, "'upper'", "inside with lower and upper"),
    "values that fall": ({"x": {**GRID["x"], "values": [1, 0.01]}}, "values of x do not rise", "1 to 8 numbers"),
    "a cell without its series": (
        {"y": {**GRID["y"], "values": [1, 30]}, "assay": None},
        '"mutant_s30_e0.01", "mutant_s30_e1"',
        "each cell",
    ),
    "an assay that is no cell": ({"assay": {"x": 0.02, "y": 10, "label": "a"}}, "assay at x = 0.02", "one of the values"),
    "an unknown output": ({"output": "z"}, 'does not observe "z"', "y"),
    "a time that is not observed": ({"time": "25 h"}, "does not observe 25 h", "0 to 24 h"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_grid_that_cannot_be_drawn_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    change, problem, expected = WRONG[name]
    with pytest.raises(ClaimError) as caught:
        drawn({**GRID, **change}, cells(), tmp_path)
    message = str(caught.value)
    assert "x.yaml:" in message and "x-grid" in message and problem in message and expected in message


def test_a_grid_lacking_a_field_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClaimError, match="the figure lacks inside"):
        drawn({name: value for name, value in GRID.items() if name != "inside"}, cells(), tmp_path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"marks": [{"row": "G1", "concentration": "C9", "label": "l"}]}, "no such row"),
        ({"marks": [{"row": "G1", "concentration": "C2", "label": "l"}]}, "no single value"),
        ({"marks": [{"row": "G1", "concentration": "3 h", "label": "l"}]}, "3 h"),
        ({"marks": [{"row": "G1", "concentration": "3 nM"}]}, "the field label is missing"),
        ({"relative_to": "window"}, "gr relative to window"),
        ({"bands": [{"series": "z", "label": "l"}]}, 'no series "z"'),
    ],
)
def test_a_gr_figure_that_cannot_be_drawn_is_refused(change: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(ClaimError) as caught:
        drawn({**GR, **change}, readings_of({"a": grown(FACTORS, np.full(3, 2.0))}), tmp_path)
    assert problem in str(caught.value)


def test_the_range_of_a_fall_turns_with_it_when_what_is_left_is_shown() -> None:
    entry = {"x": {"unit": "d"}, "marks": [{"row": "F1", "label": "seen", "time": "48 h", "shown_as": "what is left"}]}
    (mark,) = marks_of(entry, {"F1": fact("F1", 78.0, "%", low=70.0, high=83.0)}, "X.yaml")
    assert (mark.x, mark.y, mark.lo, mark.hi) == (2.0, 22.0, 17.0, 30.0)
