"""The ablation matrix: a sign for each kind of cell, a column for each statement. Every value here is test data; none is a result."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from ablation_cases import cell, wide_answer
from report_cases import SVG, Words, an_answer, page, texts_of
from serdsim.claims.records import Mechanism
from serdsim.report.ablation_cell import HEIGHT, draw_cell, moved
from serdsim.report.ablation_figure import draw_ablation
from serdsim.report.ablation_view import ablation_figures, ablation_view

KINDS = {
    "breaks": (0.9, 0.1),
    "frees": (0.2, 0.9),
    "falls": (0.9, 0.6),
    "rises": (0.6, 0.9),
    "still": (0.7, 0.72),
    "falls from below": (0.4, 0.1),
    "stays at the line": (0.5, 0.49),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_change_has_a_sign_of_its_own_shape_at_its_height(name: str) -> None:
    found = cell(*KINDS[name])
    what = moved(found)
    assert what == {"falls from below": "falls", "stays at the line": "still"}.get(name, name)
    drawn = "".join(draw_cell(found, 100.0, 50.0, 25.0))
    y = 50.0 + HEIGHT * (1 - found.p_off)
    shape = {"breaks": 'f-signal"', "frees": "f-cell", "falls": "f-paper f-rest-s", "rises": "f-paper f-drug-s", "still": 'f-rest"'}[what]
    assert shape in drawn and (f"{y:.1f}".removesuffix(".0") in drawn)
    others = {'f-signal"', "f-cell", "f-paper f-rest-s", "f-paper f-drug-s", 'f-rest"'} - {shape}
    assert not [other for other in others if other in drawn]


def test_a_cell_that_restates_is_hatched_and_one_without_the_part_or_a_number_has_no_scale() -> None:
    plain, restated = ("".join(draw_cell(cell(0.9, 0.1, tautological=taut), 100.0, 50.0, 25.0)) for taut in (False, True))
    assert "stroke-dasharray" in restated and "stroke-dasharray" not in plain and "f-pass" not in restated
    for nothing in (None, cell(math.nan, 0.3), cell(0.3, math.nan)):
        drawn = "".join(draw_cell(nothing, 100.0, 50.0, 25.0))
        assert "f-pass" not in drawn and "circle" not in drawn
    hatch = re.findall(r"[ML]([\d.]+) ([\d.]+)", restated.split("stroke-dasharray")[0])
    assert all(87.5 <= float(x) <= 112.5 and 43 <= float(y) <= 87 for x, y in hatch)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (5, 7), (23, 11), (30, 12)])
def test_every_statement_has_a_column_and_every_mechanism_a_row_and_no_text_lies_on_another(columns: int, rows: int, narrow: bool) -> None:
    answer = wide_answer(columns, rows)
    drawing = draw_ablation(answer, narrow=narrow)
    tree = ET.fromstring(drawing)
    width, height = float(tree.get("width", 0)), float(tree.get("height", 0))
    boxes = texts_of(drawing)
    words = " ".join(box[4] for box in boxes)
    for outcome in answer.outcomes:
        assert outcome.statement.id.removeprefix("MOA-") in words
    blocks = math.ceil(columns / (12 if narrow else 24))
    assert words.count("a part with a rather") == rows * (blocks if narrow else math.ceil(columns / 24))
    for i, (x0, y0, x1, y1, one) in enumerate(boxes):
        assert x0 >= -1 and x1 <= width + 1 and y0 >= 0 and y1 <= height, one
        for a0, b0, a1, b1, other in boxes[i + 1 :]:
            assert x1 <= a0 or a1 <= x0 or y1 <= b0 or b1 <= y0, (one, other)
    assert tree.find(f"{SVG}title") is not None and tree.find(f"{SVG}desc") is not None


def test_the_description_names_what_breaks_what_only_restates_and_what_is_held_back() -> None:
    answer = an_answer()
    first = answer.outcomes[0]
    cells = (cell(0.8, 0.1), cell(0.8, 0.2, id="off-b", title="part b off", tautological=True), cell(0.8, 0.7, id="off-c", title="pArt c"))
    back = (cell(0.3, 0.8), cell(0.3, 0.3, id="off-b", title="part b off"))
    outcomes = (replace(first, ablations=cells), replace(answer.outcomes[1], ablations=back), *answer.outcomes[2:])
    nowhere = Mechanism("off-d", "part d off", "what", False)
    drawing = draw_ablation(replace(answer, outcomes=outcomes, mechanisms=(nowhere,)))
    assert "Part a off: breaks 01; lets 02 pass." in drawing and "Part b off: breaks 01, which it only restates." in drawing
    assert "pArt c: breaks none." in drawing and "Part d off: in no model of these statements." in drawing


def test_the_page_has_both_drawings_the_table_with_every_statement_and_why_nothing_breaks_one() -> None:
    answer = an_answer()
    first = replace(answer.outcomes[0], no_flip="all that breaks it only restates it")
    html = page(replace(answer, outcomes=(first, *answer.outcomes[1:])))
    seen = Words(html)
    assert "ABLATION-w-t" in seen.ids and "ABLATION-n-t" in seen.ids
    assert "All that breaks it only restates it." in seen.text and "Statements that nothing breaks" not in Words(page()).text
    assert "Of 2 tested statements 0 break without some part" in seen.text
    table = html[html.index('aria-label="Ablation matrix"') :]
    table = table[: table.index("</table>")]
    assert [f"title of MOA-0{i}" in table for i in (1, 2, 3, 4)] == [True] * 4
    assert table.count("not tested") == 4 and table.count("not in its model") == 2
    assert set(ablation_figures(answer, "-x")) == {"ABLATION-x", "ABLATION-x-narrow"}


def test_without_anything_switched_off_there_is_no_matrix() -> None:
    answer = an_answer()
    bare = replace(answer, outcomes=tuple(replace(outcome, ablations=()) for outcome in answer.outcomes))
    assert ablation_view(bare) is None and ablation_figures(bare) == {}
    assert "No tested statement has an ablation yet." in Words(page(bare)).text
