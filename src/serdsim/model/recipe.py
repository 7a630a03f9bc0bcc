"""Shipped models by name: which fragments and table rows make one, and which drug takes which of its places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import yaml

from serdsim.errors import Issue, ModelError, TableError
from serdsim.model.library_rows import content, rows_of

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same records, ten times faster where libyaml is there


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
    return _recipe(path, library, content(path))


@lru_cache(maxsize=32)
def _recipe(path: Path, library: Path, held: bytes | None) -> Recipe:
    try:
        record = yaml.load((held or b"").decode("utf-8"), Loader=_LOADER)
        folder = library / "models" / record["fragment_folder"]
        fragments = tuple(folder / f"{fragment}.ant" for fragment in record["fragments"])
        return Recipe(
            id=record["id"],
            title=record["title"],
            fragments=fragments,
            tables=tuple({"table": entry["table"], **entry} for entry in record["tables"]),
            defaults=MappingProxyType(dict(record["defaults"])),
            outputs=tuple(record["outputs"]),
            doses=MappingProxyType(dict(record["doses"])),
            slots=MappingProxyType(dict(record.get("slots", {"drug": "Kd"}))),
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
    table = _drug_table(recipe)
    if table is None:
        return next(iter(recipe.slots))
    rows = rows_of(library / table, "drug")
    own = {row.text("id") for row in rows if row.text("drug") == drug}
    for slot, needed in recipe.slots.items():
        if needed in own:
            return slot
    if own:
        needs = " or ".join(f'"{needed}" ({slot})' for slot, needed in recipe.slots.items())
        raise TableError(Issue(f'"{drug}" fits no place of the model {recipe.id}', file=table, expected=f"a row {needs}"))
    names = list(dict.fromkeys(row.text("drug") for row in rows))
    near = get_close_matches(drug, names, 1, 0.4)
    repair = f"Did you mean {near[0]}?" if near else f"Add its rows to {table}"
    raise TableError(Issue(f'unknown drug "{drug}"', file=table, expected="one of " + ", ".join(names), repair=repair))


def takers(model: str, slot: str, library: Path) -> tuple[str, ...]:
    """Return the drugs that can take a place of a model, for example that of the receptor's ligand."""
    recipe = read_recipe(model, library)
    table = _drug_table(recipe)
    return tuple(drug for drug in (choices(library, table, "drug") if table else ()) if slot_of(drug, recipe, library) == slot)


def _drug_table(recipe: Recipe) -> str | None:
    return next((str(entry["table"]) for entry in recipe.tables if str(entry.get("row", "")) == "@drug"), None)


def files_of(recipe: Recipe, library: Path) -> tuple[Path, ...]:
    """Return the files that a shipped model is made of: recipe, fragments, tables, bibliography, correlations where there are any."""
    tables = dict.fromkeys(library / str(entry["table"]) for entry in recipe.tables)
    together = library / "correlations.tsv"
    every = (library / "models" / recipe.file, *recipe.fragments, *tables, library / "references.bib")
    return (*every, together) if together.is_file() else every


def choices(library: Path, table: str, key: str) -> tuple[str, ...]:
    """Return the names that a keyed table knows, for example the drugs."""
    return tuple(dict.fromkeys(row.text(key) for row in rows_of(library / table, key)))
