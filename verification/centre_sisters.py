"""Centre wide priors of the sister drugs on rows about their potency, by simulation.

    python verification/centre_sisters.py             # solve and write
    python verification/centre_sisters.py --dry-run   # solve only

Each Kd is solved so that the simulated potency at 24 h is the geometric middle of the row: the EC50 of the drug's own fall, since
that is what a fitted curve gives. The assay is that of library/class_prior.yaml: wild-type MCF7, 10 % stripped serum,
15 pM estradiol; the assays behind the rows were not read. Only the ratio of Kd to the free fraction is identified, and near the
limit that the on-rate sets not even that. The width covers the interval of the row and the translation between assays.
Rows must have the role calibrate or prior. Run verification/class_prior.py after it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from fitted_rows import columns_of
from scipy.optimize import brentq

from serdsim.analysis.class_records import Assay, read_class_record
from serdsim.analysis.potency import half_fall, levels
from serdsim.claims.evidence_rows import Fact, read_facts, require_facts
from serdsim.codegen.equations import Equations, derive
from serdsim.errors import InputError
from serdsim.model.library import load
from serdsim.model.recipe import shipped_library
from serdsim.tables import Column, Row, read_table, write_table

HERE = Path(__file__).parent
FINE = np.array([0.0, *np.logspace(-3.0, 4.0, 43)])  # nM
TARGETS = (
    *(Column(name) for name in ("drug",)),
    Column("id", required=False),
    Column("row"),
    Column("quantity", "choice", ("EC50",)),
    Column("translation", "optional_number", required=False),
    Column("note", required=False),
)
BOUNDS = {"Kd": (1e-4, 1e3)}


@dataclass(frozen=True)
class Solved:
    """A value with its width, and what it was solved for beside what it gives."""

    drug: str
    id: str
    value: float
    width: float
    wanted: float
    found: float


@lru_cache
def equations_of(library: Path) -> Equations:
    """Return the equations, which are the same for all drugs."""
    return derive(load("cell", library=library))


def left(drug: str, values: Mapping[str, float], assay: Assay, library: Path) -> np.ndarray:
    """Return the level left at each concentration, nominal values, shape (concentration, 1)."""
    model = load(assay.model, library=library, drug=drug).replace({f"{id}_drug": value for id, value in values.items()})
    given = np.array([[model.quantity(id).value] for id in equations_of(library).given], float)
    return np.asarray(levels(equations_of(library), [given], assay)[0])


def quantity(values: np.ndarray, assay: Assay) -> float:
    """Return the EC50 of the own fall [nM]."""
    return float(half_fall(values, assay)[0])


def wanted(fact: Fact) -> tuple[float, float]:
    """Return the geometric middle of a row and the spread of a uniform number inside it [log10]; shares instead of percent."""
    low, high = (fact.value, fact.value) if fact.value is not None else (fact.low, fact.high or fact.low)
    if fact.role not in ("calibrate", "prior") or not low or not high:
        raise InputError(f"{fact.id} has the role {fact.role} or no number: nothing may be centred on it")
    scale = 100.0 if fact.unit == "%" else 1.0
    return float(np.sqrt(low * high)) / scale, float(np.log10(high / low) / np.sqrt(12.0))


def solve(line: Row, fact: Fact, assay: Assay, library: Path) -> Solved:
    """Return the value that gives what the row says."""
    drug, id, kind = line.text("drug"), line.text("id"), line.text("quantity")
    target, spread = wanted(fact)

    def off(x: float) -> float:
        found = quantity(left(drug, {id: float(np.exp(x))}, assay, library), assay)
        return float(np.log(np.clip(found, 1e-9, 1e6) / target))

    low, high = np.log(BOUNDS[id])
    if off(low) * off(high) > 0:
        raise InputError(f"no {id} of {drug} gives the {kind} of {fact.id}: {target:g}")
    value = float(f"{np.exp(brentq(off, low, high, xtol=1e-3)):.3g}")
    found = quantity(left(drug, {id: value}, assay, library), assay)
    width = float(np.hypot(spread, line.number("translation") or 0.0))
    return Solved(drug, id, value, float(f"{width:.2g}"), target, found)


def main() -> None:
    """Solve and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="do not write the table")
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    facts = read_facts(arguments.library)
    assay = replace(read_class_record(arguments.library).assay, concentrations=FINE, tolerance=1e-7)
    solved: list[Solved] = []
    for line in read_table(HERE / "centre_sisters_targets.tsv", TARGETS):
        (fact,) = require_facts([line.text("row")], facts, file=line.file)
        kind = line.text("quantity")
        if line.text("id"):
            one = solve(line, fact, assay, arguments.library)
            solved.append(one)
            print(f"{one.drug:16} {one.id:5} {one.value:9.3g} width {one.width:4.2g}: {kind} {one.found:.3g}, {fact.id} {one.wanted:.3g}")
        else:
            found = quantity(left(line.text("drug"), {}, assay, arguments.library), assay)
            print(f"{line.text('drug'):16} not solved: {kind} {found:.3g}, {fact.id} {wanted(fact)[0]:.3g}; {line.text('note')}")
    for drug in ("endoxifen", "lasofoxifene"):
        values = left(drug, {}, assay, arguments.library)[:, 0]
        at = [float(np.interp(np.log(c), np.log(FINE[1:]), values[1:] / values[0])) for c in (10.0, 100.0, 1000.0)]
        print(f"{drug:16} not solved: left at 10, 100, 1000 nM: " + ", ".join(f"{share:.2f}" for share in at))
    if arguments.dry_run:
        return
    columns = columns_of("drugs.tsv")
    rows = [dict(row.values) for row in read_table(arguments.library / "drugs.tsv", columns)]
    for one in solved:
        (record,) = [row for row in rows if (row["drug"], row["id"]) == (one.drug, one.id)]
        record |= {"value": one.value, "prior": one.width}
    write_table(arguments.library / "drugs.tsv", columns, rows)


if __name__ == "__main__":
    main()
