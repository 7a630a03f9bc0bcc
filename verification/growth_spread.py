"""How uncertain the fitted growth is, together with all numbers that it reads beside the fitted ones.

At the best fit, the slopes of all measurements with respect to the fitted rows, to those of fit_cell.py and to every other
row that has a prior give one covariance. Its correlations are what the draws use: where a row that growth was not fitted to,
such as the number of coactivators, is drawn high, the thresholds of the genes go with it, and MCF7 cells still grow. To first order
only: the draws spread further than the counts (2.4-fold against 1.5-fold in the median, in the slowest arms of fulvestrant a
hundredfold after three weeks), and the page says so.
Widths of the rows that growth does not set stay those of their tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from fitted_rows import KEYS, Fitted, columns_of, row_name

from serdsim.errors import InputError
from serdsim.model.correlations import COLUMNS as CORRELATION
from serdsim.tables import Row, read_table

SEEN = 0.1  # a row is drawn with the fitted ones where its correlation with one of them is at least this
OWNERS = {"drugs.tsv": ("estradiol", "fulvestrant", "palbociclib", "ribociclib", "abemaciclib", "alpelisib"), "genotypes.tsv": ("WT",)}
OWNERS |= {"cell_lines.tsv": ("MCF7",)}

Compare = Callable[[Mapping[str, float]], np.ndarray]


def others(library: Path, fitted: list[str]) -> dict[str, Row]:
    """Return the rows with a prior that the series read and that growth does not set, by ``table:key:id``."""
    found = {}
    for table, key in KEYS.items():
        for row in read_table(library / table, columns_of(table)):
            owner = row.text(key) if key else ""
            name = f"{table}:{owner}:{row.text('id')}"
            read = not key or (owner in OWNERS[table] and not row.text("id").startswith("shift_"))  # shifts are those of mutants
            if row.text("distribution") != "fixed" and read and name not in fitted:
                found[name] = row
    return found


def spread(fitted: Fitted, width: np.ndarray, library: Path, compare: Compare) -> Fitted:
    """Return the fit with widths and correlations that count all other rows in, and with those rows among the correlated.

    Parameters
    ----------
    fitted : Fitted
        Names, values and whether their distribution is that of a share.
    width : ndarray, shape (fitted,)
        Standard deviations of the priors (log10, odds for shares).
    compare : callable
        Values by name -> residuals of all measurements.
    """
    rows = others(library, fitted.names)
    names = [*fitted.names, *rows]
    share = np.array([*fitted.share, *(row.text("distribution") == "logitnormal" for row in rows.values())])
    values = np.array([*fitted.values, *(row.number("value") or np.nan for row in rows.values())])
    widths = np.array([*width, *(row.number("prior") or np.nan for row in rows.values())])
    at = np.where(share, np.log(values / np.where(share, 1.0 - values, 1.0)), np.log10(values))

    def residuals(x: np.ndarray) -> np.ndarray:
        natural = np.where(share, 1.0 / (1.0 + np.exp(-x)), 10.0 ** np.where(share, 0.0, x))
        return compare(dict(zip(names, natural.tolist(), strict=True)))

    step = 0.02 * widths
    slopes = [(residuals(at + one) - residuals(at - one)) / (2.0 * size) for one, size in zip(np.diag(step), step, strict=True)]
    precision = np.array(slopes) @ np.array(slopes).T + prior_precision(names, widths, library)
    covariance = np.linalg.inv(precision)
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    n = len(fitted.names)
    misfit = max(1.0, float(np.sqrt(np.mean(residuals(at) ** 2))))  # rows that the model cannot meet together widen what they inform
    together = listed(library)
    kept = [i for i, name in enumerate(names) if i < n or row_name(name) in together or np.max(np.abs(correlation[i, :n])) >= SEEN]
    own = np.minimum(deviation[:n] * misfit, width)
    return Fitted(
        fitted.names,
        fitted.values,
        own,
        own < 0.9 * width,
        fitted.share,
        fitted.moved,
        [names[i] for i in kept],
        correlation[np.ix_(kept, kept)],
    )


def listed(library: Path) -> set[str]:
    """Return the rows that fit_cell.py draws together."""
    rows = read_table(library / "correlations.tsv", CORRELATION)
    found = {row.text(side) for row in rows if "fit_cell" in row.text("note") for side in ("first", "second")}
    if not found:
        raise InputError("correlations.tsv has no pair of fit_cell.py, which an earlier fit of growth took up: run fit_cell.py first")
    return found


def prior_precision(names: list[str], widths: np.ndarray, library: Path) -> np.ndarray:
    """Return the inverse covariance before growth was seen: widths, and the correlations of fit_cell.py."""
    matrix, places = np.eye(len(names)), {row_name(name): i for i, name in enumerate(names)}
    for row in read_table(library / "correlations.tsv", CORRELATION):
        i, j = places.get(row.text("first")), places.get(row.text("second"))
        if "fit_cell" in row.text("note") and i is not None and j is not None:
            matrix[i, j] = matrix[j, i] = row.number("value") or 0.0
    return np.asarray(np.linalg.inv(matrix * np.outer(widths, widths)))
