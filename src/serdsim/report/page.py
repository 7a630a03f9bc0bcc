"""The evidence page: one self-contained HTML file that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from serdsim.claims.read import MAIN
from serdsim.claims.records import Answer
from serdsim.evidence.beside import Beside
from serdsim.evidence.changes import Changes
from serdsim.evidence.questions import Question
from serdsim.experiments.panel import Panel
from serdsim.references import Reference, to_bibtex, to_ris
from serdsim.report import caption as words
from serdsim.report import view
from serdsim.report.ablation_view import ablation_view
from serdsim.report.biblio import PAGE_ORDER, Bibliography, bibliography
from serdsim.report.class_view import ClassView
from serdsim.report.definitions_view import robustness
from serdsim.report.evidence_table import EvidenceRow
from serdsim.report.exposure_view import exposure_view
from serdsim.report.figure import draw
from serdsim.report.ladder_view import ladder_view
from serdsim.report.shell import environment, read_assets
from serdsim.report.window_view import window_view

__all__ = ["EvidenceRow", "Related", "render_page"]


@dataclass(frozen=True)
class Related:
    """A question beside that of the page: its page where this run wrote one, else the command that answers it."""

    title: str
    page: str | None
    command: str


@dataclass(frozen=True)
class FigureView:
    """A panel as the page shows it: both drawings, caption, table."""

    number: int
    panel: Panel
    wide: Markup
    narrow: Markup
    caption: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[words.TableRow, ...]
    thinned: bool


@dataclass(frozen=True)
class _Drawn:
    """The figures of each statement, numbered through the page; `again` are numbers of figures that stand with a statement before it."""

    figures: Mapping[str, list[FigureView]]
    again: Mapping[str, list[int]]


def _drawn(answer: Answer, refs: Mapping[str, int]) -> _Drawn:
    figures: dict[str, list[FigureView]] = {}
    again: dict[str, list[int]] = {}
    before: dict[str, int] = {}
    for section in view.sections(answer):
        for outcome in section.outcomes:
            for panel in outcome.panels:
                drawing = draw(panel)
                if drawing in before:
                    again.setdefault(outcome.statement.id, []).append(before[drawing])
                    continue
                before[drawing] = len(before) + 1
                figures.setdefault(outcome.statement.id, []).append(_figure(panel, before[drawing], refs))
    return _Drawn(figures, again)


def _figure(panel: Panel, number: int, refs: Mapping[str, int]) -> FigureView:
    own = replace(panel, id=f"fig{number}-{panel.id}")
    return FigureView(
        number,
        panel,
        Markup(_inline(draw(own))),
        Markup(_inline(draw(own, narrow=True))),
        tuple(words.caption(panel, refs)),
        tuple(words.heads(panel)),
        tuple(words.panel_table(panel, refs)),
        words.thinned(panel),
    )


def _inline(drawing: str) -> str:
    """The drawing as part of the page: its size follows the column."""
    return drawing.replace("<svg ", '<svg class="plot" ', 1)


def _evidence(rows: Sequence[EvidenceRow], listed: Bibliography) -> list[tuple[str, EvidenceRow]]:
    """Evidence rows with the number of their reference."""
    return [(str(listed.numbers.get(row.ref_number_or_key, row.ref_number_or_key)), row) for row in rows]


def _statements(answer: Answer, question: Question) -> dict[str, object]:
    """What the template shows of the statements."""
    done = view.tested(answer)
    return {
        "answer": answer,
        "question": question.title,
        "short_answer": view.short_answer(answer, question),
        "lanes": view.lanes(answer),
        "counts": view.counts(answer),
        "sections": view.sections(answer),
        "tested": done,
        "matrix": ablation_view(answer),
        "robustness": robustness(done),
        "review_line": view.review_line(answer),
        "shown": {outcome.statement.id for outcome in answer.outcomes},
    }


def _sections(beside: Beside, refs: Mapping[str, int]) -> dict[str, object]:
    """What the template shows beside the statements, None for a section without content."""
    exposures = beside.exposures
    return {
        "exposures": exposure_view(exposures, refs) if exposures and exposures.compared else None,
        "ladder": ladder_view(beside.ladder) if beside.ladder else None,
        "window": window_view(beside.window, refs) if beside.window else None,
    }


def render_page(
    answer: Answer,
    references: Mapping[str, Reference],
    evidence_rows: Sequence[EvidenceRow],
    also: Sequence[str] = (),
    class_prior: ClassView | None = None,
    *,
    question: Question,
    related: Sequence[Related] = (),
    changes: Changes | None = None,
    has_map: bool = False,
    beside: Beside | None = None,
) -> str:
    """The page as one HTML text; the same answer gives the same bytes.

    Parameters
    ----------
    answer : Answer
        Everything that was asked and found.
    references : mapping of str to Reference
        By key, with every key that is used.
    evidence_rows : sequence of EvidenceRow
        Rows of the evidence table.
    also : sequence of str
        Keys of references that parameters rest on, listed under "Also used".
    class_prior, changes, beside : optional
        How the class predicts members left out; what the last change of the numbers did; exposures, ladder and window trials.
    question, related
        What the page answers, and the questions beside it.
    has_map : bool
    """
    own = PAGE_ORDER if question.id == MAIN else ()
    listed = bibliography(answer, references, evidence_rows, also, first=own)
    return (
        environment()
        .get_template("question.html.j2")
        .render(
            **_statements(answer, question),
            related=related,
            home=next((one for one in related if one.page == "report.html"), None),
            class_prior=class_prior,
            changes=changes,
            **_sections(beside or Beside(), listed.numbers),
            drawn=_drawn(answer, listed.numbers),
            evidence=_evidence(evidence_rows, listed),
            listed=listed,
            bibtex=to_bibtex(listed.all),
            ris=to_ris(listed.all),
            has_map=has_map,
            **read_assets().parts,
        )
    )
