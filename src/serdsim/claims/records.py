"""Statements of the page and their outcomes as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from serdsim.experiments.panel import Panel

VERDICTS = (
    "supported",
    "consistent (assumption-driven)",
    "inconclusive",
    "not supported",
    "contradicted",
    "not testable on public data",
)
DATA_ROLES = ("held-out", "prediction only", "calibrated-on", "assumed input", "structural")
STATES = ("tested", "not_yet_tested", "not_testable")


@dataclass(frozen=True)
class Citation:
    """A reference of a statement: key of references.bib, locator, direct or indirect, quality."""

    key: str
    locator: str
    directness: str
    quality: str


@dataclass(frozen=True)
class Statement:
    """One statement of the page as its claim file says it, before anything is run.

    `tests` are the predicates of the experiment; all must hold for a draw to pass. `margin` is the main bound,
    `evidence` the ids of the evidence rows that the statement is judged against.
    """

    id: str
    page: str
    title: str
    sentence: str
    scale: str
    section: str
    scope: str
    citations: tuple[Citation, ...]
    state: str
    why: str
    experiment: str | None
    metric: str
    unit: str
    test: str
    margin: float | None
    evidence: tuple[str, ...]
    driving: tuple[str, ...]
    named_ablation: str | None
    as_of: str
    review_by: str
    superseded_by: str | None
    limits: tuple[str, ...]
    file: str


@dataclass(frozen=True)
class ControlOutcome:
    """What a control must show and in which share of the draws it did."""

    id: str
    must_show: str
    value: float
    lo90: float
    hi90: float
    unit: str
    p: float
    held: bool


@dataclass(frozen=True)
class AblationOutcome:
    """P(pass) with all parts on and with one part off; `flips` when it falls from above 0.5 to 0.5 or below."""

    id: str
    title: str
    p_on: float
    p_off: float
    flips: bool
    tautological: bool
    because: str


@dataclass(frozen=True)
class PartOutcome:
    """One part of a test (a genotype, a medium): value with interval and its own share of passing draws.

    `note` says more of the draws in words, such as the smallest margin that they meet; empty where nothing is to be said.
    """

    id: str
    title: str
    value: float
    lo90: float
    hi90: float
    unit: str
    bound: str
    p_pass: float
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """The answer for one statement. Numbers are None unless `state` is `tested`.

    `definitions` are the same conclusion by other named definitions, each with its own value, interval and share of draws, and `survives`
    says in words by which of them it holds; both are empty where the claim names none.
    """

    statement: Statement
    state: str
    data_role: str | None = None
    value: float | None = None
    lo90: float | None = None
    hi90: float | None = None
    verdict: str | None = None
    p_pass: float | None = None
    p_sceptical: float | None = None
    draws: int = 0
    failed: int = 0
    reasons: tuple[str, ...] = ()
    parts: tuple[PartOutcome, ...] = ()
    controls: tuple[ControlOutcome, ...] = ()
    ablations: tuple[AblationOutcome, ...] = ()
    panels: tuple[Panel, ...] = ()
    run: str | None = None
    hypotheses: tuple[PartOutcome, ...] = ()
    definitions: tuple[PartOutcome, ...] = ()
    survives: str = ""


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


@dataclass(frozen=True)
class Answer:
    """Everything that the page shows: outcomes in the order of the page, and what they rest on."""

    run: str
    drug: str
    version: str
    model_hash: str
    created: str
    as_of: str
    seed: int
    draws: int
    outcomes: tuple[Outcome, ...]
    replay: str
    own: OwnAnswer | None = None
