"""Result tables of an answer: one row per statement, part, curve point, and individual and time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from serdsim.analysis.exposure import Compared
from serdsim.claims.records import Answer, PartOutcome
from serdsim.evidence.deciding import measurement_table
from serdsim.evidence.surface_table import surface_rows
from serdsim.experiments.runner import Reading, Readings


def outcome_tables(answer: Answer, readings: Sequence[Readings]) -> Mapping[str, pd.DataFrame]:
    """Return the tables of a run by name; rows are sorted, numbers are float64."""
    tables = {"statements": _statements(answer), "parts": _parts(answer), "hypotheses": _hypotheses(answer), "controls": _controls(answer)}
    tables |= {"definitions": _measured((o.statement.id, part) for o in answer.outcomes for part in o.definitions)}
    tables |= {"sisters": _sisters(answer)}
    tables |= {"ablations": _ablations(answer), "curves": _curves(answer), "grids": _grids(answer)}
    tables["surfaces"] = surface_rows([panel for outcome in answer.outcomes for panel in outcome.panels])
    tables["measurements"] = measurement_table(answer)
    seen: set[str] = set()
    for read in readings:
        if read.experiment.id not in seen:
            seen.add(read.experiment.id)
            tables[f"individuals_{read.experiment.id}"] = individuals(read)
            tables[f"animals_{read.experiment.id}"] = animals(read)
    return {name: table for name, table in tables.items() if len(table)}


def exposure_tables(compared: Sequence[Compared]) -> Mapping[str, pd.DataFrame]:
    """Return the table of published and simulated exposures; none without any."""
    rows = [
        {
            "id": one.exposure.id,
            "title": one.exposure.title,
            "drug": one.exposure.drug,
            "model": one.exposure.seen.arm.model,
            "regimen": one.exposure.seen.arm.regimen,
            "endpoint": one.exposure.endpoint,
            "published": one.exposure.value,
            "simulated": one.simulated,
            "unit": one.exposure.unit,
            "ratio": one.ratio,
            "error": one.exposure.error,
            "within": one.within,
            "grade": one.exposure.grade,
        }
        for one in compared
    ]
    return {"exposures": pd.DataFrame(rows)} if rows else {}


def _statements(answer: Answer) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "id": o.statement.id,
                "statement": o.statement.sentence,
                "state": o.state,
                "data_role": o.data_role,
                "metric": o.statement.metric,
                "value": o.value,
                "lo90": o.lo90,
                "hi90": o.hi90,
                "unit": o.statement.unit,
                "test": o.statement.test,
                "margin": o.statement.margin,
                "p_pass": o.p_pass,
                "p_sceptical": o.p_sceptical,
                "verdict": o.verdict,
            }
            for o in answer.outcomes
        ]
    )


def _parts(answer: Answer) -> pd.DataFrame:
    return _measured((o.statement.id, part) for o in answer.outcomes for part in o.parts)


def _hypotheses(answer: Answer) -> pd.DataFrame:
    return _measured((o.statement.id, part) for o in answer.outcomes for part in o.hypotheses)


def _measured(parts: Iterable[tuple[str, PartOutcome]]) -> pd.DataFrame:
    names = ["id", "title", "value", "lo90", "hi90", "unit", "bound", "p_pass", "note"]
    return pd.DataFrame([(id, *(getattr(part, name) for name in names)) for id, part in parts], columns=["statement", *names])


def _controls(answer: Answer) -> pd.DataFrame:
    rows = [(o.statement.id, c.id, c.must_show, c.value, c.lo90, c.hi90, c.unit, c.p, c.held) for o in answer.outcomes for c in o.controls]
    return pd.DataFrame(rows, columns=["statement", "id", "must_show", "value", "lo90", "hi90", "unit", "p", "held"])


def _sisters(answer: Answer) -> pd.DataFrame:
    names = ["id", "drug", "must_show", "value", "lo90", "hi90", "unit", "p", "held", "cannot"]
    rows = [(o.statement.id, *(getattr(one, name) for name in names), ";".join(one.evidence)) for o in answer.outcomes for one in o.sisters]
    return pd.DataFrame(rows, columns=["statement", *names, "evidence"])


def _ablations(answer: Answer) -> pd.DataFrame:
    """Return the ablation matrix: a row per statement, tested or not, and part; without numbers where its models lack the part."""
    rows = []
    for o in answer.outcomes:
        found = {one.id: one for one in o.ablations}
        for part in answer.mechanisms:
            one = found.get(part.id)
            said = (one.p_on, one.p_off, one.flips, one.holds_back, one.tautological, one.untold) if one else (o.p_pass, None, *[False] * 4)
            rows.append((o.statement.id, o.state, part.id, part.extra, one is not None, *said))
    names = ["statement", "state", "ablation", "extra", "in_model", "p_on", "p_off", "flips", "holds_back", "tautological", "untold"]
    return pd.DataFrame(rows, columns=names).astype({"p_on": float, "p_off": float})


def _curves(answer: Answer) -> pd.DataFrame:
    rows = [
        (panel.id, band.label, x, middle, lo, hi)
        for o in answer.outcomes
        for panel in o.panels
        for band in panel.bands
        for x, middle, lo, hi in zip(band.x, band.median, band.lo90, band.hi90, strict=True)
    ]
    rows += [
        (panel.id, bars.label, float(rank), middle, lo, hi)
        for o in answer.outcomes
        for panel in o.panels
        for bars in panel.bars
        for rank, (middle, lo, hi) in enumerate(zip(bars.median, bars.lo90, bars.hi90, strict=True), 1)
    ]
    return pd.DataFrame(rows, columns=["figure", "curve", "x", "median", "lo90", "hi90"])


def _grids(answer: Answer) -> pd.DataFrame:
    rows = [
        (panel.id, x, y, cell.p, cell.median, cell.lo90, cell.hi90)
        for o in answer.outcomes
        for panel in o.panels
        if panel.grid is not None
        for y, line in zip(panel.grid.rows, panel.grid.cells, strict=True)
        for x, cell in zip(panel.grid.columns, line, strict=True)
    ]
    return pd.DataFrame(rows, columns=["figure", "x", "y", "p_equivalent", "ratio", "lo90", "hi90"])


def individuals(readings: Readings) -> pd.DataFrame:
    """Return one row per series, concentration or dose, draw and time; of animals and patients those of the typical one."""
    frames = []
    for id, reading in sorted(readings.series.items()):
        outputs = list(reading.values)
        arms, times, draws = reading.values[outputs[0]].shape
        grid = np.indices((arms, draws, times)).reshape(3, -1)
        frame = pd.DataFrame({"series": id, **_levels(reading, grid[0]), "draw": grid[1], "time_h": reading.times[grid[2]]})
        for output in outputs:
            frame[output] = reading.values[output].transpose(0, 2, 1).reshape(-1)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _levels(reading: Reading, arms: np.ndarray) -> dict[str, object]:
    levels = np.array(reading.series.concentrations)[arms]
    return {"dose": levels, "dose_unit": reading.series.unit} if reading.series.regimen else {"concentration_nM": levels}


def animals(readings: Readings) -> pd.DataFrame:
    """Return one row per series, dose, draw and animal, 0 for the typical one: of each output its start, end, lowest and highest value."""
    frames = []
    for id, reading in sorted(readings.series.items()) if readings.animals else ():
        every = {name: np.concatenate([reading.values[name][..., None], beside], axis=3) for name, beside in reading.animals.items()}
        arms, _, draws, count = next(iter(every.values())).shape
        grid = np.indices((arms, draws, count)).reshape(3, -1)
        frame = pd.DataFrame({"series": id, **_levels(reading, grid[0]), "draw": grid[1], "animal": grid[2]})
        for name, values in every.items():
            parts = {"start": values[:, 0], "end": values[:, -1], "lowest": values.min(axis=1), "highest": values.max(axis=1)}
            for word, part in parts.items():
                frame[f"{name}_{word}"] = part.reshape(-1)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
