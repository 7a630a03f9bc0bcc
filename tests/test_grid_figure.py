"""Grids and growth-rate figures as drawings, words and tables. Every value here is test data; none is a result."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from report_cases import PANELS, SVG, Words, a_gr_panel, an_answer, page, texts_of
from serdsim.evidence.tables import outcome_tables
from serdsim.experiments.panel import Cell, Grid, Panel
from serdsim.report import numbers
from serdsim.report.caption import caption, heads, panel_table
from serdsim.report.figure import draw

GRID = PANELS["grid"]


def grid_of(panel: Panel) -> Grid:
    assert panel.grid is not None
    return panel.grid


def paths(drawing: str, name: str) -> list[ET.Element]:
    return [e for e in ET.fromstring(drawing).iter(f"{SVG}path") if e.get("class") == name]


@pytest.mark.parametrize("narrow", [False, True])
def test_every_cell_carries_its_number(narrow: bool) -> None:
    written = [words for *_, words in texts_of(draw(GRID, narrow))]
    for line in grid_of(GRID).cells:
        for cell in line:
            words = numbers.probability(cell.p) if math.isfinite(cell.p) else "\u2013"
            assert words in written
            written.remove(words)


def test_rows_rise_and_columns_run_to_the_right() -> None:
    places = {words: (x, y) for x, y, *_, words in texts_of(draw(GRID))}
    rows = [places[words][1] for words in ("3", "30")]
    assert rows[0] > rows[1]
    columns = [places[words][0] for words in ("0.001", "0.01", "0.1")]
    assert columns == sorted(columns)


def test_the_shade_follows_the_share_and_is_no_ink_at_zero() -> None:
    grid = grid_of(GRID)
    shades = [float(e.get("fill-opacity", "nan")) for e in paths(draw(GRID), "f-cell")][:-1]  # the last is that of the key
    shares = [cell.p for line in grid.cells for cell in line if math.isfinite(cell.p) and cell.p > 0]
    assert shades == pytest.approx([0.5 * p for p in shares], abs=1e-5)


def test_cells_with_enough_draws_are_framed_and_bold_and_the_assay_is_marked_once() -> None:
    reached = sum(cell.p >= 0.9 for line in grid_of(GRID).cells for cell in line)
    assert reached == 6
    drawing = draw(GRID)
    assert len(paths(drawing, "f-ink-s")) == reached + 1  # and one in the key
    assert len([e for e in ET.fromstring(drawing).iter(f"{SVG}text") if e.get("font-weight") == "600"]) == reached
    assert len(paths(drawing, "f-ink")) == 2
    bare = draw(replace(GRID, grid=replace(grid_of(GRID), assay=None)))
    assert paths(bare, "f-ink") == [] and "condition of the assay" not in bare


def test_a_share_just_below_the_level_is_not_framed() -> None:
    grid = replace(grid_of(GRID), columns=(1.0, 2.0), rows=(1.0,), cells=((Cell(0.9, 1, 1, 1), Cell(0.8999, 1, 1, 1)),), assay=None)
    assert len(paths(draw(replace(GRID, grid=grid)), "f-ink-s")) == 1 + 1


def test_words_and_table_say_what_the_cells_are() -> None:
    words = " ".join(caption(GRID))
    assert "share of 200 parameter draws whose ratio of IC50 lies inside 1/3 to 3" in words
    assert (
        "at least 0.90, in 6 of 20 cells" in words and "Corner mark: condition of the assay." in words and "not computed, 1 cell." in words
    )
    rows = panel_table(GRID)
    assert len(rows) == 20 and len(heads(GRID)) == 7
    assert (rows[0].series, rows[0].x, rows[0].y, rows[0].note) == ("1", "0.001", ">0.99", "at least 0.90")
    assert [row.note for row in rows if "assay" in row.note] == ["condition of the assay"]
    assert (rows[-1].y, rows[-1].interval) == (numbers.MISSING, "")
    assert rows[-2].interval == "not reached"


def test_a_grid_is_on_the_page_with_title_and_table_and_in_the_result_tables() -> None:
    answer = an_answer()
    first = replace(answer.outcomes[0], panels=(GRID,))
    changed = replace(answer, outcomes=(first, *answer.outcomes[1:]))
    html = page(changed)
    assert "P(equivalent), inside 1/3 to 3" in Words(html).text and "Rows from the lowest" in Words(html).text
    table = outcome_tables(changed, [])["grids"]
    assert len(table) == 20 and table["p_equivalent"].max() == 1.0
    assert "grids" not in outcome_tables(answer, [])


def test_the_gr_axis_runs_from_minus_one_to_one_when_a_curve_passes_it_by_a_hair() -> None:
    panel = a_gr_panel(1)
    ticks = [words for *_, words in texts_of(draw(panel))]
    assert {"1", "0.5", "0", "\u22120.5", "\u22121"} <= set(ticks) and "1.5" not in ticks
    far = replace(panel, bands=(replace(panel.bands[0], hi90=(1.3,) * 9),))
    assert "1.5" in [words for *_, words in texts_of(draw(far))]


@pytest.mark.parametrize("narrow", [False, True])
def test_named_heights_stand_on_their_lines_and_in_the_words(narrow: bool) -> None:
    drawing = draw(a_gr_panel(8), narrow)
    boxes = {words: (y0, y1) for _, y0, _, y1, words in texts_of(drawing)}
    dashed = [float(e.get("d", "").split("H")[0].split(" ")[1]) for e in paths(drawing, "f-rule-s") if e.get("stroke-dasharray") == "6 3"]
    assert len(dashed) == 2
    for name, tick, line in (("GR50", "0.5", min(dashed)), ("no net growth", "0", max(dashed))):
        assert boxes[name][0] > line - 22 and boxes[name][1] < line
        assert boxes[tick][0] < line < boxes[tick][1]
    assert "Dashed hairlines: GR value at 0.5, GR50; GR value at 0, no net growth." in " ".join(caption(a_gr_panel(8)))
