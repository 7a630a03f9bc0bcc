"""The same conclusion by several named definitions: whether it survives them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from serdsim.claims.judge import HIGH, surely
from serdsim.claims.records import PartOutcome


def survival_words(outcomes: Sequence[PartOutcome], draws: int = 0) -> str:
    """Return in words by which definitions the conclusion holds, which is in 90 % of the draws, with their shares.

    With so many draws (0 where it is not known) it names those of which they cannot tell that from less, as a verdict must.
    """
    if not outcomes:
        return ""
    unsure = [one.title for one in outcomes if draws and one.p_pass >= HIGH > surely(one.p_pass, draws)[0]]
    told = f" {draws} draws cannot tell from less than {100 * HIGH:.0f} %: {', '.join(unsure)}." if unsure else ""
    return _said(outcomes) + told


def _said(outcomes: Sequence[PartOutcome]) -> str:
    good, bad = ([one for one in outcomes if (one.p_pass >= HIGH) == wanted] for wanted in (True, False))
    count = "its one definition" if len(outcomes) == 1 else f"{len(outcomes)} definitions"
    if not bad:
        every = count if len(outcomes) == 1 else f"all {count}"
        return f"The conclusion survives {every}: {_listed(good)} of the draws."
    if not good:
        none = "not by its one definition" if len(outcomes) == 1 else f"by none of {count}"
        return f"The conclusion holds {none}: {_listed(bad)} of the draws; {100 * HIGH:.0f} % are needed."
    return f"The conclusion holds by {_listed(good)} of the draws, and not by {_listed(bad)}; {100 * HIGH:.0f} % are needed."


def _listed(outcomes: Sequence[PartOutcome]) -> str:
    """Return titles, each with its share."""
    said = [f"{one.title} in {'none' if isnan(one.p_pass) else f'{100 * one.p_pass:.0f} %'}" for one in outcomes]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
