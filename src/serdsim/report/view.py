"""What the template needs to know of an answer: verdict signs, counts, lanes, sections, the short answer."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date

from serdsim.claims.records import VERDICTS, Answer, Outcome
from serdsim.claims.review import reviews
from serdsim.evidence.questions import Question
from serdsim.report import numbers

NOT_YET = "not yet tested"
SIGNS = {
    "supported": "supported",
    "consistent (assumption-driven)": "consistent",
    "inconclusive": "inconclusive",
    "not supported": "notsupported",
    "contradicted": "contradicted",
    "not testable on public data": "nottestable",
    NOT_YET: "notyet",
}
ROLES = {
    "held-out": "held-out",
    "prediction only": "prediction",
    "calibrated-on": "calibrated",
    "assumed input": "assumed",
    "structural": "structural",
}
SCALES = {"cell": "in cells", "mouse": "in mice", "PK": "exposure", "diagram": "pathway", "all": "overall"}
_NUMBER = r"(\d+(?:\.\d+)?(?:\s*/\s*\d+)?)"
_BELOW = re.compile(r"(?:<=|≤|<|\bbelow|\bat most|\bunder)\s*" + _NUMBER)
_ABOVE = re.compile(r"(?:>=|≥|>|\babove|\bat least|\bover)\s*" + _NUMBER)
_RANGE = re.compile(r"\b(?:between|inside|within)\s+" + _NUMBER + r"\s*(?:and|to|–|-)\s*" + _NUMBER)


@dataclass(frozen=True)
class Section:
    """A heading of the body and the outcomes under it."""

    title: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Lane:
    """The statements of one scale in the verdict strip."""

    title: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Bounds:
    """Where a test passes on the axis of its metric; `known` is False where only the bound's place is known."""

    below: float | None
    above: float | None
    known: bool


def verdict(outcome: Outcome) -> str:
    """The verdict in words, also for statements that were not tested."""
    if outcome.state == "tested" and outcome.verdict is not None:
        return outcome.verdict
    return "not testable on public data" if outcome.state == "not_testable" else NOT_YET


def sign(outcome: Outcome) -> str:
    """The class and symbol of the verdict."""
    return SIGNS[verdict(outcome)]


def short_id(identifier: str) -> str:
    """The id without its prefix, as chips show it."""
    return identifier.split("-", 1)[-1]


def anchor(identifier: str) -> str:
    """The id as a fragment."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", identifier)


def lanes(answer: Answer) -> list[Lane]:
    """All statements in order, grouped by scale in the order in which the scales appear."""
    grouped: dict[str, list[Outcome]] = {}
    for outcome in answer.outcomes:
        grouped.setdefault(outcome.statement.scale, []).append(outcome)
    return [Lane(SCALES.get(scale, scale), tuple(found)) for scale, found in grouped.items()]


def sections(answer: Answer) -> list[Section]:
    """The body by heading, headings in the order in which they appear."""
    grouped: dict[str, list[Outcome]] = {}
    for outcome in answer.outcomes:
        grouped.setdefault(outcome.statement.section, []).append(outcome)
    return [Section(title, tuple(found)) for title, found in grouped.items()]


def counts(answer: Answer) -> list[tuple[str, str, int]]:
    """For each verdict, zeros included: sign, words, number of statements."""
    found = [verdict(outcome) for outcome in answer.outcomes]
    return [(SIGNS[words], words, found.count(words)) for words in (*VERDICTS, NOT_YET)]


def tested(answer: Answer) -> list[Outcome]:
    """The outcomes that were tested."""
    return [outcome for outcome in answer.outcomes if outcome.state == "tested"]


def short_answer(answer: Answer, question: Question) -> str:
    """At most 35 words: what is asked about, and how much of it was tested with what result."""
    found = [verdict(outcome) for outcome in tested(answer)]
    total, done = len(answer.outcomes), len(found)
    holds, consistent, open_ = (found.count(v) for v in ("supported", "consistent (assumption-driven)", "inconclusive"))
    failed = found.count("not supported") + found.count("contradicted")
    return (
        f"{question.scope} Of {total} statements, {done} {'was' if done == 1 else 'were'} tested in simulation: "
        f"{holds} supported, {consistent} consistent, {open_} inconclusive, {failed} not supported."
    )


def _value(text: str) -> float:
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom) if bottom and float(bottom) else float(top)


def bounds(outcome: Outcome) -> Bounds | None:
    """The pass region, read from the words of the test where they name the margin; else only the margin's place."""
    margin = outcome.statement.margin
    if margin is None or not math.isfinite(margin):
        return None
    text = outcome.statement.test.replace("\u2212", "-")
    for found in _RANGE.finditer(text):
        low, high = _value(found.group(1)), _value(found.group(2))
        if any(math.isclose(end, margin, rel_tol=1e-6) for end in (low, high)) and low < high:
            return Bounds(high, low, True)
    rules = (("below", _BELOW), ("above", _ABOVE))
    sides = {side for side, rule in rules for m in rule.finditer(text) if math.isclose(_value(m.group(1)), margin)}
    if sides == {"below"}:
        return Bounds(margin, None, True)
    if sides == {"above"}:
        return Bounds(None, margin, True)
    return Bounds(margin, None, False)


def p_range(outcome: Outcome) -> str:
    """The 95 % Wilson interval of P(pass), because the draws are finite."""
    n = outcome.draws - outcome.failed
    if outcome.p_pass is None or not math.isfinite(outcome.p_pass) or n < 1:
        return "no interval"
    z = 1.959964
    middle = (outcome.p_pass + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(outcome.p_pass * (1 - outcome.p_pass) / n + z * z / (4 * n * n))
    return f"{max(0.0, middle - half):.2f} to {min(1.0, middle + half):.2f}"


def long_date(text: str) -> str:
    """An ISO date in words; anything else as it is."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return text
    return f"{day.day} {day:%B} {day.year}"


def review_line(answer: Answer) -> str:
    """What is to be read again, in a sentence: statements that are late on the day that the page shows, else the next date."""
    found = reviews(answer.outcomes, answer.as_of)
    if not answer.outcomes:
        return "Nothing is to be reviewed."
    following = f" The next after that is on {long_date(found.next)}." if found.next else ""
    if not found.due:
        return f"No review is late; the next is due by {long_date(found.next)}."
    one = len(found.due) == 1
    named = ", ".join(short_id(id) for id in found.due)
    return (
        f"The review of {len(found.due)} of {len(answer.outcomes)} statements is late ({named}), "
        f"{'' if one else 'the first '}since {long_date(found.since)}.{following}"
    )


def held(outcome: Outcome) -> str:
    """How many controls showed what they must."""
    return f"{sum(c.held for c in outcome.controls)} of {len(outcome.controls)} held"


def first_up(text: str) -> str:
    """The text with a capital, unless its first word is a name such as `pS2` or `mRNA`."""
    word = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if word.islower() else text


def value_text(outcome: Outcome) -> str:
    """The metric's value with interval and unit."""
    return numbers.with_interval(outcome.value, outcome.lo90, outcome.hi90, outcome.statement.unit)
