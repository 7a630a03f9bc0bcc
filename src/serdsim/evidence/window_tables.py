"""Window trials in a run folder: a table of all values, and what run.json says."""

from __future__ import annotations

import math
from dataclasses import asdict

import pandas as pd

from serdsim.analysis.window import WindowSection


def window_tables(section: WindowSection) -> dict[str, pd.DataFrame]:
    """Return the values of all arms, the differences between arms, and the changes of volume, as tables by name."""
    points = [
        {
            "arm": point.arm.id,
            "marker": point.marker,
            "time_h": point.arm.time,
            "change_percent": point.change.median,
            "lo90": point.change.lo90,
            "hi90": point.change.hi90,
            "at_central_values": point.central,
            "observed": point.observed,
            "widths": point.widths,
            "role": "calibrate" if point.fact is not None else "" if point.arm.seen else "prediction",
            "evidence": "" if point.fact is None else point.fact.id,
        }
        for point in section.points
    ]
    differences = [{**asdict(one), **asdict(one.points)} for one in section.differences]
    volumes = [{**asdict(one), **asdict(one.change)} for one in section.volumes]
    drop = {"points", "change", "smaller"}
    return {
        "window": pd.DataFrame(points),
        "window_differences": pd.DataFrame([{key: value for key, value in one.items() if key not in drop} for one in differences]),
        "window_volumes": pd.DataFrame([{key: value for key, value in one.items() if key not in drop} for one in volumes]),
    }


def window_record(section: WindowSection) -> dict[str, object]:
    """Return the predictions as plain JSON values, with what is not a number as null."""
    return {
        "draws": section.record.draws,
        "seed": section.record.seed,
        "failed": section.failed,
        "predictions": [
            {"arm": point.arm.id, "marker": point.marker, **{key: _json(value) for key, value in asdict(point.change).items()}}
            for point in section.points
            if not point.arm.seen
        ],
        "volumes": [
            {"arm": one.id, "fell": one.fell, "draws": one.draws, **{key: _json(value) for key, value in asdict(one.change).items()}}
            for one in section.volumes
        ],
    }


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None
