"""Measures over time in animals, each beside a value worked out by hand, and what is refused before anything runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serdsim.claims import kind_arms, kinds
from serdsim.claims.claim import Claim
from serdsim.claims.kinds import values_of
from serdsim.claims.measures import Part, read_part
from serdsim.claims.testing import test_claim as tested
from serdsim.endpoints.passage import area, held_below, passage, survival
from serdsim.errors import ClaimError
from serdsim.experiments.protocol import Experiment, read_experiment
from serdsim.experiments.runner import Reading, Readings
from serdsim.model.outputs import Mrecist, Recist, read_outputs
from serdsim.model.recipe import shipped_library

HEAD = "id: X\ntitle: x\nmodel: body\nsubject: d\npre_run: 0 h\nhours: 40 h\nevery: 10 h\noutputs: [size]\nanimals: 4\n"
SERIES = (
    'series:\n  - {id: a, regimen: "d {dose} po q24h x 2 + e 1 mg po once", doses: [0 mg, 10 mg, 20 mg]}\n'
    '  - {id: b, regimen: "d {dose} po once", doses: [10 mg]}\n'
)
TYPICAL = {  # dose -> size at 0, 10, 20, 30, 40 h, of the first draw; that of the second is ten times as large
    "a": ([100, 150, 200, 300, 400], [100, 90, 60, 80, 120], [100, 50, 20, 10, 10]),
    "b": ([100, 100, 100, 100, 100],),
}
SHARES = (1.0, 2.0, 4.0, 8.0)  # of what animals have at 40 h; before they are typical


def readings(folder: Path) -> Readings:
    (folder / "X.yaml").write_text(HEAD + SERIES, encoding="utf-8")
    experiment = read_experiment(folder / "X.yaml")
    found = {}
    for id, arms in TYPICAL.items():
        size = np.array(arms, float)[:, :, None] * np.array([1.0, 10.0])
        animals = np.repeat(size[..., None], 4, axis=3)
        animals[:, -1] *= SHARES
        found[id] = Reading(experiment.series[id], experiment.times(), {"size": size}, 0, animals={"size": animals})
    return Readings(experiment, found, {}, (), 0.0, 0, 4)


@pytest.fixture
def found(tmp_path: Path) -> Readings:
    return readings(tmp_path)


def part(kind: str, experiment: Experiment, *, time: str = "40 h", **more: object) -> Part:
    bounds = {name: more.pop(name) for name in ("below", "above") if name in more} or {"below": 1e9}
    measure = {"kind": kind, "output": "size", "time": time, **more}
    return read_part({"id": "p", "unit": "h", "scale": 1.0, "measure": measure, **bounds}, experiment, "X.yaml")


def value(kind: str, found: Readings, **more: object) -> list[float]:
    return [float(v) for v in values_of(part(kind, found.experiment, **more), found)]


def test_every_kind_can_be_read_and_computed() -> None:
    assert set(kinds.KINDS) == set(kind_arms.ARMS)


def test_change_is_that_from_the_own_start(found: Readings) -> None:
    assert value("change", found, of="a @ 10 mg") == pytest.approx([0.2, 0.2])
    assert value("change", found, of="a @ 10 mg @ 20 h") == pytest.approx([-0.4, -0.4])
    assert value("change", found, of="a @ 10 mg", animals="median") == pytest.approx([2.6, 2.6])  # of 0.2, 1.4, 3.8 and 8.6
    assert value("change", found, of="a @ 10 mg", animals="mean") == pytest.approx([3.5, 3.5])


def test_the_best_change_is_the_lowest_after_the_start(found: Readings) -> None:
    assert value("best_change", found, of="a @ 10 mg") == pytest.approx([-0.4, -0.4])
    assert value("best_change", found, of="a @ 10 mg", after="30 h") == pytest.approx([-0.2, -0.2])
    assert value("best_change", found, of="a @ 0 mg") == pytest.approx([0.5, 0.5])  # the start itself does not count
    assert value("best_change", found, of="a @ 10 mg", time="10 h") == pytest.approx([-0.1, -0.1])


def test_the_time_to_a_level_is_read_between_observations(found: Readings) -> None:
    assert value("time_to", found, of="a @ 0 mg", rises_above=250) == pytest.approx([25.0, 0.0])
    assert value("time_to", found, of="a @ 0 mg", rises_above=2.5, relative_to="start") == pytest.approx([25.0, 25.0])
    assert value("time_to", found, of="a @ 10 mg", falls_below=0.75, relative_to="start") == pytest.approx([15.0, 15.0])
    assert value("time_to", found, of="a @ 20 mg", rises_above=1.5, relative_to="start") == [np.inf, np.inf]
    assert value("time_to", found, of="a @ 10 mg", rises_above=1.1, relative_to="start", time="30 h") == [np.inf, np.inf]


def test_what_never_happens_is_late_and_holds_a_bound_from_below(found: Readings) -> None:
    late = part("time_to", found.experiment, of="a @ 20 mg", rises_above=1.5, relative_to="start", above=1000)
    soon = part("time_to", found.experiment, of="a @ 20 mg", rises_above=1.5, relative_to="start", below=1000)
    never = values_of(late, found)
    assert late.holds(never).tolist() == [True, True] and soon.holds(never).tolist() == [False, False]
    assert not late.holds(np.array([np.nan, -np.inf])).any()
    ratio = part("change", found.experiment, of="a @ 20 mg", above=-2)
    assert not ratio.holds(np.array([np.inf])).any()
    claim = Claim(None, found.experiment, (late,), (late,), ("p",), "smallest")  # type: ignore[arg-type]
    assert tested(claim, found).value == np.inf and tested(claim, found).p_pass == 1.0
    lost = replace(found.series["a"], values={"size": np.full((3, 5, 2), np.nan)})
    gone = replace(found, series={**found.series, "a": lost})
    assert tested(claim, gone).p_pass != 1.0 and tested(claim, gone).failed == 2


def test_suppression_lasts_until_the_share_of_the_reference_is_passed(found: Readings) -> None:
    # 90/150, 60/200, 80/300, 120/400 of the vehicle: below 0.5 from 20 h to the end
    assert value("suppressed_for", found, of="a @ 10 mg", to="a @ 0 mg", after="20 h", share=0.5) == pytest.approx([20.0, 20.0])
    # 60/100 and 80/100 of the other: 0.7 is passed half way
    assert value("suppressed_for", found, of="a @ 10 mg", to="b @ 10 mg", after="20 h", share=0.7) == pytest.approx([5.0, 5.0])
    assert value("suppressed_for", found, of="a @ 10 mg", to="a @ 0 mg", after="10 h", share=0.5) == pytest.approx([0.0, 0.0])
    own = value("suppressed_for", found, of="a @ 10 mg", to="b @ 10 mg", after="20 h", share=0.9, animals="median")
    assert own == pytest.approx([10 + 10 * 0.1 / 0.4] * 2)  # each animal beside itself in the other arm


def test_the_share_alive_counts_animals(found: Readings) -> None:
    # at 40 h 120, 240, 480, 960 in the first draw, and ten times that
    assert value("share_alive", found, of="a @ 10 mg", rises_above=500) == pytest.approx([0.75, 0.0])
    assert value("share_alive", found, of="a @ 10 mg", rises_above=3, relative_to="start") == pytest.approx([0.5, 0.5])
    assert value("share_alive", found, of="a @ 10 mg", rises_above=3, relative_to="start", time="30 h") == [1.0, 1.0]
    one = part("share_alive", found.experiment, of="a @ 10 mg", rises_above=500, below=0.5)
    claim = Claim(None, found.experiment, (one,), (one,), ("p",))  # type: ignore[arg-type]
    assert tested(claim, found).parts[0].note == "4 animals in each arm"
    assert claim.tested == (found.experiment,)
    plain = Claim(None, found.experiment, (part("change", found.experiment, of="a @ 10 mg"),))  # type: ignore[arg-type]
    assert [one.animals for one in plain.tested] == [0]


def test_exposure_is_an_area_and_its_ratio(found: Readings) -> None:
    assert value("exposure", found, of="a @ 10 mg") == pytest.approx([950 + 750 + 700 + 1000, 34_000])
    assert value("exposure", found, of="a @ 10 mg", after="20 h", time="30 h") == pytest.approx([700, 7_000])
    assert value("auc_ratio", found, of="a @ 10 mg", to="b @ 10 mg", after="10 h", time="30 h") == pytest.approx([0.725, 0.725])


def test_a_missing_value_is_missing_everywhere() -> None:
    times, values = np.array([0.0, 1.0, 2.0]), np.array([[1.0, 1.0], [np.nan, 2.0], [3.0, 3.0]])
    assert np.isnan(passage(times, values, 2.5, rises=True)[0]) and passage(times, values, 2.5, rises=True)[1] == 1.5
    assert np.isnan(held_below(times, values, 2.5)[0]) and np.isnan(area(times, values)[0])
    assert np.isnan(survival(np.array([np.nan, 2.0]), times)).all()


def test_survival_is_one_before_anybody_ended_and_steps_down_at_each_end() -> None:
    left = survival(np.array([[1.0, 2.0, np.inf, 2.0]]), np.array([0.0, 0.9, 1.0, 1.5, 2.0, 99.0]))
    assert left[:, 0].tolist() == [1.0, 1.0, 0.75, 0.75, 0.25, 0.25]


MRECIST = Mrecist("size", 20.0, (("SD", 0.35, 0.3), ("PR", -0.35, -0.1), ("CR", -0.8, -0.5)))
RECIST = Recist("size", -0.3, 0.2, 5.0, ())


@pytest.fixture
def called(found: Readings) -> Readings:
    """The same tumours, read from 20 h on by limits of our own: those of the library begin at day 10."""
    return replace(found, experiment=replace(found.experiment, by_volume=MRECIST, by_diameter=RECIST))


def test_growth_inhibition_takes_the_definition_that_it_names(found: Readings) -> None:
    arms = {"of": "a @ 10 mg", "to": "a @ 0 mg"}  # 100 to 120 beside 100 to 400
    assert value("tgi", found, **arms, definition="delta_volume") == pytest.approx([1 - 20 / 300] * 2)
    assert value("tgi", found, **arms, definition="relative_volume") == pytest.approx([0.7, 0.7])
    assert value("tgi", found, **arms, definition="final_volume", time="20 h") == pytest.approx([0.7, 0.7])  # 60 of 200
    assert value("tgi", found, of="a @ 20 mg", to="a @ 0 mg", definition="growth_rate")[0] > 1  # it shrank on the whole


def test_growth_inhibition_of_animals_is_that_of_their_mean_volume(found: Readings) -> None:
    arms = {"of": "a @ 10 mg", "to": "a @ 0 mg", "definition": "delta_volume"}
    # at 40 h animals have 1, 2, 4, 8 times the typical volume: means 450 and 1500, medians 360 and 1200
    assert value("tgi", found, **arms, animals="mean") == pytest.approx([1 - 350 / 1400] * 2)
    assert value("tgi", found, **arms, animals="median") == pytest.approx([1 - 260 / 1100] * 2)


def test_mrecist_counts_the_animals_that_are_called_so_or_better(called: Readings) -> None:
    # 20 mg: changes 0, -50, -80, -90, then -90, -80, -60, -20 %; best -90 %, best means -55 % (30 h) or lower
    assert value("mrecist", called, of="a @ 20 mg", category="CR") == pytest.approx([1.0, 1.0])
    # 10 mg: changes 0, -10, -40, -20, then +20, +140, +380, +860 %: best -40 %, best mean -17.5 % at 30 h
    assert value("mrecist", called, of="a @ 10 mg", category="PR") == pytest.approx([1.0, 1.0])
    assert value("mrecist", called, of="a @ 10 mg", category="PR", visits="40 h") == pytest.approx([0.0, 0.0])
    # at 0 and 40 h alone: +20, +140 ... %, means half of it: one of four is stable
    assert value("mrecist", called, of="a @ 10 mg", category="SD", visits="40 h") == pytest.approx([0.25, 0.25])
    assert value("mrecist", called, of="a @ 10 mg", category="SD", visits="40 h", animals="typical") == pytest.approx([1.0, 1.0])
    assert value("mrecist", called, of="a @ 0 mg", category="SD", animals="typical") == pytest.approx([0.0, 0.0])


def test_recist_is_read_at_visits_and_ends_with_progression(called: Readings) -> None:
    # 10 mg at 20 and 40 h: 60 % of the start, then 120 % and more, 2 to 16 times the smallest
    assert value("recist", called, of="a @ 10 mg", category="PR", visits="20 h") == pytest.approx([1.0, 1.0])
    # at 40 h alone +20 % of the start is progression, in all of them
    assert value("recist", called, of="a @ 10 mg", category="SD", visits="40 h") == pytest.approx([0.0, 0.0])
    assert value("recist", called, of="b @ 10 mg", category="SD", visits="40 h") == pytest.approx([0.25, 0.25])  # the others double
    assert value("recist", called, of="b @ 10 mg", category="PR", visits="10 h", animals="typical") == pytest.approx([0.0, 0.0])
    one = part("recist", called.experiment, of="b @ 10 mg", category="SD", visits="40 h", above=0.5)
    claim = Claim(None, called.experiment, (one,), (one,), ("p",), "smallest")  # type: ignore[arg-type]
    assert tested(claim, called).parts[0].note == "share of 4 animals in each arm" and claim.tested == (called.experiment,)


CALLED: dict[str, tuple[dict[str, object], str]] = {
    "no category": ({"kind": "mrecist", "of": "a @ 10 mg"}, "mrecist lacks category"),
    "no visits": ({"kind": "recist", "of": "a @ 10 mg", "category": "PR"}, "recist lacks visits"),
    "a category of nobody": ({"kind": "mrecist", "of": "a @ 10 mg", "category": "good"}, 'category is "good"; expected SD or PR or CR'),
    "a complete response": ({"kind": "recist", "of": "a @ 10 mg", "category": "CR", "visits": "10 h"}, "never calls a tumour CR"),
    "visits between observations": ({"kind": "recist", "of": "a @ 10 mg", "category": "PR", "visits": "15 h"}, "every 15 h do not fall"),
    "visits after the end": ({"kind": "recist", "of": "a @ 10 mg", "category": "PR", "visits": "40 h", "time": "30 h"}, "at most 30 h"),
    "too early": ({"kind": "mrecist", "of": "a @ 10 mg", "category": "PR", "time": "10 h"}, "mrecist at 10 h reads no volume"),
    "a mean of calls": ({"kind": "mrecist", "of": "a @ 10 mg", "category": "PR", "animals": "mean"}, "expected typical or share"),
    "no definition": ({"kind": "tgi", "of": "a @ 10 mg", "to": "a @ 0 mg"}, "tgi lacks definition"),
    "an unknown definition": (
        {"kind": "tgi", "of": "a @ 10 mg", "to": "a @ 0 mg", "definition": "best"},
        "delta_volume or relative_volume or final_volume or growth_rate",
    ),
}


@pytest.mark.parametrize("what", CALLED)
def test_a_call_that_cannot_be_made_is_refused(called: Readings, what: str) -> None:
    fields, words = CALLED[what]
    with pytest.raises(ClaimError, match=words):
        part(str(fields["kind"]), called.experiment, **{name: entry for name, entry in fields.items() if name != "kind"})


def test_calls_need_the_limits_of_a_library_and_the_quantity_that_it_names(found: Readings) -> None:
    with pytest.raises(ClaimError, match="the library has no limits of mrecist"):
        part("mrecist", found.experiment, of="a @ 10 mg", category="PR")
    other = replace(found.experiment, by_diameter=replace(RECIST, diameter="length"))
    with pytest.raises(ClaimError, match="recist does not call size; expected length"):
        part("recist", other, of="a @ 10 mg", category="PR", visits="10 h")


def test_experiments_bring_the_limits_of_their_library() -> None:
    shipped = read_experiment(shipped_library() / "experiments/MOA-06.yaml")
    names = read_outputs(shipped_library(), {})
    assert shipped.by_volume == names.xenografts is not None and shipped.by_diameter == names.response is not None


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "a dose that is not there": ({"kind": "change", "of": "a @ 11 mg"}, r"no arm at 11 mg; expected one of 0, 10, 20 mg"),
    "a unit of a dish": ({"kind": "change", "of": "a @ 10 nM"}, "10 nM"),
    "no level": ({"kind": "time_to", "of": "a @ 10 mg"}, "time_to needs one level"),
    "two levels": ({"kind": "time_to", "of": "a @ 10 mg", "rises_above": 1, "falls_below": 2}, "needs one level"),
    "a level in words": ({"kind": "time_to", "of": "a @ 10 mg", "rises_above": "big"}, 'rises_above is "big"'),
    "no share": ({"kind": "suppressed_for", "of": "a @ 10 mg", "to": "a @ 0 mg", "after": "20 h"}, "lacks share"),
    "a field of another kind": ({"kind": "change", "of": "a @ 10 mg", "share": 0.5}, 'change has no field "share"'),
    "after the end": ({"kind": "exposure", "of": "a @ 10 mg", "after": "40 h"}, "after 40 h and up to 40 h"),
    "a time between observations": ({"kind": "exposure", "of": "a @ 10 mg", "after": "15 h"}, "does not observe 15 h"),
    "another crowd": ({"kind": "change", "of": "a @ 10 mg", "animals": "all"}, 'animals is "all"'),
    "a time in the arm": ({"kind": "exposure", "of": "a @ 10 mg @ 20 h"}, "names a time"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_measure_that_cannot_be_meant_is_refused(found: Readings, what: str) -> None:
    fields, words = REFUSED[what]
    with pytest.raises(ClaimError, match=words):
        part(str(fields["kind"]), found.experiment, **{name: entry for name, entry in fields.items() if name != "kind"})


@pytest.mark.parametrize("fields", [{"kind": "share_alive", "rises_above": 2}, {"kind": "change", "animals": "median"}])
def test_animals_are_read_only_where_there_are_some(found: Readings, fields: dict[str, object]) -> None:
    with pytest.raises(ClaimError, match="no animals beside the typical one"):
        part(str(fields.pop("kind")), replace(found.experiment, animals=0), of="a @ 10 mg", **fields)
