"""Individuals differ by the variances of the tables, apart from what is uncertain of all of them; the first is the typical one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from body_cases import body_library
from library_cases import set_cell
from serdsim.cli import main
from serdsim.dosing.regimen import parse_regimen
from serdsim.engine.engines import NATIVE
from serdsim.engine.randomness import normals
from serdsim.errors import InputError, TableError
from serdsim.model.digest import model_digest
from serdsim.model.library import load
from serdsim.results.unfinished import Unfinished
from serdsim.simulation import simulate_named
from serdsim.simulation.draws import Draws, Marginal, drawn
from serdsim.simulation.prepared import prepare
from serdsim.simulation.resumed import reopen

RATE = Marginal(2.0, "lognormal", 0.3, row="rate", assumed=True, iiv=0.25)
SHARE = Marginal(0.2, "logitnormal", 0.5, row="share", iiv=0.16)
WEIGHT = Marginal(70.0, row="weight", iiv=0.04)
BOUND = Marginal(5.0, "lognormal", 0.7, 3.0, 8.0, "bound", iiv=1.0)
SURE = Marginal(1.0, "lognormal", 0.2, row="sure")
EVERY = (RATE, SHARE, WEIGHT, BOUND, SURE, Marginal(9.0))
seeds = st.integers(0, 2**64 - 1)


@given(seeds, st.integers(0, 5), st.integers(0, 4), st.booleans())
def test_the_typical_individual_is_the_draw_without_others(seed: int, draws: int, beside: int, sceptical: bool) -> None:
    many = drawn(EVERY, Draws(draws, seed, sceptical, beside=beside))
    alone = drawn(EVERY, Draws(draws, seed, sceptical))
    assert many[:, :: 1 + beside].tobytes() == alone.tobytes()


@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_an_individual_is_the_same_among_few_and_among_many(seed: int, draws: int, beside: int) -> None:
    few = drawn(EVERY, Draws(draws, seed, beside=beside)).reshape(len(EVERY), -1, 1 + beside)
    many = drawn(EVERY[::-1], Draws(draws + 3, seed, beside=beside + 4))[::-1].reshape(len(EVERY), -1, beside + 5)
    nominal = drawn(EVERY, Draws(0, seed, beside=beside))
    assert nominal.tobytes() == np.ascontiguousarray(drawn(EVERY, Draws(0, seed, beside=beside + 2))[:, : 1 + beside]).tobytes()
    assert few.tobytes() == np.ascontiguousarray(many[:, :draws, : 1 + beside]).tobytes()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 50])
def test_individuals_do_not_depend_on_how_they_are_cut(size: int) -> None:
    draws = Draws(9, 4, True, beside=6)
    parts = [drawn(EVERY, draws, range(first, min(first + size, 63))) for first in range(0, 63, size)]
    assert np.concatenate(parts, axis=1).tobytes() == drawn(EVERY, draws).tobytes()
    assert drawn(EVERY, draws, range(5, 5)).shape == (6, 0)


def test_variances_are_those_of_the_table_on_their_own_scale() -> None:
    values = drawn(EVERY, Draws(0, 3, beside=40_000))[:, 1:]
    logs, odds = np.log(values[0] / 2.0), np.log(values[1] / (1 - values[1])) - np.log(0.25)
    for found, variance in ((logs, 0.25), (odds, 0.16), (np.log(values[2] / 70.0), 0.04)):
        assert np.mean(found) == pytest.approx(0.0, abs=4 * np.sqrt(variance / 40_000))
        assert np.var(found) == pytest.approx(variance, rel=0.03)
    assert values[3].min() == 3.0 and values[3].max() == 8.0
    assert np.ptp(values[4:], axis=1).tolist() == [0.0, 0.0]


def test_what_is_uncertain_and_what_differs_are_independent_and_add_up() -> None:
    values = np.log(drawn((RATE,), Draws(4_000, 5, beside=4))[0].reshape(4_000, 5))
    apart = values[:, 1:] - values[:, :1]
    assert np.var(values[:, 0]) == pytest.approx((0.3 * np.log(10.0)) ** 2, rel=0.08)
    assert np.var(apart) == pytest.approx(0.25, rel=0.05)
    assert abs(np.corrcoef(values[:, 0], apart[:, 0])[0, 1]) < 0.06
    assert np.abs(np.corrcoef(apart.T) - np.eye(4)).max() < 0.06
    assert len(np.unique(apart)) == apart.size  # the second animal of one draw is not that of the next


def test_the_number_behind_a_difference_is_seed_draw_individual_and_row() -> None:
    values = drawn((RATE,), Draws(4, 11, beside=3))[0].reshape(4, 4)
    z = normals(11, np.array([3]), ["between individuals: rate"], np.array([2]))[0, 0]
    assert values[2, 3] / values[2, 0] == pytest.approx(np.exp(0.5 * z), rel=1e-12)


def test_individuals_differ_together_where_the_library_says_so(tmp_path: Path) -> None:
    pair = "any.CL\tany.central\t0.8\tdimensionless\tassumption\tNone2000\tmade up\n"
    model = load("body", library=body_library(tmp_path, correlations=pair))
    marks = tuple(Marginal(1.0, iiv=e.iiv or 0.0, iiv_mixture=e.iiv_mixture, row=e.row) for e in model.evidence.values() if e.iiv)
    logs = dict(zip((m.row for m in marks), np.log(drawn(marks, Draws(0, 2, beside=20_000))[:, 1:]), strict=True))
    assert np.corrcoef(logs["any.CL"], logs["any.central"])[0, 1] == pytest.approx(0.8, abs=0.02)
    assert np.var(logs["any.central"]) == pytest.approx(0.01, rel=0.05)
    assert abs(np.corrcoef(logs["any.CL"], logs["growth"])[0, 1]) < 0.03


def test_a_correlation_of_what_does_not_differ_is_refused(tmp_path: Path) -> None:
    pair = "any.CL\tany.ka\t0.8\tdimensionless\tassumption\tNone2000\tmade up\n"
    with pytest.raises(TableError, match=r"any\.ka: no row with a variance between individuals has this name"):
        load("body", library=body_library(tmp_path, correlations=pair))


def test_a_variance_changes_the_model_and_one_of_nothing_does_not(tmp_path: Path) -> None:
    library = body_library(tmp_path)
    before = model_digest(load("body", library=library))
    set_cell(library, "drugs.tsv", ("other", "ka"), "iiv", "0.2")
    assert model_digest(load("body", library=library)) == before
    set_cell(library, "drugs.tsv", ("any", "ka"), "iiv", "0.2")
    assert model_digest(load("body", library=library)) != before


@pytest.mark.parametrize(("row", "cell", "words"), [("ka", "-0.1", "is negative"), ("ka", "35", "at most 9"), ("F", "x", "not a number")])
def test_a_variance_that_cannot_be_is_refused(tmp_path: Path, row: str, cell: str, words: str) -> None:
    library = body_library(tmp_path)
    set_cell(library, "drugs.tsv", ("any", row), "iiv", cell)
    with pytest.raises(TableError, match=words):
        load("body", library=library)


def test_nobody_differs_where_no_row_says_how() -> None:
    with pytest.raises(InputError, match="all individuals of the model cell are alike"):
        prepare("cell", patients=3)
    with pytest.raises(InputError, match="--patients is -1"):
        prepare("cell", patients=-1)


def test_a_dataset_says_which_individual_is_which(tmp_path: Path) -> None:
    library = body_library(tmp_path)
    asked = {"duration_h": 6.0, "every_h": 3.0, "seed": 4, "library": library, "workers": 1}
    found = simulate_named("body", "any 100 nmol once", draws=3, patients=2, **asked)
    assert found.dataset["draw"].values.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert found.dataset["patient"].values.tolist() == [0, 1, 2] * 3
    typical = found.dataset.isel(individual=found.dataset["patient"].values == 0)
    alone = simulate_named("body", "any 100 nmol once", draws=3, **asked)
    assert np.allclose(typical["drug_plasma"], alone.dataset["drug_plasma"], rtol=1e-9)
    assert np.ptp(found.dataset["drug_plasma"].values[:3, 1]) > 0
    assert "patient" not in alone.dataset.coords and found.run != alone.run
    assert "Individual = 3 x draw + patient" in str(found.record["individuals"]) and "--patients 2" in str(found.record["replay"])
    plain = simulate_named("body", "any 100 nmol once", **asked).dataset["drug_plasma"].values[0]
    nominal = simulate_named("body", "any 100 nmol once", patients=4, **asked).dataset["drug_plasma"].values
    assert np.allclose(nominal[0], plain, rtol=1e-12) and np.ptp(nominal[1:, 1]) > 0


def test_the_command_writes_who_is_who_and_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library = body_library(tmp_path)
    monkeypatch.chdir(tmp_path)
    words = ["simulate", "body", "any 100 nmol once", "--hours", "4", "--library", "library", "--draws", "5", "--patients", "9"]
    assert main([*words, "--workers", "1"]) == 0
    assert "Patient 0 of each draw is the typical one" in capsys.readouterr().err
    (run,) = [path for path in Path("runs").iterdir() if path.is_dir()]
    table = pd.read_csv(run / "tables" / "trajectories.csv")
    assert list(table.columns)[:4] == ["individual", "draw", "patient", "time"]
    assert (table["individual"] == 10 * table["draw"] + table["patient"]).all() and len(table) == 50 * 5
    asked = json.loads((run / "run.json").read_text())
    assert asked["plan"]["patients"] == 9 and "--patients 9" in asked["replay"]
    ready = prepare("body", parse_regimen("any 100 nmol once"), duration_h=4.0, draws=5, patients=9, library=library)
    assert ready.run == run.name
    Unfinished(Path("elsewhere"), ready.run).begin(ready.marks)
    again = reopen(Path("elsewhere"), ready.run)
    assert again.job.draws == ready.job.draws and again.run == ready.run
    same = [job.compute(NATIVE.build(job.equations), 0).values.tobytes() for job in (ready.job, again.job)]
    assert same[0] == same[1]
    assert main([*words, "--nonmem", "x.csv"]) == 2
    assert "--patients" in capsys.readouterr().err


def test_tables_do_not_depend_on_workers(tmp_path: Path) -> None:
    library = body_library(tmp_path)
    asked = {"duration_h": 4.0, "draws": 11, "patients": 9, "library": library}
    one, two = (simulate_named("body", "any 100 nmol once", workers=workers, **asked).dataset for workers in (1, 2))
    assert one.equals(two) and one.sizes["individual"] == 110
