"""Shipped models by name: which fragments and table rows make one, and which drug takes which of its places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from serdsim.errors import Issue, ModelError, TableError
from serdsim.model.clones import Clones
from serdsim.model.lesions import LesionNumbers, read_lesions
from serdsim.model.library_rows import content, rows_of
from serdsim.model.plating import Plating, read_plating
from serdsim.model.salts import read_salts
from serdsim.model.tolerance import OF_ENGINE, Tolerance
from serdsim.model.ways import Ways, read_ways
from serdsim.yaml_file import Field, parse_yaml

TOGETHER = ("correlations.tsv", "iiv_correlations.tsv")  # of numbers that were fitted together, and of differences between individuals
_DRAWN = (*TOGETHER, "own_values.tsv")  # what says how rows are drawn, where it is there
_UNREAD = (("pk_", "pharmacokinetics"), ("tolerability", "effects beyond the tumour"), ("", "levels in tissue"))
_FIELDS = ("id", "title", "fragments", "fragment_folder", "tables", "defaults", "outputs", "doses", "pre_run_h")
_EXAMPLES = {
    "id": "cell",
    "title": "A cell in a dish",
    "fragment_folder": "cell",
    "fragments": "[units, receptor]",
    "tables": "[{table: parameters.tsv}]",
    "defaults": "{drug: imlunestrant}",
    "outputs": "[er_total]",
    "doses": '{"@drug": drug_medium}',
    "pre_run_h": "96",
}


@dataclass(frozen=True)
class Recipe:
    """Which fragments make a model and which table rows fill it.

    `outputs` are shown when none are asked for, `doses` says into which species a drug is given (``@drug`` is the
    selected one), `slots` which row a drug must have to take a place of the model, and `pre_run` is the time without
    ligand before a simulation starts [h]. `medium` is the ligand of `doses` that every medium of an experiment holds, None for a model
    of something that has no medium, and `balances` are sums that nothing but a dose or a fresh medium may change. In a host drugs have
    routes: `ways` says them for each name of `doses`, which has the species of the first route then. `tolerance` is what the
    model is run with unless it leaves that to the engine; `lesions` says what makes one of several lesions. Numbers of `above_zero` cannot
    be set to 0, since nothing would be left to be read.
    """

    id: str
    title: str
    fragments: tuple[Path, ...]
    clones: Clones | None
    tables: tuple[Mapping[str, object], ...]
    defaults: Mapping[str, str]
    outputs: tuple[str, ...]
    doses: Mapping[str, str]
    ways: Mapping[str, Ways]
    slots: Mapping[str, str]
    plating: Plating | None
    pre_run: float
    file: str
    medium: str | None = None
    balances: tuple[str, ...] = ()
    tolerance: Tolerance = OF_ENGINE
    lesions: LesionNumbers | None = None
    above_zero: tuple[str, ...] = ()

    @property
    def every_fragment(self) -> tuple[Path, ...]:
        """The files of all fragments, those of the clones last."""
        return (*self.fragments, *(self.clones.fragments if self.clones else ()))


def shipped_library() -> Path:
    """Return the folder of the shipped library: beside the package when installed, else in the checkout."""
    inside = Path(__file__).parents[1] / "library"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "library"


def shipped_models(library: Path | None = None) -> tuple[str, ...]:
    """Return the names of the shipped models."""
    return tuple(sorted(path.stem for path in ((library or shipped_library()) / "models").glob("*.yaml")))


def require_models(library: Path) -> tuple[str, ...]:
    """Return the names of the shipped models.

    Raises
    ------
    ModelError
        For a library without a model.
    """
    names = shipped_models(library)
    if not names:
        expected, repair = "a recipe for each model, such as cell.yaml", "Check the folder of the library"
        raise ModelError(Issue("the library has no models", file=str(library / "models"), expected=expected, repair=repair))
    return names


def neither_model_nor_file(name: str, library: Path | None) -> ModelError:
    """Return the error for a name that is neither; raises for a library without a model."""
    names = require_models(library or shipped_library())
    near = get_close_matches(name, names, 1)
    repair = f'Perhaps you mean "{near[0]}"' if near else "Check the path and the name of the file"
    problem, expected = f'"{name}" is neither a shipped model nor a file', f"one of {', '.join(names)}, or a path"
    return ModelError(Issue(problem, expected=expected, repair=repair))


def read_recipe(name: str, library: Path) -> Recipe:
    """Return the recipe of a shipped model.

    Raises
    ------
    ModelError
        For an unknown name or a broken recipe.
    """
    path = library / "models" / f"{name}.yaml"
    if not path.is_file():
        names = require_models(library)
        near = get_close_matches(name, names, 1)
        repair = f"Did you mean {near[0]}?" if near else None
        raise ModelError(Issue(f'no shipped model is called "{name}"', expected="one of " + ", ".join(names), repair=repair))
    return _recipe(path, library, content(path))


@lru_cache(maxsize=32)
def _recipe(path: Path, library: Path, held: bytes | None) -> Recipe:
    record = parse_yaml(held or b"", f"models/{path.name}", ModelError, ", ".join(_FIELDS))
    record.require(*_FIELDS, example=_EXAMPLES)
    folder = library / "models" / record["fragment_folder"].text()
    defaults = {name: value.text() for name, value in record["defaults"].items()}
    ways = {name: read_ways(value) for name, value in record["doses"].items() if isinstance(value.value, dict)}
    return Recipe(
        id=_id(record["id"]),
        title=record["title"].text(),
        fragments=_fragments(record["fragments"], folder, library / "models"),
        clones=_clones(record.get("clones"), folder, library / "models"),
        tables=tuple(_table(entry) for entry in record["tables"].each(least=1)),
        defaults=MappingProxyType(defaults),
        outputs=record["outputs"].texts(least=1),
        doses=MappingProxyType(_doses(record["doses"], defaults, ways)),
        ways=MappingProxyType(ways),
        slots=MappingProxyType(_slots(record, defaults)),
        plating=read_plating(record.get("plating")),
        pre_run=record["pre_run_h"].number(low=0.0),
        file=record.source.shown,
        medium=_ligand(record),
        balances=balances.texts() if (balances := record.get("balances")) is not None else (),
        tolerance=Tolerance(*(None if (own := record.get(name)) is None else own.number(above=0.0) for name in ("rtol", "atol"))),
        lesions=read_lesions(record.get("lesions")),
        above_zero=above.texts() if (above := record.get("above_zero")) is not None else (),
    )


def _id(field: Field) -> str:
    id = field.text()
    if not re.fullmatch(r"[A-Za-z_]\w*", id):
        raise field.wrong(f'"{id}" is no name of a model', "letters, digits and _, with a letter first", "Choose such a name")
    return id


def _fragments(names: Field, folder: Path, models: Path) -> tuple[Path, ...]:
    """Return the files of fragments; a name with a slash counts from the folder of all models."""
    return tuple((models if "/" in name else folder) / f"{name}.ant" for name in names.texts(least=1))


def _clones(record: Field | None, folder: Path, models: Path) -> Clones | None:
    if record is None:
        return None
    record.require("fragments", "own", example={"fragments": "{_c1: [cell/receptor]}", "own": "[f_mutant]"})
    each = tuple((suffix, _fragments(names, folder, models)) for suffix, names in record["fragments"].items())
    return Clones(each, record["own"].texts())


def _table(entry: Field) -> Mapping[str, object]:
    entry.require("table", *(["row"] if entry.get("key") else []), example={"table": "parameters.tsv", "row": '"@drug"'})
    found: dict[str, object] = {name: value.text() for name, value in entry.items() if name != "rename"}
    renamed = entry.get("rename")
    return found | ({"rename": {old: new.text() for old, new in renamed.items()}} if renamed else {})


def _doses(doses: Field, defaults: Mapping[str, str], ways: Mapping[str, Ways]) -> dict[str, str]:
    """Return into which species each drug is given; a name with @ stands for the drug that is selected there."""
    if ways and len(ways) < len(list(doses.items())):
        repair = "Write each as a mapping of routes, or each as the name of a species"
        raise doses.wrong("some drugs have routes and some have not", "routes for every drug of a host, or for none", repair)
    for name, species in doses.items():
        if name.startswith("@") and name[1:] not in defaults:
            known = "one of " + ", ".join(f"@{place}" for place in defaults) if defaults else "a place that defaults names"
            raise species.wrong("this place has no default drug", known, f'Add "{name[1:]}" and a drug to defaults')
    return {name: next(iter(ways[name].routes.values())).into if name in ways else species.text() for name, species in doses.items()}


def _slots(record: Field, defaults: Mapping[str, str]) -> dict[str, str]:
    slots = record.get("slots")
    if slots is None:
        return {"drug": "Kd"}
    if not slots.value:
        raise slots.wrong(
            "no place is named", "places with the row that a drug needs for them, such as {drug: Kd}", "Name one, or leave slots out"
        )
    given = [name[1:] for name, _ in record["doses"].items() if name.startswith("@")]
    for name, row in slots.items():
        if name not in given:
            repair = f'Add "@{name}" with its species to doses, and a drug to defaults'
            raise row.wrong("no drug can be given into this place", "one of " + (", ".join(given) or "the places of doses"), repair)
    return {name: row.text() for name, row in slots.items()}


def _ligand(record: Field) -> str | None:
    medium = record.get("medium")
    if medium is None:
        return None
    given = [name for name, _ in record["doses"].items() if not name.startswith("@")]
    if medium.text() not in given:
        expected = "one of " + (", ".join(given) or "the drugs that doses names without @")
        raise medium.wrong(f'no species is named for "{medium.text()}"', expected, "Add it with its species to doses")
    return medium.text()


def slot_of(drug: str, recipe: Recipe, library: Path) -> str:
    """Return which place of a model a drug takes, for example that of the receptor's ligand or of its partner.

    Raises
    ------
    TableError
        For a drug that no table has, that has the rows of no place, or of which a table that fills the place knows nothing.
    """
    table = _drug_table(recipe)
    if table is None:
        return next(iter(recipe.slots))
    rows = rows_of(library / table, "drug")
    own = {row.text("id") for row in rows if row.text("drug") == drug}
    for slot, needed in recipe.slots.items():
        if needed in own:
            _require_rows(drug, slot, recipe, library)
            return slot
    if own:
        needs = " or ".join(f'"{needed}" ({slot})' for slot, needed in recipe.slots.items())
        raise TableError(Issue(f'"{drug}" fits no place of the model {recipe.id}', file=table, expected=f"a row {needs}"))
    names = list(dict.fromkeys(row.text("drug") for row in rows))
    near = get_close_matches(drug, names, 1, 0.4)
    repair = f"Did you mean {near[0]}?" if near else f"Add its rows to {table}"
    if recipe.ways and (library / "drugs.tsv").is_file() and drug in choices(library, "drugs.tsv", "drug"):
        raise _nothing_read(drug, table, names)
    raise TableError(Issue(f'unknown drug "{drug}"', file=table, expected="one of " + ", ".join(names), repair=repair))


def _require_rows(drug: str, slot: str, recipe: Recipe, library: Path) -> None:
    """Raise a TableError when a table that fills a place of a host has no row of the drug."""
    for table in dict.fromkeys(str(entry["table"]) for entry in recipe.tables if entry.get("row") == f"@{slot}"):
        if recipe.ways and drug not in (names := choices(library, table, "drug")):
            raise _nothing_read(drug, table, names)


def _nothing_read(drug: str, table: str, names: Sequence[str]) -> TableError:
    repair = f"Take one of these, or add what was measured of {drug} to {table}"
    what = next(words for start, words in _UNREAD if table.startswith(start))
    return TableError(Issue(f"no {what} of {drug} were read", file=table, expected="one of " + ", ".join(names), repair=repair))


def takers(model: str, slot: str, library: Path) -> tuple[str, ...]:
    """Return the drugs that can take a place of a model, for example that of the receptor's ligand."""
    recipe = read_recipe(model, library)
    table = _drug_table(recipe)
    found = []
    for drug in choices(library, table, "drug") if table else ():
        with suppress(TableError):  # a drug that the model cannot take
            found += [drug] if slot_of(drug, recipe, library) == slot else []
    return tuple(found)


def _drug_table(recipe: Recipe) -> str | None:
    return next((str(entry["table"]) for entry in recipe.tables if str(entry.get("row", "")) == "@drug"), None)


def files_of(recipe: Recipe, library: Path) -> tuple[Path, ...]:
    """Return the files that a shipped model is made of: recipe, fragments, tables, bibliography, correlations where there are any."""
    tables = dict.fromkeys(library / str(entry["table"]) for entry in recipe.tables)
    together = (library / name for name in _DRAWN)
    every = (library / recipe.file, *recipe.every_fragment, *tables, library / "references.bib")
    return (*every, *(path for path in together if path.is_file()))


def drugs_of(model: str, library: Path) -> tuple[str, ...]:
    """Return the drugs and salts that may be named in a regimen of a shipped model; not all of them have a place in it."""
    tables = [str(entry["table"]) for entry in read_recipe(model, library).tables if entry.get("key") == "drug"]
    names = (name for table in dict.fromkeys(("drugs.tsv", *tables)) for name in choices(library, table, "drug"))
    return tuple(dict.fromkeys((*names, *read_salts(library))))


def choices(library: Path, table: str, key: str) -> tuple[str, ...]:
    """Return the names that a keyed table knows, for example the drugs."""
    return tuple(dict.fromkeys(row.text(key) for row in rows_of(library / table, key)))
