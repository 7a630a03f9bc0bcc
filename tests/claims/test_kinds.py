"""Each kind of measure on readings whose answer is known, and the arms that are refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from measure_cases import DOSES, FACTORS, TIMES
from measure_cases import readings_of as readings
from serdsim.claims import kinds, measures
from serdsim.claims.claim import Claim
from serdsim.claims.kinds import values_of
from serdsim.claims.measures import Part, read_part
from serdsim.claims.testing import test_claim as tested
from serdsim.errors import ClaimError
from serdsim.experiments.protocol import located
from serdsim.experiments.runner import Readings


def grown(half: np.ndarray, doublings: float = 2.0, *, start: float = 100.0, kill: float = 0.0) -> dict[str, np.ndarray]:
    """Counts of a line whose growth rate falls with the dose: share 1 - (1 + kill) d/(d + half) of the vehicle's."""
    dose, time = np.array(DOSES)[:, None, None], TIMES[None, :, None]
    share = 1.0 - (1.0 + kill) * dose / (dose + half[None, None, :])
    return {"cells": start * 2.0 ** (doublings * share * time / TIMES[-1])}


def part(kind: str, found: Readings, output: str = "cells", time: str = "24 h", **arms: object) -> Part:
    bounds = {name: arms.pop(name) for name in ("below", "above", "report") if name in arms} or {"below": 1e9}
    entry = {"id": "p", "unit": "fold", "scale": 1.0, "measure": {"kind": kind, "output": output, "time": time, **arms}, **bounds}
    return read_part(entry, found.experiment, "M.yaml")


def value(kind: str, found: Readings, **arms: object) -> np.ndarray:
    return values_of(part(kind, found, **arms), found)


def test_every_kind_that_can_be_read_can_be_computed() -> None:
    assert set(kinds.KINDS) == set(measures.ARMS)


def test_gr_compares_growth_rates_at_the_time_of_the_measure() -> None:
    found = readings({"a": grown(FACTORS, start=100.0), "b": grown(FACTORS, start=7.0)})
    share = 1.0 - 1.0 / (1.0 + FACTORS)
    for time in ("24 h", "12 h"):
        assert value("gr", found, time=time, of="a @ 1 nM", to="a @ 0 nM") == pytest.approx(2.0**share - 1.0, rel=1e-12)
    assert value("gr", found, of="b @ 1 nM", to="a @ 0 nM") == pytest.approx(2.0**share - 1.0, rel=1e-12)  # each from its own start


def test_a_relative_ratio_takes_each_arm_over_its_own_vehicle_first() -> None:
    found = readings({"a": grown(FACTORS), "b": grown(0.5 * FACTORS, doublings=0.7, start=7.0)})
    own, other = (value("ratio", found, of=f"{id} @ 1 nM", to=f"{id} @ 0 nM") for id in "ab")
    arms = {"of": "a @ 1 nM", "of_vehicle": "a @ 0 nM", "to": "b @ 1 nM", "to_vehicle": "b @ 0 nM"}
    assert value("relative_ratio", found, **arms) == pytest.approx(own / other, rel=1e-12)
    assert value("relative_ratio", found, **arms) != pytest.approx(value("ratio", found, of="a @ 1 nM", to="b @ 1 nM"), rel=1e-3)
    assert part("relative_ratio", found, **arms).measure.needs(found.experiment) == {"a": {0.0, 1.0}, "b": {0.0, 1.0}}


def test_a_difference_of_gr_values_takes_each_from_its_own_vehicle() -> None:
    found = readings({"a": grown(FACTORS), "b": grown(0.5 * FACTORS, doublings=0.7, start=7.0)})
    one, other = (value("gr", found, of=f"{id} @ 1 nM", to=f"{id} @ 0 nM") for id in "ab")
    assert value("gr_difference", found, of="a @ 1 nM", to="b @ 1 nM") == pytest.approx(one - other, rel=1e-12)
    measure = part("gr_difference", found, of="a @ 1 nM", to="b @ 1 nM").measure
    assert measure.needs(found.experiment) == {"a": {0.0, 1.0}, "b": {0.0, 1.0}}
    with pytest.raises(ClaimError, match="has no vehicle to be compared with"):
        part("gr_difference", found, of="a @ 0 nM", to="b @ 1 nM")


def test_a_level_is_the_output_itself() -> None:
    found = readings({"a": grown(FACTORS)})
    assert value("level", found, of="a @ 0 nM") == pytest.approx(np.full(3, 400.0))


def test_a_vehicle_that_does_not_grow_has_no_gr() -> None:
    found = readings({"a": grown(FACTORS, doublings=0.0)})
    assert np.isnan(value("gr", found, of="a @ 1 nM", to="a @ 0 nM")).all()
    assert np.isnan(value("gr50", found, of="a")).all() and np.isnan(value("gr_aoc", found, of="a")).all()


def test_gr50_is_where_half_is_left_of_the_gr_value() -> None:
    """GR = 2^s - 1 is 0.5 at s = log2 1.5, that is at dose = half * (1 - s)/s."""
    s = np.log2(1.5)
    found = readings({"a": grown(FACTORS), "b": grown(0.5 * FACTORS, doublings=0.7)})
    assert value("gr50", found, of="a") == pytest.approx(FACTORS * (1.0 - s) / s, rel=0.01)
    assert value("gr50_ratio", found, of="a", to="b") == pytest.approx(np.full(3, 2.0), rel=0.01)


def test_gr50_outside_the_range_is_a_bound_or_infinite_and_has_no_ratio() -> None:
    found = readings({"a": grown(np.array([1e-4, 1.0, 1e5])), "b": grown(np.ones(3))})
    one = value("gr50", found, of="a")
    assert one[0] == DOSES[1] and np.isfinite(one[1]) and one[2] == np.inf
    for arms in ({"of": "a", "to": "b"}, {"of": "b", "to": "a"}):
        assert np.isnan(value("gr50_ratio", found, **arms)).tolist() == [True, False, True]


def test_the_area_of_a_drug_without_effect_is_zero_and_of_one_that_holds_the_cells_is_one() -> None:
    found = readings({"a": grown(np.array([1e-9, 1e12])[[0, 1, 1]])})
    assert value("gr_aoc", found, of="a") == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)


def hyperbola(half: np.ndarray, floor: float = 0.0) -> np.ndarray:
    level = floor + (1.0 - floor) / (1.0 + np.array(DOSES)[:, None, None] / half[None, None, :])
    return np.repeat(level, len(TIMES), axis=1)


def test_ec50_is_half_way_to_the_largest_concentration_and_ic50_half_of_the_vehicle() -> None:
    found = readings(
        {"a": {"y": hyperbola(FACTORS, 0.3)}, "b": {"y": hyperbola(0.25 * FACTORS, 0.3)}, "rise": {"y": 3.0 - hyperbola(FACTORS)}}
    )
    # half way to the level at 100 nM, d/(d + h) = 50/(100 + h): d = 50 h/(50 + h)
    half = 50.0 * FACTORS / (50.0 + FACTORS)
    assert value("ec50", found, output="y", of="a") == pytest.approx(half, rel=0.01)
    assert value("ec50", found, output="y", of="rise") == pytest.approx(half, rel=0.01)
    other = 50.0 * 0.25 * FACTORS / (50.0 + 0.25 * FACTORS)
    assert value("ec50_ratio", found, output="y", of="a", to="b") == pytest.approx(half / other, rel=0.02)
    # 0.3 + 0.7 h/(d + h) = 0.5 at d = 2.5 h
    assert value("ic50", found, output="y", of="a") == pytest.approx(2.5 * FACTORS, rel=0.01)
    assert value("ic50_ratio", found, output="y", of="a", to="b") == pytest.approx(np.full(3, 4.0), rel=0.01)
    assert np.isnan(value("ic50", found, output="y", of="rise")).all()


def test_a_ratio_of_two_upper_bounds_is_no_ratio() -> None:
    """Two drugs that both lie below the lowest dose must not read as equally potent."""
    found = readings({"a": {"y": hyperbola(1e-5 * FACTORS)}, "b": {"y": hyperbola(1e-3 * FACTORS)}})
    assert (value("ic50", found, output="y", of="a") == DOSES[1]).all()
    assert np.isnan(value("ic50_ratio", found, output="y", of="a", to="b")).all()


def test_a_difference_subtracts_arm_by_arm() -> None:
    found = readings({"a": {"y": hyperbola(FACTORS)}})
    assert value("difference", found, output="y", of="a @ 0 nM", to="a @ 1 nM") == pytest.approx(1.0 - FACTORS / (1.0 + FACTORS))


def approach(times: np.ndarray) -> np.ndarray:
    """Straight rises that end after twice `times` (draw,) [h], in every arm."""
    rise = np.minimum(1.0, TIMES[:, None] / (2.0 * times[None, :]))
    return np.repeat(1.0 + rise[None], len(DOSES), axis=0)


def test_later_is_the_distance_of_the_half_changes() -> None:
    found = readings({"a": {"first": approach(np.array([1.0, 2.0, 6.0])), "second": approach(np.array([5.0, 2.0, 3.0]))}})
    assert value("later", found, output="first", then="second", least=0.05, of="a @ 1 nM") == pytest.approx([4.0, 0.0, -3.0])


def test_later_looks_at_its_window_only() -> None:
    both = {"first": approach(np.full(3, 1.0)), "second": approach(np.full(3, 12.0))}
    found = readings({"a": both})
    # within 6 h the second one still rises in a straight line, half of its way there after 3 h
    assert value("later", found, output="first", then="second", least=0.05, of="a @ 1 nM", time="6 h") == pytest.approx(np.full(3, 2.0))


def test_an_output_that_never_moved_is_never_later() -> None:
    still = np.ones((len(DOSES), len(TIMES), 3))
    found = readings({"a": {"first": approach(np.ones(3)), "still": still}})
    one = part("later", found, output="first", then="still", least=0.05, of="a @ 1 nM", above=0.0)
    assert (values_of(one, found) == np.inf).all() and not one.holds(values_of(one, found)).any()


def test_a_measure_needs_the_arms_that_it_reads() -> None:
    found = readings({"a": grown(FACTORS), "b": grown(FACTORS)})
    needs = {
        "gr": part("gr", found, of="a @ 1 nM", to="b @ 0 nM"),
        "difference": part("difference", found, of="a @ 1 nM", to="a @ 10 nM"),
        "later": part("later", found, then="cells", least=0, of="a @ 1 nM"),
    }
    read = {kind: one.measure.needs(found.experiment) for kind, one in needs.items()}
    assert {kind: {id: len(c) for id, c in series.items()} for kind, series in read.items()} == {
        "gr": {"a": 1, "b": 1},
        "difference": {"a": 2},
        "later": {"a": 1},
    }
    whole = part("gr50_ratio", found, of="a", to="b").measure.needs(found.experiment)
    assert whole == {id: frozenset(found.experiment.series[id].concentrations) for id in ("a", "b")}


WRONG = {
    "a gr against a dose": ({"kind": "gr", "of": "a @ 1 nM", "to": "a @ 10 nM"}, "is not a vehicle", "an arm at 0 nM"),
    "a gr at a time of its own": ({"kind": "gr", "of": "a @ 1 nM @ 6 h", "to": "a @ 0 nM"}, "names a time", "no time in the arm"),
    "a gr without its vehicle": ({"kind": "gr", "of": "a @ 1 nM"}, '"to" is missing', "with its arms"),
    "a gr50 of one arm": ({"kind": "gr50", "of": "a @ 1 nM"}, "names one arm", "a whole series"),
    "an ec50 of an unknown series": ({"kind": "ec50", "of": "z"}, 'no series "z"', "one of a"),
    "an unknown second output": ({"kind": "later", "of": "a @ 1 nM", "then": "z", "least": 0.1}, 'does not observe "z"', "cells"),
    "a later without a second output": ({"kind": "later", "of": "a @ 1 nM", "least": 0.1}, '"then" is missing', "with its arms"),
    "a later that calls nothing a move": ({"kind": "later", "of": "a @ 1 nM", "then": "cells", "least": 1.5}, '"1.5"', "less than 1"),
    "a dose that is not there": ({"kind": "difference", "of": "a @ 7 nM", "to": "a @ 0 nM"}, "no arm at 7 nM", "one of 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_measure_that_cannot_be_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    measure, problem, expected = WRONG[name]
    file = tmp_path / "M.yaml"
    file.write_text("id: M\nparts:\n- id: other\n- id: p\n", encoding="utf-8")
    found = readings({"a": grown(FACTORS)})
    with pytest.raises(ClaimError) as caught, located(file):
        spec = {"output": "cells", "time": "24 h", **measure}
        read_part({"id": "p", "unit": "1", "scale": 1, "below": 1, "measure": spec}, found.experiment, "M.yaml")
    message = str(caught.value)
    assert "M.yaml:4" in message and problem in message and expected in message


def test_a_series_too_short_for_a_curve_is_refused() -> None:
    found = readings({"a": {"cells": np.ones((2, len(TIMES), 3))}}, doses=(0.0, 1.0))
    with pytest.raises(ClaimError, match='series "a" is too short; expected a vehicle and at least two'):
        part("gr_aoc", found, of="a")


def margins(found: Readings, **bounds: object) -> Part:
    return part("ratio", found, output="y", of="a @ 0 nM", to="b @ 0 nM", report="smallest_margin", **bounds)


def test_a_part_says_which_margin_its_draws_meet() -> None:
    ratios = np.array([0.2, 0.4, 0.5, 0.8, 1.0, 1.1, 1.5, 2.0, 2.4, 6.0])
    shape = np.ones((len(DOSES), len(TIMES), 1))
    found = readings({"a": {"y": shape * ratios}, "b": {"y": shape * np.ones(10)}})
    one = margins(found, above=0.3333, below=3.0)
    (outcome,) = tested(Claim(None, found.experiment, (one,), (), ("p",)), found).parts
    assert outcome.note == "smallest margin met by 90 % of the draws: 5-fold; inside 1/3 to 3 in 80 %"
    assert outcome.p_pass == 0.8
    silent = part("ratio", found, output="y", of="a @ 0 nM", to="b @ 0 nM")
    assert tested(Claim(None, found.experiment, (silent,), (), ("p",)), found).parts[0].note == ""


def test_a_part_whose_ratios_are_missing_says_that_no_margin_is_met() -> None:
    shape = np.ones((len(DOSES), len(TIMES), 4))
    found = readings({"a": {"y": shape}, "b": {"y": shape * np.array([0.0, 0.0, 1.0, 1.0])}})
    (outcome,) = tested(Claim(None, found.experiment, (margins(found, above=0.8, below=1.25),), (), ("p",)), found).parts
    assert outcome.note == "no margin is met by 90 % of the draws, since too few have a ratio; inside 0.8 to 1.25 in 50 %"


@pytest.mark.parametrize(
    "change",
    [{"report": "largest_margin"}, {"above": None}, {"below": None}, {"scale": 100}, {"measure": {"kind": "dc50"}}, {"above": 3.0}],
)
def test_a_margin_of_something_that_has_none_is_refused(change: dict[str, object]) -> None:
    found = readings({"a": {"y": hyperbola(FACTORS)}})
    measure = {"kind": "ic50_ratio", "output": "y", "time": "24 h", "of": "a", "to": "a"} | dict(change.get("measure", {}))
    entry = {"id": "p", "unit": "fold", "scale": 1, "above": 0.5, "below": 2.0, "report": "smallest_margin"} | change | {"measure": measure}
    with pytest.raises(ClaimError, match=r"smallest_margin|both above and below"):
        read_part(entry, found.experiment, "M.yaml")
