"""`simulate`: a shipped model or a file, dosed, for one individual or for many draws."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import xarray as xr

from serdsim.codegen.equations import Equations, derive
from serdsim.dosing.regimen import Dose, Regimen, format_regimen, kind_of
from serdsim.engine.ensemble import Progress, run_ensemble
from serdsim.engine.plan import NUMERICS, Plan, Schedule
from serdsim.errors import InputError, Issue, ModelError, RegimenError
from serdsim.model.compatibility import require_supported
from serdsim.model.digest import model_digest
from serdsim.model.entities import Model
from serdsim.model.library import Recipe, load, read_recipe, shipped_library, shipped_models
from serdsim.model.sbml import read_model
from serdsim.results.dataset import label
from serdsim.results.run_id import run_id
from serdsim.results.run_record import package_versions, serdsim_version
from serdsim.simulate.draws import Draws, given_values
from serdsim.units import convert, parse_unit


@dataclass(frozen=True)
class SimulationResult:
    """The labelled Dataset of a simulation, its record for run.json, and its run id."""

    dataset: xr.Dataset
    record: Mapping[str, object]
    run: str


@dataclass(frozen=True)
class _Question:
    model: Model
    name: str
    outputs: tuple[str, ...]
    doses: Mapping[str, str]
    pre_run: float
    selection: Mapping[str, str]
    time_unit: str


def simulate_named(
    model: str,
    regimen: Regimen | None = None,
    *,
    genotype: str | None = None,
    cell_line: str | None = None,
    duration_h: float = 72.0,
    every_h: float = 1.0,
    draws: int = 1,
    seed: int = 1,
    outputs: Sequence[str] | None = None,
    library: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> SimulationResult:
    """Return the simulation of a model under a regimen.

    Parameters
    ----------
    model : str
        A shipped model or the path of an SBML or Antimony file.
    regimen : Regimen, optional
        A concentration is added to the medium of a dish; in a model of your own the drug is the id of a species.
    genotype, cell_line : str, optional
        Rows of the tables, for shipped models only.
    duration_h, every_h : float
        Length and distance of the outputs [h].
    draws : int
        1 uses the central values; more draws parameters from their distributions.
    outputs : sequence of str, optional
        Ids of the model; left out: what the model shows by itself.

    Raises
    ------
    InputError
        For an unknown model, drug, genotype or output, and for a dose that the model cannot take.
    """
    regimen = regimen or Regimen()
    question = _question(model, regimen, genotype, cell_line, outputs, library)
    equations = derive(question.model)
    _check_outputs(question, equations)
    sample = Draws(0 if draws == 1 else draws, seed)
    per_hour = convert(1.0, "h", question.time_unit) if question.time_unit != "not given" else 1.0
    steps = int(duration_h / every_h + 1e-9)
    shown = np.linspace(0.0, steps * every_h, steps + 1)
    if duration_h - shown[-1] > 1e-9 * duration_h:
        shown = np.append(shown, duration_h)
    schedule = _schedule(question, equations, regimen, sample.individuals, shown[-1], per_hour)
    plan = {
        "model": question.name,
        "selection": dict(question.selection),
        "regimen": format_regimen(regimen) if regimen.doses else "",
        "duration_h": float(shown[-1]),
        "every_h": every_h,
        "draws": draws,
        "outputs": list(question.outputs),
        "pre_run_h": question.pre_run,
    }
    digest = model_digest(question.model)
    run = run_id(digest, plan, seed, NUMERICS)
    given = given_values(question.model, equations.given, sample)
    initial = None
    if question.pre_run:
        before = Plan(given, (question.pre_run * per_hour,), ())
        initial = run_ensemble(equations, before, workers=workers, progress=progress, title="pre-run").final
    main = Plan(given, tuple((shown * per_hour).tolist()), question.outputs, initial=initial, schedule=schedule)
    arrays = run_ensemble(equations, main, workers=workers, progress=progress, title="simulating")
    unit = "h" if question.time_unit != "not given" else "time unit of the model, not given"
    attributes = {
        "versions": json.dumps(package_versions(), sort_keys=True),
        "run": run,
        "seed": seed,
        "model": question.name,
        "model_hash": digest,
        "numerics": NUMERICS,
        "version": serdsim_version(),
    }
    dataset = label(arrays, question.model, question.outputs, shown.tolist(), unit, attributes | {"regimen": plan["regimen"]})
    citations = list(dict.fromkeys(key for entry in question.model.evidence.values() for key in entry.source))
    failed = int(np.sum(arrays.status != "ok"))
    record = {
        "seed": seed,
        "model_hash": digest,
        "plan": plan,
        "numerics": NUMERICS,
        "replay": _replay(question, regimen, duration_h, every_h, draws, seed, library),
        "status": {"ok": arrays.status.size - failed, "failed": failed},
        "citations": citations,
        "summary": f"{question.name}: {plan['regimen'] or 'untreated'}",
    }
    return SimulationResult(dataset, record, run)


def _question(
    name: str, regimen: Regimen, genotype: str | None, cell_line: str | None, outputs: Sequence[str] | None, library: Path | None
) -> _Question:
    root = library or shipped_library()
    if name in shipped_models(root):
        return _shipped(read_recipe(name, root), name, regimen, genotype, cell_line, outputs, root)
    path = Path(name)
    if not path.exists():
        names = shipped_models(root)
        near = get_close_matches(name, names, 1)
        repair = f'Perhaps you mean "{near[0]}"' if near else "Check the path and the name of the file"
        raise ModelError(
            Issue(f'"{name}" is neither a shipped model nor a file', expected=f"one of {', '.join(names)}, or a path", repair=repair)
        )
    if genotype or cell_line:
        raise InputError(Issue("genotype and cell line select rows for shipped models", expected=f"neither for {name}"))
    model = read_model(path)
    require_supported(model)
    default = (*model.species, *(rule.target for rule in model.rules if rule.kind != "initial" and rule.target not in model.species))
    doses = {dose.drug: dose.drug for dose in regimen.doses}
    return _Question(model, path.name, tuple(outputs or default), doses, 0.0, {}, model.units.get("time", "not given"))


def _shipped(
    recipe: Recipe, name: str, regimen: Regimen, genotype: str | None, cell_line: str | None, outputs: Sequence[str] | None, root: Path
) -> _Question:
    others = list(dict.fromkeys(dose.drug for dose in regimen.doses if dose.drug not in recipe.doses))
    if len(others) > 1:
        beside = ", ".join(drug for drug in recipe.doses if drug != "@drug")
        problem = f"the model {name} has room for one drug beside {beside}, not for {' and '.join(others)}"
        raise RegimenError(Issue(problem, expected="one drug"))
    selection = {**recipe.defaults} | ({"drug": others[0]} if others else {})
    selection |= {key: value for key, value in (("genotype", genotype), ("cell_line", cell_line)) if value}
    model = load(name, library=root, **selection)
    doses = {(selection["drug"] if drug == "@drug" else drug): target for drug, target in recipe.doses.items()}
    return _Question(model, name, tuple(outputs or recipe.outputs), doses, recipe.pre_run, selection, model.units.get("time", "h"))


def _check_outputs(question: _Question, equations: Equations) -> None:
    known = [
        *equations.states,
        *equations.constants,
        *(id for id, _ in (*equations.fixed, *equations.moving)),
        *(id for id, _ in equations.boundary_flux),
    ]
    shown = [id for id in known if not id.endswith("__amount")]
    issues = []
    for id in question.outputs:
        if id not in shown:
            near = ", ".join(get_close_matches(id, shown, 3))
            issues.append(Issue("the model has no such output", file=question.name, id=id, expected=near or "an id of the model"))
    if issues:
        raise ModelError(issues)


def _schedule(question: _Question, equations: Equations, regimen: Regimen, individuals: int, end_h: float, per_hour: float) -> Schedule:
    stops = [
        (time, question.doses[dose.drug], _amount(dose, question))
        for dose in regimen.doses
        for time in (dose.start_h + i * (dose.interval_h or 0.0) for i in range(dose.count))
        if time <= end_h
    ]
    stops.sort(key=lambda stop: stop[0])
    values = np.repeat(np.array([[amount] for _, _, amount in stops]).reshape(len(stops), 1), individuals, axis=1)
    return Schedule(tuple(time * per_hour for time, _, _ in stops), ("add",) * len(stops), tuple(target for _, target, _ in stops), values)


def _amount(dose: Dose, question: _Question) -> float:
    """Return the amount [substance unit of the model] that a dose adds to its species."""
    model, target = question.model, question.doses[dose.drug]
    if target not in model.species:
        near = ", ".join(get_close_matches(target, model.species, 3))
        raise RegimenError(
            Issue(
                f'the model has no species "{target}" to give the drug into', file=question.name, expected=near or "a species of the model"
            )
        )
    species = model.species[target]
    size = model.compartments[species.compartment]
    substance = model.units.get("substance")
    if substance is None:
        raise RegimenError(
            Issue("the model does not say in which unit its amounts are", file=question.name, id=target, expected="a substance unit")
        )
    kind = kind_of(dose.unit)
    where = (
        "a concentration such as 100 nM, since the model is a dish"
        if question.pre_run
        else f"an amount in the unit of {substance}, or a concentration"
    )
    if kind == "mass":
        raise RegimenError(Issue(f"{dose.drug} {dose.amount:g} {dose.unit}: the model {question.name} cannot take a mass", expected=where))
    if dose.route is not None or dose.duration_h is not None:
        raise RegimenError(
            Issue(f"the model {question.name} has one way in; the route {dose.route} means nothing to it", expected="no route")
        )
    if kind == "concentration" and size.value is not None and size.unit is not None:
        return convert(dose.amount, dose.unit, _spelled(f"{substance}/({size.unit})")) * size.value
    if kind == "amount":
        return convert(dose.amount, dose.unit, substance)
    raise RegimenError(Issue(f"{dose.drug} {dose.amount:g} {dose.unit}: the compartment of {target} has no size", expected=where))


def _spelled(unit: str) -> str:
    parse_unit(unit)
    return unit


def _replay(question: _Question, regimen: Regimen, hours: float, every: float, draws: int, seed: int, library: Path | None) -> str:
    words = ["serdsim", "simulate", question.name]
    words += [f'"{format_regimen(regimen)}"'] if regimen.doses else []
    words += [f"--{key.replace('_', '-')} {question.selection[key]}" for key in ("genotype", "cell_line") if key in question.selection]
    return " ".join(
        [
            *words,
            f"--hours {hours:g}",
            f"--every {every:g}",
            f"--draws {draws}",
            f"--seed {seed}",
            *([f'--library "{library}"'] if library else []),
        ]
    )
