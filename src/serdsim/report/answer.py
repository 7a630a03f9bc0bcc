"""``moa``: the answer with its page and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from serdsim.analysis.leave_one_out import ClassSection
from serdsim.claims.read import MAIN
from serdsim.claims.records import Answer
from serdsim.engine.ensemble import Progress
from serdsim.evidence.answer import Answered, build_answer
from serdsim.evidence.changes import read_changes
from serdsim.evidence.in_use import OWN, UsedFact
from serdsim.evidence.own import Own, compared, own_values
from serdsim.evidence.passports import passports
from serdsim.evidence.pathway import Shown, show_map
from serdsim.evidence.questions import EVERY
from serdsim.evidence.sheets import Sheet, page_of
from serdsim.model.recipe import shipped_library
from serdsim.references import Reference, read_references
from serdsim.report.ablation_view import ablation_figures
from serdsim.report.class_view import ClassView, class_view
from serdsim.report.evidence_table import EvidenceRow, value_of
from serdsim.report.figure import draw
from serdsim.report.ladder_view import ladder_figures
from serdsim.report.map_drawing import draw_map
from serdsim.report.map_page import render_map
from serdsim.report.page import Related, render_page
from serdsim.report.passport_page import render_passports
from serdsim.report.window_figure import window_figures


@dataclass(frozen=True)
class MoaResult:
    """The answer with all that a run folder holds.

    `parts` are the questions in the order of their pages, each with the answers to its statements; `page` is the page of the first,
    `more` those of the others by file; figures are SVG by id.
    """

    answer: Answer
    parts: tuple[tuple[str, Answer], ...]
    record: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame]
    page: str
    more: Mapping[str, str]
    parameters: str
    map: str | None
    figures: Mapping[str, str]
    class_prior: ClassSection


def answer_moa(
    question: str = MAIN,
    *,
    library: Path | None = None,
    draws: int = 64,
    seed: int = 1,
    workers: int | None = None,
    as_of: str = "today",
    only: Sequence[str] | None = None,
    progress: Progress | None = None,
    with_values: Path | None = None,
) -> MoaResult:
    """Return the answer to a question, "What is the mechanism of action of imlunestrant?" if no other, with page and figures.

    Parameters
    ----------
    question : str
        The name of a question of the library, or "all".
    library : Path, optional
        Another library folder than the shipped one.
    draws : int
        Parameter draws per individual arm.
    seed : int
    workers : int, optional
        Processes; no result depends on it.
    as_of : str
        "today" or an ISO date: evidence published in later years is not shown.
    only : sequence of str, optional
        Statement ids, of whatever question.
    progress : callable, optional
        Called as progress(what, done, total).
    with_values : Path, optional
        A table of own values that take the place of rows of the library; see `serdsim.analysis.own_values`.

    Raises
    ------
    InputError
        When the library, the table or a request cannot be used.
    """
    root = library or shipped_library()
    asked = _Asked(question, {"draws": draws, "seed": seed, "workers": workers, "as_of": as_of}, only, progress)
    if with_values is None:
        return _answered(root, library, asked, None)
    with own_values(with_values, root) as own:
        return _answered(own.library, library, asked, own)


@dataclass(frozen=True)
class _Asked:
    question: str
    numbers: Mapping[str, Any]
    only: Sequence[str] | None
    progress: Progress | None


def _with_own(own: Own, done: Answered, asked: _Asked) -> Answered:
    """Return the answer with what own values changed; statements that read them are answered again with the library as it was."""
    claims = [claim for one in done.asked for claim in one.every]
    changed = compared(own, claims, done.answer.outcomes, lambda ids: build_answer(library=own.base, only=ids, **asked.numbers).answer)
    sheets = tuple(replace(sheet, answer=replace(sheet.answer, own=changed)) for sheet in done.sheets)
    return replace(done, answer=replace(done.answer, own=changed), sheets=sheets)


def _answered(root: Path, library: Path | None, asked: _Asked, own: Own | None) -> MoaResult:
    main = asked.only is None and asked.question in (MAIN, EVERY)
    shown_map = _map_of(root) if main else None  # first: it takes a moment and may name what is wrong
    done = build_answer(asked.question, library=library, only=asked.only, progress=asked.progress, own=own, **asked.numbers)
    done = done if own is None else _with_own(own, done, asked)
    prior = class_view(done.class_prior)
    pages = {page_of(done.sheets, sheet.question.id): _page(sheet, done, prior, root) for sheet in done.sheets}
    every = [claim for one in done.asked for claim in one.every]
    at = {outcome.statement.id: page_of(done.sheets, one.question.id) for one in done.sheets for outcome in one.answer.outcomes}
    map_page = render_map(shown_map, done.references, done.answer) if shown_map else None
    return MoaResult(
        answer=done.answer,
        parts=tuple((one.question.title, one.answer) for one in done.sheets),
        record=done.record,
        tables=done.tables,
        page=pages.pop("report.html"),
        more=pages,
        parameters=render_passports(passports(root, every), done.references, done.answer, at),
        map=map_page,
        figures=_figures(done) | ({"MAP": draw_map(shown_map, done.references, "wide")} if shown_map else {}),
        class_prior=done.class_prior,
    )


def _page(sheet: Sheet, done: Answered, prior: ClassView, root: Path) -> str:
    """Return the page of one question."""
    rows = [_row(used, done.references) for used in sheet.facts if "judged" in used.used_for or "fit of" in used.used_for]
    there = [other.question.id for other in done.sheets]
    related = [
        Related(one.title, page_of(done.sheets, one.id) if one.id in there else None, f"serdsim moa {one.id}") for one in sheet.related
    ]
    return render_page(
        sheet.answer,
        done.references,
        rows,
        [key for key in sheet.also if key not in OWN],
        prior if "class_prior" in sheet.question.sections else None,
        question=sheet.question,
        related=related,
        changes=read_changes(root) if sheet.shows("changes") and sheet.answer.own is None else None,
        has_map=sheet.shows("map") and (root / "map.yaml").is_file(),
        beside=sheet.beside,
    )


def _figures(done: Answered) -> dict[str, str]:
    """Return the drawings of all pages by the names of their files."""
    panels = [panel for outcome in done.answer.outcomes for panel in outcome.panels]
    figures = {panel.id: draw(panel) for panel in panels} | {f"{panel.id}-narrow": draw(panel, narrow=True) for panel in panels}
    for number, sheet in enumerate(done.sheets):
        figures |= ablation_figures(sheet.answer, f"-{sheet.question.id}" if number else "")
        figures |= ladder_figures(sheet.beside.ladder) if sheet.beside.ladder else {}
        figures |= window_figures(sheet.beside.window) if sheet.beside.window else {}
    return figures


def _map_of(root: Path) -> Shown | None:
    """Return the map with its run; a library without a map has none."""
    return show_map(root, read_references(root / "references.bib")) if (root / "map.yaml").is_file() else None


def _row(used: UsedFact, references: Mapping[str, Reference]) -> EvidenceRow:
    fact = used.fact
    reference = references[fact.source]
    own = {"Recalled2026": "from memory, not read", "Serdsim2026": "derived here"}
    family = reference.authors[0].split(",")[0] if reference.authors else reference.title
    return EvidenceRow(
        ref_number_or_key=fact.source if fact.source not in own else "",
        study=own.get(fact.source, f"{family} {reference.year}"),
        system=" ".join(word for word in (fact.system, fact.genotype) if word),
        n="" if fact.n is None else str(fact.n),
        readout=f"{fact.quantity} ({fact.id})",
        direction=value_of(fact),
        quality=f"{fact.reliability}, {fact.role}",
        used_for=used.used_for,
        conflicts=used.conflicts,
    )
