"""Drugs beside each other, media that change, cells that are plated anew: each beside the same thing done by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serdsim.errors import ClaimError
from serdsim.experiments.protocol import Experiment, Pour, read_experiment
from serdsim.experiments.runner import run_experiment
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws

HEAD = (
    "id: x\ntitle: x\nmodel: cell\ncell_line: MCF7\nsubject: fulvestrant\npre_run: 96 h\npre_estradiol: 1 nM\nhours: 96 h\nevery: 24 h\n"
    "estradiol: 1 nM\noutputs: [live, E2_medium, drug_medium, partner_medium, er_total]\n"
)
PALBO = "  - {id: a, drug: palbociclib, concentrations: [100 nM]}\n"


def read(folder: Path, series: str, more: str = "") -> Experiment:
    path = folder / "x.yaml"
    path.write_text(f"{HEAD}{more}series:\n{series}", encoding="utf-8")
    return read_experiment(path)


def test_a_drug_beside_another_is_in_the_medium_with_it(tmp_path: Path) -> None:
    """Fulvestrant with no palbociclib is fulvestrant alone; with palbociclib fewer cells grow and the receptor falls alike."""
    found = read(
        tmp_path,
        "  - {id: alone, drug: fulvestrant, concentrations: [10 nM]}\n"
        "  - {id: with_none, drug: fulvestrant, concentrations: [10 nM], beside: {palbociclib: 0 nM}}\n"
        "  - {id: both, drug: fulvestrant, concentrations: [10 nM], beside: {palbociclib: 500 nM}}\n"
        "  - {id: turned, drug: palbociclib, concentrations: [500 nM], beside: {fulvestrant: 10 nM}}\n",
    )
    run = run_experiment(found, Draws(2, 1), workers=1).series
    for output, values in run["alone"].values.items():
        assert np.allclose(run["with_none"].values[output], values, rtol=1e-9)
        assert np.allclose(run["turned"].values[output], run["both"].values[output], rtol=1e-9)
    assert np.all(run["both"].at("partner_medium", 24) == 500.0) and np.all(run["both"].at("drug_medium", 0) == 10.0)
    assert np.all(run["both"].at("live", 96) < run["alone"].at("live", 96))
    assert np.allclose(run["both"].values["er_total"], run["alone"].values["er_total"], rtol=1e-6)


def test_a_medium_that_changes_holds_what_is_poured_then(tmp_path: Path) -> None:
    """Before the turn the arm is the one without a turn; after it the medium holds the other drug, also after a later change."""
    turn = "medium: [{at: 48 h, palbociclib: 0 nM, fulvestrant: 5 nM}, {at: 60 h, estradiol: 0 nM}]"
    series = f"  - {{id: b, drug: palbociclib, concentrations: [100 nM], beside: {{fulvestrant: 0 nM}}, {turn}}}\n"
    run = run_experiment(read(tmp_path, PALBO + series, "medium_changes: {every: 72 h}\n"), Draws(0, 1), workers=1).series
    before = [run[id].values["live"][:, :2] for id in "ab"]
    assert np.allclose(*before, rtol=1e-8)
    levels = {id: run["b"].values[id][0, :, 0] for id in ("partner_medium", "drug_medium", "E2_medium")}
    assert levels["partner_medium"].tolist() == [100.0, 100.0, 0.0, 0.0, 0.0]
    assert levels["drug_medium"] == pytest.approx([0.0, 0.0, 5.0, 5.0, 5.0], rel=1e-2)
    assert levels["drug_medium"][2] == levels["drug_medium"][3] == 5.0 and levels["drug_medium"][4] < 5.0
    assert levels["E2_medium"][3] == 0.0 < levels["E2_medium"][4] < 0.1  # given back by the cells
    assert run["a"].values["E2_medium"][0, 3, 0] == 1.0


def test_cells_that_are_plated_anew_go_on_from_their_phases(tmp_path: Path) -> None:
    """Two legs side by side with one: before the replating nothing differs, then the count is the plated one and the medium is fresh."""
    found = read(tmp_path, PALBO, "given: {n_cells: 1000}\n")
    once = run_experiment(found, Draws(2, 1), workers=1).series["a"]
    again = run_experiment(replace(found, replate=(48.0,)), Draws(2, 1), workers=1).series["a"]
    assert np.allclose(again.values["live"][:, :3], once.values["live"][:, :3], rtol=1e-7)
    ((time, ratio),) = again.thinned
    plated = again.at("live", 0)
    assert time == 48.0 and ratio == pytest.approx(again.at("live", 48) / plated, rel=1e-12)
    # few cells on both sides of the replating: what grows does not know that some were taken away
    assert again.expanded("live") == pytest.approx(once.values["live"], rel=2e-2)
    assert again.expanded("live")[:, :3] == pytest.approx(again.values["live"][:, :3], rel=1e-12)
    assert again.at("live", 96) == pytest.approx(again.expanded("live")[:, 4] / ratio, rel=1e-12)


def test_a_setting_of_an_input_holds_after_a_replating(tmp_path: Path) -> None:
    found = read(tmp_path, "  - {id: a, drug: palbociclib, concentrations: [0 nM], set: {k_syn_er: 0.0}}\n")
    runs = [run_experiment(replace(found, replate=times), Draws(0, 1), workers=1).series["a"] for times in ((), (24.0, 72.0))]
    assert runs[0].at("er_total", 96) == pytest.approx(runs[1].at("er_total", 96), rel=1e-2)
    assert runs[1].at("er_total", 96)[0, 0] < 0.05 * runs[1].at("er_total", 0)[0, 0]


def test_times_may_be_given_as_a_distance(tmp_path: Path) -> None:
    found = read(tmp_path, PALBO, "medium_changes: {every: 36 h}\nreplate: {every: 48 h}\n")
    assert (found.medium_changes, found.replate) == ((36.0, 72.0), (48.0,))
    listed = read(tmp_path, PALBO, "medium_changes: [36 h, 72 h]\n")
    assert (listed.medium_changes, listed.replate) == (found.medium_changes, ())
    turn = read(tmp_path, "  - {id: a, drug: palbociclib, concentrations: [1 nM], medium: [{at: 2 d, estradiol: 0 nM}]}\n")
    assert turn.series["a"].medium == (Pour(48.0, {"estradiol": 0.0}),)


@pytest.mark.parametrize(
    ("series", "more", "words"),
    [
        ("beside: [fulvestrant]", "", ("beside is a list", "x.yaml:")),
        ("beside: {palbociclib: 1 nM}", "", ("the drug of the series itself",)),
        ("beside: {fulvestrant: 1}", "", ('"1" cannot be read', "1 nM")),
        ("medium: [{at: 24 h}]", "", ("the medium cannot be read", "at: 168 h")),
        ("medium: [{at: 24 h, fulvestrant: 1 nM}]", "", ('names "fulvestrant"', "beside")),
        ("medium: [{at: 24 h, palbociclib: 1 nM}, {at: 24 h, palbociclib: 0 nM}]", "", ("do not rise",)),
        ("medium: [{at: 96 h, palbociclib: 1 nM}]", "", ("do not rise", "before the end")),
        ("genotype: WT", "replate: [30 h]\n", ("30 h", "nothing is observed", "multiples of 24 h")),
        ("genotype: WT", "replate: 24 h\n", ("not a list", "{every: 24 h}")),
        ("genotype: WT", "replate: [96 h]\n", ("replate do not rise",)),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, series: str, more: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ClaimError) as caught:
        read(tmp_path, f"  - {{id: a, drug: palbociclib, concentrations: [100 nM], {series}}}\n", more)
    assert [word for word in words if word not in str(caught.value)] == []


def test_two_drugs_of_one_place_and_cells_that_are_not_there_are_refused(tmp_path: Path) -> None:
    found = read(tmp_path, "  - {id: a, drug: palbociclib, concentrations: [1 nM], beside: {ribociclib: 1 nM}}\n")
    with pytest.raises(ClaimError, match="palbociclib and ribociclib take the same place of the model, that of the partner"):
        run_experiment(found, Draws(0, 1), workers=1)
    bare = read(tmp_path, "  - {id: a, drug: fulvestrant, concentrations: [1 nM]}\n", "replate: [48 h]\n")
    with pytest.raises(ClaimError, match="no cells to plate anew"):
        run_experiment(replace(bare, model="cell_clamped", outputs=("er_total",)), Draws(0, 1), workers=1)


def test_the_shipped_predictions_alternate_as_they_say() -> None:
    folder = shipped_library() / "predictions"
    weekly, months = (read_experiment(folder / f"{id}.yaml") for id in ("ALTERNATION", "MONTHS"))
    for experiment, span in ((weekly, 168.0), (months, 672.0)):
        for series in experiment.series.values():
            assert [pour.time for pour in series.medium] in ([], np.arange(span, experiment.hours, span).tolist())
    assert months.replate == tuple(np.arange(672.0, 8064.0, 672.0).tolist())
    assert (months.medium_changes[0], len(months.medium_changes)) == (72.0, 111)
