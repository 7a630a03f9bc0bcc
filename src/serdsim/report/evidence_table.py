"""Rows of the evidence table of a page."""

from __future__ import annotations

from dataclasses import dataclass

from serdsim.claims.evidence_rows import Fact


@dataclass(frozen=True)
class EvidenceRow:
    """One piece of evidence: where it is from, what it shows, what it was used for and what speaks against it.

    `ref_number_or_key` is a key of references.bib, or a number of the page's own list as text. `used_for` and
    `conflicts` name statements; an empty text is shown as "none".
    """

    ref_number_or_key: str
    study: str
    system: str
    n: str
    readout: str
    direction: str
    quality: str
    used_for: str
    conflicts: str


def value_of(fact: Fact) -> str:
    """The number of a row with its unit, or that it has none."""
    unit = "" if fact.unit in ("", "dimensionless") else f" {fact.unit}"
    if fact.value is not None:
        return f"{fact.value:g}{unit}"
    if fact.low is not None and fact.high is not None:
        return f"{fact.low:g} to {fact.high:g}{unit}"
    if fact.high is not None:
        return f"below {fact.high:g}{unit}"
    return "qualitative" if fact.low is None else f"above {fact.low:g}{unit}"
