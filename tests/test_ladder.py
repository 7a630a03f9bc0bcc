"""The exposure-margin ladder: the concentration that is needed, by hand; margins; what the file may say; the drawing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from library_cases import copied, edit
from serdsim.analysis.ladder import Ladder, Rung, Seen, crossing, free_needed, interval, ladder, ladder_table
from serdsim.analysis.ladder_file import DishAssay, Host, LadderFile, Usual, read_ladder
from serdsim.dosing.regimen import parse_regimen
from serdsim.errors import InputError, ModelError
from serdsim.model.recipe import shipped_library
from serdsim.report.ladder_figure import draw_ladder, margin_words
from serdsim.report.ladder_view import ladder_view

ASSAY = DishAssay("MCF7", "level", 0.1, 96.0, 24.0)
USUAL = Usual(Host("patient", "patient", "drug_free", "E2_cell"), "any", parse_regimen("any 1 mg po q24h x 2"), True)


class Dish:
    """A dish in which the level is floor + (1 - floor) / (1 + (c / k)^h) of a start; counts how often it is asked."""

    given = ("Kd_drug",)

    def __init__(self, k: np.ndarray, floor: np.ndarray, h: float = 1.0) -> None:
        self.k, self.floor, self.h, self.points = k, floor, h, 0

    def __call__(self, plan):
        n = plan.individuals
        if not len(plan.stops.times):
            return SimpleNamespace(status=np.full(n, "ok"), final=np.zeros((1, n)), values=np.zeros((0, 1, n)))
        self.points += n
        c, times = plan.stops.values.reshape(-1), n // len(self.k)
        k, floor = np.tile(self.k, times), np.tile(self.floor, times)
        return SimpleNamespace(values=(7.0 * (floor + (1 - floor) / (1 + (c / k) ** self.h))).reshape(1, 1, n))


@pytest.mark.parametrize("h", [0.7, 1.0, 2.0])
def test_what_is_needed_is_the_concentration_of_the_curve(h: float) -> None:
    """1 / (1 + (c / k)^h) = 0.1 at c = k 9^(1/h); with a floor of f at (c / k)^h = 0.9 / (0.1 - f)."""
    k, floor = np.array([0.3, 2.0, 50.0, 1.0, 1.0]), np.array([0.0, 0.05, 0.0, 0.1, 0.5])
    dish = Dish(k, floor, h)
    given = np.array([[0.1, 0.7, 3.0, 1.0, 1.0]])
    found = free_needed(dish, given, ASSAY, dish)
    expected = k[:3] * (0.9 / (0.1 - floor[:3])) ** (1.0 / h)
    assert found[:3] == pytest.approx(expected, rel=0.04)
    assert np.all(np.isinf(found[3:]))
    assert dish.points == 10 * 5


def test_a_drug_that_is_enough_at_the_lowest_counts_with_it_and_a_failure_is_none() -> None:
    dish = Dish(np.array([1e-9, np.nan]), np.zeros(2))
    found = free_needed(dish, np.array([[1.0, 1.0]]), ASSAY, dish)
    assert found[0] == 0.1
    assert np.isnan(found[1])


def test_the_first_crossing_counts() -> None:
    concentrations = np.array([[1.0], [10.0], [100.0], [1000.0]])
    assert crossing(concentrations, np.array([[1.0], [0.1], [0.5], [0.01]]), 0.1) == pytest.approx([10.0])
    assert crossing(concentrations, np.array([[1.0], [0.01], [0.01], [0.01]]), 0.1) == pytest.approx([np.sqrt(10.0)])
    assert np.isnan(crossing(concentrations, np.full((4, 1), 0.2), 0.1)[0])


def rung(free: float, needed: list[float]) -> Rung:
    draws = np.full(len(needed), free)
    return Rung(Seen(USUAL, 24.0, draws / 2, draws, draws * 4, draws), "WT", np.array(needed))


def test_margins_by_hand() -> None:
    one = rung(6.0, [3.0, 12.0, np.inf])
    assert one.margin("mean").tolist() == [2.0, 0.5, 0.0]
    assert one.margin("lowest").tolist() == [1.0, 0.25, 0.0]
    assert one.margin("highest").tolist() == [8.0, 2.0, 0.0]
    assert one.unreached == pytest.approx(1 / 3)
    assert margin_words(one) == "0.50 (none to 2.0)"
    assert interval(np.array([3.0, np.nan, 1.0, np.inf, 2.0, 4.0])) == (1.0, 3.0, np.inf)


def file_of(**changed) -> LadderFile:
    found = read_ladder(shipped_library())
    assert found is not None
    return replace(found, **changed)


@pytest.fixture(scope="module")
def small() -> Ladder:
    """Imlunestrant in a patient, at two doses, in eight draws."""
    every = file_of(draws=8, genotypes=("WT", "Y537S"))
    (usual,) = (one for one in every.regimens if (one.host.model, one.drug) == ("patient", "imlunestrant"))
    twice = replace(usual, regimen=parse_regimen("imlunestrant 800 mg po q24h x 28"))
    return ladder(replace(every, regimens=(usual, twice)), shipped_library(), 1)


def test_twice_the_dose_is_twice_the_margin(small: Ladder) -> None:
    """Its pharmacokinetics are linear, and what is needed does not depend on the dose."""
    for genotype in ("WT", "Y537S"):
        once, twice = (one for one in small.rungs if one.genotype == genotype)
        assert twice.seen.mean == pytest.approx(2.0 * once.seen.mean, rel=0.02)
        known = np.isfinite(once.needed)
        assert twice.needed[known] == pytest.approx(once.needed[known], rel=0.05)
        assert np.all(once.seen.lowest <= once.seen.mean)
        assert np.all(once.seen.mean <= once.seen.highest)


def test_what_is_needed_stops_transcription_in_the_dish(small: Ladder) -> None:
    """The other way round: at the concentration found, the level is a tenth of vehicle."""
    from functools import partial

    from serdsim.analysis import ladder as room
    from serdsim.codegen.equations import derive
    from serdsim.engine.ensemble import run_ensemble
    from serdsim.engine.plan import Plan
    from serdsim.model.library import load

    one = small.rungs[0]
    equations = derive(load("cell"))
    given = room._block(one.seen, one.genotype, small.file, equations, shipped_library())
    run = partial(run_ensemble, equations, workers=1)
    start = run(Plan(given, np.array([small.file.assay.pre_run]), (), rtol=1e-6)).final
    known = np.isfinite(one.needed)
    assert known.any()
    drug = np.array([np.zeros(8), np.where(known, one.needed, 1.0)])
    vehicle, treated = room._level(equations, given, start, small.file.assay, run, drug)
    assert (treated / vehicle)[known] == pytest.approx(0.1, rel=0.05)


def test_draws_of_host_and_dish_go_together(small: Ladder) -> None:
    """The rows of the free fraction and of the affinity are drawn by their names in both models."""
    from serdsim.model.library import load
    from serdsim.simulation.draws import Draws, given_values

    draws = Draws(8, small.file.seed)
    host, dish = (given_values(load(name, drug="imlunestrant"), ("fu_plasma_drug", "Kd_drug"), draws) for name in ("patient", "cell"))
    assert np.array_equal(host, dish)


def test_the_shipped_file_names_what_there_is() -> None:
    found = file_of()
    assert {one.drug for one in found.regimens} == {"imlunestrant", "fulvestrant", "elacestrant", "camizestrant"}
    assert {one.host.model for one in found.regimens} == {"patient", "mouse"}
    assert all(one.assumed for one in found.regimens if one.host.model == "mouse")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  left: 0.1 ", "  left: 1.5 ", "between 0 and 1"),
        ("genotypes: [WT, Y537S,", "genotypes: [WT, Y537Q,", "Y537S"),
        ('"elacestrant 345 mg po q24h x 28"', '"camizestrant 345 mg po q24h x 28"', "not elacestrant alone"),
        ('"elacestrant 345 mg po q24h x 28"', '"elacestrant 345 mg po q24h"', "ladder.yaml"),
        ("  mouse: {title", "  mousse: {title", "mousse"),
        ("draws: 64", "draws: 1", "2 or more"),
    ],
)
def test_a_broken_file_is_named(old: str, new: str, said: str, tmp_path: Path) -> None:
    library = copied(tmp_path)
    edit(library, "ladder.yaml", old, new)
    with pytest.raises((ModelError, InputError), match=said):
        read_ladder(library)


def test_a_library_without_the_file_has_no_ladder(tmp_path: Path) -> None:
    library = copied(tmp_path)
    (library / "ladder.yaml").unlink()
    assert read_ladder(library) is None


@pytest.mark.parametrize("narrow", [False, True])
def test_the_drawing_and_the_words(small: Ladder, narrow: bool) -> None:
    drawing = draw_ladder(small, narrow=narrow)
    words = " ".join(ElementTree.fromstring(drawing).itertext())
    assert "nan" not in words
    assert words.count("Y537S") >= 1
    assert "free IC90" in words
    view = ladder_view(small)
    assert len(view.rows) == len(small.rungs) == len(ladder_table(small)) == 4
    assert "8 draws" in view.made
    assert "assumed" not in view.caution or any(one.seen.usual.assumed for one in small.rungs)
