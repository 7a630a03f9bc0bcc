"""Several lesions of one patient: read from words, sized by their diameters, with one exposure, and summed up as RECIST does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from serdsim.analysis.host_course import SUM, host_readings
from serdsim.cli import main
from serdsim.dosing.regimen import parse_regimen
from serdsim.errors import InputError
from serdsim.model.recipe import read_recipe, shipped_library
from serdsim.report.run_figures import run_figures
from serdsim.results.courses import Courses
from serdsim.simulation.lesions import Lesion, lesions_in_words, parse_lesions
from serdsim.simulation.named import simulate_named
from serdsim.simulation.prepared import prepare

TWO = "liver: 15 mm, brain-left: 0.8 cm"
OUTPUTS = ["drug_plasma", "drug_cell", "tumour_diameter", "n_cells"]


def run(**options):
    return simulate_named("patient", "imlunestrant 400 mg po q24h x 2", duration_h=48.0, every_h=12.0, outputs=OUTPUTS, **options).dataset


def test_lesions_are_read_and_written() -> None:
    found = parse_lesions(TWO)
    assert [(one.name, one.diameter, one.in_brain) for one in found] == [("liver", 15.0, False), ("brain-left", 8.0, True)]
    assert parse_lesions(lesions_in_words(found)) == found


@pytest.mark.parametrize(
    "words",
    [
        "",
        "liver",
        "liver: 15",
        "liver: -3 mm",
        "liver: 0 mm",
        "liver: nan mm",
        "liver: 1e90 mm",
        "liver: 0.09 mm",
        "liver: 50.1 cm",
        "liver: 3 mg",
        "a: 3 mm, a: 4 mm",
        "a: 1.2.3 mm",
    ],
)
def test_what_is_no_lesion_is_refused(words: str) -> None:
    with pytest.raises(InputError, match="mm"):
        parse_lesions(words)


def test_each_lesion_has_its_size_and_all_share_the_exposure() -> None:
    found = run(lesions=TWO)
    assert found["lesion"].values.tolist() == [0, 1]
    assert found["tumour_diameter"].values[:, 0] == pytest.approx([15.0, 8.0], rel=1e-6)
    assert np.allclose(*found["drug_plasma"].values, rtol=2e-3)
    assert not np.allclose(found["drug_cell"].values[0, 1:], found["drug_cell"].values[1, 1:], rtol=1e-3)


def test_a_lesion_is_the_individual_that_the_same_numbers_make() -> None:
    """One whose cells and place are set by name, the other in the list."""
    listed = run(lesions=TWO)
    for number, place in ((0, 0.0), (1, 1.0)):
        cells = float(listed["n_cells"].values[number, 0])
        alone = run(settings={"n_cells": cells, "in_brain": place})
        assert listed["tumour_diameter"].values[number] == pytest.approx(alone["tumour_diameter"].values[0], rel=1e-9)


def test_lesions_of_drawn_patients_share_what_is_drawn() -> None:
    found = run(lesions=TWO, draws=3, patients=2, seed=7)
    assert found["draw"].values.tolist() == [0] * 6 + [1] * 6 + [2] * 6
    assert found["patient"].values.tolist() == [0, 0, 1, 1, 2, 2] * 3
    plasma = found["drug_plasma"].values
    assert np.allclose(plasma[0::2], plasma[1::2], rtol=5e-3)
    assert len(np.unique(plasma[0::2, -1])) == 9
    without = run(draws=3, patients=2, seed=7)["drug_plasma"].values
    assert np.allclose(plasma[0::2], without, rtol=5e-3)
    assert found["tumour_diameter"].values[0::2, 0] == pytest.approx(np.full(9, 15.0), rel=1e-3)


def test_no_chunk_changes_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from serdsim.engine.engines import NATIVE, Engine

    small = Engine(NATIVE.numerics, NATIVE.build, NATIVE.run, NATIVE.pool, 5, NATIVE.rtol)
    whole, cut = (run(lesions=TWO, draws=4, patients=1, engine=engine) for engine in (None, small))
    assert np.array_equal(whole["drug_cell"].values, cut["drug_cell"].values)


def test_sums_are_of_whole_patients() -> None:
    values = {"d": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])}
    courses = Courses(np.array([0.0, 1.0]), values, {"individual": np.array([0, 1, 3]), "lesion": np.array([0, 1, 1])}, 4)
    summed = courses.with_sum("d", "sum", 2)
    assert summed.values["sum"].tolist() == [[4.0, 6.0], [4.0, 6.0]]
    assert summed.who["individual"].tolist() == [0, 1]
    assert set(summed.apart("d")) == {0, 1}
    assert set(summed.apart("sum")) == {None}


def test_the_run_says_which_lesion_is_which(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [
        "simulate",
        "patient",
        "imlunestrant 400 mg po q24h x 4",
        "--genotype",
        "Y537S",
        "--lesions",
        TWO,
        "--plot",
        "--out",
        str(tmp_path),
    ]
    assert main(asked) == 0
    said = capsys.readouterr()
    assert "sum of the diameters" in said.out
    assert "0 liver, 1 brain-left" in said.err
    (run,) = tmp_path.iterdir()
    readings, columns = (pd.read_csv(run / "tables" / f"{name}.csv") for name in ("readings", "columns"))
    start = readings[(readings["output"] == "sum_of_diameters") & (readings["measure"] == "start")]["value"].item()
    assert start == pytest.approx(23.0, rel=1e-3)
    assert readings[readings["output"] == "drug_plasma"]["title"].nunique() == 1
    assert readings[readings["output"] == "drug_cell"]["title"].nunique() == 2
    assert "ctdna_allele" not in set(readings["output"])
    assert "0 liver, 1 brain-left" in columns.set_index("column").loc["lesion", "title"]
    assert (run / "figures" / "sum-of-diameters.svg").is_file()
    replay = prepare("patient", None, lesions=parse_lesions(TWO)).record["replay"]
    assert '--lesions "liver: 15.0 mm, brain-left: 8.0 mm"' in str(replay)
    assert main(["simulate", "cell", "--lesions", TWO, "--out", str(tmp_path)]) == 2
    assert "has no lesions" in capsys.readouterr().err


def test_every_choice_of_outputs_can_be_read_and_drawn() -> None:
    """A run that kept no Ki-67 has no arrest to read."""
    words, lesions = parse_regimen("imlunestrant 400 mg po q24h x 2"), parse_lesions(TWO)
    for id in read_recipe("patient", shipped_library()).outputs:
        ready = prepare("patient", words, lesions=lesions, outputs=[id], every_h=4.0)
        values = {id: np.random.default_rng(5).uniform(1.0, 2.0, (2, len(ready.times)))}
        courses = Courses(ready.times, values, {"individual": np.arange(2), "lesion": np.arange(2)}, 2)
        courses = courses.with_sum(id, SUM, 2) if id == "tumour_diameter" else courses
        assert ("arrest" in {one.kind for one in host_readings(ready, courses)}) == (id == "ki67_percent")
        assert bool(run_figures(ready, courses)) == (not id.startswith("partner") and id != "ctdna_allele")


def test_patients_without_a_whole_set_of_lesions_leave_nothing() -> None:
    none = Courses(np.empty(0), {"d": np.empty((0, 0))}, {"individual": np.empty(0, int), "lesion": np.empty(0, int)}, 2)
    assert none.with_sum("d", "sum", 2).individuals == 0
    assert none.with_sum("d", "sum", 2).values["sum"].shape == (0, 0)


@pytest.mark.parametrize(("name", "diameter"), [("a", np.nan), ("a", 0.0), ("a", 1e9), ("a: b", 3.0), ("", 3.0), ("a", "wide")])
def test_a_lesion_that_nobody_wrote_as_words_is_checked_alike(name: str, diameter: float) -> None:
    with pytest.raises(InputError, match="mm"):
        Lesion(name, diameter)


@pytest.mark.parametrize(("id", "value"), [("n_cells", "1e6"), ("in_brain", "1")])
def test_a_number_that_each_lesion_has_of_its_own_cannot_be_set(id, value, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "patient", "--lesions", TWO, "--set", f"{id}={value}", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"--set {id} stands beside --lesions" in said
    assert prepare("patient", lesions=parse_lesions(TWO), settings={"cell_share": 0.4}).job.lesions is not None


def test_one_run_id_is_one_result() -> None:
    """What makes a lesion is in the words that make the id: numbers of any kind are one number, and the place follows from the name."""
    ids = {prepare("patient", lesions=[Lesion("Brain-1", size)], duration_h=24.0).run for size in (15, 15.0, np.float32(15.0))}  # type: ignore[arg-type]
    assert len(ids) == 1
    assert Lesion("Brain-1", 15.0).in_brain and not Lesion("b", 15.0).in_brain
    with pytest.raises(InputError, match="two lesions"):
        prepare("patient", lesions=[Lesion("a", 15.0), Lesion("a", 15.0)])
