"""The section on exposures: its counts are those of the rows, both drawings hold every row, and what lies outside is seen."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from library_cases import copied, edit
from report_cases import ROWS, SVG, Words, a_question, an_answer, references
from serdsim.analysis.exposure import ExposureSection, exposure_section
from serdsim.evidence.beside import Beside
from serdsim.evidence.tables import exposure_tables
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from serdsim.report.exposure_figure import Block, draw_exposures
from serdsim.report.exposure_view import exposure_view
from serdsim.report.page import render_page

LIBRARY = shipped_library()


@pytest.fixture(scope="module")
def section() -> ExposureSection:
    started = time.perf_counter()
    found = exposure_section(LIBRARY)
    assert found is not None
    assert time.perf_counter() - started < 10.0  # below a second where the kernels are kept
    return found


def page(section: ExposureSection | None) -> Words:
    every = {**references(), **read_references(LIBRARY / "references.bib")}
    keys = dict.fromkeys(key for one in section.compared for key in one.exposure.source) if section else {}
    return Words(render_page(an_answer(), every, ROWS, tuple(keys), question=a_question(), beside=Beside(exposures=section)))


def missed(section: ExposureSection) -> ExposureSection:
    """The section with its first exposure simulated threefold."""
    first, *rest = section.compared
    return replace(section, compared=(replace(first, simulated=3.0 * first.exposure.value), *rest))


def test_the_page_counts_what_is_met_and_names_what_is_not(section: ExposureSection) -> None:
    count = len(section.compared)
    shown = page(section)
    assert f"{count} of {count} published exposures of 10 drugs are met" in shown.text
    assert "not a prediction" in shown.text and "giredestrant" in shown.text and "read of palbociclib only" in shown.text
    off = page(missed(section)).text
    assert f"{count - 1} of {count} published exposures" in off and "Outside: peak at steady state of imlunestrant (3)" in off
    assert "What a dose becomes" not in page(None).text


def test_the_counts_of_the_caution_are_those_of_the_rows(section: ExposureSection) -> None:
    words = exposure_view(section, {}).caution
    recalled = sum(one.exposure.grade == "recalled" for one in section.compared)
    assert recalled > 10 and f"{recalled} of the {len(section.compared)} are from memory" in words
    late = sum("after a first comparison" in one.exposure.note for one in section.compared)
    assert late and f"of {late} was set after a first comparison" in words
    assert f"{sum(one.exposure.error >= 1.0 for one in section.compared)} rows allow a factor of two or more" in words


def test_every_row_stands_once_in_the_table(section: ExposureSection) -> None:
    view = exposure_view(section, {})
    rows = [row for group in view.groups for row in group.rows]
    assert len(rows) == len(section.compared) and len(view.groups) == len(
        {(o.exposure.drug, o.exposure.seen.arm.model) for o in section.compared}
    )
    assert all(
        row.within == (float(row.allowed.split(" to ")[0]) - 0.006 <= float(row.ratio) <= float(row.allowed.split(" to ")[1]) + 0.006)
        for row in rows
    )


@pytest.mark.parametrize(("narrow", "width"), [(False, 760), (True, 400)])
def test_a_drawing_holds_every_row_inside_its_width(section: ExposureSection, narrow: bool, width: int) -> None:
    blocks = (Block("one", section.compared[:40]), Block("two", missed(section).compared[:1]), Block("three", section.compared[40:]))
    drawn = ET.fromstring(draw_exposures(blocks, narrow=narrow))
    count = len(section.compared) + 1
    assert drawn.get("width") == str(width) and f"{count} exposures" in (drawn.findtext(f"{SVG}desc") or "")
    circles = list(drawn.iter(f"{SVG}circle"))
    open_ones = [one for one in circles if one.get("class") == "f-ctl"]
    diamonds = [one for one in drawn.iter(f"{SVG}path") if one.get("class") == "f-refmark"]
    assert len(circles) + len(diamonds) == count and len(diamonds) == 1
    assert len(open_ones) == sum(one.exposure.grade == "recalled" for one in section.compared)
    places = [float(one.get("cx", "nan")) for one in circles]
    assert all(0 < x < width for x in places)
    names = [one.text for one in drawn.iter(f"{SVG}text")]
    assert all(one.exposure.title in names for one in section.compared), "a title is cut"
    height = float(drawn.get("height", "0"))
    assert max(float(one.get("y", "0")) for one in drawn.iter(f"{SVG}text")) < height


def test_the_result_table_has_a_row_for_each(section: ExposureSection) -> None:
    (table,) = exposure_tables(section.compared).values()
    assert list(table["id"]) == [one.exposure.id for one in section.compared] and table["within"].all()
    assert exposure_tables(()) == {}


def test_later_sources_are_not_shown_and_the_run_depends_on_the_numbers(section: ExposureSection, tmp_path: Path) -> None:
    before = exposure_section(LIBRARY, 2024)
    assert before is not None and "imlunestrant.cmax_ss" not in {one.exposure.id for one in before.compared}
    library = copied(tmp_path)
    (library / "exposures.tsv").rename(library / "kept.tsv")
    assert exposure_section(library) is None
    (library / "kept.tsv").rename(library / "exposures.tsv")
    line = next(text for text in (library / "pk_human.tsv").read_text(encoding="utf-8").splitlines() if re.match(r"letrozole\tCL\t", text))
    edit(library, "pk_human.tsv", line, line.replace("\t1.2\t", "\t1.3\t"))
    changed = exposure_section(library)
    assert changed is not None
    assert {name for name in section.rests_on if section.rests_on[name] != changed.rests_on[name]} == {"pk_human letrozole"}
