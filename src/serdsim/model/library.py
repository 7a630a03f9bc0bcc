"""Shipped models: fragments joined, every number filled from a table row with its grade and source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from serdsim.errors import InputError, Issue, ModelError, TableError
from serdsim.kept import kept_object
from serdsim.model.clones import Clones, shared_id
from serdsim.model.correlations import Mixture, mixtures_of, require_rows
from serdsim.model.entities import Evidence, Model
from serdsim.model.library_rows import COLUMNS, DISTRIBUTIONS, GRADES, content, require_sources, rows_of, sources_of
from serdsim.model.own_rows import apart, own_rows
from serdsim.model.recipe import TOGETHER, Recipe, files_of, read_recipe, shipped_library, shipped_models
from serdsim.tables import Row
from serdsim.units import parse_unit

__all__ = ["COLUMNS", "DISTRIBUTIONS", "GRADES", "load"]

_ROW_ID = re.compile(r"\b[BPCD]\d{3}(?:\.\w+)?\b")


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
    return _loaded(name, root, tuple(sorted(select.items())), tuple(content(path) for path in files_of(recipe, root)))


@lru_cache(maxsize=256)
def _loaded(name: str, root: Path, selected: tuple[tuple[str, str], ...], held: tuple[bytes | None, ...]) -> Model:
    """Return a filled model, once for each content of its files."""
    recipe, select = read_recipe(name, root), dict(selected)
    unknown = set(select) - set(recipe.defaults)
    if unknown:
        problem, repair = f"the model cannot be selected by {', '.join(sorted(unknown))}", "Leave it out, or add it to defaults"
        raise ModelError(Issue(problem, file=recipe.file, expected=", ".join(recipe.defaults), repair=repair))
    model = _structure(recipe.fragments, recipe.id, recipe.clones, tuple(content(path) for path in recipe.every_fragment))
    _check_plating(model, recipe)
    require_sources([(root / str(e["table"]), str(e["key"]) if "key" in e else None) for e in recipe.tables], root / "references.bib")
    together, alike = (mixtures_of(root / name) for name in TOGETHER)
    require_rows(root / TOGETHER[0], _row_names(root), root / "references.bib")
    require_rows(root / TOGETHER[1], _row_names(root, varying=True), root / "references.bib", "row with a variance between individuals")
    numbers = dict(_numbers(recipe, root, {**recipe.defaults, **select}))
    if not (root / "correlations.tsv").is_file() and any(row.text("grade") == "fitted" for row, _ in numbers.values()):
        repair = "Fetch it again, or write a file with only its header where fitted numbers are to be drawn apart"
        raise TableError(Issue("the file is missing", "correlations.tsv", expected="which fitted rows are drawn together", repair=repair))
    own = own_rows(root)
    mine = [name for row, name in numbers.values() if name in together and f"{Path(row.file).stem}:{name}" in own]
    together = {**together, **{name: apart(name) for name in mine}}
    return _filled(model, numbers, recipe, together, alike)


@lru_cache(maxsize=16)
def _structure(fragments: tuple[Path, ...], id: str, clones: Clones | None, held: tuple[bytes | None, ...]) -> Model:
    """Return the joined fragments, without numbers, once for each content of the files; their units fit."""

    def make() -> Model:
        from serdsim.model.sbml import read_fragments  # loads libSBML and Antimony, which a kept structure needs no more
        from serdsim.model.unit_check import check_units

        model = read_fragments(fragments, id, clones)
        issues = check_units(model)
        if issues:
            raise ModelError(issues)
        return model

    each = [("", fragments), *(clones.each if clones else ())]
    named = [[suffix, *("/".join(path.parts[-2:]) for path in paths)] for suffix, paths in each]  # wherever the library lies
    names = f"{id}\n{named}\n{clones.own if clones else ()}"
    return kept_object("structures", b"\n".join([names.encode(), *(text or b"" for text in held)]), make)


def _check_plating(model: Model, recipe: Recipe) -> None:
    """Raise a ModelError for plating, and numbers above zero, that name what the model does not have."""
    named: list[tuple[str, str, list[str]]] = [("above_zero", id, list(model.parameters)) for id in recipe.above_zero]
    if (plating := recipe.plating) is not None:
        states = [*model.species, *(rule.target for rule in model.rules if rule.kind == "rate")]
        named += [("plating", id, states) for id in (*plating.cells, *plating.cleared)]
        named += [("plating", id, list(model.parameters)) for id in (plating.count, *plating.shares) if id != "rest"]
    issues = [
        Issue(
            f'the model has no "{id}"',
            file=recipe.file,
            id=where,
            expected=", ".join(get_close_matches(id, known, 3)) or "cells and cleared among the states, count among the parameters",
            repair="Correct the name",
        )
        for where, id, known in named
        if id not in known
    ]
    if issues:
        raise ModelError(issues)


def _row_names(root: Path, *, varying: bool = False) -> frozenset[str]:
    """Return how the rows of all tables, or those that vary between individuals, are called: by id, or by drug or line and id."""
    keyed: set[tuple[str, str | None]] = set()
    for name in shipped_models(root):
        with suppress(InputError):  # a broken recipe is named when it is asked for
            keyed |= {(str(entry["table"]), str(entry["key"]) if "key" in entry else None) for entry in read_recipe(name, root).tables}
    return frozenset(
        f"{row.text(key)}.{row.text('id')}" if key else row.text("id")
        for table, key in keyed
        for row in rows_of(root / table, key)
        if row.number("iiv") or not varying
    )


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


def _filled(
    model: Model, numbers: Mapping[str, tuple[Row, str]], recipe: Recipe, together: Mapping[str, Mixture], alike: Mapping[str, Mixture]
) -> Model:
    tables: dict[str, dict[str, object]] = {name: dict(getattr(model, name)) for name in ("compartments", "species", "parameters")}
    ruled = {rule.target for rule in model.rules if rule.kind != "rate"}
    issues: list[Issue] = []
    evidence: dict[str, Evidence] = {}
    for table in tables.values():
        for id, entity in list(table.items()):
            if id in ruled:
                continue
            known = id if id in numbers else shared_id(id, recipe.clones)
            if known not in numbers:
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
            row, name = numbers[known]
            issues += _unit_issues(id, entity.unit, row)  # type: ignore[attr-defined]
            table[id] = replace(entity, value=row.number("value"))  # type: ignore[type-var]
            evidence[id] = _evidence(row, name, together.get(name, ()), alike.get(name, ()))
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


def _evidence(row: Row, name: str, mixture: Mixture, alike: Mixture) -> Evidence:
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
        mixture=mixture,
        iiv=row.number("iiv"),
        iiv_mixture=alike,
    )
