"""PEtab problems of our own: the numbers are those of closed forms."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from fit_cases import (
    EXAMPLE,
    MEASUREMENTS,
    MEASUREMENTS_ONE,
    OBSERVABLES,
    OBSERVABLES_ONE,
    ONE,
    PARAMETERS,
    PARAMETERS_ONE,
    example,
    needs_petab,
    write,
)
from serdsim.errors import InputError
from serdsim.fit import Objective, evaluate, read_problem
from serdsim.fit.formula import number_of, parse_formula
from serdsim.fit.prior import Prior

pytestmark = needs_petab
DECAY = "compartment plasma = 3; species drug in plasma; drug = 5; loss: drug -> ; plasma * k * drug; k = 0.3"
TURNOVER = "x = 1; k = 0.5; s = 1; x' = s - k * x"


def simulated(path: Path) -> list[float]:
    found = evaluate(read_problem(path))
    assert found.failures == {}
    return found.table["simulation"].tolist()


def test_the_example_scores_as_its_closed_form() -> None:
    found = evaluate(read_problem(EXAMPLE / "problem.yaml"), {"elimination": 0.25, "scaling": 1.7, "width": 0.2})
    start = {"low_dose": 10.0, "high_dose": 100.0}
    table = found.table
    expected = [1.7 * start[name] * math.exp(-0.25 * time) for name, time in zip(table["experiment"], table["time"], strict=True)]
    assert table["simulation"].to_numpy() == pytest.approx(expected, rel=1e-6)
    law = stats.lognorm(0.2, scale=expected)
    assert found.log_likelihood == pytest.approx(law.logpdf(table["measurement"]).sum(), rel=1e-6)
    assert found.chi2 == pytest.approx(float(np.sum((np.log(table["measurement"] / expected) / 0.2) ** 2)), rel=1e-6)
    assert found.log_prior == pytest.approx(-math.log(9.999) - math.log(9.9) - math.log(0.99))
    assert found.log_posterior == found.log_likelihood + found.log_prior


def test_scores_do_not_depend_on_what_was_scored_before() -> None:
    objective = Objective(read_problem(EXAMPLE / "problem.yaml"))
    first = objective.at()
    other = objective.at({"elimination": 0.5})
    assert other.log_likelihood < first.log_likelihood
    assert objective.at().table.equals(first.table)


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(InputError, match="rate: the problem has no such parameter"):
        evaluate(read_problem(EXAMPLE / "problem.yaml"), {"rate": 1.0})


@pytest.mark.parametrize("scale", ["lin", "log", "log10"])
@pytest.mark.parametrize("kind", ["normal", "laplace"])
def test_version_one_knows_scales_and_laws(tmp_path: Path, scale: str, kind: str) -> None:
    path = write(
        tmp_path,
        DECAY,
        ONE,
        parameters=f"{PARAMETERS_ONE}\nk log10 0.01 10 0.2 1",
        conditions="conditionId drug\nc 8",
        observables=f"{OBSERVABLES_ONE}\no observableParameter1_o*drug noiseParameter1_o {scale} {kind}",
        measurements=f"{MEASUREMENTS_ONE}\no - c 0 17 2 0.5\no - c 5 9 3 0.7",
    )
    found = evaluate(read_problem(path))
    measured, width = np.array([17.0, 9.0]), np.array([0.5, 0.7])
    simulated = np.array([16.0, 24.0 * math.exp(-1.0)])
    law = stats.norm if kind == "normal" else stats.laplace
    turn, slope = {"lin": (np.array, 1.0), "log": (np.log, 1.0 / measured), "log10": (np.log10, 1.0 / measured / math.log(10.0))}[scale]
    expected = law.logpdf(turn(measured), turn(simulated), width) + np.log(slope)
    assert found.table["simulation"].to_numpy() == pytest.approx(simulated, rel=1e-6)
    assert found.log_likelihood == pytest.approx(expected.sum(), rel=1e-6)
    assert found.chi2 == pytest.approx((((turn(measured) - turn(simulated)) / width) ** 2).sum(), rel=1e-6)


def test_the_noise_may_read_its_observable(tmp_path: Path) -> None:
    path = example(tmp_path, observables=("width", "width~*~signal".replace("~", " ")))
    table = evaluate(read_problem(path)).table
    assert table["noise"].to_numpy() == pytest.approx(0.1 * table["simulation"].to_numpy())


def test_what_a_condition_sets_later_reads_the_state_before(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        DECAY,
        parameters=f"{PARAMETERS}\nk 0.01 10 0.2 true",
        conditions="conditionId targetId targetValue\nmore drug drug+time\nslow k k/2",
        experiments="experimentId time conditionId\ne 1 -\ne 3 more\ne 3 slow\nf 0 -",
        observables=f"{OBSERVABLES}\no drug 1 normal - -",
        measurements=f"{MEASUREMENTS}\no e 1 1 - -\no e 3 1 - -\no e 8 1 - -\no f 8 1 - -",
    )
    before = 5.0 * math.exp(-0.4)
    assert simulated(path) == pytest.approx([5.0, before + 3.0, (before + 3.0) * math.exp(-0.5), 5.0 * math.exp(-1.6)], rel=1e-6)


def test_a_compartment_that_is_set_keeps_concentrations(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        DECAY,
        parameters=f"{PARAMETERS}\nk 0.01 10 0.2 true",
        conditions="conditionId targetId targetValue\nwide plasma 7",
        experiments="experimentId time conditionId\ne 0 -\ne 3 wide",
        observables=f"{OBSERVABLES}\no drug 1 normal - -\nv plasma 1 normal - -",
        measurements=f"{MEASUREMENTS}\no e 3 1 - -\no e 5 1 - -\nv e 2 1 - -\nv e 3 1 - -",
    )
    assert simulated(path) == pytest.approx([5.0 * math.exp(-0.6), 5.0 * math.exp(-1.0), 3.0, 7.0], rel=1e-6)


@pytest.mark.parametrize("rate", [1e3, 0.5, 1e-9])
def test_rest_before_and_after_is_found_on_any_time_scale(tmp_path: Path, rate: float) -> None:
    path = write(
        tmp_path,
        TURNOVER,
        parameters=f"{PARAMETERS}\nk 0 1e4 {rate} true",
        conditions=f"conditionId targetId targetValue\nbefore s {2.0 * rate}\nnow s {3.0 * rate}",
        experiments="experimentId time conditionId\ne -inf before\ne 0 now",
        observables=f"{OBSERVABLES}\no x 1 normal - -",
        measurements=f"{MEASUREMENTS}\no e 0 1 - -\no e {1.0 / rate} 1 - -\no e inf 1 - -",
    )
    assert simulated(path) == pytest.approx([2.0, 3.0 - math.exp(-1.0), 3.0], rel=1e-5)


@pytest.mark.parametrize("model", ["x = 1; s = 1; k = 1; x' = s", "x = 1; k = 1; s = 1; y = 0; x' = s * y; y' = -x"])
def test_what_never_rests_is_a_failure_with_words(tmp_path: Path, model: str) -> None:
    path = write(
        tmp_path,
        model,
        parameters=f"{PARAMETERS}\nk 0 10 1 true",
        experiments="experimentId time conditionId\ne 0 -",
        observables=f"{OBSERVABLES}\no x 1 normal - -",
        measurements=f"{MEASUREMENTS}\no e 1 1 - -\no e inf 1 - -",
    )
    found = evaluate(read_problem(path))
    assert found.failures["e"].startswith("no steady state")
    assert math.isnan(found.log_likelihood)
    assert math.isfinite(found.table["simulation"][0])


def test_a_trigger_that_turned_true_before_does_not_fire_again(tmp_path: Path) -> None:
    model = "x = 1; k = 0.5; s = 1; x' = s - k * x; n = 0; E: at x > 1.5: n = n + 1; n' = 0 * x"
    tables = {
        "parameters": f"{PARAMETERS}\nk 0 10 0.5 true",
        "observables": f"{OBSERVABLES}\no n 1 normal - -",
        "measurements": f"{MEASUREMENTS}\no e 0 1 - -\no e 3 1 - -",
    }
    rested = write(tmp_path / "a", model, experiments="experimentId time conditionId\ne -inf -", **tables)
    fresh = write(tmp_path / "b", model, experiments="experimentId time conditionId\ne 0 -", **tables)
    assert simulated(rested) == [1.0, 1.0]
    assert simulated(fresh) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("first", "start"),
    [("a 4", [8.0, 12.0]), ("x 5", [5.0, 7.5]), ("y 7", [2.0, 7.0]), ("a 3 x k+1", [1.5, 2.25])],
)
def test_first_conditions_act_before_initial_assignments(tmp_path: Path, first: str, start: list[float]) -> None:
    model = "x = 2 * a; y = 1.5 * x; a = 1; k = 0.2; x' = -k * x; y' = -k * y"
    cells = first.split()
    pairs = list(zip(cells[::2], cells[1::2], strict=True))
    tables = {"observables": "observableId observableFormula noiseFormula\no x 1\np 0.5*y+0.5*y 1+o*0"}
    one = write(
        tmp_path / "one",
        model,
        ONE,
        parameters=f"{PARAMETERS_ONE}\nk lin 0 1 0.5 1",
        conditions="conditionId " + " ".join(id for id, _ in pairs) + "\nc " + " ".join(value for _, value in pairs),
        measurements=f"{MEASUREMENTS_ONE}\no - c 0 1 - -\np - c 0 1 - -\no - c 2 1 - -",
        **tables,
    )
    two = write(
        tmp_path / "two",
        model,
        parameters=f"{PARAMETERS}\nk 0 1 0.5 true",
        conditions="conditionId targetId targetValue\n" + "\n".join(f"c {id} {value}" for id, value in pairs),
        experiments="experimentId time conditionId\ne 0 c",
        measurements=f"{MEASUREMENTS}\no e 0 1 - -\np e 0 1 - -\no e 2 1 - -",
        **tables,
    )
    assert simulated(one) == simulated(two) == pytest.approx([*start, start[0] * math.exp(-1.0)], rel=1e-6)


def test_version_one_goes_on_from_rest_with_parameters_of_its_own(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "x = 1; s = 2 * a; a = 1; k = 0.5; x' = s - k * x; z = 3; z' = 0 * x",
        ONE,
        parameters=f"{PARAMETERS_ONE}\nk lin 0 1 0.5 1",
        conditions="conditionId s a z\nrest 4 NaN NaN\nnow NaN 3 5",
        observables=f"{OBSERVABLES_ONE}\no x 1 lin normal\ns s 1 lin normal\nz z 1 lin normal",
        measurements=f"{MEASUREMENTS_ONE}\no rest now 0 1 - -\no rest now 4 1 - -\ns rest now 0 1 - -\nz rest now 0 1 - -",
    )
    assert simulated(path) == pytest.approx([8.0, 12.0 - 4.0 * math.exp(-2.0), 6.0, 5.0], rel=1e-6)


def test_ids_of_the_problem_may_differ_from_those_of_the_model(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        DECAY,
        "mapping_files: [mapping.tsv]\n" + (EXAMPLE / "problem.yaml").read_text(),
        parameters=f"{PARAMETERS}\nrate 0.01 10 0.2 true",
        mapping="petabEntityId modelEntityId\nrate k\nconcentration drug",
        observables=f"{OBSERVABLES}\no concentration 1 normal - -",
        measurements=f"{MEASUREMENTS}\no - 5 1 - -",
    )
    assert simulated(path) == pytest.approx([5.0 * math.exp(-1.0)], rel=1e-6)


@pytest.mark.parametrize(
    ("prior", "value", "lower", "upper", "law"),
    [
        (Prior("normal", (1.0, 2.0)), 3.0, 0.0, 4.0, stats.truncnorm(-0.5, 1.5, 1.0, 2.0)),
        (Prior("log-normal", (1.0, 2.0)), 3.0, 0.0, math.inf, stats.lognorm(2.0, scale=math.e)),
        (Prior("log-uniform", (1.0, 9.0)), 3.0, 0.0, math.inf, stats.loguniform(1.0, 9.0)),
        (Prior("gamma", (3.0, 5.0)), 3.0, 0.0, math.inf, stats.gamma(3.0, scale=5.0)),
        (Prior("exponential", (3.0,)), 3.0, 0.0, math.inf, stats.expon(scale=3.0)),
    ],
)
def test_priors_are_cut_at_the_bounds(prior: Prior, value: float, lower: float, upper: float, law: object) -> None:
    assert prior.log_density(value, lower, upper) == pytest.approx(law.logpdf(value))
    assert prior.log_density(upper + 1.0 if math.isfinite(upper) else -1.0, lower, upper) == -math.inf


def test_formulas_mean_what_petab_says() -> None:
    values = {"a": 3.0, "b": 2.0, "time": 4.0}
    texts = {"-a^b": -9.0, "b^a^b": 512.0, "log2(b) + log(b, b)": 2.0, "piecewise(a, time > 3 && b < 1, b)": 2.0, "1 / (a - 3)": math.nan}
    assert [number_of(parse_formula(text), values) for text in texts] == pytest.approx(list(texts.values()), nan_ok=True)
