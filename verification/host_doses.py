"""Doses of an experiment as conditions of a PEtab problem: what a schedule adds and sets, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from problem_arms import Changes, word

from serdsim.dosing.regimen import Regimen
from serdsim.engine.plan import KINDS
from serdsim.simulation.doses import schedule_of
from serdsim.simulation.question import Question
from serdsim.tables import format_number

SPLIT = ("dose_drug", "slow_drug")  # sites that share a dose into muscle: f_fast of it enters the first


def dosed(question: Question, regimen: Regimen, hours: float, fills: Mapping[str, str]) -> Iterator[tuple[float, dict[str, Changes]]]:
    """Yield for each time [h] at which doses arrive the conditions that bring them.

    `fills` are formulas by row of the library; where one fills the share of a split dose, the dose follows it.
    """
    schedule = schedule_of(question, regimen, 1, hours, 1.0)
    found: dict[float, dict[str, Changes]] = {}
    for time, kind, target, value in zip(schedule.times, schedule.kinds, schedule.targets, schedule.values, strict=True):
        id = schedule.names[target]
        whole, size = _shared(question, id, float(value), fills)
        if time >= hours:
            continue
        if KINDS[kind] == "add":
            change = (f"dose_{id}_{word(float(f'{whole:.6g}'))}", ((id, f"{id} + {size}"),))
        elif KINDS[kind] == "set":
            change = (f"set_{id}_{word(float(value))}", ((id, size),))
        else:
            raise ValueError(f"{KINDS[kind]} cannot be written as a condition")
        found.setdefault(float(time), {})[change[0]] = change[1]
    yield from found.items()


def _shared(question: Question, id: str, value: float, fills: Mapping[str, str]) -> tuple[float, str]:
    """Return the dose of which a value is a part, and the part as a formula; both the value itself unless the share is estimated."""
    evidence = question.model.evidence.get("f_fast_drug")
    formula = fills.get(evidence.row) if evidence is not None else None
    if formula is None or id not in SPLIT:
        return value, format_number(value)
    share = float(question.model.quantity("f_fast_drug").value or 0.0)
    whole = float(f"{value / (share if id == SPLIT[0] else 1.0 - share):.10g}")
    return whole, f"{format_number(whole)} * {formula}" if id == SPLIT[0] else f"{format_number(whole)} * (1 - {formula})"
