"""What somebody's own values changed in an answer, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OwnRow:
    """A number of the library and the value that somebody put in its place: central value and central 90 % of both, in `unit`."""

    name: str
    unit: str
    given: str
    before: float
    before_lo90: float
    before_hi90: float
    before_grade: str
    after: float
    after_lo90: float
    after_hi90: float
    after_grade: str
    source: str
    note: str


@dataclass(frozen=True)
class OwnChange:
    """A statement with the library's numbers and with somebody's own: verdict, P(pass) and data role; `rows` are what it reads of them."""

    statement: str
    before: str
    p_before: float
    after: str
    p_after: float
    role_before: str
    role_after: str
    rows: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether the verdict is another."""
        return self.before != self.after


@dataclass(frozen=True)
class OwnAnswer:
    """What somebody's own values changed, from runs with the same draws; `untouched` are tested statements that read none of them."""

    file: str
    rows: tuple[OwnRow, ...]
    changes: tuple[OwnChange, ...]
    untouched: tuple[str, ...]

    @property
    def finding(self) -> str:
        """The change in one sentence."""
        other = [f"{change.statement} from {change.before} to {change.after}" for change in self.changes if change.changed]
        of = "the one verdict that reads them" if len(self.changes) == 1 else f"{len(self.changes)} verdicts that read them"
        told = f"{len(other)} of {of} changed: {'; '.join(other)}" if other else f"none of {of} changed"
        told = f"{of} {'changed: ' + other[0] if other else 'did not change'}" if len(self.changes) == 1 else told
        whose = "1 own value" if len(self.rows) == 1 else f"{len(self.rows)} own values"
        left = f"; {len(self.untouched)} tested statements read none of them" if self.untouched else ""
        return f"With {whose} in place of the library's, {told}{left}."
