"""Fit the shipped problems of hosts and write what they find into the library tables.

    python verification/take_host_fit.py             # fit window and xenograft, report, write; then the problems anew
    python verification/take_host_fit.py --dry-run   # fit and report only

A width is local: the inverse of the curvature of measurements and priors, all other numbers held at their values. Stains are the same in
mice, so their rows of the mouse take the values of the patient.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fitted_rows import Fitted, columns_of, write
from write_host_problems import SPECS
from write_host_problems import write as write_problem

from serdsim.errors import SerdsimError
from serdsim.fit.gradient import Gradients
from serdsim.fit.held import scores
from serdsim.fit.read import read_problem
from serdsim.fit.search import Fit, fit_problem
from serdsim.model.recipe import shipped_library
from serdsim.tables import read_table, write_table

SHARE = 0.1  # of what the prior says about a number: a data set that says less is not named
ALIKE = ("K_stain_er", "h_stain_er", "h_stain_pr", "er_reference", "pr_reference")  # rows of the mouse that take the patient's values


@dataclass(frozen=True)
class Told:
    """A fitted row and the evidence rows that it names."""

    informs: tuple[str, ...]
    rows: tuple[str, ...]


def fitted_of(fit: Fit) -> tuple[Fitted, list[Told]]:
    """Return the rows that a fit fills with widths and correlations, and the evidence rows behind each."""
    problem = fit.problem
    many = Gradients(problem)
    vector = many.space.vector({**problem.nominal, **fit.values})[None]
    point, simulated = many(vector)[0], many.simulated(vector)
    covariance = np.linalg.inv(point.curvature)
    deviation = np.sqrt(np.diag(covariance))
    _, _, _, of_number, of_width = scores(problem, simulated)[:, :, 0]
    carried = of_number * simulated.numbers.slope[:, :, 0] ** 2 + of_width * simulated.widths.slope[:, :, 0] ** 2
    sets = [one.dataset for one in (*problem.measurements, *problem.terms.values())]
    told = {name: carried[:, [of == name for of in sets]].sum(axis=1) for name in dict.fromkeys(sets)}
    residuals = np.array([*fit.best.table["residual"], *fit.best.terms["residual"]], float)
    misfit = max(1.0, float(np.sqrt(np.mean(residuals**2))))
    ids = list(many.space.names)
    names = [problem.rows[id].name for id in ids]
    centre, width = np.array([problem.parameters[id].prior.numbers for id in ids if problem.parameters[id].prior]).T
    values = np.array([fit.values[id] for id in ids])
    own = np.minimum(deviation * misfit, width)
    rows = []
    for i, name in enumerate(names):
        strong = sorted((key for key, of in told.items() if of[i] * width[i] ** 2 >= SHARE), key=lambda key: -told[key][i])
        strong = strong or [max(told, key=lambda key: told[key][i])]
        rows.append(Told((name,), tuple(dict.fromkeys(id for key in strong for id in problem.sources[key].evidence))))
    together = covariance / np.outer(deviation, deviation)
    none = np.zeros(len(ids), bool)
    moved = (np.log(values) - centre) / width
    return Fitted(names, values, own / math.log(10.0), own < 0.9 * width, none, moved, names, together), rows


def spread_stains(library: Path) -> None:
    """Give the mouse the stains of the patient."""
    path = library / "hosts.tsv"
    records = [dict(row.values) for row in read_table(path, columns_of("hosts.tsv"))]
    human = {str(record["id"]): record for record in records if record["host"] == "human"}
    taken = [human[str(r["id"])] | {"host": "mouse"} if r["host"] == "mouse" and r["id"] in ALIKE else r for r in records]
    write_table(path, columns_of("hosts.tsv"), taken)


def main() -> int:
    """Run the fits; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="do not write the tables")
    parser.add_argument("--starts", type=int, default=24)
    arguments = parser.parse_args()
    library = shipped_library()
    try:
        for path in sorted(SPECS.glob("*.yaml")):
            folder = library / "problems" / path.stem
            write_problem(path, folder, library)
            fit = fit_problem(read_problem(folder / f"{path.stem}.yaml", library), starts=arguments.starts)
            fitted, told = fitted_of(fit)
            print(path.stem, fit.found.text())
            for i, name in enumerate(fitted.names):
                told_by, moved = ", ".join(told[i].rows[:4]), f"moved {fitted.moved[i]:6.2f}"
                print(f"{name:40} {fitted.values[i]:10.4g} sd {fitted.deviation[i]:6.3f} {moved}  {told_by}")
            if not arguments.dry_run:
                write(library, fitted, told, f"{Path(__file__).name} ({path.stem})", {})
                spread_stains(library)
                write_problem(path, folder, library)
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
