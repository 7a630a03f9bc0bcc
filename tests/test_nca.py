"""Non-compartmental analysis: closed forms, the reference of the theophylline data, what is not measurable, and the verb."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from serdsim.cli import main
from serdsim.dosing.observed import read_observed
from serdsim.endpoints.nca import analyse, area_under, areas
from serdsim.errors import InputError, TableError

HEAD = "ID,TIME,AMT,DV\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "curves.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_bolus_gives_the_closed_form():
    """Into a vein: C = 100 exp(-0.2 t) is led back to 100, and clearance is dose over 500."""
    times = np.array([0.5, 1, 2, 4, 8, 12, 24])
    found = analyse(times, 100 * np.exp(-0.2 * times), 1000.0, into_vein=True)
    assert (found.cmax, found.tmax) == (pytest.approx(100.0), 0.0)
    assert found.lambda_z == pytest.approx(0.2) and found.half_life == pytest.approx(math.log(2) / 0.2)
    assert found.auc_inf == pytest.approx(500.0) and found.clearance == pytest.approx(2.0) and found.volume == pytest.approx(10.0)
    assert found.points == 7 and found.beyond == pytest.approx(math.exp(-4.8)) and found.warnings == ()


def test_absorption_starts_at_zero():
    times = np.array([0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 24])
    found = analyse(times, np.exp(-0.1 * times) - np.exp(-2 * times))
    exact = (1 - math.exp(-2.4)) / 0.1 - (1 - math.exp(-48)) / 2
    assert found.auc_last == pytest.approx(exact, rel=0.02) and found.lambda_z == pytest.approx(0.1, rel=0.01)
    assert math.isnan(found.clearance) and found.tmax == 2.0


def test_areas_are_logarithmic_only_where_the_curve_falls():
    rise, fall, to_zero = areas(np.array([0.0, 1.0, 3.0, 4.0]), np.array([1.0, 4.0, 2.0, 0.0]))
    assert (rise, fall, to_zero) == (2.5, pytest.approx(2 * 2 / math.log(2)), 1.0)
    assert area_under(np.array([0.0, 2.0]), np.array([3.0, 3.0])) == 6.0


def test_the_number_of_points_is_that_of_the_best_adjusted_r2():
    """A first phase ten times as fast must not enter the terminal slope."""
    times = np.array([0.0, 1, 2, 4, 6, 8, 12, 16, 24])
    found = analyse(times, 100 * np.exp(-1.0 * times) + 10 * np.exp(-0.1 * times), into_vein=True)
    assert found.lambda_z == pytest.approx(0.1, rel=0.02) and 3 <= found.points <= 6
    assert analyse(times, 10 * np.exp(-0.1 * times), into_vein=True).points == 8  # all after the peak: the same R2, most points


def test_below_the_limit_counts_as_zero_first_and_not_at_all_later():
    times, values = [0.0, 1, 2, 4, 6, 8, 10], [math.nan, 0.5, 8, 4, math.nan, 1, 0.4]
    found = analyse(times, values, quantifiable=0.6)
    whole = analyse([0.0, 1, 2, 4, 8], [0, 0, 8, 4, 1])
    assert (found.auc_last, found.tlast, found.clast) == (whole.auc_last, 8.0, 1.0)
    nothing = analyse([1.0, 2.0], [0.1, 0.2], quantifiable=1.0)
    assert nothing.cmax == 0 and nothing.warnings == ("no concentration is measurable",)


def test_what_a_curve_does_not_say_is_not_said():
    rising = analyse([0.0, 1, 2, 3], [0, 1, 2, 3], 10.0)
    assert math.isnan(rising.lambda_z) and math.isnan(rising.auc_inf) and "no terminal slope" in rising.warnings[0]
    cut = analyse([0.0, 1, 2, 3, 4], [0, 10, 9.5, 9, 8.6], 10.0)
    assert cut.beyond > 0.2 and "after the last point" in cut.warnings[0]


FLAT = {
    "the same number": [0.0, 10, 3.3, 3.3, 3.3, 3.3, 3.3],
    "rounding": [0.0, 10, 5, 5 * (1 - 2e-16), 5 * (1 - 1e-15), 5 * (1 - 2e-15), 5 * (1 - 2.5e-15)],
    "a tail that goes up and down": [0.0, 10, 2, 3, 2.9, 2.99, 2.95],
    "numbers that hold no more digits": [0.0, 1e-320, 1e-320, 1e-320, 1e-320, 1e-320, 1e-320],
}


@pytest.mark.parametrize("values", FLAT.values(), ids=FLAT)
def test_a_tail_that_does_not_fall_has_no_terminal_slope(values):
    found = analyse([0.0, 1, 2, 4, 8, 12, 24], values, 100.0)
    assert math.isnan(found.half_life) and math.isnan(found.clearance) and found.points == 0
    assert math.isfinite(found.auc_last) and "no terminal slope" in found.warnings[0]


def test_a_start_that_no_number_holds_is_the_first_point_and_is_said():
    found = analyse([1.0, 1.001, 2, 3, 4], [10, 1, 0.5, 0.2, 0.1], 100.0, into_vein=True)
    assert found.cmax == 10.0 and found.tmax == 0.0 and math.isfinite(found.auc_inf)
    assert "lead back to no finite" in found.warnings[0]


def test_areas_of_neighbouring_numbers_are_finite():
    assert area_under(np.array([0.0, 2.0]), np.array([5.0, np.nextafter(5.0, 0.0)])) == pytest.approx(10.0, rel=1e-15)
    assert area_under(np.array([0.0, 2.0]), np.array([5.0, 5.0 * math.exp(-2e-6)])) == pytest.approx(10.0 - 1e-5, rel=1e-9)


@pytest.mark.parametrize(
    ("times", "values", "said"),
    [
        ([0, 1], [1], "2 times and 1 concentrations"),
        ([1, 1], [1, 1], "do not rise"),
        ([-1, 1], [1, 1], "do not rise"),
        ([0, 1], [1, -1], "negative"),
        ([], [], "0 times"),
    ],
)
def test_curves_that_mean_nothing_are_refused(times, values, said):
    with pytest.raises(InputError, match=said):
        analyse(times, values)


@pytest.mark.shared
def test_theophylline_is_analysed_as_the_reference_does(shared_dir):
    curves = {one.id: one for one in read_observed(shared_dir / "data/pk/theophylline_sd_nonmem.csv")}
    with (shared_dir / "data/pk/theophylline_nca_reference.csv").open(encoding="utf-8", newline="") as stream:
        reference = list(csv.DictReader(stream))
    assert len(reference) == len(curves) == 12
    for row in reference:
        one = curves[row["ID"]]
        found = analyse(one.times, one.concentrations, one.dose)
        assert (found.cmax, found.tmax, found.points) == (float(row["cmax_mg_L"]), float(row["tmax_h"]), int(row["n_lambda_z"]))
        for name, column in (("auc_last", "auclast_linup_logdown"), ("lambda_z", "lambda_z_per_h"), ("half_life", "half_life_h")):
            assert getattr(found, name) == pytest.approx(float(row[column]), rel=1e-6)
        assert found.r2 == pytest.approx(float(row["r2_adj"]), abs=1e-6) and found.clast == float(row["clast_mg_L"])
        linear = float(np.trapezoid(one.concentrations, one.times))
        assert linear == pytest.approx(float(row["auclast_linear"]), rel=1e-6)
        assert linear + found.clast / found.lambda_z == pytest.approx(float(row["aucinf_obs_linear"]), rel=1e-6)


def test_a_file_is_read_with_what_was_not_measured(tmp_path: Path):
    text = "id,time,dv,amt,mdv\n1,2,.,50,1\n1,1,9,0,0\n1,2,BLQ,0,0\n1,3,4,0,0\n1,4,5,0,1\n1,5,.,0,0\n"
    (one,) = read_observed(written(tmp_path, text))
    assert (one.id, one.dose, one.times) == ("1", 50.0, (0.0, 1.0, 3.0))
    assert math.isnan(one.concentrations[0]) and one.concentrations[1] == 4.0 and math.isnan(one.concentrations[2])


BROKEN = {
    "no DV": ("ID,TIME,AMT,CONC\n1,0,1,.\n", ":1", "the column DV is missing"),
    "no dose": (f"{HEAD}1,0,0,1\n", "", "ID 1 has no dose"),
    "two doses": (f"{HEAD}1,0,5,.\n1,1,0,2\n1,2,5,.\n", "", "ID 1 has 2 doses"),
    "a text": (f"{HEAD}1,0,5,.\n1,1,0,high\n", ":3", '"high" is no finite number'),
    "a negative concentration": (f"{HEAD}1,0,5,.\n1,1,0,-2\n", ":3", "the concentration is -2"),
    "a time twice": (f"{HEAD}1,0,5,.\n1,1,0,2\n1,1,0,3\n", ":4", "TIME does not rise"),
    "additional doses": ("ID,TIME,AMT,DV,ADDL\n1,0,5,.,3\n1,1,0,2,.\n", ":2", "the analysis is of one dose"),
    "a short row": (f"{HEAD}1,0,5\n", ":2", "3 cells"),
    "only a dose": (f"{HEAD}1,0,5,.\n", "", "no observation"),
    "two analytes": ("ID,TIME,AMT,DV,DVID\n1,0,5,.,1\n1,1,0,2,1\n1,1,0,3,2\n", ":1", "DVID holds 1, 2"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_read_is_named(case, tmp_path: Path):
    text, place, said = case
    with pytest.raises(TableError) as caught:
        read_observed(written(tmp_path, text))
    assert said in str(caught.value) and f"curves.csv{place}" in str(caught.value)


def test_the_verb_prints_a_table_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    times = (0.5, 1, 2, 4, 8)
    rows = [f"7,{t},0,{100 * math.exp(-0.2 * t)!r}" for t in times]
    path = written(tmp_path, "\n".join([HEAD.strip(), "7,0,1000,.", *rows]))
    assert main(["nca", str(path), "--iv"]) == 0
    shown = capsys.readouterr().out
    assert "AUCinf" in shown and "500" in shown and "20 %" in shown and "after the last point" in shown
    assert main(["nca", str(path), "--iv", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (item,) = document["items"]
    assert (document["schema"], item["id"]) == (1, "7") and item["clearance"] == pytest.approx(2.0)
    assert main(["nca", str(tmp_path / "none.csv")]) == 2 and "cannot be read" in capsys.readouterr().err
    assert main(["nca", str(path), "--limit", "-1"]) == 2 and "--limit is -1" in capsys.readouterr().err
    assert main(["nca", str(path), "--dvid", "2"]) == 2 and "no column DVID" in capsys.readouterr().err
