"""Every drug and every genotype runs in every cell line: no individual may fail.

    python verification/every_row.py               # 200 draws of every combination
    python verification/every_row.py --draws 20    # fewer

Cells rest four days without ligand, then get 0.1 nM oestradiol and 1 uM of the drug for three days. Balance of the ligands
and finiteness are checked as in every run. Exit status 3 when an individual failed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from serdsim.experiments.protocol import Experiment, Series
from serdsim.experiments.runner import run_experiment
from serdsim.model.recipe import choices, shipped_library, takers
from serdsim.simulation.draws import Draws


def experiment(drug: str, genotypes: tuple[str, ...], line: str) -> Experiment:
    """Return one series of 1 uM per genotype."""
    series = {g: Series(g, drug, g, (1000.0,), 0.1, {}, {}, {}, line, "every_row") for g in genotypes}
    return Experiment("every row", drug, "cell", line, drug, 96.0, 72.0, 24.0, ("er_total", "mPGR", "live"), series, "every_row")


def main() -> int:
    """Run all combinations; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    library, begin = arguments.library, time.monotonic()
    drugs = [d for slot in ("drug", "partner") for d in takers("cell", slot, library) if d != "estradiol"]
    genotypes, lines = choices(library, "genotypes.tsv", "genotype"), choices(library, "cell_lines.tsv", "cell_line")
    total = failed = 0
    for drug in drugs:
        lost = 0
        for line in lines:
            readings = run_experiment(experiment(drug, genotypes, line), Draws(arguments.draws, 1), library=library)
            own = sum(reading.failed for reading in readings.series.values())
            total, lost = total + readings.individuals, lost + own
            for message in readings.messages:
                print(f"{drug}, {line}: {message}", file=sys.stderr)
        failed += lost
        print(f"{drug:22} {len(genotypes)} genotypes, {len(lines)} lines, {arguments.draws} draws: {lost} failed", flush=True)
    print(f"{total} individuals, {failed} failed, {time.monotonic() - begin:.0f} s")
    return 3 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
