"""Rows of the evidence table of a page."""

from __future__ import annotations

from dataclasses import dataclass


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
