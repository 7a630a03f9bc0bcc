"""The figures of the evidence page. Every value here is test data; none is a result."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from report_cases import NAN, PANELS, SVG, a_panel, an_answer, statement, texts_of
from serdsim.experiments.panel import Axis, Band
from serdsim.report import numbers, small, view
from serdsim.report.caption import caption, panel_table
from serdsim.report.figure import draw
from serdsim.report.png import svg_to_png
from serdsim.report.scale import build


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("name", PANELS)
def test_every_drawing_is_valid_and_keeps_its_labels_apart_and_inside(name: str, narrow: bool) -> None:
    drawing = draw(PANELS[name], narrow)
    root = ET.fromstring(drawing)
    assert root.find(f"{SVG}title") is not None and root.find(f"{SVG}desc") is not None
    assert {"nan", "inf"}.isdisjoint(re.findall(r"[a-z]+", " ".join(e.get("d", "") for e in root.iter()).lower()))
    width, height = (float(v) for v in root.get("viewBox", "").split()[2:])
    assert width == (400 if narrow else 760)
    boxes = texts_of(drawing)
    for x0, y0, x1, y1, words in boxes:
        assert x0 >= -2 and x1 <= width + 2 and y0 >= -2 and y1 <= height, words
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (a[4], b[4])
    smallest = min(float(e.get("font-size", "14")) for e in root.iter() if e.tag in (f"{SVG}text", f"{SVG}tspan"))
    assert smallest * (354 / 400 if narrow else 1) >= 11


def test_axes_name_quantity_unit_and_scale() -> None:
    drawing = draw(a_panel(x=Axis("ligand", "nM", True), y=Axis("ratio", "1")))
    assert "ligand, nM, log scale" in drawing
    assert "ratio, no unit" in drawing


def test_observed_marks_are_never_joined_and_controls_have_no_band() -> None:
    root = ET.fromstring(draw(a_panel()))
    assert not [e for e in root.iter(f"{SVG}path") if "f-obs" in e.get("class", "") and e.get("fill") == "none"]
    assert len([e for e in root.iter(f"{SVG}path") if e.get("class") == "f-band"]) == 2
    assert len([e for e in root.iter(f"{SVG}path") if e.get("class") == "f-ctl"]) == 5 + 1


def test_what_cannot_be_drawn_is_said() -> None:
    zero = PANELS["zero on log"]
    assert any("zero or less" in words and "1 point" in words for words in caption(zero))
    assert any(row.x == "0" and row.y == "100" and "not drawn" in row.note for row in panel_table(zero))
    assert any("not computed" in words and "2 points" in words for words in caption(PANELS["nan"]))
    assert any(row.y == numbers.MISSING for row in panel_table(PANELS["nan"]))


def test_a_panel_without_values_has_no_axes_to_read() -> None:
    drawing = draw(PANELS["empty"])
    assert "Nothing to draw" in drawing and "f-axis" not in drawing


def test_caption_says_what_marks_bands_and_controls_are() -> None:
    words = " ".join(caption(a_panel(), {"Bhagwat2021": 1, "Other2020": 8}))
    assert words.startswith("Test cells, 24 h.")
    assert "n = 3; bars: 95 % CI of the mean; reference 1" in words
    assert "dotted line, n not reported" in words
    assert "central 90 % of 200 parameter draws" in words and "not included" in words
    assert "blocked" in words
    assert "No public observation" in " ".join(caption(a_panel(marks=())))


def test_table_has_every_mark_and_the_ends_of_every_curve() -> None:
    xs = tuple(float(i) for i in range(100))
    long = a_panel(x=Axis("time", "h"), bands=(Band("long", xs, xs, xs, tuple(x + 1 for x in xs)),))
    rows = panel_table(long)
    assert [r.series for r in rows[:4]] == [m.label for m in long.marks]
    assert [r.x for r in rows if r.series == "long"][:: len(rows) - 5] == ["0", "99"]
    assert len(rows) == 4 + 13


@pytest.mark.parametrize(
    ("value", "lo", "hi", "expected"),
    [
        (31.4, 18.2, 46.9, "31 (18 to 47)"),
        (0.8812, 0.7801, 0.9799, "0.88 (0.78 to 0.98)"),
        (2.13, 0.91, 4.77, "2.1 (0.9 to 4.8)"),
        (100.2, 97.1, 103.4, "100 (97 to 103)"),
        (95.52, 94.91, 96.38, "95.5 (94.9 to 96.4)"),
        (1240.0, 1010.0, 1530.0, "1 200 (1 000 to 1 500)"),
        (-42.3, -61.8, -11.2, "−42 (−62 to −11)"),
        (0.0012, 0.0004, 0.15, "0.0012 (0.00040 to 0.15)"),
        (5.0, None, None, "5.0"),
        (NAN, 1.0, 2.0, numbers.MISSING),
        (0.0, 0.0, 0.0, "0 (0 to 0)"),
    ],
)
def test_numbers_follow_the_rule(value: float, lo: float | None, hi: float | None, expected: str) -> None:
    assert numbers.with_interval(value, lo, hi).replace(numbers.THIN, " ") == expected


def test_probabilities_have_two_decimals_and_bounds() -> None:
    assert [numbers.probability(p) for p in (0.0, 0.0099, 0.5, 0.904, 0.995, 1.0, None)] == [
        "<0.01", "<0.01", "0.50", "0.90", ">0.99", ">0.99", numbers.MISSING,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lo", "hi", "log"), [(0.0, 168.0, False), (0.011, 930.0, True), (0.5, 3.0, True), (-3.0, 7.0, False), (5.0, 5.0, False)]
)
def test_scale_spans_round_ticks(lo: float, hi: float, log: bool) -> None:
    scale = build([lo, hi, NAN, None], 0.0, 100.0, log=log, want=5)
    assert scale.ticks[0] <= lo and scale.ticks[-1] >= hi
    assert scale(scale.ticks[0]) == pytest.approx(0) and scale(scale.ticks[-1]) == pytest.approx(100)
    assert list(scale.ticks) == sorted(set(scale.ticks))


@pytest.mark.parametrize(
    ("test", "margin", "expected"),
    [
        ("below 50 % of vehicle", 50.0, view.Bounds(50.0, None, True)),
        ("DC50 <= 3 and Dmax > 60", 60.0, view.Bounds(None, 60.0, True)),
        ("inside 1/3 to 3 (TOST, 90 %)", 3.0, view.Bounds(3.0, 1 / 3, True)),
        ("clearly different", 2.0, view.Bounds(2.0, None, False)),
        ("anything", None, None),
    ],
)
def test_pass_region_is_read_from_the_test_or_not_claimed(test: str, margin: float | None, expected: view.Bounds | None) -> None:
    outcome = replace(an_answer().outcomes[0], statement=statement("MOA-01", "tested", test=test, margin=margin))
    assert view.bounds(outcome) == expected
    drawing = small.spark(outcome)
    assert ("f-restt" in drawing) == bool(expected and expected.known)


def test_ablation_cells_say_what_breaks() -> None:
    breaks, stays = an_answer().outcomes[0].ablations
    assert "stroke-dasharray" in small.cell(breaks) and "f-signal" in small.cell(breaks)
    assert small.change(breaks) == "breaks: 0.84 to 0.02 (only restates the statement, does not count)"
    assert small.change(stays) == "unchanged: 0.84 to 0.79"


def test_png_has_the_asked_width() -> None:
    data = svg_to_png(draw(a_panel(), narrow=True), 800)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") == 800
