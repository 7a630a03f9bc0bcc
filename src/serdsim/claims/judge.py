"""Data role and verdict, computed by the rules of the contracts and by nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isnan, sqrt
from statistics import NormalDist

from serdsim.claims.evidence_rows import Fact
from serdsim.model.entities import Evidence

HIGH, HALF, LOW = 0.90, 0.50, 0.10
ENOUGH = 50  # draws below which no verdict is given
DATA_ROLES_BY_WEAKNESS = ("assumed input", "structural", "calibrated-on", "prediction only", "held-out")


@dataclass(frozen=True)
class Case:
    """Everything that a verdict may look at.

    `draws` counts those that ended well, `control` names the control that held least. `p_ablation` is P(pass) under the claim's
    named ablation when that is not tautological, else None; `reference_numeric` says that a number of grade primary or
    secondary was tested against; `p_control` is the smallest share of draws in which a control held.
    """

    p_pass: float
    p_sceptical: float
    p_ablation: float | None
    reference_numeric: bool
    data_role: str
    p_control: float
    draws: int = ENOUGH
    control: str = ""


def stems(ids: Iterable[str]) -> frozenset[str]:
    """Return the ids of the shared evidence table: what stands before the dot."""
    return frozenset(id.split(".")[0] for id in ids)


def rows_in_use(evidence: Iterable[Evidence]) -> frozenset[str]:
    """Return the evidence rows that numbers were fitted to, read from or suggested by."""
    return stems(id for entry in evidence for id in entry.rows)


def data_role(
    judged: Iterable[str], facts: Mapping[str, Fact], used: frozenset[str], driving: Iterable[Evidence], p_pass: float, p_sceptical: float
) -> str:
    """Return the data role of a claim.

    Parameters
    ----------
    judged : iterable of str
        Evidence rows that the statement is judged against.
    facts : mapping
        The evidence table by id.
    used : frozenset of str
        Rows behind any number of the models that the experiment runs (fitted or hand-set).
    driving : iterable of Evidence
        Rows of the parameters that drive the outcome, those of the subject's drug.
    p_pass, p_sceptical : float
        Share of draws that pass, and that pass with assumptions widened.
    """
    judged = list(judged)
    if stems(judged) & used:
        return "calibrated-on"
    grades = {entry.grade for entry in driving}
    if grades and grades <= {"assumption"}:
        return "assumed input"
    if p_pass == 1.0 and p_sceptical == 1.0:
        return "structural"
    if any(facts[id].numeric and facts[id].role == "validate" for id in judged):
        return "held-out"
    return "prediction only"


def reference_is_numeric(judged: Iterable[str], facts: Mapping[str, Fact]) -> bool:
    """Return whether the tested reference is a number of grade primary or secondary."""
    return any(facts[id].numeric and facts[id].reliability in ("primary", "secondary") for id in judged)


def weakest_role(roles: Iterable[str]) -> str:
    """Return the data role of what is derived from statements: the weakest of theirs.

    From the weakest: what was put in by assumption, what holds for all numbers, what was fitted to what it is judged by, what is
    compared with nothing, what was held out.
    """
    return min(roles, key=DATA_ROLES_BY_WEAKNESS.index)


def surely(share: float, draws: int, level: float = HIGH) -> tuple[float, float]:
    """Return the lower and the upper bound of a share that was seen in so many draws, each with this confidence (Wilson)."""
    z = NormalDist().inv_cdf(level)
    middle = (share + z**2 / (2 * draws)) / (1 + z**2 / draws)
    half = z / (1 + z**2 / draws) * sqrt(share * (1 - share) / draws + z**2 / (4 * draws**2))
    return middle - half, middle + half


def verdict(case: Case) -> tuple[str, tuple[str, ...]]:
    """Return the verdict and the reasons for it.

    `supported` needs all four conditions of the contracts. A statement that passes in 90 % of the draws but misses one of
    them is `consistent (assumption-driven)`. One that passes in at most 10 % is `contradicted` when a number of grade
    primary or secondary says otherwise and the sceptical prior agrees, else `not supported`. Both need that so many draws can
    tell: the one-sided 90 % bound of the share lies on the same side, else the verdict is `inconclusive`. A control that holds
    in fewer than 90 % of the draws makes the experiment, and so the verdict, `inconclusive`. A share that does not exist (NaN,
    no draw ended well) meets no condition.
    """
    if isnan(case.p_pass) or isnan(case.p_control):
        return "inconclusive", ("no draw could be computed to its end",)
    if case.draws < ENOUGH:
        return "inconclusive", (f"{case.draws} draws are too few for a verdict; {ENOUGH} are needed",)
    if case.p_control < HIGH:
        named = f'the control "{case.control}"' if case.control else "a control"
        told = f"; {case.draws} draws cannot tell that from 90 %" if surely(case.p_control, case.draws)[1] >= HIGH else ""
        return "inconclusive", (f"{named} held in {100 * case.p_control:.0f} % of the draws only; 90 % are needed{told}",)
    low, high = surely(case.p_pass, case.draws)
    if (case.p_pass <= LOW < high) or (low < HIGH <= case.p_pass):
        told = f"{case.draws} draws cannot tell that from {'more than 10' if case.p_pass <= LOW else 'less than 90'} %"
        return "inconclusive", (f"it passes in {100 * case.p_pass:.0f} % of the draws; {told}: give more with --draws",)
    if case.p_pass <= LOW:
        hard = case.reference_numeric and case.p_sceptical <= LOW
        return ("contradicted" if hard else "not supported"), (f"it passes in {100 * case.p_pass:.0f} % of the draws",)
    if case.p_pass < HIGH:
        return "inconclusive", (f"it passes in {100 * case.p_pass:.0f} % of the draws; 90 % are needed",)
    reasons = []
    if not case.reference_numeric:
        reasons.append("no number of grade primary or secondary was tested against")
    if case.p_ablation is None:
        reasons.append("it has no named ablation that is more than a tautology")
    elif not case.p_ablation <= HALF:
        reasons.append(f"it passes in {_share(case.p_ablation)} of the draws under its named ablation")
    if not case.p_sceptical >= HALF:
        reasons.append(f"it passes in {_share(case.p_sceptical)} of the draws under the sceptical prior")
    if case.data_role in ("structural", "assumed input"):
        reasons.append(f"the data role is {case.data_role}")
    return ("consistent (assumption-driven)", tuple(reasons)) if reasons else ("supported", ())


def _share(p: float) -> str:
    return "an unknown share" if isnan(p) else f"{p:.0%}"
