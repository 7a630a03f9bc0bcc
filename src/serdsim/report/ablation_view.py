"""What the page says of the ablation matrix: both drawings, the finding, the table, and why some statements are broken by nothing."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from serdsim.claims.records import AblationOutcome, Answer, Mechanism, Outcome
from serdsim.report import view
from serdsim.report.ablation_figure import draw_ablation, found, matrix_rows

NAME = "ABLATION"


@dataclass(frozen=True)
class Cell:
    """What came of one part for one statement, or why there is nothing."""

    found: AblationOutcome | None
    why: str


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    row: Mechanism
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class AblationView:
    """The section: both drawings, the finding, the rows of the table, and statements that nothing breaks."""

    wide: Markup
    narrow: Markup
    finding: str
    rows: tuple[Line, ...]
    unbroken: tuple[Outcome, ...]


def ablation_view(answer: Answer) -> AblationView | None:
    """Return the section of an answer, None where nothing was switched off."""
    if not any(outcome.ablations for outcome in answer.outcomes):
        return None
    wide, narrow = (Markup(drawing.replace("<svg ", '<svg class="plot" ', 1)) for drawing in ablation_figures(answer).values())
    rows = tuple(Line(row, tuple(_cell(outcome, row) for outcome in answer.outcomes)) for row in matrix_rows(answer))
    unbroken = tuple(outcome for outcome in view.tested(answer) if outcome.no_flip)
    return AblationView(wide, narrow, _finding(answer), rows, unbroken)


def ablation_figures(answer: Answer, suffix: str = "") -> dict[str, str]:
    """Return the drawings by the names of their files, none where nothing was switched off."""
    if not any(outcome.ablations for outcome in answer.outcomes):
        return {}
    return {NAME + suffix: draw_ablation(answer), f"{NAME}{suffix}-narrow": draw_ablation(answer, narrow=True)}


def _cell(outcome: Outcome, row: Mechanism) -> Cell:
    cell = found(outcome, row)
    why = "not in its model" if outcome.state == "tested" else "not tested"
    return Cell(cell, "" if cell else why)


def _finding(answer: Answer) -> str:
    """How many tested statements something breaks, other than by restating them, and how many something holds back."""
    tested = view.tested(answer)
    broken = sum(any(one.flips and not one.tautological for one in outcome.ablations) for outcome in tested)
    back = sum(any(one.holds_back for one in outcome.ablations) for outcome in tested)
    breaks, passes = "breaks" if broken == 1 else "break", "passes" if back == 1 else "pass"
    return (
        f"Of {len(tested)} tested statements {broken} {breaks} without some part, where that is more than the statement in other words; "
        f"{back} {passes} in most draws only without one."
    )
