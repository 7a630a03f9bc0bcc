"""Centre the clock of each cell line on its recalled doubling time.

    python verification/centre_lines.py             # solve and write
    python verification/centre_lines.py --dry-run   # solve only

A row of the role prior may only centre a wide prior. A line with few receptors is slower in the model than its clock alone says,
so that the ratio of doubling times is not the factor to write. For each line but MCF7, the reference, the factor is solved so that
cells without crowding double in the recalled time between two and five days in 1 nM oestradiol. Run it after take_fit.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from fitted_rows import columns_of
from scipy.optimize import brentq

from serdsim.claims.evidence_rows import read_facts, require_facts
from serdsim.experiments.protocol import Experiment, Series
from serdsim.experiments.runner import run_experiment
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws
from serdsim.tables import read_table, write_table

ROWS = {
    "T47D": "P095", "ZR-75-1": "P100", "HCC1428": "P101", "CAMA-1": "P102", "BT-474": "P103", "MDA-MB-231": "P096", "MDA-MB-468": "P097"
}  # fmt: skip
FEW = 1000.0  # cells, so that crowding is not felt


def doubling(line: str, speed: float, library: Path) -> float:
    """Return the doubling time [h] of a line with this clock."""
    given = {"cycle_speed": speed, "n_cells": FEW}
    series = Series("a", "imlunestrant", "WT", (0.0,), 1.0, {}, {}, given, line, "centre_lines", 1.0)
    experiment = Experiment("clock", line, "cell", line, "imlunestrant", 168.0, 120.0, 24.0, ("live",), {"a": series}, "centre_lines")
    live = run_experiment(experiment, Draws(0, 1), library=library, workers=1).series["a"].values["live"][0, :, 0]
    return float(72.0 * np.log(2.0) / np.log(live[5] / live[2]))


def main() -> None:
    """Solve and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="do not write the table")
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    facts = read_facts(arguments.library)
    found = {}
    for line, row in ROWS.items():
        (fact,) = require_facts([row], facts, role="prior")
        wanted = fact.value or float(np.sqrt((fact.low or np.nan) * (fact.high or np.nan)))
        found[line] = float(brentq(lambda x, line=line, wanted=wanted: doubling(line, x, arguments.library) - wanted, 0.1, 3.0, xtol=1e-3))
        print(f"{line:12} clock {found[line]:.3g}: doubles in {doubling(line, found[line], arguments.library):.3g} h, {row} {wanted:.3g} h")
    if arguments.dry_run:
        return
    columns = columns_of("cell_lines.tsv")
    rows = [dict(row.values) for row in read_table(arguments.library / "cell_lines.tsv", columns)]
    for record in rows:
        if record["id"] == "cycle_speed" and record["cell_line"] in found:
            record["value"] = float(f"{found[str(record['cell_line'])]:.3g}")
            record["note"] = "centred by verification/centre_lines.py so that the line doubles as recalled in 1 nM oestradiol"
    write_table(arguments.library / "cell_lines.tsv", columns, rows)


if __name__ == "__main__":
    main()
