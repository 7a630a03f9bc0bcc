"""What the page says of window trials: how the calibration holds, and what the draws show of each question. Every sentence is counted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from serdsim.analysis.window import Difference, Point, Volume, WindowSection
from serdsim.analysis.window_record import WindowRecord
from serdsim.report import numbers
from serdsim.report.window_figure import TITLE, draw_window, missed

_NUMBER = {0: "none", 1: "one"}


@dataclass(frozen=True)
class Shown:
    """A row of the table: an arm and a marker."""

    arm: str
    marker: str
    simulated: str
    central: str
    observed: str
    n: str
    widths: str
    kind: str
    row: str
    reference: int | None


@dataclass(frozen=True)
class Question:
    """A prediction in words: its title, a sentence for each pair or genotype, and what they come to."""

    title: str
    sentences: tuple[str, ...]
    reading: str


@dataclass(frozen=True)
class WindowView:
    """The section in words, its drawings and its table."""

    subject: str
    title: str
    calibration: str
    misses: tuple[str, ...]
    questions: tuple[Question, ...]
    cautions: tuple[str, ...]
    caption: tuple[str, ...]
    table: tuple[Shown, ...]
    wide: Markup
    narrow: Markup


def window_view(section: WindowSection, refs: Mapping[str, int]) -> WindowView:
    """Return the section as the page shows it; `refs` are the numbers of references."""
    by_comparison = [(one, [d for d in section.differences if d.comparison == one.id]) for one in section.record.comparisons]
    questions = [_differences(one.title, found, section.record) for one, found in by_comparison]
    return WindowView(
        section.record.subject,
        TITLE,
        _calibration(section),
        tuple(_miss(point) for point in section.points if missed(point, section.record.far)),
        (*questions, *([_volumes(section)] if section.volumes else [])),
        _cautions(section),
        _caption(section),
        tuple(_row(point, refs) for point in section.points),
        Markup(_inline(draw_window(section, "window"))),
        Markup(_inline(draw_window(section, "window", narrow=True))),
    )


def _inline(drawing: str) -> str:
    return drawing.replace("<svg ", '<svg class="plot" ', 1)


def _calibration(section: WindowSection) -> str:
    seen = [point for point in section.points if point.fact is not None]
    if not seen:
        return "No observation of these trials was public by the date of this page. The numbers of patients rest on them all the same."
    inside = sum(point.change.lo90 <= point.observed <= point.change.hi90 for point in seen)
    off = sum(missed(point, section.record.far) for point in seen)
    drugs = list(dict.fromkeys(point.fact.drug for point in seen if point.fact is not None))
    return (
        f"{len(seen)} readings of {_listed(drugs)} are calibration, since the numbers of patients were "
        f"fitted to them. At the central value of every number {_count(off)} of the {len(seen)} lie more than "
        f"{numbers.plain(section.record.far)} widths from what was observed, where a width is the noise that the fit gives a trial's mean. "
        f"{_count(inside).capitalize()} of the {len(seen)} observed values lie inside the central 90 % of the draws. "
        f"All readings together are {numbers.significant(_together(seen))} widths off at the central values (root mean "
        f"square), and {numbers.significant(section.off.median)} in the middle draw, from {numbers.significant(section.off.lo90)} to "
        f"{numbers.significant(section.off.hi90)} in the central 90 %."
    )


def _together(seen: Sequence[Point]) -> float:
    return math.sqrt(math.fsum(point.widths**2 for point in seen) / len(seen))


def _miss(point: Point) -> str:
    side = "more was lost than is simulated" if point.widths < 0 else "less was lost than is simulated"
    if not math.isfinite(point.widths):
        side = "the simulation has no value to compare"
    return (
        f"{point.label}, {point.arm.label}: {_signed(point.observed)} % observed, {_signed(point.central)} % simulated at the central "
        f"values, {numbers.significant(abs(point.widths))} widths; {side}."
    )


def _differences(title: str, found: Sequence[Difference], record: WindowRecord) -> Question:
    sentences = []
    for label in dict.fromkeys(one.label for one in found):
        each = [_difference(one, record) for one in found if one.label == label]
        sentences.append(f"{label}, in points of the change: {'; '.join(each)}.")
    least = [record.decided * one.draws for one in found]
    lower = sum(one.lower >= most for one, most in zip(found, least, strict=True))
    higher = sum(one.higher >= most for one, most in zip(found, least, strict=True))
    alike = sum(one.draws - one.lower - one.higher >= most for one, most in zip(found, least, strict=True))
    most = max(found, key=lambda one: abs(one.points.median) if math.isfinite(one.points.median) else -1.0)
    rest, share, step = len(found) - lower - higher - alike, numbers.plain(100.0 * record.decided), _point(record)
    reading = (
        f"In {share} % of the draws or more, {_count(lower)} of these {len(found)} differences {_is(lower)} lower by {step} or more, "
        f"{_count(higher)} higher, {_count(alike)} smaller than that either way; on the remaining {rest} the draws do not agree. "
        f"The largest median is {_signed(most.points.median)} points ({most.marker}, {most.label})."
    )
    return Question(title, tuple(sentences), reading)


def _difference(one: Difference, record: WindowRecord) -> str:
    ends = f"{_signed(one.points.lo90)} to {_signed(one.points.hi90)}"
    return (
        f"{one.marker} {_signed(one.points.median)} ({ends}), lower by {_point(record)} or more in {one.lower} of {one.draws} draws, "
        f"higher in {one.higher}"
    )


def _point(record: WindowRecord) -> str:
    return f"{numbers.plain(record.alike)} point{'' if record.alike == 1.0 else 's'}"


def _volumes(section: WindowSection) -> Question:
    weeks = numbers.plain(section.weeks)
    sentences, compared = [], []
    labels = {one.id: one.label for one in section.volumes}
    for genotype in dict.fromkeys(one.genotype for one in section.volumes):
        own = [one for one in section.volumes if one.genotype == genotype]
        sentences.append(f"{genotype[:1].upper()}{genotype[1:]}, change of the volume at {weeks} weeks: {'; '.join(map(_volume, own))}.")
        for one in own:
            each = [f"under {labels[id]} in {count}" for id, count in one.smaller.items()]
            compared += [f"{genotype}: smaller under {one.label} than {' and than '.join(each)} of {one.draws} draws"] if each else []
    reading = f"Draw by draw, {'; '.join(compared)}." if compared else "No arms are compared."
    return Question(f"The lesion at {weeks} weeks", tuple(sentences), reading)


def _volume(one: Volume) -> str:
    change = one.change
    return (
        f"{one.label} {_signed(change.median)} % ({_signed(change.lo90)} to {_signed(change.hi90)}), smaller than at the start in "
        f"{one.fell} of {one.draws} draws"
    )


def _cautions(section: WindowSection) -> tuple[str, ...]:
    lost = f" {section.failed} simulations did not end well and are left out." if section.failed else ""
    return (
        f"No marker and no outcome of a trial of {section.record.subject} was read: its affinity and degradation are predicted from sister "
        "drugs, its exposure from published concentrations. These predictions can be wrong in either direction.",
        f"Each of the {section.record.draws} draws is a typical patient whose lesion has one genotype and no resistant cell. How patients "
        "differ, and the error of a trial's mean, are not in the intervals. All uncertain numbers are drawn, those of the dish with "
        "them, and no draw is kept or thrown away for how it meets these trials: the median of the draws can lie far from the central "
        "values, which are what was fitted." + lost,
    )


def _caption(section: WindowSection) -> tuple[str, ...]:
    return (
        "The typical patient after the menopause, wild type unless a mutation is named; days 6 and 14 stand for days 5 to 7 and 12 to 15.",
        f"Change from the start of treatment; {section.record.draws} draws. Observed values are those of trials of the other drugs; none "
        f"of {section.record.subject} is among them.",
    )


def _row(point: Point, refs: Mapping[str, int]) -> Shown:
    fact, arm = point.fact, point.arm
    change = point.change
    unseen = "calibration, published later" if point.marker in arm.seen else "not observed" if arm.seen else "prediction"
    return Shown(
        arm.label,
        point.label,
        f"{_signed(change.median)} ({_signed(change.lo90)} to {_signed(change.hi90)})",
        _signed(point.central),
        "" if fact is None else _signed(point.observed),
        "" if fact is None or fact.n is None else str(fact.n),
        "" if fact is None else numbers.at_place(point.widths, -1) if math.isfinite(point.widths) else numbers.MISSING,
        "calibration" if fact is not None else unseen,
        "" if fact is None else fact.id,
        None if fact is None else refs.get(fact.source),
    )


def _signed(value: float) -> str:
    """A change as whole points, below ten with one decimal, from a hundred on with two figures."""
    if not math.isfinite(value):
        return numbers.MISSING
    return numbers.significant(value) if abs(value) >= 100.0 else numbers.at_place(value, 0 if abs(value) >= 9.95 else -1)


def _count(number: int) -> str:
    return _NUMBER.get(number, str(number))


def _is(number: int) -> str:
    return "is" if number <= 1 else "are"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
