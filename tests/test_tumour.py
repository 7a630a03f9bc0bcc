"""How tumours are called: growth inhibition by four definitions, mRECIST and RECIST by hand, mRECIST beside 272 mice that others called."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from serdsim.endpoints.tumour import CATEGORIES, TGI, best_response, mrecist, recist
from serdsim.model.outputs import Mrecist, Recist, read_outputs
from serdsim.model.recipe import shipped_library

TIMES = np.array([0.0, 1.0, 2.0])
CONTROL = np.array([100.0, 200.0, 400.0])  # doubles each day
GROWS, HALVES = np.array([200.0, 250.0, 300.0]), np.array([200.0, 100.0, 50.0])


@pytest.fixture(scope="module")
def rule() -> Mrecist:
    found = read_outputs(shipped_library(), {}).xenografts
    assert found is not None
    return found


@pytest.fixture(scope="module")
def by_diameter() -> Recist:
    found = read_outputs(shipped_library(), {}).response
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("definition", "grows", "halves"),
    [
        ("delta_volume", 1 - 100 / 300, 1 + 150 / 300),
        ("relative_volume", 1 - 1.5 / 4, 1 - 0.25 / 4),
        ("final_volume", 1 - 300 / 400, 1 - 50 / 400),
        ("growth_rate", 1 - math.log(1.5) / 2 / math.log(2), 2.0),  # by least squares the middle of three points does not count
    ],
)
def test_growth_inhibition_by_hand(definition: str, grows: float, halves: float) -> None:
    both = TGI[definition](TIMES, np.stack([GROWS, HALVES], axis=1), np.stack([CONTROL, CONTROL], axis=1))
    assert both == pytest.approx([grows, halves])


@pytest.mark.parametrize("definition", TGI)
def test_what_a_control_that_shrinks_can_measure(definition: str) -> None:
    """Gain and growth rate of the control are measures: without any there is no number. Ratios of volumes exist all the same."""
    found = TGI[definition](TIMES, HALVES, np.array([100.0, 90.0, 80.0]))
    assert np.isnan(found) == (definition in ("delta_volume", "growth_rate"))


@pytest.mark.parametrize("definition", TGI)
def test_a_missing_volume_gives_no_inhibition(definition: str) -> None:
    gone = np.array([200.0, np.nan, 50.0])
    assert np.isnan(TGI[definition](TIMES, gone, CONTROL)) and np.isnan(TGI[definition](TIMES, CONTROL, gone))


def test_only_definitions_that_read_both_starts_and_gains_see_a_regression() -> None:
    """Two tumours, one a little above its start and one a little below it: two definitions tell them apart by their side of 1."""
    up, down = np.array([100.0, 101.0, 102.0]), np.array([100.0, 99.0, 98.0])
    sides = {name: (bool(rule(TIMES, up, CONTROL) > 1), bool(rule(TIMES, down, CONTROL) > 1)) for name, rule in TGI.items()}
    assert [name for name, side in sides.items() if side == (False, True)] == ["delta_volume", "growth_rate"]


DAYS = np.array([0.0, 4.0, 10.0, 14.0]) * 24.0


@pytest.mark.parametrize(
    ("volumes", "call"),
    [
        ([100, 20, 3, 2], "CR"),  # best -98 %, mean of 0, -80, -97, -98 is -68.75 %
        ([100, 100, 100, 2], "PR"),  # best -98 %, but on average -24.5 %
        ([100, 60, 49, 90], "PR"),  # best -51 %, mean of 0, -40, -51 is -30.3 %
        ([100, 100, 49, 200], "SD"),  # best -51 %, mean of 0, 0, -51 is -17 %
        ([100, 110, 130, 300], "SD"),  # best +30 %, mean of 0, 10, 30 is 13.3 %
        ([100, 230, 134, 300], "PD"),  # best +34 %, but mean of 0, 130, 34 is 54.7 %
        ([100, 2, 136, 300], "PD"),  # what was met before day 10 does not count
    ],
)
def test_mrecist_by_hand(volumes: list[float], call: str, rule: Mrecist) -> None:
    assert CATEGORIES[int(mrecist(DAYS, np.array(volumes, float), rule))] == call


def test_mrecist_needs_volumes_from_day_ten_on(rule: Mrecist) -> None:
    assert np.isnan(mrecist(DAYS[:2], np.array([100.0, 2.0]), rule))
    assert np.isnan(mrecist(DAYS, np.array([[100.0, 100.0], [1.0, np.nan], [1.0, 1.0], [1.0, 1.0]]), rule)).tolist() == [False, True]


def test_the_limits_of_mrecist_only_tighten(rule: Mrecist) -> None:
    assert [id for id, _, _ in rule.limits] == list(CATEGORIES[1:])
    assert all(b[1] < a[1] and b[2] < a[2] for a, b in pairwise(rule.limits))


@pytest.mark.parametrize(
    ("diameters", "best"),
    [
        ([20.0, 14.0, 13.0, 30.0], "PR"),  # what comes after the response does not undo it
        ([20.0, 26.0, 13.0], "PD"),  # progression first: the later shrinkage is no response
        ([20.0, 19.0, 25.0, 10.0], "SD"),
        ([7.0, 9.0, 11.0], "SD"),  # +57 %, but not 5 mm
        ([20.0, np.nan, 13.0], None),
    ],
)
def test_the_best_response_ends_with_progression(diameters: list[float], best: str | None, by_diameter: Recist) -> None:
    found = float(best_response(recist(np.array(diameters), by_diameter)))
    assert math.isnan(found) if best is None else CATEGORIES[int(found)] == best


def test_a_partial_response_is_two_thirds_of_a_volume(by_diameter: Recist) -> None:
    """30 % of the diameter are 65.7 % of the volume, and 20 % more are 72.8 %."""
    assert (1 + by_diameter.partial) ** 3 - 1 == pytest.approx(-0.657) and (1 + by_diameter.progression) ** 3 - 1 == pytest.approx(0.728)


def records(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_mrecist_agrees_with_the_calls_of_others(shared_dir: Path, rule: Mrecist) -> None:
    """Patient-derived breast tumours of Gao 2015: every call of another program, and most of those that were printed."""
    folder = shared_dir / "data/xenograft"
    courses = defaultdict(list)
    for row in records(folder / "pdxe_breast_tumour_volumes.csv"):
        courses[row["model_id"]].append((float(row["time_d"]) * 24.0, float(row["volume_mm3"])))
    same, printed = [], []
    for row in records(folder / "pdxe_breast_response_reference.csv"):
        times, volumes = np.array(sorted(courses[row["model_id"]])).T
        call = CATEGORIES[int(mrecist(times, volumes, rule))]
        same.append(call == row["mRECIST_recomputed"])
        printed.append(call == row["mRECIST_published"].split("-")[0])
    assert len(same) == 272 and all(same)
    assert np.mean(printed) > 0.85  # the printed calls name the first one where progression follows; 39 of 272 differ
