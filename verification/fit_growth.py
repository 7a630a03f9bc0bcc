"""Fit the growth of the model to counts of MCF7 cells, single drugs only, and write the values into the library tables.

    python verification/fit_growth.py            # fit, report, write
    python verification/fit_growth.py --dry-run  # fit and report only

The series are those of library/experiments/GROWTH.yaml, the measurements rows of evidence.tsv with the role calibrate.
Maximum a posteriori as in fit_cell.py, which goes first: it sets the receptor, this sets what growth reads from it. Widths and
correlations count in all other numbers that growth reads (growth_spread.py). Run fit_cell.py before it each time: this takes its
correlations up and writes them anew.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from fitted_rows import Fitted, distribution, write
from growth_spread import listed, spread
from scipy.optimize import least_squares

from serdsim.claims.evidence_rows import Fact, read_facts, require_facts
from serdsim.endpoints.growth_rate import gr_value
from serdsim.errors import SerdsimError
from serdsim.experiments.protocol import Experiment, Series, observed, read_experiment
from serdsim.experiments.runner import run_experiment
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws
from serdsim.tables import Column, read_table

HERE = Path(__file__).parent
WEEK, RATE = 168.0, 0.9
SLOTS = {"fulvestrant": "_drug"}  # suffix of a drug's quantities in the model; all others here are partner drugs


@dataclass(frozen=True)
class Target:
    """One measurement with its rule of comparison; `informs` are the fitted quantities that it is evidence of."""

    row: str
    series: str
    at: float | None
    time: float
    kind: str
    output: str
    against: str
    observed: float
    sigma: float
    rows: tuple[str, ...]
    informs: tuple[str, ...]

    def residual(self, value: float) -> float:
        """Return how many standard deviations the simulated value lies from what was observed."""
        if self.kind == "fold":
            return float(np.log(value / self.observed) / self.sigma)
        distance = value - self.observed
        return float((min(distance, 0.0) if self.kind == "rate" else distance) / self.sigma)


def read_targets(facts: Mapping[str, Fact], names: list[str]) -> list[Target]:
    """Return the targets; every row they read must have the role calibrate."""
    words = [Column(name, required=False) for name in ("series", "kind", "output", "against")]
    columns = [Column("row"), *words, Column("at_nM", "optional_number", required=False), Column("time_h", "number")]
    lines = read_table(HERE / "fit_growth_targets.tsv", columns)
    found = require_facts([line.text("row") for line in lines], facts, role="calibrate", file="fit_growth_targets.tsv")
    counted = Counter(fact.id.split(".")[0] for fact in found)
    targets = []
    for fact, line in zip(found, lines, strict=True):
        time, kind, series = line.number("time_h") or 0.0, line.text("kind"), line.text("series")
        sigma, seen = 0.1, RATE if kind == "rate" else float(fact.value or np.nan)
        if kind == "fold":
            sigma = (0.2 + 0.1 * time / WEEK) * np.sqrt(max(counted[fact.id.split(".")[0]], 2) / 2.0)
        if fact.quantity.startswith("GR50"):
            seen = 0.5
        output, against = line.text("output"), line.text("against")
        informs = tuple(name for name in names if informed(name, series, output))
        targets.append(Target(fact.id, series, line.number("at_nM"), time, kind, output, against, seen, float(sigma), (fact.id,), informs))
    return targets


def informed(name: str, series: str, output: str) -> bool:
    """Return whether a series is named as the evidence of a quantity: a drug's own series, or all for the common ones."""
    _, drug, id = name.split(":")
    if id.startswith("gain_"):
        return output == id.removeprefix("gain_")
    if output != "live" or id.endswith("_other"):
        return output == "live" and series == "abemaciclib_RB1_null"
    return series.startswith(drug) if drug else True


def placed(series: Series, values: Mapping[str, float]) -> Series:
    """Return the series with the values by ``table:key:id`` that its model reads."""
    given = dict(series.given)
    suffixes = {"": "", "estradiol": "_E2", "WT": "_W", series.drug: SLOTS.get(series.drug, "_partner"), series.cell_line: ""}
    for name, value in values.items():
        _, key, id = name.split(":")
        if key in suffixes:
            given[id + suffixes[key]] = value
    return replace(series, given=given | dict(series.given))


def simulated(experiment: Experiment, values: Mapping[str, float], targets: list[Target], library: Path) -> np.ndarray:
    """Return the simulated values of the targets."""
    now = replace(experiment, series={id: placed(series, values) for id, series in experiment.series.items()})
    readings = run_experiment(now, Draws(0, 1), library=library, workers=1)

    def at(series: str, output: str, time: float, row: int = 0) -> float:
        return float(readings.series[series].values[output][row, observed(now.times(), time), 0])

    result = []
    for t in targets:
        row = 0 if t.at is None else readings.series[t.series].series.concentrations.index(t.at)
        end, start = at(t.series, t.output, t.time, row), at(t.series, t.output, t.time - WEEK if t.kind == "rate" else 0.0, row)
        if t.kind == "rate":
            result.append(np.log(end / start) / np.log(at(t.against, t.output, t.time) / at(t.against, t.output, t.time - WEEK)))
        elif t.kind == "gr":
            vehicle = [np.array([at(t.series, t.output, time)]) for time in (t.time, 0.0)]
            result.append(float(gr_value(np.array([end]), np.array([start]), *vehicle)[0]))
        else:
            result.append(end / start)
    return np.array(result)


def fit(library: Path) -> tuple[Fitted, list[Target], np.ndarray]:
    """Return the fitted quantities, the targets and their simulated values."""
    listed(library)  # says first what would be missed at the end
    experiment = read_experiment(library / "experiments" / "GROWTH.yaml")
    columns = [Column("table"), Column("key", required=False), Column("id"), Column("start", "number"), Column("width", "number")]
    spec = read_table(HERE / "fit_growth_parameters.tsv", columns)
    names = [f"{r.text('table')}:{r.text('key')}:{r.text('id')}" for r in spec]
    targets = read_targets(read_facts(library), names)
    share = np.array([distribution(library, name) == "logitnormal" for name in names])
    start = np.array([r.number("start") for r in spec], float)
    x0 = np.where(share, np.log(start / np.where(share, 1 - start, 1.0)), np.log(start))
    width = np.array([r.number("width") for r in spec], float) * np.where(share, 1.0, np.log(10.0))

    def natural(x: np.ndarray) -> dict[str, float]:
        return dict(zip(names, np.where(share, 1 / (1 + np.exp(-x)), np.exp(np.where(share, 0.0, x))).tolist(), strict=True))

    def residuals(x: np.ndarray) -> np.ndarray:
        found = simulated(experiment, natural(x), targets, library)
        return np.array([*(t.residual(value) for t, value in zip(targets, found, strict=True)), *((x - x0) / width)])

    def slopes(x: np.ndarray) -> np.ndarray:
        steps = 1e-3 * np.eye(len(x))
        return np.array([(residuals(x + step) - residuals(x - step)) / 2e-3 for step in steps]).T

    best = least_squares(residuals, x0, jac=slopes, xtol=1e-4, ftol=1e-4, max_nfev=60)
    values = natural(best.x)

    def compare(numbers: Mapping[str, float]) -> np.ndarray:
        found = simulated(experiment, numbers, targets, library)
        return np.array([t.residual(value) for t, value in zip(targets, found, strict=True)])

    nothing = np.zeros(len(names))
    bare = Fitted(names, np.array(list(values.values())), nothing, nothing, share, (best.x - x0) / width, names, np.eye(len(names)))
    found = spread(bare, np.array([r.number("width") for r in spec], float), library, compare)
    return found, targets, simulated(experiment, values, targets, library)


def main() -> int:
    """Run the fit; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="do not write the tables")
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    try:
        fitted, targets, computed = fit(arguments.library)
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    print(f"{'row':11} {'series':24} {'hours':>6} {'kind':>5} {'output':>6} {'observed':>9} {'computed':>9} {'residual':>9}")
    for t, value in zip(targets, computed, strict=True):
        words = f"{t.row:11} {t.series:24} {t.time:6g} {t.kind:>5} {t.output:>6}"
        print(f"{words} {t.observed:9.3g} {value:9.3g} {t.residual(value):9.2f}")
    print(f"\n{'quantity':40} {'value':>10} {'sd':>7}   (log10; odds for shares)")
    for name, value, sd, told in zip(fitted.names, fitted.values, fitted.deviation, fitted.informed, strict=True):
        print(f"{name:40} {value:10.4g} {sd:7.3f}" + ("" if told else "   not informed by a row"))
    if not arguments.dry_run:
        write(arguments.library, fitted, targets, Path(__file__).name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
