"""Potencies by simulation: a level after a day at rising concentrations of a drug."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serdsim.analysis.class_records import Assay
from serdsim.codegen.equations import Equations
from serdsim.endpoints.dose_response import ec50
from serdsim.engine.ensemble import run_ensemble
from serdsim.engine.plan import Plan, Schedule


def levels(equations: Equations, blocks: Sequence[np.ndarray], assay: Assay, workers: int | None = None) -> np.ndarray:
    """Return the assay's output at its end, shape (block, concentration, individual); NaN for failed individuals.

    Parameters
    ----------
    equations : Equations
        Of the assay's model.
    blocks : sequence of ndarray, each of shape (given, individual)
        One for each drug; they may differ in quantities of the drug only, since they share the time before it.
    assay : Assay
        Times, medium and concentrations.
    workers : int, optional
        No number depends on it.
    """
    before = run_ensemble(equations, Plan(blocks[0], np.array([assay.pre_run]), (assay.output,), rtol=assay.tolerance), workers=workers)
    start = np.where(before.status == "ok", before.final, np.nan)
    steps, width = len(assay.concentrations), blocks[0].shape[1]
    medium = np.array([np.full(steps * width, assay.estradiol), np.repeat(assay.concentrations, width)])
    schedule = Schedule.shared((0.0, 0.0), ("set", "set"), ("E2_medium", "drug_medium"), np.tile(medium, len(blocks)))
    given = np.concatenate([np.tile(block, steps) for block in blocks], axis=1)
    starts, hours = np.tile(start, steps * len(blocks)), np.array([assay.hours])
    plan = Plan(given, hours, (assay.output,), initial=starts, schedule=schedule, rtol=assay.tolerance)
    values = run_ensemble(equations, plan, workers=workers).values[0, 0]
    return np.asarray(values.reshape(len(blocks), steps, width))


def half_fall(values: np.ndarray, assay: Assay) -> np.ndarray:
    """Return the concentration of half the own fall from the vehicle to the highest, shape (individual,) [nM].

    This is the EC50 that a fitted curve gives, whatever is left at its end. Infinity where the course has no such point;
    NaN for a failed individual.
    """
    found = ec50(assay.concentrations, values)
    whole = np.isfinite(values).all(axis=0)
    return np.asarray(np.where(whole & np.isnan(found), np.inf, found))
