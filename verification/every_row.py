"""Every drug and every genotype runs in every cell line, and in every host that has exposures of it: no individual may fail.

    python verification/every_row.py               # 200 draws of every combination in dishes, 50 in hosts
    python verification/every_row.py --draws 20    # fewer
    python verification/every_row.py --only hosts  # or dishes

Cells rest four days without ligand, then get 0.1 nM oestradiol and 1 uM of the drug for three days. Tumours grow for 30 days, then the
host gets 10 mg/kg for 28 days, every day by mouth or every week into muscle, and has two weeks without. Balance of ligands and doses and
finiteness are checked as in every run. Exit status 3 when an individual failed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from serdsim.experiments.protocol import Experiment, Series
from serdsim.experiments.runner import run_experiment
from serdsim.model.library import load
from serdsim.model.recipe import choices, read_recipe, shipped_library, shipped_models, takers
from serdsim.simulation.draws import Draws

PLACES = ("drug", "partner")


def experiment(drug: str, genotypes: tuple[str, ...], line: str) -> Experiment:
    """Return one series of 1 uM per genotype."""
    series = {g: Series(g, drug, g, (1000.0,), 0.1, {}, {}, {}, line, "every_row") for g in genotypes}
    return Experiment("every row", drug, "cell", line, drug, 96.0, 72.0, 24.0, ("er_total", "mPGR", "live"), series, "every_row")


def treated(drug: str, place: str, genotypes: tuple[str, ...], host: str, library: Path) -> Experiment:
    """Return one series of 10 mg/kg per genotype; a model without tumour has one series."""
    model = load(host, library=library, **{place: drug})
    way = "po q24h x 28" if model[f"F_po_{place}"].value else "im q168h x 4"
    regimen, levels = f"{drug} {{dose}} {way}", (10.0,)
    series = {g: Series(g, drug, g, levels, 0.0, {}, {}, {}, "", "every_row", regimen=regimen, unit="mg/kg") for g in genotypes}
    outputs = read_recipe(host, library).outputs
    return Experiment("every row", drug, host, "", drug, 720.0, 1008.0, 24.0, outputs, series, "every_row")


def cases(only: str, draws: int | None, library: Path) -> Iterator[tuple[str, str, int, list[Experiment]]]:
    """Yield for each drug its name, what it is given to in words, the number of draws, and the experiments."""
    genotypes, lines = choices(library, "genotypes.tsv", "genotype"), choices(library, "cell_lines.tsv", "cell_line")
    if only != "hosts":
        for drug in (d for place in PLACES for d in takers("cell", place, library) if d != "estradiol"):
            words = f"{len(genotypes)} genotypes, {len(lines)} lines"
            yield drug, words, draws or 200, [experiment(drug, genotypes, line) for line in lines]
    if only != "dishes":
        for host in (name for name in shipped_models(library) if read_recipe(name, library).ways):
            own = genotypes if "genotype" in read_recipe(host, library).defaults else ("WT",)
            for place in PLACES:
                for drug in takers(host, place, library):
                    yield drug, f"{host}, {len(own)} genotypes", draws or 50, [treated(drug, place, own, host, library)]


def main() -> int:
    """Run all combinations; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int)
    parser.add_argument("--only", choices=("dishes", "hosts"), default="")
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    begin = time.monotonic()
    total = failed = 0
    for drug, words, draws, experiments in cases(arguments.only, arguments.draws, arguments.library):
        lost = 0
        for one in experiments:
            readings = run_experiment(one, Draws(draws, 1), library=arguments.library)
            own = sum(reading.failed for reading in readings.series.values())
            total, lost = total + readings.individuals, lost + own
            for message in readings.messages:
                print(f"{drug}, {one.model} {one.cell_line}: {message}", file=sys.stderr)
        failed += lost
        print(f"{drug:22} {words}, {draws} draws: {lost} failed", flush=True)
    print(f"{total} individuals, {failed} failed, {time.monotonic() - begin:.0f} s")
    return 3 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
