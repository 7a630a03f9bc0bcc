"""Plating in groups: at the start of treatment a lesion has its size and its clones their shares; nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from serdsim.codegen.equations import Equations, derive
from serdsim.model.library import load
from serdsim.model.plating import Plating
from serdsim.model.recipe import read_recipe, shipped_library
from serdsim.simulation.plating import plated

SHARES = ((0.5, 0.001), (0.9, 0.4), (0.0, 1.0), (1.0, 0.0))


@pytest.fixture(scope="module")
def lesion() -> tuple[Plating, Equations, np.ndarray, np.ndarray]:
    """Return the plating of a patient, its equations, inputs with the shares above, and random states before."""
    plating, model = read_recipe("patient", shipped_library()).plating, load("patient")
    assert plating is not None
    equations = derive(model)
    given = np.stack([np.array([float(model.quantity(id).value or 0.0) for id in equations.given])] * len(SHARES), axis=1)
    given[equations.given.index("share_c1")], given[equations.given.index("share_resistant")] = np.array(SHARES).T
    given[equations.given.index("n_cells")] = (1e9, 2e9, 3e6, 7.0)
    return plating, equations, given, np.random.default_rng(3).uniform(0.1, 5.0, (len(equations.states), len(SHARES)))


def rows(equations: Equations, ids: tuple[str, ...]) -> list[int]:
    return [equations.states.index(id) for id in ids]


def test_each_group_has_its_share_of_what_is_left_and_all_are_the_count(lesion: tuple[Plating, Equations, np.ndarray, np.ndarray]) -> None:
    plating, equations, given, before = lesion
    after = plated(plating, equations, given, before)
    count = given[equations.given.index("n_cells")]
    wanted = {"share_c1": np.array([a for a, _ in SHARES]), "share_resistant": np.array([b for _, b in SHARES])}
    wanted["share_c1"] *= 1.0 - wanted["share_resistant"]
    wanted["rest"] = 1.0 - wanted["share_c1"] - wanted["share_resistant"]
    assert set(plating.shares) == set(wanted)
    for group, share in zip(plating.groups, plating.shares, strict=True):
        np.testing.assert_allclose(after[rows(equations, group)].sum(axis=0), count * wanted[share], rtol=1e-12, atol=1e-12 * count.max())
    np.testing.assert_allclose(after[rows(equations, plating.cells)].sum(axis=0), count, rtol=1e-12)


def test_phases_stay_as_they_were_and_no_other_state_moves(lesion: tuple[Plating, Equations, np.ndarray, np.ndarray]) -> None:
    plating, equations, given, before = lesion
    after = plated(plating, equations, given, before)
    for group in plating.groups:
        phases = before[rows(equations, group)] / before[rows(equations, group)].sum(axis=0)
        total = after[rows(equations, group)].sum(axis=0)
        np.testing.assert_allclose(after[rows(equations, group)], phases * total, rtol=1e-12)
    others = [i for i, id in enumerate(equations.states) if id not in (*plating.cells, *plating.cleared)]
    assert len(others) > 20 and np.array_equal(after[others], before[others])


def test_drawn_shares_never_make_more_than_the_lesion(lesion: tuple[Plating, Equations, np.ndarray, np.ndarray]) -> None:
    plating, equations, given, before = lesion
    shares = np.random.default_rng(4).uniform(0.0, 1.0, (2, len(SHARES)))
    assert shares.sum(axis=0).max() > 1.0
    given = given.copy()
    given[equations.given.index("share_c1")], given[equations.given.index("share_resistant")] = shares
    after = plated(plating, equations, given, before)
    cells = after[rows(equations, plating.cells)]
    np.testing.assert_allclose(cells.sum(axis=0), given[equations.given.index("n_cells")], rtol=1e-12)
    assert np.all(cells > 0.0)


def test_an_individual_that_failed_before_stays_without_a_number(lesion: tuple[Plating, Equations, np.ndarray, np.ndarray]) -> None:
    plating, equations, given, before = lesion
    broken = before.copy()
    broken[:, 1] = np.nan
    after = plated(plating, equations, given, broken)
    assert np.isnan(after[rows(equations, plating.cells), 1]).all() and np.isfinite(np.delete(after, 1, axis=1)).all()
    whole = plated(plating, equations, given, before)
    assert np.array_equal(np.delete(after, 1, axis=1), np.delete(whole, 1, axis=1))


def test_without_plating_nothing_moves_and_one_group_takes_all(lesion: tuple[Plating, Equations, np.ndarray, np.ndarray]) -> None:
    _, equations, given, before = lesion
    assert plated(None, equations, given, before) is before
    after = plated(Plating(("g1_c1", "g1_c2"), "n_cells", ("resistant",)), equations, given, before)
    count = given[equations.given.index("n_cells")]
    np.testing.assert_allclose(after[rows(equations, ("g1_c1", "g1_c2"))].sum(axis=0), count, rtol=1e-12)
    assert np.all(after[rows(equations, ("resistant",))] == 0.0)
