"""The compiled engine and the reference engine agree to 1e-6 on models of many kinds; foreign models meet their references."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from little_models import kernel
from native_cases import error, native, plan_of, reference
from serdsim.codegen.equations import Equations, derive
from serdsim.codegen.kernel import build
from serdsim.engine.native import run_native
from serdsim.engine.plan import Plan, Schedule
from serdsim.engine.reference import run
from serdsim.model.entities import Model
from serdsim.model.library import load
from serdsim.model.recipe import choices, shipped_library, takers
from serdsim.model.sbml import read_model

TIMES = np.linspace(0.0, 20.0, 81)
AGREE = 1e-6
MODELS = {
    "pieces of time": "x = 0; y = 1; x' = piecewise(1, time < 3.2, -2, time < 7, 0.5); y' = -0.3*y*piecewise(1, time*0.7 > 4.1, 0)",
    "pieces of inputs": "x = 1; k = 2; a = 3; x' = -x*piecewise(0.1, k > a, 0.4); b := piecewise(1, k*a >= 6, 2); y = 0; y' = b - 0.2*y",
    "a pulse every two hours": "x = 0; x' = piecewise(1, time - 2*floor(time/2) < 0.7, 0) - 0.4*x",
    "a pulse by the remainder": "x = 0; p = 2; x' = piecewise(1, rem(time, p) < 0.7, 0) - 0.4*x",
    "nested pieces of time": "x = 0; x' = piecewise(1, piecewise(time, time < 5, time - 5) < 2, 0) - 0.2*x",
    "switches of the same instant": "x = 0; y = 0; x' = piecewise(1, time < 0.3, 0.1); y' = piecewise(1, 10*time < 0.1*30, 0.1) - 0.2*y",
    "sizes that grow": "compartment V = 1; V' = 0.1*V; species S in V; S = 2; S -> ; 0.3*S*V; species T in V; T = 0; S -> T; 0.2*S*V",
    "a size by a rule": "compartment V; V := 2 + sin(time); species S in V; S = 2; S -> ; 0.3*S*V; k = 1; k' = -0.1*k*S",
    "boundaries": "compartment C = 2; species $B in C; B = 5; species A in C; A = 0; B -> A; 0.4*B; A -> ; 0.3*A; $D in C; D := 2*A",
    "a rate of a rule": "x = 1; x' = -0.4*x; y := x^2; z = 0; z' = rateOf(x) + 0.1*rateOf(z2); z2 = 3; z2' = -z2/5",
    "starts that depend": "a = 2; b = a^2; x = b/3; k := b*0.1; x' = -k*x; species S; S = 3*x + a; S -> ; k*S",
    "time in the rates": "x = 1; y = 0; x' = -x*sin(time)^2; y' = exp(-time/7)*x - y*time/20",
    "functions": "x = 1; y = 0.1; x' = tanh(y) - arctan(x)*ln(1 + x); y' = min(x, 2*y) - max(y, 0.3)*abs(y - 0.5) + log10(1 + x)",
    "a stiff triple": "A = 1; B = 0; C = 0; A' = -0.04*A + 1e4*B*C; B' = 0.04*A - 1e4*B*C - 3e7*B^2; C' = 3e7*B^2",
    "an oscillator": "x = 2; y = 0; x' = y; y' = 20*(1 - x^2)*y - x",
    "no derivative": "k = 2; y := k*time + piecewise(1, time >= 3, 0)",
    "truths as numbers": "b := time > 3.01 && k > 1; k = 2; c := k > 1; x = 1; x' = (k > 1) - x*(time > 5.01) + b - 0.3*c; y := x > 1",
    "no number": "x = 1; x' = -x",
    "pieces of the state": "x = 1; y = 0; x' = -0.3*x; y' = piecewise(1, x > 0.4, -2)*0.3 - 0.1*y",
    "floors of the state": "x = 0; y = 0; x' = 0.7; y' = piecewise(1, x - floor(x) > 0.5, 0) - 0.1*y",
}


def outputs_of(equations: Equations) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*equations.states, *(id for id, _ in equations.moving if not id.startswith("_"))]))


@pytest.mark.parametrize("kind", MODELS)
def test_models_of_many_kinds_agree(kind: str) -> None:
    text = MODELS[kind]
    plan = plan_of(text, TIMES, outputs_of(kernel(text).equations), rtol=1e-9)
    found, right = native(text, plan), reference(text, replace(plan, rtol=1e-11))
    assert found.status[0] == right.status[0] == "ok", (found.message, right.message)
    assert error(found.values[:, :, 0], right.values[:, :, 0]) < AGREE


def nominal(model: Model, ids: tuple[str, ...]) -> np.ndarray:
    return np.array([np.nan if (value := model.quantity(id).value) is None else value for id in ids], float)


DRUGS = [drug for drug in takers("cell", "drug", shipped_library()) if drug != "estradiol"]  # that is the hormone of all
GENOTYPES = choices(shipped_library(), "genotypes.tsv", "genotype")


@pytest.mark.parametrize("genotype", GENOTYPES)
def test_the_cell_model_agrees_for_every_drug(genotype: str) -> None:
    """Each drug with E2, a second dose, and a change of medium that takes all ligand away."""
    models = [load("cell", drug=drug, genotype=genotype) for drug in DRUGS]
    equations = derive(models[0])
    given = np.stack([nominal(model, equations.given) for model in models], axis=1)
    given[equations.given.index("E2_medium")] = 0.1
    given[equations.given.index("drug_medium")] = 100.0
    stops = (("set", "drug_medium", 20.0), ("set", "E2_medium", 1.0), ("set", "drug_medium", 0.0), ("set", "E2_medium", 0.0))
    kinds, targets, sizes = zip(*stops, strict=True)
    schedule = Schedule.shared((24.0, 24.0, 48.0, 48.0), kinds, targets, np.repeat(np.array(sizes)[:, None], len(DRUGS), axis=1))
    plan = Plan(given, np.arange(0.0, 73.0, 1.0), outputs_of(equations), schedule=schedule, rtol=1e-9, atol=1e-12)
    found, right = run_native(equations, plan), run(build(equations), replace(plan, rtol=1e-10, atol=1e-13))
    assert set(found.status) == set(right.status) == {"ok"}
    assert error(found.values.reshape(len(found.values), -1), right.values.reshape(len(right.values), -1), 1e-6) < AGREE


def test_there_are_drugs_and_genotypes() -> None:
    assert len(DRUGS) >= 3
    assert len(GENOTYPES) >= 3


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["Alkan_SciSignal2018", "Bachmann_MSB2011", "Lang_PLOSComputBiol2024", "Laske_PLOSComputBiol2019", "Raia_CancerResearch2011"]
)
def test_a_foreign_model_meets_its_reference(shared_dir: Path, name: str) -> None:
    """All 64 draws finish and the median error is at most 2e-4 by the rule of the folder, at ten times its tolerance."""
    folder = shared_dir / "conformance" / "models" / name
    data, model = np.load(folder / "reference.npz"), read_model(folder / "model.xml")
    equations = derive(model)
    given = np.repeat(nominal(model, equations.given)[:, None], len(data["draws"]), axis=1)
    for column, id in enumerate(data["params"].tolist()):
        given[equations.given.index(id)] = data["draws"][:, column]
    states = tuple(data["states"].tolist())
    right = data["ref_draws"].transpose(2, 1, 0)
    largest = np.abs(right).max(axis=(1, 2))
    arrays = run_native(equations, Plan(given, data["time"], states, rtol=1e-5, atol=1e-8 * largest[largest > 0.0].min()))
    assert arrays.status.tolist() == ["ok"] * len(data["draws"])
    found = arrays.values * sizes_of(equations, model, states, data["unit"].tolist())[:, None, None]
    errors = np.abs(found - right) / (np.abs(right) + 1e-3 * np.abs(right).max(axis=1, keepdims=True) + 1e-300)
    judged = errors[largest >= 1e-12 * largest.max()][:, 1:].max(axis=(0, 1))
    assert np.median(judged) <= 2e-4, (np.median(judged), judged.max())


def sizes_of(equations: Equations, model: Model, states: tuple[str, ...], units: list[str]) -> np.ndarray:
    """Return by what a value is multiplied to be what the reference counts in."""
    scales = dict(zip(equations.states, equations.scales, strict=True))
    sizes = [scales.get(id) if unit == "amount" else None for id, unit in zip(states, units, strict=True)]
    return np.array([1.0 if size is None else float(model.compartments[size].value or 1.0) for size in sizes])
