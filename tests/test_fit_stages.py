"""Stages that experiments share, what they set and read, and when slopes give way to differences."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fit_cases import OBSERVABLES, PARAMETERS, extended, needs_petab, write
from serdsim.engine.engines import Engine
from serdsim.errors import InputError
from serdsim.fit import Objective, read_problem, search
from serdsim.fit.course import Settings
from serdsim.fit.differences import Differences
from serdsim.fit.gradient import Gradients
from serdsim.fit.minimise import Settings as Descending
from serdsim.fit.problem import Problem
from serdsim.fit.search import fit_problem, identity, scorer

pytestmark = needs_petab
TIGHT = Settings(rtol=1e-9, atol=1e-13)
DECAY = "compartment c = 1; species A in c; A = 3; lose: A -> ; c*k*A; k = 0.5; "
WIDER = "species A in c; A = 3; lose: A -> ; c*k*A; k = 0.5; g = 1"
K = "k 0.01 10 0.4 true"


def problem_of(
    folder: Path, model: str, parameters: str = K, conditions: str = "", experiments: str = "e 0 -", observable: str = "A",
    measured: str = "e 2 1",
) -> Problem:  # fmt: skip
    """Return a problem with one observable o; `measured` holds lines of experiment, time and number."""
    lines = "\n".join(f"o {line} - -" for line in measured.splitlines())
    path = write(
        folder,
        model,
        parameters=f"{PARAMETERS}\n{parameters}",
        conditions=f"conditionId targetId targetValue\n{conditions}",
        experiments=f"experimentId time conditionId\n{experiments}",
        observables=f"{OBSERVABLES}\no {observable} 0.1 normal - -",
        measurements=f"observableId experimentId time measurement observableParameters noiseParameters\n{lines}",
    )
    return read_problem(path)


def agree(problem: Problem) -> None:
    """Hold slopes of compiled code against differences at the nominal values."""
    vectors = Differences(problem).space.vector(problem.nominal)[None]
    a, b = Gradients(problem, TIGHT).simulated(vectors), Differences(problem).simulated(vectors)
    for one, two in ((a.numbers, b.numbers), (a.widths, b.widths)):
        assert np.isfinite(two.value).all() and np.isfinite(two.slope).all()
        assert one.value == pytest.approx(two.value, rel=1e-7)
        assert np.max(np.abs(one.slope - two.slope)) <= 1e-6 * max(1e-300, np.max(np.abs(two.slope)))


def test_a_stage_that_others_stay_in_for_longer_ends_where_an_heir_begins(tmp_path: Path) -> None:
    model = DECAY + "species B in c; B = 1; m: -> B; c*A"
    problem = problem_of(
        tmp_path, model, conditions="up A A+1", experiments="a 0 -\nb 0 -\nb 1 up", observable="B",
        measured="a 1 2\na 4 1\nb 2 1",
    )  # fmt: skip
    agree(problem)
    at_one = 3.0 * math.exp(-0.4) + 1.0  # A after the change; B grows by the integral of A
    by_hand = 1.0 + 3.0 * (1.0 - math.exp(-0.4)) / 0.4 + at_one * (1.0 - math.exp(-0.4)) / 0.4
    found = Gradients(problem, TIGHT).simulated(np.log([[0.4]])).numbers.value[:, 0]
    assert found[2] == pytest.approx(by_hand, rel=1e-7)


TIMES = {
    "after the last measurement of the heir": ("a 0 -\nb 0 -\nb 1 double", "a 4 1\nb 2 1"),
    "two heirs at two times": ("a 0 -\na 3 double\nb 0 -\nb 1 double", "a 4 1\nb 2 1"),
    "two heirs at one time": ("a 0 -\na 1 double\nb 0 -\nb 1 halve", "a 4 1\nb 2 1\nb 1 2"),
    "a change that nothing measures": ("a 0 -\na 9 double\nb 0 -", "a 2 1\nb 3 1"),
}


@pytest.mark.parametrize("name", TIMES)
def test_heirs_may_begin_at_any_time(tmp_path: Path, name: str) -> None:
    experiments, measured = TIMES[name]
    agree(problem_of(tmp_path, DECAY, conditions="double A A*2\nhalve A A/2", experiments=experiments, measured=measured))


def test_stages_are_shared_by_those_that_leave_them_at_one_time(tmp_path: Path) -> None:
    experiments = "a 0 -\na 1 double\nb 0 -\nb 1 halve\nc 0 -\nc 2 double\nd 0 -"
    problem = problem_of(
        tmp_path, DECAY, conditions="double A A*2\nhalve A A/2", experiments=experiments, measured="a 3 1\nb 3 1\nc 3 1\nd 3 1"
    )
    tree = Gradients(problem).flow.tree
    first = {id: path[0] for id, path in tree.paths.items()}
    assert first["a"] == first["b"] and len(set(first.values())) == 3
    assert [tree.stages[first[id]].end for id in "acd"] == [1.0, 2.0, 3.0]


def test_a_parameter_that_a_condition_sets_is_read_as_it_then_is(tmp_path: Path) -> None:
    problem = problem_of(
        tmp_path, DECAY + "w = 1", f"{K}\nw 0 10 2 false", "seven w 7\nfaster k k*w", "e 0 seven\ne 1 faster", "A*w", "e 0.5 3\ne 2 3"
    )
    agree(problem)
    late = Objective(problem).at().table["simulation"][1]
    assert late == pytest.approx(7.0 * 3.0 * math.exp(-0.4 - 2.8), rel=1e-6)


SIZES = {
    "rate": "compartment c = 1; c' = 0.1*g; ",
    "assignment": "compartment c; c := 1 + 0.1*time*g; ",
}


@pytest.mark.parametrize("kind", SIZES)
def test_a_concentration_is_set_in_a_compartment_whose_size_is_a_rule(tmp_path: Path, kind: str) -> None:
    agree(problem_of(tmp_path, SIZES[kind] + WIDER, f"{K}\ng 0.1 10 1 true", "double A A*2", "e 0 -\ne 1 double"))


def test_a_size_that_a_rule_moves_is_set(tmp_path: Path) -> None:
    agree(problem_of(tmp_path, SIZES["rate"] + WIDER, f"{K}\ng 0.1 10 1 true", "wide c g*2", "e 0 -\ne 1 wide"))


TURNED = {
    "time": ("lose: A -> ; c*k*A*f; f := piecewise(1, time > tau, 0); k = 0.5; tau = 1", "tau 0.1 10 1 true", "", "e 0 -"),
    "state": ("lose: A -> ; c*k*A*f; f := piecewise(1, A > tau, 0.3); k = 0.5; tau = 1", "tau 0.1 10 2 true", "", "e 0 -"),
    "size": ("lose: A -> ; k*A; k = 0.5", "tau 0.1 10 1.5 true", "two A 2\nsized c tau", "e 0 sized\ne 1 two"),
}


@pytest.mark.parametrize("name", TURNED)
def test_what_only_the_first_score_shows_leads_to_differences(tmp_path: Path, name: str) -> None:
    reaction, parameter, conditions, experiments = TURNED[name]
    model = f"compartment c = 1; species A in c; A = 3; {reaction}"
    problem = problem_of(tmp_path, model, f"{K}\n{parameter}", conditions, experiments)
    many, way = scorer(problem, workers=1)
    assert isinstance(many, Differences) and way.startswith("central differences, because ")
    found = fit_problem(problem, starts=1, workers=1, descending=Descending(optimiser="L-BFGS-B", iterations=2))
    assert found.cost.way == way and math.isfinite(found.found.best.value)


def test_nominal_values_that_fail_hide_nothing_from_the_first_score(tmp_path: Path) -> None:
    model = "compartment c = 1; species A in c; A = 1; grow: -> A; k*A*A; k = 0.5"  # it runs away at t = 1 / k, before A is set
    problem = problem_of(
        tmp_path, model, "k 0.01 10 5 true\nv 0.5 3 1 true", "two A 2\nsized c v", "e 0 -\ne 1 sized\ne 1.2 two", measured="e 1.5 3"
    )
    many, way = scorer(problem, workers=1)
    assert isinstance(many, Differences) and "size" in way


def test_terms_of_parameters_alone_need_no_course(tmp_path: Path) -> None:
    readings = ("\na5 o a 5\nb5 o b 5\nb0 o b 0\na1 o a 1", "")
    terms = "same factor*a5 3.5 3.5 normal 0.5 blot\nratio b5/a5 2.2 2.2 log-normal spread gel\ninside a5 1.5 2.5 normal 0.5 gel\n"
    terms += "below b5-b0 - 0 normal 5 gel\nabove a5/b5 0.4 - log-normal spread gel"
    alone = "same factor 3.5 3.5 normal 0.5 blot\nother k*spread 3.5 3.5 normal 0.5 gel"
    problem = read_problem(extended(tmp_path, measurements=("\no a 1 4 - blot", ""), readings=readings, terms=(terms, alone)))
    agree(problem)
    assert scorer(problem)[1] == "forward sensitivities"


@pytest.mark.parametrize(("low", "high"), [(-1e6, 1e6), (0.0, 10.0), (0.0, 0.4)])
def test_differences_take_steps_of_the_size_of_the_parameter(tmp_path: Path, low: float, high: float) -> None:
    problem = problem_of(tmp_path, DECAY, "k -1e6 1e6 0.4 true")
    one = replace(problem.parameters["k"], lower=low, upper=high)
    found = Differences(replace(problem, parameters={"k": one})).simulated(np.array([[0.4]]))
    assert found.numbers.slope[0, 0, 0] == pytest.approx(-6.0 * math.exp(-0.8), rel=1e-6 if high > 0.4 else 2e-4)  # to one side at a bound


def test_kept_starts_are_those_of_one_way_and_of_one_version_of_the_numerics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem, file = problem_of(tmp_path, DECAY), tmp_path / "starts.jsonl"
    quick = Descending(optimiser="L-BFGS-B", iterations=2)
    found = fit_problem(problem, starts=1, workers=1, descending=quick, file=file)
    again = fit_problem(problem, starts=1, workers=1, descending=quick, file=file)
    assert again.found.descents == found.found.descents and again.cost.vectors == 0
    with monkeypatch.context() as patch:
        patch.setattr(search, "scorer", lambda *_: (Differences(problem), "central differences, because so"))
        with pytest.raises(InputError, match="not the same: problem"):
            fit_problem(problem, starts=1, workers=1, descending=quick, file=file)
    other: Engine = replace(search.NATIVE, numerics="of another day")
    monkeypatch.setattr(search, "NATIVE", other)
    with pytest.raises(InputError, match="not the same: problem"):
        fit_problem(problem, starts=1, workers=1, descending=quick, file=file)
    assert identity(problem, TIGHT, "a, because b") == identity(problem, TIGHT, "a, because c") != identity(problem, TIGHT)
