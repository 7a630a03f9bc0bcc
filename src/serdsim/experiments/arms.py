"""The arms of an experiment: on which model a series runs, and which numbers it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import numpy as np

from serdsim.codegen.equations import Equations, derive
from serdsim.errors import ClaimError, InputError, Issue, TableError
from serdsim.experiments.dosed import arm_of
from serdsim.experiments.protocol import Experiment, Series
from serdsim.model.entities import Model
from serdsim.model.library import load
from serdsim.model.library_rows import content
from serdsim.model.recipe import Recipe, files_of, read_recipe, shipped_library, shipped_models, slot_of
from serdsim.simulation.draws import Draws, given_values


@dataclass(frozen=True)
class Change:
    """A change of the model: each quantity takes the value of another one, or a number.

    With `subject_only` it applies to series with the subject's drug only.
    """

    id: str
    settings: Mapping[str, str | float] = field(default_factory=dict)
    subject_only: bool = True
    file: str = ""


def model_of(experiment: Experiment, series: Series, library: Path | None = None) -> Model:
    """Return the model that a series runs on, filled with its drug, genotype and cell line.

    A partner drug takes its own place and leaves the receptor's ligand at its default, with none of it in the medium.
    """
    if series.regimen:
        return arm_of(experiment, series, (*series.concentrations, 0.0)[0], library).question.model
    chosen = {slot: drug for drug, (slot, _) in places_of(experiment, series, library).items()}
    return load(experiment.model, library=library, **chosen, genotype=series.genotype, cell_line=series.cell_line, **series.select)


def equations_of(name: str, library: Path) -> Equations:
    """Return the equations of a shipped model; the drug, genotype and line of a series only fill in numbers."""
    return _equations(name, library, tuple(content(path) for path in files_of(read_recipe(name, library), library)))


@lru_cache(maxsize=8)
def _equations(name: str, library: Path, held: tuple[bytes | None, ...]) -> Equations:
    return derive(load(name, library=library))


def place_of(experiment: Experiment, series: Series, library: Path | None) -> tuple[str, str]:
    """Return the place of the series' drug in the model and the species that it is given into."""
    return places_of(experiment, series, library)[series.drug]


def places_of(experiment: Experiment, series: Series, library: Path | None) -> dict[str, tuple[str, str]]:
    """Return for each drug of a series its place in the model and the species that it is given into.

    Raises
    ------
    ClaimError
        For a place that the model gives no way in for, and for two drugs of one place.
    """
    root = library or shipped_library()
    recipe = read_recipe(experiment.model, root)
    found: dict[str, tuple[str, str]] = {}
    for drug in (series.drug, *series.beside):
        slot = slot_of(drug, recipe, root)
        if f"@{slot}" not in recipe.doses:
            problem, expected = f"the model {experiment.model} has no way in for a {slot}", "a place that doses of the recipe names"
            repair = f'Add "@{slot}" with its species to doses in {recipe.file}'
            raise ClaimError(Issue(problem, file=experiment.file, id=series.id, expected=expected, repair=repair))
        taken = [other for other, (place, _) in found.items() if place == slot]
        if taken:
            problem = f"{taken[0]} and {drug} take the same place of the model, that of the {slot}"
            repair = "Take a drug of another place, or give one of the two alone"
            raise ClaimError(Issue(problem, file=experiment.file, id=series.id, expected="drugs of different places", repair=repair))
        found[drug] = (slot, recipe.doses[f"@{slot}"])
    return found


def check_kind(experiment: Experiment, recipe: Recipe) -> None:
    """Raise a ClaimError for dishes of a model that has no medium, for doses into a medium, and for cells that cannot be plated anew."""
    if experiment.replate and recipe.plating is None:
        repair = f"Take replate out, or add plating to the recipe of {experiment.model}"
        raise ClaimError(Issue("the model has no cells to plate anew", file=experiment.file, id="replate", repair=repair))
    if experiment.treated != (recipe.medium is None):
        has, says = ("a medium", "concentrations") if recipe.medium else ("no medium", "a regimen and doses")
        problem, repair = f"the model {experiment.model} has {has}: {says} say what is given", "Change the series, or take another model"
        raise ClaimError(Issue(problem, file=experiment.file, id="series", expected=says, repair=repair))


def check_names(experiment: Experiment, wanted: Sequence[Series], equations: Equations, recipe: Recipe) -> None:
    """Raise a ClaimError for outputs, balances, settings and numbers that the model does not have."""
    known = {*equations.states, *equations.constants, *(id for id, _ in (*equations.fixed, *equations.moving))}
    issues = [Issue("the model has no such output", file=experiment.file, id=id) for id in experiment.outputs if id not in known]
    issues += [
        Issue("the model has no such balance", file=recipe.file, id=id, expected=_near(id, sorted(known)))
        for id in recipe.balances
        if id not in known
    ]
    for series in wanted:
        issues += [
            Issue(f'"{id}" cannot be set', file=experiment.file, id=series.id, expected="an input or a state of the model")
            for id in series.settings
            if id not in equations.constants and id not in equations.states
        ]
        issues += [
            Issue(
                f'"{id}" is named by like or given, but the model has no such number',
                file=experiment.file,
                id=series.id,
                expected=_near(id, equations.given),
            )
            for id in (*series.like, *(source.split(":")[-1].strip() for source in series.like.values()), *series.given)
            if id not in equations.given
        ]
    if issues:
        raise ClaimError(issues)


def values_given(
    model: Model, experiment: Experiment, series: Series, ids: tuple[str, ...], draws: Draws, change: Change | None, library: Path | None
) -> np.ndarray:
    """Return the numbers of a series, shape (id, draw), with what the series and the change set.

    Raises
    ------
    ClaimError
        For a change that names what the model does not have.
    """
    values = given_values(model, ids, draws)
    result = values.copy()
    applies = change is not None and not (change.subject_only and experiment.subject not in (series.drug, *series.beside))
    settings: dict[str, str | float] = {**series.given, **series.like, **(change.settings if change is not None and applies else {})}
    for target, source in settings.items():
        drug, _, name = source.rpartition(":") if isinstance(source, str) else ("", "", "")
        for id in filter(None, (target, name.strip())):
            if id not in ids:
                raise ClaimError(unknown_quantity(id, change or Change(series.id, file=series.file), ids))
        if isinstance(source, float | int):
            result[ids.index(target)] = source
        elif drug:
            lender = _lender(experiment, replace(series, drug=drug.strip(), beside={}), name.strip(), library)
            result[ids.index(target)] = given_values(lender, (name.strip(),), draws)[0]
        else:
            result[ids.index(target)] = values[ids.index(name.strip())]
    return result


def unknown_quantity(id: str, change: Change, known: Sequence[str]) -> Issue:
    """Return what is wrong with a change that names `id`."""
    problem = f'the ablation names "{id}", which the model does not have'
    return Issue(problem, file=change.file or None, id=change.id, expected=_near(id, known))


def _near(id: str, known: Sequence[str]) -> str:
    return ", ".join(get_close_matches(id, known, 3, 0.4)) or "a species, parameter or compartment with a value of its own"


def _lender(experiment: Experiment, series: Series, id: str, library: Path | None) -> Model:
    """Return the model that holds the number `id` of the series' drug: another than the experiment's for a drug without exposure in it."""
    try:
        return model_of(experiment, series, library)
    except TableError:
        for name in shipped_models(library):
            with suppress(InputError):
                other = load(name, library=library, drug=series.drug)
                if id in other.evidence:
                    return other
        raise
