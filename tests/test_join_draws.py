"""Draws of hosts follow those of the dish as their fits would: the algebra by hand, the table, and what simulations make of it."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from fit_cases import needs_petab
from library_cases import copied
from serdsim.model.correlations import COLUMNS, mixtures_of
from serdsim.model.library import load
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws, given_values
from serdsim.tables import read_table, write_table

LIBRARY = shipped_library()
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "verification"))

import draws_beside_data  # noqa: E402
import join_draws  # noqa: E402
from host_draws import Slopes  # noqa: E402
from write_host_problems import Beside  # noqa: E402


def case(seed: int) -> tuple[Slopes, dict[str, float], dict[str, Beside]]:
    """Return readings that two fitted numbers and three others move, at random; the second other is a share."""
    rng = np.random.default_rng(seed)
    others = {f"row_{i}": Beside(f"o{i}", 0.5, float(rng.uniform(0.1, 0.6)), i == 1) for i in range(3)}
    fitted = {"a": 1.1, "b": 0.7}
    return Slopes((*fitted, *others), rng.normal(size=(5, 7)), np.zeros(5)), fitted, others


def widths(others: dict[str, Beside]) -> np.ndarray:
    return np.array([one.width * (1.0 if one.share else math.log(10.0)) for one in others.values()])


@pytest.mark.parametrize("seed", range(4))
def test_a_fitted_number_goes_where_a_fit_would_find_it(seed):
    """Least squares with the others displaced, one normal at a time; the table of the base mixes the normals of two of them."""
    found, fitted, others = case(seed)
    base = join_draws.Base({"o1": {"o0": 0.6, "o1": 0.8}})
    followed = join_draws.follow(found, fitted, others, base)
    assert followed.normals == ("o0", "o1", "o2")
    mixed = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    prior = np.diag([1.0 / width for width in fitted.values()])
    system = np.vstack([found.weighed[:2].T, prior])
    for j in range(3):
        off = found.weighed[2:].T @ (widths(others) * mixed[:, j])
        best, *_ = np.linalg.lstsq(system, np.concatenate([-off, np.zeros(2)]), rcond=None)
        assert followed.weights[:, j] == pytest.approx(best, abs=1e-9)
    assert followed.own == pytest.approx(np.linalg.inv(system.T @ system))


def test_the_prior_of_the_host_counts_once_and_the_dish_is_not_told():
    """Without readings a fitted number keeps its prior, follows nothing, and no pair is written."""
    found, fitted, others = case(0)
    nothing = Slopes(found.names, np.zeros_like(found.weighed), found.pull)
    followed = join_draws.follow(nothing, fitted, others, join_draws.Base({}))
    assert np.sqrt(np.diag(followed.covariance)) == pytest.approx([1.1, 0.7])
    assert join_draws.correlations(followed, join_draws.Base({"o1": {"o0": 0.6, "o1": 0.8}})) == []


@pytest.mark.parametrize("seed", range(3))
def test_the_pairs_give_back_the_covariance_and_leave_what_was_drawn_before_alone(tmp_path, seed):
    found, fitted, others = case(seed)
    rest = {"unit": "dimensionless", "grade": "fitted", "source": "Serdsim2026", "note": "by hand"}
    before = [{"first": "o0", "second": "o1", "value": 0.6, **rest}]
    base = join_draws.base_of(before)
    followed = join_draws.follow(found, fitted, others, base)
    path = tmp_path / "correlations.tsv"
    write_table(path, COLUMNS, [*before, *({**one, **rest} for one in join_draws.correlations(followed, base))])
    mixtures = mixtures_of(path)
    assert {name: dict(mixtures[name]) for name in ("o0", "o1")} == base.mixtures and mixtures["o2"] == (("o2", 1.0),)
    names = list(mixtures)
    weights = np.array([[dict(mixtures[name]).get(other, 0.0) for other in names] for name in ("a", "b", "o0", "o1", "o2")])
    spread = np.sqrt(np.diag(followed.covariance))
    whole = weights @ weights.T
    assert whole[:2, :2] == pytest.approx(followed.covariance / np.outer(spread, spread), abs=2e-6)
    mixed = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    assert whole[:2, 2:] == pytest.approx(followed.weights @ mixed.T / spread[:, None], abs=2e-6)


def shipped_pairs() -> list[dict[str, object]]:
    return [dict(row.values) for row in read_table(LIBRARY / "correlations.tsv", COLUMNS)]


def without_hosts(folder: Path) -> Path:
    library = copied(folder)
    write_table(library / "correlations.tsv", COLUMNS, join_draws.kept(LIBRARY, ()))
    return library


def test_the_dish_is_drawn_as_if_no_host_followed_it(tmp_path):
    alone = without_hosts(tmp_path)
    for model in ("cell", "pk_human"):
        one, other = load(model), load(model, library=alone)
        ids = tuple(id for id, entry in one.evidence.items() if entry.distribution != "fixed")
        assert given_values(one, ids, Draws(6, 3)) == pytest.approx(given_values(other, ids, Draws(6, 3)), rel=1e-12)


@pytest.mark.parametrize(("model", "host"), [("patient", "human"), ("mouse", "mouse")])
def test_draws_of_the_library_have_the_correlations_of_its_table(model, host):
    loaded = load(model, drug="fulvestrant")
    id_of = {entry.row: id for id, entry in loaded.evidence.items() if entry.distribution == "lognormal"}
    pairs = [p for p in shipped_pairs() if str(p["second"]).startswith(f"{host}.") and str(p["first"]) in id_of and p["second"] in id_of]
    strong = [p for p in pairs if abs(float(str(p["value"]))) > 0.2]
    assert any(not str(p["first"]).startswith(f"{host}.") for p in strong)  # of the dish with the host
    ids = tuple(dict.fromkeys(id_of[str(p[side])] for p in strong for side in ("first", "second")))
    seen = np.corrcoef(np.log(given_values(loaded, ids, Draws(4000, 2))))
    for pair in strong:
        i, j = (ids.index(id_of[str(pair[side])]) for side in ("first", "second"))
        assert seen[i, j] == pytest.approx(float(str(pair["value"])), abs=5 / math.sqrt(4000)), pair


def test_stains_of_mice_go_together_as_those_of_patients_do():
    value = {(p["first"], p["second"]): float(str(p["value"])) for p in shipped_pairs()}
    assert value["mouse.K_stain_er", "mouse.er_reference"] == pytest.approx(value["human.K_stain_er", "human.er_reference"], abs=1e-5)
    dish = [pair for pair in value if pair[1] == "mouse.pr_reference" and "." not in pair[0]]
    assert dish
    for first, second in dish:
        assert value[first, second] == pytest.approx(value[first, "human.pr_reference"], abs=1e-5)


@needs_petab
def test_draws_that_follow_the_dish_stay_nearer_to_what_was_measured_in_mice():
    apart, joined = (draws_beside_data.at_draws("xenograft", LIBRARY, Draws(16, 5), one) for one in (False, True))
    assert apart.shape == joined.shape == (16, 3)
    assert np.median(np.abs(joined)) < np.median(np.abs(apart))
