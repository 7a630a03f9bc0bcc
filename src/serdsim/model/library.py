"""Shipped models: fragments joined, every number filled from a table row with its grade and source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import yaml

from serdsim.errors import Issue, ModelError, TableError
from serdsim.model.entities import Evidence, Model
from serdsim.model.sbml import read_fragments
from serdsim.tables import Column, Row, read_table
from serdsim.units import parse_unit

GRADES = ("primary", "secondary", "derived", "fitted", "recalled", "assumption")
DISTRIBUTIONS = ("fixed", "lognormal", "logitnormal")
COLUMNS = (
    Column("id"),
    Column("value", "number"),
    Column("unit", "unit"),
    Column("distribution", "choice", DISTRIBUTIONS),
    Column("iiv", "optional_number", required=False),
    Column("lower", "optional_number", required=False),
    Column("upper", "optional_number", required=False),
    Column("prior", "optional_number", required=False),
    Column("grade", "choice", GRADES),
    *(Column(name, required=False) for name in ("source", "locator", "species", "assay", "note")),
)
_ROW_ID = re.compile(r"\b[BPC]\d{3}(?:\.\w+)?\b")


@dataclass(frozen=True)
class Recipe:
    """Which fragments make a model and which table rows fill it."""

    id: str
    title: str
    fragments: tuple[Path, ...]
    tables: tuple[Mapping[str, object], ...]
    defaults: Mapping[str, str]
    file: str


def shipped_library() -> Path:
    """Return the folder of the shipped library: beside the package when installed, else in the checkout."""
    inside = Path(__file__).parents[1] / "library"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "library"


def shipped_models(library: Path | None = None) -> tuple[str, ...]:
    """Return the names of the shipped models."""
    return tuple(sorted(path.stem for path in ((library or shipped_library()) / "models").glob("*.yaml")))


def read_recipe(name: str, library: Path) -> Recipe:
    """Return the recipe of a shipped model.

    Raises
    ------
    ModelError
        For an unknown name or a broken recipe.
    """
    path = library / "models" / f"{name}.yaml"
    if not path.is_file():
        names = shipped_models(library)
        near = get_close_matches(name, names, 1)
        raise ModelError(
            Issue(
                f'no shipped model is called "{name}"',
                expected="one of " + ", ".join(names),
                repair=f"Did you mean {near[0]}?" if near else None,
            )
        )
    try:
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
        folder = library / "models" / record["fragment_folder"]
        fragments = tuple(folder / f"{fragment}.ant" for fragment in record["fragments"])
        return Recipe(record["id"], record["title"], fragments, tuple(record["tables"]), record["defaults"], path.name)
    except (yaml.YAMLError, KeyError, TypeError) as problem:
        raise ModelError(
            Issue(f"the recipe cannot be read: {problem}", file=path.name, expected="id, title, fragments, tables, defaults")
        ) from None


def choices(library: Path, table: str, key: str) -> tuple[str, ...]:
    """Return the names that a keyed table knows, for example the drugs."""
    return tuple(dict.fromkeys(row.text(key) for row in _rows(library / table, key)))


def load(name: str = "cell", *, library: Path | None = None, **select: str) -> Model:
    """Return a shipped model with every number from a table.

    Parameters
    ----------
    name : str
        A shipped model.
    library : Path, optional
        Another library folder than the shipped one.
    **select : str
        `drug`, `genotype`, `cell_line`: which rows fill the model; the recipe has defaults.

    Raises
    ------
    ModelError, TableError
        For an unknown name, a quantity without a value, or a table unit that does not fit the model.
    """
    root = library or shipped_library()
    recipe = read_recipe(name, root)
    unknown = set(select) - set(recipe.defaults)
    if unknown:
        raise ModelError(Issue(f"the model cannot be selected by {', '.join(sorted(unknown))}", expected=", ".join(recipe.defaults)))
    model = read_fragments(recipe.fragments, recipe.id)
    return _filled(model, dict(_numbers(recipe, root, {**recipe.defaults, **select})), recipe)


def _numbers(recipe: Recipe, root: Path, select: Mapping[str, str]) -> Iterator[tuple[str, tuple[Row, str]]]:
    for entry in recipe.tables:
        key = str(entry["key"]) if "key" in entry else None
        wanted = _expand(str(entry["row"]), select) if key else None
        rows = _rows(root / str(entry["table"]), key)
        if key and wanted not in {row.text(key) for row in rows}:
            names = list(dict.fromkeys(row.text(key) for row in rows))
            near = get_close_matches(str(wanted), names, 1, 0.4)
            repair = f"Did you mean {near[0]}?" if near else f"Add its rows to {entry['table']}"
            raise TableError(
                Issue(f'unknown {key} "{wanted}"', file=str(entry["table"]), expected="one of " + ", ".join(names), repair=repair)
            )
        rename = {_expand(str(a), select): str(b) for a, b in dict(entry.get("rename", {})).items()}  # type: ignore[call-overload]
        for row in rows:
            if key is None or row.text(key) == wanted:
                id = rename.get(row.text("id"), row.text("id") + str(entry.get("suffix", "")))
                yield id, (row, f"{wanted}.{row.text('id')}" if key else row.text("id"))


def _expand(text: str, select: Mapping[str, str]) -> str:
    for word, value in select.items():
        text = text.replace(f"@{word}", value)
    return text


@lru_cache(maxsize=64)
def _cached(path: Path, key: str | None, stamp: tuple[int, int]) -> tuple[Row, ...]:
    columns = (Column(key), *COLUMNS) if key else COLUMNS
    rows = tuple(read_table(path, columns))
    _check_rows(rows, key)
    return rows


def _rows(path: Path, key: str | None) -> tuple[Row, ...]:
    stamp = (path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else (0, 0)
    return _cached(path, key, stamp)


def _check_rows(rows: tuple[Row, ...], key: str | None) -> None:
    issues: list[Issue] = []
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        id, where = row.text("id"), (row.text(key) if key else "", row.text("id"))
        place = {"file": row.file, "line": row.line, "id": id}
        if where in seen:
            issues.append(Issue(f"given twice, first in line {seen[where]}", **place, repair="Keep one of the two rows"))  # type: ignore[arg-type]
        seen.setdefault(where, row.line)
        grade = row.text("grade")
        if grade in ("primary", "secondary", "derived") and not row.text("source"):
            issues.append(Issue(f"grade {grade} without a source", **place, expected="a key of references.bib"))  # type: ignore[arg-type]
        if grade in ("recalled", "assumption") and not (row.text("source") or row.text("locator") or row.text("note")):
            issues.append(Issue(f"grade {grade} without a word on where it comes from", **place, expected="a source, a locator or a note"))  # type: ignore[arg-type]
        value, prior = row.number("value") or 0.0, row.number("prior")
        if row.text("distribution") != "fixed" and not (prior and prior > 0):
            issues.append(Issue("a distribution without its width", **place, expected="a positive number in the column prior"))  # type: ignore[arg-type]
        if row.text("distribution") == "lognormal" and value <= 0:
            issues.append(Issue(f"a lognormal quantity is {value:g}", **place, expected="a positive value"))  # type: ignore[arg-type]
        if row.text("distribution") == "logitnormal" and not 0 < value < 1:
            issues.append(Issue(f"a logitnormal quantity is {value:g}", **place, expected="a value between 0 and 1"))  # type: ignore[arg-type]
        if value < 0:
            issues.append(Issue(f"the value is negative: {value:g}", **place, expected="zero or more"))  # type: ignore[arg-type]
    if issues:
        raise TableError(issues)


def _filled(model: Model, numbers: Mapping[str, tuple[Row, str]], recipe: Recipe) -> Model:
    tables: dict[str, dict[str, object]] = {name: dict(getattr(model, name)) for name in ("compartments", "species", "parameters")}
    ruled = {rule.target for rule in model.rules if rule.kind != "rate"}
    issues: list[Issue] = []
    evidence: dict[str, Evidence] = {}
    for table in tables.values():
        for id, entity in list(table.items()):
            if id in ruled:
                continue
            if id not in numbers:
                place = entity.place  # type: ignore[attr-defined]
                issues.append(
                    Issue(
                        "has no value",
                        file=place.file or recipe.file,
                        line=place.line,
                        id=id,
                        expected=f"a row in {_tables(recipe)}",
                        repair=f'Add a row with the id "{id}"',
                    )
                )
                continue
            row, name = numbers[id]
            issues += _unit_issues(id, entity.unit, row)  # type: ignore[attr-defined]
            table[id] = replace(entity, value=row.number("value"))  # type: ignore[type-var]
            evidence[id] = _evidence(row, name)
    if issues:
        raise ModelError(issues)
    return replace(model, **tables, evidence=evidence)  # type: ignore[arg-type]


def _tables(recipe: Recipe) -> str:
    return ", ".join(dict.fromkeys(str(entry["table"]) for entry in recipe.tables))


def _unit_issues(id: str, needed: str | None, row: Row) -> list[Issue]:
    given = parse_unit(row.text("unit"))
    if needed is None or given.matches(parse_unit(needed)):
        return []
    repair = (
        f'Convert the value or write the unit as "{needed}"'
        if given.same_dimension(parse_unit(needed))
        else f"Give the quantity in {needed}"
    )
    return [Issue(f'unit "{row.text("unit")}", but the model needs "{needed}"', file=row.file, line=row.line, id=id, repair=repair)]


def _evidence(row: Row, name: str) -> Evidence:
    return Evidence(
        grade=row.text("grade"),
        source=tuple(key.strip() for key in row.text("source").split(";") if key.strip()),
        distribution=row.text("distribution"),
        prior=row.number("prior"),
        lower=row.number("lower"),
        upper=row.number("upper"),
        locator=row.text("locator"),
        species=row.text("species"),
        assay=row.text("assay"),
        note=row.text("note"),
        rows=tuple(_ROW_ID.findall(row.text("locator"))),
        table=row.file,
        line=row.line,
        row=name,
    )
