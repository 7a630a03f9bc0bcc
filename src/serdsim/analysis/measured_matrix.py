"""A measured matrix of two drugs: a long table, read without guessing, and its effects with an interval from the replicates."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serdsim.engine.randomness import uniforms
from serdsim.errors import Issue, TableError
from serdsim.units import convert

EFFECTS = ("inhibition_percent", "inhibition_fraction", "viability_percent", "viability_fraction", "cell_count")
_CONCENTRATION = re.compile(r"conc([12])_(\S+)$", re.IGNORECASE)
_UNITS = {"nm": "nM", "um": "uM", "µm": "uM", "μm": "uM", "mm": "mM", "m": "M", "pm": "pM"}
_NAMES = ("drug1", "drug2", "cell_line", "time_h")
_FRACTION, _PERCENT = 2.0, 2.0  # a fraction does not lie beyond it, and of percents one at least does
_MOST_NAMED = 3


@dataclass(frozen=True)
class Measured:
    """A measured matrix: concentrations [nM], replicates of each cell as shares affected, shape (drug1, drug2), and what is odd."""

    names: tuple[str, str]
    levels: tuple[np.ndarray, np.ndarray]
    cells: Mapping[tuple[int, int], tuple[float, ...]]
    effect: str
    warnings: tuple[str, ...]

    @property
    def replicates(self) -> int:
        """Return the smallest number of replicates of a cell."""
        return min(len(values) for values in self.cells.values())

    def means(self) -> np.ndarray:
        """Return the mean effect of each cell, shape (drug1, drug2, 1)."""
        return self._matrix([float(np.mean(values)) for values in self.cells.values()])[..., None]

    def drawn(self, draws: int, seed: int) -> np.ndarray:
        """Return effects of shape (drug1, drug2, draw), each draw the mean of as many replicates of each cell, drawn with replacement.

        Means drawn so scatter less than those of new wells would, by the root of 1 - 1/n for n replicates, which is much for the two or
        three of a dish: their distance from the mean is stretched by as much. Counts and viabilities of a draw are divided by its own
        vehicle; where that is none, the draw has no effects.
        """
        found = []
        for (i, j), values in self.cells.items():
            names = [f"{i}/{j}/{number}" for number in range(len(values))]
            picked = (uniforms(seed, range(draws), names) * len(values)).astype(int)
            means, middle = np.asarray(values)[picked].mean(axis=0), float(np.mean(values))
            found.append(middle + (means - middle) * math.sqrt(len(values) / max(len(values) - 1, 1)))
        effects = self._matrix(found)
        if self.effect.startswith("inhibition"):
            return effects
        vehicle = 1.0 - effects[:1, :1]
        return np.asarray(np.where(vehicle > 0.0, 1.0 - (1.0 - effects) / np.where(vehicle > 0.0, vehicle, 1.0), np.nan))

    def _matrix(self, values: Sequence[float] | Sequence[np.ndarray]) -> np.ndarray:
        shape = (len(self.levels[0]), len(self.levels[1]), *np.shape(values[0]))
        result = np.full(shape, np.nan)
        for at, value in zip(self.cells, values, strict=True):
            result[at] = value
        return result


def read_matrix_file(path: Path) -> Measured:
    """Return the matrix of a long comma-separated table: a row for each well, or for the mean of each condition.

    Columns: ``conc1_UNIT`` and ``conc2_UNIT`` with the unit (nM, uM, mM, M), 0 for none of the drug; one of ``inhibition_percent``,
    ``inhibition_fraction``, ``viability_percent``, ``viability_fraction`` and ``cell_count``; ``drug1`` and ``drug2`` as names, and
    ``cell_line`` and ``time_h`` where there are, of which there may be but one.

    Raises
    ------
    TableError
        With file and line: no unit, a column that could mean several things, concentrations that look like logarithms, percent that look
        like fractions, a missing vehicle or single agent, several experiments.
    """
    rows, heads = _rows(path)
    given = [(head, found) for head in heads if (found := _CONCENTRATION.match(head))]
    places = {found.group(1): (head, _unit(path, head, found.group(2))) for head, found in given}
    wanted = [head for head in heads if head.lower() in EFFECTS]
    if len(places) != 2 or len(given) != 2 or len(wanted) != 1:
        what = "no effect that says what it is" if not wanted else "several effects"
        if len(places) != 2 or len(given) != 2:
            what = "no concentrations with a unit" if len(places) != 2 else "several concentrations of one drug"
        expected = "conc1_nM and conc2_nM (or uM, mM, M), and one of " + ", ".join(EFFECTS)
        raise TableError(Issue(f"the table has {what}", file=path.name, line=1, expected=expected, repair="Rename the columns"))
    names = _one_experiment(path, rows, heads)
    wells = [(_level(path, line, row, *places["1"]), _level(path, line, row, *places["2"]), line, row) for line, row in rows]
    raw = [_number(path, line, row, wanted[0]) for *_, line, row in wells]
    _check_range(path, wanted[0], raw)
    levels = np.unique([well[0] for well in wells]), np.unique([well[1] for well in wells])
    effects = _shares(path, wanted[0].lower(), raw, [well[0] == well[1] == 0.0 for well in wells])
    cells: dict[tuple[int, int], list[float]] = {}
    for (first, second, *_), value in zip(wells, effects, strict=True):
        at = int(np.searchsorted(levels[0], first)), int(np.searchsorted(levels[1], second))
        cells.setdefault(at, []).append(value)
    _check_whole(path, levels, cells)
    kept = {at: tuple(cells[at]) for at in sorted(cells)}
    measured = Measured(names, (levels[0], levels[1]), kept, wanted[0].lower(), ())
    return Measured(names, measured.levels, kept, measured.effect, _oddities(measured))


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, row) for row in reader if any(row.values())]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise TableError(Issue(f"the file cannot be read: {problem}", file=path.name, expected="a comma-separated table")) from None
    if not rows:
        raise TableError(Issue("the table has no rows", file=path.name, expected="a head and a row for each well"))
    if long := next((line for line, row in rows if None in row), None):
        expected, repair = "as many cells as columns", "Write a point for a decimal comma, and names with commas in quotes"
        raise TableError(Issue("the row has too many cells", file=path.name, line=long, expected=expected, repair=repair))
    return rows, list(reader.fieldnames or [])


def _unit(path: Path, head: str, word: str) -> str:
    unit = _UNITS.get(word.lower())
    if unit is None or word == "pm":
        expected, repair = "nM, uM, mM or M after the underscore", "Write the unit in the name of the column; logarithms are not read"
        raise TableError(
            Issue(f'the column "{head}" has no unit of concentration', file=path.name, line=1, expected=expected, repair=repair)
        )
    return unit


def _one_experiment(path: Path, rows: Sequence[tuple[int, Mapping[str, str]]], heads: Sequence[str]) -> tuple[str, str]:
    for name in (head for head in heads if head.lower() in _NAMES):
        found = dict.fromkeys(row[name] for _, row in rows)
        if len(found) > 1:
            shown = ", ".join(list(found)[:_MOST_NAMED])
            line = next(line for line, row in rows if row[name] != next(iter(found)))
            problem, repair = f"{name} holds {shown}", "Keep the rows of one experiment"
            raise TableError(Issue(problem, file=path.name, line=line, expected=f"one {name}", repair=repair))
    first = {head.lower(): value for head, value in rows[0][1].items()}
    return first.get("drug1") or "drug 1", first.get("drug2") or "drug 2"


def _number(path: Path, line: int, row: Mapping[str, str], name: str) -> float:
    try:
        value = float(row[name])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise TableError(Issue(f'{name} is "{row[name]}"', file=path.name, line=line, expected="a finite number", repair="Remove the row"))
    return value


def _level(path: Path, line: int, row: Mapping[str, str], name: str, unit: str) -> float:
    value = _number(path, line, row, name)
    if value < 0:
        repair = "Give concentrations as they are; a negative one is a logarithm or a slip"
        raise TableError(Issue(f"{name} is {value:g}", file=path.name, line=line, expected="0 or more", repair=repair))
    return convert(value, unit, "nM")


def _check_range(path: Path, name: str, values: Sequence[float]) -> None:
    largest = max(map(abs, values))
    if name.lower().endswith("_fraction") and largest > _FRACTION:
        problem, repair = f"{name} reaches {largest:g}", f"Rename the column {name.rsplit('_', 1)[0]}_percent, if it holds percent"
        raise TableError(Issue(problem, file=path.name, expected="fractions, of which 1 is all", repair=repair))
    if name.lower().endswith("_percent") and largest < _PERCENT:
        problem, repair = (
            f"{name} reaches no more than {largest:g}",
            f"Rename the column {name.rsplit('_', 1)[0]}_fraction, if it holds fractions",
        )
        raise TableError(Issue(problem, file=path.name, expected="percent, of which 100 is all", repair=repair))
    if name.lower() == "cell_count" and min(values) < 0:
        raise TableError(Issue(f"{name} is negative", file=path.name, expected="counts of 0 or more"))


def _shares(path: Path, name: str, values: Sequence[float], untreated: Sequence[bool]) -> list[float]:
    """Return shares affected; of counts and viabilities against the mean of the untreated wells."""
    whole = 100.0 if name.endswith("_percent") else 1.0
    if name.startswith("inhibition"):
        return [value / whole for value in values]
    vehicle = [value for value, none in zip(values, untreated, strict=True) if none]
    if not vehicle or np.mean(vehicle) <= 0:
        raise TableError(Issue("there is no vehicle above 0", file=path.name, expected="rows with none of both drugs"))
    return [1.0 - value / float(np.mean(vehicle)) for value in values]


def _check_whole(path: Path, levels: tuple[np.ndarray, ...], cells: Mapping[tuple[int, int], object]) -> None:
    for number, own in enumerate(levels, 1):
        if own[0] != 0 or len(own) < 3:
            problem = f"drug {number} has no rows without it" if own[0] != 0 else f"drug {number} has {len(own) - 1} concentration"
            expected = "none of it, and at least two concentrations, so that the other drug alone is there"
            raise TableError(Issue(problem, file=path.name, expected=expected, repair="Add the rows"))
    lost = [(i, j) for i in range(len(levels[0])) for j in range(len(levels[1])) if (i, j) not in cells]
    if lost:
        shown = "; ".join(f"{levels[0][i]:g} and {levels[1][j]:g} nM" for i, j in lost[:_MOST_NAMED])
        expected = "each concentration of one with each of the other"
        raise TableError(Issue(f"{len(lost)} cells are missing: {shown}", file=path.name, expected=expected, repair="Add the rows"))


def _oddities(measured: Measured) -> tuple[str, ...]:
    """Return in words what makes null models unsure: replicates, vehicles, plateaus."""
    means, said = measured.means()[..., 0], []
    if measured.replicates < 2:
        said.append("a cell has one replicate, so that there is no interval from the wells")
    if abs(means[0, 0]) > 0.1:
        said.append(f"the vehicle has an effect of {100 * means[0, 0]:.0f} %")
    for name, alone in zip(measured.names, (means[1:, 0], means[0, 1:]), strict=True):
        if alone[-1] - alone[-2] > 0.1:
            said.append(f"{name} alone has not reached its plateau: Loewe and ZIP go beyond what was measured")
        if np.max(alone) < 0.1:
            said.append(f"{name} alone does next to nothing: Loewe is that of the other drug")
    return tuple(said)
