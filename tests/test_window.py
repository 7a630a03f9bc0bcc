"""Window trials: arithmetic by hand on planted courses, who may stand beside whom, and words that can come out either way."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from library_cases import copied, edit, set_cell
from report_cases import ROWS, SVG, Words, a_question, an_answer, references
from serdsim.analysis.window import (
    WindowSection,
    differences,
    distances,
    points,
    public,
    spread,
    volumes,
    widths,
    window_section,
    window_sources,
)
from serdsim.analysis.window_record import WindowRecord, read_window_record
from serdsim.claims.evidence_rows import read_facts
from serdsim.errors import ClaimError
from serdsim.evidence.beside import Beside
from serdsim.evidence.window_tables import window_record, window_tables
from serdsim.experiments.protocol import Experiment, read_experiment
from serdsim.experiments.runner import Reading, Readings
from serdsim.fit.objective import Objective
from serdsim.fit.read import read_problem
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from serdsim.report.page import render_page
from serdsim.report.window_figure import draw_window, missed
from serdsim.report.window_view import window_view

LIBRARY = shipped_library()
FACTS = read_facts(LIBRARY)
RECORD = read_window_record(LIBRARY, FACTS)
Left = Callable[[str, float, float], list[float]]  # series, dose, time -> what is left of every output in each draw


def planted(name: str, left: Left) -> Readings:
    """Readings of an experiment of the library whose outputs begin at 50 and leave what `left` says."""
    experiment: Experiment = read_experiment(LIBRARY / "experiments" / f"{name}.yaml")
    found = {}
    for id, series in experiment.series.items():
        course = np.array([[50.0 * np.array(left(id, dose, t) if t else [1.0]) * np.ones(4) for t in experiment.times()]
                           for dose in series.concentrations])  # fmt: skip
        found[id] = Reading(series, experiment.times(), dict.fromkeys(experiment.outputs, course), 0)
    return Readings(experiment, found, {}, (), 0.0, 4)


def made(left: Left, later: Left | None = None, central: Left | None = None) -> WindowSection:
    """A section from planted courses."""
    early, late = planted("WINDOW", left), planted("WINDOW-16", later or left)
    middle = planted("WINDOW", central or left)
    noise = widths(LIBRARY, RECORD)
    shown = points(RECORD, early, middle, FACTS, noise)
    return WindowSection(
        RECORD,
        shown,
        differences(RECORD, early),
        volumes(RECORD, late, late),
        16.0,
        spread(distances(RECORD, early, FACTS, noise)),
        0,
        "abc",
    )


def by_dose(step: float) -> Left:
    """Half is left under everything; under the subject `step` less (above 0) or more with each doubling of the dose."""
    return lambda id, dose, _: [0.5 - step * math.log2(dose / 200.0) if id.startswith(RECORD.subject) else 0.5] * 4


@pytest.fixture(scope="module")
def section() -> WindowSection:
    found = window_section(LIBRARY)
    assert found is not None
    return found


def test_changes_and_spreads_are_those_of_the_draws() -> None:
    found = made(lambda *_: [0.1, 0.2, 0.3, math.nan]).points[0]
    assert (found.change.median, found.change.lo90, found.change.hi90) == pytest.approx((-80.0, -89.0, -71.0))


def test_a_miss_is_counted_in_widths_of_what_is_left() -> None:
    row, width = FACTS["C126"], 0.15  # the width that verification/host_problems/window.yaml gives a large trial
    seen = 1.0 - (row.value or 0.0) / 100.0
    exact, off = (next(one for one in made(lambda *_, left=left: [left] * 4).points if one.fact is row) for left in (seen, 0.6))
    assert exact.widths == pytest.approx(0.0) and not missed(exact, RECORD.far)
    assert off.widths == pytest.approx(math.log(seen / 0.6) / width) and missed(off, RECORD.far)
    assert missed(replace(off, central=math.nan), RECORD.far)


def test_a_draw_is_as_far_off_as_its_readings_together() -> None:
    found = made(lambda *_: [0.5, 0.3, 0.3, 0.3], central=lambda *_: [0.5] * 4)
    seen = [point.widths for point in found.points if point.fact is not None]
    assert found.off.median == pytest.approx(made(lambda *_: [0.3] * 4).off.median)
    one = made(lambda *_: [0.5] * 4)
    assert one.off.median == pytest.approx(math.sqrt(sum(width**2 for width in seen) / 20))
    assert f"are {one.off.median:.1f} widths off at the central values" in window_view(one, {}).calibration


def test_calibration_agrees_with_the_fit_at_its_nominal_values(section: WindowSection) -> None:
    problem = read_problem(LIBRARY / "problems" / RECORD.problem / f"{RECORD.problem}.yaml", LIBRARY)
    table = Objective(problem).at(problem.nominal).table.set_index(["observable", "experiment", "time"])
    names = {marker.id: marker.observable for marker in RECORD.markers}
    seen = [point for point in section.points if point.fact is not None]
    assert len(seen) == len(table) - 1  # all but the stain before treatment
    for point in seen:
        at = table.loc[(names[point.marker], point.arm.fitted, point.arm.time)]
        assert point.central == pytest.approx(100.0 * (at["simulation"] - 1.0), abs=0.05), point.arm.id
        assert point.widths == pytest.approx(at["residual"], abs=0.01)
        assert 1.0 + point.observed / 100.0 == pytest.approx(at["measurement"])


def test_differences_and_volumes_are_counted_draw_by_draw() -> None:
    left = {"imlunestrant": [0.1, 0.2, 0.3, 0.52], "letrozole": [0.5] * 4, "fulvestrant": [0.2, 0.2, 0.2, 2.0]}
    found = made(lambda id, *_: left.get(id, [1.0] * 4))
    one = next(d for d in found.differences if d.label == "imlunestrant 400 mg minus letrozole, wild type")
    assert (one.lower, one.higher, one.draws) == (3, 1, 4)
    assert one.points.median == pytest.approx(-25.0)
    volume = next(v for v in found.volumes if v.id == "imlunestrant")
    assert volume.smaller == {"fulvestrant": 2, "letrozole": 3} and volume.fell == 4
    assert next(v for v in found.volumes if v.id == "fulvestrant").fell == 3
    assert [v.fell for v in found.volumes if v.genotype == "Y537S"] == [0, 0, 0]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (0.04, "6 of these 6 differences are lower by 1 point or more, none higher, none smaller"),
        (-0.04, "none of these 6 differences is lower by 1 point or more, 6 higher, none smaller"),
        (0.001, "none of these 6 differences is lower by 1 point or more, none higher, 6 smaller than that either way; on the remaining 0"),
    ],
)
def test_a_dose_can_do_more_less_or_the_same(step: float, words: str) -> None:
    dose, against, volume = window_view(made(by_dose(step)), {}).questions
    assert words in dose.reading
    side = {0.04: "lower by 1 point or more in 4 of 4 draws, higher in 0", -0.04: "lower by 1 point or more in 0 of 4 draws, higher in 4"}
    assert side.get(step, "lower by 1 point or more in 0 of 4 draws, higher in 0") in against.sentences[0]
    assert ("than under fulvestrant 500 mg in 4" in volume.reading) == (step > 0)


def test_a_lesion_can_grow_or_shrink_and_draws_can_disagree() -> None:
    words = window_view(made(lambda *_: [0.5, 0.5, 2.0, 3.0]), {})
    assert "imlunestrant 400 mg 25 % (−50 to 180), smaller than at the start in 2 of 4 draws" in words.questions[-1].sentences[0]
    open_ = made(lambda id, *_: [0.2, 0.8, 0.2, 0.8] if id.startswith("imlunestrant") else [0.5] * 4)
    assert "remaining 6 the draws do not agree" in window_view(open_, {}).questions[1].reading


def test_calibration_can_hold_and_fail_on_either_side() -> None:
    seen = [point for point in made(lambda *_: [0.5] * 4).points if point.fact is not None]
    rows = {(point.arm.series, point.arm.dose, point.arm.time): 1.0 + point.observed / 100.0 for point in seen}
    for factor, words in ((1.5, "more was lost than is simulated"), (0.5, "less was lost than is simulated")):
        view = window_view(made(lambda id, dose, t, factor=factor: [factor * rows.get((id, dose, t), 0.5)] * 4), {})
        assert view.misses and any(words in miss for miss in view.misses)
    assert "none of the 20 lie" in window_view(held(), {}).calibration and not window_view(held(), {}).misses
    assert "20 of the 20 observed values" in window_view(held(), {}).calibration


def held() -> WindowSection:
    """A section that hits every observed value."""
    found = made(lambda *_: [0.5] * 4)
    hit = tuple(replace(p, central=p.observed, change=replace(p.change, lo90=p.observed - 1.0, hi90=p.observed + 1.0)) if p.fact else p
                for p in found.points)  # fmt: skip
    return replace(found, points=hit)


@pytest.mark.parametrize(
    ("row", "column", "value", "words"),
    [("C126", "role", "validate", 'the row has the role "validate"'), ("C126", "role", "prior", 'the row has the role "prior"'),
     ("C126", "drug", "imlunestrant", "a row stands beside imlunestrant"), ("C126", "value", "100", "is no fall in %")],
)  # fmt: skip
def test_only_fitted_rows_of_other_drugs_stand_beside_a_simulation(tmp_path: Path, row: str, column: str, value: str, words: str) -> None:
    library = copied(tmp_path)
    set_cell(library, "evidence.tsv", (row,), column, value)
    with pytest.raises(ClaimError, match=words):
        window_section(library)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("dose: 800, at: 360 h}", "dose: 800, at: 360 h, fitted: letrozole, seen: {ki67: C126}}", "a row stands beside imlunestrant"),
        ("first: imlunestrant_800, second: imlunestrant_400", "first: imlunestrant_900, second: imlunestrant_400", "is not in this file"),
        ("against: [fulvestrant, letrozole]", "against: [tamoxifen]", "is no volume of this file"),
        ("decided: 0.9 ", "decided: 0.4 ", "decided"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    library = copied(tmp_path)
    edit(library, "window.yaml", old, new)
    with pytest.raises(ClaimError, match=words) as caught:
        window_section(library)
    assert "window.yaml" in str(caught.value)


def test_no_row_of_the_subject_and_no_validating_row_is_shown(section: WindowSection) -> None:
    facts = [point.fact for point in section.points if point.fact is not None]
    assert len(facts) == 20 and {fact.role for fact in facts} == {"calibrate"}
    assert all(math.isnan(point.observed) for point in section.points if RECORD.subject in point.arm.series)


def test_a_planted_change_moves_only_what_it_can_move(tmp_path: Path) -> None:
    library = copied(tmp_path)
    edit(library, "window.yaml", "draws: 64", "draws: 2")
    before = window_section(library)
    set_cell(library, "tissue.tsv", ("camizestrant", "Kp_uu"), "value", "0.001")
    after = window_section(library)
    assert before is not None and after is not None and before.rests_on != after.rests_on
    for one, other in zip(before.points, after.points, strict=True):
        moved = abs(one.central - other.central) > 1e-6
        assert moved == one.arm.series.startswith("camizestrant"), one.arm.id
    assert before.volumes == after.volumes


def test_the_page_holds_the_section_with_every_value(section: WindowSection) -> None:
    every = {**references(), **read_references(LIBRARY / "references.bib")}
    html = render_page(an_answer(), every, ROWS, window_sources(section), question=a_question(), beside=Beside(window=section))
    text = Words(html).text
    assert "What does it do in patients within weeks? Calibration and predictions" in text and 'href="#window"' in html
    for words in ("Calibration: fitted to these trials", "Prediction: no outcome was read", "smaller than at the start in", "64 draws"):
        assert words in text
    view = window_view(section, {})
    assert len(view.table) == 60 and all(row.simulated and row.simulated in text for row in view.table)
    assert [row.kind for row in view.table].count("calibration") == 20 and [row.kind for row in view.table].count("prediction") == 28
    assert "within weeks" not in Words(render_page(an_answer(), every, ROWS, question=a_question())).text


@pytest.mark.parametrize("narrow", [False, True])
def test_the_drawing_holds_a_dot_for_each_value_and_a_diamond_for_each_row(section: WindowSection, narrow: bool) -> None:
    root = ET.fromstring(draw_window(section, narrow=narrow))
    texts = ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]
    assert all(arm.label in texts for arm in RECORD.arms) and all(marker.label in texts for marker in RECORD.markers)
    marks = [element.get("class") for element in root.iter() if element.get("class") in ("f-ctl", "f-cell", "f-obs")]
    off = sum(missed(point, RECORD.far) for point in section.points)
    assert marks.count("f-ctl") == 32 + 1 and marks.count("f-cell") == 28 + 1  # each once more in the key
    assert marks.count("f-obs") == 20 + 1 + (off > 0)
    width = float(root.get("width", "0"))
    assert width == (400 if narrow else 760) and root.find(f"{SVG}desc") is not None
    places = [float(element.get("cx", "0")) for element in root.iter(f"{SVG}circle")]
    assert all(0 < place < width for place in places)


def test_what_was_published_later_is_not_shown(section: WindowSection) -> None:
    every = read_references(LIBRARY / "references.bib")
    early = public(section, every, 2013)
    years = {every[point.fact.source].year for point in early.points if point.fact is not None}
    assert years and max(years) <= 2013 < max(every[key].year for key in window_sources(section))
    view = window_view(early, {})
    assert [row.kind for row in view.table].count("calibration, published later") == 20 - len([p for p in early.points if p.fact])
    assert "No observation of these trials was public" in window_view(public(section, every, 1990), {}).calibration


def test_tables_and_record_have_every_prediction(section: WindowSection) -> None:
    tables = window_tables(section)
    assert len(tables["window"]) == 60 and set(tables["window"]["role"]) == {"calibrate", "", "prediction"}
    assert len(tables["window_differences"]) == 12 and len(tables["window_volumes"]) == 6
    record = json.loads(json.dumps(window_record(section), allow_nan=False))
    assert len(record["predictions"]) == 28 and {one["arm"] for one in record["volumes"]} == {arm.id for arm in RECORD.volumes}


def test_a_library_without_the_file_has_no_section(tmp_path: Path) -> None:
    library = copied(tmp_path)
    (library / "window.yaml").unlink()
    assert window_section(library) is None


def test_the_record_names_what_the_experiments_have() -> None:
    record: WindowRecord = RECORD
    early, later = (read_experiment(LIBRARY / "experiments" / f"{name}.yaml") for name in (record.experiment, record.later))
    assert {arm.series for arm in record.arms} == set(early.series) and {arm.series for arm in record.volumes} == set(later.series)
