"""Answers and panels for the tests of the evidence page. Every value here is test data; none is a result."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

from animal_cases import ANIMAL_PANELS
from serdsim.claims.records import (
    AblationOutcome,
    Answer,
    Citation,
    ControlOutcome,
    Outcome,
    PartOutcome,
    Statement,
)
from serdsim.evidence.questions import Question
from serdsim.experiments.panel import Axis, Band, Cell, Grid, Level, Mark, Panel
from serdsim.references import Reference
from serdsim.report import svg
from serdsim.report.biblio import PAGE_ORDER
from serdsim.report.page import EvidenceRow, render_page

SVG = "{http://www.w3.org/2000/svg}"
NAN = math.nan


def reference(key: str, doi: str = "") -> Reference:
    return Reference(
        key, "article", ("Test, A.",), f"Test title {key}", 2021, "Test Journal", "1", "2", "3-4", doi, "", "", "", "test.bib", 1
    )


def references() -> dict[str, Reference]:
    keys = (*PAGE_ORDER, "Other2020")
    return {key: reference(key, "" if key.endswith("poster") else f"10.1234/{key}") for key in keys}


def a_panel(**changes: object) -> Panel:
    xs = (0.01, 0.1, 1.0, 10.0, 100.0)
    panel = Panel(
        "test-panel",
        "Test panel",
        Axis("ligand", "nM", True),
        Axis("response", "% of vehicle"),
        (
            Band("wild type", xs, (99.0, 90.0, 60.0, 30.0, 24.0), (95.0, 80.0, 40.0, 20.0, 15.0), (100.0, 97.0, 80.0, 50.0, 40.0)),
            Band("mutant", xs, (99.0, 91.0, 62.0, 31.0, 24.0), (95.0, 81.0, 42.0, 21.0, 15.0), (100.0, 98.0, 82.0, 51.0, 40.0), dash=True),
            Band("blocked", xs, (100.0,) * 5, (98.0,) * 5, (102.0,) * 5, control=True),
        ),
        (
            Mark("observed line", 1.0, 58.0, 50.0, 66.0, "95 % CI of the mean", 3, "Bhagwat2021", "T1", "validate"),
            Mark("observed line", 10.0, 33.0, 25.0, 41.0, "95 % CI of the mean", 3, "Bhagwat2021", "T2", "validate"),
            Mark("published half-maximum", 2.0, None, 1.0, 4.0, "90 % CI", None, "Other2020", "T3", "context", "reference"),
            Mark("vehicle", NAN, 100.0, None, None, "", None, "", "", "context", "reference"),
        ),
        "Test cells, 24 h.",
        "The response falls.",
        200,
        pass_below=50.0,
    )
    return replace(panel, **changes)  # type: ignore[arg-type]


def statement(identifier: str, state: str, **changes: object) -> Statement:
    made = Statement(
        id=identifier,
        page="TEST",
        title=f"title of {identifier}",
        sentence=f"Sentence of {identifier} in test data.",
        scale="cell",
        section="First heading",
        scope="test scope",
        citations=(Citation("Bhagwat2021", "abstract", "direct", "abstract"),),
        state=state,
        why="" if state == "tested" else f"reason of {identifier}",
        experiment="test",
        metric="receptor left",
        unit="% of vehicle",
        test="below 50",
        margin=50.0,
        evidence=("T1",),
        driving=(),
        named_ablation="off-b",
        as_of="2024-10-02",
        review_by="2027-01-02",
        superseded_by=None,
        limits=(f"limit of {identifier}",),
        file="test.yaml",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def an_answer(**changes: object) -> Answer:
    tested = Outcome(
        statement("MOA-01", "tested"),
        "tested",
        "prediction only",
        31.4,
        18.2,
        46.9,
        "inconclusive",
        0.837,
        0.611,
        200,
        2,
        ("reason of the verdict",),
        (PartOutcome("wt", "part wild type", 30.3, 17.1, 45.2, "% of vehicle", "below 50", 0.913),),
        (
            ControlOutcome("vehicle", "no change", 1.0, 0.9, 1.1, "fold", 0.998, True),
            ControlOutcome("dummy", "must fall", 0.95, 0.6, 1.2, "fold", 0.231, False),
        ),
        (
            AblationOutcome("off-a", "part a off", 0.837, 0.021, True, True, "only restates"),
            AblationOutcome("off-b", "part b off", 0.837, 0.793, False, False, "stays"),
        ),
        (a_panel(),),
        "0123456789abcdef",
    )
    second = replace(
        tested, statement=statement("MOA-02", "tested", scale="mouse"), panels=(), ablations=(), run=None, verdict="contradicted"
    )
    rest = (
        Outcome(statement("MOA-03", "not_yet_tested", section="Second heading"), "not_yet_tested"),
        Outcome(
            statement("MOA-04", "not_testable", section="Second heading", citations=(Citation("Other2020", "", "", ""),)), "not_testable"
        ),
    )
    made = Answer(
        "fedcba9876543210",
        "imlunestrant",
        "0.0.test",
        "cafe0000cafe0000",
        "2026-11-22",
        "2024-10-02",
        7,
        200,
        (tested, second, *rest),
        "replay me",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def a_question(**changes: object) -> Question:
    made = Question("moa", "What does the test drug do?", "The test drug is said to remove its receptor.", ("MOA-01", "MOA-02"))
    return replace(made, **changes)  # type: ignore[arg-type]


ROWS = (EvidenceRow("Bhagwat2021", "Test study", "test line", "", "receptor", "down", "abstract", "MOA-01", "none known"),)


def page(answer: Answer | None = None, rows: Sequence[EvidenceRow] = ROWS) -> str:
    return render_page(answer or an_answer(), references(), rows, question=a_question())


class Words(HTMLParser):
    """Text, classes, ids and addresses of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.classes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.styles = 0
        self.words: list[str] = []
        self.skip = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.skip = tag in ("style", "script")
        self.classes |= set((found.get("class") or "").split())
        self.styles += "style" in found
        if found.get("id"):
            self.ids.append(found["id"] or "")
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
        if tag != "a":
            self.loads += [found[name] or "" for name in ("src", "href", "xlink:href", "srcset", "action", "data") if name in found]

    def handle_endtag(self, tag: str) -> None:
        self.skip = False

    def handle_data(self, data: str) -> None:
        if not self.skip:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words).replace("\u202f", " ").replace("\u00a0", " "))


def texts_of(drawing: str) -> list[tuple[float, float, float, float, str]]:
    """Estimated boxes of the drawing's texts."""
    boxes = []
    for item in ET.fromstring(drawing).iter(f"{SVG}text"):
        words = "".join(item.itertext())
        size = float(item.get("font-size", "14"))
        wide = svg.width(words, size) * 0.95
        x, y = float(item.get("x", "0")), float(item.get("y", "0"))
        x -= {"middle": wide / 2, "end": wide}.get(item.get("text-anchor", "start"), 0.0)
        boxes.append((x, y - 0.75 * size, x + wide, y + 0.2 * size, words))
    return boxes


def a_gr_panel(lines: int) -> Panel:
    """GR curves of so many cell lines with marks of two studies."""
    xs = tuple(10.0 ** (-1 + i / 2) for i in range(9))

    def curve(i: int, push: float) -> tuple[float, ...]:
        return tuple((0.12 * i - 0.45) + (1.45 - 0.12 * i) / (1.0 + x / 3.0 / 1.6**i) + push for x in xs)

    inks = ("drug", "rest", "signal")
    names = ("MCF7", "T47D", "ZR-75-1", "HCC1428", "CAMA-1", "MDA-MB-134-VI", "MDA-MB-231", "BT-549")
    bands = tuple(
        Band(names[i], xs, curve(i, 0.0), curve(i, -0.06), curve(i, 0.06), inks[i % 3], dash=i % 2 == 1, control=i >= 6)
        for i in range(lines)
    )
    marks = (
        Mark("MCF7, observed", 30.0, -0.2, -0.3, -0.1, "range", 3, "Bhagwat2021", "T1", "validate"),
        Mark("T47D, observed", 30.0, 0.05, None, None, "no interval reported", None, "Other2020", "T2", "validate"),
    )
    axes = {"x": Axis("drug in the medium (nominal)", "nM", True), "y": Axis("GR value", "dimensionless")}
    levels = (Level(0.5, "GR50"), Level(0.0, "no net growth"))
    return a_panel(**axes, bands=bands, marks=marks, pass_below=None, y_range=(-1.0, 1.0), levels=levels)


def a_grid_panel(columns: tuple[float, ...], rows: tuple[float, ...], **changes: object) -> Panel:
    """Shares that fall from the lower left to the upper right; the last cell was not computed, the one before has no ratio."""
    shares = [[max(0.0, 1.08 - 0.07 * (i + j) ** 1.3) for j in range(len(columns))] for i in range(len(rows))]
    cells = [[Cell(min(1.0, p), 1.0 + i, 0.5 + 0.3 * i, 2.0 + 2 * i) for p in line] for i, line in enumerate(shares)]
    cells[-1][-1] = Cell(NAN, NAN, NAN, NAN)
    if len(columns) > 1:
        cells[-1][-2] = Cell(0.0, math.inf, math.inf, math.inf)
    grid = Grid(columns, rows, tuple(map(tuple, cells)), "IC50", 1 / 3, 3.0, 0.9, (columns[0], rows[-1]), "condition of the assay")
    axes = {"x": Axis("nominal oestradiol", "nM"), "y": Axis("lower affinity of the mutant", "fold")}
    return a_panel(**axes, bands=(), marks=(), pass_below=None, grid=grid, **changes)


MANY = tuple(Band(f"curve {i} with a long name", (0.1, 100.0), (50.0, 20.0 + i), (40.0, 15.0 + i), (60.0, 25.0 + i)) for i in range(9))
PANELS = {
    "full": a_panel(),
    "empty": a_panel(bands=(), marks=(), pass_below=None),
    "single point": a_panel(bands=(Band("one", (1.0,), (40.0,), (30.0,), (60.0,)),), marks=()),
    "zero on log": a_panel(bands=(Band("zero", (0.0, 1.0, 10.0), (100.0, 50.0, 20.0), (90.0, 40.0, 10.0), (110.0, 60.0, 30.0)),)),
    "nan": a_panel(bands=(Band("gap", (1.0, 2.0, 3.0, 4.0), (5.0, NAN, 6.0, 7.0), (4.0, NAN, 5.0, 6.0), (6.0, NAN, 8.0, math.inf)),)),
    "log y": a_panel(y=Axis("ratio", "1", True), pass_above=1 / 3, pass_below=3.0),
    "many labels": a_panel(bands=MANY),
    "long titles": a_panel(x=Axis("a very long quantity " * 5, "nM", True), y=Axis("another very long quantity " * 5, "1")),
    "constant": a_panel(
        x=Axis("time", "h"), bands=(Band("flat", (0.0, 168.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),), marks=(), pass_below=None
    ),
    "negative": a_panel(
        x=Axis("time", "day"), bands=(Band("shrinks", (0.0, 28.0), (0.0, -60.0), (-5.0, -80.0), (5.0, -20.0)),), marks=(), pass_below=0.0
    ),
    "growth rate": a_gr_panel(8),
    "growth rate of one line": a_gr_panel(1),
    "grid": a_grid_panel((0.001, 0.01, 0.1, 1.0, 10.0), (1.0, 3.0, 10.0, 30.0)),
    "widest grid": a_grid_panel((0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0), tuple(float(2**i) for i in range(8))),
    "grid of long values": a_grid_panel((0.0001234, 0.001234, 0.01234, 0.1234, 1.234, 12.34, 123.4, 1234.0), (0.1234, 1.234)),
    "grid of one cell": a_grid_panel((0.01,), (1.0,)),
    **ANIMAL_PANELS,
}
