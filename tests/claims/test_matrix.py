"""Measures of two drugs on readings whose answer is known, and the matrices that are refused before anything runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serdsim.claims.kinds import values_of
from serdsim.claims.measures import Part, read_part
from serdsim.errors import ClaimError
from serdsim.experiments.protocol import Experiment, read_experiment
from serdsim.experiments.runner import Reading, Readings

DRUG = np.array([0.0, 1.0, 2.0, 4.0, 8.0])
BESIDE = (0.0, 5.0, 10.0, 20.0)
HALF = np.array([2.0, 4.0])  # of two draws
OF = ["r0", "r1", "r2", "r3"]


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    concentrations = ", ".join(f"{level:g} nM" for level in DRUG)
    rows = "".join(
        f"  - {{id: r{i}, drug: d, genotype: WT, concentrations: [{concentrations}]{f', beside: {{p: {b:g} nM}}' if b else ''}}}\n"
        for i, b in enumerate(BESIDE)
    )
    rows += "  - {id: other, drug: d, genotype: WT, concentrations: [0 nM, 3 nM, 9 nM], beside: {p: 5 nM}}\n"
    path = tmp_path_factory.mktemp("matrix") / "x.yaml"
    head = "id: x\ntitle: x\nmodel: cell\ncell_line: MCF7\nsubject: d\npre_run: 96 h\nhours: 24 h\nevery: 12 h\noutputs: [cells]\nseries:\n"
    path.write_text(head + rows, encoding="utf-8")
    return read_experiment(path)


def readings_of(experiment: Experiment, effects: np.ndarray) -> Readings:
    """Return readings in which a dish grows from 50 to 200 cells and loses the effects, shape (drug, partner, draw), at 24 h."""
    found = {}
    for j, name in enumerate(OF):
        end = 200.0 * (1.0 - effects[:, j])
        values = np.stack([np.full(end.shape, 50.0), end, end], axis=1)
        found[name] = Reading(experiment.series[name], experiment.times(), {"cells": values}, 0)
    return Readings(experiment, found, {}, (), 0.0, 0)


@pytest.fixture(scope="module")
def independent(experiment: Experiment) -> np.ndarray:
    first, second = DRUG[:, None] / (DRUG[:, None] + HALF), np.array(BESIDE)[:, None] / (np.array(BESIDE)[:, None] + 5.0 * HALF)
    return np.asarray(1.0 - (1.0 - first[:, None]) * (1.0 - second[None]))


def part(experiment: Experiment, **spec: Any) -> Part:
    measure = {"kind": "excess", "model": "bliss", "output": "cells", "time": "24 h", "of": OF, **spec}
    return read_part({"id": "p", "unit": "%", "scale": 100, "above": 0, "measure": measure}, experiment, "M.yaml")


def value(experiment: Experiment, effects: np.ndarray, **spec: Any) -> np.ndarray:
    return values_of(part(experiment, **spec), readings_of(experiment, effects))


def test_a_cell_above_bliss_and_above_the_single_agents(experiment: Experiment, independent: np.ndarray) -> None:
    more = independent.copy()
    more[2, 2] += 0.1
    assert value(experiment, more, at="r2 @ 2 nM") == pytest.approx([10.0, 10.0])
    assert value(experiment, more, at="r1 @ 4 nM") == pytest.approx([0.0, 0.0], abs=1e-9)
    assert value(experiment, more, over="max") == pytest.approx([10.0, 10.0])
    assert value(experiment, more, over="mean") == pytest.approx([10.0 / 12, 10.0 / 12])
    # draw 0: 2 / (2 + 2) = 0.5 by the drug, 10 / (10 + 10) = 0.5 by the partner, 0.75 + 0.1 by both
    assert value(experiment, more, model="hsa", at="r2 @ 2 nM")[0] == pytest.approx(35.0)


def test_a_cell_is_read_from_four_arms_by_hsa_and_bliss_and_from_all_by_curves(experiment: Experiment) -> None:
    few = part(experiment, at="r2 @ 2 nM").measure.needs(experiment)
    assert few == {"r0": frozenset({0.0, 2.0}), "r2": frozenset({0.0, 2.0})}
    many = part(experiment, model="loewe", at="r2 @ 2 nM").measure.needs(experiment)
    assert many == {name: frozenset(DRUG) for name in OF}


def test_zip_and_loewe_of_a_cell(experiment: Experiment, independent: np.ndarray) -> None:
    assert value(experiment, independent, model="zip", at="r2 @ 2 nM") == pytest.approx([0.0, 0.0], abs=0.2)
    # one drug at two strengths: 2 and 10 are 4 of the first in draw 0, 4 / 6, where independence has 3 / 4
    assert value(experiment, independent, model="loewe", at="r2 @ 2 nM")[0] == pytest.approx(100 * (0.75 - 4 / 6), abs=0.05)


def test_growth_is_another_effect_than_cells(experiment: Experiment) -> None:
    effects = np.zeros((5, 4, 2))
    effects[2, 0] = effects[0, 2] = 0.5  # 100 of 200 cells: one of two doublings, GR = 2^0.5 - 1
    effects[2, 2] = 0.75  # 50 cells: no growth, GR = 0
    alone = 1.0 - (2**0.5 - 1.0)
    together = value(experiment, effects, at="r2 @ 2 nM", effect="growth_stopped")
    assert together == pytest.approx([100 * (1 - (2 * alone - alone**2))] * 2)
    assert value(experiment, effects, at="r2 @ 2 nM") == pytest.approx([0.0, 0.0])


def test_growth_inhibition_by_a_named_definition(experiment: Experiment) -> None:
    effects = np.zeros((5, 4, 2))
    effects[2, 0], effects[0, 2], effects[2, 2] = 0.25, 0.5, 0.8  # 150, 100 and 40 of 200 cells, from 50 at the start
    # gained 150 without drug: inhibited by 1 - 100/150 = 1/3 and 1 - 50/150 = 2/3 alone, 1 + 10/150 = 16/15 together
    assert value(experiment, effects, model="hsa", at="r2 @ 2 nM", effect="delta_volume") == pytest.approx([100 * (16 / 15 - 2 / 3)] * 2)
    assert value(experiment, effects, model="hsa", at="r2 @ 2 nM", effect="final_volume") == pytest.approx([30.0, 30.0])


def test_halvings_count_what_is_left_on_a_scale_without_end(experiment: Experiment) -> None:
    effects = np.zeros((5, 4, 2))
    effects[2, 0], effects[0, 2], effects[2, 2] = 0.5, 0.75, 0.9375  # 1, 2 and 4 halvings
    assert value(experiment, effects, model="hsa", at="r2 @ 2 nM", effect="halvings") == pytest.approx([200.0, 200.0])


def test_a_drug_with_itself(experiment: Experiment, independent: np.ndarray) -> None:
    sham = {"of": ["r0"], "itself": "2 nM"}
    assert value(experiment, independent, model="loewe", **sham) == pytest.approx([0.0, 0.0], abs=0.05)
    # draw 0: 2 has 1/2 and 4 has 2/3: Bliss expects 3/4 of twice a half
    assert value(experiment, independent, model="bliss", **sham)[0] == pytest.approx(100 * (2 / 3 - 3 / 4))
    assert value(experiment, independent, model="hsa", **sham)[0] == pytest.approx(100 * (2 / 3 - 1 / 2))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"at": "r2 @ 3 nM"}, "no arm at 3 nM"),
        ({"at": "r0 @ 2 nM"}, "not in a series with the partner"),
        ({"of": ["r0", "r9"], "at": "r9 @ 2 nM"}, 'no series "r9"'),
        ({"of": ["r1", "r2"], "at": "r2 @ 2 nM"}, "does not rise"),
        ({"of": ["r0", "r2", "r1"], "at": "r2 @ 2 nM"}, "does not rise"),
        ({"of": ["r0", "other"], "over": "max"}, "differ in drug or concentrations"),
        ({}, "which cell"),
        ({"at": "r2 @ 2 nM", "over": "max"}, "which cell"),
        ({"over": "median"}, 'over is "median"'),
        ({"model": "musyc", "over": "max"}, 'model is "musyc"'),
        ({"effect": "halvings", "over": "max"}, "no share"),
        ({"effect": "killed", "over": "max"}, 'effect is "killed"'),
        ({"of": ["r0"], "itself": "2 nM", "model": "zip"}, "no rows"),
        ({"over": "max", "margin": 3}, 'no field "margin"'),
    ],
)
def test_what_cannot_be_meant_is_refused(experiment: Experiment, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ClaimError, match=words):
        part(experiment, **change)
