"""The pieces of the gradient benchmark: its gradients against differences, and what its tables make of made-up numbers."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest

from house_cases import ROOT

sys.path.insert(0, str(ROOT))

from benchmarks import gradient, gradient_amici, gradient_ours, gradient_tables
from benchmarks.gradient_problem import COURSES, OUTPUTS, PARAMETERS, TIMES, FitProblem, gradient_problem
from benchmarks.gradient_reference import differences, gradient_errors, judged
from benchmarks.measure import Errors
from benchmarks.rounds import Row

TOGETHER, ALONE = gradient_ours.TOGETHER, gradient_ours.ALONE


@pytest.fixture(scope="module")
def weekly() -> FitProblem:
    return gradient_problem("weekly doses", 3)


def row(tool: str, variant: str, rtol: float, error: float, *speeds: float, p99: float | None = None, failed: int = 0) -> Row:
    found = Errors(error, 3.0 * error if p99 is None else p99, 5.0 * error, failed)
    return Row("c", tool, variant, rtol, found, speeds, 1.0, 10.0)


def ours(variant: str, rtol: float, error: float, *speeds: float) -> Row:
    return row(gradient_ours.NAME, variant, rtol, error, *speeds)


def theirs(variant: str, rtol: float, error: float, *speeds: float, p99: float | None = None, failed: int = 0) -> Row:
    return row(gradient_amici.NAME, variant, rtol, error, *speeds, p99=p99, failed=failed)


def test_our_gradients_are_those_of_differences_and_the_same_together_and_alone(weekly: FitProblem) -> None:
    prepared = gradient_ours.Prepared(weekly)
    found = prepared.run((TOGETHER, 1e-8))
    assert found.shape == (3, len(PARAMETERS))
    assert np.all(found != 0.0)
    assert gradient_errors(found[:1], differences(weekly.first(1), 1e-9)) == pytest.approx(0.0, abs=1e-7)
    assert prepared.run((ALONE, 1e-8)) == pytest.approx(found, rel=1e-12)
    loose = gradient_errors(prepared.run((TOGETHER, 1e-2)), found)
    assert np.all((loose > 1e-6) & (loose < 1e-2))  # an error that the tolerance moves is what the benchmark compares at


def test_courses_differ_in_their_doses_alone_and_no_datum_is_at_a_dose(weekly: FitProblem) -> None:
    assert [len(gradient_problem(course, 1).doses) for course in COURSES] == [0, 3, 27]
    assert {dose.time for dose in weekly.doses} == {168.0, 336.0, 504.0}
    assert not {time % 24.0 for time in TIMES} & {0.0}
    assert weekly.data.shape == (len(OUTPUTS), len(TIMES))
    assert weekly.first(1).residuals(weekly.data[:, :, None]) == pytest.approx(0.0)


def test_the_key_of_a_fit_follows_its_data(weekly: FitProblem) -> None:
    assert weekly.key != replace(weekly, data=weekly.data * 1.01).key
    assert weekly.key == replace(weekly, name="another").key


def test_the_error_of_a_gradient_is_one_number_per_vector() -> None:
    reference = np.array([[3.0, 4.0], [0.0, 2.0], [1.0, 1.0]])
    found = np.array([[3.0, 4.5], [0.2, 2.0], [1.0, math.nan]])
    assert gradient_errors(found, reference) == pytest.approx([0.1, 0.1, math.inf])
    assert judged(found, reference) == Errors(pytest.approx(0.1), math.inf, math.inf, 1)


def test_a_row_reaches_an_error_with_median_and_tail_and_no_failure() -> None:
    assert gradient_tables.reaches(theirs("a", 1e-4, 9e-5, 1.0), 1e-4)
    assert not gradient_tables.reaches(theirs("a", 1e-4, 2e-4, 1.0), 1e-4)
    assert not gradient_tables.reaches(theirs("a", 1e-4, 9e-5, 1.0, p99=2e-3), 1e-4)
    assert not gradient_tables.reaches(theirs("a", 1e-4, 9e-5, 1.0, failed=1), 1e-4)


def test_contenders_are_the_fastest_few_and_one_that_is_sure() -> None:
    rows = [
        theirs("a", 1e-3, 9e-4, 50.0),
        theirs("b", 1e-3, 8e-4, 49.0),
        theirs("c", 1e-3, 7e-4, 48.0),
        theirs("d", 1e-3, 2e-3, 99.0),
        theirs("a", 1e-4, 1e-4, 20.0),
        theirs("b", 1e-4, 1e-4, 10.0),
    ]
    assert [(one.variant, one.rtol) for one in gradient.contenders(rows, 1e-3, 2)] == [("a", 1e-3), ("b", 1e-3), ("a", 1e-4)]
    assert [(one.variant, one.rtol) for one in gradient.contenders(rows, 1e-3)][:3] == [("a", 1e-3), ("b", 1e-3), ("c", 1e-3)]
    assert [(one.variant, one.rtol) for one in gradient.contenders(rows, 1e-4)] == [("a", 1e-4)]
    assert gradient.contenders(rows, 1e-9) == []


def test_ratios_are_per_round_and_the_cheapest_way_is_the_one_compared() -> None:
    rows = [
        ours(TOGETHER, 1e-2, 5e-4, 1000.0, 1200.0, 900.0),
        ours(ALONE, 1e-2, 5e-4, 100.0, 100.0, 100.0),
        theirs("dear", 1e-3, 5e-4, 10.0, 10.0, 10.0),
        theirs("cheap", 1e-3, 5e-4, 20.0, 20.0, 20.0),
        theirs("inexact", 1e-2, 5e-3, 90.0, 90.0, 90.0),
        theirs("once lucky", 1e-2, 5e-4, 95.0),
    ]
    both = gradient_tables.compared(rows, "c", TOGETHER, 1e-3)
    assert both is not None
    assert both.ratios == pytest.approx([50.0, 60.0, 45.0])
    text = gradient_tables.ratio_table(rows, (1e-3, 1e-9))
    assert "| c | 0.001 | cheap, rtol 0.001 | 5.0e-04 | 50 | 5.0e-04 (rtol 0.01) | 1 | 50 (45 to 60) | 10 | 5 (5 to 5) |" in text
    assert "| c | 1e-09 | not reached by both |" in text
    ways = gradient_tables.ways_table([*rows, Row("c", gradient_amici.NAME, "", math.nan, note="not installed")], (1e-3, 1e-9))
    assert "| c | once lucky | 10.5 | - |" in ways
    assert "| c | cheap | 50 | - |" in ways
    assert "| c | inexact | - | - |" in ways
    assert "| c |  | not installed | not installed |" in ways
