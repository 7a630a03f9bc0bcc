"""What is asked of which model: a shipped one with its selection, or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from math import isfinite
from pathlib import Path

from serdsim.codegen.equations import Equations
from serdsim.dosing.regimen import Regimen
from serdsim.errors import InputError, Issue, ModelError, RegimenError
from serdsim.model.compatibility import require_supported
from serdsim.model.entities import Evidence, Model
from serdsim.model.lesions import LesionNumbers
from serdsim.model.library import load
from serdsim.model.plating import Plating
from serdsim.model.recipe import Recipe, neither_model_nor_file, read_recipe, shipped_library, shipped_models, slot_of
from serdsim.model.tolerance import OF_ENGINE, Tolerance
from serdsim.model.ways import Ways
from serdsim.simulation.host_doses import check_ways, with_first_doses
from serdsim.units import convert


@dataclass(frozen=True)
class Question:
    """A model with its outputs, where its doses go, its pre-run [h] and its unit of time; `own` marks a file.

    `ways` are the ways into a host for each of its drugs; a dish and a file have none.
    """

    model: Model
    name: str
    outputs: tuple[str, ...]
    doses: Mapping[str, str]
    pre_run: float
    selection: Mapping[str, str]
    time_unit: str
    plating: Plating | None = None
    own: bool = False
    ways: Mapping[str, Ways] = field(default_factory=dict)
    tolerance: Tolerance = OF_ENGINE
    lesions: LesionNumbers | None = None
    balances: tuple[str, ...] = ()

    @property
    def per_hour(self) -> float:
        """How many of the model's units of time make an hour; a model that gives none counts hours."""
        return convert(1.0, "h", self.time_unit) if self.time_unit != "not given" else 1.0


def ask(
    name: str,
    regimen: Regimen,
    genotype: str | None,
    cell_line: str | None,
    outputs: Sequence[str] | None,
    library: Path | None,
    settings: Mapping[str, float] | None = None,
    select: Mapping[str, str] | None = None,
) -> Question:
    """Return the question that a name and its options ask; `settings` are values of inputs of the model, `select` names rows of
    further tables of a shipped one.

    Raises
    ------
    InputError
        For an unknown model, drug or genotype, and for a file that cannot be run or whose units do not fit.
    """
    root = library or shipped_library()
    if name in shipped_models(root):
        chosen = {"genotype": genotype, "cell_line": cell_line, **(select or {})}
        return _shipped(read_recipe(name, root), name, regimen, chosen, outputs, root, settings or {})
    path = Path(name)
    if not path.exists():
        raise neither_model_nor_file(name, root)
    if genotype or cell_line:
        problem, repair = "genotype and cell line select rows for shipped models", "Leave both out"
        raise InputError(Issue(problem, expected=f"neither for {name}", repair=repair))
    from serdsim.model.sbml import read_model  # loads libSBML, which shipped models need only once
    from serdsim.model.unit_check import wrong_units

    model = read_model(path)
    require_supported(model)
    wrong = wrong_units(model)
    if wrong:
        raise ModelError(wrong)
    model = with_settings(model, settings or {}, path.name)
    default = (*model.species, *(rule.target for rule in model.rules if rule.kind != "initial" and rule.target not in model.species))
    doses = {dose.drug: dose.drug for dose in regimen.doses}
    return Question(model, path.name, tuple(outputs or default), doses, 0.0, {}, model.units.get("time", "not given"), own=True)


def _shipped(
    recipe: Recipe,
    name: str,
    regimen: Regimen,
    chosen: Mapping[str, str | None],
    outputs: Sequence[str] | None,
    root: Path,
    settings: Mapping[str, float],
) -> Question:
    given: dict[str, str] = {}
    for drug in dict.fromkeys(dose.drug for dose in regimen.doses if dose.drug not in recipe.doses):
        slot = slot_of(drug, recipe, root)
        if slot in given:
            problem = f"the model {name} has one place for a {slot}, not for {given[slot]} and {drug}"
            raise RegimenError(Issue(problem, expected=f"one {slot}", repair="Take one of the two out of the regimen"))
        given[slot] = drug
    selection = {**recipe.defaults} | given
    selection |= {key: value for key, value in chosen.items() if value}
    names = {drug: selection[drug[1:]] if drug.startswith("@") else drug for drug in recipe.doses}
    doses = {names[drug]: target for drug, target in recipe.doses.items()}
    ways = {names[drug]: one for drug, one in recipe.ways.items()}
    _require_above_zero(settings, recipe.above_zero, name)
    model = with_settings(load(name, library=root, **selection), settings, name)
    check_ways(model, ways)
    model = with_first_doses(model, regimen, ways) if ways else model
    shown = tuple(outputs or recipe.outputs)
    time_unit = model.units.get("time", "h")
    return Question(
        model,
        name,
        shown,
        doses,
        recipe.pre_run,
        selection,
        time_unit,
        recipe.plating,
        ways=ways,
        tolerance=recipe.tolerance,
        lesions=recipe.lesions,
        balances=recipe.balances,
    )


def with_settings(model: Model, settings: Mapping[str, float], name: str) -> Model:
    """Return the model with other values for inputs, which are held at them in every draw.

    Raises
    ------
    InputError
        For a name that is no input of the model, a value that is no finite number and one outside the bounds of its row.
    """
    ruled = {rule.target for rule in model.rules}
    inputs = [id for id in (*model.parameters, *model.compartments) if id not in ruled]
    issues = []
    for id, value in settings.items():
        entry = model.evidence.get(id)
        low, high = _bounds(entry, model.quantity(id).unit if id in inputs else None)
        if id not in inputs:
            near = get_close_matches(id, inputs, 3)
            repair = f"Did you mean {near[0]}?" if near else "Name an input of the model"
            issues.append(Issue("the model has no such input", file=name, id=id, expected=", ".join(near) or "a constant", repair=repair))
        elif not isfinite(value):
            issues.append(Issue(f"{value} cannot be set", file=name, id=id, expected="a finite number", repair="Correct the number"))
        elif (low is not None and value < low) or (high is not None and value > high):
            bounds = f"{'no bound' if low is None else f'{low:g}'} to {'no bound' if high is None else f'{high:g}'}"
            problem = f"{value:g} lies outside its bounds"
            issues.append(Issue(problem, file=name, id=id, expected=f"a number from {bounds}", repair="Correct the number"))
    if issues:
        raise InputError(issues)
    changed = model.replace(settings) if settings else model
    return replace(changed, evidence={id: entry for id, entry in changed.evidence.items() if id not in settings}) if settings else model


def _require_above_zero(settings: Mapping[str, float], above: Sequence[str], name: str) -> None:
    """Raise an InputError for numbers that are set to 0 and without which a model has nothing to show."""
    issues = [
        Issue(f"{settings[id]:g} is not above 0", file=name, id=id, expected="a number above 0", repair="Correct the number")
        for id in above
        if settings.get(id) == 0.0
    ]
    if issues:
        raise InputError(issues)


def _bounds(entry: Evidence | None, unit: str | None) -> tuple[float | None, float | None]:
    """Return what a number may be: the bounds of its row, else what its distribution or its unit leaves it."""
    if entry is None or entry.lower is not None or entry.upper is not None:
        return (entry.lower, entry.upper) if entry else (None, None)
    if entry.distribution == "logitnormal":
        return 0.0, 1.0
    return (0.0 if entry.distribution == "lognormal" or unit != "dimensionless" else None), None


def check_outputs(question: Question, equations: Equations) -> None:
    """Raise a ModelError for outputs that the model does not have."""
    known = [
        *equations.states,
        *equations.constants,
        *(id for id, _ in (*equations.fixed, *equations.moving)),
        *(id for id, _ in equations.boundary_flux),
    ]
    shown = list(dict.fromkeys(id for id in known if not id.endswith("__amount")))
    issues = []
    for id in dict.fromkeys(question.outputs):
        if id not in shown:
            near = get_close_matches(id, shown, 3)
            expected = ", ".join(near) or "an id of the model"
            repair = f"Did you mean {near[0]}?" if near else "Name a species, a compartment, a parameter or a rule of the model"
            issues.append(Issue("the model has no such output", file=question.name, id=id, expected=expected, repair=repair))
    if issues:
        raise ModelError(issues)
