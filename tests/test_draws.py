"""Draws of a parameter depend on seed, individual and the name of its row, and on nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from library_cases import copied, edit
from serdsim.errors import ModelError
from serdsim.model.entities import Evidence
from serdsim.model.library import load
from serdsim.simulation.draws import Draws, draw, given_values

seeds = st.integers(0, 2**64 - 1)
spreads = st.floats(0.01, 1.0)


def row(name: str = "a", distribution: str = "lognormal", prior: float = 0.3, grade: str = "assumption", **more: float) -> Evidence:
    return Evidence(grade, (), distribution, prior, row=name, **more)


@given(seeds, st.integers(1, 12), st.integers(1, 12))
def test_more_draws_leave_the_first_ones_alone(seed, few, more):
    a, b = draw(2.0, row(), Draws(few, seed)), draw(2.0, row(), Draws(few + more, seed))
    assert np.array_equal(a, b[:few])


@given(seeds, spreads, st.floats(1e-6, 1e6))
def test_value_and_spread_scale_the_same_normal_numbers(seed, prior, value):
    z = np.log10(draw(1.0, row(prior=1.0), Draws(8, seed)))
    assert np.allclose(np.log10(draw(value, row(prior=prior), Draws(8, seed)) / value), prior * z, rtol=1e-9, atol=1e-12)


@given(seeds, spreads, st.floats(0.001, 0.999))
def test_shares_stay_shares_and_spread_on_the_odds(seed, prior, value):
    drawn = draw(value, row(distribution="logitnormal", prior=prior), Draws(8, seed))
    z = np.log10(draw(1.0, row(prior=1.0), Draws(8, seed)))
    assert np.all((drawn > 0) & (drawn < 1))
    assert np.allclose(np.log(drawn / (1 - drawn)) - np.log(value / (1 - value)), prior * z, rtol=1e-6, atol=1e-9)


def test_draws_are_normal_on_their_scale():
    z = np.log10(draw(1.0, row(prior=1.0), Draws(2000, 3)))
    assert abs(np.mean(z)) < 4 / np.sqrt(2000)
    assert np.std(z) == pytest.approx(1.0, abs=0.07)
    assert np.mean(np.abs(z) < 1.645) == pytest.approx(0.9, abs=0.03)


def test_other_names_and_other_seeds_give_other_numbers():
    columns = [draw(1.0, row(name), Draws(50, seed)) for name in ("a", "b") for seed in (1, 2)]
    correlation = np.corrcoef(np.log(columns)) - np.eye(4)
    assert np.abs(correlation).max() < 0.6


@given(seeds)
def test_bounds_hold(seed):
    drawn = draw(1.0, row(prior=2.0, lower=0.5, upper=3.0), Draws(8, seed))
    assert drawn.min() >= 0.5 and drawn.max() <= 3.0


@given(seeds, st.sampled_from(["lognormal", "logitnormal"]))
def test_a_sceptic_widens_assumptions_by_at_most_a_decade_and_nothing_else(seed, distribution):
    plain, sceptic = Draws(8, seed), Draws(8, seed, sceptical=True)
    for grade in ("primary", "secondary", "derived", "fitted", "recalled"):
        assert np.array_equal(
            draw(0.3, row(distribution=distribution, grade=grade), plain), draw(0.3, row(distribution=distribution, grade=grade), sceptic)
        )
    a, b = (draw(0.3, row(distribution=distribution), draws) for draws in (plain, sceptic))
    if distribution == "logitnormal":
        a, b = a / (1 - a), b / (1 - b)
    decades = np.log10(b / a)
    assert np.all(np.abs(decades) <= 1.0 + 1e-9) and np.ptp(decades) > 0.0
    fixed = row(distribution="fixed")
    assert np.array_equal(draw(0.3, fixed, plain), draw(0.3, fixed, sceptic))


def test_a_sceptic_changes_exactly_the_assumptions_of_a_model():
    model = load("cell", drug="fulvestrant", genotype="D538G")
    ids = tuple(model.evidence)
    plain, sceptic = given_values(model, ids, Draws(6, 1)), given_values(model, ids, Draws(6, 1, sceptical=True))
    widened = {id for id, a, b in zip(ids, plain, sceptic, strict=True) if not np.array_equal(a, b)}
    assert widened == {id for id, entry in model.evidence.items() if entry.grade == "assumption" and entry.distribution != "fixed"}


def test_no_draws_means_the_central_values():
    model = load("cell")
    ids = tuple(model.evidence)
    central = given_values(model, ids, Draws(0, 9))
    assert central.shape == (len(ids), 1)
    assert central[:, 0].tolist() == [model.quantity(id).value for id in ids]


def test_a_new_parameter_leaves_the_draws_of_the_others_alone(tmp_path):
    model, library = load("cell"), copied(tmp_path)
    edit(library, "models/cell/population.ant", "quiescent has cells;", "k_new has per_h;  quiescent has cells;")
    edit(library, "parameters.tsv", "k_div\t", "k_new\t1\t1/h\tlognormal\t\t\t\t0.3\tassumption\tSerdsim2026\t\t\t\ta new one\nk_div\t")
    wider = load("cell", library=library)
    assert "k_new" in wider.evidence
    ids = tuple(reversed(tuple(model.evidence)))
    assert np.array_equal(given_values(model, ids, Draws(5, 7)), given_values(wider, ids, Draws(5, 7)))


def test_quantities_that_share_a_row_share_its_draws():
    model = load("cell", genotype="WT")
    wild, mutant = given_values(model, ("pose_W", "pose_M"), Draws(5, 7))
    assert np.array_equal(wild, mutant) and np.ptp(wild) > 0


def test_the_same_row_is_drawn_alike_in_models_of_other_drugs():
    first, second = (given_values(load("cell", drug=drug), ("kappa", "Kd_drug"), Draws(5, 7)) for drug in ("fulvestrant", "imlunestrant"))
    assert np.array_equal(first[0], second[0])
    assert not np.array_equal(first[1] / first[1][0], second[1] / second[1][0])


def test_a_quantity_without_a_value_cannot_be_drawn():
    model = load("cell")
    hollow = replace(model, parameters={**model.parameters, "kappa": replace(model.parameters["kappa"], value=None)})
    with pytest.raises(ModelError, match="kappa: the quantity has no value; expected a number"):
        given_values(hollow, ("k_div", "kappa"), Draws(2, 1))


def test_values_that_are_kept_are_nobodys_to_change():
    model = load("cell", drug="imlunestrant")
    first = given_values(model, ("Kd_drug",), Draws(3, 5))
    before = first.copy()
    first[:] = -1.0
    assert np.array_equal(given_values(model, ("Kd_drug",), Draws(3, 5)), before)
