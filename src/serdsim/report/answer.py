"""``moa``: the answer with its page and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from serdsim.analysis.leave_one_out import ClassSection
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import read_claims
from serdsim.claims.records import Answer, OwnAnswer
from serdsim.engine.ensemble import Progress
from serdsim.evidence.answer import Answered, build_answer
from serdsim.evidence.changes import read_changes
from serdsim.evidence.in_use import OWN, UsedFact
from serdsim.evidence.own import Own, compared, own_values
from serdsim.evidence.passports import passports
from serdsim.evidence.pathway import Shown, show_map
from serdsim.model.recipe import shipped_library
from serdsim.references import Reference, read_references
from serdsim.report.class_view import class_view
from serdsim.report.evidence_table import EvidenceRow, value_of
from serdsim.report.figure import draw
from serdsim.report.ladder_view import ladder_figures
from serdsim.report.map_drawing import draw_map
from serdsim.report.map_page import render_map
from serdsim.report.page import render_page
from serdsim.report.passport_page import render_passports
from serdsim.report.window_figure import window_figures


@dataclass(frozen=True)
class MoaResult:
    """The answer, its record for run.json, tables, page, page of all numbers, map, figures (SVG by id), and how the class predicts."""

    answer: Answer
    record: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame]
    page: str
    parameters: str
    map: str | None
    figures: Mapping[str, str]
    class_prior: ClassSection


def answer_moa(
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
    """Return the answer to "What is the mechanism of action of imlunestrant?" with page and figures.

    Parameters
    ----------
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
        Statement ids.
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
    asked = _Asked({"draws": draws, "seed": seed, "workers": workers, "as_of": as_of}, only, progress)
    if with_values is None:
        return _answered(root, library, asked, None)
    with own_values(with_values, library, root) as own:
        return _answered(own.library, library, asked, own)


@dataclass(frozen=True)
class _Asked:
    numbers: Mapping[str, Any]
    only: Sequence[str] | None
    progress: Progress | None


def _compared(own: Own, done: Answered, asked: _Asked) -> OwnAnswer:
    """Return what own values changed; statements that read them are answered again with the library as it was."""
    claims = read_claims(own.base, read_facts(own.base, done.references), done.references)
    return compared(own, claims, done.answer.outcomes, lambda ids: build_answer(library=own.base, only=ids, **asked.numbers).answer)


def _answered(root: Path, library: Path | None, asked: _Asked, own: Own | None) -> MoaResult:
    only = asked.only
    shown_map = _map_of(root) if only is None else None  # first, because it takes a moment and may name what is wrong
    done = build_answer(library=library, only=only, progress=asked.progress, own=own, **asked.numbers)
    if own is not None:
        done = replace(done, answer=replace(done.answer, own=_compared(own, done, asked)))
    shown = [used for used in done.facts if "judged" in used.used_for or "fit of" in used.used_for]
    rows = [_row(used, done.references) for used in shown]
    every = read_claims(root, read_facts(root, done.references), done.references)
    parameters = render_passports(passports(root, every), done.references, done.answer)
    also = [key for key in done.also if key not in OWN]
    prior, changes = class_view(done.class_prior), read_changes(root) if only is None and own is None else None
    beside = done.beside
    page = render_page(done.answer, done.references, rows, also, prior, changes=changes, has_map=shown_map is not None, beside=beside)
    panels = [panel for outcome in done.answer.outcomes for panel in outcome.panels]
    figures = {panel.id: draw(panel) for panel in panels} | {f"{panel.id}-narrow": draw(panel, narrow=True) for panel in panels}
    figures |= ladder_figures(beside.ladder) if beside.ladder else {}
    figures |= window_figures(beside.window) if beside.window else {}
    map_page = None
    if shown_map is not None:
        map_page = render_map(shown_map, done.references, done.answer)
        figures["MAP"] = draw_map(shown_map, done.references, "wide")
    return MoaResult(done.answer, done.record, done.tables, page, parameters, map_page, figures, done.class_prior)


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
