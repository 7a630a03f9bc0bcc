"""The development cases of the PEtab test suites and benchmark problems give the numbers of their authors."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
import yaml

from fit_cases import needs_petab
from serdsim.fit import ProblemError, evaluate, read_problem, write_problem
from serdsim.fit.formula import number_of, parse_formula
from serdsim.fit.second_opinion import second_opinion
from serdsim.fit.upgrade import in_version_two

pytestmark = [pytest.mark.shared, needs_petab]
REFUSED: dict[tuple[str, str], str] = {}  # suite and case -> words by which it is refused
COUNTS = {"petab_test_suite_v1": 14, "petab_test_suite_v2": 21, "benchmark": 4}


def cases(shared_dir: Path, suite: str) -> list[dict[str, str]]:
    with (shared_dir / "conformance" / "petab" / "index.csv").open(encoding="utf-8") as file:
        found = [row for row in csv.DictReader(file) if row["suite"] == suite and row["split"] == "dev"]
    assert len(found) == COUNTS[suite]
    return found


def judged(shared_dir: Path, case: dict[str, str]) -> str:
    """Return "pass", "refused", or what is wrong."""
    folder = shared_dir / "conformance" / "petab" / case["path"].removeprefix("dev/")
    try:
        problem = read_problem(folder / case["problem_yaml"])
    except ProblemError as error:
        words = REFUSED.get((case["suite"], case["case"]))
        return "refused" if words is not None and words in str(error) else str(error)
    found = evaluate(problem)
    relative = case["suite"] == "benchmark"
    wrong = [str(words) for words in found.failures.values()]
    values = {"llh": found.log_likelihood, "chi2": found.chi2, "log_posterior": found.log_posterior}
    for name, value in values.items():
        if case[name] and not abs(value - float(case[name])) <= (1e-4 * abs(float(case[name])) if relative else 1e-3):
            wrong.append(f"{name} is {value}, not {case[name]}")
    if not relative:
        table = pd.read_csv(folder / "_simulations.tsv", sep="\t")
        far = (table["simulation"] - found.table["simulation"]).abs() > 1e-3
        if len(table) != len(found.table) or far.any():
            wrong.append(f"simulated {found.table['simulation'].tolist()}, not {table['simulation'].tolist()}")
    return "; ".join(wrong) or "pass"


@pytest.mark.parametrize("suite", COUNTS)
def test_every_case_passes_or_is_refused_by_name(shared_dir: Path, suite: str) -> None:
    verdicts = {case["case"]: judged(shared_dir, case) for case in cases(shared_dir, suite)}
    print(f"{suite}: " + ", ".join(f"{case} {verdict}" for case, verdict in verdicts.items()))
    assert {case: verdict for case, verdict in verdicts.items() if verdict not in ("pass", "refused")} == {}
    assert [case for case, verdict in verdicts.items() if verdict == "refused"] == [case for of, case in REFUSED if of == suite]


@pytest.mark.parametrize("suite", COUNTS)
def test_every_case_comes_back_from_what_was_written(shared_dir: Path, tmp_path: Path, suite: str) -> None:
    """Problems of version 1 as version 2: what is read from the folder scores the same, and petab finds nothing wrong."""
    wrong = []
    for case in cases(shared_dir, suite):
        folder = shared_dir / "conformance" / "petab" / case["path"].removeprefix("dev/")
        problem = read_problem(folder / case["problem_yaml"])
        path = write_problem(problem, tmp_path / case["case"])
        again = read_problem(path)
        issues = second_opinion(path, again)
        before, after = evaluate(problem), evaluate(again)
        same = again == (problem if problem.version == 2 else in_version_two(problem))
        near = [
            abs(one - two) <= 1e-12 * abs(one) for one, two in ((before.log_likelihood, after.log_likelihood), (before.chi2, after.chi2))
        ]
        if issues or not same or not all(near):
            wrong.append((case["case"], same, before.log_likelihood, after.log_likelihood, *map(str, issues)))
    assert wrong == []


def test_formulas_give_the_values_of_the_suite(shared_dir: Path) -> None:
    text = (shared_dir / "conformance" / "petab" / "math_tests_v2.yaml").read_text(encoding="utf-8")
    tests = yaml.safe_load(text)["cases"]
    assert len(tests) == 66
    wrong = []
    values = {"a": 3.0, "b": 5.0}
    for test in tests:
        expected = number_of(parse_formula(str(test["expected"])), values)
        value = number_of(parse_formula(str(test["expression"])), values)
        if value != pytest.approx(expected, rel=1e-12, abs=1e-15):
            wrong.append((test["expression"], value, expected))
    assert wrong == []
