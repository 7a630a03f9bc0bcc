"""Hypotheses of one statement side by side: which of them the data could tell apart."""

from __future__ import annotations

from collections.abc import Sequence

from serdsim.claims.judge import LOW
from serdsim.claims.records import PartOutcome


def separation(outcomes: Sequence[PartOutcome]) -> str:
    """Return in words which hypotheses reach the bound of the statement, so that a direction alone cannot tell them apart.

    A hypothesis that holds in more than one draw in ten is open; one that holds in fewer is not what would make the statement true here.
    """
    if len(outcomes) < 2:
        return ""
    several = [one.title for one in outcomes if one.p_pass > LOW]
    none = [one.title for one in outcomes if not one.p_pass > LOW]
    said = []
    if len(several) > 1:
        said.append(f"{_listed(several)} each reach the bound in more than one draw in ten: the data, a direction, cannot tell them apart.")
    elif several:
        said.append(f"Only {several[0]} reaches the bound in more than one draw in ten, with the numbers that are assumed here.")
    if none:
        said.append(f"{_listed(none)} {'does' if len(none) == 1 else 'do'} not reach it, whatever else is drawn.")
    return " ".join(text[0].upper() + text[1:] for text in said)


def _listed(titles: Sequence[str]) -> str:
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
