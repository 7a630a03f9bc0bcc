"""Figures of animals from readings whose answer is known; what the drawings, captions and tables say of them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animal_cases import ANIMAL_PANELS, spider, survival, waterfall
from report_cases import SVG
from serdsim.claims.panels import check_panels, read_panels
from serdsim.errors import ClaimError
from serdsim.experiments.panel import Panel
from serdsim.experiments.protocol import read_experiment
from serdsim.experiments.runner import Reading, Readings
from serdsim.report.animal_figures import stepped
from serdsim.report.caption import caption, panel_table
from serdsim.report.figure import draw

HEAD = "id: X\ntitle: x\nmodel: body\nsubject: d\npre_run: 0 h\nhours: 96 h\nevery: 24 h\noutputs: [size]\nanimals: 4\n"
SERIES = 'series:\n  - {id: a, regimen: "d {dose} po q24h x 2", doses: [0 mg, 10 mg]}\n'
BANDS = "\n    bands: [{series: a, dose: 0 mg, label: vehicle, control: true}, {series: a, dose: 10 mg, label: drug}]"
WORDS = "\n    caption: c\n    description: d"
DAYS = "\n    x: {label: time, unit: d}"
KINDS = {
    "waterfall_change": "\n    after: 48 h",
    "spider": DAYS,
    "after_last_dose": DAYS + "\n    after: 24 h",
    "survival": DAYS + "\n    rises_above: 2\n    relative_to: start",
}
SIZES = {  # dose -> size of the typical animal at 0, 24, 48, 72, 96 h, in the first of three draws
    0: [100.0, 150.0, 200.0, 300.0, 400.0],
    10: [100.0, 80.0, 50.0, 60.0, 90.0],
}
SHARES = (0.8, 1.0, 1.2, 2.0)  # of the typical animal's size, from 72 h on
DRAWS = (1.0, 1.5, 1.25)  # of the first draw's size, from 72 h on


def figure(kind: str, **changes: str) -> str:
    parts = {"own": KINDS[kind], "bands": BANDS, "y": "\n    y: {label: size, unit: '%'}", "until": "\n    until: 96 h"} | changes
    return f"figures:\n  - id: f\n    title: t\n    kind: {kind}\n    output: size{''.join(parts.values())}{WORDS}\n"


def panel(folder: Path, text: str) -> Panel:
    path = folder / "X.yaml"
    path.write_text(HEAD + SERIES + text, encoding="utf-8")
    experiment = read_experiment(path)
    check_panels(path, experiment, {})
    typical = np.array(list(SIZES.values()))[:, :, None] * np.ones(3)
    typical[:, 3:] *= DRAWS
    animals = np.repeat(typical[..., None], 4, axis=3)
    animals[:, 3:] *= SHARES
    reading = Reading(experiment.series["a"], experiment.times(), {"size": typical}, 0, animals={"size": animals})
    (found,) = read_panels(path, Readings(experiment, {"a": reading}, {}, (), 0.0, 0, 4), {}, 3)
    return found


def test_bars_are_the_best_changes_sorted_in_each_draw(tmp_path: Path) -> None:
    found = panel(tmp_path, figure("waterfall_change"))
    vehicle, drug = found.bars
    assert (found.animals, vehicle.control, drug.control) == (4, True, False)
    # from 48 h on the typical size is lowest at 48 h; of animals 0.8 and 1.0 of the first draw at 72 h: 48 and 60
    assert vehicle.median == pytest.approx([100.0, 100.0, 100.0, 100.0])
    assert drug.median == pytest.approx([-50.0] * 4)
    lowest = panel(tmp_path, figure("waterfall_change", own="\n    after: 72 h")).bars[1]
    ranks = np.array([[60 * draw * share for share in sorted(SHARES, reverse=True)] for draw in DRAWS])
    assert lowest.median == pytest.approx(np.median(ranks, axis=0) - 100.0)
    assert lowest.hi90 == pytest.approx(np.quantile(ranks, 0.95, axis=0) - 100.0)


def test_courses_are_those_of_the_draw_in_the_middle(tmp_path: Path) -> None:
    found = panel(tmp_path, figure("spider"))
    assert found.paths[1].x == pytest.approx((0, 1, 2, 3, 4))
    assert found.paths[0].typical == pytest.approx((0, 50, 100, 275, 400))  # the third draw, 1.25 at the end
    assert [line[-1] for line in found.paths[1].animals] == pytest.approx([90 * 1.25 * share - 100 for share in SHARES])


def test_what_is_left_after_the_last_dose_is_read_from_the_vehicle(tmp_path: Path) -> None:
    found = panel(tmp_path, figure("after_last_dose", bands="\n    bands: [{series: a, dose: 10 mg, label: drug}]"))
    assert found.bands[0].x == pytest.approx((0, 1, 2, 3))
    assert found.bands[0].median == pytest.approx((100 * 80 / 150, 25, 20, 22.5))
    assert found.animals == 0 and "animals or people" in " ".join(caption(found))
    own = "\n    bands: [{series: a, dose: 10 mg, to: a @ 10 mg, label: drug}]"
    assert panel(tmp_path, figure("after_last_dose", bands=own)).bands[0].median == pytest.approx((100,) * 4)


def test_survival_counts_the_animals_that_have_not_passed_the_level(tmp_path: Path) -> None:
    found = panel(tmp_path, figure("survival"))
    vehicle, drug = found.bands
    # the size doubles from 48 h on in all; of animals of 0.8 the first draw has 240 at 72 h, passed a little after 48 h
    assert vehicle.median[0] == 100.0 and vehicle.median[-1] == 0.0
    assert found.at_risk[0].count[0] == 4 and found.at_risk[0].count[-1] == 0
    at = {round(x, 6): value for x, value in zip(vehicle.x, vehicle.median, strict=True)}
    assert at[1.9] == 100.0 and at[2.1] == 0.0
    # 90 x 1.25 x 2 = 225 in the draw in the middle: one animal of four is lost
    assert drug.median[-1] == 75.0 and found.at_risk[1].count[-1] == 3
    assert (drug.lo90[-1], drug.hi90[-1]) == pytest.approx((75.0, 97.5))  # of 100, 75 and 75


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "no level": ("survival", {"own": DAYS}, "needs one level"),
    "no start": ("after_last_dose", {"own": DAYS}, "lacks after"),
    "no time axis": ("spider", {"own": ""}, "lacks x"),
    "a unit that is none of time": ("spider", {"own": "\n    x: {label: time, unit: mg}"}, "unit of x"),
    "a time between": ("spider", {"until": "\n    until: 90 h"}, "does not observe 90 h"),
    "an end before the start": ("after_last_dose", {"until": "\n    until: 24 h"}, "ends at 24 h"),
    "a dose that is not there": ("spider", {"bands": "\n    bands: [{series: a, dose: 11 mg, label: x}]"}, "no arm at 11 mg"),
    "no dose": ("spider", {"bands": "\n    bands: [{series: a, label: x}]"}, 'the curve "x" has no dose'),
    "no series": ("spider", {"bands": "\n    bands: [{series: b, dose: 10 mg, label: x}]"}, 'no series "b"'),
    "no curve": ("spider", {"bands": "\n    bands: []"}, "no curve"),
    "another crowd": ("spider", {"own": DAYS + "\n    whom: cells"}, 'whom is "cells"'),
    "a level in words": ("spider", {"own": DAYS + "\n    levels: [{value: low, label: x}]"}, "low"),
    "a cut in words": ("spider", {"y": "\n    y: {label: size, unit: '%', most: high}"}, "high"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_figure_that_cannot_be_drawn_is_refused(tmp_path: Path, what: str) -> None:
    kind, changes, words = REFUSED[what]
    with pytest.raises(ClaimError, match=words):
        panel(tmp_path, figure(kind, **changes))


def test_figures_of_animals_need_animals(tmp_path: Path) -> None:
    path = tmp_path / "X.yaml"
    path.write_text(HEAD.replace("animals: 4\n", "") + SERIES + figure("survival"), encoding="utf-8")
    with pytest.raises(ClaimError, match="no animals beside the typical one"):
        check_panels(path, read_experiment(path), {})


def test_curves_step_and_end_where_they_ended() -> None:
    before, after = survival().bands[0], stepped(survival()).bands[0]
    assert (after.x[:5], after.median[:3]) == ((0.0, 4.0, 4.0, 8.0, 8.0), (before.median[0], before.median[0], before.median[1]))
    assert len(after.x) == 2 * len(before.x) - 1 and (after.x[-1], after.median[-1]) == (before.x[-1], before.median[-1])


def test_every_bar_stands_and_none_passes_the_cut() -> None:
    root = ET.fromstring(draw(waterfall(cut=150.0)))
    bars = [e.get("d", "") for e in root.findall(f"{SVG}path") if e.get("fill-opacity") == "0.55"]
    assert len(bars) == 36 and sum("L" in path for path in bars) == sum(v > 150 for one in waterfall().bars for v in one.median)
    words = " ".join(caption(waterfall()))
    assert "12 simulated animals of each arm" in words and "64 parameter draws" in words and "the same in all arms" in words
    assert re.search(r"Cut off at 150: \d bars", words)


def test_courses_end_at_the_cut() -> None:
    root = ET.fromstring(draw(spider()))
    top = min(
        float(y) for e in root.findall(f"{SVG}path") if e.get("stroke-opacity") for y in re.findall(r"[ML][\d.]+ ([\d.]+)", e.get("d", ""))
    )
    ticks = [e for e in root.findall(f"{SVG}text") if e.text == "300"]
    assert top == pytest.approx(float(ticks[0].get("y", "0")) - 4.6, abs=0.2)
    assert len([e for e in root.findall(f"{SVG}path") if e.get("stroke-opacity")]) == 36


def test_numbers_at_risk_stand_below_their_ticks_and_in_the_table() -> None:
    root = ET.fromstring(draw(survival()))
    texts = [(float(e.get("x", "0")), float(e.get("y", "0")), "".join(e.itertext())) for e in root.iter(f"{SVG}text")]
    tick = next(x for x, _, words in texts if words == "28")
    below = max(y for _, y, words in texts if words.startswith("time from"))
    column = [words for x, y, words in texts if y > below and abs(x - tick) < 0.2]
    assert column == [str(next(c for t, c in zip(arm.x, arm.count, strict=True) if t == 28.0)) for arm in survival().at_risk]
    rows = [row for row in panel_table(survival()) if row.kind == "at risk"]
    assert {row.series for row in rows} == {band.label for band in survival().bands} and rows[0].y == "12"
    assert "patients at risk" in draw(replace(survival(), whom="patients"))


@pytest.mark.parametrize("name", ANIMAL_PANELS)
def test_every_value_of_a_figure_is_in_its_table(name: str) -> None:
    shown = ANIMAL_PANELS[name]
    rows = panel_table(shown)
    assert len([row for row in rows if row.kind != "at risk"]) >= sum(len(bars.median) for bars in shown.bars) + 13 * len(shown.paths)
    lost = sum(not np.isfinite(v) for bars in shown.bars for v in bars.median)
    assert any("not computed" in words for words in caption(shown)) == bool(lost)
