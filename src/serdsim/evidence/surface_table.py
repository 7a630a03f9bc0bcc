"""The values behind surfaces of two drugs, as one table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from serdsim.experiments.panel import Panel

COLUMNS = ["figure", "model", "x", "y", "value", "lo90", "hi90", "p_above"]


def surface_rows(panels: Sequence[Panel]) -> pd.DataFrame:
    """Return one row for each cell: the excess, and in the first row and column of a surface the effect of one drug alone."""
    rows = [
        (panel.id, panel.surface.model, x, y, cell.median, cell.lo90, cell.hi90, cell.p)
        for panel in panels
        if panel.surface is not None
        for y, line in zip(panel.surface.rows, panel.surface.cells, strict=True)
        for x, cell in zip(panel.surface.columns, line, strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
