"""What a finished simulation leaves beside its trajectories: names of columns, readings of a host, on request figures and a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from serdsim.analysis.host_course import HostReading, drugs_in_places, host_readings, readings_table
from serdsim.model.outputs import Label, OutputNames, read_outputs
from serdsim.model.recipe import shipped_library
from serdsim.report.figure import draw
from serdsim.report.png import svg_to_png
from serdsim.report.run_figures import RunFigure, individuals_in_words, run_figures
from serdsim.report.run_page import Shown, render_run
from serdsim.report.standalone import standalone
from serdsim.results.courses import Courses, read_courses
from serdsim.results.dataset import unit_of
from serdsim.results.disk import disk_errors, put
from serdsim.results.run_record import serdsim_version
from serdsim.results.table_files import write_table
from serdsim.simulation.prepared import Prepared
from serdsim.simulation.streamed import TABLE

_PIXELS = 1520


@dataclass(frozen=True)
class RunAnswer:
    """Names of the outputs, the courses of the run, and what was read from them."""

    names: OutputNames
    courses: Courses
    readings: tuple[HostReading, ...]


def answer_run(ready: Prepared, folder: Path) -> RunAnswer:
    """Return what a finished run shows, and write ``columns`` and, for a host, ``readings`` beside its trajectories."""
    question = ready.question
    library = ready.library or shipped_library()
    names = OutputNames({}) if question.own else read_outputs(library, {**question.selection, **drugs_in_places(ready)})
    courses = read_courses(folder / "tables" / f"{TABLE}.parquet", question.outputs, ready.job.individuals, len(ready.times))
    readings = host_readings(ready, names, courses) if question.ways else ()
    with disk_errors(folder):
        _table(columns_table(ready, names), folder, "columns")
        if readings:
            _table(readings_table(readings), folder, "readings")
    return RunAnswer(names, courses, readings)


def columns_table(ready: Prepared, names: OutputNames) -> pd.DataFrame:
    """Return the name, title and unit of each column of the trajectories."""
    who = [("individual", "number of the individual", "")]
    who += [(name, f"number of the {name}", "") for name in ready.job.who(range(1))]
    unit = "h" if ready.question.time_unit != "not given" else "not given"
    status = ("status", "how the integration of the individual ended", "")
    outputs = [(id, *label_of(ready, names, id)) for id in ready.question.outputs]
    return pd.DataFrame(
        [*who, ("time", "time since the first moment of treatment", unit), *outputs, status], columns=["column", "title", "unit"]
    )


def label_of(ready: Prepared, names: OutputNames, id: str) -> tuple[str, str]:
    """Return title and unit of an output; what the library does not name keeps its id."""
    label = names.labels.get(id, Label(id, id, unit_of(ready.question.model, id)))
    return label.title, label.unit


def draw_run(ready: Prepared, answer: RunAnswer, folder: Path) -> int:
    """Write the figures (SVG, wide and narrow, and PNG) and the page of a run into its folder; return how many figures there are."""
    shown = [_drawn(figure) for figure in run_figures(ready, answer.names, answer.courses)]
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
