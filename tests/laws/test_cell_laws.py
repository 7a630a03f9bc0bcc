"""Laws of the shipped cell model: ligand is conserved, nothing is negative, its Jacobian is the derivative of its rates,
and receptors of growth factors come back under a blocker of mTORC1."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from little_models import given as given_of
from little_models import schedule
from serdsim.codegen.equations import derive
from serdsim.codegen.kernel import Kernel, build
from serdsim.engine.engines import NATIVE
from serdsim.engine.native import run_native
from serdsim.engine.plan import Arrays, Plan
from serdsim.engine.reference import run
from serdsim.model.entities import Model
from serdsim.model.library import load
from serdsim.simulation.named import simulate_named

TIMES = tuple(np.linspace(0.0, 72.0, 73))
BALANCES = ("E2_free_and_bound", "drug_free_and_bound")
CASES = [("imlunestrant", "WT", 0.3, 10.0), ("imlunestrant", "Y537S", 0.0, 1000.0), ("fulvestrant", "WT", 0.015, 0.1)]


@lru_cache
def built(drug: str, genotype: str) -> tuple[Model, Kernel]:
    model = load("cell", drug=drug, genotype=genotype)
    return model, build(derive(model))


ENGINES = ("compiled", "reference")


def exposed(engine: str, drug: str, genotype: str, estradiol: float, dose: float, outputs: tuple[str, ...]) -> Arrays:
    model, kernel = built(drug, genotype)
    stops = schedule([(0.0, "set", "E2_medium", estradiol), (0.0, "set", "drug_medium", dose)])
    plan = Plan(given_of(model, kernel.equations.given), TIMES, outputs, schedule=stops)
    arrays = run(kernel, plan) if engine == "reference" else run_native(kernel.equations, replace(plan, rtol=NATIVE.rtol))
    assert list(arrays.status) == ["ok"], arrays.message
    return arrays


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("drug,genotype,estradiol,dose", CASES)
def test_bound_and_free_ligand_is_conserved(engine: str, drug: str, genotype: str, estradiol: float, dose: float) -> None:
    values = exposed(engine, drug, genotype, estradiol, dose, BALANCES).values[:, :, 0]
    start = values[:, :1]
    assert np.all(np.abs(values - start) <= 1e-6 * np.abs(start) + 1e-12)
    assert values[1, 0] > 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("drug,genotype,estradiol,dose", CASES)
def test_no_state_is_negative(engine: str, drug: str, genotype: str, estradiol: float, dose: float) -> None:
    _, kernel = built(drug, genotype)
    values = exposed(engine, drug, genotype, estradiol, dose, kernel.equations.states).values[:, :, 0]
    assert np.all(values >= -1e-10 * np.maximum(1.0, np.max(values, axis=1, keepdims=True)))


@pytest.mark.parametrize("drug,genotype,estradiol,dose", CASES)
def test_the_jacobian_is_the_derivative_of_the_rates(drug: str, genotype: str, estradiol: float, dose: float) -> None:
    model, kernel = built(drug, genotype)
    start, inputs = kernel.start(given_of(model, kernel.equations.given)[:, 0].tolist())
    c = kernel.fixed(inputs)
    rng = np.random.default_rng(1)
    y = np.maximum(np.array(start), 1e-3) * rng.uniform(0.5, 2.0, len(start))
    slopes = np.zeros((y.size, y.size))
    for (row, column, _), value in zip(kernel.equations.jacobian, kernel.jacobian(0.0, y.tolist(), c), strict=True):
        slopes[row, column] = value
    for column in range(y.size):
        hair = 1e-5 * y[column]
        up, down = y.copy(), y.copy()
        up[column] += hair
        down[column] -= hair
        rates = np.array([kernel.rhs(0.0, side.tolist(), c) for side in (up, down)])
        noise = 1e-15 * np.max(np.abs(rates), axis=0) / hair
        difference = (rates[0] - rates[1]) / (2 * hair)
        assert np.all(np.abs(difference - slopes[:, column]) <= 1e-6 * np.abs(slopes[:, column]) + 100 * noise), kernel.equations.states[
            column
        ]


def test_akt_comes_back_under_a_blocker_of_mtor_as_far_as_the_receptor_is_active() -> None:
    """AKT comes to rest at 1 + irs_gain theta_MYC mTOR_inhibition; a degrader beside the blocker takes most of it back."""
    outputs = ["AKT", "akt_loss", "theta_MYC", "mTOR_inhibition"]
    both = "everolimus 100 nM once + estradiol 1 nM once"
    seen = {
        words: simulate_named("cell", words, outputs=outputs, duration_h=168.0, every_h=24.0).dataset
        for words in (both, f"{both} + imlunestrant 1000 nM once")
    }
    gain = float(load("cell", partner="everolimus")["irs_gain"].value or 0.0)
    ends = []
    for found in seen.values():
        akt, loss, theta, blocked = (found[id].values.ravel() for id in outputs)
        assert blocked[-1] > 0.5 and np.all(loss == pytest.approx(0.0, abs=1e-6))
        assert akt[-1] == pytest.approx(1.0 + gain * theta[-1] * blocked[-1], rel=1e-3)
        ends.append(float(akt[-1]) - 1.0)
    assert ends[0] > 0.1 and ends[1] < 0.5 * ends[0]
    without = simulate_named("cell", "estradiol 1 nM once", outputs=["AKT"], duration_h=168.0, every_h=24.0).dataset["AKT"].values
    assert np.all(without == pytest.approx(1.0, abs=1e-9))
