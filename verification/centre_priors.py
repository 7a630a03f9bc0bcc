"""Centre the wide prior of the gene thresholds on the recalled EC50 of estradiol for PgR.

    python verification/centre_priors.py             # solve and write
    python verification/centre_priors.py --dry-run   # solve only

A row of the role prior may only centre a wide prior. Here it is B043: estradiol raises PgR in MCF7 with an EC50 of 10 to
50 pM, nominal. The thresholds of PGR and GREB1 are scaled by one factor, so that their ratio stays that of the first prototype
(those of cyclin D1 and MYC follow from growth, see the fit problem), until the nominal EC50 of PGR mRNA after 72 h is the
geometric middle of that range. Grade and width stay assumption and wide.
The activity of AF-1 under 4-hydroxytamoxifen, the partial agonist that serves as a control, goes with the thresholds: it is set
so that 1 uM alone gives a fifth of the PGR signal of 10 nM estradiol. That share is an assumption; no row gives it.
Run it before take_fit.py, and again after it: the fit moves turnover and repression a little.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from fitted_rows import columns_of
from scipy.optimize import brentq

from serdsim.claims.evidence_rows import read_facts, require_facts
from serdsim.codegen.equations import derive
from serdsim.codegen.kernel import build
from serdsim.endpoints.dose_response import ec50
from serdsim.engine.plan import Plan, Schedule
from serdsim.engine.reference import run
from serdsim.model.library import load
from serdsim.model.recipe import shipped_library
from serdsim.tables import read_table, write_table

THRESHOLDS = {"K_PGR": 1.2, "K_GREB1": 0.8}  # the first prototype, nM: only ratios count
SHARE = 0.2
ESTRADIOL = np.array([0.0, *np.logspace(-3.5, 1.0, 19)])


def ec50_of(factor: float, library: Path) -> float:
    """Return the nominal EC50 [nM] of estradiol for PGR mRNA after 72 h."""
    model = load("cell", library=library).replace({id: value * factor for id, value in THRESHOLDS.items()})
    kernel = build(derive(model))
    given = np.repeat(np.array([[model.quantity(id).value] for id in kernel.equations.given], float), len(ESTRADIOL), axis=1)
    before = run(kernel, Plan(given, (96.0,), ("er_total",))).final
    stop = Schedule.shared((0.0,), ("set",), ("E2_medium",), ESTRADIOL[None, :])
    rise = run(kernel, Plan(given, (72.0,), ("mPGR",), initial=before, schedule=stop))
    return float(ec50(ESTRADIOL, rise.values[0, 0][:, None])[0])


def activity_of(af1: float, factor: float, library: Path) -> float:
    """Return PGR mRNA after 72 h of 1 uM 4-hydroxytamoxifen, as a share of the window from vehicle to 10 nM estradiol."""
    changes = {id: value * factor for id, value in THRESHOLDS.items()} | {"af1_drug": af1}
    model = load("cell", library=library, drug="4-hydroxytamoxifen").replace(changes)
    kernel = build(derive(model))
    given = np.repeat(np.array([[model.quantity(id).value] for id in kernel.equations.given], float), 3, axis=1)
    before = run(kernel, Plan(given, (96.0,), ("er_total",))).final
    stops = Schedule.shared((0.0, 0.0), ("set", "set"), ("E2_medium", "drug_medium"), np.array([[0.0, 0.0, 10.0], [0.0, 1000.0, 0.0]]))
    vehicle, drug, full = run(kernel, Plan(given, (72.0,), ("mPGR",), initial=before, schedule=stops)).values[0, 0]
    return float((drug - vehicle) / (full - vehicle))


def main() -> None:
    """Solve and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="do not write the table")
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    (fact,) = require_facts(["B043.pgr"], read_facts(arguments.library), role="prior")
    target = float(np.sqrt((fact.low or np.nan) * (fact.high or np.nan))) * {"pM": 1e-3, "nM": 1.0}[fact.unit]
    factor = float(
        np.exp(brentq(lambda x: np.log(ec50_of(float(np.exp(x)), arguments.library) / target), np.log(0.01), np.log(3.0), xtol=1e-3))
    )
    print(f"factor {factor:.3g}: EC50 {1e3 * ec50_of(factor, arguments.library):.3g} pM nominal, wanted {1e3 * target:.3g} pM")
    af1 = float(
        np.exp(brentq(lambda x: activity_of(float(np.exp(x)), factor, arguments.library) - SHARE, np.log(1e-5), np.log(0.3), xtol=1e-3))
    )
    print(f"AF-1 under 4-hydroxytamoxifen {af1:.3g}: {activity_of(af1, factor, arguments.library):.3g} of the window")
    if arguments.dry_run:
        return
    columns = columns_of("parameters.tsv")
    rows = []
    for row in read_table(arguments.library / "parameters.tsv", columns):
        record = dict(row.values)
        if row.text("id") in THRESHOLDS:
            words = {
                "grade": "assumption",
                "source": fact.source,
                "locator": fact.id,
                "note": "prior centred on a recalled EC50 by verification/centre_priors.py",
            }
            record |= words | {"value": float(f"{THRESHOLDS[row.text('id')] * factor:.3g}")}
        rows.append(record)
    write_table(arguments.library / "parameters.tsv", columns, rows)
    columns = columns_of("drugs.tsv")
    drugs = [dict(row.values) for row in read_table(arguments.library / "drugs.tsv", columns)]
    for record in drugs:
        if (record["drug"], record["id"]) == ("4-hydroxytamoxifen", "af1"):
            record["value"] = float(f"{af1:.3g}")
    write_table(arguments.library / "drugs.tsv", columns, drugs)


if __name__ == "__main__":
    main()
