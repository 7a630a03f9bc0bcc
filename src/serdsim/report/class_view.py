"""What page and terminal say of the class prior before any verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

from serdsim.analysis.leave_one_out import ClassSection, LeaveOneOut
from serdsim.report.numbers import plain, significant


@dataclass(frozen=True)
class LeftOutRow:
    """A row of the table: a member, what was observed and what the others predict."""

    drug: str
    read_as: str
    observed: str
    predicted: str
    inside: str
    near: bool
    origin: str


@dataclass(frozen=True)
class ClassView:
    """The section in words: the finding, what it is worth, where the rows come from, and the table."""

    subject: str
    finding: str
    caution: str
    rows_from: tuple[str, ...]
    table: tuple[LeftOutRow, ...]


def class_view(section: ClassSection) -> ClassView:
    """Return the section as the page shows it."""
    return ClassView(section.subject, _finding(section), _caution(section), _rows_from(section), tuple(map(_row, section.outcomes)))


def class_line(section: ClassSection) -> str:
    """Return the one line of the terminal."""
    spans = [one.hi90 / one.lo90 for one in section.outcomes]
    return (
        f"Class prior: {section.summary} sisters that were left out lie inside the central 90 % of their prediction, "
        f"{section.near} inside the central 50 %; {section.draws} draws each. "
        f"A weak test: predictions span {significant(min(spans))}-fold or more."
    )


def _finding(section: ClassSection) -> str:
    return (
        f"No number of {section.subject}'s own at the receptor was read. Its rows are predicted from {len(section.members)} sister "
        "degraders by random effects. Before any verdict, each sister is predicted from the others alone, by simulation with "
        f"{section.draws} draws and the error of its assay: {section.summary} observed potencies lie inside the central 90 % "
        f"of their prediction, {section.near} inside the central 50 %."
    )


def _caution(section: ClassSection) -> str:
    """Return why the count is worth little: wide predictions, few members, recalled observations."""
    spans = [one.hi90 / one.lo90 for one in section.outcomes]
    recalled = sum(one.reliability == "recalled" for one in section.outcomes)
    count = len(section.outcomes)
    wide = f"{significant(min(spans))}-fold or more" if math.isfinite(min(spans)) else "without an end"
    failed = sum(one.failed for one in section.outcomes)
    lost = f" {failed} draws failed and are left out." if failed else ""
    edge = [one.drug for one in section.outcomes if one.edge]
    if edge:
        lost += f" {', '.join(edge)}: at the edge, where {section.draws} draws cannot tell inside from outside."
    return (
        f"This is a weak test. The central 90 % of every prediction spans {wide}, so that most potencies of a degrader would lie inside; "
        f"{count} members cannot test a share of 90 % closely; and {recalled} of the {count} observed potencies are recalled, not read. "
        "Only the affinity leaves a member out: rates of binding and "
        "degradation are wide assumptions that were set with the same members in view." + lost
    )


def _rows_from(section: ClassSection) -> tuple[str, ...]:
    pooled, wide = [row for row in section.rows if row.members], [row.id for row in section.rows if not row.members]
    scales = " and ".join(f"{plain(factor)} times" for factor in section.sensitivity)
    words = [
        f"{row.id}: {plain(row.value)}, standard deviation {plain(row.prior)} on the log scale, from {', '.join(row.members)}"
        f" (rows {', '.join(row.rows)}). With {scales} the scale of the differences between sisters the standard deviation is "
        f"{' and '.join(plain(width) for width in row.widths)}."
        for row in pooled
    ]
    if wide:
        words.append(f"Too few sisters are informed by a number about {', '.join(wide)}: a wide assumption stays.")
    return (*words, *(f"{drug} is no sister: {why}." for drug, why in section.not_members.items()))


def _row(one: LeaveOneOut) -> LeftOutRow:
    observed = plain(one.low) if one.low == one.high else f"{plain(one.low)} to {plain(one.high)}"
    return LeftOutRow(
        one.drug,
        one.read_as,
        observed,
        f"{_shown(one.median)} ({_shown(one.lo90)} to {_shown(one.hi90)})",
        ("yes" if one.inside else "no") + (", at the edge" if one.edge else ""),
        one.near,
        f"{one.row}, {one.reliability}",
    )


def _shown(value: float) -> str:
    return significant(value) if math.isfinite(value) else "not reached"
