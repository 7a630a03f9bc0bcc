"""The drawing of a search from many starts."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest

from report_cases import SVG, texts_of
from serdsim.fit.descent import Descent
from serdsim.fit.found import Multistart
from serdsim.fit.minimise import Settings
from serdsim.report.png import svg_to_png
from serdsim.report.waterfall_figure import FLOOR, draw_waterfall, waterfall_panel


def start(index: int, value: float, outcome: str = "converged") -> Descent:
    return Descent(index, (0.0,), (1.0,), 1e3, value, 0.0, 9, 8, outcome, "the value no longer changes", 0.1)


def search(*descents: Descent) -> Multistart:
    return Multistart(("k",), 0, len(descents), Settings("L-BFGS-B"), "p", descents)


MIXED = search(
    *(start(k, -120.0 + 1e-7 * k) for k in range(40)),
    *(start(40 + k, -120.0 + 0.05 * 2.0**k) for k in range(20)),
    *(start(60 + k, 900.0 + k, "stopped") for k in range(30)),
    *(start(90 + k, math.inf, "failed") for k in range(10)),
)
CASES = {
    "mixed": MIXED,
    "one": search(start(0, 3.0)),
    "equal": search(*(start(k, 3.0) for k in range(100))),
    "two far apart": search(start(0, 1.0), start(1, 1e9)),
    "near the level": search(*(start(k, 1.0 + 1.9 * (k > 0) + 0.01 * k) for k in range(12))),
}


def marks(drawing: str) -> tuple[int, int, int]:
    """How many filled circles, open circles and triangles stand outside the labels."""
    root = ET.fromstring(drawing)
    own = [one for one in root if one.tag in (f"{SVG}circle", f"{SVG}path")]
    filled = sum(one.get("class") == "f-cell" for one in own)
    opened = sum(one.get("class") == "f-ctl" and one.tag == f"{SVG}circle" for one in own)
    return filled, opened, sum(one.get("class") == "f-ctl" and one.tag == f"{SVG}path" for one in own)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_labels_lie_inside_and_apart(name: str, narrow: bool) -> None:
    drawing = draw_waterfall(CASES[name], narrow=narrow)
    width, height = (float(v) for v in ET.fromstring(drawing).get("viewBox", "").split()[2:])
    boxes = texts_of(drawing)
    for i, a in enumerate(boxes):
        assert a[0] >= -2 and a[2] <= width + 2 and a[1] >= -2 and a[3] <= height, a[4]
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (a[4], b[4])


def test_every_start_with_a_value_is_drawn_as_what_it_is() -> None:
    drawing = draw_waterfall(MIXED)
    assert marks(drawing) == (40 + 6, 14, 30)
    words = " ".join(box[4] for box in texts_of(drawing))
    assert "1.92" in [box[4] for box in texts_of(drawing)]
    for said in ("46 within 1.92", "14 converged elsewhere", "30 stopped before", "10 without a value", "100 in all"):
        assert said in words
    assert marks(draw_waterfall(CASES["one"])) == (1, 0, 0)


def test_heights_are_values_above_the_lowest() -> None:
    panel = waterfall_panel(MIXED)
    heights = [mark.y for mark in panel.marks]
    assert heights[:40] == [FLOOR] * 40
    assert heights[40:46] == pytest.approx([0.05 * 2.0**k for k in range(6)])
    assert [mark.x for mark in panel.marks] == list(range(1, 91))
    assert "46 lie within 1.92" in panel.description


def test_the_drawing_becomes_a_png() -> None:
    assert svg_to_png(draw_waterfall(MIXED), 760).startswith(b"\x89PNG")
