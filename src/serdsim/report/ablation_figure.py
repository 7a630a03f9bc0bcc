"""Draw the ablation matrix: mechanisms down, statements across, in each cell P(pass) with all parts on and with one part off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serdsim.claims.records import AblationOutcome, Answer, Mechanism, Outcome
from serdsim.experiments.panel import Axis, Panel
from serdsim.report import shapes, svg
from serdsim.report.ablation_cell import HEIGHT, draw_cell, moved
from serdsim.report.document import document
from serdsim.report.view import first_up, short_id

_SIZE, _ROW, _GAP, _WIDEST, _EDGE = 13.0, HEIGHT + 20.0, 10.0, 52.0, 4.0
_SMALL = 12.5
_READ = "In each cell upwards: P(pass) from 0 to 1, line at 0.5. Level stroke: with all parts on. Sign: with the part off."
_KEY = (
    ("breaks: passes in more than half of the draws with all parts on, in half or fewer without", "breaks"),
    ("held back: passes in more than half of the draws only without the part", "frees"),
    ("falls or rises and does neither", "falls"),
    ("unchanged, within 0.05", "still"),
    ("only restates the statement, does not count", "restates"),
    ("its models do not have the part", "missing"),
    ("not tested, no number", "untested"),
)


@dataclass(frozen=True)
class _Layout:
    """Of one drawing: its width, where columns begin, whether the name of a mechanism stands beside its row or above it."""

    width: float
    left: float
    beside: bool
    most: int  # columns of a block


WIDE = _Layout(760.0, 176.0, True, 24)
NARROW = _Layout(400.0, _EDGE, False, 12)


def draw_ablation(answer: Answer, *, narrow: bool = False) -> str:
    """The matrix as a standalone SVG document, 760 wide, or 400 for phones, where statements stand in blocks of twelve."""
    layout = NARROW if narrow else WIDE
    rows, body, y = matrix_rows(answer), [], 16.0
    blocks = -(-len(answer.outcomes) // layout.most) or 1
    most = -(-len(answer.outcomes) // blocks)
    for start in range(0, len(answer.outcomes), most):
        part, y = _block(answer.outcomes[start : start + most], rows, layout, y)
        body += part
    key, y = _key(layout, y + 6)
    return document(_panel(answer, rows), layout.width, y, "n" if narrow else "w", "".join([*body, *key]))


def matrix_rows(answer: Answer) -> tuple[Mechanism, ...]:
    """Everything that can be switched off: the mechanisms of the matrix, then the others; those of the outcomes where none are told."""
    known = {one.id: one for one in answer.mechanisms}
    for outcome in answer.outcomes:
        for ablation in outcome.ablations:
            known.setdefault(ablation.id, Mechanism(ablation.id, ablation.title, ablation.because, ablation.extra))
    return tuple(sorted(known.values(), key=lambda one: one.extra))


def found(outcome: Outcome, row: Mechanism) -> AblationOutcome | None:
    """The outcome of one cell, None where the statement's models do not have the part."""
    return next((one for one in outcome.ablations if one.id == row.id), None)


def _block(outcomes: Sequence[Outcome], rows: Sequence[Mechanism], layout: _Layout, top: float) -> tuple[list[str], float]:
    """One block of columns with all rows under it, and where it ends."""
    step = min((layout.width - layout.left - _EDGE) / len(outcomes), _WIDEST)
    middles = [layout.left + step * (i + 0.5) for i in range(len(outcomes))]
    body: list[str] = []
    for outcome, x in zip(outcomes, middles, strict=True):
        body.append(svg.text(x, top + 4, short_id(outcome.statement.id), ("f-ink", shapes.INK), "middle", size=_SIZE, bold=True))
    y = top + 14
    for i, row in enumerate(rows):
        if row.extra and i and not rows[i - 1].extra:
            body.append(shapes.stroke(f"M{_EDGE} {svg.num(y + 3)}H{svg.num(middles[-1] + step / 2)}", "f-rule-s", shapes.HAIR, 0.8))
            y += 8
        label, height = _label(row, layout, y)
        body += label
        for outcome, x in zip(outcomes, middles, strict=True):
            cell = y + height + _GAP
            body += draw_cell(found(outcome, row), x, cell, step) if outcome.state == "tested" else [_untested(x, cell)]
        y += height + _ROW
    return body, y + 18


def _label(row: Mechanism, layout: _Layout, y: float) -> tuple[list[str], float]:
    """The name of a mechanism, and how much height it takes above its cells."""
    if not layout.beside:
        return [svg.text(_EDGE, y + 14, row.title, ("f-ink", shapes.INK), size=_SIZE)], 16.0
    lines = svg.wrap(row.title, layout.left - 14, _SIZE)
    middle = y + _GAP + HEIGHT / 2 - 8.0 * (len(lines) - 1) + 4.5
    return [svg.text(_EDGE, middle + 16 * i, words, ("f-ink", shapes.INK), size=_SIZE) for i, words in enumerate(lines)], 0.0


def _untested(x: float, top: float) -> str:
    return shapes.stroke(f"M{svg.num(x)} {svg.num(top)}v{HEIGHT:g}", "f-rule-s", shapes.HAIR, 1.4, "1.5 5")


def _key(layout: _Layout, top: float) -> tuple[list[str], float]:
    """What the signs of the cells mean, below them, in two columns where there is room."""
    columns = 2 if layout.beside else 1
    limit = layout.width / columns - 50
    body = []
    for i, words in enumerate(svg.wrap(_READ, layout.width - 2 * _EDGE, _SMALL)):
        body.append(svg.text(_EDGE, top + 8 + 16 * i, words, ("f-ink", shapes.INK), size=_SMALL))
    start = top + 14.0 + 16 * (i + 1)
    rows = -(-len(_KEY) // columns)
    for number, (words, what) in enumerate(_KEY):
        x, y = layout.width / columns * (number // rows), start + (HEIGHT + 16) * (number % rows)
        body += _swatch(what, x + 20.0, y)
        lines = svg.wrap(words, limit, _SMALL)
        for i, one in enumerate(lines):
            body.append(svg.text(x + 44, y + HEIGHT / 2 + 4.5 + 16 * i - 8 * (len(lines) - 1), one, ("f-ink2", shapes.INK2), size=_SMALL))
    return body, start + (HEIGHT + 16) * rows


def _swatch(what: str, x: float, y: float) -> list[str]:
    if what == "untested":
        return [_untested(x, y)]
    p_on, p_off = {"breaks": (0.95, 0.2), "frees": (0.2, 0.8), "falls": (0.9, 0.65)}.get(what, (0.8, 0.8))
    made = AblationOutcome("", "", p_on, p_off, what == "breaks", what == "restates", "", what == "frees")
    return draw_cell(None if what == "missing" else made, x, y, 28.0)


def _panel(answer: Answer, rows: Sequence[Mechanism]) -> Panel:
    return Panel(
        id="ABLATION",
        title="Which statements fall when one mechanism is switched off",
        x=Axis("statement", "dimensionless"),
        y=Axis("mechanism that is switched off", "dimensionless"),
        bands=(),
        caption="",
        description=" ".join(_said(answer.outcomes, row) for row in rows) or "Nothing was switched off.",
    )


def _said(outcomes: Sequence[Outcome], row: Mechanism) -> str:
    """What a row shows, in words."""
    cells = [(short_id(outcome.statement.id), cell) for outcome in outcomes if (cell := found(outcome, row)) is not None]
    breaks, restates, frees = (
        [id for id, cell in cells if moved(cell) == what and cell.tautological is taut]
        for what, taut in (("breaks", False), ("breaks", True), ("frees", False))
    )
    said = [f"breaks {', '.join(breaks)}"] if breaks else []
    said += [f"breaks {', '.join(restates)}, which it only restates"] if restates else []
    said += [f"lets {', '.join(frees)} pass"] if frees else []
    return f"{first_up(row.title)}: {'; '.join(said) or ('breaks none' if cells else 'in no model of these statements')}."
