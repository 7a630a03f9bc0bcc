"""What a claim measures, on curves whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from measure_cases import DOSES, FACTORS, TIMES, readings_of
from serdsim.claims.claim import Claim
from serdsim.claims.kinds import values_of
from serdsim.claims.measures import read_part
from serdsim.claims.testing import test_claim as tested
from serdsim.errors import ClaimError
from serdsim.experiments.runner import Readings


def readings(values: dict[str, np.ndarray], doses=DOSES) -> Readings:
    """Return hand-made readings of one output, shape (dose, time, draw)."""
    return readings_of({id: {"y": value} for id, value in values.items()}, doses)


def hyperbola(half: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + dose / half) for each draw, at all times."""
    level = 1.0 / (1.0 + np.array(DOSES)[:, None, None] / half[None, None, :])
    return np.repeat(level, len(TIMES), axis=1)


BOTH = {"a": hyperbola(FACTORS), "b": hyperbola(0.5 * FACTORS)}


def part(
    kind: str, found: Readings, *, scale: float = 1.0, below: float | None = 1e9, above: float | None = None, time="24 h", **arms: str
):
    measure = {"kind": kind, "output": "y", "time": time, **arms}
    return read_part(
        {"id": "p", "unit": "fold", "scale": scale, "below": below, "above": above, "measure": measure}, found.experiment, "M.yaml"
    )


def test_a_ratio_divides_arm_by_arm_in_each_draw():
    found = readings(BOTH)
    ratio = values_of(part("ratio", found, scale=100, of="a @ 1 nM", to="a @ 0 nM"), found)
    assert ratio == pytest.approx(100.0 / (1.0 + 1.0 / FACTORS), rel=1e-12)


def test_a_ratio_over_time_uses_the_time_of_each_arm():
    decay = np.exp(-0.1 * TIMES)[None, :, None] * np.ones((len(DOSES), 1, 3))
    found = readings({"a": decay})
    ratio = values_of(part("ratio", found, of="a @ 0 nM", to="a @ 0 nM @ 14 h"), found)
    assert ratio == pytest.approx(np.full(3, np.exp(-1.0)), rel=1e-12)


def test_a_window_is_zero_at_its_floor_and_whole_at_its_roof():
    found = readings(BOTH)
    for arm, share in (("a @ 100 nM", 0.0), ("a @ 0 nM", 1.0)):
        assert values_of(part("window", found, of=arm, low="a @ 100 nM", high="a @ 0 nM"), found) == pytest.approx(np.full(3, share))


def test_a_window_of_no_width_gives_no_number_and_does_not_hold():
    found = readings({"a": np.ones((len(DOSES), len(TIMES), 3))})
    one = part("window", found, of="a @ 1 nM", low="a @ 0 nM", high="a @ 10 nM", below=10.0)
    assert np.isnan(values_of(one, found)).all()
    assert not one.holds(values_of(one, found)).any()


def test_dc50_is_the_concentration_that_leaves_half():
    found = readings(BOTH)
    assert values_of(part("dc50", found, of="a"), found) == pytest.approx(FACTORS, rel=0.01)
    assert values_of(part("dc50_ratio", found, of="a", to="b"), found) == pytest.approx(np.full(3, 2.0), rel=0.01)


def test_half_life_of_an_exponential_is_ln2_over_its_rate():
    rates = 0.1 * FACTORS
    decay = np.exp(-rates[None, None, :] * TIMES[None, :, None]) * np.ones((len(DOSES), 1, 1))
    found = readings({"a": decay})
    assert values_of(part("half_life", found, of="a @ 1 nM"), found) == pytest.approx(np.log(2.0) / rates, rel=1e-9)


def test_bounds_are_inclusive_and_a_missing_value_holds_nothing():
    found = readings(BOTH)
    both = part("ratio", found, of="a @ 1 nM", to="a @ 0 nM", above=1.0, below=2.0)
    values = np.array([0.999, 1.0, 2.0, 2.001, np.nan, np.inf])
    assert both.holds(values).tolist() == [False, True, True, False, False, False]


def claim(found: Readings, combine: str = "largest") -> Claim:
    parts = tuple(
        read_part(
            {"id": id, "unit": "fold", "scale": 1, "below": bound, "measure": {"kind": "dc50", "output": "y", "time": "24 h", "of": id}},
            found.experiment,
            "M.yaml",
        )
        for id, bound in (("a", 3.0), ("b", 0.75))
    )
    return Claim(None, found.experiment, parts, (), ("a", "b"), combine)


def test_a_draw_passes_when_all_parts_hold_in_it():
    found = readings(BOTH)  # DC50 of a: 1, 2, 4; of b: 0.5, 1, 2
    outcome = tested(claim(found), found)
    assert outcome.passes.tolist() == [True, False, False]
    assert outcome.p_pass == pytest.approx(1 / 3)
    assert [p.p_pass for p in outcome.parts] == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize(("combine", "middle"), [("largest", 2.0), ("smallest", 1.0)])
def test_the_value_combines_the_primary_parts_of_each_draw(combine, middle):
    found = readings(BOTH)
    assert tested(claim(found, combine), found).value == pytest.approx(middle, rel=0.01)


@pytest.mark.parametrize(("combine", "worst"), [("largest", np.inf), ("smallest", -np.inf)])
def test_a_value_that_was_not_reached_counts_as_the_worst(combine, worst):
    found = readings({"a": hyperbola(np.full(3, 1e6)), "b": hyperbola(FACTORS)})
    outcome = tested(claim(found, combine), found)
    assert outcome.value == worst
    assert not outcome.passes.any()


def test_failed_draws_are_counted_and_left_out():
    broken = {id: values.copy() for id, values in BOTH.items()}
    broken["b"][3, :, 0] = np.nan
    found = readings(broken)
    outcome = tested(claim(found), found)
    assert (outcome.failed, outcome.passes.tolist()) == (1, [False, False])
    assert outcome.p_pass == 0.0


def test_when_all_draws_fail_there_is_no_share():
    found = readings({id: np.full_like(values, np.nan) for id, values in BOTH.items()})
    outcome = tested(claim(found), found)
    assert outcome.failed == 3
    assert np.isnan([outcome.p_pass, outcome.value, outcome.parts[0].p_pass]).all()


@pytest.mark.parametrize("time", [24.25, 25.0])
def test_a_time_that_was_not_observed_is_never_rounded(time):
    found = readings(BOTH)
    with pytest.raises(ClaimError, match=f"{time:g} h was not observed"):
        found.series["a"].at("y", time)


WRONG = {
    "no bound": ({"below": None}, "no bound", "so that it can fail"),
    "an unknown kind": ({"measure": {"kind": "slope"}}, "slope", "ratio, difference, window"),
    "an unknown series": ({"measure": {"of": "c @ 1 nM"}}, 'no series "c"', "one of a, b"),
    "an unknown arm": ({"measure": {"of": "a @ 7 nM"}}, "no arm at 7 nM", "nM"),
    "an arm without its concentration": ({"measure": {"of": "a"}}, "lacks its concentration", "series @ 1000 nM"),
    "an unknown output": ({"measure": {"output": "z"}}, 'does not observe "z"', "expected y"),
    "a time after the end": ({"measure": {"time": "25 h"}}, "does not observe 25 h", "0 to 24 h"),
    "a time between two observations": ({"measure": {"of": "a @ 1 nM @ 0.7 h"}}, "does not observe 0.7 h", "0 to 24 h"),
    "a time without a unit": ({"measure": {"time": "24"}}, '"24"', "1 h"),
    "a concentration in hours": ({"measure": {"of": "a @ 1 h"}}, '"1 h"', "of the kind of nM"),
    "a dose series cut to one arm": ({"measure": {"kind": "dc50", "of": "a @ 1 nM"}}, "names one arm", "whole series"),
    "a scale that is no number": ({"scale": "x"}, "x", "a measure of kind"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_part_that_cannot_be_measured_is_refused_with_file_and_expectation(name):
    change, problem, expected = WRONG[name]
    measure = {"kind": "ratio", "output": "y", "time": "24 h", "of": "a @ 1 nM", "to": "a @ 0 nM"} | change.get("measure", {})
    entry = {"id": "p7", "unit": "fold", "scale": 1, "below": 2.0} | change | {"measure": measure}
    with pytest.raises(ClaimError) as caught:
        found = readings({id: values[[0, 21]] for id, values in BOTH.items()}, doses=(0.0, 1.0))
        read_part(entry, found.experiment, "MOA-99.yaml")
    message = str(caught.value)
    assert "MOA-99.yaml" in message and problem in message and expected in message


def test_a_dose_series_without_vehicle_has_no_dc50():
    found = readings({"a": BOTH["a"][1:]}, doses=DOSES[1:])
    with pytest.raises(ClaimError, match='the series "a" has no vehicle; expected 0 nM'):
        part("dc50", found, of="a")
