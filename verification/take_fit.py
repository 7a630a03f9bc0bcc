"""Fit the shipped problem library/problems/cell and write what it found into the library tables.

    python verification/take_fit.py             # fit, report, write; then the problem anew, with the new nominal values
    python verification/take_fit.py --dry-run   # fit and report only

`serdsim fit cell` fits and reports; this takes the values over. A width is local: the inverse of the curvature of measurements and
priors, in which every other number with a prior that the experiments read counts too (its tables say how wide), so that the
correlations hold for draws of all of them. Rows that cannot be met together widen what they inform (never beyond the prior). The rows
that a number names are those of the data sets that carry at least a twentieth of what measurements say about it; that the problem
is fitted as one is known to claims by its sources.tsv. Afterwards: centre_lines.py, centre_sisters.py, class_prior.py.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from fitted_rows import KEYS, Fitted, columns_of, distribution, find, write
from write_cell_problem import write as write_cell

from serdsim.errors import SerdsimError
from serdsim.fit.gradient import Gradients
from serdsim.fit.held import scores
from serdsim.fit.problem import Change, Problem, Quantity
from serdsim.fit.read import read_problem
from serdsim.fit.search import Fit, fit_problem
from serdsim.model.expression import Number, Symbol, symbols
from serdsim.model.recipe import shipped_library
from serdsim.tables import Row, read_table, write_table

SEEN = 0.1  # a row is drawn with the fitted ones where its correlation with one of them is at least this
SHARE = 0.05  # of what measurements say about a number: below it a data set is not named
OWNERS = {  # whose rows model.xml holds, and how their ids end there
    "parameters.tsv": {"": ""},
    "drugs.tsv": {"estradiol": "_E2", "fulvestrant": "_drug", "palbociclib": "_partner"},
    "genotypes.tsv": {"WT": "_W"},
    "cell_lines.tsv": {"MCF7": ""},
}
NOTES = {  # words that go with a row's origin
    "drugs.tsv:fulvestrant:fu_plasma": "a free share in serum and dish together, not in plasma; only its ratio to the affinities is seen"
}
FOLLOWS = {"drugs.tsv:endoxifen:Kd": ("drugs.tsv:4-hydroxytamoxifen:Kd", "B022.endoxifen", "B022.oht")}  # a ratio of two rows


@dataclass(frozen=True)
class Told:
    """A fitted row and the evidence rows that it names."""

    informs: tuple[str, ...]
    rows: tuple[str, ...]


def others(problem: Problem, library: Path) -> dict[str, tuple[str, Row]]:
    """Return the rows with a prior that experiments read and the fit does not set: by name, with the id of the problem made `apart`."""
    filled = {one.name for one in problem.rows.values()}
    found = {}
    for table, owners in OWNERS.items():
        key = KEYS[table]
        for row in read_table(library / table, columns_of(table)):
            owner = row.text(key) if key else ""
            name = f"{table}:{owner}:{row.text('id')}"
            id = row.text("id") + owners[owner] if owner in owners else apart_id(row.text("id"), owner, problem)
            there = id in problem.model.parameters or "__" in id
            if (
                there
                and id not in problem.parameters
                and name not in filled
                and row.text("distribution") != "fixed"
                and row.number("value")
            ):
                found[name] = (id, row)
    return found


def apart_id(id: str, drug: str, problem: Problem) -> str:
    """Return the id of another drug's number, as ``id_drug__DRUG``; empty where no condition gives it as a number."""
    word = re.sub(r"\W", "_", drug)
    condition = problem.conditions.get(f"with_{word}")
    numbers = {one.target for one in condition.changes if not symbols(one.value)} if condition else set()
    return next((f"{id}{end}__{word}" for end in ("_drug", "_partner") if id + end in numbers), "")


def apart(problem: Problem, more: dict[str, tuple[str, Row]]) -> Problem:
    """Return the problem in which each drug has numbers of its own where a row with a prior gives them."""
    own = {(id.split("__")[0], f"with_{id.split('__')[1]}"): id for id, _ in more.values() if "__" in id}
    base = {id: row.number("value") or np.nan for id, row in more.values() if "__" not in id}
    conditions = dict(problem.conditions)
    for name in {name for _, name in own}:
        changes = [replace(one, value=Symbol(own.get((one.target, name), ""))) if (one.target, name) in own else one
                   for one in conditions[name].changes]  # fmt: skip
        said = {one.target for one in changes}
        end = "_drug" if any(target.endswith("_drug") for target in said) else "_partner"
        equal = [Change(id, Number(value)) for id, value in base.items() if id.endswith(end) and id not in said]
        conditions[name] = replace(conditions[name], changes=(*changes, *equal))
    return replace(problem, conditions=conditions)


def widened(problem: Problem, more: dict[str, tuple[str, Row]]) -> Problem:
    """Return the problem in which the other rows are estimated as well, without a prior of their own."""
    added = {}
    for id, row in more.values():
        value = row.number("value") or np.nan
        added[id] = Quantity(id, value, True, value * 1e-6, value * 1e6)
    return replace(apart(problem, more), parameters={**problem.parameters, **added})


def is_share(row: Row) -> bool:
    """Return whether a row is a share, whose odds have a log-normal prior."""
    return row.text("distribution") == "logitnormal"


@dataclass(frozen=True)
class Joint:
    """Everything local at the best values, on the natural scales: ln of a number, ln of the odds of a share."""

    names: list[str]
    covariance: np.ndarray
    told: dict[str, np.ndarray]


def joint(fit: Fit, more: dict[str, tuple[str, Row]]) -> Joint:
    """Return the joint covariance of all estimated parameters and all other rows, and what each data set tells about each."""
    problem = widened(fit.problem, more)
    many = Gradients(problem)
    vector = many.space.vector({**problem.nominal, **fit.values})[None]
    point, simulated = many(vector)[0], many.simulated(vector)
    values = {id: row.number("value") or np.nan for id, row in more.values()}
    share = {id for id, row in more.values() if is_share(row)}
    scale = np.array([1.0 - values[id] if id in share else 1.0 for id in many.space.names])
    widths = {id: (row.number("prior") or np.nan) * (1.0 if is_share(row) else np.log(10.0)) for id, row in more.values()}
    precision = point.curvature * np.outer(scale, scale) + np.diag([widths[id] ** -2 if id in widths else 0.0 for id in many.space.names])
    _, _, _, of_number, of_width = scores(problem, simulated)[:, :, 0]
    carried = of_number * simulated.numbers.slope[:, :, 0] ** 2 + of_width * simulated.widths.slope[:, :, 0] ** 2
    sets = [one.dataset for one in (*problem.measurements, *problem.terms.values())]
    told = {name: np.array([carried[:, [of == name for of in sets]].sum(axis=1)])[0] for name in dict.fromkeys(sets)}
    return Joint(list(many.space.names), np.linalg.inv(precision), told)


def fitted_of(fit: Fit, library: Path) -> tuple[Fitted, list[Told], float]:
    """Return the rows that the fit fills with widths and correlations, the rows behind each, and the misfit."""
    problem, more = fit.problem, others(fit.problem, library)
    found = joint(fit, more)
    id_of = {one.name: id for id, one in problem.rows.items()} | {name: id for name, (id, _) in more.items()}
    names, place = [one.name for one in problem.rows.values()], {id: i for i, id in enumerate(found.names)}
    rows = [place[id_of[name]] for name in names]
    residuals = np.array([*fit.best.table["residual"], *fit.best.terms["residual"]], float)
    misfit = max(1.0, float(np.sqrt(np.mean(residuals**2))))
    deviation = np.sqrt(np.diag(found.covariance))
    correlation = found.covariance / np.outer(deviation, deviation)
    seen = [name for name in more if np.max(np.abs(correlation[place[id_of[name]]][rows])) >= SEEN]
    together = [*names, *seen]
    at = [place[id_of[name]] for name in together]
    share = np.array([distribution(library, name) == "logitnormal" for name in names])
    unit = np.where(share, 1.0, np.log(10.0))
    centre, width = np.array([problem.parameters[id_of[name]].prior.numbers for name in names if problem.parameters[id_of[name]].prior]).T
    values = np.array([fit.values[id_of[name]] for name in names])
    own = np.minimum(deviation[rows] * misfit, width)
    return (
        Fitted(
            names=names,
            values=np.where(share, values / (1.0 + values), values),
            deviation=own / unit,
            informed=own < 0.9 * width,
            share=share,
            moved=(np.log(values) - centre) / width,
            together=together,
            correlation=correlation[np.ix_(at, at)],
        ),
        [Told((name,), _told(problem, found, row)) for name, row in zip(names, rows, strict=True)],
        misfit,
    )


def _told(problem: Problem, found: Joint, row: int) -> tuple[str, ...]:
    """Return the evidence rows of the data sets that carry a number, the strongest first."""
    whole = sum(of[row] for of in found.told.values())
    strong = sorted((name for name, of in found.told.items() if of[row] >= SHARE * whole), key=lambda name: -found.told[name][row])
    return tuple(dict.fromkeys(id for name in strong for id in problem.sources[name].evidence))


def follow(library: Path) -> None:
    """Set the rows that are a ratio of evidence rows times a fitted one."""
    from serdsim.claims.evidence_rows import read_facts

    facts = read_facts(library)
    for name, (other, above, below) in FOLLOWS.items():
        table, key, id = name.split(":")
        value = (find(library, other).number("value") or np.nan) * (facts[above].value or np.nan) / (facts[below].value or np.nan)
        records = [dict(row.values) for row in read_table(library / table, columns_of(table))]
        for record in records:
            if record["id"] == id and record[KEYS[table] or ""] == key:
                record["value"] = float(f"{value:.3g}")
        write_table(library / table, columns_of(table), records)


def remember(fit: Fit) -> None:
    """Write the best values of parameters that fill no row into the table of the problem, as nominal values."""
    path = Path(__file__).parent / "cell_problem" / "parameters.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        cells = line.split("\t")
        if cells[0] in fit.values and cells[0] not in fit.problem.rows:
            lines[number] = "\t".join([*cells[:6], f"{fit.values[cells[0]]:.4g}"])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(fit: Fit, fitted: Fitted, told: Sequence[Told], misfit: float) -> None:
    """Print what goes into the tables."""
    print(fit.found.text())
    print(f"misfit {misfit:.3g}; {len(fitted.together)} rows are drawn together")
    print(f"{'row':44} {'value':>10} {'sd':>7} {'moved':>6}   (log10; odds for shares)")
    for name, value, sd, moved, known, rows in zip(
        fitted.names, fitted.values, fitted.deviation, fitted.moved, fitted.informed, told, strict=True
    ):
        print(f"{name:44} {value:10.4g} {sd:7.3f} {moved:6.2f}   {'' if known else 'not narrowed; '}{', '.join(rows.rows[:4])}")


def main() -> int:
    """Run the fit; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="do not write the tables")
    parser.add_argument("--starts", type=int, default=100)
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    library, folder = arguments.library, arguments.library / "problems" / "cell"
    try:
        if not arguments.dry_run:
            write_cell(folder, library)  # with the numbers of today that are not fitted
        fit = fit_problem(read_problem(folder / "cell.yaml", library), starts=arguments.starts)
        fitted, told, misfit = fitted_of(fit, library)
        report(fit, fitted, told, misfit)
        if not arguments.dry_run:
            write(library, fitted, told, Path(__file__).name, NOTES)
            follow(library)
            remember(fit)
            write_cell(folder, library)
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
