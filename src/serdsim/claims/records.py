"""Statements of the page and their outcomes as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from serdsim.claims.deciding_records import Deciding
from serdsim.claims.own_records import OwnAnswer
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
    """P(pass) with all parts on and with one part off; `flips` when it falls from above 0.5 to 0.5 or below.

    `holds_back` is the reverse: it passes in more than half of the draws only when the part is off. `untold` crosses the half in so few
    draws that they cannot tell, and is neither. `extra` ones are not among the mechanisms of the matrix.
    """

    id: str
    title: str
    p_on: float
    p_off: float
    flips: bool
    tautological: bool
    because: str
    holds_back: bool = False
    extra: bool = False
    untold: bool = False


@dataclass(frozen=True)
class Mechanism:
    """A part of the mechanism that can be switched off: a row of the ablation matrix, or with `extra` one below it."""

    id: str
    title: str
    what: str
    extra: bool


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
class SisterOutcome:
    """What is known of a sister drug, and in which share of the draws the experiment with it in the subject's place shows it.

    It fails when that is at most half. `p` is None where the sister cannot be run, and `cannot` says why.
    """

    id: str
    drug: str
    must_show: str
    evidence: tuple[str, ...]
    unit: str = ""
    value: float | None = None
    lo90: float | None = None
    hi90: float | None = None
    p: float | None = None
    cannot: str = ""

    @property
    def held(self) -> bool:
        """Whether it was shown in more than half of the draws."""
        return self.p is not None and self.p > 0.5


@dataclass(frozen=True)
class Outcome:
    """The answer for one statement. Numbers are None unless `state` is `tested`.

    `definitions` are the same conclusion by other named definitions, each with its own value, interval and share of draws, and `survives`
    says in words by which of them it holds; both are empty where the claim names none. `no_flip` says why no part that is switched off
    breaks the statement other than by restating it, and is empty where one does and where nothing was tested. `sisters` are the class
    check, and `class_check` says in words what it found, also that no sister is known; a derived statement has that of its links.
    `deciding` is the measurement that would move an inconclusive statement most.
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
    no_flip: str = ""
    sisters: tuple[SisterOutcome, ...] = ()
    class_check: str = ""
    deciding: Deciding | None = None


@dataclass(frozen=True)
class Answer:
    """Everything that the page shows: outcomes in the order of the page, and what they rest on.

    `mechanisms` are all parts that can be switched off, also those that no model of these outcomes has.
    """

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
    mechanisms: tuple[Mechanism, ...] = ()
    own: OwnAnswer | None = None
