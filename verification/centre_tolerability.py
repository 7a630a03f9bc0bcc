"""Compute the numbers of tolerability that no source prints, from rows of the evidence table.

    python verification/centre_tolerability.py             # solve and write
    python verification/centre_tolerability.py --dry-run   # solve only

Palbociclib's slope on division in the marrow is printed per mass of total drug. Those of the other blockers of CDK4/6 are assumed to
follow from it by free share and by potency against CDK6, all three read in one table; no count of neutrophils under them is used. How
steeply insulin follows glucose, and the free level of alpelisib that takes half of insulin's action, are what volunteers showed on the
morning after one dose at bedtime, which is read as ten hours without food. Only rows of the role calibrate are read.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

from serdsim.claims.evidence_rows import read_facts
from serdsim.model.library import load
from serdsim.model.library_rows import COLUMNS
from serdsim.model.recipe import shipped_library
from serdsim.simulation.named import simulate_named
from serdsim.tables import Column, read_table, write_table

MORNING = 10.0  # from bedtime [h]
CDK6 = {"palbociclib": "C290.cdk6", "abemaciclib": "C291.cdk6", "ribociclib": "C292.cdk6"}
Key = tuple[str, str]


def fact(library: Path, id: str) -> float:
    """Return the value of an evidence row that may be fitted."""
    found = read_facts(library)[id]
    if found.role != "calibrate" or found.value is None:
        raise SystemExit(f"{id} has the role {found.role}")
    return found.value


def slopes(library: Path) -> dict[Key, float]:
    """Return the share of divisions in the marrow that a nM of total drug takes, by drug."""
    palbociclib = load("tolerability", partner="palbociclib", library=library)
    each = fact(library, "C250") * 1e-3 * float(palbociclib["molar_mass_partner"].value or math.nan)
    found = {("palbociclib", "slope_neutrophils"): each}
    free = {drug: float(load("tolerability", partner=drug, library=library)["fu_plasma_partner"].value or math.nan) for drug in CDK6}
    for drug in ("abemaciclib", "ribociclib"):
        potency = fact(library, CDK6["palbociclib"]) / fact(library, CDK6[drug])
        found[drug, "slope_neutrophils"] = each * free[drug] / free["palbociclib"] * potency
    return found


def insulin(library: Path, slope: float, half: float) -> float:
    """Return insulin in the morning after 300 mg of alpelisib at bedtime, over the usual level."""
    run = simulate_named(
        "tolerability",
        "alpelisib 300 mg po once",
        library=library,
        outputs=["insulin_ratio"],
        duration_h=MORNING,
        every_h=1.0,
        settings={"insulin_slope": slope, "K_insulin_partner": half},
    )
    return float(run.dataset["insulin_ratio"].values.ravel()[-1])


def centred(library: Path) -> dict[str, dict[Key, float]]:
    """Return the values by table and by key and id of a row."""
    rise = fact(library, "B069.insulin") / fact(library, "B069.insulin_usual")
    slope = math.log(rise) / math.log(fact(library, "B069.glucose") / fact(library, "B069.glucose_usual"))
    half = brentq(lambda log: math.log(insulin(library, slope, math.exp(log)) / rise), *np.log([1.0, 1e4]), xtol=1e-6)
    return {
        "hosts.tsv": {("human", "insulin_slope"): slope, ("mouse", "insulin_slope"): slope},
        "tolerability.tsv": {("alpelisib", "K_insulin"): math.exp(half), **slopes(library)},
    }


def main() -> None:
    """Solve, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="do not write the tables")
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    for name, values in centred(arguments.library).items():
        columns = (Column("host" if name == "hosts.tsv" else "drug"), *COLUMNS)
        rows = [dict(row.values) for row in read_table(arguments.library / name, columns)]
        for row in rows:
            value = values.get((str(row[columns[0].name]), str(row["id"])))
            if value is not None:
                print(f"{name}: {row[columns[0].name]} {row['id']} {row['value']} -> {value:.4g}")
                row["value"] = float(f"{value:.4g}")
        if not arguments.dry_run:
            write_table(arguments.library / name, columns, rows)


if __name__ == "__main__":
    main()
