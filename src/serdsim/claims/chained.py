"""A statement that is derived from others: all of them must hold in the same draw, and the weakest says how strong it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from serdsim.claims.claim import Claim
from serdsim.claims.judge import HIGH, surely
from serdsim.claims.records import PartOutcome
from serdsim.claims.testing import Tested, decider

_ENDS = 0.95  # confidence of each end of a central 90 % interval


def chained(links: Sequence[tuple[Claim, Tested]]) -> Tested:
    """Return what the draws say about a statement whose links these are.

    Draws are counter-based, so that one draw has the same numbers in all links: it passes when all of them hold in it, and is left out
    when one of them failed in it. The value is the smallest share of draws in which a link passes, by itself, with the interval of a
    share of so many draws [%]. The parts are the links, and the controls are all of theirs.
    """
    ok = np.all([tested.ok for _, tested in links], axis=0)
    each = np.array([tested.every[ok] for _, tested in links])
    holds = np.all(each, axis=0)
    parts = tuple(_part(claim, tested) for claim, tested in links)
    worst = min(parts, key=lambda part: (not np.isnan(part.p_pass), part.p_pass))
    decided_by, p_without = decider([part.title for part in parts], each)
    controls = (replace(one, id=f"{claim.statement.id}: {one.id}") for claim, tested in links for one in tested.controls)
    return Tested(
        parts=parts,
        controls=tuple(controls),
        value=worst.value,
        lo90=worst.lo90,
        hi90=worst.hi90,
        p_pass=float(np.mean(holds)) if holds.size else float("nan"),
        passes=holds,
        ok=ok,
        failed=int(np.sum(~ok)),
        decided_by=decided_by,
        p_without=p_without,
    )


def weakest(tested: Tested) -> PartOutcome:
    """Return the link with the smallest share."""
    return min(tested.parts, key=lambda part: (not np.isnan(part.p_pass), part.p_pass))


def _part(claim: Claim, tested: Tested) -> PartOutcome:
    p, count = tested.p_pass, tested.passes.size
    lo, hi = surely(p, count, _ENDS) if count else (float("nan"), float("nan"))
    title = f"{claim.statement.id}: {claim.statement.title}"
    return PartOutcome(claim.statement.id, title, 100 * p, 100 * lo, 100 * hi, "%", f"at least {100 * HIGH:g} %", p)
