"""Let the draws of patients and mice follow those of the dish: widths and correlations of what take_host_fit.py fitted.

    python verification/join_draws.py    # window, then xenograft: minutes; writes the tables, the same bytes each time

A fit of a host holds all numbers of the dish and of drugs at their values. In a draw they have others, and measured tumours would not have
been as they were unless the numbers of the host were others, too. Each fitted row of a host is drawn around where its fit would find it:
it follows every other number with a width that the experiments read as the optimum follows it (-H_hh^-1 H_hd, from the curvature of
measurements and of its own prior), and has beside that the width that the fit leaves it. What the dish knows stays what the dish says: a
number that is fitted there is not told again by tumours. The text says what a posterior of both together would change.
No central value moves. Run it after take_fit.py, take_host_fit.py and class_prior.py.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from fitted_rows import KEYS, columns_of
from host_draws import Slopes, slopes, widened
from take_host_fit import ALIKE, JOINED, spread_stains
from write_host_problems import SPECS, Beside

from serdsim.errors import SerdsimError
from serdsim.fit.objective import Objective
from serdsim.fit.problem import Problem
from serdsim.model.correlations import COLUMNS, mixtures_of
from serdsim.model.recipe import shipped_library
from serdsim.tables import read_table, write_table

NOTE = "local, by verification/join_draws.py"
SEEN = 0.05  # of the width that the fit leaves: a number that moves no row of the host further in one width of its own is left out
DIGITS = 6


@dataclass(frozen=True)
class Base:
    """Rows that are drawn before a host: each as a sum of standard normals, one of them its own."""

    mixtures: Mapping[str, Mapping[str, float]]

    def of(self, row: str) -> Mapping[str, float]:
        """Return the weights of a row's normals."""
        return self.mixtures.get(row, {row: 1.0})


@dataclass(frozen=True)
class Followed:
    """Fitted rows of a host (`rows`) as sums of the normals of others, and of what is their own.

    Attributes
    ----------
    weights : ndarray, shape (row, normal)
        Standard deviations on the natural scale by normal, named by `normals`.
    own : ndarray, shape (row, row)
        Covariance that the fit leaves.
    """

    rows: tuple[str, ...]
    normals: tuple[str, ...]
    weights: np.ndarray
    own: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the rows."""
        return np.asarray(self.weights @ self.weights.T + self.own)


def follow(found: Slopes, fitted: Mapping[str, float], others: Mapping[str, Beside], base: Base, misfit: float = 1.0) -> Followed:
    """Return how the fitted rows of a host follow the others.

    Parameters
    ----------
    fitted : mapping of str to float
        Width of its prior on the natural scale by fitted parameter.
    others : mapping of str to Beside
        The row behind each other parameter.
    misfit : float, optional
        By what rows that cannot be met together widen what is left.
    """
    of, held = ([i for i, id in enumerate(found.names) if (id in others) is side] for side in (False, True))
    told = found.weighed @ found.weighed.T
    left = np.linalg.inv(told[np.ix_(of, of)] + np.diag([fitted[found.names[i]] ** -2 for i in of]))
    width = np.array([width_of(others[found.names[i]]) for i in held])
    moved = -left @ told[np.ix_(of, held)] * width
    seen = np.max(np.abs(moved) / np.sqrt(np.diag(left))[:, None], axis=0) >= SEEN
    names = [others[found.names[i]].row for i, keep in zip(held, seen, strict=True) if keep]
    normals = tuple(dict.fromkeys(normal for name in names for normal in base.of(name)))
    mixed = np.array([[base.of(name).get(normal, 0.0) for normal in normals] for name in names]).reshape(len(names), len(normals))
    return Followed(tuple(found.names[i] for i in of), normals, moved[:, seen] @ mixed, left * misfit**2)


def width_of(one: Beside) -> float:
    """Return the width of a row on the natural scale: of its logarithm, or of the log odds of a share."""
    return one.width * (1.0 if one.share else math.log(10.0))


def misfit(problem: Problem) -> float:
    """Return by what rows that cannot be met together widen what is left."""
    at = Objective(problem).at()
    residuals = np.array([*at.table["residual"], *at.terms["residual"]], float)
    return max(1.0, float(np.sqrt(np.mean(residuals**2))))


def alike(found: Followed) -> Followed:
    """Return the stains of the mouse, which are those of the patient: they follow the same numbers."""
    of = [found.rows.index(f"human.{id}") for id in ALIKE]
    swap = {"human.K_stain_pr": "mouse.K_stain_pr"}
    normals = tuple(swap.get(normal, normal) for normal in found.normals)
    return Followed(tuple(f"mouse.{id}" for id in ALIKE), normals, found.weights[of], found.own[np.ix_(of, of)])


def correlations(found: Followed, base: Base) -> list[dict[str, object]]:
    """Return the pairs of the table: of each row that is drawn before with each of the host, then of the host's own."""
    spread = np.sqrt(np.diag(found.covariance))
    before = dict.fromkeys([*found.normals, *base.mixtures])
    place = {normal: i for i, normal in enumerate(found.normals)}
    pairs: list[tuple[str, str, float]] = []
    for name in before:
        mixed = np.zeros(len(found.normals))
        for normal, weight in base.of(name).items():
            if normal in place:
                mixed[place[normal]] = weight
        pairs += [(name, row, float(value)) for row, value in zip(found.rows, found.weights @ mixed / spread, strict=True)]
    together = found.covariance / np.outer(spread, spread)
    pairs += [(a, found.rows[j], float(together[i, j])) for i, a in enumerate(found.rows) for j in range(i + 1, len(found.rows))]
    return [{"first": a, "second": b, "value": value} for a, b, whole in pairs if (value := round(whole, DIGITS))]


def kept(library: Path, done: Sequence[str]) -> list[dict[str, object]]:
    """Return the pairs of the table that are not of this script, and those of the problems that are `done`."""
    notes = [f"{NOTE} ({name})" for name in done]
    records = [dict(row.values) for row in read_table(library / "correlations.tsv", COLUMNS)]
    return [one for one in records if one["note"] in notes or not str(one["note"]).startswith(NOTE)]


def base_of(records: Sequence[Mapping[str, object]]) -> Base:
    """Return what is drawn before a host."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "correlations.tsv"
        write_table(path, COLUMNS, records)
        return Base({name: dict(mixture) for name, mixture in mixtures_of(path).items()})


def widen(library: Path, problem: Problem, found: Followed) -> None:
    """Write the widths of the rows."""
    width = dict(zip(found.rows, np.sqrt(np.diag(found.covariance)), strict=True))
    for table in dict.fromkeys(one.table for one in problem.rows.values()):
        here = {(one.key, one.id): one for one in problem.rows.values() if one.table == table}
        records = [dict(row.values) for row in read_table(library / table, columns_of(table))]
        for record in records:
            one = here.get((record[KEYS[table] or ""], record["id"]))
            if one is not None:
                unit = 1.0 if one.transform == "odds" else math.log(10.0)
                record["prior"] = float(f"{width[f'{one.key}.{one.id}'] / unit:.3g}")
        write_table(library / table, columns_of(table), records)


def report(name: str, found: Followed, every: Slopes, fitted: Mapping[str, float], others: Mapping[str, Beside]) -> None:
    """Print widths, and what a posterior of dish and host together would change."""
    left, whole = (np.sqrt(np.diag(one)) / math.log(10.0) for one in (found.own, found.covariance))
    print(f"{name}: {len(others)} numbers beside {len(found.rows)} fitted ones; width left by the fit -> width drawn (log10)")
    for row, before, after in zip(found.rows, left, whole, strict=True):
        print(f"  {row:32} {before:6.3f} -> {after:6.3f}")
    width = np.array([width_of(others[id]) if id in others else fitted[id] for id in every.names])
    posterior = np.linalg.inv(every.weighed @ every.weighed.T + np.diag(width**-2.0))
    pull = np.where([id in others for id in every.names], every.pull, 0.0)
    moved, kept = posterior @ pull / width, np.sqrt(np.diag(posterior)) / width
    order = [i for i in np.argsort(kept) if every.names[i] in others][:12]
    print("  a posterior of both together (rows taken as drawn apart) would keep of a width, and move by so many widths:")
    print("  " + "; ".join(f"{others[every.names[i]].row} {kept[i]:.2f} {moved[i]:+.2f}" for i in order))


def join(library: Path) -> None:
    """Do all problems in their order."""
    for number, name in enumerate(JOINED):
        records = kept(library, JOINED[:number])
        base = base_of(records)
        problem, others = widened(SPECS / f"{name}.yaml", library)
        every = slopes(problem)
        fitted = {id: float(one.prior.numbers[1]) for id, one in problem.parameters.items() if one.prior and id not in others}
        found = follow(every, fitted, others, base, misfit(problem))
        report(name, found, every, fitted, others)
        rows = {one.parameter: f"{one.key}.{one.id}" for one in problem.rows.values()}
        found = replace(found, rows=tuple(rows[id] for id in found.rows))
        records += told(name, correlations(found, base))
        if name == "window":
            records += told(name, correlations(alike(found), base_of(records)))
        write_table(library / "correlations.tsv", COLUMNS, records)
        mixtures_of(library / "correlations.tsv")  # refuses what cannot be drawn
        widen(library, problem, found)
        spread_stains(library)


def told(name: str, pairs: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Return pairs with where they come from."""
    return [{**one, "unit": "dimensionless", "grade": "fitted", "source": "Serdsim2026", "note": f"{NOTE} ({name})"} for one in pairs]


def main() -> int:
    """Run; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=shipped_library())
    try:
        join(parser.parse_args().library)
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
