"""What the benchmarks compute from measured numbers, on made-up numbers with known answers."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from house_cases import MACHINE_PATH, ROOT, function_lengths, python_files, text_of

sys.path.insert(0, str(ROOT))

from benchmarks import plot, tables
from benchmarks.growth import Step, table
from benchmarks.measure import Errors, errors, frontier, geometric_mean, individual_errors, speed_at
from benchmarks.problem import Dose, Problem, lognormal
from benchmarks.rounds import Row

MISSING = float("nan")


def row(problem: str, tool: str, rtol: float, median: float, *speeds: float, p99: float | None = None, variant: str = "") -> Row:
    found = Errors(median, p99 if p99 is not None else 3 * median, 5 * median, 0)
    return Row(problem, tool, variant, rtol, found, speeds, 1.5, 20.0)


def test_error_is_relative_to_the_largest_of_value_floor_and_atol() -> None:
    reference = np.array([[[100.0, 1e-12], [0.01, 0.0]]])
    values = np.array([[[101.0, 1e-12], [0.02, 1e-9]]])
    # 1 of 100; 0.01 off where the floor is 1e-3 x 100; 1e-9 off where the atol is 1e-7
    assert individual_errors(values, reference, np.array([0.0, 1e-7])) == pytest.approx([0.1])
    assert individual_errors(values, reference, np.array([np.inf, 1e-7])) == pytest.approx([0.01])


def test_a_state_of_zeros_is_judged_by_its_atol_or_must_stay_zero() -> None:
    reference, values = np.zeros((1, 2, 1)), np.full((1, 2, 1), 1e-6)
    assert individual_errors(values, reference, np.array([1e-3])) == pytest.approx([1e-3])
    assert individual_errors(values, reference, np.array([0.0])) == [math.inf]
    assert individual_errors(reference, reference, np.array([0.0])) == [0.0]


def test_a_failed_individual_counts_as_an_infinite_error() -> None:
    reference = np.ones((4, 1, 1))
    values = reference * np.array([1.1, 1.2, np.nan, 1.3]).reshape(4, 1, 1)
    found = errors(values, reference, np.zeros(1))
    assert (found.median, found.p99, found.largest, found.failed) == (pytest.approx(0.2), math.inf, math.inf, 1)


def test_speed_at_an_error_is_log_log_between_rungs_and_never_made_up() -> None:
    rungs = [(1e-6, 10.0), (1e-4, 1000.0), (1e-5, 5.0)]
    assert frontier(rungs) == [(1e-6, 10.0), (1e-4, 1000.0)]
    assert speed_at(1e-5, rungs) == pytest.approx(100.0)
    assert speed_at(1e-6, rungs) == pytest.approx(10.0)
    assert speed_at(1e-2, rungs) == 1000.0
    assert math.isnan(speed_at(1e-7, rungs))
    assert math.isnan(speed_at(1e-5, [(math.inf, 3.0)]))


def test_geometric_mean_leaves_out_what_is_no_number() -> None:
    assert geometric_mean([1.0, 100.0, MISSING]) == pytest.approx(10.0)
    assert math.isnan(geometric_mean([]))


def test_the_fastest_setting_needs_median_and_tail() -> None:
    rows = [
        row("a", "peer", 1e-4, 2e-5, 90.0),
        row("a", "peer", 1e-5, 5e-6, 50.0, 40.0, 60.0),
        row("a", "peer", 1e-5, 6e-6, 80.0, p99=2e-4, variant="with a tail"),
        row("a", "serdsim", 1e-5, 1e-6, 500.0),
        Row("a", "absent", "", MISSING, note="not installed"),
    ]
    assert tables.fastest(rows)["peer"].speed == 50.0
    text = tables.fastest_table(rows, "serdsim")
    assert "| a | peer | 1e-05 | 5.0e-06 | 1.5e-05 | 50 | 10 |" in text
    assert "| a | absent |  |  |  |  | not installed |" in text
    assert "| a | peer |  |  |  |  | no setting reaches 1e-09 |" in tables.fastest_table(rows, "serdsim", 1e-9)
    assert "| a | absent | not installed |" in tables.ladder_table(rows)


def test_ratios_are_at_the_error_of_the_peer_and_name_the_worst() -> None:
    rows = [
        row("m", "peer", 1e-6, 1e-5, 10.0),
        row("m", "serdsim", 1e-5, 1e-6, 100.0),
        row("m", "serdsim", 1e-3, 1e-4, 10_000.0),
        row("n", "peer", 1e-6, 1e-5, 10.0),
        row("n", "peer", 1e-6, 2e-5, 20.0, variant="slack"),
        row("n", "serdsim", 1e-5, 1e-5, 40.0),
        row("o", "peer", 1e-6, 1e-7, 10.0),
        row("o", "serdsim", 1e-5, 1e-5, 40.0),
    ]
    found = tables.ratios(rows, "serdsim", "peer")
    assert [r.value for r in found[:2]] == pytest.approx([100.0, 4.0])
    text = tables.ratio_table(found)
    assert "geometric mean 20 over 2 models, worst 4 (n)" in text
    assert "no rung of ours is as exact for o" in text


def test_the_file_of_numbers_has_every_column_in_every_line() -> None:
    lines = tables.tsv([row("a", "peer", 1e-5, 5e-6, 50.0, 40.0), Row("a", "absent", "", MISSING, note="not installed")]).splitlines()
    assert [line.count("\t") + 1 for line in lines] == [len(tables.COLUMNS)] * 3
    cells = dict(zip(tables.COLUMNS, lines[1].split("\t"), strict=True))
    assert (cells["per_second"], cells["slowest"], cells["fastest"], cells["rounds"]) == ("45", "40", "50", "2")


def test_the_plot_draws_what_has_an_error_and_a_speed() -> None:
    rows = [row("a", "peer", 1e-5, 5e-6, 50.0), row("a", "peer", 1e-4, math.inf, 60.0), Row("a", "absent", "", MISSING, note="-")]
    assert [point["speed"] for point in plot.points(rows)] == [50.0]
    json.dumps(plot.specification(rows), allow_nan=False)


def test_growth_names_the_step_that_did_not_end() -> None:
    text = table([Step(1000, 2.0, 100.0), Step(10_000, MISSING, MISSING, "its process died")])
    assert "| 1,000 | 2 | 500 | 100 |" in text
    assert "| 10,000 | its process died | | |" in text


def test_draws_have_the_median_and_the_variation_asked_for() -> None:
    z = np.random.default_rng(1).standard_normal((20_000, 1))
    drawn = lognormal(np.array([4.0]), 0.3, z)
    assert np.median(drawn) == pytest.approx(4.0, rel=0.01)
    assert drawn.std() / drawn.mean() == pytest.approx(0.3, rel=0.03)


def test_the_key_of_a_problem_follows_everything_that_its_solution_depends_on() -> None:
    base = Problem("p", "<sbml/>", ("k",), np.ones((2, 1)), (), np.arange(3.0), ("x",), ("value",), np.zeros(1))
    other = Problem("p", "<sbml/>", ("k",), np.ones((2, 1)), (Dose(1.0, "x", 2.0),), np.arange(3.0), ("x",), ("value",), np.zeros(1))
    assert base.key == Problem(**{**vars(base), "name": "q"}).key
    assert len({base.key, other.key, base.first(1).key}) == 3


def test_the_benchmarks_keep_the_house_rules() -> None:
    held = python_files("benchmarks")
    assert len(held) > 10
    for path in held:
        text = text_of(path)
        assert len(text.splitlines()) <= 300, path
        assert {name: lines for name, lines in function_lengths(text).items() if lines > 60} == {}, path
        assert not MACHINE_PATH.search(text), path
        assert not re.search(r"https?://(?!vega\.github\.io/schema)", text), path
    assert not Path(ROOT / "benchmarks" / "results").exists()
