"""Passports: every number of the library with its prior, its origin and the statements that rest on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from serdsim.claims.claim import Claim
from serdsim.experiments.arms import model_of
from serdsim.experiments.protocol import Experiment, Series
from serdsim.model.antimony_lines import find_definitions, statements
from serdsim.model.correlations import joined
from serdsim.model.entities import Evidence
from serdsim.model.library_rows import rows_of, sources_of
from serdsim.model.named_rows import number_tables
from serdsim.model.recipe import read_recipe, shipped_models
from serdsim.simulation.draws import Marginal, quantile
from serdsim.tables import Row

__all__ = ["Passport", "claims_by_row", "number_tables", "passports"]

MEDIAN, LOW, HIGH = 0.5, 0.05, 0.95
_NOWHERE = ("", "")


@dataclass(frozen=True)
class Passport:
    """One row of a table of numbers.

    Attributes
    ----------
    table : str
        Name of the file; `line` is where the row stands in it.
    key : str
        The drug, genotype or cell line that the row belongs to; empty where there is none.
    module, module_file : str
        Where a row without key is declared: first words and name of the fragment; empty where no shipped model has it.
    median, lo90, hi90 : float
        Median and central 90 % of the draws [`unit`]; all three are the value where it is fixed.
    claims : tuple of str
        Ids of the statements whose experiment takes the number.
    together : int
        How many rows, this one included, are drawn together because they were fitted together; 0 for none.
    """

    table: str
    line: int
    key: str
    id: str
    value: float
    unit: str
    distribution: str
    prior: float | None
    iiv: float | None
    lower: float | None
    upper: float | None
    grade: str
    source: tuple[str, ...]
    locator: str
    species: str
    assay: str
    note: str
    module: str
    module_file: str
    median: float
    lo90: float
    hi90: float
    claims: tuple[str, ...]
    together: int = 0


def passports(library: Path, claims: Iterable[Claim]) -> tuple[Passport, ...]:
    """Return one passport for each row of each table of numbers, in the order of tables, fragments and rows.

    Parameters
    ----------
    library : Path
        The library folder.
    claims : iterable of Claim
        Statements whose dependence is shown; those without an experiment depend on nothing.

    Raises
    ------
    InputError
        When the tables or models cannot be read.
    """
    used, modules = claims_by_row(library, claims), _modules(library)
    found = [
        _passport(row, table, row.text(key) if key else "", modules.get(row.text("id"), _NOWHERE), used.get((table, row.line), ()))
        for table, key in number_tables(library).items()
        for row in rows_of(library / table, key)
    ]
    tables = list(number_tables(library))
    files = [*dict.fromkeys(file for _, file in modules.values()), ""]
    groups = joined(library / "correlations.tsv")
    found = [replace(p, together=groups.get(f"{p.key}.{p.id}" if p.key else p.id, 0)) for p in found]
    return tuple(sorted(found, key=lambda passport: (tables.index(passport.table), files.index(passport.module_file))))


def claims_by_row(library: Path, claims: Iterable[Claim]) -> Mapping[tuple[str, int], tuple[str, ...]]:
    """Return the statements that depend on each row, by table and line: those whose experiment has a model with that number."""
    known: dict[str, frozenset[tuple[str, int]]] = {}
    found: dict[tuple[str, int], dict[str, None]] = {}
    for claim in claims:
        for experiment in claim.experiments:
            for series in experiment.series.values():
                for row in _rows_behind(experiment, series, library, known):
                    found.setdefault(row, {})[claim.statement.id] = None
    return {row: tuple(ids) for row, ids in found.items()}


def _rows_behind(
    experiment: Experiment, series: Series, library: Path, known: dict[str, frozenset[tuple[str, int]]]
) -> frozenset[tuple[str, int]]:
    """Return table and line of the rows that fill the model of a series, and of those that it borrows from another drug."""
    bare = replace(series, id="", concentrations=(), estradiol=0.0, pre_estradiol=0.0, settings={}, like={}, file="")
    key = f"{experiment.model} {series.cell_line} {bare}"
    if key not in known:
        known[key] = frozenset(_place(entry) for entry in model_of(experiment, series, library).evidence.values())
    borrowed = [tuple(word.strip() for word in source.split(":")) for source in series.like.values() if ":" in source]
    others = [(model_of(experiment, replace(series, drug=drug, beside={}), library), id) for drug, id in borrowed]
    return known[key].union(_place(model.evidence[id]) for model, id in others if id in model.evidence)


def _place(entry: Evidence) -> tuple[str, int]:
    return Path(entry.table).name, entry.line or 0


def _models_in_order(library: Path) -> list[str]:
    """Return the shipped models, those first that statements are tested on."""
    return sorted(shipped_models(library), key=lambda name: (len(name), name))


def _modules(library: Path) -> Mapping[str, tuple[str, str]]:
    """Return the first words and the name of the fragment that declares each quantity."""
    found: dict[str, tuple[str, str]] = {}
    for path in dict.fromkeys(path for name in _models_in_order(library) for path in read_recipe(name, library).every_fragment):
        text = path.read_text(encoding="utf-8")
        for id in find_definitions(list(statements(text))):
            found.setdefault(id, (_first_words(text) or path.stem, path.name))
    return found


def _first_words(text: str) -> str:
    """Return what the comment at the top of a fragment says up to its first colon, semicolon or full stop."""
    top = re.match(r"\s*//\s*(.+)", text)
    return re.split(r"[:;.]", top.group(1), maxsplit=1)[0].strip() if top else ""


def _passport(row: Row, table: str, key: str, module: tuple[str, str], claims: tuple[str, ...]) -> Passport:
    value, distribution = float(row.number("value") or 0.0), row.text("distribution")
    marginal = Marginal(value, distribution, row.number("prior") or 0.0, row.number("lower"), row.number("upper"))
    low, middle, high = (quantile(marginal, share) for share in (LOW, MEDIAN, HIGH))
    return Passport(
        table=table,
        line=row.line,
        key=key,
        id=row.text("id"),
        value=value,
        unit=row.text("unit"),
        distribution=distribution,
        prior=row.number("prior"),
        iiv=row.number("iiv"),
        lower=row.number("lower"),
        upper=row.number("upper"),
        grade=row.text("grade"),
        source=sources_of(row),
        locator=row.text("locator"),
        species=row.text("species"),
        assay=row.text("assay"),
        note=row.text("note"),
        module="" if key else module[0],
        module_file="" if key else module[1],
        median=middle,
        lo90=low,
        hi90=high,
        claims=claims,
    )
