"""How far measurements of patients and mice lie from what draws simulate, in widths of the fit: a posterior should stay near one.

    python verification/draws_beside_data.py               # window and xenograft, 64 draws: a minute or two
    python verification/draws_beside_data.py --readings    # every reading by itself, too

"apart" draws each number by itself, "joined" as the library does (correlations.tsv); the first line has every number at its value.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from host_draws import read_rows, widened
from take_host_fit import JOINED
from write_host_problems import SPECS, read_host

from serdsim.errors import SerdsimError
from serdsim.fit.objective import Evaluation, Objective
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws, Marginal, drawn

MOST = 10.0  # widths: a reading further off counts as much, in the root mean square of a draw


def residuals(at: Evaluation) -> np.ndarray:
    """Return the distances of all readings [widths]; infinite where there is none, as the doubling time of a tumour that shrinks."""
    found = np.array([*at.table["residual"], *at.terms["residual"]], float)
    return np.where(np.isnan(found), np.inf, found)


def at_draws(name: str, library: Path, draws: Draws, joined: bool) -> np.ndarray:
    """Return the distances of all readings [widths], shape (draw, reading)."""
    problem, others = widened(SPECS / f"{name}.yaml", library)
    objective, read = Objective(problem), read_rows(read_host(SPECS / f"{name}.yaml", library))
    ids, found = [], []
    rows = {one.parameter: f"{one.key}.{one.id}" for one in problem.rows.values()} | {id: one.row for id, one in others.items()}
    for id, row in rows.items():
        if row in read:
            e, value = read[row]
            ids.append(id)
            found.append(Marginal(value, e.distribution, e.prior or 0.0, e.lower, e.upper, e.row, mixture=e.mixture if joined else ()))
    values = drawn(found, draws)
    shares = [id in others and others[id].share for id in ids]
    values = np.where(np.array(shares)[:, None], values / (1.0 - values), values)
    return np.array([residuals(objective.at(dict(zip(ids, one, strict=True)))) for one in values.T])


def told(name: str, library: Path, draws: Draws, readings: bool) -> None:
    """Print the table of a problem."""
    problem, _ = widened(SPECS / f"{name}.yaml", library)
    print(f"{name}: root mean square over {len(problem.measurements) + len(problem.terms)} readings, {draws.count} draws")
    print(f"  {'central values':16} {np.sqrt(np.mean(residuals(Objective(problem).at()) ** 2)):7.2f}")
    for word, joined in (("apart", False), ("joined", True)):
        found = np.abs(at_draws(name, library, draws, joined))
        low, middle, high = np.quantile(found, [0.05, 0.5, 0.95], method="inverted_cdf")
        of_draw = np.quantile(np.sqrt(np.mean(np.minimum(found, MOST) ** 2, axis=1)), 0.5)
        print(f"  {word:16} {of_draw:7.2f}; one reading {middle:.2f} ({low:.2f} to {high:.2f})", end="")
        print(f", {np.isinf(found).any(axis=1).sum()} draws with a reading that cannot be formed")
        names = [f"{one.observable} {one.experiment} {one.time:g} h" for one in problem.measurements] + list(problem.terms)
        for reading, distance in zip(names, np.quantile(found, 0.5, axis=0, method="inverted_cdf"), strict=True):
            if readings:
                print(f"      {reading:44} {distance:6.2f}")


def main() -> int:
    """Print the tables; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readings", action="store_true")
    parser.add_argument("--draws", type=int, default=64)
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    try:
        for name in JOINED:
            told(name, arguments.library, Draws(arguments.draws, 1), arguments.readings)
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
