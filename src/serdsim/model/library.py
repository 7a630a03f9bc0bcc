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
from serdsim.kept import kept_object
from serdsim.model.entities import Evidence, Model
from serdsim.model.library_rows import COLUMNS, DISTRIBUTIONS, GRADES, content, require_sources, rows_of, sources_of
from serdsim.tables import Row
from serdsim.units import parse_unit

__all__ = [
    "COLUMNS",
    "DISTRIBUTIONS",
    "GRADES",
    "Recipe",
    "choices",
    "files_of",
    "load",
    "read_recipe",
    "shipped_library",
    "shipped_models",
]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same records, ten times faster where libyaml is there
_ROW_ID = re.compile(r"\b[BPCD]\d{3}(?:\.\w+)?\b")


@dataclass(frozen=True)
class Plating:
    """After the pre-run the species `cells` are scaled so that they sum up to the quantity `count`, and `cleared` are emptied."""

    cells: tuple[str, ...]
    count: str
    cleared: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """Which fragments make a model and which table rows fill it.

    `outputs` are shown when none are asked for, `doses` says into which species a drug is given (``@drug`` is the
    selected one), `slots` which row a drug must have to take a place of the model, and `pre_run` is the time without
    ligand before a simulation starts [h].
    """

    id: str
    title: str
    fragments: tuple[Path, ...]
    tables: tuple[Mapping[str, object], ...]
    defaults: Mapping[str, str]
    outputs: tuple[str, ...]
    doses: Mapping[str, str]
    slots: Mapping[str, str]
    plating: Plating | None
    pre_run: float
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
        record = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
        folder = library / "models" / record["fragment_folder"]
        fragments = tuple(folder / f"{fragment}.ant" for fragment in record["fragments"])
        return Recipe(
            id=record["id"],
            title=record["title"],
            fragments=fragments,
            tables=tuple({"table": entry["table"], **entry} for entry in record["tables"]),
            defaults=record["defaults"],
            outputs=tuple(record["outputs"]),
            doses=record["doses"],
            slots=record.get("slots", {"drug": "Kd"}),
            plating=_plating(record.get("plating")),
            pre_run=float(record["pre_run_h"]),
            file=path.name,
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, OSError) as problem:
        expected = "id, title, fragments, tables, defaults, outputs, doses, pre_run_h"
        raise ModelError(Issue(f"the recipe cannot be read: {problem}", file=path.name, expected=expected)) from None


def _plating(record: Mapping[str, object] | None) -> Plating | None:
    return Plating(tuple(record["cells"]), str(record["count"]), tuple(record["cleared"])) if record else None  # type: ignore[arg-type]


def slot_of(drug: str, recipe: Recipe, library: Path) -> str:
    """Return which place of a model a drug takes, for example that of the receptor's ligand or of its partner.

    Raises
    ------
    TableError
        For a drug that no table has, or that has the rows of no place.
    """
    table = next(str(entry["table"]) for entry in recipe.tables if str(entry.get("row", "")).startswith("@drug"))
    rows = rows_of(library / table, "drug")
    own = {row.text("id") for row in rows if row.text("drug") == drug}
    for slot, needed in recipe.slots.items():
        if needed in own:
            return slot
    names = list(dict.fromkeys(row.text("drug") for row in rows))
    near = get_close_matches(drug, names, 1, 0.4)
    repair = f"Did you mean {near[0]}?" if near else f"Add its rows to {table}"
    raise TableError(Issue(f'unknown drug "{drug}"', file=table, expected="one of " + ", ".join(names), repair=repair))


def files_of(name: str, library: Path) -> tuple[Path, ...]:
    """Return the files that a shipped model is made of: recipe, fragments, tables, bibliography."""
    recipe = read_recipe(name, library)
    tables = dict.fromkeys(library / str(entry["table"]) for entry in recipe.tables)
    return (library / "models" / f"{name}.yaml", *recipe.fragments, *tables, library / "references.bib")


def choices(library: Path, table: str, key: str) -> tuple[str, ...]:
    """Return the names that a keyed table knows, for example the drugs."""
    return tuple(dict.fromkeys(row.text(key) for row in rows_of(library / table, key)))


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
    ModelError, TableError, ReferenceError_
        For an unknown name, a quantity without a value, a source that is not in the bibliography, formulas whose units do not
        fit, or a table unit that does not fit the model.
    """
    root = library or shipped_library()
    recipe = read_recipe(name, root)
    unknown = set(select) - set(recipe.defaults)
    if unknown:
        raise ModelError(Issue(f"the model cannot be selected by {', '.join(sorted(unknown))}", expected=", ".join(recipe.defaults)))
    model = _structure(recipe.fragments, recipe.id, tuple(content(path) for path in recipe.fragments))
    require_sources([(root / str(e["table"]), str(e["key"]) if "key" in e else None) for e in recipe.tables], root / "references.bib")
    return _filled(model, dict(_numbers(recipe, root, {**recipe.defaults, **select})), recipe)


@lru_cache(maxsize=16)
def _structure(fragments: tuple[Path, ...], id: str, held: tuple[bytes | None, ...]) -> Model:
    """Return the joined fragments, without numbers, once for each content of the files; their units fit."""

    def make() -> Model:
        from serdsim.model.sbml import read_fragments  # loads libSBML and Antimony, which a kept structure needs no more
        from serdsim.model.unit_check import check_units

        model = read_fragments(fragments, id)
        issues = check_units(model)
        if issues:
            raise ModelError(issues)
        return model

    names = "\n".join([id, *map(str, fragments)])
    return kept_object("structures", b"\n".join([names.encode(), *(text or b"" for text in held)]), make)


def _numbers(recipe: Recipe, root: Path, select: Mapping[str, str]) -> Iterator[tuple[str, tuple[Row, str]]]:
    for entry in recipe.tables:
        key = str(entry["key"]) if "key" in entry else None
        wanted = _expand(str(entry["row"]), select) if key else None
        rows = rows_of(root / str(entry["table"]), key)
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
        source=sources_of(row),
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
