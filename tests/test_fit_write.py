"""Problems that are written: what is read again is the same, and version 1 says in version 2 what it meant or is refused by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fit_cases import (
    EXAMPLE,
    EXTENDED,
    MEASUREMENTS_ONE,
    OBSERVABLES,
    OBSERVABLES_ONE,
    ONE,
    PARAMETERS,
    PARAMETERS_ONE,
    extended,
    needs_petab,
    write,
)
from serdsim.errors import InputError
from serdsim.fit import evaluate, read_problem, write_problem
from serdsim.fit.formula import number_of, parse_formula
from serdsim.fit.formula_text import formula_text
from serdsim.fit.problem import Problem
from serdsim.fit.second_opinion import second_opinion
from serdsim.fit.upgrade import in_version_two
from serdsim.model.expression import Apply, Number, Symbol

pytestmark = needs_petab


def again(problem: Problem, folder: Path) -> Problem:
    """Write a problem and read it, with petab's blessing."""
    path = write_problem(problem, folder)
    found = read_problem(path)
    assert second_opinion(path, found) == []
    return found


def test_an_extended_problem_comes_back_whole(tmp_path: Path) -> None:
    path = extended(tmp_path / "a", parameters=("\nunused 0.01 1 0.25 false", ""), rows=("\nunused parameters.tsv - {share} odds", ""))
    problem = read_problem(path)
    found = again(problem, tmp_path / "b")
    assert found == problem
    assert found.terms and found.sources and found.rows and found.readings and found.measurements[0].dataset == "blot"
    assert write_problem(found, tmp_path / "c").read_text() == (tmp_path / "b" / "a.yaml").read_text()
    assert (tmp_path / "b" / "terms.tsv").read_text() == (tmp_path / "c" / "terms.tsv").read_text()
    assert evaluate(found).terms.equals(evaluate(problem).terms)
    other = replace(problem, terms={**problem.terms, "same": replace(problem.terms["same"], upper=4.0)})
    assert again(other, tmp_path / "d") == other != problem


@pytest.mark.parametrize("folder", ["decay", "other"])
def test_the_example_comes_back_with_its_name_and_its_model(tmp_path: Path, folder: str) -> None:
    problem = read_problem(EXAMPLE / "problem.yaml")
    found = again(problem, tmp_path / folder)
    assert found == problem
    assert found.name == "decay"
    assert (tmp_path / folder / "model.xml").read_text() == (EXAMPLE / "model.xml").read_text()


def test_everything_that_version_two_says_comes_back(tmp_path: Path) -> None:
    path = write(
        tmp_path / "problem",
        "x = 1; k = 0.5; s = 1; x' = s - k * x",
        "mapping_files: [mapping.tsv]\n" + EXTENDED[: EXTENDED.index("extensions")],
        parameters=f"{PARAMETERS} priorDistribution priorParameters\n"
        "rate 0 inf 0.5 true log-normal 0.1;2.5\nb 0 1e-7 1e-9 true - -\nc - - 2 false - -",
        mapping="petabEntityId modelEntityId\nrate k\nq x",
        conditions="conditionId targetId targetValue\none s rate*3\none x 2\ntwo s 0.1+rate/(c+1)",
        experiments="experimentId time conditionId\ne -inf one\ne 0 two\nf 2 -\nf 3.5 one\nf 4 -",
        observables=f"{OBSERVABLES}\no m*q^2/c+b n*o laplace m n\np log10(q) 1e-3 log-laplace - -",
        measurements="observableId experimentId time measurement observableParameters noiseParameters\n"
        "o e 1 1 rate 0.5\np f 4 2 - -\no - inf -3e5 2 c",
    )
    problem = read_problem(path)
    found = again(problem, tmp_path / "again")
    assert found == problem
    assert evaluate(found).table.equals(evaluate(problem).table)


def test_a_problem_named_problem_keeps_its_name(tmp_path: Path) -> None:
    problem = replace(read_problem(EXAMPLE / "problem.yaml"), name="problem")
    assert again(problem, tmp_path / "other") == problem


def test_a_model_without_text_cannot_be_written(tmp_path: Path) -> None:
    problem = replace(read_problem(EXAMPLE / "problem.yaml"), model_text="")
    with pytest.raises(InputError, match="the text of the model is not known"):
        write_problem(problem, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def one(folder: Path, model: str = "x = 2; k = 0.5; x' = -k * x", **tables: str) -> Problem:
    usual = {
        "parameters": f"{PARAMETERS_ONE}\nk log10 0.01 1 0.5 1",
        "conditions": "conditionId\nc",
        "observables": f"{OBSERVABLES_ONE}\no x noiseParameter1_o lin normal",
        "measurements": f"{MEASUREMENTS_ONE}\no - c 1 1 - 0.5",
    }
    return read_problem(write(folder, model, ONE, **{**usual, **tables}))


@pytest.mark.parametrize("scale", ["lin", "log", "log10"])
@pytest.mark.parametrize("kind", ["normal", "laplace"])
def test_scales_and_laws_of_version_one_score_the_same(tmp_path: Path, scale: str, kind: str) -> None:
    problem = one(tmp_path / "a", observables=f"{OBSERVABLES_ONE}\no observableParameter1_o*x noiseParameter1_o*o {scale} {kind}",
                  measurements=f"{MEASUREMENTS_ONE}\no - c 1 1 3 0.5\no - c 2 5 k 0.25")  # fmt: skip
    found = again(problem, tmp_path / "b")
    assert found.version == 2
    assert found == in_version_two(problem)
    assert evaluate(found, {"k": 0.3}).log_likelihood == pytest.approx(evaluate(problem, {"k": 0.3}).log_likelihood, rel=1e-12)


@pytest.mark.parametrize(
    "prior", ["", "normal 0.4;0.2", "logNormal 0.1;0.5", "laplace 0.3;0.1", "uniform 0.2;0.7", "parameterScaleNormal 0.4;0.2"]
)
def test_priors_of_version_one_differ_by_a_constant(tmp_path: Path, prior: str) -> None:
    columns, cells = (" objectivePriorType objectivePriorParameters", f" {prior}") if prior else ("", "")
    problem = one(tmp_path / "a", parameters=f"{PARAMETERS_ONE}{columns}\nk lin 0.01 1 0.5 1{cells}")
    found = again(problem, tmp_path / "b")
    gaps = [evaluate(found, {"k": k}).log_prior - evaluate(problem, {"k": k}).log_prior for k in (0.25, 0.4, 0.66)]
    assert gaps == pytest.approx([gaps[0]] * 3, abs=1e-12)


def test_what_was_set_for_a_steady_state_goes_back(tmp_path: Path) -> None:
    problem = one(
        tmp_path / "a",
        "x = 1; s = 2; a = 3; k = 0.5; x' = s * a - k * x; z = 3; z' = 0 * x",
        parameters=f"{PARAMETERS_ONE}\nk lin 0.01 1 0.5 1\nu lin 0 9 7 0",
        conditions="conditionId s a z\nrest 4 NaN u\nnow NaN 1 5\nplain NaN NaN NaN",
        observables=f"{OBSERVABLES_ONE}\no x+0*z+s-s 1 lin normal\nq z 1 lin normal",
        measurements=f"{MEASUREMENTS_ONE}\no rest now 0 1 - -\no rest now 4 1 - -\nq rest now 2 1 - -\nq rest plain 2 1 - -\n"
        "o rest plain 9 1 - -\no - now 3 1 - -",
    )
    found = again(problem, tmp_path / "b")
    back = found.conditions["rest__now_back"].changes
    assert [(change.target, change.value) for change in back] == [("s", Number(2.0))]
    assert evaluate(found).table["simulation"].tolist() == pytest.approx(evaluate(problem).table["simulation"].tolist(), rel=1e-9)
    without = replace(found, conditions={**found.conditions, "rest__now_back": replace(found.conditions["rest__now_back"], changes=())})
    assert abs(evaluate(without).table["simulation"][1] - evaluate(problem).table["simulation"][1]) > 0.1


def test_what_conditions_set_beside_the_model_becomes_a_placeholder(tmp_path: Path) -> None:
    problem = one(
        tmp_path / "a",
        parameters=f"{PARAMETERS_ONE}\nk lin 0.01 1 0.5 1\nu lin 0 9 7 0\nwide lin 0.1 9 0.7 1",
        conditions="conditionId shift width\nc 2 0.5\nd u wide\ne u 0.3",
        observables=f"{OBSERVABLES_ONE}\no x+shift width*noiseParameter1_o lin normal\np observableParameter1_p*x 1 lin normal",
        measurements=f"{MEASUREMENTS_ONE}\no - c 1 1 - 1\no - d 1 1 - u\no d e 1 1 - 1\np - d 1 1 shift -",
    )
    found = again(problem, tmp_path / "b")
    assert found.conditions == {}
    assert found.observables["o"].placeholders == ("shift_of_o",)
    assert found.observables["o"].noise_placeholders == ("noiseParameter1_o", "width_of_o")
    expected = evaluate(problem).table
    for column in ("simulation", "noise", "log_likelihood"):
        assert evaluate(found).table[column].tolist() == pytest.approx(expected[column].tolist(), rel=1e-12)
    assert expected["noise"].tolist() == [0.5, 0.7 * 7.0, 0.3, 1.0]


REST = {
    "conditions": "conditionId a\nrest 4\nnow NaN",
    "measurements": f"{MEASUREMENTS_ONE}\no rest now 0 1 - 1",
}
REFUSED = [
    (
        {"parameters": f"{PARAMETERS_ONE} objectivePriorType objectivePriorParameters\nk log10 0.01 1 0.5 1 parameterScaleNormal 0;1"},
        "x = 2; k = 0.5; x' = -k * x",
        "parameters.tsv:2  k: the prior speaks of the parameter on the scale log10",
    ),
    ({"parameters": f"{PARAMETERS_ONE}\nk lin 0 inf 0.5 1"}, "x = 2; k = 0.5; x' = -k * x", "2  k: a parameter without a prior"),
    (REST, "x = 2; k = 0.5; a = 1; s = 2 * a; x' = s - k * x", 'measurements.tsv:2  rest -> now: the model derives "s"'),
    (REST, "x = 2; k = 0.5; a = 2 * k; x' = a - k * x", '"a" goes back to a value that is no number'),
    (REST, "compartment a = 2; species x in a; x = 2; k = 0.5; R: -> x; a * (1 - k * x)", 'the size of the compartment "a" changes'),
    (
        {**REST, "conditions": "conditionId a b\nrest 4 1\nnow NaN a"},
        "x = 2; k = 0.5; a = 1; b = 1; x' = a * b - k * x",
        '"b" is set to a formula of what changes after a steady state',
    ),
    ({"conditions": "conditionId k\nc 1"}, "x = 2; k = 0.5; x' = -k * x", '"k" is in the condition table and in the parameter table'),
]  # fmt: skip


@pytest.mark.parametrize(("tables", "model", "words"), REFUSED, ids=lambda one: str(one)[-25:])
def test_what_version_two_cannot_say_is_refused_by_name(tmp_path: Path, tables: dict[str, str], model: str, words: str) -> None:
    problem = one(tmp_path / "a", model, **tables)
    with pytest.raises(InputError) as caught:
        write_problem(problem, tmp_path / "b")
    assert words in str(caught.value)
    assert not (tmp_path / "b").exists()


TEXTS = ["-a^b", "a/(b + c)^2", "2*a - 3*b/c", "b*log2(a)", "log10(a)", "(a^b)^c", "a^(b^c)", "piecewise(1, a > 3 && b < 1, -2e-07)",
         "a^(-2.5)/b^0.5", "max(a, max(b, c))", "1/(1 + exp(-a))", "(-a)^b", "sqrt(a*b)*arctan(c)", "-(a + b)/c", "log10(a)^2"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_formulas_are_written_as_they_are_read(text: str) -> None:
    expression, values = parse_formula(text), {"a": 3.1, "b": 0.7, "c": 1.9}
    written = formula_text(expression)
    assert number_of(parse_formula(written), values) == pytest.approx(number_of(expression, values), rel=1e-14)
    assert parse_formula(written) == expression or text == "log10(a)^2"


def _joined(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["+", "-", "*", "/", "^"])
    calls = st.sampled_from(["exp", "ln", "sqrt", "abs", "-", ""])
    return st.builds(lambda a, sign, b: f"({a}){sign}({b})", part, signs, part) | st.builds(lambda f, a: f"{f}({a})", calls, part)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.recursive(st.sampled_from(["a", "b", "c", "2", "0.3", "1e-4"]), _joined, max_leaves=6))
def test_written_formulas_have_the_same_value(text: str) -> None:
    try:
        expression = parse_formula(text)
    except ValueError:
        return
    values = {"a": 1.3, "b": 0.7, "c": 1.9}
    assert number_of(parse_formula(formula_text(expression)), values) == pytest.approx(
        number_of(expression, values), rel=1e-12, nan_ok=True
    )


def test_operators_that_petab_does_not_print_are_written_all_the_same() -> None:
    a, b = Symbol("a"), Symbol("b")
    made = [Apply("minus", (a, Apply("plus", (b, a)))), Apply("divide", (a, Apply("times", (b, a)))),
            Apply("minus", (Apply("plus", (a, b)),)),
            Apply("root", (Number(3.0), a)), Apply("log", (b, a)), Apply("power", (Number(-2.0), Number(2.0)))]  # fmt: skip
    for expression in made:
        values = {"a": 3.0, "b": 0.5}
        assert number_of(parse_formula(formula_text(expression)), values) == pytest.approx(number_of(expression, values), rel=1e-14)
    with pytest.raises(InputError, match="the function floor cannot be written"):
        formula_text(Apply("floor", (a,)))
