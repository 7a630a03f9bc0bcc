"""Fit the shipped problems of hosts and write what they find into the library tables.

    python verification/take_host_fit.py             # fit pk, window and xenograft, report, write; then the problems anew
    python verification/take_host_fit.py pk          # one of them; window and xenograft read what pk writes
    python verification/take_host_fit.py --dry-run   # fit and report only

A width is local: the inverse of the curvature of measurements and priors, all other numbers held at their values, and so are fitted rows
that no draw moves. Numbers of window and xenograft follow those of the dish in the draws: run join_draws.py afterwards. Stains are the same
in mice, so their rows of the mouse take the values of the patient; pharmacokinetics of mice are those of patients by body weight
(centre_pk.py).
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from centre_pk import TABLE, tables
from fitted_rows import Fitted, columns_of, distribution, find, write
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
JOINED = ("window", "xenograft")  # whose rows follow others in the draws: join_draws.py writes widths and correlations
ALIKE = ("K_stain_er", "h_stain_er", "h_stain_pr", "er_reference", "pr_reference")  # rows of the mouse that take the patient's values


@dataclass(frozen=True)
class Told:
    """A fitted row and the evidence rows that it names."""

    informs: tuple[str, ...]
    rows: tuple[str, ...]


def fitted_of(fit: Fit, library: Path) -> tuple[Fitted, list[Told]]:
    """Return the rows that a fit fills with widths and correlations, and the evidence rows behind each."""
    problem = fit.problem
    many = Gradients(problem)
    vector = many.space.vector({**problem.nominal, **fit.values})[None]
    point, simulated = many(vector)[0], many.simulated(vector)
    ids = list(many.space.names)
    names = [problem.rows[id].name for id in ids]
    drawn = np.array([distribution(library, name) != "fixed" for name in names])
    covariance = np.linalg.inv(point.curvature[np.ix_(drawn, drawn)])
    deviation = np.sqrt(np.diag(np.linalg.inv(point.curvature)))
    deviation[drawn] = np.sqrt(np.diag(covariance))
    _, _, _, of_number, of_width = scores(problem, simulated)[:, :, 0]
    carried = of_number * simulated.numbers.slope[:, :, 0] ** 2 + of_width * simulated.widths.slope[:, :, 0] ** 2
    sets = [one.dataset for one in (*problem.measurements, *problem.terms.values())]
    told = {name: carried[:, [of == name for of in sets]].sum(axis=1) for name in dict.fromkeys(sets)}
    residuals = np.array([*fit.best.table["residual"], *fit.best.terms["residual"]], float)
    misfit = max(1.0, float(np.sqrt(np.mean(residuals**2))))
    share = np.array([problem.rows[id].transform == "odds" for id in ids])
    centre, width = np.array([problem.parameters[id].prior.numbers for id in ids if problem.parameters[id].prior]).T
    values = np.array([fit.values[id] for id in ids])
    own = np.minimum(deviation * misfit, width)
    rows = []
    for i, name in enumerate(names):
        strong = sorted((key for key, of in told.items() if of[i] * width[i] ** 2 >= SHARE), key=lambda key: -told[key][i])
        strong = strong or [max(told, key=lambda key: told[key][i])]
        rows.append(Told((name,), tuple(dict.fromkeys(id for key in strong for id in problem.sources[key].evidence))))
    spread = np.sqrt(np.diag(covariance))
    together = [name for name, moves in zip(names, drawn, strict=True) if moves]
    moved = (np.log(values) - centre) / width
    number, unit = np.where(share, values / (1.0 + values), values), np.where(share, 1.0, math.log(10.0))
    return Fitted(names, number, own / unit, own < 0.9 * width, share, moved, together, covariance / np.outer(spread, spread)), rows


def spread_stains(library: Path) -> None:
    """Give the mouse the stains of the patient."""
    path = library / "hosts.tsv"
    records = [dict(row.values) for row in read_table(path, columns_of("hosts.tsv"))]
    human = {str(record["id"]): record for record in records if record["host"] == "human"}
    taken = [human[str(r["id"])] | {"host": "mouse"} if r["host"] == "mouse" and r["id"] in ALIKE else r for r in records]
    write_table(path, columns_of("hosts.tsv"), taken)


def spread_pharmacokinetics(spec: Mapping[str, Any], library: Path) -> None:
    """Give rows that are equal to a fitted one its number, rows that no draw moves no width, and the mouse what follows."""
    path = library / "pk_human.tsv"
    records = [dict(row.values) for row in read_table(path, TABLE)]
    for one in spec["parameters"]:
        drug, id = one["row"].split(":")[1:]
        own = next(record for record in records if (record["drug"], record["id"]) == (drug, id))
        for record in records:
            if record["drug"] == drug and record["id"] in one.get("fills", ()):
                record |= {key: own[key] for key in own if key not in ("id", "iiv")}
        own["prior"] = None if own["distribution"] == "fixed" else own["prior"]
    write_table(path, TABLE, records)
    write_table(library / "pk_mouse.tsv", TABLE, tables(library, {})["pk_mouse.tsv"])


def take(path: Path, library: Path, starts: int, dry: bool) -> None:
    """Fit a problem, report, write."""
    spec, folder = yaml.safe_load(path.read_text(encoding="utf-8")), library / "problems" / path.stem
    write_problem(path, folder, library)
    fit = fit_problem(read_problem(folder / f"{path.stem}.yaml", library), starts=starts)
    fitted, told = fitted_of(fit, library)
    print(path.stem, fit.found.text())
    for i, name in enumerate(fitted.names):
        was = float(find(library, name).number("value") or 0.0)
        moves = f"sd {fitted.deviation[i]:6.3f} moved {fitted.moved[i]:6.2f}"
        print(f"{name:40} {was:10.4g} -> {fitted.values[i]:10.4g} {moves}  {', '.join(told[i].rows[:4])}")
    if dry:
        return
    notes = {one["row"]: one["note"] for one in spec["parameters"] if "note" in one}
    joined = replace(fitted, together=[], correlation=np.zeros((0, 0)))
    write(library, joined if path.stem in JOINED else fitted, told, f"{Path(__file__).name} ({path.stem})", notes)
    spread_stains(library)
    if path.stem == "pk":
        spread_pharmacokinetics(spec, library)
    write_problem(path, folder, library)


def main() -> int:
    """Run the fits; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    problems = {path.stem: path for path in sorted(SPECS.glob("*.yaml"))}
    parser.add_argument("problem", nargs="*", help=f"{', '.join(problems)}; all without it")
    parser.add_argument("--dry-run", action="store_true", help="do not write the tables")
    parser.add_argument("--starts", type=int, default=24)
    arguments = parser.parse_args()
    try:
        for name in arguments.problem or problems:
            take(problems[name], shipped_library(), arguments.starts, arguments.dry_run)
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
