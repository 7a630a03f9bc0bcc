"""What is read from the course of a host, by hand: exposures, lowest values, changes, RECIST; when hosts are observed; names of outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from library_cases import copied, edit, set_cell
from serdsim.analysis.exposure import simulate_exposures
from serdsim.analysis.exposure_table import read_exposures
from serdsim.dosing.regimen import parse_regimen
from serdsim.endpoints.course import change, exposure, lowest
from serdsim.endpoints.tumour import TITLES, recist
from serdsim.errors import ModelError
from serdsim.model.library import load
from serdsim.model.outputs import SHOWN, Recist, read_outputs
from serdsim.model.recipe import read_recipe, shipped_library, shipped_models
from serdsim.results.courses import read_courses
from serdsim.results.dataset import unit_of
from serdsim.results.table_files import write_table
from serdsim.simulation.host_times import ends, host_times, host_times_in_words, seen_until
from serdsim.simulation.named import simulate_named
from serdsim.simulation.prepared import prepare
from serdsim.units import parse_unit

DRUGS = {"drug": "imlunestrant", "partner": "abemaciclib"}
TWO = "imlunestrant 400 mg po q24h x 84 + abemaciclib 150 mg po q12h x 168"


def test_exposure_of_a_triangle() -> None:
    """0 to 4 in two hours, back to 1 in three: area 4 + 7.5, lowest after the peak 1, though it began at 0."""
    found = exposure(np.array([10.0, 12.0, 15.0]), np.array([[0.0, 4.0, 1.0], [0.0, 8.0, 2.0]]))
    assert found.highest.tolist() == [4.0, 8.0]
    assert found.peak_time.tolist() == [2.0, 2.0]
    assert found.lowest.tolist() == [1.0, 2.0]
    assert found.area.tolist() == [11.5, 23.0]


def test_lowest_and_change() -> None:
    values = np.array([[2.0, 1.0, 1.0, 3.0], [0.0, 1.0, 2.0, 3.0]])
    least, when = lowest(np.array([0.0, 24.0, 48.0, 72.0]), values)
    assert least.tolist() == [1.0, 0.0]
    assert when.tolist() == [24.0, 0.0]
    assert change(values)[0].tolist() == [0.0, -0.5, -0.5, 0.5]
    assert np.all(np.isnan(change(values)[1]))


@pytest.mark.parametrize(
    ("diameters", "word"),
    [
        ([20.0, 14.1], "stable disease"),
        ([20.0, 14.0], "partial response"),
        ([20.0, 24.9], "stable disease"),  # 24.5 %, but not 5 mm
        ([20.0, 25.0], "progressive disease"),
        ([60.0, 66.0], "stable disease"),  # 6 mm, but not 20 %
        ([60.0, 72.0], "progressive disease"),
        ([20.0, 10.0, 15.0], "progressive disease"),  # from the smallest, though still below the start
        ([20.0, 10.0, 14.0], "partial response"),
    ],
)
def test_recist_by_hand(diameters: list[float], word: str) -> None:
    assert TITLES[int(recist(np.array(diameters), Recist("d", -0.3, 0.2, 5.0, ()))[-1])] == word


def test_hosts_are_observed_closely_where_exposures_are_read() -> None:
    regimen = parse_regimen(TWO)
    assert ends(regimen, "imlunestrant", 2016.0) == ((0.0, 24.0), (1992.0, 2016.0))
    assert ends(regimen, "abemaciclib", 2010.0) == ((0.0, 12.0), (2004.0, 2010.0))
    assert ends(parse_regimen("imlunestrant 400 mg po once from 5 h"), "imlunestrant", 90.0) == ((5.0, 90.0),)
    assert ends(regimen, "imlunestrant", 0.0) == ()
    times = host_times(regimen, 2016.0)
    assert np.all(np.diff(times) > 0)
    assert times[0] == 0.0
    assert times[-1] == 2016.0
    inside = times[(times >= 24.0) & (times <= 1992.0)]
    assert np.allclose(np.diff(inside), 6.0)
    assert [np.max(np.diff(host_times(regimen, days * 24.0))) for days in (14, 56, 365)] == [1.0, 2.0, 6.0]
    assert np.sum((times >= 1992.0) & (times < 1998.0)) > 1.2 * np.sum((times >= 1998.0) & (times < 2004.0))
    assert "every 6 h" in host_times_in_words(regimen, 2016.0)
    assert "imlunestrant and abemaciclib" in host_times_in_words(regimen, 2016.0)
    assert host_times(parse_regimen("imlunestrant 4 mg po once"), 0.5)[-1] == 0.5


def test_an_interval_ends_before_a_dose_into_a_vein(tmp_path: Path) -> None:
    """What a dose brings is seen at once: it is no part of the interval before it."""
    twice = parse_regimen("imlunestrant 400 mg iv q24h x 2")
    (start, end), last = ends(twice, "imlunestrant", 48.0)
    assert (start, last) == (0.0, (24.0, 48.0)) and 23.9999 < end < 24.0
    once, both = (simulate_named("pk_human", said, outputs=["drug_plasma"]).dataset for said in ("imlunestrant 400 mg iv once", twice))
    levels = both["drug_plasma"].values.ravel()
    inside = (both["time"].values >= start) & (both["time"].values <= end)
    trough = np.interp(24.0, once["time"].values, once["drug_plasma"].values.ravel())
    assert levels[inside][-1] == pytest.approx(trough, rel=1e-4)
    assert levels[inside].max() == levels[0]
    assert seen_until(twice, 0.0, 24.0) == end
    assert seen_until(twice, 0.0, 23.0) == 23.0
    assert seen_until(parse_regimen("imlunestrant 400 mg po q24h x 2"), 0.0, 24.0) == 24.0
    library = copied(tmp_path)
    for column, value in {"regimen": str(twice), "from_h": "0", "to_h": "24", "endpoint": "ctrough", "unit": "ng/mL"}.items():
        set_cell(library, "exposures.tsv", ("imlunestrant.auc_ss",), column, value)
    (row,) = [one for one in read_exposures(library) if one.id == "imlunestrant.auc_ss"]
    assert simulate_exposures([row], library)[0].simulated == pytest.approx(trough * 0.5245, rel=1e-3)


def test_the_last_observation_is_the_end() -> None:
    regimen = parse_regimen("imlunestrant 400 mg po q33.3333333333h x 3")
    times = prepare("pk_human", regimen).times
    assert times[-1] == 3 * 33.3333333333
    assert 2 * 33.3333333333 in times
    assert np.all(np.diff(times) > 1e-9)
    assert list(host_times(regimen, 1e-10)) == [0.0, 1e-10]


def test_more_observations_change_no_number() -> None:
    own = prepare("pk_human", parse_regimen("imlunestrant 400 mg po q24h x 3"))
    assert own.record["plan"]["every_h"] is None
    assert "observed" in own.record["plan"]
    assert "--every" not in str(own.record["replay"])
    assert prepare("cell", duration_h=3.0).record["plan"]["every_h"] == 1.0
    assert prepare("pk_human", every_h=2.0).times[1] == 2.0


@pytest.mark.parametrize("model", ["patient", "mouse", "pk_human", "pk_mouse", "cell"])
def test_every_output_has_a_title_and_the_unit_of_the_model(model: str) -> None:
    names, recipe, loaded = read_outputs(shipped_library(), DRUGS), read_recipe(model, shipped_library()), load(model)
    drawn = {id for drawing in names.drawings for id in drawing.outputs}
    for id in recipe.outputs:
        label = names.labels[id]
        assert "{" not in label.title + label.short
        assert parse_unit(label.unit).matches(parse_unit(unit_of(loaded, id)))
        assert id in drawn or model == "cell"
        assert label.place in ("", *recipe.defaults)
        assert not label.molar_mass or loaded.quantity(label.molar_mass).unit == "g_per_mol" or loaded.quantity(label.molar_mass).value


def test_what_is_drawn_and_read_has_a_name() -> None:
    names = read_outputs(shipped_library(), DRUGS)
    for drawing in names.drawings:
        assert drawing.shown in SHOWN
        assert set(drawing.outputs) <= set(names.labels)
        assert drawing.unit != "ng/mL" or all(names.labels[id].molar_mass for id in drawing.outputs)
    assert len({drawing.id for drawing in names.drawings}) == len(names.drawings)
    assert names.response is not None
    assert set(names.response.models) <= set(shipped_models())


def test_a_name_that_no_output_has_is_named_with_its_line(tmp_path: Path) -> None:
    library = copied(tmp_path)
    line = edit(library, "outputs.yaml", "outputs: [ctdna_allele]}", "outputs: [ctdna_alele]}")
    with pytest.raises(ModelError, match=rf"outputs.yaml:{line}.*ctdna_alele(.|\n)*ctdna_allele"):
        read_outputs(library, DRUGS)
    (library / "outputs.yaml").unlink()
    assert not read_outputs(library, DRUGS).labels


def test_a_recipe_says_how_exactly_its_model_is_run(tmp_path: Path) -> None:
    ready = prepare("patient", parse_regimen("imlunestrant 400 mg po once"))
    assert ready.job.tolerance == read_recipe("patient", shipped_library()).tolerance
    assert ready.record["plan"]["rtol"] == ready.job.tolerance.rtol
    library = copied(tmp_path)
    edit(library, "models/patient.yaml", "rtol: 1e-3", "rtol: 1e-5")
    finer = prepare("patient", parse_regimen("imlunestrant 400 mg po once"), library=library)
    assert finer.job.tolerance.rtol == 1e-5
    assert finer.run != ready.run
    assert "rtol" not in prepare("cell").record["plan"]
    edit(library, "models/patient.yaml", "atol: 1e-6", "atol: 0")
    with pytest.raises(ModelError, match="atol"):
        prepare("patient", library=library)


def test_courses_of_a_large_run_are_those_of_its_first_individuals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from serdsim.results import courses

    rows = pd.DataFrame({"individual": np.repeat(np.arange(5), 2), "time": np.tile([0.0, 1.0], 5), "a": np.arange(10.0)})
    rows["status"] = np.repeat(np.array(["ok", "step_limit", "ok", "ok", "ok"], dtype=object), 2)
    write_table(rows, tmp_path, "t")
    whole = read_courses(tmp_path / "t.parquet", ["a"], 5, 2)
    assert whole.who["individual"].tolist() == [0, 2, 3, 4]
    assert whole.values["a"].tolist() == [[0.0, 1.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0]]
    assert not whole.partial
    monkeypatch.setattr(courses, "MOST_NUMBERS", 6)
    part = read_courses(tmp_path / "t.parquet", ["a"], 5, 2)
    assert part.who["individual"].tolist() == [0, 2]
    assert part.partial
    assert part.over(1.0, 1.0).partial
    assert part.every == 5
