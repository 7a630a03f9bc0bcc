"""Surfaces of two drugs as drawings, words and tables. Every value here is test data; none is a result."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from report_cases import SVG, texts_of
from serdsim.experiments.panel import Axis, Cell, Panel, Surface, Usual
from serdsim.report.caption import caption, heads, panel_table
from serdsim.report.figure import draw

NAN = float("nan")


def alone(value: float) -> Cell:
    return Cell(NAN, value, value - 0.05, value + 0.05)


SURFACE = Surface(
    columns=(0.0, 3.0, 30.0),
    rows=(0.0, 10.0, 100.0),
    cells=(
        (alone(0.0), alone(0.31), alone(0.62)),
        (alone(0.22), Cell(0.99, 0.12, 0.02, 0.2), Cell(0.6, 0.03, -0.1, 0.2)),
        (alone(0.44), Cell(0.01, -0.14, -0.3, -0.02), Cell(0.5, 0.0, -0.1, 0.1)),
    ),
    model="Bliss",
    effect="affected",
    usual=(Usual("d", "d 400 mg", 9.5, 15.0, 60.0), Usual("p", "p 150 mg", 20.0, 50.0, 95.0)),
)
PANEL = Panel("s", "t", Axis("drug", "nM"), Axis("partner", "nM"), (), caption="MCF7.", description="d", draws=64, surface=SURFACE)


def paths(drawing: str, name: str) -> list[ET.Element]:
    return [e for e in ET.fromstring(drawing).iter(f"{SVG}path") if e.get("class") == name]


def ends(path: ET.Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box of path data."""
    words = (path.get("d") or "").replace("M", " ").replace("H", " ").replace("V", " ").replace("Z", " ").split()
    x, y, right, bottom = (float(word) for word in words[:4])
    return x, y, right, bottom


@pytest.mark.parametrize("narrow", [False, True])
def test_a_cell_carries_its_points_with_sign_and_single_agents_their_percent(narrow: bool) -> None:
    written = [words for *_, words in texts_of(draw(PANEL, narrow))]
    for words in ("+12", "+3", "\u221214", "31 %", "62 %", "22 %", "44 %"):
        assert written.count(words) == 1


def test_frames_where_the_interval_leaves_out_zero() -> None:
    drawing = draw(PANEL)
    solid = [path for path in paths(drawing, "f-ink-s") if not path.get("stroke-dasharray")]
    assert len(solid) == 2 + 1  # and one in the key
    assert "in 2 of 4 cells" in " ".join(caption(PANEL))


@pytest.mark.parametrize("narrow", [False, True])
def test_the_box_lies_between_the_middles_of_the_cells_on_a_log_scale(narrow: bool) -> None:
    drawing = draw(PANEL, narrow)
    cells = [ends(path) for path in paths(drawing, "f-rule-s")]  # row by row from the lowest
    dashed = [path for path in paths(drawing, "f-ink-s") if path.get("stroke-dasharray")]
    assert len(dashed) == 2  # and one in the key
    left, top, right, bottom = ends(dashed[0])
    middles = [(x + end) / 2 for x, _, end, _ in cells[:3]]
    step = middles[2] - middles[1]
    assert left == pytest.approx(middles[1] + step * math.log(9.5 / 3) / math.log(10), abs=0.2)
    assert right == pytest.approx(middles[2] + step * math.log(2) / math.log(10), abs=0.2)
    heights = [(y + end) / 2 for _, y, _, end in cells[::3]]
    step = heights[1] - heights[2]
    assert bottom == pytest.approx(heights[1] - step * math.log(2) / math.log(10), abs=0.2)
    assert top == pytest.approx(heights[1] - step * math.log(9.5) / math.log(10), abs=0.2)


def test_without_exposure_there_is_no_box_and_no_word_of_it() -> None:
    bare = replace(PANEL, surface=replace(SURFACE, usual=()))
    assert [path for path in paths(draw(bare), "f-ink-s") if path.get("stroke-dasharray")] == []
    assert "patients" not in " ".join(caption(bare))
    assert "9.5 to 60 nM" in " ".join(caption(PANEL))


def test_the_table_has_every_cell() -> None:
    rows = panel_table(PANEL)
    assert len(rows) == 9 and len(heads(PANEL)) == 7
    assert [row.note for row in rows].count("effect alone") == 5
    assert [(row.y, row.interval) for row in rows if row.note == "leaves out zero"] == [
        ("+12", "+2 to +20"),
        ("\u221214", "\u221230 to \u22122"),
    ]


def test_cells_without_a_number_are_dashes() -> None:
    lost = Cell(NAN, NAN, NAN, NAN)
    broken = replace(PANEL, surface=replace(SURFACE, cells=((lost,) * 3,) * 3))
    assert [words for *_, words in texts_of(draw(broken))].count("\u2013") == 9
