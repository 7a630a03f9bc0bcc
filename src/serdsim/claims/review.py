"""How old a statement is: the day of its evidence, the day by which it is to be read again, what has taken its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from serdsim.claims.records import Outcome, Statement
from serdsim.errors import Issue


@dataclass(frozen=True)
class Reviews:
    """What is to be read again of some statements: those that are due, since when the oldest of them is, and the next day after that.

    `since` and `next` are ISO dates, empty where there is none.
    """

    due: tuple[str, ...]
    since: str
    next: str


def is_due(statement: Statement, day: str) -> bool:
    """Return whether a statement should have been read again before a day (ISO dates); on the day itself it is not late yet."""
    return date.fromisoformat(statement.review_by) < date.fromisoformat(day)


def badges(statement: Statement, day: str) -> tuple[str, ...]:
    """Return what a reader must know of the age of a statement: that its review is late, or that another has taken its place."""
    late = (f"review due since {statement.review_by}",) if is_due(statement, day) else ()
    return (*late, *((f"superseded by {statement.superseded_by}",) if statement.superseded_by else ()))


def reviews(outcomes: Sequence[Outcome], day: str) -> Reviews:
    """Return what is due on a day."""
    statements = [outcome.statement for outcome in outcomes]
    due = [statement for statement in statements if is_due(statement, day)]
    later = [statement.review_by for statement in statements if statement not in due]
    return Reviews(tuple(one.id for one in due), min((one.review_by for one in due), default=""), min(later, default=""))


def date_issues(record: Mapping[str, Any], file: str) -> list[Issue]:
    """Return what is wrong with the dates of a claim and with what has taken its place."""
    issues = [
        Issue(f'"{record[name]}" is not a date', file=file, id=name, expected="a date such as 2027-05-22", repair="Write year-month-day")
        for name in ("as_of", "review_by")
        if not _is_date(record[name])
    ]
    if not issues and str(record["review_by"]) < str(record["as_of"]):
        problem, expected = f"the review on {record['review_by']} lies before the evidence", f"{record['as_of']} or later"
        issues.append(Issue(problem, file=file, id="review_by", expected=expected, repair="Correct one of the two dates"))
    other = record["superseded_by"]
    if other is not None and (not isinstance(other, str) or not other.strip() or other == record["id"]):
        repair = "Write null, or name what has taken the place of this statement"
        issues.append(Issue(f'"{other}" supersedes nothing', file=file, id="superseded_by", expected="another id, or null", repair=repair))
    return issues


def _is_date(value: object) -> bool:
    try:
        return date.fromisoformat(str(value)).isoformat() == str(value)
    except ValueError:
        return False
