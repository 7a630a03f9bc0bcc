"""What would decide a statement that is inconclusive: the one measurement, of its own or of the link that keeps it open."""

from __future__ import annotations

from math import isnan

import pandas as pd

from serdsim.analysis.deciding import what_decides
from serdsim.claims.chained import weakest
from serdsim.claims.claim import Claim
from serdsim.claims.deciding_records import Deciding
from serdsim.claims.judge import ENOUGH, HIGH, LOW
from serdsim.claims.records import Answer
from serdsim.evidence.trial import Setting, Trial, try_claim


def deciding_of(claim: Claim, word: str, setting: Setting) -> Deciding | None:
    """Return what would decide a statement by a quick look; None for a verdict that is given, and where only more draws can tell."""
    trial = try_claim(claim, setting)
    if word != "inconclusive" or trial.tested.passes.size < ENOUGH or not _open(trial):
        return None
    one = _link(claim, trial) if claim.links else claim
    if one.statement.id not in setting.decided:
        readings = try_claim(one, setting).readings
        setting.decided[one.statement.id] = what_decides(one, readings, setting.draws, setting.library, workers=setting.runs.workers)
    return setting.decided[one.statement.id]


def _open(trial: Trial) -> bool:
    """Whether a control holds too rarely, or the share that passes lies between the levels of a verdict."""
    controls = [control.p for control in trial.tested.controls]
    return not any(map(isnan, controls)) and (min(controls) < HIGH or LOW < trial.tested.p_pass < HIGH)


def _link(claim: Claim, trial: Trial) -> Claim:
    """Return the link whose control holds least, where that is too rarely, else the one that passes least."""
    worst = min(trial.tested.controls, key=lambda control: control.p)
    id = worst.id.partition(":")[0] if worst.p < HIGH else weakest(trial.tested).id
    return next(link for link in claim.links if link.statement.id == id)


def measurement_table(answer: Answer) -> pd.DataFrame:
    """Return one row per statement, row of the library that was held, and value that it was held at."""
    found = [(outcome.statement.id, outcome.deciding) for outcome in answer.outcomes if outcome.deciding is not None]
    return pd.DataFrame([row for id, deciding in found for row in measurement_rows(id, deciding)])


def measurement_rows(statement: str, deciding: Deciding) -> list[dict[str, object]]:
    """Return the rows of one statement in that table."""
    return [
        {
            "statement": statement,
            "through": deciding.statement,
            "control": deciding.control,
            "row": row.row,
            "measurement": row.words,
            "unit": row.unit,
            "prior_lo90": row.lo90,
            "prior_median": row.median,
            "prior_hi90": row.hi90,
            "goes_with": row.goes_with,
            "value": point.value,
            "p_pass": point.p_pass,
            "p_control": point.p_control,
        }
        for row in deciding.rows
        for point in row.points
    ]
