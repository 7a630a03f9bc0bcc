"""Fit the cell model to evidence rows of the role calibrate, and write the values into the library tables.

    python verification/fit_cell.py            # fit, report, write
    python verification/fit_cell.py --dry-run  # fit and report only

Maximum a posteriori: least squares on logarithms, priors around the first prototype's values, local standard deviations
from the curvature. Until the calibration issue this is the only place where fitted values come from.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from fitted_rows import Fitted, distribution, spread_of, write
from scipy.optimize import least_squares

from serdsim.claims.evidence_rows import Fact, read_facts, require_facts
from serdsim.codegen.equations import derive
from serdsim.codegen.kernel import Kernel, build
from serdsim.endpoints.dose_response import half_life
from serdsim.engine.plan import Plan, Schedule
from serdsim.engine.reference import run
from serdsim.errors import SerdsimError
from serdsim.model.entities import Model
from serdsim.model.library import load
from serdsim.model.recipe import shipped_library
from serdsim.tables import Column, read_table

HERE = Path(__file__).parent
CHASE = np.arange(0.0, 24.01, 0.25)
# rows that speak of a fall, or of the time by which the level is back, as shares that are left
SHOWN_AS = {"left_6h_E2": lambda low, high: (1 - high, 1 - low), "left_36h_E2": lambda low, high: (1.0, 1.0)}


@dataclass(frozen=True)
class Target:
    """One comparison on the log scale.

    A number counts as normal with `sigma`. An interval counts as normal around its middle, with the spread of a uniform
    number inside it added to `sigma`. With one side open it is censored: no residual while the bound holds.
    """

    row: str
    quantity: str
    low: float | None
    high: float | None
    sigma: float
    rows: tuple[str, ...]
    informs: tuple[str, ...]

    def residual(self, value: float) -> float:
        """Return how many standard deviations the value lies from what was observed."""
        x = np.log(value)
        if self.low is not None and self.high is not None:
            a, b = np.log(self.low), np.log(self.high)
            return float((x - 0.5 * (a + b)) / np.hypot(self.sigma, (b - a) / np.sqrt(12.0)))
        if self.low is not None:
            return float(min(x - np.log(self.low), 0.0) / self.sigma)
        return float(max(x - np.log(self.high or np.nan), 0.0) / self.sigma)


def read_targets(facts: dict[str, Fact]) -> list[Target]:
    """Return the targets; every row they read must have the role calibrate."""
    columns = [Column("row"), Column("quantity"), Column("divide_by", required=False), Column("sigma", "number"), Column("informs")]
    targets = []
    for line in read_table(HERE / "fit_cell_targets.tsv", columns):
        ids = tuple(id for id in (line.text("row"), line.text("divide_by")) if id)
        found = require_facts(ids, facts, role="calibrate", file=line.file)
        low, high = (found[0].value, found[0].value) if found[0].value is not None else (found[0].low, found[0].high)
        scale = 100.0 if found[0].unit == "%" else 1.0
        if len(found) == 2:
            scale *= float(found[1].value or np.nan)
        sigma = line.number("sigma") or 1.0
        low, high = (None if v is None else v / scale for v in (low, high))
        if line.text("quantity") in SHOWN_AS:
            low, high = SHOWN_AS[line.text("quantity")](low, high)
        targets.append(Target(line.text("row"), line.text("quantity"), low, high, sigma, ids, tuple(line.text("informs").split(";"))))
    return targets


def simulated(values: dict[str, float], library: Path) -> dict[str, float]:
    """Return all computed quantities for the fitted values, keyed ``table:key:id``."""

    def get(table: str, key: str, id: str) -> float:
        return values[f"{table}:{key}:{id}"]

    result = chases(values, library)
    result["Kd_E2_WT"] = get("drugs.tsv", "estradiol", "Kd")
    result["Kd_4OHT"] = get("drugs.tsv", "4-hydroxytamoxifen", "Kd")
    pose_w = get("genotypes.tsv", "WT", "pose")
    pref = base(library, "4-hydroxytamoxifen").quantity("pref_drug").value or 0.0
    for genotype in ("Y537S", "D538G"):
        pose = get("genotypes.tsv", genotype, "pose")
        on, off = get("genotypes.tsv", genotype, "on_factor_E2"), get("genotypes.tsv", genotype, "off_factor_E2")
        linkage = (1 + pose) * (1 + pose_w * pref) / ((1 + pose_w) * (1 + pose * pref))
        result[f"Kd_ratio_E2_{genotype}"] = off / on
        result[f"slower_on_E2_{genotype}"], result[f"slower_off_E2_{genotype}"] = 1 / on, 1 / off
        result[f"SRC_ratio_{genotype}"] = (1 + pose) / pose
        result[f"active_fraction_{genotype}"] = pose / (1 + pose)
        result[f"Kd_ratio_4OHT_{genotype}"] = linkage * get("drugs.tsv", "4-hydroxytamoxifen", f"shift_{genotype}")
    return result


def chases(values: dict[str, float], library: Path) -> dict[str, float]:
    """Return half-lives after a stop of synthesis, and the answer to estradiol over 72 h."""
    arms = {"apo": ("4-hydroxytamoxifen", 0.0, 0.0), "E2": ("4-hydroxytamoxifen", 10.0, 0.0)}
    arms |= {"4OHT": ("4-hydroxytamoxifen", 0.0, 1000.0), "fulvestrant": ("fulvestrant", 0.0, 1000.0)}
    models = {name: placed(base(library, drug), values, drug) for name, (drug, _, _) in arms.items()}
    kernel = kernel_of(library)
    given = np.array([[models[name].quantity(id).value for id in kernel.equations.given] for name in arms], float).T
    before = run(kernel, Plan(given, (96.0,), ("er_total",), rtol=1e-8, atol=1e-11)).final
    stops = Schedule.shared(
        (0.0,) * 3,
        ("set",) * 3,
        ("E2_medium", "drug_medium", "k_syn_er"),
        np.array([[*(a[1] for a in arms.values())], [*(a[2] for a in arms.values())], [0.0] * 4]),
    )
    chase = run(kernel, Plan(given, tuple(CHASE.tolist()), ("er_total",), initial=before, schedule=stops, rtol=1e-8, atol=1e-11))
    lives = half_life(CHASE, chase.values[0])
    result = {f"half_life_{name}": float(life) for name, life in zip(arms, lives, strict=True)}
    pulse = Schedule.shared((0.0,), ("set",), ("E2_medium",), np.array([[10.0]]))
    rise = run(
        kernel,
        Plan(
            given[:, 1:2], (0.0, 6.0, 36.0, 72.0), ("er_total", "mPGR", "PR"), initial=before[:, 1:2], schedule=pulse, rtol=1e-8, atol=1e-11
        ),
    )
    er, mrna, protein = rise.values[:, :, 0]
    result |= {"left_6h_E2": er[1] / er[0], "left_36h_E2": er[2] / er[0]}
    return result | {"fold_PGR_mRNA": mrna[3] / mrna[0], "fold_PR_protein": protein[3] / protein[0]}


@lru_cache
def base(library: Path, drug: str) -> Model:
    """Return the cell model as the tables fill it now."""
    return load("cell", library=library, drug=drug)


@lru_cache
def kernel_of(library: Path) -> Kernel:
    """Return the kernel, which is the same for all values."""
    return build(derive(base(library, "fulvestrant")))


def placed(model: Model, values: dict[str, float], drug: str) -> Model:
    """Return the model with the fitted values that it reads."""
    changes = {}
    for name, value in values.items():
        table, key, id = name.split(":")
        if table == "parameters.tsv":
            changes[id] = value
        elif (table, key, id) == ("genotypes.tsv", "WT", "pose"):
            changes["pose_W"] = value
        elif key == "estradiol":
            changes[id + "_E2"] = value
        elif key == drug and not id.startswith("shift"):
            changes[id + "_drug"] = value
    return model.replace(changes)


def fit(library: Path) -> tuple[Fitted, list[Target], dict[str, float], np.ndarray]:
    """Return the fitted quantities, the targets, the computed quantities and the residuals."""
    facts = dict(read_facts(library))
    targets = read_targets(facts)
    columns = [Column("table"), Column("key", required=False), Column("id"), Column("start", "number"), Column("width", "number")]
    spec = read_table(HERE / "fit_cell_parameters.tsv", columns)
    names = [f"{r.text('table')}:{r.text('key')}:{r.text('id')}" for r in spec]
    share = np.array([distribution(library, name) == "logitnormal" for name in names])
    start = np.array([r.number("start") for r in spec], float)
    x0 = np.where(share, np.log(start / np.where(share, 1 - start, 1.0)), np.log(start))
    width = np.array([r.number("width") for r in spec], float) * np.where(share, 1.0, np.log(10.0))

    def natural(x: np.ndarray) -> dict[str, float]:
        return dict(zip(names, np.where(share, 1 / (1 + np.exp(-x)), np.exp(np.where(share, 0.0, x))).tolist(), strict=True))

    def residuals(x: np.ndarray) -> np.ndarray:
        found = simulated(natural(x), library)
        return np.array([*(t.residual(found[t.quantity]) for t in targets), *((x - x0) / width)])

    def slopes(x: np.ndarray) -> np.ndarray:
        steps = 1e-3 * np.eye(len(x))
        return np.array([(residuals(x + step) - residuals(x - step)) / 2e-3 for step in steps]).T

    best = least_squares(residuals, x0, jac=slopes, xtol=1e-6, ftol=1e-6)
    deviation, correlation = spread_of(best.jac)
    # rows that contradict each other widen what they inform
    misfit = [max([1.0, *(abs(r) for t, r in zip(targets, best.fun, strict=False) if name in t.informs)]) for name in names]
    deviation = np.minimum(deviation * np.array(misfit), width)
    values = natural(best.x)
    to_table = np.where(share, 1.0, np.log(10.0))
    found = Fitted(
        names,
        np.array(list(values.values())),
        deviation / to_table,
        deviation < 0.9 * width,
        share,
        (best.x - x0) / width,
        names,
        correlation,
    )
    return found, targets, simulated(values, library), best.fun


def main() -> int:
    """Run the fit; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="do not write the tables")
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    try:
        fitted, targets, found, residual = fit(arguments.library)
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    print(f"{'row':16} {'quantity':24} {'observed':>16} {'computed':>10} {'residual':>9}")
    for target, r in zip(targets, residual, strict=False):
        observed = " to ".join("" if v is None else f"{v:.3g}" for v in dict.fromkeys((target.low, target.high)))
        print(f"{target.row:16} {target.quantity:24} {observed:>16} {found[target.quantity]:10.3g} {r:9.2f}")
    print(f"\n{'quantity':44} {'value':>10} {'sd':>7}   (log10; odds for shares)")
    for name, value, sd, informed in zip(fitted.names, fitted.values, fitted.deviation, fitted.informed, strict=True):
        print(f"{name:44} {value:10.4g} {sd:7.3f}" + ("" if informed else "   not informed by a row"))
    if not arguments.dry_run:
        write(arguments.library, fitted, targets, Path(__file__).name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
