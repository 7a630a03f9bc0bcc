"""What a finished simulation leaves beside its trajectories: readings of a host, and on request figures and a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from serdsim.analysis.host_course import SUM, HostReading, host_readings, readings_table, unseen_exposures
from serdsim.report.figure import draw
from serdsim.report.png import svg_to_png
from serdsim.report.run_figures import RunFigure, individuals_in_words, run_figures
from serdsim.report.run_page import Shown, render_run
from serdsim.report.standalone import standalone
from serdsim.results.courses import Courses, read_courses
from serdsim.results.disk import disk_errors, put
from serdsim.results.run_record import serdsim_version
from serdsim.results.table_files import write_table
from serdsim.simulation.lesions import lesions_in_words
from serdsim.simulation.prepared import Prepared
from serdsim.simulation.streamed import TABLE

_PIXELS = 1520


@dataclass(frozen=True)
class RunAnswer:
    """The courses of a run, what was read from them, and in words which exposures could not be."""

    courses: Courses
    readings: tuple[HostReading, ...]
    unseen: str = ""


def answer_run(ready: Prepared, folder: Path) -> RunAnswer:
    """Return what a finished run shows, and write for a host the table ``readings`` beside its trajectories."""
    question, job = ready.question, ready.job
    courses = read_courses(folder / "tables" / f"{TABLE}.parquet", question.outputs, job.individuals, len(ready.times))
    if job.lesions is not None and question.lesions is not None and question.lesions.diameter in courses.values:
        courses = courses.with_sum(question.lesions.diameter, SUM, len(job.lesions.each))
    readings = host_readings(ready, courses) if question.ways else ()
    if readings:
        with disk_errors(folder):
            _table(readings_table(readings), folder, "readings")
    return RunAnswer(courses, readings, unseen_exposures(ready, courses) if question.ways else "")


def draw_run(ready: Prepared, answer: RunAnswer, folder: Path) -> int:
    """Write the figures (SVG, wide and narrow, and PNG) and the page of a run into its folder; return how many figures there are."""
    shown = [_drawn(figure) for figure in run_figures(ready, answer.courses)]
    with disk_errors(folder):
        (folder / "figures").mkdir(exist_ok=True)
        for one in shown:
            id = one.figure.panel.id
            _write(folder / "figures" / f"{id}.svg", standalone(one.wide).encode())
            _write(folder / "figures" / f"{id}-narrow.svg", standalone(one.narrow).encode())
            _write(folder / "figures" / f"{id}.png", svg_to_png(one.wide, _PIXELS))
        _write(folder / "report.html", _page(ready, answer, shown).encode())
    return len(shown)


def _drawn(figure: RunFigure) -> Shown:
    return Shown(figure, draw(figure.panel), draw(figure.panel, narrow=True))


def _page(ready: Prepared, answer: RunAnswer, shown: list[Shown]) -> str:
    question, record = ready.question, ready.record
    chosen = "; ".join(f"{key.replace('_', ' ')} {value}" for key, value in question.selection.items())
    facts = [
        ("Model", question.name),
        ("Rows", chosen or "of the file alone"),
        ("Regimen", str(ready.doses) or "untreated"),
        ("Before 0 h", f"{question.pre_run:g} h without treatment" if question.pre_run else "nothing"),
        *([("Lesions", lesions_in_words(ready.job.lesions.each))] if ready.job.lesions else []),
        ("Individuals", individuals_in_words(ready, answer.courses)),
        ("Observed", ready.observed or f"at {len(ready.times)} times"),
        ("Seed", str(record["seed"])),
    ]
    title = str(record["summary"])
    return render_run(
        shown, answer.readings, title=title, facts=facts, run=ready.run, command=str(record["replay"]), version=serdsim_version()
    )


def _table(table: pd.DataFrame, folder: Path, name: str) -> None:
    """Write a table so that a reader meets the old one or the whole new one."""
    made = folder / ".making"
    made.mkdir(exist_ok=True)
    write_table(table, made, name)
    for path in sorted(made.glob(f"{name}.*")):
        put(path, folder / "tables" / path.name)
    made.rmdir()


def _write(path: Path, content: bytes) -> None:
    made = path.with_name(f".{path.name}.partial")
    made.write_bytes(content)
    put(made, path)
