"""Why switching parts of the mechanism off does not break a statement, in words."""

from __future__ import annotations

from collections.abc import Sequence

from serdsim.claims.records import AblationOutcome


def no_flip(p_on: float, outcomes: Sequence[AblationOutcome]) -> str:
    """Return why no part that is switched off flips a statement other than by restating it; empty where one does.

    Parameters
    ----------
    p_on : float
        Share of draws that pass with all parts on.
    outcomes : sequence of AblationOutcome
        What came of each part that its models have.
    """
    flips = [one for one in outcomes if one.flips]
    if any(not one.tautological for one in flips):
        return ""
    if not outcomes:
        return "its models have none of these parts, so that nothing can be switched off"
    if not p_on >= 0.0:
        return "no draw could be computed to its end"
    if flips:
        return f"all that breaks it only restates it: {_listed([one.title for one in flips])}"
    untold = [one for one in outcomes if one.untold]
    if untold:
        crossed = _listed([f"{one.title} {_share(one.p_off)}" for one in untold])
        return (
            f"with all parts on it passes in {_share(p_on)} of the draws; what crosses the half does so in too few draws to tell: {crossed}"
        )
    if p_on > 0.5:
        least = min(outcomes, key=lambda one: one.p_off)
        return f"no part that was switched off carries it: it passes in at least {_share(least.p_off)} of the draws (with {least.title})"
    said = f"it passes in {_share(p_on)} of the draws with all parts on, so that nothing is left to break"
    back = [one for one in outcomes if one.holds_back]
    if back:
        held = _listed([f"{one.title} {_share(one.p_off)}" for one in back])
        return f"{said}; what holds it back shows when it is off: {held} of the draws pass"
    most = max(outcomes, key=lambda one: one.p_off)
    return f"{said}; nor does switching one off let it pass in more than half (most: {most.title}, {_share(most.p_off)})"


def _share(p: float) -> str:
    return f"{100 * p:.0f} %"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
