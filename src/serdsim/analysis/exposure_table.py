"""The table of published exposures: what was measured after which doses, and how far a simulation may lie from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serdsim.errors import InputError, Issue, TableError
from serdsim.model.library_rows import GRADES
from serdsim.model.recipe import shipped_library
from serdsim.tables import Column, Row, read_table, require_unique
from serdsim.units import parse_unit

ENDPOINTS = {
    "cmax": "ng/mL",
    "ctrough": "ng/mL",
    "auc": "ng*h/mL",
    "auc_inf": "ng*h/mL",
    "tmax": "h",
    "half_life": "h",
    "cmax_ratio": "dimensionless",
    "auc_ratio": "dimensionless",
}
ANALYTES = ("plasma", "blood", "m1", "m2")
_RATIOS = ("cmax_ratio", "auc_ratio")
_CONDITION = re.compile(r"(\w+)=([\d.]+)")
COLUMNS = (
    Column("id"),
    Column("title"),
    Column("drug"),
    Column("analyte", "choice", ANALYTES),
    Column("model"),
    Column("regimen"),
    Column("conditions", required=False),
    Column("endpoint", "choice", tuple(ENDPOINTS)),
    Column("from_h", "number"),
    Column("to_h", "number"),
    Column("against_regimen", required=False),
    Column("against_conditions", required=False),
    Column("against_analyte", required=False),
    Column("against_from_h", "optional_number", required=False),
    Column("against_to_h", "optional_number", required=False),
    Column("value", "number"),
    Column("unit", "unit"),
    Column("error", "number"),
    Column("reason"),
    Column("grade", "choice", GRADES),
    Column("source"),
    Column("locator", required=False),
    Column("note", required=False),
)


@dataclass(frozen=True)
class Arm:
    """One simulation: a regimen of one drug in a model under conditions."""

    model: str
    drug: str
    regimen: str
    conditions: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Window:
    """What is read from an arm: an analyte between two times [h]."""

    arm: Arm
    analyte: str
    start: float
    end: float


@dataclass(frozen=True)
class Exposure:
    """One published exposure.

    Attributes
    ----------
    seen : Window
        Where it was measured; `against` is what a ratio is taken to, None for others.
    value : float
        [`unit`]
    error : float
        By which factor less 1 a simulation may lie above or below, for the reason `reason`.
    """

    id: str
    title: str
    endpoint: str
    seen: Window
    against: Window | None
    value: float
    unit: str
    error: float
    reason: str
    grade: str
    source: tuple[str, ...]
    locator: str
    note: str

    @property
    def drug(self) -> str:
        """The drug that was given."""
        return self.seen.arm.drug


def read_exposures(library: Path | None = None) -> tuple[Exposure, ...]:
    """Return the rows of exposures.tsv.

    Raises
    ------
    TableError
        For a malformed table: a unit or an error that means nothing, a window without length, a ratio to nothing.
    """
    rows = read_table((library or shipped_library()) / "exposures.tsv", COLUMNS)
    require_unique(rows, "id")
    found: list[Exposure] = []
    issues: list[Issue] = []
    for row in rows:
        try:
            found.append(_exposure(row))
        except InputError as error:
            issues += error.issues
    if issues:
        raise TableError(issues)
    return tuple(found)


def _exposure(row: Row) -> Exposure:
    seen = _window(row, row.text("regimen"), row.text("conditions"), row.text("analyte"), row.number("from_h"), row.number("to_h"))
    against = None
    if row.text("endpoint") in _RATIOS:
        start, end = row.number("against_from_h"), row.number("against_to_h")
        regimen = row.text("against_regimen") or row.text("regimen")
        analyte = row.text("against_analyte") or row.text("analyte")
        against = _window(
            row,
            regimen,
            row.text("against_conditions"),
            analyte,
            seen.start if start is None else start,
            seen.end if end is None else end,
        )
    found = Exposure(
        row.text("id"),
        row.text("title"),
        row.text("endpoint"),
        seen,
        against,
        float(row.number("value") or 0.0),
        row.text("unit"),
        float(row.number("error") or 0.0),
        row.text("reason"),
        row.text("grade"),
        tuple(key.strip() for key in row.text("source").split(";") if key.strip()),
        row.text("locator"),
        row.text("note"),
    )
    _check(row, found)
    return found


def _window(row: Row, regimen: str, conditions: str, analyte: str, start: float | None, end: float | None) -> Window:
    said = []
    for word in (part.strip() for part in conditions.split(";") if part.strip()):
        match = _CONDITION.fullmatch(word)
        if match is None:
            raise _wrong(row, f'the condition "{word}" cannot be read', "inputs of the model such as fed=1, separated by ;")
        said.append((match[1], float(match[2])))
    if analyte not in ANALYTES or start is None or end is None or not 0 <= start < end:
        raise _wrong(row, "the window cannot be read", f"one of {', '.join(ANALYTES)}, from 0 h or later to a later time")
    return Window(Arm(row.text("model"), row.text("drug"), regimen, tuple(said)), analyte, start, end)


def _check(row: Row, found: Exposure) -> None:
    if not found.source:
        raise _wrong(row, "the row has no source", "a key of references.bib")
    if not found.value > 0 or not found.error > 0:
        raise _wrong(row, f"{found.value:g} with an error of {found.error:g}", "a value and an error above 0")
    if not parse_unit(found.unit).same_dimension(parse_unit(ENDPOINTS[found.endpoint])):
        raise _wrong(row, f'"{found.unit}" is no unit of {found.endpoint}', f"a unit such as {ENDPOINTS[found.endpoint]}")
    if found.against == found.seen:
        raise _wrong(row, "the ratio is one to itself", "another window, regimen, analyte or condition to compare with")


def _wrong(row: Row, problem: str, expected: str) -> TableError:
    return TableError(Issue(problem, row.file, row.line, row.text("id"), expected, "Correct the row"))


def arms_of(exposures: tuple[Exposure, ...]) -> Mapping[str, tuple[Arm, ...]]:
    """Return the simulations that a table asks for, each once, by model."""
    every = dict.fromkeys(window.arm for one in exposures for window in (one.seen, one.against) if window is not None)
    return {model: tuple(arm for arm in every if arm.model == model) for model in dict.fromkeys(arm.model for arm in every)}
