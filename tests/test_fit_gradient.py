"""Scores with gradients: compiled sensitivities against differences of plain courses, stage by stage."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from fit_cases import OBSERVABLES, PARAMETERS, extended, needs_petab, write
from serdsim.errors import ModelError
from serdsim.fit import Objective, read_problem
from serdsim.fit.course import Settings
from serdsim.fit.differences import Differences
from serdsim.fit.gradient import Gradients
from serdsim.fit.prior import Prior
from serdsim.fit.prior_slopes import prior_weight
from serdsim.fit.problem import Problem
from serdsim.fit.search import scorer
from serdsim.fit.space import Space

pytestmark = needs_petab
TIGHT = Settings(rtol=1e-9, atol=1e-13)
MODEL = (
    "compartment cell = 2; species $E in cell; species A in cell, B in cell; E = 1; A = 3; B = 2*k; make: -> A; cell*k*E;"
    " turn: A -> B; cell*r*A; lose: B -> ; cell*0.1*B; k = 0.5; r = 0.3; ref = 1; base = 2"
)


def staged(folder: Path) -> Problem:
    """Return a problem with stages: plain stops, changes that read the state and parameters, a size, a first start value."""
    path = write(
        folder,
        MODEL,
        parameters=f"{PARAMETERS}\nk 0.01 10 0.4 true\nr 0.01 10 0.3 true\nlift 0.1 10 1.5 true\nsd 0.01 10 0.3 true\nstill 0 5 2 false",
        conditions="conditionId targetId targetValue\nbegin A lift*base\nbegin base still\nmore E 3\nless E 0.5\nmark ref A+B\n"
        "mark B B*lift\nwide cell 4\nother r r*lift\nnone E 0",
        experiments="experimentId time conditionId\none -5 begin\none 0 mark\none 2 more\none 4 less\n"
        "two -5 begin\ntwo 0 mark\ntwo 0 more\ntwo 3 wide\nthree 0 more\nthree 1 other\nthree 2 none",
        observables=f"{OBSERVABLES}\nshare (A+E)/ref sd normal - -\nlevel B*scale 0.2 log-normal scale -\nrest make sd+0.1*k normal - -",
        measurements="observableId experimentId time measurement observableParameters noiseParameters\nshare one 0 1 - -\n"
        "share one 3 0.8 - -\nshare one 6 0.7 - -\nshare two 5 0.9 - -\nlevel one 6 2 2 -\nlevel three 3 1 k -\nrest three 1.5 2 - -\n"
        "share two -1 3 - -",
    )
    return read_problem(path)


def near(found: object, wanted: object, rel: float) -> None:
    a, b = np.asarray(found, float), np.asarray(wanted, float)
    assert np.all(np.isfinite(b)) and np.max(np.abs(a - b)) <= rel * np.max(np.abs(b))


def agree(problem: Problem, vectors: np.ndarray) -> None:
    fast, slow = Gradients(problem, TIGHT), Differences(problem)
    a, b = fast.simulated(vectors), slow.simulated(vectors)
    for one, two in ((a.numbers, b.numbers), (a.widths, b.widths)):
        near(one.value, two.value, 1e-7)
        near(one.slope, two.slope, 1e-6)
    for point, other in zip(fast(vectors), slow(vectors), strict=True):
        assert point.value == pytest.approx(other.value, rel=1e-7)
        near(point.gradient, other.gradient, 1e-5)
        near(point.curvature, other.curvature, 1e-5)


def test_stages_have_the_slopes_of_differences(tmp_path: Path) -> None:
    problem = staged(tmp_path)
    start = Differences(problem).space.vector(problem.nominal)
    agree(problem, np.array([start, start + 0.2, start - [0.1, -0.3, 0.2, 0.1]]))


def test_terms_and_noise_have_the_slopes_of_differences(tmp_path: Path) -> None:
    problem = read_problem(extended(tmp_path))
    start = Differences(problem).space.vector(problem.nominal)
    agree(problem, np.array([start, start + 0.3]))


def test_experiments_that_begin_alike_are_integrated_once(tmp_path: Path) -> None:
    tree = Gradients(staged(tmp_path)).flow.tree
    assert tree.paths["one"][0] == tree.paths["two"][0] != tree.paths["three"][0]
    assert [len(path) for path in tree.paths.values()] == [2, 3, 2]
    assert next(stage.items for stage in tree.stages if stage.parent == tree.paths["one"][0]) == ((2.0, "E", 3.0), (4.0, "E", 0.5))


def test_values_are_those_of_the_slow_twin(tmp_path: Path) -> None:
    problem = staged(tmp_path)
    fast = Gradients(problem, TIGHT)
    values = {"k": 0.7, "r": 0.2, "lift": 2.0, "sd": 0.4}
    table = Objective(problem).at(values).table
    found = fast.simulated(fast.space.vector(values)[None])
    near(found.numbers.value[:, 0], table["simulation"], 1e-7)
    near(found.widths.value[:, 0], table["noise"], 1e-12)


def test_no_bit_depends_on_batch_or_workers(tmp_path: Path) -> None:
    problem = staged(tmp_path)
    many = Gradients(problem, workers=2)
    vectors = many.space.vector(problem.nominal) + np.random.default_rng(1).normal(0.0, 0.3, (70, 4))
    together, single = many(vectors), Gradients(problem, workers=1)
    for number in (0, 33, 69):
        alone = single(vectors[number : number + 1])[0]
        assert alone.value == together[number].value
        assert alone.gradient.tolist() == together[number].gradient.tolist()


def test_a_vector_that_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "compartment c = 1; species A in c; A = 1; grow: -> A; c*k*A*A; k = 0.5",
        parameters=f"{PARAMETERS}\nk 0.01 10 0.4 true",
        experiments="experimentId time conditionId\ne 0 -",
        observables=f"{OBSERVABLES}\no A 0.1 normal - -",
        measurements="observableId experimentId time measurement observableParameters noiseParameters\no e 1 2 - -",
    )
    many = Gradients(read_problem(path))
    fine, wild = math.log(0.4), math.log(9.0)  # A = 1 / (1 - k t) runs away at t = 1 / k
    lost, kept = many(np.array([[wild], [fine]]))
    assert math.isnan(lost.value) and np.isnan(lost.gradient).all()
    assert kept.value == many(np.array([[fine]]))[0].value
    slope = (2.0 - 1.0 / 0.6) / 0.01 * (0.4 / 0.36)  # of the log-likelihood by ln k, by hand
    assert kept.gradient[0] == pytest.approx(-slope, rel=1e-5)


def test_vectors_that_all_fail_at_their_start_are_said_to_fail(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "compartment c = 1; species A in c; A = log(1 - k); grow: -> A; c*k; k = 0.5",
        parameters=f"{PARAMETERS}\nk 0.01 10 0.4 true",
        experiments="experimentId time conditionId\ne 0 -",
        observables=f"{OBSERVABLES}\no A 0.1 normal - -",
        measurements="observableId experimentId time measurement observableParameters noiseParameters\no e 1 2 - -\no e 2 2 - -",
    )
    many = Gradients(read_problem(path))
    wild, fine = np.array([[math.log(9.0)], [math.log(2.0)]]), np.array([[math.log(0.4)]])
    assert [math.isnan(one.value) for one in many(wild)] == [True, True]
    assert math.isfinite(many(fine)[0].value)


def test_a_model_with_events_is_scored_by_differences(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "compartment c = 1; species A in c; A = 1; lose: A -> ; c*k*A; k = 0.5; at (time > 1): A = 2",
        parameters=f"{PARAMETERS}\nk 0.01 10 0.4 true",
        experiments="experimentId time conditionId\ne 0 -",
        observables=f"{OBSERVABLES}\no A 0.1 normal - -",
        measurements="observableId experimentId time measurement observableParameters noiseParameters\no e 2 2 - -",
    )
    problem = read_problem(path)
    with pytest.raises(ModelError, match="events"):
        Gradients(problem)
    many, way = scorer(problem)
    assert isinstance(many, Differences) and "events" in way
    simulated = 2.0 * math.exp(-0.4)
    expected = (2.0 - simulated) / 0.01 * 0.4 * simulated  # minus the slope of the log-likelihood by ln k
    assert many(np.array([[math.log(0.4)]]))[0].gradient[0] == pytest.approx(expected, rel=1e-4)


KINDS = {
    "normal": (1.0, 0.5), "laplace": (0.3, 0.5), "cauchy": (0.3, 0.5), "uniform": (0.1, 9.0), "rayleigh": (0.6,),
    "exponential": (0.7,), "chisquare": (3.0,), "gamma": (2.5, 0.4), "log-normal": (0.2, 0.5), "log-laplace": (0.2, 0.5),
    "log-uniform": (0.1, 9.0),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("logarithmic", [True, False])
def test_priors_have_the_slopes_of_their_densities(kind: str, logarithmic: bool) -> None:
    prior, h = Prior(kind, KINDS[kind]), 1e-4
    space = Space(("p",), (logarithmic,), (0.01,), (20.0,), (prior,))

    def density(x: float) -> float:
        p = math.exp(x) if logarithmic else x
        return prior.log_density(p, 0.01, 20.0) + (math.log(p) if kind.startswith("log-") else 0.0)

    x = math.log(0.8) if logarithmic else 0.8
    found = prior_weight(space, np.array([[x], [x + 0.1]]))
    assert found.value[0, 1] - found.value[0, 0] == pytest.approx(density(x + 0.1) - density(x), abs=1e-9)
    assert found.slope[0, 0] == pytest.approx((density(x + h) - density(x - h)) / (2 * h), abs=1e-5)
    assert found.bend[0, 0] >= 0.0


def test_a_prior_of_version_1_speaks_on_its_own_scale() -> None:
    space = Space(("p",), (True,), (0.01,), (20.0,), (Prior("normal", (0.5, 0.2), "log10", cut=False),))
    found = prior_weight(space, np.log(np.array([[2.0]])))
    assert found.slope[0, 0] == pytest.approx(-(math.log10(2.0) - 0.5) / 0.04 / math.log(10.0))


@pytest.mark.parametrize(
    ("kind", "numbers", "slope"), [("exponential", (0.5,), -2.0), ("chisquare", (2.0,), -0.5), ("gamma", (1.0, 4.0), -0.25)]
)
def test_a_prior_with_a_density_at_zero_has_a_slope_there(kind: str, numbers: tuple[float, ...], slope: float) -> None:
    space = Space(("p",), (False,), (0.0,), (20.0,), (Prior(kind, numbers),))
    found = prior_weight(space, np.array([[0.0], [0.3]]))
    assert found.value[0].tolist() == [0.0, pytest.approx(0.3 * slope)]
    assert found.slope[0].tolist() == [slope, slope] and found.bend[0].tolist() == [0.0, 0.0]
    assert np.isnan(prior_weight(space, np.array([[-0.1]])).value).all()
